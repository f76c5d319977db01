//! Values on their whole way: tokio-postgres puts them into the engine, past the front door, and the loaded driver reads
//! them at each protocol version and in each wire format.
//!
//! Owns the readers, the loading and the comparison; what the values are belongs to the tests. Invariant: what a reader
//! answers is compared with what was inserted, never only with another reader.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use adbc_core::Statement as _;
use adbc_driver_manager::ManagedConnection;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{Field, SchemaRef};
use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

use crate::support::{SANDBOX, connect, execute, query, statement};

/// A column to insert and what must come back.
#[derive(Debug)]
pub(crate) struct Column {
    sql_type: String,
    /// Makes a value of the text `$v`.
    expression: String,
    texts: Vec<Option<String>>,
    expected: ArrayRef,
}

impl Column {
    /// Values that the engine reads from text.
    pub(crate) fn new(sql_type: &str, texts: Vec<Option<String>>, expected: impl Array + 'static) -> Self {
        assert_eq!(texts.len(), expected.len(), "{sql_type}: as many texts as values");
        let expression = format!("$v::{sql_type}");
        Self { sql_type: sql_type.to_owned(), expression, texts, expected: Arc::new(expected) }
    }

    /// The same with another way from the text `$v` to the value.
    pub(crate) fn by(self, expression: &str) -> Self {
        Self { expression: expression.to_owned(), ..self }
    }
}

/// The driver at one protocol version, in one format.
struct Reader {
    name: String,
    connection: ManagedConnection,
}

struct Bench {
    runtime: Runtime,
    loader: Client,
    readers: Vec<Reader>,
}

/// One for all tests, which take turns.
static BENCH: LazyLock<Mutex<Bench>> = LazyLock::new(|| Mutex::new(Bench::start()));

fn bench() -> MutexGuard<'static, Bench> {
    BENCH.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bench {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let uri = SANDBOX.postgres_uri();
        let loader = runtime.block_on(async {
            let (loader, connection) = tokio_postgres::connect(&uri, NoTls).await.unwrap();
            tokio::spawn(connection);
            loader
        });
        let combinations = (0..=3).flat_map(|protocol| ["binary", "text"].map(|format| (protocol, format)));
        Self {
            runtime,
            loader,
            readers: combinations.map(|(protocol, format)| reader(protocol, format)).collect(),
        }
    }

    /// Loads a table of a new name and returns it.
    fn load(&self, columns: &[Column]) -> String {
        static TABLES: AtomicUsize = AtomicUsize::new(0);
        let table = format!("loaded_{}", TABLES.fetch_add(1, Ordering::Relaxed));
        let each = |format: &dyn Fn(usize, &Column) -> String| {
            columns.iter().enumerate().map(|(at, column)| format(at, column)).collect::<Vec<_>>().join(", ")
        };
        let declared = each(&|at, column| format!("c{at} {}", column.sql_type));
        let values = each(&|at, column| column.expression.replace("$v", &format!("v{at}")));
        let parameters = each(&|at, _| format!("${}::text[]", at + 1));
        let names = each(&|at, _| format!("v{at}"));
        let insert = format!(
            "INSERT INTO {table} SELECT row_number, {values}
               FROM unnest({parameters}) WITH ORDINALITY AS given ({names}, row_number)"
        );
        let texts: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|column| &column.texts as &(dyn ToSql + Sync)).collect();
        self.runtime.block_on(async {
            self.loader
                .batch_execute(&format!("CREATE TABLE {table} (row_number BIGINT, {declared})"))
                .await
                .unwrap();
            self.loader.execute(&insert, &texts).await.unwrap_or_else(|error| panic!("{insert}: {error:?}"));
        });
        table
    }

    fn drop_table(&self, table: &str) {
        self.runtime.block_on(self.loader.batch_execute(&format!("DROP TABLE {table}"))).unwrap();
    }
}

fn reader(protocol: u32, format: &str) -> Reader {
    let uri = SANDBOX.uri_at_protocol(protocol).unwrap();
    let mut connection = connect(&uri, &[("adbc.redshift.result.format", format)]);
    if format == "text" {
        // Text has the session's offset, binary is UTC: the values must not depend on it.
        execute(&mut connection, "SET TimeZone TO 'America/St_Johns'");
    }
    Reader { name: format!("protocol {protocol}, {format}"), connection }
}

/// Inserts the columns and checks what every reader answers. Returns the fields, without where they come from.
#[track_caller]
pub(crate) fn check(columns: &[Column]) -> Vec<Field> {
    assert!(
        columns.iter().all(|column| column.texts.len() == columns[0].texts.len()),
        "columns of one length"
    );
    let mut bench = bench();
    let table = bench.load(columns);
    let names: Vec<_> = (0..columns.len()).map(|at| format!("c{at}")).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY row_number", names.join(", "));
    let expected: Vec<_> =
        columns.iter().map(|column| (column.sql_type.as_str(), &column.expected)).collect();
    let fields = compare(&mut bench.readers, &sql, &expected);
    bench.drop_table(&table);
    fields
}

/// Checks what every reader answers to a query of columns with these names.
#[track_caller]
pub(crate) fn check_query(sql: &str, expected: &[(&str, ArrayRef)]) -> Vec<Field> {
    let expected: Vec<_> = expected.iter().map(|(name, array)| (*name, array)).collect();
    compare(&mut bench().readers, sql, &expected)
}

#[track_caller]
fn compare(readers: &mut [Reader], sql: &str, expected: &[(&str, &ArrayRef)]) -> Vec<Field> {
    let mut first: Option<Vec<Field>> = None;
    for reader in readers {
        let (schema, batches) = query(&mut reader.connection, sql);
        let fields = without_origin(&schema);
        let known = first.get_or_insert_with(|| fields.clone());
        assert_eq!(&fields, known, "{}: another schema than the first reader's", reader.name);
        for (index, (name, expected)) in expected.iter().enumerate() {
            compare_column(&format!("{name} at {}", reader.name), &batches, index, expected);
        }
    }
    first.unwrap_or_default()
}

#[track_caller]
fn compare_column(what: &str, batches: &[RecordBatch], index: usize, expected: &ArrayRef) {
    let mut rows = 0;
    for batch in batches {
        let column = batch.column(index);
        let length = column.len().min(expected.len().saturating_sub(rows));
        let expected = expected.slice(rows, length);
        // The whole arrays would fill screens.
        if !same(column, &expected) {
            let differs = |row: &usize| !same(&column.slice(*row, 1), &expected.slice(*row, 1));
            let row = (0..length).find(differs).unwrap_or(0);
            let (found, expected) = (column.slice(row, 1), expected.slice(row, 1));
            panic!("{what}, row {}: {found:?} where {expected:?} was inserted", rows + row);
        }
        rows += length;
    }
    assert_eq!(rows, expected.len(), "{what}: rows");
}

/// Lists are compared without the metadata of their elements' field.
fn same(found: &ArrayRef, expected: &ArrayRef) -> bool {
    match (found.as_list_opt::<i32>(), expected.as_list_opt::<i32>()) {
        (Some(found), Some(expected)) => found.iter().eq(expected.iter()),
        _ => found == expected,
    }
}

/// From version 1 on, a field says which table column it is.
fn without_origin(schema: &SchemaRef) -> Vec<Field> {
    let origin = ["REDSHIFT:catalog", "REDSHIFT:schema", "REDSHIFT:table", "REDSHIFT:column"];
    schema
        .fields()
        .iter()
        .map(|field| {
            let mut field = Field::clone(field);
            field.metadata_mut().retain(|key, _| !origin.contains(&key.as_str()));
            field
        })
        .collect()
}

/// Every reader fails on a value made by this expression, says where and why, and goes on with the next query.
#[track_caller]
pub(crate) fn check_refused(expression: &str, words: &str) {
    refused(&mut bench().readers, expression, words);
}

/// The same where all results are text.
#[track_caller]
pub(crate) fn check_refused_as_text(expression: &str, words: &str) {
    refused(bench().readers.iter_mut().filter(|reader| reader.name.ends_with("text")), expression, words);
}

#[track_caller]
fn refused<'a>(readers: impl IntoIterator<Item = &'a mut Reader>, expression: &str, words: &str) {
    for Reader { name, connection } in readers {
        let error = error(connection, &format!("SELECT 1 AS before, {expression} AS bad"));
        let error = error.unwrap_or_else(|| panic!("{expression} at {name}: read without an error"));
        for words in ["column 2 \"bad\"", "row 1", words] {
            assert!(error.contains(words), "{expression} at {name}: {error}");
        }
        let (_, batches) = query(connection, "SELECT 7::INTEGER");
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1, "{name} goes on");
    }
}

/// Why a query fails, before its rows or at them.
fn error(connection: &mut ManagedConnection, sql: &str) -> Option<String> {
    match statement(connection, sql).execute() {
        Ok(mut rows) => rows.find_map(Result::err).map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    }
}
