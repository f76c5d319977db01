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

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::ptr::null;
    use std::sync::atomic::{AtomicU32, Ordering};

    use adbc_core::error::Status;
    use adbc_ffi::FFI_AdbcDriver;

    use super::*;

    fn failure(message: &str) -> Error {
        Error {
            vendor_code: 1023,
            sqlstate: b"40001".map(|byte| byte as c_char),
            details: Some(vec![("redshift.hint".into(), b"try again".to_vec()), ("nul\0key".into(), vec![])]),
            ..Error::with_message_and_status(message, Status::Integrity)
        }
    }

    fn message(error: &FFI_AdbcError) -> &str {
        // SAFETY: called after `export`.
        unsafe { CStr::from_ptr(error.message) }.to_str().unwrap()
    }

    fn plain() -> FFI_AdbcError {
        FFI_AdbcError { vendor_code: 0, ..FFI_AdbcError::default() }
    }

    fn release(error: &mut FFI_AdbcError) {
        // SAFETY: as a C caller does it.
        unsafe { error.release.unwrap()(error) };
    }

    #[test]
    fn the_1_0_layout_leaves_what_lies_behind_untouched() {
        let canary: *mut c_void = (&raw const CANARY).cast_mut().cast();
        let driver: *const FFI_AdbcDriver = canary.cast();
        let mut error = FFI_AdbcError { private_data: canary, private_driver: driver, ..plain() };
        // SAFETY: an initialised error.
        unsafe { export(&raw mut error, &failure("conflict")) };
        assert_eq!((message(&error), error.vendor_code), ("conflict", 1023));
        assert_eq!(sqlstate_text(&error.sqlstate).as_deref(), Some("40001"));
        // SAFETY: an initialised error.
        assert_eq!(unsafe { AdbcErrorGetDetailCount(&raw const error) }, 0);
        release(&mut error);
        assert!(error.message.is_null() && error.release.is_none());
        assert_eq!((error.private_data, error.private_driver), (canary, driver));
    }

    static CANARY: u8 = 0;

    #[test]
    fn the_1_0_layout_never_gets_the_mark_as_vendor_code() {
        let mut error = plain();
        let marked = Error { vendor_code: i32::MIN, ..failure("odd") };
        // SAFETY: an initialised error.
        unsafe { export(&raw mut error, &marked) };
        assert_eq!(error.vendor_code, 0);
    }

    #[test]
    fn details_are_listed_and_end_with_the_release() {
        let mut error = FFI_AdbcError::default();
        // SAFETY: an initialised error; the detail is read while the error lives.
        unsafe {
            export(&raw mut error, &failure("conflict"));
            assert_eq!(AdbcErrorGetDetailCount(&raw const error), 2);
            let detail = AdbcErrorGetDetail(&raw const error, 0);
            assert_eq!(CStr::from_ptr(detail.key), c"redshift.hint");
            assert_eq!(std::slice::from_raw_parts(detail.value, detail.value_length), b"try again");
            assert_eq!(CStr::from_ptr(AdbcErrorGetDetail(&raw const error, 1).key), c"nul\u{FFFD}key");
            for index in [-1, 2, c_int::MAX] {
                let none = AdbcErrorGetDetail(&raw const error, index);
                assert!(none.key.is_null() && none.value.is_null() && none.value_length == 0);
            }
        }
        assert_eq!(error.vendor_code, ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA);
        release(&mut error);
        // SAFETY: an initialised error.
        assert_eq!(unsafe { AdbcErrorGetDetailCount(&raw const error) }, 0);
    }

    #[test]
    fn foreign_and_empty_errors_have_no_details() {
        unsafe extern "C" fn foreign(error: *mut FFI_AdbcError) {
            // SAFETY: a live error.
            unsafe { (*error).release = None };
        }
        let mut storage = 7_u64;
        let error = FFI_AdbcError {
            release: Some(foreign),
            private_data: (&raw mut storage).cast(),
            ..FFI_AdbcError::default()
        };
        // SAFETY: initialised errors, and NULL.
        unsafe {
            assert_eq!(AdbcErrorGetDetailCount(&raw const error), 0);
            assert!(AdbcErrorGetDetail(&raw const error, 0).key.is_null());
            assert_eq!(AdbcErrorGetDetailCount(&FFI_AdbcError::default()), 0);
            assert_eq!(AdbcErrorGetDetailCount(null()), 0);
        }
    }

    #[test]
    fn an_earlier_error_is_released_before_it_is_overwritten() {
        static RELEASED: AtomicU32 = AtomicU32::new(0);
        unsafe extern "C" fn counting(error: *mut FFI_AdbcError) {
            RELEASED.fetch_add(1, Ordering::Relaxed);
            // SAFETY: a live error.
            unsafe { (*error).release = None };
        }
        let mut error = FFI_AdbcError { release: Some(counting), ..FFI_AdbcError::default() };
        // SAFETY: an initialised error.
        unsafe {
            export(&raw mut error, &failure("first"));
            export(&raw mut error, &failure("second"));
        }
        assert_eq!((message(&error), RELEASED.load(Ordering::Relaxed)), ("second", 1));
    }

    #[test]
    fn a_nul_in_a_message_does_not_cut_it() {
        let mut error = plain();
        // SAFETY: an initialised error.
        unsafe { export(&raw mut error, &failure("before\0after")) };
        assert_eq!(message(&error), "before\u{FFFD}after");
    }

    #[test]
    fn an_unset_sqlstate_has_no_text() {
        for unset in [[0; 5], b"00000".map(|byte| byte as c_char), b"ab\0cd".map(|byte| byte as c_char)] {
            assert_eq!(sqlstate_text(&unset), None);
        }
    }
}
