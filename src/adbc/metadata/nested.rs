//! Lists and structs of ADBC's nested results.

use std::sync::Arc;

use adbc_core::error::{Error, Result, Status};
use arrow_array::{ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::NullBufferBuilder;
use arrow_schema::{DataType, Field, SchemaRef};

use super::texts::Offsets;
use crate::adbc::reader::{MemoryReader, Reader};

/// Lists over all values; no list is NULL without `nulls`.
pub(super) fn list(offsets: Offsets, values: ArrayRef, nulls: Option<NullBufferBuilder>) -> Result<ArrayRef> {
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let nulls = nulls.and_then(|mut nulls| nulls.finish());
    let lists = ListArray::try_new(item, offsets.finish(), values, nulls).map_err(Error::from)?;
    Ok(Arc::new(lists))
}

/// A struct of one of ADBC's types.
pub(super) fn structure(data_type: &DataType, columns: Vec<ArrayRef>) -> Result<ArrayRef> {
    let DataType::Struct(fields) = data_type else {
        return Err(Error::with_message_and_status("ADBC's schema has no struct here", Status::Internal));
    };
    let structure = StructArray::try_new(fields.clone(), columns, None).map_err(Error::from)?;
    Ok(Arc::new(structure))
}

/// A result of one batch.
pub(super) fn one_batch(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<Reader> {
    let batch = RecordBatch::try_new(Arc::clone(schema), columns).map_err(Error::from)?;
    Ok(Box::new(MemoryReader::new(Arc::clone(schema), vec![batch])))
}
