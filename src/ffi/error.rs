//! Errors across the boundary: `AdbcError` in its 1.0 and 1.1 layouts, and the error details.
//!
//! Invariant: `private_data` and `private_driver` exist only when `vendor_code` came in as
//! `ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA`; without that mark not one byte behind the 1.0 layout is read or written.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{fn_addr_eq, null_mut};

use adbc_core::constants::ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA;
use adbc_core::error::Error;
use adbc_ffi::{FFI_AdbcError, FFI_AdbcErrorDetail};

use super::entry::exported;

type Release = unsafe extern "C" fn(*mut FFI_AdbcError);

/// What `private_data` of an error of ours points to.
struct Details(Vec<(CString, Vec<u8>)>);

/// Writes `error` to `out` in the layout that `out` asks for. A message that is already there is released first.
///
/// # Safety
///
/// `out` is NULL or points to an `AdbcError` (1.0 size suffices without the 1.1 mark) that is zeroed, made by
/// `ADBC_ERROR_INIT`, or holds an error of any driver.
pub(super) unsafe fn export(out: *mut FFI_AdbcError, error: &Error) {
    if out.is_null() {
        return;
    }
    // SAFETY: not NULL, so the caller vouches for the 1.0 part. Fields are reached by raw place, never through a
    // reference to the whole struct, whose second half may not exist.
    unsafe {
        let extended = (*out).vendor_code == ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA;
        if let Some(release) = (*out).release {
            release(out);
        }
        (*out).message = c_text(&error.message).into_raw();
        (*out).sqlstate = error.sqlstate;
        if extended {
            // The mark must stay: it is what allows the caller to read the details.
            (*out).vendor_code = ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA;
            (*out).private_data = Box::into_raw(Box::new(details_of(error))).cast();
            (*out).release = Some(release_extended);
        } else {
            (*out).vendor_code = plain_vendor_code(error.vendor_code);
            (*out).release = Some(release_plain);
        }
    }
}

/// Text for C: a NUL inside would cut it, so it is shown as the replacement character.
pub(super) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{FFFD}")).unwrap_or_default()
}

/// The SQLSTATE as text; `None` when unset.
pub(super) fn sqlstate_text(sqlstate: &[c_char; 5]) -> Option<String> {
    let bytes = sqlstate.map(|c| c.to_ne_bytes()).concat();
    let set = bytes.iter().all(u8::is_ascii_alphanumeric) && bytes != b"00000";
    set.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn details_of(error: &Error) -> Details {
    let details = error.details.iter().flatten();
    Details(details.map(|(key, value)| (c_text(key), value.clone())).collect())
}

/// A server's code must not look like the 1.1 mark, or the caller would read fields that were not written.
fn plain_vendor_code(code: i32) -> i32 {
    if code == ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA { 0 } else { code }
}

/// `release` of errors in the 1.0 layout.
unsafe extern "C" fn release_plain(error: *mut FFI_AdbcError) {
    if !error.is_null() {
        // SAFETY: the caller passes the struct this callback was read from.
        unsafe { release_message(error) };
    }
}

/// `release` of errors in the 1.1 layout; its address also marks an error as ours.
unsafe extern "C" fn release_extended(error: *mut FFI_AdbcError) {
    if error.is_null() {
        return;
    }
    // SAFETY: the caller passes the struct this callback was read from, so it is in the 1.1 layout, and
    // `private_data` is NULL or came from `Box::into_raw` in `export`.
    unsafe {
        let details: *mut c_void = std::mem::replace(&mut (*error).private_data, null_mut());
        if !details.is_null() {
            drop(Box::from_raw(details.cast::<Details>()));
        }
        release_message(error);
    }
}

/// # Safety
///
/// `error` is not NULL and was filled by [`export`].
unsafe fn release_message(error: *mut FFI_AdbcError) {
    // SAFETY: the message is NULL or came from `CString::into_raw`; it is nulled, so a second release frees nothing.
    unsafe {
        let message = std::mem::replace(&mut (*error).message, null_mut());
        if !message.is_null() {
            drop(CString::from_raw(message));
        }
        (*error).release = None;
    }
}

/// The details of an error of ours; `None` for empty errors and those of other drivers.
///
/// # Safety
///
/// `error` is NULL or points to an initialised `AdbcError` that outlives the result.
unsafe fn details<'a>(error: *const FFI_AdbcError) -> Option<&'a Details> {
    if error.is_null() {
        return None;
    }
    // SAFETY: the 1.0 part is valid; `private_data` is read only under the 1.1 mark, and followed only when our own
    // release callback says that `export` wrote it.
    unsafe {
        let ours = (*error).vendor_code == ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA
            && (*error).release.is_some_and(|release| fn_addr_eq(release, release_extended as Release));
        if ours { (*error).private_data.cast::<Details>().as_ref() } else { None }
    }
}

exported! {
    /// Number of details in an error; 0 for empty errors and those of other drivers.
    fn AdbcErrorGetDetailCount(error: *const FFI_AdbcError) -> c_int {
        // SAFETY: the caller keeps adbc.h: NULL or an initialised error.
        let details = unsafe { details(error) };
        details.map_or(0, |details| c_int::try_from(details.0.len()).unwrap_or(c_int::MAX))
    }
}

exported! {
    /// One detail, owned by the error; NULL fields when `index` is out of range.
    fn AdbcErrorGetDetail(error: *const FFI_AdbcError, index: c_int) -> FFI_AdbcErrorDetail {
        // SAFETY: the caller keeps adbc.h: NULL or an initialised error.
        let details = unsafe { details(error) };
        let entry = usize::try_from(index).ok().and_then(|index| details?.0.get(index));
        entry.map_or_else(FFI_AdbcErrorDetail::default, |(key, value)| FFI_AdbcErrorDetail {
            key: key.as_ptr(),
            value: value.as_ptr(),
            value_length: value.len(),
        })
    }
}
