//! The driver table and the functions that fill it for a driver manager.
//!
//! Invariant: a table is filled up to the size of the version asked for, and not one byte further: an ADBC 1.0.0
//! manager allocates no more.

use std::ffi::{c_int, c_void};
use std::mem::{offset_of, size_of};
use std::ptr::{null, null_mut};

use adbc_core::constants::{ADBC_STATUS_OK, ADBC_VERSION_1_0_0, ADBC_VERSION_1_1_0};
use adbc_core::error::{AdbcStatusCode, Result, Status};
use adbc_ffi::{FFI_AdbcDriver, FFI_AdbcError};

use super::connection::*;
use super::database::*;
use super::entry::{Scope, call};
use super::error::{AdbcErrorGetDetail, AdbcErrorGetDetailCount};
use super::statement::*;
use super::stream::AdbcErrorFromArrayStream;

/// Fills a driver table: the entry point of this library for ADBC driver managers, and for programs that link it next
/// to other drivers.
///
/// - `version` is the ADBC version of the table: `ADBC_VERSION_1_1_0` (1001000), or `ADBC_VERSION_1_0_0` (1000000),
///   which fills only the part that ADBC 1.0.0 has. For any other version the call returns
///   `ADBC_STATUS_NOT_IMPLEMENTED` and touches nothing; ask again with one of these two.
/// - `driver` points to a `struct AdbcDriver` of the caller's, which is overwritten. The table holds no memory of the
///   driver's; its `release` may be called any number of times. NULL is refused with `ADBC_STATUS_INVALID_ARGUMENT`.
/// - `error` may be NULL. Otherwise it is zeroed or made by `ADBC_ERROR_INIT`; the caller calls its `release`.
///
/// May be called from any thread, any number of times. A panic inside the driver never leaves it: the call that met it
/// returns `ADBC_STATUS_INTERNAL`.
///
/// # Safety
///
/// The pointers are NULL or valid as said above.
#[allow(non_snake_case, unreachable_pub)] // OK because the name is C's, and cbindgen sees only `pub` functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AdbcDriverRedshiftInit(
    version: c_int,
    driver: *mut c_void,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    // SAFETY: passed on unchanged.
    unsafe { init("AdbcDriverRedshiftInit", version, driver, error) }
}

/// The same function under the name that driver managers try last.
///
/// Every ADBC driver exports it, so a program that links several must call `AdbcDriverRedshiftInit`.
///
/// # Safety
///
/// As for [`AdbcDriverRedshiftInit`].
#[allow(non_snake_case, unreachable_pub)] // OK because the name is C's, and cbindgen sees only `pub` functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn AdbcDriverInit(
    version: c_int,
    driver: *mut c_void,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    // SAFETY: passed on unchanged.
    unsafe { init("AdbcDriverInit", version, driver, error) }
}

/// # Safety
///
/// As for [`AdbcDriverRedshiftInit`].
unsafe fn init(
    function: &'static str,
    version: c_int,
    driver: *mut c_void,
    error: *mut FFI_AdbcError,
) -> AdbcStatusCode {
    // SAFETY: the caller vouches for `error` and, up to the size of its version, for `driver`. Bytes are copied, so
    // the alignment of a `void*` does not matter.
    unsafe {
        call(function, error, |scope| {
            let size = table_size(version, scope)?;
            if driver.is_null() {
                return Err(scope.argument_error("driver", "is NULL; expected an AdbcDriver struct to fill"));
            }
            driver.cast::<u8>().copy_from_nonoverlapping((&raw const TABLE).cast(), size);
            Ok(())
        })
    }
}

fn table_size(version: c_int, scope: &Scope) -> Result<usize> {
    match version {
        ADBC_VERSION_1_0_0 => Ok(offset_of!(FFI_AdbcDriver, ErrorGetDetailCount)),
        ADBC_VERSION_1_1_0 => Ok(size_of::<FFI_AdbcDriver>()),
        _ => {
            let problem = format!(
                "ADBC version {version} is not supported; ask for 1.1.0 ({ADBC_VERSION_1_1_0}) or 1.0.0 \
                 ({ADBC_VERSION_1_0_0})"
            );
            Err(scope.error(Status::NotImplemented, &problem))
        }
    }
}

/// Nothing to free: a table owns nothing, and the objects have their own release functions. So a second call, or one
/// while objects are still in use, does no harm.
unsafe extern "C" fn release(driver: *mut FFI_AdbcDriver, error: *mut FFI_AdbcError) -> AdbcStatusCode {
    if !driver.is_null() {
        return ADBC_STATUS_OK;
    }
    // SAFETY: the caller vouches for `error`.
    unsafe {
        call("AdbcDriver.release", error, |scope| {
            Err(scope.argument_error("driver", "is NULL; expected the table that holds this function"))
        })
    }
}

static TABLE: FFI_AdbcDriver = FFI_AdbcDriver {
    private_data: null_mut(),
    private_manager: null(),
    release: Some(release),
    DatabaseInit: Some(AdbcDatabaseInit),
    DatabaseNew: Some(AdbcDatabaseNew),
    DatabaseSetOption: Some(AdbcDatabaseSetOption),
    DatabaseRelease: Some(AdbcDatabaseRelease),
    ConnectionCommit: Some(AdbcConnectionCommit),
    ConnectionGetInfo: Some(AdbcConnectionGetInfo),
    ConnectionGetObjects: Some(AdbcConnectionGetObjects),
    ConnectionGetTableSchema: Some(AdbcConnectionGetTableSchema),
    ConnectionGetTableTypes: Some(AdbcConnectionGetTableTypes),
    ConnectionInit: Some(AdbcConnectionInit),
    ConnectionNew: Some(AdbcConnectionNew),
    ConnectionSetOption: Some(AdbcConnectionSetOption),
    ConnectionReadPartition: Some(AdbcConnectionReadPartition),
    ConnectionRelease: Some(AdbcConnectionRelease),
    ConnectionRollback: Some(AdbcConnectionRollback),
    StatementBind: Some(AdbcStatementBind),
    StatementBindStream: Some(AdbcStatementBindStream),
    StatementExecuteQuery: Some(AdbcStatementExecuteQuery),
    StatementExecutePartitions: Some(AdbcStatementExecutePartitions),
    StatementGetParameterSchema: Some(AdbcStatementGetParameterSchema),
    StatementNew: Some(AdbcStatementNew),
    StatementPrepare: Some(AdbcStatementPrepare),
    StatementRelease: Some(AdbcStatementRelease),
    StatementSetOption: Some(AdbcStatementSetOption),
    StatementSetSqlQuery: Some(AdbcStatementSetSqlQuery),
    StatementSetSubstraitPlan: Some(AdbcStatementSetSubstraitPlan),
    ErrorGetDetailCount: Some(AdbcErrorGetDetailCount),
    ErrorGetDetail: Some(AdbcErrorGetDetail),
    ErrorFromArrayStream: Some(AdbcErrorFromArrayStream),
    DatabaseGetOption: Some(AdbcDatabaseGetOption),
    DatabaseGetOptionBytes: Some(AdbcDatabaseGetOptionBytes),
    DatabaseGetOptionDouble: Some(AdbcDatabaseGetOptionDouble),
    DatabaseGetOptionInt: Some(AdbcDatabaseGetOptionInt),
    DatabaseSetOptionBytes: Some(AdbcDatabaseSetOptionBytes),
    DatabaseSetOptionDouble: Some(AdbcDatabaseSetOptionDouble),
    DatabaseSetOptionInt: Some(AdbcDatabaseSetOptionInt),
    ConnectionCancel: Some(AdbcConnectionCancel),
    ConnectionGetOption: Some(AdbcConnectionGetOption),
    ConnectionGetOptionBytes: Some(AdbcConnectionGetOptionBytes),
    ConnectionGetOptionDouble: Some(AdbcConnectionGetOptionDouble),
    ConnectionGetOptionInt: Some(AdbcConnectionGetOptionInt),
    ConnectionGetStatistics: Some(AdbcConnectionGetStatistics),
    ConnectionGetStatisticNames: Some(AdbcConnectionGetStatisticNames),
    ConnectionSetOptionBytes: Some(AdbcConnectionSetOptionBytes),
    ConnectionSetOptionDouble: Some(AdbcConnectionSetOptionDouble),
    ConnectionSetOptionInt: Some(AdbcConnectionSetOptionInt),
    StatementCancel: Some(AdbcStatementCancel),
    StatementExecuteSchema: Some(AdbcStatementExecuteSchema),
    StatementGetOption: Some(AdbcStatementGetOption),
    StatementGetOptionBytes: Some(AdbcStatementGetOptionBytes),
    StatementGetOptionDouble: Some(AdbcStatementGetOptionDouble),
    StatementGetOptionInt: Some(AdbcStatementGetOptionInt),
    StatementSetOptionBytes: Some(AdbcStatementSetOptionBytes),
    StatementSetOptionDouble: Some(AdbcStatementSetOptionDouble),
    StatementSetOptionInt: Some(AdbcStatementSetOptionInt),
};
