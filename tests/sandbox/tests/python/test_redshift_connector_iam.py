"""Amazon's own Python driver, unmodified, logs in by IAM: the sandbox is its AWS and its cluster."""

import pathlib

import boto3
import botocore.exceptions
import pytest
import redshift_connector
from conftest import serving

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def aws():
    with serving() as values:
        yield values


@pytest.fixture(scope="module")
def forgetful():
    """A sandbox whose issued passwords are over at once."""
    with serving("--password-life-seconds", "0") as values:
        yield values


@pytest.fixture(autouse=True)
def environment(aws, monkeypatch):
    """The sandbox's CA and files, and nothing of the person who runs the tests."""
    home = pathlib.Path(aws["home"])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / ".aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / ".aws" / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws["aws_endpoint_url"])
    monkeypatch.setenv("SSL_CERT_FILE", aws["ca_file"])


def login(aws, **options):
    common = {
        "iam": True,
        "ssl": True,
        "sslmode": "verify-full",
        "database": aws["database"],
        "region": aws["region"],
        "timeout": 60,
        # Its cache outlives a test, and would hide whether the next one fetches credentials.
        "iam_disable_cache": True,
    }
    return redshift_connector.connect(**{**common, **options})


def keys(aws):
    return {"access_key_id": aws["access_key_id"], "secret_access_key": aws["secret_access_key"]}


def cluster(aws):
    return {
        "host": aws["host"],
        "port": aws["port"],
        "cluster_identifier": aws["cluster_identifier"],
        "db_user": aws["user"],
    }


def serverless(aws):
    return {
        "host": aws["serverless_host"],
        "port": aws["serverless_port"],
        "is_serverless": True,
        "serverless_work_group": aws["workgroup"],
    }


def current_user(connection):
    with connection:
        cursor = connection.cursor()
        cursor.execute("select current_user::varchar(128), 6 * 7")
        user, answer = cursor.fetchone()
        assert answer == 42
        return user


def test_access_keys_log_in_to_the_cluster(aws):
    assert current_user(login(aws, **keys(aws), **cluster(aws))) == aws["user"]


def test_a_profile_logs_in_to_the_cluster(aws):
    assert current_user(login(aws, profile="sandbox-keys", **cluster(aws))) == aws["user"]


def test_the_endpoint_of_the_cluster_comes_from_aws(aws):
    options = cluster(aws)
    del options["host"], options["port"]
    assert current_user(login(aws, **keys(aws), **options)) == aws["user"]


@pytest.mark.parametrize("by_profile", [False, True], ids=["keys", "profile"])
def test_serverless_knows_the_person_by_the_identity(aws, by_profile):
    identity = {"profile": "sandbox-keys"} if by_profile else keys(aws)
    user = current_user(login(aws, **identity, **serverless(aws)))
    assert user and user != aws["user"]


def test_a_wrong_secret_gets_no_credentials(aws):
    wrong = {**keys(aws), "secret_access_key": "not-the-secret"}
    with pytest.raises(botocore.exceptions.ClientError, match="SignatureDoesNotMatch"):
        login(aws, **wrong, **cluster(aws))


def issued(aws):
    """A database user and password as GetClusterCredentials issues them, from botocore."""
    redshift = boto3.client(
        "redshift",
        region_name=aws["region"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
    )
    answer = redshift.get_cluster_credentials(DbUser=aws["user"], ClusterIdentifier=aws["cluster_identifier"])
    return answer["DbUser"], answer["DbPassword"]


def plain(aws, user, password):
    return login(aws, iam=False, host=aws["host"], port=aws["port"], user=user, password=password)


def test_what_aws_issued_opens_the_front_door(aws):
    assert current_user(plain(aws, *issued(aws))) == aws["user"]


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_password_that_aws_did_not_issue_is_refused(aws, password):
    user, _ = issued(aws)
    with pytest.raises(redshift_connector.Error, match="password authentication failed"):
        plain(aws, user, password)


def test_an_issued_password_serves_its_own_user_only(aws):
    _, password = issued(aws)
    with pytest.raises(redshift_connector.Error, match="password authentication failed"):
        plain(aws, "IAM:stranger", password)


def test_a_password_whose_time_is_over_is_refused_in_the_servers_words(forgetful, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", forgetful["aws_endpoint_url"])
    monkeypatch.setenv("SSL_CERT_FILE", forgetful["ca_file"])
    with pytest.raises(redshift_connector.Error, match="IAM Authentication token has expired"):
        login(forgetful, **keys(forgetful), **cluster(forgetful))
