"""Logs in by the SSO profile and flow given; prints the user that the database saw, or the error's status."""

import os

from adbc_driver_redshift import dbapi

kwargs = {
    "adbc.redshift.target.database": os.environ["TEST_DATABASE"],
    "adbc.redshift.target.cluster_identifier": os.environ["TEST_CLUSTER"],
    "username": os.environ["TEST_USER"],
    "adbc.redshift.tls.root_cert": os.environ["TEST_CA_FILE"],
    "adbc.redshift.aws.region": os.environ["TEST_REGION"],
    "adbc.redshift.aws.endpoint_url": os.environ["TEST_AWS_ENDPOINT_URL"],
    "adbc.redshift.sso.profile": os.environ["TEST_PROFILE"],
    "adbc.redshift.sso.flow": os.environ["TEST_FLOW"],
    "adbc.redshift.sso.open_browser": "false",
    "adbc.redshift.sso.token_cache": "shared",
}
try:
    with dbapi.connect(db_kwargs=kwargs) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user::VARCHAR(128)")
        print(cursor.fetchone()[0])
except dbapi.Error as error:
    print(error.status_code.name)
