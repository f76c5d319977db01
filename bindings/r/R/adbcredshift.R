# The driver and the methods by which adbcdrivermanager makes its databases, connections and statements.

#' ADBC driver for Amazon Redshift
#'
#' `adbcredshift()` loads the driver library. Give the driver to
#' [adbcdrivermanager::adbc_database_init()], and go on as with every ADBC driver. The options that most people
#' need are arguments of the methods below; every other option of the driver goes into `...` by its full name, for
#' example `adbc.redshift.session.application_name = "report"`. The driver's README lists them all. `TRUE`, `FALSE`
#' and numbers are turned into text; `NULL` leaves an option unset.
#'
#' @section Where the library is found:
#' The first of these that there is:
#' 1. the argument `library`, or the environment variable `ADBC_REDSHIFT_LIBRARY`: the path of the library. A path
#'    that does not exist is an error.
#' 2. the folder `lib` of this package, when it was installed with a library in `inst/lib`.
#' 3. the driver manifest `redshift.toml`, which `make install` writes into the user's or the system's ADBC folder
#'    (needs a version of adbcdrivermanager that reads manifests).
#' 4. the path of the system's loader.
#'
#' @section Logging in:
#' The options that are set decide the method; `adbc.redshift.auth.method` states it. No network is used before
#' [adbcdrivermanager::adbc_connection_init()].
#' - `password`: `uri`, or `adbc.redshift.target.host`, `adbc.redshift.target.database`, `username` and `password`.
#' - `iam`, temporary database credentials from AWS credentials: `adbc.redshift.target.database` with
#'   `adbc.redshift.target.cluster_identifier` or `adbc.redshift.target.workgroup`, and `adbc.redshift.aws.region`;
#'   credentials by `adbc.redshift.aws.profile`, by `adbc.redshift.aws.access_key_id` and
#'   `adbc.redshift.aws.secret_access_key`, or, with neither, from the default AWS chain
#'   (`adbc.redshift.auth.method = "iam"`).
#' - `sso`, the same with a person's sign-in at AWS IAM Identity Center: the target as for `iam`, and
#'   `adbc.redshift.sso.profile`, or `adbc.redshift.sso.start_url`, `adbc.redshift.sso.region`,
#'   `adbc.redshift.sso.account_id` and `adbc.redshift.sso.role_name`.
#'
#' @param library Path of the driver library; `NULL` finds it as told below.
#' @param driver A driver from `adbcredshift()`.
#' @param database A database from [adbcdrivermanager::adbc_database_init()].
#' @param connection A connection from [adbcdrivermanager::adbc_connection_init()].
#' @param ... Further options by their full names.
#' @param uri Connection URI, `redshift://user:password@host:5439/database`.
#' @param username Database user.
#' @param password Password of the database user; it needs no escaping here.
#' @param adbc.redshift.auth.method How to log in: `"auto"` (the default), `"password"`, `"iam"` or `"sso"`.
#' @param adbc.redshift.target.host Endpoint of the cluster or workgroup. With IAM and SSO, AWS is asked for it when
#'   not given.
#' @param adbc.redshift.target.port TCP port; 5439 when not given.
#' @param adbc.redshift.target.database Database to open.
#' @param adbc.redshift.target.cluster_identifier Provisioned cluster, for IAM and SSO.
#' @param adbc.redshift.target.workgroup Serverless workgroup, for IAM and SSO.
#' @param adbc.redshift.aws.region Region of the cluster or workgroup.
#' @param adbc.redshift.aws.profile Profile of `~/.aws/config` and `~/.aws/credentials`.
#' @param adbc.redshift.aws.access_key_id,adbc.redshift.aws.secret_access_key,adbc.redshift.aws.session_token AWS
#'   access keys; the token with temporary ones.
#' @param adbc.redshift.aws.role_arn Role to assume with the AWS credentials found.
#' @param adbc.redshift.iam.db_groups Database groups to join, separated by commas.
#' @param adbc.redshift.iam.auto_create `TRUE` creates the database user when it does not exist.
#' @param adbc.redshift.sso.profile Profile with `sso_session` or `sso_start_url` settings.
#' @param adbc.redshift.sso.start_url,adbc.redshift.sso.region AWS access portal, and the region of IAM Identity
#'   Center.
#' @param adbc.redshift.sso.account_id,adbc.redshift.sso.role_name AWS account (12 digits, as text) and permission
#'   set to log in to.
#' @param adbc.redshift.sso.flow How to sign in: `"auto"` (the default), `"pkce"` (a browser on this machine),
#'   `"device"` (a code for any device) or `"cached_only"` (never asks).
#' @param adbc.redshift.tls.mode `"verify-full"` (the default), `"verify-ca"`, `"require"` or `"disable"`.
#' @param adbc.redshift.tls.root_cert PEM file of root certificates.
#' @param adbc.connection.autocommit `FALSE` opens a transaction; commit it with
#'   [adbcdrivermanager::adbc_connection_commit()].
#' @param adbc.connection.readonly `TRUE` refuses statements that write.
#' @param adbc.ingest.target_table Table to write the bound data into.
#' @param adbc.ingest.target_db_schema Schema of that table.
#' @param adbc.ingest.mode `"adbc.ingest.mode.create"` (the default), `"adbc.ingest.mode.append"`,
#'   `"adbc.ingest.mode.replace"` or `"adbc.ingest.mode.create_append"`.
#' @param adbc.ingest.temporary `TRUE` makes a temporary table.
#' @param adbc.redshift.result.query_timeout_seconds Seconds after which a query is cancelled.
#' @param adbc.redshift.result.batch_rows Rows in a batch of the result, at most.
#'
#' @return `adbcredshift()` returns an [adbcdrivermanager::adbc_driver()]; the methods return what their generics
#'   return.
#' @export
#'
#' @examples
#' \dontrun{
#' library(adbcdrivermanager)
#'
#' # User and password
#' db <- adbc_database_init(adbcredshift(), uri = "redshift://user:password@host:5439/dev")
#' con <- adbc_connection_init(db)
#' as.data.frame(read_adbc(con, "SELECT 1 AS one"))
#' write_adbc(mtcars, con, "mtcars", mode = "create")
#' adbc_connection_release(con)
#' adbc_database_release(db)
#'
#' # IAM: AWS keys of a profile, or of the default chain with adbc.redshift.auth.method = "iam"
#' db <- adbc_database_init(
#'   adbcredshift(),
#'   username = "analyst",
#'   adbc.redshift.target.cluster_identifier = "my-cluster",
#'   adbc.redshift.target.database = "dev",
#'   adbc.redshift.aws.region = "eu-west-1",
#'   adbc.redshift.aws.profile = "analytics"
#' )
#'
#' # AWS SSO: a browser opens when nobody is signed in
#' db <- adbc_database_init(
#'   adbcredshift(),
#'   adbc.redshift.target.workgroup = "my-workgroup",
#'   adbc.redshift.target.database = "dev",
#'   adbc.redshift.aws.region = "eu-west-1",
#'   adbc.redshift.sso.profile = "analytics"
#' )
#' }
adbcredshift <- function(library = NULL) {
  path <- library_path(library)
  if (is.null(path)) open_installed_driver() else open_driver(path)
}

#' @rdname adbcredshift
#' @importFrom adbcdrivermanager adbc_database_init
#' @export
adbc_database_init.adbcredshift_driver_redshift <- function(driver, ...,
                                                            uri = NULL,
                                                            username = NULL,
                                                            password = NULL,
                                                            adbc.redshift.auth.method = NULL,
                                                            adbc.redshift.target.host = NULL,
                                                            adbc.redshift.target.port = NULL,
                                                            adbc.redshift.target.database = NULL,
                                                            adbc.redshift.target.cluster_identifier = NULL,
                                                            adbc.redshift.target.workgroup = NULL,
                                                            adbc.redshift.aws.region = NULL,
                                                            adbc.redshift.aws.profile = NULL,
                                                            adbc.redshift.aws.access_key_id = NULL,
                                                            adbc.redshift.aws.secret_access_key = NULL,
                                                            adbc.redshift.aws.session_token = NULL,
                                                            adbc.redshift.aws.role_arn = NULL,
                                                            adbc.redshift.iam.db_groups = NULL,
                                                            adbc.redshift.iam.auto_create = NULL,
                                                            adbc.redshift.sso.profile = NULL,
                                                            adbc.redshift.sso.start_url = NULL,
                                                            adbc.redshift.sso.region = NULL,
                                                            adbc.redshift.sso.account_id = NULL,
                                                            adbc.redshift.sso.role_name = NULL,
                                                            adbc.redshift.sso.flow = NULL,
                                                            adbc.redshift.tls.mode = NULL,
                                                            adbc.redshift.tls.root_cert = NULL) {
  options <- method_options(environment(), "driver", ...)
  adbcdrivermanager::adbc_database_init_default(driver, options, subclass = "adbcredshift_database")
}

#' @rdname adbcredshift
#' @importFrom adbcdrivermanager adbc_connection_init
#' @export
adbc_connection_init.adbcredshift_database <- function(database, ...,
                                                       adbc.connection.autocommit = NULL,
                                                       adbc.connection.readonly = NULL) {
  options <- method_options(environment(), "database", ...)
  adbcdrivermanager::adbc_connection_init_default(database, options, subclass = "adbcredshift_connection")
}

#' @rdname adbcredshift
#' @importFrom adbcdrivermanager adbc_statement_init
#' @export
adbc_statement_init.adbcredshift_connection <- function(connection, ...,
                                                        adbc.ingest.target_table = NULL,
                                                        adbc.ingest.target_db_schema = NULL,
                                                        adbc.ingest.mode = NULL,
                                                        adbc.ingest.temporary = NULL,
                                                        adbc.redshift.result.query_timeout_seconds = NULL,
                                                        adbc.redshift.result.batch_rows = NULL) {
  options <- method_options(environment(), "connection", ...)
  adbcdrivermanager::adbc_statement_init_default(connection, options, subclass = "adbcredshift_statement")
}
