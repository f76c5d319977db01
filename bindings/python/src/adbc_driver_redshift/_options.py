"""Option keys, one class per ADBC object. A test compares them with the driver's own table."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

__all__ = ["ConnectionOptions", "DatabaseOptions", "OptionValue", "StatementOptions", "option_keys"]

#: What an option can be set to.
OptionValue = Union[bool, bytes, float, int, str, Path]


class DatabaseOptions(enum.Enum):
    """Options of a database: `connect(db_kwargs={DatabaseOptions.TLS_MODE: "verify-full"})`."""

    #: Connection URI, `redshift://[user[:password]@][host][:port][/database][?name=value&…]`.
    URI = "uri"
    #: Database user; with IAM and SSO the one to ask AWS for.
    USERNAME = "username"
    #: Password of the database user. Cannot be read back.
    PASSWORD = "password"
    #: How to log in: `auto` (by the options present), `password`, `iam` or `sso`.
    AUTH_METHOD = "adbc.redshift.auth.method"
    #: Endpoint, and the name that TLS verifies. With IAM and SSO, AWS is asked for it when it is empty.
    TARGET_HOST = "adbc.redshift.target.host"
    #: TCP port.
    TARGET_PORT = "adbc.redshift.target.port"
    #: Database to open.
    TARGET_DATABASE = "adbc.redshift.target.database"
    #: Host to open the TCP connection to, when it differs from the endpoint (tunnel, PrivateLink).
    TARGET_CONNECT_HOST = "adbc.redshift.target.connect_host"
    #: Seconds for resolving, TCP, TLS and login together.
    TARGET_CONNECT_TIMEOUT_SECONDS = "adbc.redshift.target.connect_timeout_seconds"
    #: Identifier of the provisioned cluster, for IAM and SSO.
    TARGET_CLUSTER_IDENTIFIER = "adbc.redshift.target.cluster_identifier"
    #: Name of the Serverless workgroup, for IAM and SSO.
    TARGET_WORKGROUP = "adbc.redshift.target.workgroup"
    #: Whether the target is Serverless: `auto`, `true` or `false`.
    TARGET_SERVERLESS = "adbc.redshift.target.serverless"
    #: AWS account of the workgroup, 12 digits.
    TARGET_ACCOUNT_ID = "adbc.redshift.target.account_id"
    #: Custom domain name registered for the cluster or workgroup.
    TARGET_CUSTOM_DOMAIN_NAME = "adbc.redshift.target.custom_domain_name"
    #: Region of the cluster or workgroup.
    AWS_REGION = "adbc.redshift.aws.region"
    #: Profile of `~/.aws/config` and `~/.aws/credentials`.
    AWS_PROFILE = "adbc.redshift.aws.profile"
    #: AWS access key id. Refused in a URI; cannot be read back.
    AWS_ACCESS_KEY_ID = "adbc.redshift.aws.access_key_id"
    #: AWS secret access key. Refused in a URI; cannot be read back.
    AWS_SECRET_ACCESS_KEY = "adbc.redshift.aws.secret_access_key"
    #: Session token of temporary AWS keys. Refused in a URI; cannot be read back.
    AWS_SESSION_TOKEN = "adbc.redshift.aws.session_token"
    #: Role to assume with the AWS credentials found; several, separated by commas, form a chain.
    AWS_ROLE_ARN = "adbc.redshift.aws.role_arn"
    #: External id that the roles ask for.
    AWS_ROLE_EXTERNAL_ID = "adbc.redshift.aws.role_external_id"
    #: Name of the session of an assumed role.
    AWS_ROLE_SESSION_NAME = "adbc.redshift.aws.role_session_name"
    #: Replaces `~/.aws/config`.
    AWS_CONFIG_FILE = "adbc.redshift.aws.config_file"
    #: Replaces `~/.aws/credentials`.
    AWS_CREDENTIALS_FILE = "adbc.redshift.aws.credentials_file"
    #: Replaces the endpoints of all AWS services.
    AWS_ENDPOINT_URL = "adbc.redshift.aws.endpoint_url"
    #: Replaces the endpoint of AWS STS alone.
    AWS_STS_ENDPOINT_URL = "adbc.redshift.aws.sts_endpoint_url"
    #: Where IAM takes AWS credentials from: `auto`, `static`, `profile`, `env`, `web_identity`, `ecs` or `imds`.
    AWS_CREDENTIAL_SOURCE = "adbc.redshift.aws.credential_source"
    #: Seconds that one AWS call may take with its retries.
    AWS_TIMEOUT_SECONDS = "adbc.redshift.aws.timeout_seconds"
    #: HTTP proxy for AWS calls, instead of `HTTPS_PROXY`. Refused in a URI; cannot be read back.
    AWS_PROXY_URL = "adbc.redshift.aws.proxy_url"
    #: Host of that proxy, for those who give it in parts.
    AWS_PROXY_HOST = "adbc.redshift.aws.proxy_host"
    #: Port of the proxy host.
    AWS_PROXY_PORT = "adbc.redshift.aws.proxy_port"
    #: User to log in to the proxy host with.
    AWS_PROXY_USERNAME = "adbc.redshift.aws.proxy_username"
    #: Password of that user. Refused in a URI; cannot be read back.
    AWS_PROXY_PASSWORD = "adbc.redshift.aws.proxy_password"
    #: Database groups to join for the session, separated by commas.
    IAM_DB_GROUPS = "adbc.redshift.iam.db_groups"
    #: Put the names of the groups in lower case.
    IAM_FORCE_LOWERCASE = "adbc.redshift.iam.force_lowercase"
    #: Create the database user when it does not exist.
    IAM_AUTO_CREATE = "adbc.redshift.iam.auto_create"
    #: Seconds that the database credentials are good for, 900 to 3600.
    IAM_DURATION_SECONDS = "adbc.redshift.iam.duration_seconds"
    #: AWS operation that fetches the credentials: `auto`, `cluster`, `cluster_with_iam` or `serverless`.
    IAM_API = "adbc.redshift.iam.api"
    #: Redshift authentication profile to take target, database user and IAM options from.
    IAM_AUTH_PROFILE = "adbc.redshift.iam.auth_profile"
    #: Keep temporary database credentials in `memory`, or fetch them for every connection (`off`).
    CACHE_MODE = "adbc.redshift.cache.mode"
    #: Profile with `sso_session` or `sso_start_url` settings.
    SSO_PROFILE = "adbc.redshift.sso.profile"
    #: An `[sso-session]` section of `~/.aws/config`, without a profile.
    SSO_SESSION = "adbc.redshift.sso.session"
    #: Start URL of the AWS access portal.
    SSO_START_URL = "adbc.redshift.sso.start_url"
    #: Region of IAM Identity Center; often not the cluster's.
    SSO_REGION = "adbc.redshift.sso.region"
    #: AWS account to log in to, 12 digits.
    SSO_ACCOUNT_ID = "adbc.redshift.sso.account_id"
    #: Permission set (role) to use in that account.
    SSO_ROLE_NAME = "adbc.redshift.sso.role_name"
    #: Scopes to register the client with, separated by commas.
    SSO_SCOPES = "adbc.redshift.sso.scopes"
    #: How a person signs in: `auto`, `pkce`, `device` or `cached_only`.
    SSO_FLOW = "adbc.redshift.sso.flow"
    #: Whether to open the browser: `auto`, `true` or `false`.
    SSO_OPEN_BROWSER = "adbc.redshift.sso.open_browser"
    #: Seconds to wait for the person.
    SSO_TIMEOUT_SECONDS = "adbc.redshift.sso.timeout_seconds"
    #: Loopback port for the redirect of `pkce`; 0 takes a free one.
    SSO_LISTEN_PORT = "adbc.redshift.sso.listen_port"
    #: Keep tokens in `~/.aws/sso/cache` (`shared`) or in this process only (`memory`).
    SSO_TOKEN_CACHE = "adbc.redshift.sso.token_cache"
    #: Name that the sign-in page shows for the application.
    SSO_CLIENT_NAME = "adbc.redshift.sso.client_name"
    #: The profiles that can sign in by SSO, as JSON. Read only.
    SSO_PROFILES = "adbc.redshift.sso.profiles"
    #: The accounts that the signed-in person may use, as JSON. Read only.
    SSO_ACCOUNTS = "adbc.redshift.sso.accounts"
    #: The roles that the signed-in person may use in the SSO account, as JSON. Read only.
    SSO_ROLES = "adbc.redshift.sso.roles"
    #: Where the person who is waited for has to sign in. Read only, while a connection waits.
    SSO_VERIFICATION_URI = "adbc.redshift.sso.verification_uri"
    #: The code that the sign-in page shows. Read only, while a connection waits.
    SSO_USER_CODE = "adbc.redshift.sso.user_code"
    #: `disable`, `require`, `verify-ca` or `verify-full` (the default).
    TLS_MODE = "adbc.redshift.tls.mode"
    #: PEM file of root certificates that replace the bundled and the system's roots.
    TLS_ROOT_CERT = "adbc.redshift.tls.root_cert"
    #: Name that the certificate must carry instead of the host.
    TLS_SERVER_NAME = "adbc.redshift.tls.server_name"
    #: Lowest TLS version accepted, `1.2` or `1.3`.
    TLS_MIN_VERSION = "adbc.redshift.tls.min_version"
    #: Seconds without traffic before the first TCP keepalive probe; 0 turns keepalive off.
    SESSION_KEEPALIVE_IDLE_SECONDS = "adbc.redshift.session.keepalive_idle_seconds"
    #: Seconds between keepalive probes.
    SESSION_KEEPALIVE_INTERVAL_SECONDS = "adbc.redshift.session.keepalive_interval_seconds"
    #: Unanswered probes after which the connection counts as lost.
    SESSION_KEEPALIVE_COUNT = "adbc.redshift.session.keepalive_count"
    #: Seconds without use after which the driver closes the connection; 0 never does.
    SESSION_IDLE_TIMEOUT_SECONDS = "adbc.redshift.session.idle_timeout_seconds"
    #: Query group of statements, for workload management and system views.
    SESSION_QUERY_GROUP = "adbc.redshift.session.query_group"
    #: Name that the server's connection log shows.
    SESSION_APPLICATION_NAME = "adbc.redshift.session.application_name"
    #: Rows in a record batch, at most.
    RESULT_BATCH_ROWS = "adbc.redshift.result.batch_rows"
    #: Bytes of values in a record batch, at most.
    RESULT_BATCH_BYTES = "adbc.redshift.result.batch_bytes"
    #: Wire format of results: `auto`, `binary` or `text`.
    RESULT_FORMAT = "adbc.redshift.result.format"
    #: Bytes of an open result that may be held in memory so that another statement can run.
    RESULT_BUFFER_BYTES = "adbc.redshift.result.buffer_bytes"
    #: Length in bytes of the VARCHAR columns that an ingest makes: a number, `max` or `measured`.
    INGEST_VARCHAR_LENGTH = "adbc.redshift.ingest.varchar_length"
    #: Whether an ingest outside of a transaction is one transaction.
    INGEST_TRANSACTION = "adbc.redshift.ingest.transaction"
    #: Seconds from the start of a query to its last row, after which it is cancelled; 0 sets no limit.
    RESULT_QUERY_TIMEOUT_SECONDS = "adbc.redshift.result.query_timeout_seconds"
    #: What the driver logs: `off`, `error`, `warn`, `info`, `debug` or `trace`.
    LOG_LEVEL = "adbc.redshift.log.level"
    #: File to append the log to, instead of standard error.
    LOG_FILE = "adbc.redshift.log.file"
    #: Form of a line of the log: `text` or `json`.
    LOG_FORMAT = "adbc.redshift.log.format"


class ConnectionOptions(enum.Enum):
    """Options of a connection: `connect(uri, conn_kwargs={ConnectionOptions.RESULT_BATCH_ROWS: 10_000})`."""

    #: Whether each statement is a transaction of its own.
    AUTOCOMMIT = "adbc.connection.autocommit"
    #: Whether the server refuses statements that write.
    READ_ONLY = "adbc.connection.readonly"
    #: The weakest isolation wanted; reads back the one that the database gives.
    ISOLATION_LEVEL = "adbc.connection.transaction.isolation_level"
    #: The connection's database; can be set until the connection is open.
    CATALOG = "adbc.connection.catalog"
    #: The connection's current schema; setting it makes it the search path.
    DB_SCHEMA = "adbc.connection.db_schema"
    #: Seconds without use after which the driver closes the connection; 0 never does.
    SESSION_IDLE_TIMEOUT_SECONDS = "adbc.redshift.session.idle_timeout_seconds"
    #: Query group of statements, for workload management and system views.
    SESSION_QUERY_GROUP = "adbc.redshift.session.query_group"
    #: Name that the server's connection log shows.
    SESSION_APPLICATION_NAME = "adbc.redshift.session.application_name"
    #: Rows in a record batch, at most.
    RESULT_BATCH_ROWS = "adbc.redshift.result.batch_rows"
    #: Bytes of values in a record batch, at most.
    RESULT_BATCH_BYTES = "adbc.redshift.result.batch_bytes"
    #: Wire format of results: `auto`, `binary` or `text`.
    RESULT_FORMAT = "adbc.redshift.result.format"
    #: Bytes of an open result that may be held in memory so that another statement can run.
    RESULT_BUFFER_BYTES = "adbc.redshift.result.buffer_bytes"
    #: Length in bytes of the VARCHAR columns that an ingest makes: a number, `max` or `measured`.
    INGEST_VARCHAR_LENGTH = "adbc.redshift.ingest.varchar_length"
    #: Whether an ingest outside of a transaction is one transaction.
    INGEST_TRANSACTION = "adbc.redshift.ingest.transaction"
    #: Seconds from the start of a query to its last row, after which it is cancelled; 0 sets no limit.
    RESULT_QUERY_TIMEOUT_SECONDS = "adbc.redshift.result.query_timeout_seconds"


class StatementOptions(enum.Enum):
    """Options of a statement.

    `cursor.adbc_statement.set_options(**{StatementOptions.RESULT_BATCH_ROWS.value: 1000})`
    """

    #: Incremental execution of partitions; only `false` is supported.
    INCREMENTAL = "adbc.statement.exec.incremental"
    #: Binding by name; only `false` is supported.
    BIND_BY_NAME = "adbc.statement.bind_by_name"
    #: Query group of statements, for workload management and system views.
    SESSION_QUERY_GROUP = "adbc.redshift.session.query_group"
    #: Rows in a record batch, at most.
    RESULT_BATCH_ROWS = "adbc.redshift.result.batch_rows"
    #: Bytes of values in a record batch, at most.
    RESULT_BATCH_BYTES = "adbc.redshift.result.batch_bytes"
    #: Wire format of results: `auto`, `binary` or `text`.
    RESULT_FORMAT = "adbc.redshift.result.format"
    #: Bytes of an open result that may be held in memory so that this statement can run.
    RESULT_BUFFER_BYTES = "adbc.redshift.result.buffer_bytes"
    #: Length in bytes of the VARCHAR columns that an ingest makes: a number, `max` or `measured`.
    INGEST_VARCHAR_LENGTH = "adbc.redshift.ingest.varchar_length"
    #: Whether an ingest outside of a transaction is one transaction.
    INGEST_TRANSACTION = "adbc.redshift.ingest.transaction"
    #: SQL types of columns that an ingest makes, as a JSON object.
    INGEST_COLUMN_TYPES = "adbc.redshift.ingest.column_types"
    #: Column that distributes the rows of a table that an ingest makes.
    INGEST_DIST_KEY = "adbc.redshift.ingest.dist_key"
    #: Columns that sort a table that an ingest makes.
    INGEST_SORT_KEY = "adbc.redshift.ingest.sort_key"
    #: Table that the bound data is ingested into.
    INGEST_TARGET_TABLE = "adbc.ingest.target_table"
    #: Database of the target table.
    INGEST_TARGET_CATALOG = "adbc.ingest.target_catalog"
    #: Schema of the target table.
    INGEST_TARGET_DB_SCHEMA = "adbc.ingest.target_db_schema"
    #: `adbc.ingest.mode.create` (the default), `.append`, `.replace` or `.create_append`.
    INGEST_MODE = "adbc.ingest.mode"
    #: Whether the target is a temporary table of this connection.
    INGEST_TEMPORARY = "adbc.ingest.temporary"
    #: Seconds from the start of a query to its last row, after which it is cancelled; 0 sets no limit.
    RESULT_QUERY_TIMEOUT_SECONDS = "adbc.redshift.result.query_timeout_seconds"
    #: Redshift's id of the statement's last query. Read only; asks the server when read.
    QUERY_ID = "adbc.redshift.statement.query_id"


def option_keys(options: Mapping[Any, OptionValue] | None) -> dict[str, OptionValue]:
    """The options with each key as a plain string, whether it was one or a member of a class above."""
    return {key.value if isinstance(key, enum.Enum) else key: value for key, value in (options or {}).items()}
