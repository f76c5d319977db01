//! What the driver asks of the server, as the sandbox recorded it: protocol version, formats, authentication.

use adbc_core::Statement as _;
use redshift_sandbox::{AuthMode, SandboxConfig, SessionRecord};

use crate::support::{SANDBOX, connect, execute, query, sandbox, statement};

fn last_session(sandbox: &redshift_sandbox::Sandbox) -> SessionRecord {
    sandbox.sessions().pop().expect("a session was recorded")
}

#[test]
fn the_driver_asks_for_version_3_and_follows_the_server_down_to_0() {
    let sandbox = sandbox(SandboxConfig::default());
    for granted in 0..=3 {
        let mut connection = connect(&sandbox.uri_at_protocol(granted).unwrap(), &[]);
        execute(
            &mut connection,
            "CREATE TEMP TABLE formats (i INTEGER NOT NULL, n NUMERIC(8,2), d DATE, s VARCHAR(10), u REAL)",
        );
        query(&mut connection, "SELECT * FROM formats");
        let session = last_session(&sandbox);
        assert_eq!(session.parameter("client_protocol_version"), Some("3"));
        assert!(session.parameter("driver_version").is_some_and(|version| version.contains("ADBC")));
        assert_eq!((session.protocol, session.tls), (granted, true));
        let formats = &session.binds.back().expect("a Bind was recorded").result_formats;
        let expected = if granted >= 2 { [1, 1, 1, 1, 1] } else { [1, 0, 0, 1, 1] };
        assert_eq!(formats, &expected, "binary is asked for where it is safe at version {granted}");
    }
}

#[test]
fn where_a_column_comes_from_is_told_from_version_1_on() {
    execute(&mut connect(&SANDBOX.uri(), &[]), "CREATE TABLE origins (i INTEGER NOT NULL)");
    for (granted, told) in [(0, None), (1, Some("origins")), (3, Some("origins"))] {
        let mut connection = connect(&SANDBOX.uri_at_protocol(granted).unwrap(), &[]);
        let (schema, _) = query(&mut connection, "SELECT i AS label FROM origins");
        let field = schema.field(0);
        assert_eq!(field.metadata().get("REDSHIFT:table").map(String::as_str), told);
        assert_eq!(field.metadata().get("REDSHIFT:column").map(String::as_str), told.map(|_| "i"));
        assert!(field.is_nullable(), "an outer join can make any column of a result NULL");
    }
}

#[test]
fn text_results_and_prepared_statements_ask_for_no_more_than_they_need() {
    let sandbox = sandbox(SandboxConfig::default());
    let mut connection = connect(&sandbox.uri(), &[("adbc.redshift.result.format", "text")]);
    query(&mut connection, "SELECT 1::INTEGER");
    assert!(
        last_session(&sandbox)
            .binds
            .back()
            .is_some_and(|bind| bind.result_formats.iter().all(|&code| code == 0))
    );
    let mut prepared = statement(&mut connection, "SELECT 2::INTEGER");
    prepared.prepare().unwrap();
    prepared.execute_update().unwrap();
    assert!(last_session(&sandbox).binds.back().is_some_and(|bind| !bind.statement.is_empty()));
}

#[test]
fn every_password_authentication_logs_in_and_refuses_a_wrong_password() {
    for auth in [AuthMode::Cleartext, AuthMode::Digest, AuthMode::Md5] {
        let sandbox = sandbox(SandboxConfig { auth, ..SandboxConfig::default() });
        connect(&sandbox.uri(), &[]);
        let error = crate::support::try_connect(&sandbox.uri(), &[("password", "planted")]).err().unwrap();
        assert_eq!(error.status, adbc_core::error::Status::Unauthenticated, "{auth:?}: {error}");
        assert!(!format!("{error:?}").contains("planted"), "{error}");
    }
}
