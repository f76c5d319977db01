//! What the tests share: one sandbox per process and the built library, loaded as users load it.

#[cfg(not(asan))]
use std::path::PathBuf;
use std::sync::LazyLock;

use adbc_core::options::{AdbcVersion, OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{Connection as _, Database as _, Driver as _, Statement as _};
use adbc_driver_manager::{ManagedConnection, ManagedDriver, ManagedStatement};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use redshift_sandbox::{BlockingSandbox, Sandbox, SandboxConfig};

/// The sandbox that most tests use: md5 passwords, the newest protocol, its usual settings.
pub(crate) static SANDBOX: LazyLock<BlockingSandbox> = LazyLock::new(|| sandbox(SandboxConfig::default()));

pub(crate) fn sandbox(config: SandboxConfig) -> BlockingSandbox {
    Sandbox::start_blocking(config).expect("the sandbox starts")
}

/// The library that Cargo built for this test run.
#[cfg(not(asan))]
pub(crate) fn library() -> PathBuf {
    let executable = std::env::current_exe().expect("the test knows its own path");
    executable.with_file_name("libadbc_driver_redshift.so")
}

#[cfg(not(asan))]
pub(crate) fn driver() -> ManagedDriver {
    let library = library();
    ManagedDriver::load_dynamic_from_filename(&library, Some(b"AdbcDriverRedshiftInit"), AdbcVersion::V110)
        .unwrap_or_else(|error| panic!("cannot load {}: {error}", library.display()))
}

/// The driver inside this executable: AddressSanitizer belongs to executables, so the library is part of it.
#[cfg(asan)]
#[allow(unsafe_code)] // OK because a static driver is a foreign function.
pub(crate) fn driver() -> ManagedDriver {
    use adbc_ffi::FFI_AdbcError;
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn AdbcDriverRedshiftInit(version: c_int, driver: *mut c_void, error: *mut FFI_AdbcError) -> u8;
    }
    ManagedDriver::load_static(
        &(AdbcDriverRedshiftInit as adbc_ffi::FFI_AdbcDriverInitFunc),
        AdbcVersion::V110,
    )
    .unwrap_or_else(|error| panic!("the driver does not start: {error}"))
}

pub(crate) type Options<'a> = &'a [(&'a str, &'a str)];

pub(crate) fn try_connect(uri: &str, options: Options<'_>) -> adbc_core::error::Result<ManagedConnection> {
    let mut all = vec![(OptionDatabase::Uri, OptionValue::from(uri))];
    all.extend(options.iter().map(|(key, value)| (OptionDatabase::from(*key), OptionValue::from(*value))));
    let none: [(OptionConnection, OptionValue); 0] = [];
    driver().new_database_with_opts(all)?.new_connection_with_opts(none)
}

pub(crate) fn connect(uri: &str, options: Options<'_>) -> ManagedConnection {
    try_connect(uri, options).expect("the login succeeds")
}

pub(crate) fn statement(connection: &mut ManagedConnection, sql: &str) -> ManagedStatement {
    let mut statement = connection.new_statement().expect("a statement can be made");
    statement.set_sql_query(sql).expect("a query can be set");
    statement
}

pub(crate) fn execute(connection: &mut ManagedConnection, sql: &str) -> Option<i64> {
    statement(connection, sql).execute_update().unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// All batches of a query, with their schema.
pub(crate) fn query(connection: &mut ManagedConnection, sql: &str) -> (SchemaRef, Vec<RecordBatch>) {
    let reader = statement(connection, sql).execute().unwrap_or_else(|error| panic!("{sql}: {error}"));
    let schema = reader.schema();
    let batches = reader.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{sql}: {error}"));
    (schema, batches)
}
