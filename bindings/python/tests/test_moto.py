"""moto as a second AWS, written by others: logins go through its services up to the sandbox's front door.

The front door does not know moto's passwords. That it refuses them, for the user that moto answered with, proves
that the driver had its endpoint and its credentials from moto.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest
from adbc_driver_redshift import dbapi
from moto.server import ThreadedMotoServer
from sandbox import Endpoint

REGION = "us-east-1"
KEYS = {"aws_access_key_id": "AKIAMOTO000000000000", "aws_secret_access_key": "planted-secret"}
ROLES = [f"arn:aws:iam::123456789012:role/{name}" for name in ("first", "second")]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """The address of a moto server with one cluster."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    redshift = boto3.client("redshift", region_name=REGION, endpoint_url=address, **KEYS)
    redshift.create_cluster(
        ClusterIdentifier="moto-cluster",
        NodeType="ra3.large",
        MasterUsername="admin",
        MasterUserPassword="Passw0rd",
        DBName="dev",
        Port=5999,
    )
    yield address
    server.stop()


def refusal(moto: str, endpoint: Endpoint, **more: str) -> str:
    """What the driver says to a login by moto's credentials."""
    kwargs = {
        "username": "alice",
        "adbc.redshift.aws.access_key_id": KEYS["aws_access_key_id"],
        "adbc.redshift.aws.config_file": os.devnull,
        "adbc.redshift.aws.credentials_file": os.devnull,
        "adbc.redshift.aws.endpoint_url": moto,
        "adbc.redshift.aws.region": REGION,
        "adbc.redshift.aws.secret_access_key": KEYS["aws_secret_access_key"],
        "adbc.redshift.target.cluster_identifier": "moto-cluster",
        "adbc.redshift.target.database": "dev",
        "adbc.redshift.tls.root_cert": endpoint.ca_file,
        **{f"adbc.redshift.{key}": value for key, value in more.items()},
    }
    with pytest.raises(dbapi.Error) as caught:
        dbapi.connect(db_kwargs=kwargs).close()
    assert KEYS["aws_secret_access_key"] not in repr(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("roles", [[], ROLES[:1], ROLES], ids=["keys", "a role", "a chain of roles"])
def test_credentials_of_moto_reach_the_front_door(moto: str, endpoint: Endpoint, roles: list[str]):
    target = {"target.host": "localhost", "target.port": str(endpoint.port)}
    role = {"aws.role_arn": ",".join(roles)} if roles else {}
    message = refusal(moto, endpoint, **target, **role)
    assert "IAM:alice" in message, message


def test_the_endpoint_is_the_one_that_moto_describes(moto: str, endpoint: Endpoint):
    message = refusal(moto, endpoint, **{"target.connect_host": "127.0.0.1"})
    assert "5999" in message, message


def test_a_cluster_that_moto_does_not_have_is_named(moto: str, endpoint: Endpoint):
    assert "nowhere" in refusal(moto, endpoint, **{"target.cluster_identifier": "nowhere"})
