//! The one skeleton of all entry points: check the arguments, run the body, catch panics, export the error.
//!
//! It does not know any ADBC object: `argument` and `handle` say how an argument is checked, the bodies what is done.
//!
//! Invariant: a panic becomes `ADBC_STATUS_INTERNAL` for this one call; the library keeps working.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use adbc_core::constants::ADBC_STATUS_OK;
use adbc_core::error::{AdbcStatusCode, Error, Result, Status};
use adbc_ffi::FFI_AdbcError;

use super::error::export;

/// One running call. Whatever is borrowed from the caller's arguments lives no longer than this.
pub(super) struct Scope {
    function: &'static str,
}

impl Scope {
    pub(super) const fn new(function: &'static str) -> Self {
        Self { function }
    }

    /// An argument that cannot be used: `problem` says what is wrong and what was expected.
    pub(super) fn argument_error(&self, name: &str, problem: &str) -> Error {
        self.error(Status::InvalidArguments, &format!("argument `{name}` {problem}"))
    }

    /// Any failure of the boundary itself.
    pub(super) fn error(&self, status: Status, problem: &str) -> Error {
        Error::with_message_and_status(format!("{}: {problem}", self.function), status)
    }
}

/// Runs the body of an entry point and reports its outcome the ADBC way.
///
/// # Safety
///
/// `error` is NULL or points to an `AdbcError` initialised as `adbc.h` asks.
pub(super) unsafe fn call(
    function: &'static str,
    error: *mut FFI_AdbcError,
    body: impl FnOnce(&Scope) -> Result<()>,
) -> AdbcStatusCode {
    match caught(function, || body(&Scope::new(function))) {
        Ok(()) => ADBC_STATUS_OK,
        Err(failure) => {
            let status = failure_code(failure.status);
            // SAFETY: the caller vouches for `error`.
            unsafe { export(error, &failure) };
            status
        }
    }
}

/// Runs `body`; a panic in it becomes an error.
pub(super) fn caught<T>(function: &str, body: impl FnOnce() -> Result<T>) -> Result<T> {
    // `AssertUnwindSafe` is OK because the objects behind the handles guard their own state: their locks are poisoned
    // or their sessions marked as broken by the same unwinding.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panicked(function, payload)))
}

/// The status code of a failed call: never `ADBC_STATUS_OK`, whatever the error claims.
pub(super) fn failure_code(status: Status) -> AdbcStatusCode {
    match status {
        Status::Ok => Status::Internal.into(),
        status => status.into(),
    }
}

fn panicked(function: &str, payload: Box<dyn Any + Send>) -> Error {
    let cause = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(payload) => {
                // Dropping a foreign payload could panic again, outside the net.
                std::mem::forget(payload);
                "unknown cause".to_owned()
            }
        },
    };
    let message = format!(
        "{function}: internal error in the Redshift driver: {cause}. This call failed, other objects are not \
         affected; release this one, and report the message as a bug"
    );
    Error::with_message_and_status(message, Status::Internal)
}

/// Defines a C function twice: a private one for the driver tables and a plain exported one of the same name.
///
/// The tables must not point at the exported symbols: a host that defines a function of the same name (every driver
/// manager does) could take their place when the library is loaded.
macro_rules! exported {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $return:ty $body:block) => {
        $(#[$doc])*
        #[allow(non_snake_case, clippy::too_many_arguments)] // OK because adbc.h fixes names and parameters.
        pub(super) unsafe extern "C" fn $name($($arg: $type),*) -> $return $body

        const _: () = {
            #[allow(non_snake_case, clippy::too_many_arguments)] // OK because adbc.h fixes names and parameters.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($arg: $type),*) -> $return {
                // SAFETY: the caller's promises are passed on unchanged; `self::` is the private function above.
                unsafe { self::$name($($arg),*) }
            }
        };
    };
}

/// Defines entry points. An argument is written `name: Kind` or `name: Kind[length]`; the kind (see `argument` and
/// `handle`) gives both the C type and what the body sees once it is checked. The `error` argument is implied.
macro_rules! entry_points {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($arg:ident: $kind:ty $([$length:ident])?),* $(,)?) $body:block
    )*) => {$(
        $crate::ffi::entry::exported! {
            $(#[$doc])*
            fn $name(
                $(
                    $arg: <$kind as $crate::ffi::argument::Kind>::C,
                    $($length: <$kind as $crate::ffi::argument::Measured>::Length,)?
                )*
                error: *mut adbc_ffi::FFI_AdbcError,
            ) -> adbc_core::error::AdbcStatusCode {
                // The body stays outside of every `unsafe` block, so that it cannot use pointers unnoticed.
                let body = |scope: &$crate::ffi::entry::Scope| {
                    $(let $arg = $crate::ffi::entry::checked!(scope, $arg: $kind $(, $length)?)?;)*
                    $body
                };
                // SAFETY: the caller keeps adbc.h: `error` is NULL or an initialised error.
                unsafe { $crate::ffi::entry::call(stringify!($name), error, body) }
            }
        }
    )*};
}

/// Checks one argument inside [`entry_points`].
macro_rules! checked {
    ($scope:ident, $arg:ident: $kind:ty) => {
        // SAFETY: the caller keeps adbc.h: a pointer is NULL or valid for this call.
        unsafe { <$kind as $crate::ffi::argument::Argument>::check($arg, stringify!($arg), $scope) }
    };
    ($scope:ident, $arg:ident: $kind:ty, $length:ident) => {
        // SAFETY: the caller keeps adbc.h: a pointer is NULL or valid for this call and the given length.
        unsafe { <$kind as $crate::ffi::argument::Measured>::check($arg, $length, stringify!($arg), $scope) }
    };
}

pub(super) use {checked, entry_points, exported};

#[cfg(test)]
mod tests {
    use std::ffi::CStr;
    use std::panic::panic_any;
    use std::ptr::null_mut;

    use adbc_core::constants::{ADBC_STATUS_INTERNAL, ADBC_STATUS_NOT_FOUND};

    use super::*;

    /// Panics when dropped, as a payload may.
    struct Spiteful;

    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    fn outcome(body: impl FnOnce() -> Result<()>) -> (AdbcStatusCode, String) {
        let mut error = FFI_AdbcError::default();
        // SAFETY: an initialised error; its message is read only after a failure.
        unsafe {
            let status = call("AdbcTest", &raw mut error, |_| body());
            (status, CStr::from_ptr(error.message).to_str().unwrap().to_owned())
        }
    }

    #[test]
    fn panics_become_internal_errors_with_their_message() {
        for (body, cause) in [
            ((|| panic!("plain")) as fn() -> Result<()>, "plain"),
            (|| panic!("with {}", "value"), "with value"),
            (|| panic_any(Spiteful), "unknown cause"),
        ] {
            let (status, message) = outcome(body);
            assert_eq!(status, ADBC_STATUS_INTERNAL);
            assert!(message.starts_with("AdbcTest: ") && message.contains(cause), "{message}");
        }
    }

    #[test]
    fn a_panic_does_not_disable_later_calls() {
        outcome(|| panic!("once"));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { call("AdbcTest", null_mut(), |_| Ok(())) }, ADBC_STATUS_OK);
    }

    #[test]
    fn errors_without_a_place_still_give_their_status() {
        let failure = || Err(Error::with_message_and_status("gone", Status::NotFound));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { call("AdbcTest", null_mut(), |_| failure()) }, ADBC_STATUS_NOT_FOUND);
    }

    #[test]
    fn an_error_that_claims_to_be_ok_is_a_failure() {
        let (status, _) = outcome(|| Err(Error::with_message_and_status("odd", Status::Ok)));
        assert_eq!(status, ADBC_STATUS_INTERNAL);
    }
}
