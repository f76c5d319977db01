//! GetObjects: depths, filters, kinds of tables, constraints, other databases.

use adbc_core::error::Status;
use adbc_core::options::{ObjectDepth, OptionConnection, OptionValue};
use adbc_core::{Connection as _, Optionable as _, Statement as _};
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use redshift_sandbox::SandboxConfig;

use crate::objects::{Catalog, Constraint, Filters, Schema, Table, objects, tables};
use crate::support::{SANDBOX, connect, execute, sandbox, statement};

/// A connection, and a schema of its own with these statements run in it.
fn schema(name: &str, statements: &[&str]) -> ManagedConnection {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, &format!("DROP SCHEMA IF EXISTS {name} CASCADE"));
    execute(&mut connection, &format!("CREATE SCHEMA {name}"));
    for statement in statements {
        execute(&mut connection, statement);
    }
    connection
}

fn at(db_schema: &str) -> Filters<'_> {
    Filters { catalog: Some("dev"), db_schema: Some(db_schema), ..Filters::default() }
}

fn catalog_names(catalogs: &[Catalog]) -> Vec<&str> {
    catalogs.iter().map(|catalog| catalog.name.as_str()).collect()
}

fn schemas(catalogs: &[Catalog], name: &str) -> Vec<Schema> {
    catalogs.iter().find(|catalog| catalog.name == name).unwrap().schemas.clone().unwrap()
}

fn schema_names(catalogs: &[Catalog], name: &str) -> Vec<String> {
    schemas(catalogs, name).into_iter().map(|schema| schema.name).collect()
}

/// Names and types of the tables in the only schema of the only catalog.
fn listed(connection: &ManagedConnection, filters: Filters<'_>) -> Vec<(String, String)> {
    let catalogs = objects(connection, ObjectDepth::Tables, filters).unwrap();
    let [Catalog { schemas: Some(schemas), .. }] = &catalogs[..] else { panic!("{catalogs:?}") };
    let [Schema { tables: Some(tables), .. }] = &schemas[..] else { panic!("{schemas:?}") };
    tables.iter().map(|table| (table.name.clone(), table.table_type.clone())).collect()
}

fn column_names(table: &Table) -> Vec<&str> {
    table.columns.as_ref().unwrap().iter().map(|column| column["column_name"].as_str()).collect()
}

#[test]
fn each_depth_shows_its_level_and_null_below() {
    let connection = schema("depths", &["CREATE TABLE depths.t (a int)"]);
    let of = |depth| objects(&connection, depth, at("depths")).unwrap();

    let catalogs = of(ObjectDepth::Catalogs);
    assert_eq!(catalogs, [Catalog { name: "dev".into(), schemas: None }]);

    let only = |catalogs: Vec<Catalog>| catalogs[0].schemas.clone().unwrap();
    assert_eq!(only(of(ObjectDepth::Schemas)), [Schema { name: "depths".into(), tables: None }]);

    let table = |catalogs| only(catalogs)[0].tables.clone().unwrap().remove(0);
    let shallow = table(of(ObjectDepth::Tables));
    assert_eq!((shallow.name.as_str(), shallow.table_type.as_str()), ("t", "TABLE"));
    assert_eq!((shallow.columns, shallow.constraints), (None, None));

    for depth in [ObjectDepth::Columns, ObjectDepth::All] {
        let deep = table(of(depth));
        assert_eq!(column_names(&deep), ["a"]);
        assert_eq!(deep.constraints, Some(vec![]));
    }
}

#[test]
fn patterns_match_names_as_they_are_stored() {
    let connection = schema(
        "patterns",
        &[
            "CREATE TABLE patterns.orders (id int, order_day date)",
            "CREATE TABLE patterns.\"or_ers\" (id int)",
            "CREATE TABLE patterns.\"odd \"\"name's\\x\" (id int)",
            "CREATE TABLE patterns.\"Ünïcode\" (id int)",
        ],
    );
    let names = |pattern| -> Vec<String> {
        let filters = Filters { table: pattern, ..at("patterns") };
        listed(&connection, filters).into_iter().map(|(name, _)| name).collect()
    };
    let all = ["odd \"name's\\x", "or_ers", "orders", "Ünïcode"];
    for pattern in [None, Some("%"), Some("%%")] {
        assert_eq!(names(pattern), all, "{pattern:?}");
    }
    assert_eq!(names(Some("or_ers")), ["or_ers", "orders"]);
    assert_eq!(names(Some("orders")), ["orders"]);
    assert_eq!(names(Some("or%")), ["or_ers", "orders"]);
    assert_eq!(names(Some("%\"name's\\x")), ["odd \"name's\\x"]);
    assert_eq!(names(Some("odd \"name's\\x")), ["odd \"name's\\x"]);
    // There is no escape: the backslash stands for itself.
    assert_eq!(names(Some("or\\_ers")), [""; 0]);
    assert_eq!(names(Some("_nïcode")), ["Ünïcode"]);
    assert_eq!(names(Some("ORDERS")), [""; 0]);
    assert_eq!(names(Some("")), [""; 0]);
    assert_eq!(names(Some("' OR 'a' = 'a")), [""; 0]);
}

#[test]
fn a_column_filter_keeps_the_table() {
    let connection =
        schema("column_filter", &["CREATE TABLE column_filter.t (id int, order_day date, order_id int)"]);
    let names = |pattern| {
        let filters = Filters { column: Some(pattern), ..at("column_filter") };
        let catalogs = objects(&connection, ObjectDepth::All, filters).unwrap();
        let table = schemas(&catalogs, "dev")[0].tables.clone().unwrap().remove(0);
        column_names(&table).join(" ")
    };
    assert_eq!(names("order%"), "order_day order_id");
    assert_eq!(names("_d"), "id");
    assert_eq!(names("nothing"), "");
}

#[test]
fn what_matches_without_children_stays_with_an_empty_list() {
    let connection = schema("childless", &[]);
    assert_eq!(listed(&connection, at("childless")), []);
    let none = objects(&connection, ObjectDepth::All, at("no such schema")).unwrap();
    assert_eq!(none, [Catalog { name: "dev".into(), schemas: Some(vec![]) }]);
    // Redshift has no object without a schema or catalog.
    let none = objects(&connection, ObjectDepth::All, at("")).unwrap();
    assert_eq!(none, [Catalog { name: "dev".into(), schemas: Some(vec![]) }]);
    for catalog in ["no such database", "", "DEV"] {
        let filters = Filters { catalog: Some(catalog), ..Filters::default() };
        for depth in [ObjectDepth::Catalogs, ObjectDepth::Schemas, ObjectDepth::Tables, ObjectDepth::All] {
            assert_eq!(objects(&connection, depth, filters).unwrap(), [], "{catalog}");
        }
    }
}

#[test]
fn types_of_tables_are_told_apart_and_filtered() {
    let connection = schema(
        "kinds",
        &[
            "CREATE TABLE kinds.base (a int)",
            "CREATE VIEW kinds.bound AS SELECT a FROM kinds.base",
            "CREATE VIEW kinds.late AS SELECT a FROM kinds.base WITH NO SCHEMA BINDING",
            "CREATE MATERIALIZED VIEW kinds.stored AS SELECT a FROM kinds.base",
        ],
    );
    let pairs = |types: &[&str]| {
        let filters = Filters { table_types: Some(types), ..at("kinds") };
        listed(&connection, filters)
            .into_iter()
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(pairs(&["TABLE"]), ["base TABLE"]);
    assert_eq!(pairs(&["VIEW"]), ["bound VIEW", "late VIEW", "stored VIEW"]);
    assert_eq!(pairs(&["VIEW", "TABLE", "INDEX"]).len(), 4);
    assert_eq!(pairs(&["table"]), [""; 0]);
    assert_eq!(pairs(&["it's"]), [""; 0]);
    assert_eq!(listed(&connection, at("kinds")).len(), 4);
}

#[test]
fn late_binding_and_materialized_views_have_columns() {
    let connection = schema(
        "viewed",
        &[
            "CREATE TABLE viewed.base (a int NOT NULL, b varchar(7))",
            "CREATE VIEW viewed.late AS SELECT b, a FROM viewed.base WITH NO SCHEMA BINDING",
            "CREATE MATERIALIZED VIEW viewed.stored AS SELECT b FROM viewed.base",
        ],
    );
    let tables = tables(&connection, "viewed");
    let late = tables.iter().find(|table| table.name == "late").unwrap();
    assert_eq!(column_names(late), ["b", "a"]);
    let column = &late.columns.as_ref().unwrap()[0];
    assert_eq!((column["xdbc_type_name"].as_str(), column["xdbc_column_size"].as_str()), ("VARCHAR", "7"));
    let stored = tables.iter().find(|table| table.name == "stored").unwrap();
    assert_eq!(column_names(stored), ["b"]);
}

#[test]
fn external_schemas_are_listed_with_their_tables_and_columns() {
    let connection = connect(&SANDBOX.uri(), &[]);
    let tables = tables(&connection, "spectrum");
    assert_eq!((tables[0].name.as_str(), tables[0].table_type.as_str()), ("events", "EXTERNAL TABLE"));
    let columns = tables[0].columns.as_ref().unwrap();
    let types: Vec<_> = columns.iter().map(|column| column["xdbc_type_name"].as_str()).collect();
    assert_eq!(types, ["INTEGER", "VARCHAR", "VARCHAR", "NUMERIC", "TIMESTAMP"]);
    let sizes: Vec<_> = columns.iter().map(|column| column["xdbc_column_size"].as_str()).collect();
    assert_eq!(sizes, ["10", "20", "65535", "8", "26"]);
    let filters = Filters { table_types: Some(&["TABLE"]), ..at("spectrum") };
    assert_eq!(listed(&connection, filters), []);
    let filters = Filters { table_types: Some(&["EXTERNAL TABLE"]), ..at("spectrum") };
    assert_eq!(listed(&connection, filters).len(), 1);
}

#[test]
fn datashares_are_catalogs_of_their_own() {
    let connection = connect(&SANDBOX.uri(), &[]);
    let all = objects(&connection, ObjectDepth::Catalogs, Filters::default()).unwrap();
    assert_eq!(all[0].name, "dev", "the current database comes first");
    assert!(catalog_names(&all).contains(&"sales_share"));
    let filters = Filters { catalog: Some("sales%"), ..Filters::default() };
    let catalogs = objects(&connection, ObjectDepth::All, filters).unwrap();
    let schemas = schemas(&catalogs, "sales_share");
    assert_eq!(schemas.iter().map(|schema| schema.name.as_str()).collect::<Vec<_>>(), ["retail"]);
    let table = &schemas[0].tables.as_ref().unwrap()[0];
    assert_eq!((table.name.as_str(), table.table_type.as_str()), ("orders", "SHARED TABLE"));
    assert_eq!(table.constraints, None, "they are not known");
    let columns = table.columns.as_ref().unwrap();
    assert_eq!(columns[0]["xdbc_is_nullable"], "NO");
    assert_eq!(columns[1]["xdbc_type_name"], "NUMERIC");
    assert_eq!(
        (columns[1]["xdbc_column_size"].as_str(), columns[1]["xdbc_decimal_digits"].as_str()),
        ("12", "2")
    );
}

/// What is listed of the datashare, and by how many queries.
fn shared(show_discovery: Option<u32>, filters: Filters<'_>) -> (Vec<Catalog>, u64) {
    let sandbox = sandbox(SandboxConfig { show_discovery, ..SandboxConfig::default() });
    let connection = connect(&sandbox.uri(), &[]);
    let round_trips = || sandbox.sessions().last().unwrap().round_trips;
    let before = round_trips();
    (objects(&connection, ObjectDepth::All, filters).unwrap(), round_trips() - before)
}

#[test]
fn show_commands_and_views_tell_the_same() {
    let all = Filters { catalog: Some("s%"), ..Filters::default() };
    let columns = Filters { column: Some("%o%"), ..all };
    for filters in [all, columns, Filters { db_schema: Some("nothing"), ..all }] {
        let (by_views, queries) = shared(None, filters);
        let (by_show, commands) = shared(Some(4), filters);
        assert_eq!(by_views, by_show);
        assert_eq!(queries, commands);
        assert!(catalog_names(&by_views).contains(&"sales_share"));
    }
}

#[test]
fn a_second_database_is_a_catalog() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE DATABASE second_catalog");
    let filters = Filters { catalog: Some("%e%d%"), ..Filters::default() };
    let catalogs = objects(&connection, ObjectDepth::Schemas, filters).unwrap();
    assert!(catalog_names(&catalogs).contains(&"second_catalog"), "{catalogs:?}");
}

/// A constraint of the schema `keyed`; a foreign key's usage is of its table `Parent "1"`.
fn constraint(name: &str, kind: &str, columns: &[&str], usage: Option<&[&str]>) -> Constraint {
    let to = |column: &&str| ["dev", "keyed", "Parent \"1\"", column].map(str::to_owned);
    Constraint {
        name: name.to_owned(),
        kind: kind.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        usage: usage.map(|columns| columns.iter().map(to).collect()),
    }
}

#[test]
fn constraints_name_their_columns_in_order_and_what_they_refer_to() {
    let connection = schema(
        "keyed",
        &[
            "CREATE TABLE keyed.\"Parent \"\"1\"\"\" (b int, \"a, c\" int, PRIMARY KEY (\"a, c\", b))",
            "CREATE TABLE keyed.child (id bigint IDENTITY(1, 1) PRIMARY KEY, x int, y int, \
             CONSTRAINT child_once UNIQUE (y, x), \
             CONSTRAINT child_parent FOREIGN KEY (x, y) REFERENCES keyed.\"Parent \"\"1\"\"\" (\"a, c\", b))",
        ],
    );
    let tables = tables(&connection, "keyed");
    let [parent, child] = &tables[..] else { panic!("{tables:?}") };
    let expected = [constraint("Parent \"1\"_pkey", "PRIMARY KEY", &["a, c", "b"], None)];
    assert_eq!(parent.constraints.as_deref().unwrap(), expected);
    let expected = [
        constraint("child_once", "UNIQUE", &["y", "x"], None),
        constraint("child_parent", "FOREIGN KEY", &["x", "y"], Some(&["a, c", "b"])),
        constraint("child_pkey", "PRIMARY KEY", &["id"], None),
    ];
    assert_eq!(child.constraints.as_deref().unwrap(), expected);
}

#[test]
fn system_schemas_are_listed_when_asked_for() {
    let connection = connect(&SANDBOX.uri(), &[]);
    let of = |filters| objects(&connection, ObjectDepth::Schemas, filters).unwrap();
    let is_system = |name: &String| name.starts_with("pg_") || name == "information_schema";
    for filter in [None, Some("%")] {
        let names = schema_names(&of(Filters { db_schema: filter, ..Filters::default() }), "dev");
        assert!(names.contains(&"public".to_owned()) && !names.iter().any(is_system), "{names:?}");
    }
    let names = schema_names(&of(Filters { db_schema: Some("pg_cata%"), ..Filters::default() }), "dev");
    assert_eq!(names, ["pg_catalog"]);
    let types = Filters { table_types: Some(&["SYSTEM VIEW"]), catalog: Some("dev"), ..Filters::default() };
    let catalogs = objects(&connection, ObjectDepth::Tables, types).unwrap();
    let schemas = schemas(&catalogs, "dev");
    let system = schemas.iter().find(|schema| schema.name == "information_schema").unwrap();
    assert!(system.tables.as_ref().unwrap().iter().all(|table| table.table_type == "SYSTEM VIEW"));
}

#[test]
fn temporary_tables_are_seen_by_their_session_only() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    execute(&mut connection, "CREATE TEMP TABLE mine (a int)");
    let filters = Filters { table: Some("mine"), ..Filters::default() };
    let temporary = |connection: &ManagedConnection| -> Vec<Table> {
        let catalogs = objects(connection, ObjectDepth::All, filters).unwrap();
        let all = schemas(&catalogs, "dev").into_iter().flat_map(|schema| schema.tables.unwrap());
        all.filter(|table| table.table_type == "LOCAL TEMPORARY").collect()
    };
    assert_eq!(column_names(&temporary(&connection)[0]), ["a"]);
    assert_eq!(temporary(&connect(&SANDBOX.uri(), &[])), []);
}

#[test]
fn every_type_that_is_listed_is_among_the_table_types() {
    let mut connection = schema("typed", &["CREATE VIEW typed.v AS SELECT 1 AS a"]);
    execute(&mut connection, "CREATE TEMP TABLE typed_temporarily (a int)");
    let batches = connection.get_table_types().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let known: Vec<_> = batches[0].column(0).as_string::<i32>().iter().flatten().collect();
    let everything = Filters { table_types: Some(&known), ..Filters::default() };
    let catalogs = objects(&connection, ObjectDepth::Tables, everything).unwrap();
    let tables = catalogs.iter().flat_map(|catalog| catalog.schemas.iter().flatten());
    let tables: Vec<_> = tables.flat_map(|schema| schema.tables.iter().flatten()).collect();
    for expected in
        ["EXTERNAL TABLE", "LOCAL TEMPORARY", "SHARED TABLE", "SYSTEM TABLE", "SYSTEM VIEW", "VIEW"]
    {
        assert!(tables.iter().any(|table| table.table_type == expected), "no {expected}");
    }
    assert!(tables.iter().all(|table| known.contains(&table.table_type.as_str())));
}

#[test]
fn a_listing_neither_starts_nor_ends_a_transaction() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    connection.set_option(OptionConnection::AutoCommit, OptionValue::from("false")).unwrap();
    objects(&connection, ObjectDepth::All, Filters::default()).unwrap();
    execute(&mut connection, "CREATE TABLE uncommitted_listing (a int)");
    let filters = Filters { table: Some("uncommitted_listing"), ..at("public") };
    assert_eq!(listed(&connection, filters).len(), 1);
    connection.rollback().unwrap();
    assert_eq!(listed(&connection, filters).len(), 0);
}

#[test]
fn a_failed_transaction_is_named_and_the_connection_goes_on() {
    let mut connection = connect(&SANDBOX.uri(), &[]);
    connection.set_option(OptionConnection::AutoCommit, OptionValue::from("false")).unwrap();
    statement(&mut connection, "SELECT 1/0").execute_update().unwrap_err();
    let error = objects(&connection, ObjectDepth::All, Filters::default()).unwrap_err();
    assert_eq!(error.status, Status::InvalidState, "{error}");
    connection.rollback().unwrap();
    objects(&connection, ObjectDepth::All, Filters::default()).unwrap();
}
