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
/// `driver` is NULL or has room for the table of `version`; `error` is NULL or initialised.
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

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use adbc_core::constants::{ADBC_STATUS_INVALID_ARGUMENT, ADBC_STATUS_NOT_IMPLEMENTED};

    use super::*;

    const WORDS: usize = size_of::<FFI_AdbcDriver>() / size_of::<usize>();
    const WORDS_1_0_0: usize = offset_of!(FFI_AdbcDriver, ErrorGetDetailCount) / size_of::<usize>();
    const CANARY: usize = 0x5a5a_5a5a;

    fn filled(version: c_int) -> (AdbcStatusCode, [usize; WORDS], FFI_AdbcError) {
        let mut table = [CANARY; WORDS];
        let mut error = FFI_AdbcError::default();
        // SAFETY: the array has the size of a table.
        let status = unsafe { AdbcDriverInit(version, (&raw mut table).cast(), &raw mut error) };
        (status, table, error)
    }

    #[test]
    fn version_1_1_0_fills_every_slot() {
        let (status, table, _) = filled(ADBC_VERSION_1_1_0);
        assert_eq!(status, ADBC_STATUS_OK);
        // The first two words are the private fields, which stay empty.
        assert!(table[2..].iter().all(|slot| *slot != 0 && *slot != CANARY));
    }

    #[test]
    fn version_1_0_0_touches_nothing_behind_its_table() {
        let (status, table, _) = filled(ADBC_VERSION_1_0_0);
        assert_eq!(status, ADBC_STATUS_OK);
        assert!(table[2..WORDS_1_0_0].iter().all(|slot| *slot != 0 && *slot != CANARY));
        assert!(table[WORDS_1_0_0..].iter().all(|slot| *slot == CANARY));
    }

    #[test]
    fn other_versions_are_refused_by_name() {
        for version in [0, -1, 1_000_001, 1_002_000, c_int::MAX] {
            let (status, table, error) = filled(version);
            assert_eq!(status, ADBC_STATUS_NOT_IMPLEMENTED);
            assert!(table.iter().all(|slot| *slot == CANARY));
            // SAFETY: a failed call leaves a message.
            let message = unsafe { CStr::from_ptr(error.message) }.to_str().unwrap();
            assert!(message.contains(&version.to_string()) && message.contains("1.1.0"), "{message}");
        }
    }

    #[test]
    fn null_driver_is_an_invalid_argument() {
        // SAFETY: NULL is what is tested.
        let status = unsafe { AdbcDriverRedshiftInit(ADBC_VERSION_1_1_0, null_mut(), null_mut()) };
        assert_eq!(status, ADBC_STATUS_INVALID_ARGUMENT);
    }

    #[test]
    fn release_may_be_repeated_and_refuses_null() {
        let mut driver = FFI_AdbcDriver::default();
        // SAFETY: a table; then NULL, which is what is tested.
        unsafe {
            assert_eq!(release(&raw mut driver, null_mut()), ADBC_STATUS_OK);
            assert_eq!(release(&raw mut driver, null_mut()), ADBC_STATUS_OK);
            assert_eq!(release(null_mut(), null_mut()), ADBC_STATUS_INVALID_ARGUMENT);
        }
    }
}
