//! The exported stream over readers that succeed, fail, panic and panic again.
//!
//! They call the C callbacks as a consumer does. Invariant: no reader, however broken, ends the test process.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::Arc;

use adbc_core::constants::{
    ADBC_STATUS_CANCELLED, ADBC_STATUS_INTERNAL, ADBC_STATUS_INVALID_STATE, ADBC_STATUS_IO,
};
use arrow_array::Int32Array;
use arrow_array::ffi_stream::RecordBatchStreamReader;
use arrow_schema::{DataType, Field, Schema};

use super::super::error::AdbcErrorGetDetailCount;
use super::*;
use crate::adbc::ResultReader;

/// What the reader does at one call.
enum Step {
    Batch(Vec<i32>),
    Fail(Error),
    Panic,
}

struct Scripted {
    steps: VecDeque<Step>,
    panics_when_dropped: bool,
    /// Dropped with the reader, so that tests see when that happens.
    _alive: Arc<()>,
}

impl ResultReader for Scripted {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, false)]))
    }

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        match self.steps.pop_front()? {
            Step::Batch(values) => {
                let column = Arc::new(Int32Array::from(values));
                Some(RecordBatch::try_new(self.schema(), vec![column]).map_err(Error::from))
            }
            Step::Fail(error) => Some(Err(error)),
            Step::Panic => panic!("reader broke"),
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        assert!(!self.panics_when_dropped, "dropped");
    }
}

fn stream(steps: impl IntoIterator<Item = Step>) -> (FFI_ArrowArrayStream, Arc<()>) {
    let alive = Arc::new(());
    let steps = steps.into_iter().collect();
    let reader = Scripted { steps, panics_when_dropped: false, _alive: Arc::clone(&alive) };
    (export(Box::new(reader)), alive)
}

fn next(stream: &mut FFI_ArrowArrayStream) -> (c_int, FFI_ArrowArray) {
    let mut array = FFI_ArrowArray::empty();
    // SAFETY: a live stream and a place for the array.
    let errno = unsafe { stream.get_next().unwrap()(stream, &raw mut array) };
    (errno, array)
}

fn last_error(stream: &mut FFI_ArrowArrayStream) -> Option<String> {
    // SAFETY: a live stream; the text is copied before the next call.
    unsafe {
        let text = stream.get_last_error().unwrap()(stream);
        (!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap().to_owned())
    }
}

fn adbc_error(stream: &mut FFI_ArrowArrayStream) -> (*const FFI_AdbcError, AdbcStatusCode) {
    let mut status = 77;
    // SAFETY: a live stream.
    let error = unsafe { AdbcErrorFromArrayStream(stream, &raw mut status) };
    (error, status)
}

fn failure(message: &str, status: Status, sqlstate: &[u8; 5]) -> Error {
    Error {
        sqlstate: sqlstate.map(|byte| byte as c_char),
        details: Some(vec![("redshift.hint".into(), b"try again".to_vec())]),
        ..Error::with_message_and_status(message, status)
    }
}

#[test]
fn a_good_result_reads_to_its_end_with_arrow_s_own_reader() {
    let (stream, alive) = stream([Step::Batch(vec![1, 2]), Step::Batch(vec![]), Step::Batch(vec![3])]);
    let reader = RecordBatchStreamReader::try_new(stream).unwrap();
    let rows: Vec<usize> = reader.map(|batch| batch.unwrap().num_rows()).collect();
    assert_eq!(rows, [2, 0, 1]);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn the_end_is_a_released_array_and_frees_the_reader() {
    let (mut stream, alive) = stream([]);
    for _ in 0..2 {
        let (errno, array) = next(&mut stream);
        assert!(errno == 0 && array.is_released());
    }
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(last_error(&mut stream), None);
    let (error, status) = adbc_error(&mut stream);
    assert!(!error.is_null() && status == ADBC_STATUS_OK);
}

#[test]
fn a_failure_keeps_errno_text_status_sqlstate_and_details() {
    let cancelled = failure("query cancelled", Status::Cancelled, b"57014");
    let (mut stream, alive) = stream([Step::Batch(vec![1]), Step::Fail(cancelled), Step::Batch(vec![2])]);
    assert_eq!(next(&mut stream).0, 0);
    for _ in 0..2 {
        assert_eq!(next(&mut stream).0, ECANCELED);
        assert_eq!(last_error(&mut stream).unwrap(), "query cancelled (SQLSTATE 57014)");
    }
    let (error, status) = adbc_error(&mut stream);
    assert_eq!(status, ADBC_STATUS_CANCELLED);
    // SAFETY: owned by the stream, which lives.
    unsafe {
        assert_eq!(CStr::from_ptr((*error).message), c"query cancelled");
        assert_eq!(sqlstate_text(&(*error).sqlstate).as_deref(), Some("57014"));
        assert_eq!(AdbcErrorGetDetailCount(error), 1);
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn the_errno_follows_the_status() {
    for (status, errno) in [
        (Status::Cancelled, ECANCELED),
        (Status::IO, EIO),
        (Status::InvalidData, EINVAL),
        (Status::NotImplemented, EINVAL),
        (Status::Timeout, ETIMEDOUT),
    ] {
        let (mut stream, _) = stream([Step::Fail(failure("failed", status, b"08006"))]);
        assert_eq!(next(&mut stream).0, errno);
    }
}

#[test]
fn a_nul_in_the_text_is_replaced() {
    let (mut stream, _) = stream([Step::Fail(failure("a\0b", Status::IO, &[0; 5]))]);
    assert_eq!(next(&mut stream).0, EIO);
    assert_eq!(last_error(&mut stream).unwrap(), "a\u{FFFD}b");
    assert_eq!(adbc_error(&mut stream).1, ADBC_STATUS_IO);
}

#[test]
fn a_panic_in_the_reader_is_an_internal_error_and_stays_one() {
    let (mut stream, alive) = stream([Step::Panic, Step::Batch(vec![1])]);
    for _ in 0..2 {
        assert_eq!(next(&mut stream).0, EINVAL);
        assert!(last_error(&mut stream).unwrap().contains("reader broke"));
        assert_eq!(adbc_error(&mut stream).1, ADBC_STATUS_INTERNAL);
    }
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn a_panic_while_dropping_the_reader_ends_in_the_callback() {
    let reader = |steps: Vec<Step>| {
        let alive = Arc::new(());
        Box::new(Scripted { steps: steps.into(), panics_when_dropped: true, _alive: alive })
    };
    drop(export(reader(vec![])));
    let mut stream = export(reader(vec![]));
    assert_eq!(next(&mut stream).0, EINVAL);
    let failure = failure("first", Status::InvalidState, &[0; 5]);
    let mut stream = export(reader(vec![Step::Fail(failure)]));
    assert_eq!(next(&mut stream).0, EINVAL);
    assert_eq!(last_error(&mut stream).unwrap(), "first");
    assert_eq!(adbc_error(&mut stream).1, ADBC_STATUS_INVALID_STATE);
}

#[test]
fn the_schema_can_be_read_at_any_time() {
    let (mut stream, _) = stream([Step::Panic]);
    for _ in 0..2 {
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: a live stream and a place for the schema.
        assert_eq!(unsafe { stream.get_schema().unwrap()(&raw mut stream, &raw mut schema) }, 0);
        assert_eq!(Schema::try_from(&schema).unwrap().field(0).name(), "n");
        next(&mut stream);
    }
}

#[test]
fn a_released_stream_does_nothing() {
    let (mut stream, alive) = stream([Step::Batch(vec![1])]);
    let (mut array, mut schema) = (FFI_ArrowArray::empty(), FFI_ArrowSchema::empty());
    // SAFETY: the release callback may be met twice by a careless consumer.
    unsafe {
        release(&raw mut stream);
        release(&raw mut stream);
        release(null_mut());
        assert_eq!(get_next(&raw mut stream, &raw mut array), EINVAL);
        assert_eq!(get_schema(&raw mut stream, &raw mut schema), EINVAL);
        assert!(get_last_error(&raw mut stream).is_null());
    }
    assert_eq!(Arc::strong_count(&alive), 1);
    assert_eq!(adbc_error(&mut stream), (null(), 77));
}

#[test]
fn callbacks_refuse_a_null_place() {
    let (mut stream, _) = stream([Step::Batch(vec![1])]);
    // SAFETY: NULL is what is tested.
    unsafe {
        assert_eq!(get_next(&raw mut stream, null_mut()), EINVAL);
        assert_eq!(get_schema(&raw mut stream, null_mut()), EINVAL);
        assert!(AdbcErrorFromArrayStream(null_mut(), null_mut()).is_null());
    }
}

#[test]
fn a_stream_of_another_producer_has_no_adbc_error() {
    let batches: Vec<std::result::Result<RecordBatch, arrow_schema::ArrowError>> = vec![];
    let foreign = arrow_array::RecordBatchIterator::new(batches, Arc::new(Schema::empty()));
    let mut foreign = FFI_ArrowArrayStream::new(Box::new(foreign));
    assert_eq!(adbc_error(&mut foreign), (null(), 77));
}
