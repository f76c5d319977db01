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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use arrow_array::ffi::to_ffi;
    use arrow_array::{ArrayRef, Int32Array, RecordBatchIterator, StringArray};
    use arrow_buffer::NullBuffer;
    use arrow_schema::{Field, Fields};

    use super::*;

    fn rows(nulls: Option<NullBuffer>) -> StructArray {
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int32Array::from(vec![1, 2])), Arc::new(StringArray::from(vec![Some("a"), None]))];
        let fields = Fields::from(vec![
            Field::new("n", DataType::Int32, true),
            Field::new("s", DataType::Utf8, true)
                .with_metadata(HashMap::from([("k".to_owned(), "v".to_owned())])),
        ]);
        StructArray::new(fields, columns, nulls)
    }

    fn exported(array: &dyn Array) -> (FFI_ArrowArray, FFI_ArrowSchema) {
        to_ffi(&array.to_data()).unwrap()
    }

    #[test]
    fn a_struct_array_becomes_a_batch_with_its_metadata() {
        let (array, schema) = exported(&rows(None));
        let batch = batch(array, &schema).unwrap();
        assert_eq!((batch.num_rows(), batch.num_columns()), (2, 2));
        assert_eq!(batch.schema().field(1).metadata()["k"], "v");
    }

    #[test]
    fn a_batch_without_columns_keeps_its_rows() {
        let (array, schema) = exported(&StructArray::new_empty_fields(3, None));
        assert_eq!(batch(array, &schema).unwrap().num_rows(), 3);
    }

    #[test]
    fn null_rows_are_refused() {
        let (array, schema) = exported(&rows(Some(NullBuffer::from(vec![true, false]))));
        let refused = batch(array, &schema).unwrap_err();
        assert_eq!(refused.status, Status::InvalidArguments);
        assert!(refused.message.contains("whole rows are null"), "{}", refused.message);
    }

    #[test]
    fn anything_but_a_struct_is_refused() {
        let (array, schema) = exported(&Int32Array::from(vec![1]));
        assert_eq!(batch(array, &schema).unwrap_err().status, Status::InvalidArguments);
    }

    #[test]
    fn a_stream_is_read_batch_by_batch() {
        let batches = [RecordBatch::from(rows(None)), RecordBatch::from(rows(None))];
        let schema = batches[0].schema();
        let stream = FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new(batches.map(Ok), schema)));
        assert_eq!(reader(stream).unwrap().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 4);
    }
}
