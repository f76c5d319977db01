//! Import of bound data: one batch, or a stream of them.
//!
//! It does not look at types or count columns: what can be bound is [`crate::adbc`]'s matter. Invariant: the caller's
//! structures are released exactly once, also when the import fails.

use adbc_core::error::{Error, Result, Status};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{Array, RecordBatch, RecordBatchOptions, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, DataType, Schema};

/// A struct array of the C data interface as a batch.
pub(super) fn batch(array: FFI_ArrowArray, schema: &FFI_ArrowSchema) -> Result<RecordBatch> {
    let schema = Schema::try_from(schema).map_err(|error| unusable("schema", &error))?;
    // SAFETY: the caller of AdbcStatementBind vouches that the array follows the C data interface and the schema.
    let data = unsafe { from_ffi_and_data_type(array, DataType::Struct(schema.fields().clone())) };
    let rows = StructArray::from(data.map_err(|error| unusable("values", &error))?);
    if rows.null_count() > 0 {
        let message = "AdbcStatementBind: whole rows are null; make the columns null instead";
        return Err(Error::with_message_and_status(message, Status::InvalidArguments));
    }
    // The row count is passed on, because a batch without columns has no array to take it from.
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(schema.into(), rows.into_parts().1, &options)
        .map_err(|error| unusable("values", &error))
}

/// A stream of the C stream interface as a reader.
pub(super) fn reader(stream: FFI_ArrowArrayStream) -> Result<Box<dyn RecordBatchReader + Send>> {
    match RecordBatchStreamReader::try_new(stream) {
        Ok(reader) => Ok(Box::new(reader)),
        Err(error) => Err(unusable("stream", &error)),
    }
}

fn unusable(argument: &str, error: &ArrowError) -> Error {
    let message = format!("bound `{argument}` cannot be read as Arrow data: {error}");
    Error::with_message_and_status(message, Status::InvalidArguments)
}
