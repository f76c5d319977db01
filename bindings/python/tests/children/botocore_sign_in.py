"""Signs in with a device code, and has botocore write the token to the cache where the AWS CLI does."""

import datetime
import os
from pathlib import Path

import botocore.session
from botocore.tokens import _sso_json_dumps
from botocore.utils import JSONFileCache, SSOTokenLoader

START_URL = os.environ["TEST_START_URL"]
SESSION = os.environ["TEST_SESSION"] or None

session = botocore.session.Session(profile=os.environ["TEST_PROFILE"])
oidc = session.create_client("sso-oidc", region_name=os.environ["TEST_SSO_REGION"])
client = oidc.register_client(clientName="botocore", clientType="public", scopes=["sso:account:access"])
keys = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
device = oidc.start_device_authorization(startUrl=START_URL, **keys)
grant = "urn:ietf:params:oauth:grant-type:device_code"
answer = oidc.create_token(grantType=grant, deviceCode=device["deviceCode"], **keys)
token = {
    "startUrl": START_URL,
    "region": os.environ["TEST_SSO_REGION"],
    "accessToken": answer["accessToken"],
    "expiresAt": datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=answer["expiresIn"]),
}
cache = JSONFileCache(Path.home() / ".aws/sso/cache", dumps_func=_sso_json_dumps)
SSOTokenLoader(cache).save_token(START_URL, token, session_name=SESSION)
