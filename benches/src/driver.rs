//! The driver as programs use it: the release library, loaded by a driver manager, through the C interface.

use std::path::Path;
use std::time::Instant;

use adbc_core::options::{AdbcVersion, OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDriver, ManagedStatement};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::case::Case;
use crate::checksum::Checksum;
use crate::measure::Measurement;

const INIT: &[u8] = b"AdbcDriverRedshiftInit";

/// How to reach the server through the driver.
#[derive(Clone, Debug)]
pub(crate) struct DriverTarget {
    pub(crate) uri: String,
    /// Further database options.
    pub(crate) options: Vec<(String, String)>,
}

/// Microseconds that getting ready took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Startup {
    /// `dlopen` and the init function.
    load: f64,
    /// The database object.
    database: f64,
    /// The connection, logged in.
    connection: f64,
}

/// A connection, and how long each step took.
pub(crate) fn connect(library: &Path, target: &DriverTarget) -> Result<(ManagedConnection, Startup)> {
    let mut startup = Startup::default();
    let mut driver = timed(&mut startup.load, || {
        ManagedDriver::load_dynamic_from_filename(library, Some(INIT), AdbcVersion::V110)
            .with_context(|| format!("cannot load {}", library.display()))
    })?;
    let mut options = vec![(OptionDatabase::Uri, OptionValue::String(target.uri.clone()))];
    options.extend(
        target
            .options
            .iter()
            .map(|(key, value)| (OptionDatabase::Other(key.clone()), OptionValue::String(value.clone()))),
    );
    let database = timed(&mut startup.database, || Ok(driver.new_database_with_opts(options)?))?;
    let none: [(OptionConnection, OptionValue); 0] = [];
    let connection = timed(&mut startup.connection, || Ok(database.new_connection_with_opts(none)?))?;
    Ok((connection, startup))
}

fn timed<T>(microseconds: &mut f64, step: impl FnOnce() -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let outcome = step();
    *microseconds = started.elapsed().as_secs_f64() * 1e6;
    outcome
}

pub(crate) fn statement(connection: &mut ManagedConnection, sql: &str) -> Result<ManagedStatement> {
    let mut statement = connection.new_statement()?;
    statement.set_sql_query(sql)?;
    Ok(statement)
}

/// Reads a case to its end and releases each batch as it comes.
pub(crate) fn run(
    library: &Path,
    target: &DriverTarget,
    case: Case,
    sql: &str,
) -> Result<Map<String, Value>> {
    let (mut connection, startup) = connect(library, target)?;
    let mut statement = statement(&mut connection, sql)?;
    let mut checksum = Checksum::new(case.columns().len());
    let mut batches = 0;
    let mut measurement = Measurement::start()?;
    for batch in statement.execute()? {
        let batch = batch?;
        batches += 1;
        measurement.check(|| checksum.add_batch(&batch))?;
    }
    let mut report = measurement.finish()?;
    report.insert("rows".to_owned(), json!(checksum.rows()));
    report.insert("batches".to_owned(), json!(batches));
    report.insert("checksum".to_owned(), json!(checksum.to_string()));
    report.extend(startup.report());
    Ok(report)
}

/// Connects and reads one row; the library is loaded by then.
pub(crate) fn first_row(library: &Path, target: &DriverTarget) -> Result<Startup> {
    let (mut connection, mut startup) = connect(library, target)?;
    let mut rest = 0.0;
    timed(&mut rest, || drain(&mut statement(&mut connection, "SELECT 1")?))?;
    startup.connection += startup.database + rest;
    Ok(startup)
}

/// Executes a statement and reads its result.
pub(crate) fn drain(statement: &mut ManagedStatement) -> Result<()> {
    for batch in statement.execute()? {
        batch?;
    }
    Ok(())
}

impl Startup {
    /// From the database object on.
    pub(crate) fn connect_us(&self) -> f64 {
        self.connection
    }

    pub(crate) fn report(&self) -> Map<String, Value> {
        let mut report = Map::new();
        report.insert("load_us".to_owned(), json!(self.load));
        report.insert("database_us".to_owned(), json!(self.database));
        report.insert("connection_us".to_owned(), json!(self.connection));
        report
    }
}
