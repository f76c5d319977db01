"""Asks STS who the profile is; boto3 never signs anybody in, so a usable token has to be in the cache."""

import os

import boto3

session = boto3.Session(profile_name=os.environ["TEST_PROFILE"])
print(session.client("sts").get_caller_identity()["Arn"])
