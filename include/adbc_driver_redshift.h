// ADBC driver for Amazon Redshift: its init function and the names of its options.
//
// This header needs no other. Programs that load the driver through an ADBC driver manager use the option names only.
// Programs that call the driver themselves include <arrow-adbc/adbc.h> of ADBC 1.1.0 or later as well, before or after
// this header; ADBC packages carry it, among them the PyPI wheel adbc-driver-manager. They either let
// AdbcDriverRedshiftInit fill a struct AdbcDriver and call through it, or link the library and call the Adbc...
// functions of adbc.h 1.1.0 directly: it exports all of them. Of several ADBC libraries in one process at most one can
// be used in that second way.
//
// Beyond what adbc.h says:
//
// Ownership     What a call returns (error, stream, schema, partitions) belongs to the caller, who calls its release.
//               A failed call writes no result. AdbcStatementBind and AdbcStatementBindStream take over what they get
//               once their arguments are in order; a structure whose release is still set remains the caller's.
//               Objects may be released in any order; a result stays readable after its statement and connection are
//               released.
// Threads       Get-option and cancel functions may be called at any time from any thread, also while another thread
//               is in AdbcConnectionInit or executes. Other calls on one object are to be serialised. A released
//               (zeroed) handle gives ADBC_STATUS_INVALID_STATE, never a crash.
// NULL          The error argument may be NULL. Where adbc.h does not allow NULL, it gives
//               ADBC_STATUS_INVALID_ARGUMENT. Strings are UTF-8.
// Panics        An internal fault ends the call that met it with ADBC_STATUS_INTERNAL. It never crosses into the
//               caller, and the library stays usable.
// fork()        Connections of the parent cannot be used in the child; new databases can be made there.
// dlclose()     The library stays mapped.


#ifndef ADBC_DRIVER_REDSHIFT_H
#define ADBC_DRIVER_REDSHIFT_H

#include <stdint.h>

/** The error structure of adbc.h. */
struct AdbcError;

/* Option names; the comment says what each is for. */

/** How to log in: by database `password`, by `iam` (temporary database credentials from AWS credentials), or by `sso` (the same, with AWS credentials from IAM Identity Center). `auto` decides by the options present. `idc` and `token` are reserved and refused for now. */
#define ADBC_REDSHIFT_OPTION_AUTH_METHOD "adbc.redshift.auth.method"

/** Endpoint of the cluster or workgroup; the name that TLS verifies. When empty with IAM or SSO, AWS is asked for it (`DescribeClusters`, `GetWorkgroup`). */
#define ADBC_REDSHIFT_OPTION_TARGET_HOST "adbc.redshift.target.host"

/** TCP port. */
#define ADBC_REDSHIFT_OPTION_TARGET_PORT "adbc.redshift.target.port"

/** Database to open. Required. */
#define ADBC_REDSHIFT_OPTION_TARGET_DATABASE "adbc.redshift.target.database"

/** Host to open the TCP connection to, when it differs from `target.host`: a tunnel, a proxy, a PrivateLink name. */
#define ADBC_REDSHIFT_OPTION_TARGET_CONNECT_HOST "adbc.redshift.target.connect_host"

/** Seconds for resolving, TCP, TLS, startup and login together, over all addresses. */
#define ADBC_REDSHIFT_OPTION_TARGET_CONNECT_TIMEOUT_SECONDS "adbc.redshift.target.connect_timeout_seconds"

/** Identifier of the provisioned cluster, for IAM and SSO. Taken from a standard host name when not given. */
#define ADBC_REDSHIFT_OPTION_TARGET_CLUSTER_IDENTIFIER "adbc.redshift.target.cluster_identifier"

/** Name of the Serverless workgroup, for IAM and SSO. Taken from a standard host name when not given. */
#define ADBC_REDSHIFT_OPTION_TARGET_WORKGROUP "adbc.redshift.target.workgroup"

/** Whether the target is Serverless. With `true` and no workgroup, `target.cluster_identifier` is taken as the workgroup. */
#define ADBC_REDSHIFT_OPTION_TARGET_SERVERLESS "adbc.redshift.target.serverless"

/** AWS account of the workgroup, 12 digits. */
#define ADBC_REDSHIFT_OPTION_TARGET_ACCOUNT_ID "adbc.redshift.target.account_id"

/** Custom domain name registered for the cluster or workgroup. */
#define ADBC_REDSHIFT_OPTION_TARGET_CUSTOM_DOMAIN_NAME "adbc.redshift.target.custom_domain_name"

/** Region of the cluster or workgroup. When not given: from the host name, the profile, or `AWS_REGION`. */
#define ADBC_REDSHIFT_OPTION_AWS_REGION "adbc.redshift.aws.region"

/** Profile of `~/.aws/config` and `~/.aws/credentials`. */
#define ADBC_REDSHIFT_OPTION_AWS_PROFILE "adbc.redshift.aws.profile"

/** AWS access key id. Refused in a URI; cannot be read back. */
#define ADBC_REDSHIFT_OPTION_AWS_ACCESS_KEY_ID "adbc.redshift.aws.access_key_id"

/** AWS secret access key. Refused in a URI; cannot be read back. */
#define ADBC_REDSHIFT_OPTION_AWS_SECRET_ACCESS_KEY "adbc.redshift.aws.secret_access_key"

/** Session token of temporary AWS keys. Refused in a URI; cannot be read back. */
#define ADBC_REDSHIFT_OPTION_AWS_SESSION_TOKEN "adbc.redshift.aws.session_token"

/** Role to assume with the AWS credentials found; several, separated by commas, form a chain. */
#define ADBC_REDSHIFT_OPTION_AWS_ROLE_ARN "adbc.redshift.aws.role_arn"

/** External id that the roles of `aws.role_arn` ask for. */
#define ADBC_REDSHIFT_OPTION_AWS_ROLE_EXTERNAL_ID "adbc.redshift.aws.role_external_id"

/** Name of the session of an assumed role, as AWS CloudTrail shows it. */
#define ADBC_REDSHIFT_OPTION_AWS_ROLE_SESSION_NAME "adbc.redshift.aws.role_session_name"

/** Replaces `~/.aws/config` and `AWS_CONFIG_FILE`. */
#define ADBC_REDSHIFT_OPTION_AWS_CONFIG_FILE "adbc.redshift.aws.config_file"

/** Replaces `~/.aws/credentials` and `AWS_SHARED_CREDENTIALS_FILE`. */
#define ADBC_REDSHIFT_OPTION_AWS_CREDENTIALS_FILE "adbc.redshift.aws.credentials_file"

/** Replaces the endpoints of all AWS services: https, or http on a literal loopback address. */
#define ADBC_REDSHIFT_OPTION_AWS_ENDPOINT_URL "adbc.redshift.aws.endpoint_url"

/** Replaces the endpoint of AWS STS alone. */
#define ADBC_REDSHIFT_OPTION_AWS_STS_ENDPOINT_URL "adbc.redshift.aws.sts_endpoint_url"

/** Where IAM takes AWS credentials from: the access keys given (`static`), a `profile`, variables (`env`), a `web_identity` token, the container (`ecs`) or the instance (`imds`). `auto` takes the first that is there, in this order. */
#define ADBC_REDSHIFT_OPTION_AWS_CREDENTIAL_SOURCE "adbc.redshift.aws.credential_source"

/** Seconds that one AWS call may take with its retries. */
#define ADBC_REDSHIFT_OPTION_AWS_TIMEOUT_SECONDS "adbc.redshift.aws.timeout_seconds"

/** HTTP proxy for AWS calls, instead of `HTTPS_PROXY`. It may hold a password: refused in a URI; cannot be read back. */
#define ADBC_REDSHIFT_OPTION_AWS_PROXY_URL "adbc.redshift.aws.proxy_url"

/** Host of that proxy, for those who give it in parts, as the ODBC driver takes it. */
#define ADBC_REDSHIFT_OPTION_AWS_PROXY_HOST "adbc.redshift.aws.proxy_host"

/** Port of `aws.proxy_host`. */
#define ADBC_REDSHIFT_OPTION_AWS_PROXY_PORT "adbc.redshift.aws.proxy_port"

/** User to log in to `aws.proxy_host` with, if it asks for one. */
#define ADBC_REDSHIFT_OPTION_AWS_PROXY_USERNAME "adbc.redshift.aws.proxy_username"

/** Password of `aws.proxy_username`. Refused in a URI; cannot be read back. */
#define ADBC_REDSHIFT_OPTION_AWS_PROXY_PASSWORD "adbc.redshift.aws.proxy_password"

/** Database groups to join for the session, separated by commas (`GetClusterCredentials` only). */
#define ADBC_REDSHIFT_OPTION_IAM_DB_GROUPS "adbc.redshift.iam.db_groups"

/** Put the names of `iam.db_groups` in lower case, as AWS wants them. */
#define ADBC_REDSHIFT_OPTION_IAM_FORCE_LOWERCASE "adbc.redshift.iam.force_lowercase"

/** Create the database user when it does not exist; needs `redshift:CreateClusterUser`. */
#define ADBC_REDSHIFT_OPTION_IAM_AUTO_CREATE "adbc.redshift.iam.auto_create"

/** Seconds that the database credentials are good for. */
#define ADBC_REDSHIFT_OPTION_IAM_DURATION_SECONDS "adbc.redshift.iam.duration_seconds"

/** AWS operation that fetches the credentials: `GetClusterCredentials`, `GetClusterCredentialsWithIAM`, or `GetCredentials` of Serverless. Serverless has that one alone, and takes `cluster_with_iam` as `auto`. */
#define ADBC_REDSHIFT_OPTION_IAM_API "adbc.redshift.iam.api"

/** Redshift authentication profile to take target, database user and IAM options from where they are not set here (`DescribeAuthenticationProfiles`); what else it holds is for other drivers. */
#define ADBC_REDSHIFT_OPTION_IAM_AUTH_PROFILE "adbc.redshift.iam.auth_profile"

/** Keep temporary database credentials in `memory` until shortly before their end, or fetch them for every connection (`off`). */
#define ADBC_REDSHIFT_OPTION_CACHE_MODE "adbc.redshift.cache.mode"

/** Profile with `sso_session` or `sso_start_url` settings; the other `sso` options fill what it leaves out. */
#define ADBC_REDSHIFT_OPTION_SSO_PROFILE "adbc.redshift.sso.profile"

/** An `[sso-session]` section of `~/.aws/config` to take start URL, region and scopes from, without a profile. */
#define ADBC_REDSHIFT_OPTION_SSO_SESSION "adbc.redshift.sso.session"

/** Start URL of the AWS access portal. */
#define ADBC_REDSHIFT_OPTION_SSO_START_URL "adbc.redshift.sso.start_url"

/** Region of IAM Identity Center; often not the cluster's. */
#define ADBC_REDSHIFT_OPTION_SSO_REGION "adbc.redshift.sso.region"

/** AWS account to log in to, 12 digits. */
#define ADBC_REDSHIFT_OPTION_SSO_ACCOUNT_ID "adbc.redshift.sso.account_id"

/** Permission set (role) to use in that account. */
#define ADBC_REDSHIFT_OPTION_SSO_ROLE_NAME "adbc.redshift.sso.role_name"

/** Scopes to register the client with, separated by commas; `sso:account:access` must be among them, and is all that is asked for by default. Replaces `sso_registration_scopes` of the `[sso-session]`. */
#define ADBC_REDSHIFT_OPTION_SSO_SCOPES "adbc.redshift.sso.scopes"

/** How a person signs in: `pkce` in a browser on this machine, `device` with a code on any, `cached_only` never asks. `auto` takes `pkce` where a browser can be opened. */
#define ADBC_REDSHIFT_OPTION_SSO_FLOW "adbc.redshift.sso.flow"

/** Whether to open the browser; the address is always printed on standard error. */
#define ADBC_REDSHIFT_OPTION_SSO_OPEN_BROWSER "adbc.redshift.sso.open_browser"

/** Seconds to wait for the person. */
#define ADBC_REDSHIFT_OPTION_SSO_TIMEOUT_SECONDS "adbc.redshift.sso.timeout_seconds"

/** Loopback port for the redirect of `pkce`; 0 takes a free one. */
#define ADBC_REDSHIFT_OPTION_SSO_LISTEN_PORT "adbc.redshift.sso.listen_port"

/** Keep tokens in `~/.aws/sso/cache`, shared with the AWS CLI, or in this process only. */
#define ADBC_REDSHIFT_OPTION_SSO_TOKEN_CACHE "adbc.redshift.sso.token_cache"

/** Name that the sign-in page shows for the application. */
#define ADBC_REDSHIFT_OPTION_SSO_CLIENT_NAME "adbc.redshift.sso.client_name"

/** The profiles that can sign in by SSO, as JSON. Read only; uses no network. */
#define ADBC_REDSHIFT_OPTION_SSO_PROFILES "adbc.redshift.sso.profiles"

/** The accounts that the signed-in person may use, as JSON. Read only. */
#define ADBC_REDSHIFT_OPTION_SSO_ACCOUNTS "adbc.redshift.sso.accounts"

/** The roles that the signed-in person may use in `sso.account_id`, as JSON. Read only. */
#define ADBC_REDSHIFT_OPTION_SSO_ROLES "adbc.redshift.sso.roles"

/** Where the person who is waited for has to sign in. Read only, while a connection waits. */
#define ADBC_REDSHIFT_OPTION_SSO_VERIFICATION_URI "adbc.redshift.sso.verification_uri"

/** The code that the sign-in page shows. Read only, while a connection waits. */
#define ADBC_REDSHIFT_OPTION_SSO_USER_CODE "adbc.redshift.sso.user_code"

/** `verify-full` checks certificate chain and name, `verify-ca` the chain only, `require` encrypts without checking, `disable` sends everything, the password included, in clear text. */
#define ADBC_REDSHIFT_OPTION_TLS_MODE "adbc.redshift.tls.mode"

/** PEM file of root certificates that replace the bundled and the system's roots. */
#define ADBC_REDSHIFT_OPTION_TLS_ROOT_CERT "adbc.redshift.tls.root_cert"

/** Name that the certificate must carry instead of `target.host`, for tunnels and aliases. */
#define ADBC_REDSHIFT_OPTION_TLS_SERVER_NAME "adbc.redshift.tls.server_name"

/** Lowest TLS version accepted. */
#define ADBC_REDSHIFT_OPTION_TLS_MIN_VERSION "adbc.redshift.tls.min_version"

/** Seconds without traffic before the first TCP keepalive probe; 0 turns keepalive off. Firewalls and load balancers drop connections that are silent for minutes while a query runs. */
#define ADBC_REDSHIFT_OPTION_SESSION_KEEPALIVE_IDLE_SECONDS "adbc.redshift.session.keepalive_idle_seconds"

/** Seconds between keepalive probes. */
#define ADBC_REDSHIFT_OPTION_SESSION_KEEPALIVE_INTERVAL_SECONDS "adbc.redshift.session.keepalive_interval_seconds"

/** Unanswered probes after which the connection counts as lost. */
#define ADBC_REDSHIFT_OPTION_SESSION_KEEPALIVE_COUNT "adbc.redshift.session.keepalive_count"

/** Seconds without use after which the driver closes the connection, an open transaction included; 0 never does. A result that is not read to its end counts as use. Applies to connections made afterwards. */
#define ADBC_REDSHIFT_OPTION_SESSION_IDLE_TIMEOUT_SECONDS "adbc.redshift.session.idle_timeout_seconds"

/** Query group of statements, for the queues of workload management and for system views. Set on a statement, it applies to that one alone. */
#define ADBC_REDSHIFT_OPTION_SESSION_QUERY_GROUP "adbc.redshift.session.query_group"

/** Name that the server's connection log shows. Applies to connections made afterwards. */
#define ADBC_REDSHIFT_OPTION_SESSION_APPLICATION_NAME "adbc.redshift.session.application_name"

/** Rows in a record batch, at most. */
#define ADBC_REDSHIFT_OPTION_RESULT_BATCH_ROWS "adbc.redshift.result.batch_rows"

/** Bytes of values in a record batch, at most; one row always fits. */
#define ADBC_REDSHIFT_OPTION_RESULT_BATCH_BYTES "adbc.redshift.result.batch_bytes"

/** Wire format of results. `text` saves a round trip on statements that are not prepared; `binary` (today's `auto`) uses it for each type where it is safe at the negotiated protocol version. */
#define ADBC_REDSHIFT_OPTION_RESULT_FORMAT "adbc.redshift.result.format"

/** Bytes of another statement's open result that may be held in memory so that this statement can run; past that, this statement fails and the open result stays intact. */
#define ADBC_REDSHIFT_OPTION_RESULT_BUFFER_BYTES "adbc.redshift.result.buffer_bytes"

/** Seconds from the start of a query to its last row, after which it is cancelled and fails with `Timeout`; 0 sets no limit. The connection stays usable. */
#define ADBC_REDSHIFT_OPTION_RESULT_QUERY_TIMEOUT_SECONDS "adbc.redshift.result.query_timeout_seconds"

/** Redshift's id of the statement's last query, as in system views. Read only; asks the server when read. */
#define ADBC_REDSHIFT_OPTION_STATEMENT_QUERY_ID "adbc.redshift.statement.query_id"

/** Length in bytes of the VARCHAR columns that an ingest makes: a number from 1 to 65535, `max`, or `measured`, which reads all data into memory to find the longest value of each column. */
#define ADBC_REDSHIFT_OPTION_INGEST_VARCHAR_LENGTH "adbc.redshift.ingest.varchar_length"

/** SQL types of columns that an ingest makes, as a JSON object: `{"name": "VARCHAR(20)"}`. Columns without one get the type of their Arrow type. */
#define ADBC_REDSHIFT_OPTION_INGEST_COLUMN_TYPES "adbc.redshift.ingest.column_types"

/** Column that distributes the rows of a table that an ingest makes. */
#define ADBC_REDSHIFT_OPTION_INGEST_DIST_KEY "adbc.redshift.ingest.dist_key"

/** Columns that sort a table that an ingest makes: a comma list, or a JSON array of names. */
#define ADBC_REDSHIFT_OPTION_INGEST_SORT_KEY "adbc.redshift.ingest.sort_key"

/** Whether an ingest outside of a transaction is one transaction, so that a failure leaves nothing behind. With `false` the table is made, and each batch stays, as it comes. */
#define ADBC_REDSHIFT_OPTION_INGEST_TRANSACTION "adbc.redshift.ingest.transaction"

/** What the driver logs: `info` logins, `debug` AWS calls, connection steps and statements too, `trace` their text as well; never parameters and secrets. One log serves the process: the database initialized last with this option decides. */
#define ADBC_REDSHIFT_OPTION_LOG_LEVEL "adbc.redshift.log.level"

/** File to append the log to, instead of standard error. */
#define ADBC_REDSHIFT_OPTION_LOG_FILE "adbc.redshift.log.file"

/** Form of a line of the log. */
#define ADBC_REDSHIFT_OPTION_LOG_FORMAT "adbc.redshift.log.format"

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Fills a driver table: the entry point of this library for ADBC driver managers, and for programs that link it next
 * to other drivers.
 *
 * - `version` is the ADBC version of the table: `ADBC_VERSION_1_1_0` (1001000), or `ADBC_VERSION_1_0_0` (1000000),
 *   which fills only the part that ADBC 1.0.0 has. For any other version the call returns
 *   `ADBC_STATUS_NOT_IMPLEMENTED` and touches nothing; ask again with one of these two.
 * - `driver` points to a `struct AdbcDriver` of the caller's, which is overwritten. The table holds no memory of the
 *   driver's; its `release` may be called any number of times. NULL is refused with `ADBC_STATUS_INVALID_ARGUMENT`.
 * - `error` may be NULL. Otherwise it is zeroed or made by `ADBC_ERROR_INIT`; the caller calls its `release`.
 *
 * May be called from any thread, any number of times. A panic inside the driver never leaves it: the call that met it
 * returns `ADBC_STATUS_INTERNAL`.
 */
uint8_t AdbcDriverRedshiftInit(int version,
                               void *driver,
                               struct AdbcError *error);

/**
 * The same function under the name that driver managers try last.
 *
 * Every ADBC driver exports it, so a program that links several must call `AdbcDriverRedshiftInit`.
 */
uint8_t AdbcDriverInit(int version, void *driver, struct AdbcError *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ADBC_DRIVER_REDSHIFT_H */
