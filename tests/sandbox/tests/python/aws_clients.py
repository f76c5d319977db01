"""Drives the sandbox's AWS side with the clients that AWS publishes: botocore, boto3, redshift_connector.

Run by `tests/aws/clients.rs` as `aws_clients.py CASE`, with the sandbox's contract as JSON in `SANDBOX`. Every
case is a function; an assertion that fails ends the program with a traceback.
"""

import datetime
import hashlib
import http.client
import json
import os
import random
import string
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.session

SANDBOX = json.loads(os.environ["SANDBOX"])
URL = SANDBOX["aws_endpoint_url"]
# What the sandbox refuses must reach it, so botocore's own checks are off.
NO_RETRY = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def client(service, key=None, secret=None, token=None, region=None, config=NO_RETRY):
    session = botocore.session.Session()
    return session.create_client(
        service,
        region_name=region or SANDBOX["region"],
        endpoint_url=URL,
        aws_access_key_id=key or SANDBOX["access_key_id"],
        aws_secret_access_key=secret or SANDBOX["secret_access_key"],
        aws_session_token=token,
        config=config,
    )


def profile_client(profile, service):
    """A client from the profile alone: endpoint and region are in it."""
    return botocore.session.Session(profile=profile).create_client(service, config=NO_RETRY)


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except botocore.exceptions.ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"expected {code}, got {got}: {error}"
        assert len(error.response["ResponseMetadata"]["RequestId"]) == 36, error.response
        return error
    raise AssertionError(f"expected {code}, but the call succeeded")


def cluster_credentials(redshift, **more):
    arguments = {"DbUser": "alice", "ClusterIdentifier": SANDBOX["cluster_identifier"], **more}
    return redshift.get_cluster_credentials(**arguments)


# Signatures


def varied_requests(rng):
    text = string.ascii_letters + string.digits + "-_.~ /+&=%*'()!é€"
    for number in range(50):
        word = "".join(rng.choices(text, k=rng.randint(0, 40)))
        query = [(f"k{i % 3}{word[i:i + 2]}", word[i:]) for i in range(rng.randint(0, 4))]
        path = "/" + "/".join(urllib.parse.quote(part, safe="~") for part in word.split()) if number % 2 else "/"
        if number % 7 == 3:
            path += "/../x/./y//z/"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Amz-Meta-Spaces": f"  a   b {number}  ",
            "X-Custom": word.encode("ascii", "ignore").decode().strip() or "x",
        }
        if number % 5 == 0:
            headers["Date"] = "to be replaced by the signer"
        body = word.encode() * rng.randint(0, 50)
        yield rng.choice(["GET", "POST", "PUT", "DELETE"]), path, query, headers, body


def send_signed(service, credentials, method, path, query, headers, body, change_body=False):
    encoded = urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="-_.~")
    url = URL + path + (f"?{encoded}" if encoded else "")
    request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers, data=body)
    botocore.auth.SigV4Auth(credentials, service, SANDBOX["region"]).add_auth(request)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(URL).netloc, timeout=10)
    target = path + (f"?{encoded}" if encoded else "")
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    sent = body + b"x" if change_body else body
    connection.putheader("Content-Length", str(len(sent)))
    connection.endheaders(sent)
    response = connection.getresponse()
    return response.status, response.read().decode()


def signatures_agree_with_botocore():
    """A right signature passes on to "no such operation"; a changed body does not."""
    sts = client("sts")
    role = sts.assume_role(RoleArn=SANDBOX["role_arn"], RoleSessionName="sign")["Credentials"]
    long_lived = botocore.credentials.Credentials(SANDBOX["access_key_id"], SANDBOX["secret_access_key"])
    session = botocore.credentials.Credentials(role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
    for number, request in enumerate(varied_requests(random.Random(20261124))):
        service = ["redshift", "redshift-serverless", "sts"][number % 3]
        credentials = session if number % 4 == 1 else long_lived
        status, answer = send_signed(service, credentials, *request)
        assert "UnknownOperationException" in answer, f"request {number}: {request} -> {status} {answer}"
        status, answer = send_signed(service, credentials, *request, change_body=True)
        wanted = "InvalidSignatureException" if service == "redshift-serverless" else "SignatureDoesNotMatch"
        assert wanted in answer, f"request {number} changed: {status} {answer}"


def wrong_signatures_are_refused():
    wrong = SANDBOX["secret_access_key"][:-1] + "!"
    serverless = dict(workgroupName=SANDBOX["workgroup"])
    refused("SignatureDoesNotMatch", cluster_credentials, client("redshift", secret=wrong))
    refused("SignatureDoesNotMatch", client("sts", secret=wrong).get_caller_identity)
    refused("InvalidSignatureException", client("redshift-serverless", secret=wrong).get_credentials, **serverless)
    refused("InvalidClientTokenId", cluster_credentials, client("redshift", key="AKIAUNKNOWN000000000"))
    unknown = client("redshift-serverless", key="AKIAUNKNOWN000000000")
    refused("UnrecognizedClientException", unknown.get_workgroup, **serverless)
    error = refused("SignatureDoesNotMatch", cluster_credentials, client("redshift", region="eu-west-1"))
    assert "valid region, not 'eu-west-1'" in str(error)
    foreign = client("redshift", token="not-a-token")
    refused("InvalidClientTokenId", cluster_credentials, foreign)
    role = client("sts").assume_role(RoleArn=SANDBOX["role_arn"], RoleSessionName="test")["Credentials"]
    bare = client("redshift", key=role["AccessKeyId"], secret=role["SecretAccessKey"])
    refused("InvalidClientTokenId", cluster_credentials, bare)
    unsigned = botocore.config.Config(signature_version=botocore.UNSIGNED)
    refused("MissingAuthenticationToken", cluster_credentials, client("redshift", config=unsigned))


# Operations


def redshift_operations():
    redshift = client("redshift")
    answer = cluster_credentials(redshift)
    assert answer["DbUser"] == "IAM:alice" and len(answer["DbPassword"]) > 128, answer
    now = datetime.datetime.now(answer["Expiration"].tzinfo)
    assert 890 <= (answer["Expiration"] - now).total_seconds() <= 901, answer["Expiration"]
    longer = cluster_credentials(redshift, DurationSeconds=3600, AutoCreate=True, DbName="dev")
    assert longer["DbUser"] == "IAMA:alice", longer["DbUser"]
    assert (longer["Expiration"] - answer["Expiration"]).total_seconds() >= 2690
    grouped = cluster_credentials(redshift, AutoCreate=True, DbGroups=["readers", "writers"])
    assert grouped["DbUser"] == "IAMA:alice:readers,writers", grouped["DbUser"]
    assert cluster_credentials(redshift, AutoCreate=False)["DbUser"] == "IAM:alice"
    with_iam = redshift.get_cluster_credentials_with_iam(ClusterIdentifier=SANDBOX["cluster_identifier"])
    assert with_iam["DbUser"] == "IAM:sandbox-user" and with_iam["NextRefreshTime"], with_iam
    clusters = redshift.describe_clusters(ClusterIdentifier=SANDBOX["cluster_identifier"])["Clusters"]
    assert clusters[0]["Endpoint"] == {"Address": "localhost", "Port": 5439}, clusters
    assert clusters[0]["ClusterStatus"] == "available"
    assert len(redshift.describe_clusters()["Clusters"]) == 1
    domains = redshift.describe_custom_domain_associations(CustomDomainName="db.example.com")["Associations"]
    association = domains[0]["CertificateAssociations"][0]
    assert association["ClusterIdentifier"] == SANDBOX["cluster_identifier"], domains
    (profile,) = redshift.describe_authentication_profiles()["AuthenticationProfiles"]
    assert json.loads(profile["AuthenticationProfileContent"]) == {"DbUser": "<alice>"}, profile
    by_domain = redshift.get_cluster_credentials(DbUser="alice", CustomDomainName="db.example.com")
    assert by_domain["DbUser"] == "IAM:alice"


def short_life():
    cluster_credentials(client("redshift"))


def redshift_refusals():
    redshift = client("redshift")
    refused("ClusterNotFound", cluster_credentials, redshift, ClusterIdentifier="other")
    try:
        cluster_credentials(redshift, ClusterIdentifier="other")
    except redshift.exceptions.ClusterNotFoundFault as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    refused("ClusterNotFound", redshift.describe_clusters, ClusterIdentifier="other")
    for seconds in (0, 899, 3601):
        refused("InvalidParameterValue", cluster_credentials, redshift, DurationSeconds=seconds)
    for user in ("1alice", "al:ice", "al/ice", "PUBLIC", "a" * 65):
        refused("InvalidParameterValue", cluster_credentials, redshift, DbUser=user)
    refused("InvalidParameterValue", cluster_credentials, redshift, DbGroups=["Readers"])
    refused("MissingParameter", redshift.get_cluster_credentials, DbUser="alice")
    unknown = redshift.describe_custom_domain_associations
    refused("CustomDomainAssociationNotFoundFault", unknown, CustomDomainName="x.example.com")
    profiles = redshift.describe_authentication_profiles
    refused("AuthenticationProfileNotFoundFault", profiles, AuthenticationProfileName="none")
    refused("InvalidAction", redshift.describe_tags)


def serverless_operations():
    serverless = client("redshift-serverless")
    answer = serverless.get_credentials(workgroupName=SANDBOX["workgroup"], dbName="dev", durationSeconds=1800)
    assert answer["dbUser"] == "IAM:sandbox-user" and answer["expiration"], answer
    workgroup = serverless.get_workgroup(workgroupName=SANDBOX["workgroup"])["workgroup"]
    assert workgroup["endpoint"]["address"] == SANDBOX["serverless_host"], workgroup
    assert workgroup["status"] == "AVAILABLE" and workgroup["creationDate"].year == 2026
    role = client("sts").assume_role(RoleArn=SANDBOX["role_arn"], RoleSessionName="test")["Credentials"]
    session = [role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"]]
    answer = client("redshift-serverless", *session).get_credentials(workgroupName=SANDBOX["workgroup"])
    assert answer["dbUser"] == "IAMR:sandbox-role", answer


def serverless_refusals():
    serverless = client("redshift-serverless")
    refused("ResourceNotFoundException", serverless.get_credentials, workgroupName="other")
    refused("ResourceNotFoundException", serverless.get_workgroup, workgroupName="other")
    refused("ValidationException", serverless.get_credentials)
    for seconds in (0, 899, 3601):
        arguments = dict(workgroupName=SANDBOX["workgroup"], durationSeconds=seconds)
        refused("ValidationException", serverless.get_credentials, **arguments)
    refused("ValidationException", serverless.get_workgroup, workgroupName="UPPER")
    refused("UnknownOperationException", serverless.list_namespaces)


def sts_operations():
    sts = client("sts")
    identity = sts.get_caller_identity()
    assert identity["Account"] == SANDBOX["sso_account_id"] and identity["Arn"].endswith(":user/sandbox-user")
    role = sts.assume_role(RoleArn=SANDBOX["role_arn"], RoleSessionName="me")
    assert role["AssumedRoleUser"]["Arn"].endswith(":assumed-role/sandbox-role/me"), role
    keys = role["Credentials"]
    session = [keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]]
    assert client("sts", *session).get_caller_identity()["Arn"] == role["AssumedRoleUser"]["Arn"]
    token = SANDBOX["web_identity_token"]
    named = dict(RoleArn=SANDBOX["role_arn"], RoleSessionName="web")
    unsigned = client("sts", config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    assert unsigned.assume_role_with_web_identity(WebIdentityToken=token, **named)["Credentials"]
    refused("InvalidIdentityToken", unsigned.assume_role_with_web_identity, WebIdentityToken="forged", **named)
    refused("AccessDenied", sts.assume_role, RoleArn=SANDBOX["role_arn"] + "x", RoleSessionName="me")
    refused("ValidationError", sts.assume_role, DurationSeconds=899, **named)
    refused("ValidationError", sts.assume_role, RoleArn=SANDBOX["role_arn"], RoleSessionName="x")
    refused("ValidationError", client("sts", *session).assume_role, DurationSeconds=3601, **named)
    assert profile_client("sandbox-role", "sts").get_caller_identity()["Arn"].count("sandbox-role") == 1


# Faults, put in force by the harness


def expired_session_is_named():
    keys = [SANDBOX["session"][name] for name in ("key", "secret", "token")]
    refused("ExpiredToken", cluster_credentials, client("redshift", *keys))
    serverless = client("redshift-serverless", *keys)
    refused("ExpiredTokenException", serverless.get_credentials, workgroupName=SANDBOX["workgroup"])


def assume_role_prints_keys():
    keys = client("sts").assume_role(RoleArn=SANDBOX["role_arn"], RoleSessionName="test")["Credentials"]
    names = {"key": "AccessKeyId", "secret": "SecretAccessKey", "token": "SessionToken"}
    print(json.dumps({name: keys[field] for name, field in names.items()}))


def throttling_is_retried():
    retrying = botocore.config.Config(retries={"total_max_attempts": 3})
    cluster_credentials(client("redshift", config=retrying))
    client("redshift-serverless", config=retrying).get_workgroup(workgroupName=SANDBOX["workgroup"])


def faults_have_their_codes():
    refused("InternalFailure", client("sts").get_caller_identity)
    refused("ClusterNotFound", cluster_credentials, client("redshift"))
    error = refused("AccessDenied", cluster_credentials, client("redshift"), DbGroups=["readers"])
    assert "redshift:JoinGroup" in str(error) and "dbgroup:sandbox-cluster/readers" in str(error), error
    clusters = client("redshift").describe_clusters(ClusterIdentifier=SANDBOX["cluster_identifier"])
    assert clusters["Clusters"][0]["ClusterStatus"] == "paused" and "Endpoint" not in clusters["Clusters"][0]
    workgroup = client("redshift-serverless").get_workgroup(workgroupName=SANDBOX["workgroup"])["workgroup"]
    assert "endpoint" not in workgroup, workgroup


def wrong_clock_is_told():
    error = refused("SignatureDoesNotMatch", cluster_credentials, client("redshift"))
    assert "Signature expired" in str(error) and "- 15 min.)" in str(error), error


def minimal_policy_suffices():
    redshift = client("redshift")
    cluster_credentials(redshift, DbName="dev")
    for action, call in (
        ("redshift:CreateClusterUser", lambda: cluster_credentials(redshift, AutoCreate=True)),
        ("redshift:JoinGroup", lambda: cluster_credentials(redshift, DbGroups=["g"])),
        ("redshift:DescribeClusters", redshift.describe_clusters),
    ):
        assert f"is not authorized to perform: {action} on resource: arn:aws:" in str(refused("AccessDenied", call))
    serverless = client("redshift-serverless")
    error = refused("AccessDeniedException", serverless.get_credentials, workgroupName=SANDBOX["workgroup"])
    assert "redshift-serverless:GetCredentials" in str(error)


# Identity Center


def sso_client(service):
    return botocore.session.Session().create_client(
        service, region_name=SANDBOX["sso_region"], endpoint_url=URL, config=NO_RETRY
    )


def device_token():
    oidc = sso_client("sso-oidc")
    app = oidc.register_client(clientName="tests", clientType="public", scopes=["sso:account:access"])
    keys = {"clientId": app["clientId"], "clientSecret": app["clientSecret"]}
    device = oidc.start_device_authorization(startUrl=SANDBOX["sso_start_url"], **keys)
    assert device["verificationUriComplete"].endswith(device["userCode"]) and device["interval"] == 1
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    return oidc.create_token(grantType=grant, deviceCode=device["deviceCode"], **keys), keys, oidc


def sso_operations():
    token, keys, oidc = device_token()
    portal = sso_client("sso")
    access = {"accessToken": token["accessToken"]}
    accounts = [page["accountList"] for page in portal.get_paginator("list_accounts").paginate(
        PaginationConfig={"PageSize": 1}, **access
    )]
    assert [len(page) for page in accounts] == [1, 1], accounts
    roles = portal.list_account_roles(accountId=SANDBOX["sso_account_id"], **access)["roleList"]
    assert roles[0]["roleName"] == SANDBOX["sso_role_name"], roles
    place = {"accountId": SANDBOX["sso_account_id"], "roleName": SANDBOX["sso_role_name"], **access}
    role = portal.get_role_credentials(**place)["roleCredentials"]
    session = [role["accessKeyId"], role["secretAccessKey"], role["sessionToken"]]
    arn = client("sts", *session).get_caller_identity()["Arn"]
    assert f"AWSReservedSSO_{SANDBOX['sso_role_name']}_" in arn, arn
    answer = client("redshift-serverless", *session).get_credentials(workgroupName=SANDBOX["workgroup"])
    assert answer["dbUser"] == SANDBOX["sso_database_user"], answer
    refused("ForbiddenException", portal.get_role_credentials, **{**place, "roleName": "Administrator"})
    refused("ForbiddenException", portal.list_account_roles, accountId="999999999999", **access)
    refused("InvalidRequestException", portal.list_account_roles, accountId="1", **access)
    elsewhere = {**place, "accountId": "210987654321", "roleName": "SandboxReadOnly"}
    role = portal.get_role_credentials(**elsewhere)["roleCredentials"]
    stranger = client("redshift", role["accessKeyId"], role["secretAccessKey"], role["sessionToken"])
    refused("ClusterNotFound", cluster_credentials, stranger)
    again = oidc.create_token(grantType="refresh_token", refreshToken=token["refreshToken"], **keys)
    portal.logout(accessToken=again["accessToken"])
    refused("UnauthorizedException", portal.list_accounts, accessToken=again["accessToken"])


def oidc_errors_are_typed():
    oidc = sso_client("sso-oidc")
    app = oidc.register_client(clientName="tests", clientType="public")
    keys = {"clientId": app["clientId"], "clientSecret": app["clientSecret"]}
    device = oidc.start_device_authorization(startUrl=SANDBOX["sso_start_url"], **keys)
    grant = {"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": device["deviceCode"]}
    try:
        oidc.create_token(**grant, **keys)
        raise AssertionError("nobody has approved")
    except oidc.exceptions.AuthorizationPendingException as error:
        assert error.response["error_description"], error.response
    refused("SlowDownException", oidc.create_token, **grant, **keys)
    refused("InvalidClientException", oidc.create_token, **grant, **{**keys, "clientSecret": "wrong"})


def write_token(cache_key, **fields):
    """Writes a token where the AWS CLI keeps it; returns the file's name."""
    folder = os.path.expanduser("~/.aws/sso/cache")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = os.path.join(folder, f"{hashlib.sha1(cache_key.encode()).hexdigest()}.json")
    with open(name, "w") as file:
        json.dump({"startUrl": SANDBOX["sso_start_url"], "region": SANDBOX["sso_region"], **fields}, file)
    return name


def profiles_use_a_cached_login():
    """A login by device code, kept as the AWS CLI keeps it, serves both profile forms, endpoint included."""
    token, keys, _ = device_token()
    alive = {"accessToken": token["accessToken"], "expiresAt": "2099-01-01T00:00:00Z"}
    write_token(SANDBOX["sso_start_url"], **alive)
    write_token("sandbox", **alive)
    for profile in ("sandbox-sso-legacy", "sandbox-sso"):
        arn = profile_client(profile, "sts").get_caller_identity()["Arn"]
        assert f"AWSReservedSSO_{SANDBOX['sso_role_name']}_" in arn, arn
        assert cluster_credentials(profile_client(profile, "redshift"))["DbUser"] == "IAM:alice"
    assert cluster_credentials(profile_client("sandbox-keys", "redshift"))["DbUser"] == "IAM:alice"


def botocore_refreshes_its_token():
    """The token in the cache has run out; the provider trades the refresh token for a new one."""
    token, keys, _ = device_token()
    name = write_token(
        "sandbox",
        accessToken=token["accessToken"],
        expiresAt="2020-01-01T00:00:00Z",
        registrationExpiresAt="2099-01-01T00:00:00Z",
        refreshToken=token["refreshToken"],
        **keys,
    )
    redshift = profile_client("sandbox-sso", "redshift")
    assert cluster_credentials(redshift)["DbUser"] == "IAM:alice"
    with open(name) as file:
        assert json.load(file)["refreshToken"] != token["refreshToken"]


# Amazon's own driver, up to the point where it would open the socket


def redshift_connector_gets_its_login():
    from redshift_connector.iam_helper import IamHelper
    from redshift_connector.redshift_property import RedshiftProperty

    def login(**fields):
        info = RedshiftProperty()
        common = {"iam": True, "ssl": True, "db_name": "dev", "region": SANDBOX["region"], "sslmode": "verify-ca"}
        for name, value in {**common, "endpoint_url": URL, **fields}.items():
            setattr(info, name, value)
        IamHelper.set_iam_properties(info)
        return info

    keys = {"access_key_id": SANDBOX["access_key_id"], "secret_access_key": SANDBOX["secret_access_key"]}
    cluster = {"cluster_identifier": SANDBOX["cluster_identifier"], "db_user": "alice"}
    info = login(**keys, **cluster)
    assert (info.user_name, info.host) == ("IAM:alice", "localhost") and len(info.password) > 128, info.user_name
    info = login(profile="sandbox-keys", auto_create=True, **cluster)
    assert info.user_name == "IAMA:alice", info.user_name
    serverless = {"is_serverless": True, "serverless_work_group": SANDBOX["workgroup"]}
    info = login(**keys, **serverless)
    assert info.user_name == "IAM:sandbox-user" and info.host == SANDBOX["serverless_host"], info.host


if __name__ == "__main__":
    globals()[sys.argv[1]]()
