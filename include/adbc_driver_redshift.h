// ADBC driver for Amazon Redshift: its init function and the names of its options.
//
// This header needs no other. Programs that load the driver through an ADBC driver manager use the option names only.
// Programs that call the driver themselves include <arrow-adbc/adbc.h> of ADBC 1.1.0 or later as well, before or after
// this header; ADBC packages carry it, among them the PyPI wheel adbc-driver-manager. They either let
// AdbcDriverRedshiftInit fill a struct AdbcDriver and call through it, or link the library and call the Adbc...
// functions of adbc.h 1.1.0 directly: it exports all of them. Of several ADBC libraries in one process at most one can
// be used in that second way.
//
// Beyond what adbc.h says:
//
// Ownership     What a call returns (error, stream, schema, partitions) belongs to the caller, who calls its release.
//               A failed call writes no result. AdbcStatementBind and AdbcStatementBindStream take over what they get
//               once their arguments are in order; a structure whose release is still set remains the caller's.
//               Objects may be released in any order; a result stays readable after its statement and connection are
//               released.
// Threads       Get-option and cancel functions may be called at any time from any thread, also while another thread
//               is in AdbcConnectionInit or executes. Other calls on one object are to be serialised. A released
//               (zeroed) handle gives ADBC_STATUS_INVALID_STATE, never a crash.
// NULL          The error argument may be NULL. Where adbc.h does not allow NULL, it gives
//               ADBC_STATUS_INVALID_ARGUMENT. Strings are UTF-8.
// Panics        An internal fault ends the call that met it with ADBC_STATUS_INTERNAL. It never crosses into the
//               caller, and the library stays usable.
// fork()        Connections of the parent cannot be used in the child; new databases can be made there.
// dlclose()     The library stays mapped.


#ifndef ADBC_DRIVER_REDSHIFT_H
#define ADBC_DRIVER_REDSHIFT_H

#include <stdint.h>

/** The error structure of adbc.h. */
struct AdbcError;

/* Option names; the comment says what each is for. */

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Fills a driver table: the entry point of this library for ADBC driver managers, and for programs that link it next
 * to other drivers.
 *
 * - `version` is the ADBC version of the table: `ADBC_VERSION_1_1_0` (1001000), or `ADBC_VERSION_1_0_0` (1000000),
 *   which fills only the part that ADBC 1.0.0 has. For any other version the call returns
 *   `ADBC_STATUS_NOT_IMPLEMENTED` and touches nothing; ask again with one of these two.
 * - `driver` points to a `struct AdbcDriver` of the caller's, which is overwritten. The table holds no memory of the
 *   driver's; its `release` may be called any number of times. NULL is refused with `ADBC_STATUS_INVALID_ARGUMENT`.
 * - `error` may be NULL. Otherwise it is zeroed or made by `ADBC_ERROR_INIT`; the caller calls its `release`.
 *
 * May be called from any thread, any number of times. A panic inside the driver never leaves it: the call that met it
 * returns `ADBC_STATUS_INTERNAL`.
 */
uint8_t AdbcDriverRedshiftInit(int version,
                               void *driver,
                               struct AdbcError *error);

/**
 * The same function under the name that driver managers try last.
 *
 * Every ADBC driver exports it, so a program that links several must call `AdbcDriverRedshiftInit`.
 */
uint8_t AdbcDriverInit(int version, void *driver, struct AdbcError *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ADBC_DRIVER_REDSHIFT_H */
