//! The Arrow stream of a result, with the full ADBC error behind a failed call.
//!
//! Our own and not arrow's: that one aborts the host when the reader panics or an error text holds a NUL, and it drops
//! status, SQLSTATE and details.
//!
//! Invariant: after a failure the reader is gone and the failure stays: every later `get_next` reports it again, so a
//! broken result can never look like a complete one.

use std::ffi::{CString, c_char, c_int};
use std::ptr::{fn_addr_eq, null};

use adbc_core::constants::ADBC_STATUS_OK;
use adbc_core::error::{AdbcStatusCode, Error, Result, Status};
use adbc_ffi::FFI_AdbcError;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_schema::SchemaRef;
use libc::{ECANCELED, EINVAL, EIO, ETIMEDOUT};

use super::entry::{caught, exported, failure_code};
use super::error::{self, c_text, sqlstate_text};
use crate::adbc::Reader;

type Release = unsafe extern "C" fn(*mut FFI_ArrowArrayStream);

/// What `private_data` of a stream of ours points to.
struct Stream {
    schema: SchemaRef,
    /// `None` after the end and after a failure, so that the session is free again before the stream is released.
    reader: Option<Reader>,
    failure: Option<Failure>,
    /// What `ErrorFromArrayStream` hands out; empty as long as nothing failed.
    error: FFI_AdbcError,
}

struct Failure {
    errno: c_int,
    status: AdbcStatusCode,
    text: CString,
}

/// The C form of a result.
pub(super) fn export(reader: Reader) -> FFI_ArrowArrayStream {
    let schema = reader.schema();
    let stream = Stream { schema, reader: Some(reader), failure: None, error: FFI_AdbcError::default() };
    let stream = Box::into_raw(Box::new(stream));
    // SAFETY: the callbacks belong to `private_data`, which they own.
    unsafe {
        FFI_ArrowArrayStream::new_unchecked(
            Some(get_schema),
            Some(get_next),
            Some(get_last_error),
            Some(release),
            stream.cast(),
        )
    }
}

impl Stream {
    fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = self.reader.as_mut().and_then(|reader| reader.next()).transpose()?;
        if batch.is_none() {
            drop(self.reader.take());
        }
        Ok(batch)
    }

    fn fail(&mut self, failure: Error) -> c_int {
        let errno = errno(failure.status);
        // SAFETY: `error` is our own struct in the 1.1 layout.
        unsafe { error::export(&raw mut self.error, &failure) };
        self.failure =
            Some(Failure { errno, status: failure_code(failure.status), text: last_error_text(&failure) });
        // Dropping a reader that panicked may panic again; the first failure is the one that counts.
        let _ = caught("release of a failed result", || {
            drop(self.reader.take());
            Ok(())
        });
        errno
    }
}

/// The stream interface has no SQLSTATE field, so the text carries it.
fn last_error_text(failure: &Error) -> CString {
    match sqlstate_text(&failure.sqlstate) {
        Some(sqlstate) if !failure.message.contains(&sqlstate) => {
            c_text(&format!("{} (SQLSTATE {sqlstate})", failure.message))
        }
        _ => c_text(&failure.message),
    }
}

/// `ENOMEM` is not among them: Rust ends the process when memory runs out.
fn errno(status: Status) -> c_int {
    match status {
        Status::Cancelled => ECANCELED,
        Status::IO => EIO,
        Status::Timeout => ETIMEDOUT,
        _ => EINVAL,
    }
}

/// # Safety
///
/// `stream` is NULL, released, or a live stream made by [`export`] that nobody else uses during the call.
unsafe fn stream_of<'a>(stream: *mut FFI_ArrowArrayStream) -> Option<&'a mut Stream> {
    // SAFETY: the caller vouches; a released stream has no private data.
    unsafe { stream.as_ref()?.private_data().cast::<Stream>().as_mut() }
}

unsafe extern "C" fn get_schema(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    // SAFETY: the consumer keeps the C stream interface.
    let Some(stream) = (unsafe { stream_of(stream) }) else { return EINVAL };
    if out.is_null() {
        return EINVAL;
    }
    let exported =
        caught("get_schema of a result", || Ok(FFI_ArrowSchema::try_from(stream.schema.as_ref())?));
    match exported {
        Ok(schema) => {
            // SAFETY: not NULL; the consumer provides a place whose content is not to be dropped.
            unsafe { out.write(schema) };
            0
        }
        Err(failure) => stream.fail(failure),
    }
}

unsafe extern "C" fn get_next(stream: *mut FFI_ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    // SAFETY: the consumer keeps the C stream interface.
    let Some(stream) = (unsafe { stream_of(stream) }) else { return EINVAL };
    if out.is_null() {
        return EINVAL;
    }
    if let Some(failure) = &stream.failure {
        return failure.errno;
    }
    let next = caught("get_next of a result", || {
        let batch = stream.next()?;
        Ok(batch.map_or_else(FFI_ArrowArray::empty, |batch| {
            FFI_ArrowArray::new(&StructArray::from(batch).to_data())
        }))
    });
    match next {
        Ok(array) => {
            // SAFETY: not NULL; the consumer provides a place whose content is not to be dropped.
            unsafe { out.write(array) };
            0
        }
        Err(failure) => stream.fail(failure),
    }
}

unsafe extern "C" fn get_last_error(stream: *mut FFI_ArrowArrayStream) -> *const c_char {
    // SAFETY: the consumer keeps the C stream interface.
    let stream = unsafe { stream_of(stream) };
    stream.and_then(|stream| stream.failure.as_ref()).map_or(null(), |failure| failure.text.as_ptr())
}

/// Its address also marks a stream as ours.
unsafe extern "C" fn release(stream: *mut FFI_ArrowArrayStream) {
    // SAFETY: NULL or a stream made by `export`, perhaps moved; the consumer keeps the C stream interface.
    let Some(stream) = (unsafe { stream.as_mut() }) else { return };
    // SAFETY: clearing both marks the stream as released: nothing refers to the private data any more.
    let owner = unsafe {
        stream.set_release(None);
        stream.set_private_data(std::ptr::null_mut())
    };
    if owner.is_null() {
        return;
    }
    // There is nobody to tell about a panic here; what matters is that it ends here.
    let _ = caught("release of a result", || {
        // SAFETY: it came from `Box::into_raw` in `export`, and is taken out only here.
        drop(unsafe { Box::from_raw(owner.cast::<Stream>()) });
        Ok(())
    });
}

exported! {
    /// The error behind the last failed call on a stream of ours, owned by the stream; an empty one when nothing
    /// failed; NULL for streams of others.
    fn AdbcErrorFromArrayStream(
        stream: *mut FFI_ArrowArrayStream,
        status: *mut AdbcStatusCode,
    ) -> *const FFI_AdbcError {
        // SAFETY: NULL or an initialised stream; its private data is followed only when it is ours.
        let ours = unsafe { stream.as_ref() }
            .and_then(FFI_ArrowArrayStream::release)
            .is_some_and(|callback| fn_addr_eq(callback, release as Release));
        // SAFETY: made by `export`, so the private data is a `Stream`.
        let Some(stream) = (if ours { unsafe { stream_of(stream) } } else { None }) else { return null() };
        // SAFETY: NULL or a place for the status.
        if let Some(status) = unsafe { status.as_mut() } {
            *status = stream.failure.as_ref().map_or(ADBC_STATUS_OK, |failure| failure.status);
        }
        // Mutable provenance, because driver managers store their driver in the error before they hand it on.
        &raw mut stream.error
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
