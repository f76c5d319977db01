//! The ADBC objects, as safe Rust: [`Database`], [`Connection`], [`Statement`] and the [`Reader`] of a result.
//!
//! Every method takes `&self` and may be called from any thread; `cancel` and the option getters never wait for
//! another call. Errors are `adbc_core`'s: message, status, SQLSTATE, vendor code, details.

// The contract towards `ffi` (to be implemented in files of this folder):

use std::sync::Arc;

use adbc_core::error::Result;
use adbc_core::options::OptionValue;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::{Schema, SchemaRef};

/// A result: batches with full ADBC errors.
pub trait ResultReader: Send {
    /// The schema of all batches.
    fn schema(&self) -> SchemaRef;
    /// The next batch; `None` at the end. After an error there is no more.
    fn next(&mut self) -> Option<Result<RecordBatch>>;
}

/// An owned result.
pub type Reader = Box<dyn ResultReader>;

/// Filters of `GetObjects`.
#[derive(Clone, Debug, Default)]
pub struct ObjectsFilter<'a> {
    /// LIKE pattern for catalogs.
    pub catalog: Option<&'a str>,
    /// LIKE pattern for schemas.
    pub db_schema: Option<&'a str>,
    /// LIKE pattern for tables.
    pub table: Option<&'a str>,
    /// Exact table types.
    pub table_types: Option<Vec<&'a str>>,
    /// LIKE pattern for columns.
    pub column: Option<&'a str>,
}

/// Options of one server or workgroup, and what its connections share.
#[derive(Debug)]
pub struct Database {}

/// One session, made by `init`.
#[derive(Debug)]
pub struct Connection {}

/// One statement and its settings.
#[derive(Debug)]
pub struct Statement {}

#[allow(missing_docs, clippy::new_without_default, unused_variables, clippy::todo)]
impl Database {
    pub fn new() -> Self {
        todo!()
    }
    pub fn set_option(&self, key: &str, value: OptionValue) -> Result<()> {
        todo!()
    }
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        todo!()
    }
    pub fn get_option_bytes(&self, key: &str) -> Result<Vec<u8>> {
        todo!()
    }
    pub fn get_option_int(&self, key: &str) -> Result<i64> {
        todo!()
    }
    pub fn get_option_double(&self, key: &str) -> Result<f64> {
        todo!()
    }
    pub fn init(&self) -> Result<()> {
        todo!()
    }
}

#[allow(missing_docs, clippy::new_without_default, unused_variables, clippy::todo)]
impl Connection {
    /// Before `init` a connection only holds options and its cancel token.
    pub fn new() -> Self {
        todo!()
    }
    pub fn set_option(&self, key: &str, value: OptionValue) -> Result<()> {
        todo!()
    }
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        todo!()
    }
    pub fn get_option_bytes(&self, key: &str) -> Result<Vec<u8>> {
        todo!()
    }
    pub fn get_option_int(&self, key: &str) -> Result<i64> {
        todo!()
    }
    pub fn get_option_double(&self, key: &str) -> Result<f64> {
        todo!()
    }
    /// Logs in. May be cancelled by `cancel` from another thread.
    pub fn init(&self, database: &Arc<Database>) -> Result<()> {
        todo!()
    }
    /// Closes the session gracefully if no result holds it any more.
    pub fn release(&self) -> Result<()> {
        todo!()
    }
    pub fn cancel(&self) -> Result<()> {
        todo!()
    }
    pub fn commit(&self) -> Result<()> {
        todo!()
    }
    pub fn rollback(&self) -> Result<()> {
        todo!()
    }
    /// `None` asks for all codes.
    pub fn get_info(&self, codes: Option<&[u32]>) -> Result<Reader> {
        todo!()
    }
    pub fn get_objects(&self, depth: i32, filter: &ObjectsFilter<'_>) -> Result<Reader> {
        todo!()
    }
    pub fn get_table_schema(
        &self,
        catalog: Option<&str>,
        db_schema: Option<&str>,
        table: &str,
    ) -> Result<Schema> {
        todo!()
    }
    pub fn get_table_types(&self) -> Result<Reader> {
        todo!()
    }
    pub fn get_statistics(
        &self,
        catalog: Option<&str>,
        db_schema: Option<&str>,
        table: Option<&str>,
        approximate: bool,
    ) -> Result<Reader> {
        todo!()
    }
    pub fn get_statistic_names(&self) -> Result<Reader> {
        todo!()
    }
    pub fn read_partition(&self, partition: &[u8]) -> Result<Reader> {
        todo!()
    }
}

#[allow(missing_docs, unused_variables, clippy::todo)]
impl Statement {
    pub fn new(connection: &Arc<Connection>) -> Result<Self> {
        todo!()
    }
    pub fn set_option(&self, key: &str, value: OptionValue) -> Result<()> {
        todo!()
    }
    pub fn get_option_string(&self, key: &str) -> Result<String> {
        todo!()
    }
    pub fn get_option_bytes(&self, key: &str) -> Result<Vec<u8>> {
        todo!()
    }
    pub fn get_option_int(&self, key: &str) -> Result<i64> {
        todo!()
    }
    pub fn get_option_double(&self, key: &str) -> Result<f64> {
        todo!()
    }
    pub fn set_sql_query(&self, sql: &str) -> Result<()> {
        todo!()
    }
    pub fn set_substrait_plan(&self, plan: &[u8]) -> Result<()> {
        todo!()
    }
    pub fn prepare(&self) -> Result<()> {
        todo!()
    }
    pub fn bind(&self, batch: RecordBatch) -> Result<()> {
        todo!()
    }
    pub fn bind_stream(&self, stream: Box<dyn RecordBatchReader + Send>) -> Result<()> {
        todo!()
    }
    pub fn get_parameter_schema(&self) -> Result<Schema> {
        todo!()
    }
    /// The result and the number of rows affected, -1 when unknown.
    pub fn execute_query(&self) -> Result<(Reader, i64)> {
        todo!()
    }
    /// The number of rows affected, -1 when unknown.
    pub fn execute_update(&self) -> Result<i64> {
        todo!()
    }
    pub fn execute_schema(&self) -> Result<Schema> {
        todo!()
    }
    pub fn execute_partitions(&self) -> Result<(Schema, Vec<Vec<u8>>, i64)> {
        todo!()
    }
    pub fn cancel(&self) -> Result<()> {
        todo!()
    }
}
