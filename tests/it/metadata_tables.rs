//! GetTableSchema: exact types, nullability, and every way to name a table.

use adbc_core::Connection as _;
use adbc_core::error::Status;
use arrow_schema::{DataType, TimeUnit};
use redshift_sandbox::SandboxConfig;

use crate::support::{SANDBOX, connect, execute, query, sandbox};

#[test]
fn a_table_schema_is_that_of_a_query_but_for_nullability() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "DROP SCHEMA IF EXISTS described CASCADE");
    execute(&mut connection, "CREATE SCHEMA described");
    let ddl = "CREATE TABLE described.\"odd \"\".name\" (id bigint IDENTITY(1, 1) NOT NULL, \"Price \"\"x\" numeric(8,2), \
               label varchar(25) NOT NULL, at timestamptz)";
    execute(&mut connection, ddl);
    let schema = connection.get_table_schema(Some("dev"), Some("described"), "odd \".name").unwrap();
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type().clone(), field.is_nullable()))
        .collect();
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(
        fields,
        [
            ("id", DataType::Int64, false),
            ("Price \"x", DataType::Decimal128(8, 2), true),
            ("label", DataType::Utf8, false),
            ("at", zoned, true),
        ]
    );
    let (selected, _) = query(&mut connection, "SELECT * FROM described.\"odd \"\".name\"");
    for (described, selected) in schema.fields().iter().zip(selected.fields()) {
        assert_eq!(described.metadata()["REDSHIFT:type"], selected.metadata()["REDSHIFT:type"]);
    }
    // As often as one likes, with the names that a filter may leave out.
    for (catalog, db_schema) in [(None, Some("described")), (Some("dev"), Some("described"))] {
        assert_eq!(connection.get_table_schema(catalog, db_schema, "odd \".name").unwrap(), schema);
    }
}

#[test]
fn every_protocol_version_tells_nullability() {
    for max_protocol in [0, 1, 3] {
        let sandbox = sandbox(SandboxConfig { max_protocol, ..SandboxConfig::default() });
        let mut connection = connect(&sandbox.uri(), &[]);
        execute(&mut connection, "CREATE TABLE versioned (id int NOT NULL, label varchar(5))");
        let schema = connection.get_table_schema(None, None, "versioned").unwrap();
        let nullable: Vec<_> = schema.fields().iter().map(|field| field.is_nullable()).collect();
        assert_eq!(nullable, [false, true], "version {max_protocol}");
    }
}

#[test]
fn tables_of_other_databases_are_named_in_three_parts() {
    let connection = connect(&SANDBOX.uri(), &[]);
    let schema = connection.get_table_schema(Some("sales_share"), Some("retail"), "orders").unwrap();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["order_id", "amount", "placed"]);
    assert!(!schema.field(0).is_nullable());
    let error = connection.get_table_schema(Some("sales_share"), None, "orders").unwrap_err();
    assert_eq!(error.status, Status::InvalidArguments);
    let schema = connection.get_table_schema(None, Some("spectrum"), "events").unwrap();
    assert_eq!(schema.field(3).data_type(), &DataType::Decimal128(8, 2));
}

#[test]
fn the_current_catalog_may_stand_without_a_schema() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE pathless (a int)");
    assert_eq!(connection.get_table_schema(Some("dev"), None, "pathless").unwrap().fields().len(), 1);
}

#[test]
fn what_is_missing_is_not_found() {
    let connection = connect(&SANDBOX.uri(), &[]);
    for (catalog, db_schema, table) in [
        (None, None, "nothing"),
        (None, Some("no such schema"), "t"),
        (Some("dev"), Some("public"), "a\"; DROP TABLE b"),
    ] {
        let error = connection.get_table_schema(catalog, db_schema, table).unwrap_err();
        assert_eq!(error.status, Status::NotFound, "{error}");
    }
}
