//! The current catalog and schema, set and asked for.

use adbc_core::error::Status;
use adbc_core::options::{OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Optionable as _};
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;

use crate::support::{SANDBOX, connect, driver, execute, query};

fn set(
    connection: &mut ManagedConnection,
    key: OptionConnection,
    value: &str,
) -> adbc_core::error::Result<()> {
    connection.set_option(key, OptionValue::from(value))
}

fn get(connection: &ManagedConnection, key: OptionConnection) -> String {
    connection.get_option_string(key).unwrap()
}

#[test]
fn the_current_schema_resolves_plain_names() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for name in ["current_one", "\"it's \"\"odd\"\"\""] {
        execute(&mut connection, &format!("DROP SCHEMA IF EXISTS {name} CASCADE"));
        execute(&mut connection, &format!("CREATE SCHEMA {name}"));
    }
    execute(&mut connection, "CREATE TABLE current_one.only_here (a int)");
    set(&mut connection, OptionConnection::CurrentSchema, "current_one").unwrap();
    assert_eq!(get(&connection, OptionConnection::CurrentSchema), "current_one");
    assert_eq!(connection.get_table_schema(None, None, "only_here").unwrap().fields().len(), 1);
    set(&mut connection, OptionConnection::CurrentSchema, "it's \"odd\"").unwrap();
    assert_eq!(get(&connection, OptionConnection::CurrentSchema), "it's \"odd\"");
}

#[test]
fn a_missing_schema_changes_nothing() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    for name in ["no_such_schema", "", "%", "publi_", "public\"; drop table x; --"] {
        let error = set(&mut connection, OptionConnection::CurrentSchema, name).unwrap_err();
        assert_eq!(error.status, Status::NotFound, "{name}: {error}");
        assert!(error.message.contains(name), "{error}");
    }
    assert_eq!(get(&connection, OptionConnection::CurrentSchema), "public");
}

#[test]
fn names_fold_as_the_session_says() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE SCHEMA IF NOT EXISTS folded");
    execute(&mut connection, "CREATE SCHEMA IF NOT EXISTS \"Kept\"");
    set(&mut connection, OptionConnection::CurrentSchema, "FOLDED").unwrap();
    assert_eq!(get(&connection, OptionConnection::CurrentSchema), "folded");
    execute(&mut connection, "SET enable_case_sensitive_identifier TO true");
    set(&mut connection, OptionConnection::CurrentSchema, "Kept").unwrap();
    assert_eq!(get(&connection, OptionConnection::CurrentSchema), "Kept");
    let error = set(&mut connection, OptionConnection::CurrentSchema, "FOLDED").unwrap_err();
    assert_eq!(error.status, Status::NotFound);
}

#[test]
fn a_session_keeps_its_database() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    set(&mut connection, OptionConnection::CurrentCatalog, "dev").unwrap();
    let error = set(&mut connection, OptionConnection::CurrentCatalog, "elsewhere").unwrap_err();
    assert_eq!(error.status, Status::NotImplemented);
    for words in ["'dev'", "new connection", "three-part names"] {
        assert!(error.message.contains(words), "{error}");
    }
    assert_eq!(get(&connection, OptionConnection::CurrentCatalog), "dev");
}

#[test]
fn what_is_set_before_the_login_is_applied_by_it() {
    execute(&mut connect(&SANDBOX.uri(), &[]), "CREATE SCHEMA IF NOT EXISTS set_early");
    let uri = (OptionDatabase::Uri, OptionValue::from(SANDBOX.uri().as_str()));
    let database = driver().new_database_with_opts([uri]).unwrap();
    let open = |schema: &str, catalog: &str| {
        database.new_connection_with_opts([
            (OptionConnection::CurrentSchema, OptionValue::from(schema)),
            (OptionConnection::CurrentCatalog, OptionValue::from(catalog)),
        ])
    };
    let connection = open("set_early", "dev").unwrap();
    assert_eq!(get(&connection, OptionConnection::CurrentSchema), "set_early");
    assert_eq!(open("no_such_schema", "dev").err().unwrap().status, Status::NotFound);
}

#[test]
fn a_catalog_set_before_the_login_is_the_database_connected_to() {
    execute(&mut connect(&SANDBOX.uri(), &[]), "CREATE DATABASE early_catalog");
    let uri = (OptionDatabase::Uri, OptionValue::from(SANDBOX.uri().as_str()));
    let database = driver().new_database_with_opts([uri]).unwrap();
    let open = |catalog: &str| {
        database.new_connection_with_opts([(OptionConnection::CurrentCatalog, OptionValue::from(catalog))])
    };
    let mut connection = open("early_catalog").unwrap();
    assert_eq!(get(&connection, OptionConnection::CurrentCatalog), "early_catalog");
    let (_, rows) = query(&mut connection, "SELECT current_database()::VARCHAR");
    assert_eq!(rows[0].column(0).as_string::<i32>().value(0), "early_catalog");
    let error = open("no_such_catalog").err().unwrap();
    assert_eq!(error.status, Status::NotFound, "{error}");
    assert!(error.message.contains("no_such_catalog"), "{error}");
}
