//! `GetInfo`: one row per code, the value in a dense union. Asks the server nothing: the session already knows.

use std::sync::Arc;

use adbc_core::constants;
use adbc_core::error::{Error, Result, Status};
use adbc_core::schemas::GET_INFO_SCHEMA;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array, UnionArray,
};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType};

use crate::adbc::reader::{MemoryReader, Reader};
use crate::session::Session;
use crate::types::Dialect;

/// Version of the Arrow libraries built in, as Cargo.lock has it.
const ARROW_VERSION: &str = "v60.1.0";

enum Value {
    Text(Option<String>),
    Boolean(bool),
    Integer(i64),
}

/// The value of a code; `None` for codes the driver does not know.
fn value(code: u32, session: &Session) -> Option<Value> {
    Some(match code {
        constants::ADBC_INFO_VENDOR_NAME => Value::Text(Some(vendor_name(session).to_owned())),
        constants::ADBC_INFO_VENDOR_VERSION => Value::Text(vendor_version(session)),
        constants::ADBC_INFO_VENDOR_ARROW_VERSION => Value::Text(None),
        constants::ADBC_INFO_VENDOR_SQL => Value::Boolean(true),
        constants::ADBC_INFO_VENDOR_SUBSTRAIT => Value::Boolean(false),
        constants::ADBC_INFO_VENDOR_SUBSTRAIT_MIN_VERSION => Value::Text(None),
        constants::ADBC_INFO_VENDOR_SUBSTRAIT_MAX_VERSION => Value::Text(None),
        constants::ADBC_INFO_DRIVER_NAME => Value::Text(Some("ADBC Redshift Driver".into())),
        constants::ADBC_INFO_DRIVER_VERSION => Value::Text(Some(env!("CARGO_PKG_VERSION").into())),
        constants::ADBC_INFO_DRIVER_ARROW_VERSION => Value::Text(Some(ARROW_VERSION.into())),
        constants::ADBC_INFO_DRIVER_ADBC_VERSION => Value::Integer(i64::from(constants::ADBC_VERSION_1_1_0)),
        _ => return None,
    })
}

/// All codes with a value, in ascending order.
const CODES: &[u32] = &[
    constants::ADBC_INFO_VENDOR_NAME,
    constants::ADBC_INFO_VENDOR_VERSION,
    constants::ADBC_INFO_VENDOR_ARROW_VERSION,
    constants::ADBC_INFO_VENDOR_SQL,
    constants::ADBC_INFO_VENDOR_SUBSTRAIT,
    constants::ADBC_INFO_VENDOR_SUBSTRAIT_MIN_VERSION,
    constants::ADBC_INFO_VENDOR_SUBSTRAIT_MAX_VERSION,
    constants::ADBC_INFO_DRIVER_NAME,
    constants::ADBC_INFO_DRIVER_VERSION,
    constants::ADBC_INFO_DRIVER_ARROW_VERSION,
    constants::ADBC_INFO_DRIVER_ADBC_VERSION,
];

pub(in crate::adbc) fn info(session: &Session, codes: Option<&[u32]>) -> Result<Reader> {
    let mut rows = Rows::default();
    for &code in codes.unwrap_or(CODES) {
        if let Some(value) = value(code, session) {
            rows.push(code, value);
        }
    }
    let batch = rows
        .into_batch()
        .map_err(|error| Error::with_message_and_status(error.to_string(), Status::Internal))?;
    Ok(Box::new(MemoryReader::new(Arc::clone(&GET_INFO_SCHEMA), vec![batch])))
}

/// Who answers: only Redshift reports `padb_version`; plain PostgreSQL is a supported development target.
pub(in crate::adbc) fn dialect(session: &Session) -> Dialect {
    match session.parameter("padb_version") {
        Some(_) => Dialect::Redshift,
        None => Dialect::PostgreSql,
    }
}

fn vendor_name(session: &Session) -> &'static str {
    match dialect(session) {
        Dialect::PostgreSql => "PostgreSQL",
        Dialect::Redshift => "Amazon Redshift",
    }
}

/// Redshift's release: its `server_version` is 8.0.2 for ever.
fn vendor_version(session: &Session) -> Option<String> {
    session.parameter("padb_version").or_else(|| session.parameter("server_version"))
}

/// The columns of the result, as they grow. Type ids of the union are those of the GetInfo schema.
#[derive(Default)]
struct Rows {
    codes: Vec<u32>,
    type_ids: Vec<i8>,
    offsets: Vec<i32>,
    texts: Vec<Option<String>>,
    booleans: Vec<bool>,
    integers: Vec<i64>,
}

impl Rows {
    fn push(&mut self, code: u32, value: Value) {
        let (type_id, offset) = match value {
            Value::Text(text) => (0, push_at(&mut self.texts, text)),
            Value::Boolean(boolean) => (1, push_at(&mut self.booleans, boolean)),
            Value::Integer(integer) => (2, push_at(&mut self.integers, integer)),
        };
        self.codes.push(code);
        self.type_ids.push(type_id);
        self.offsets.push(offset);
    }

    fn into_batch(self) -> std::result::Result<RecordBatch, ArrowError> {
        let DataType::Union(fields, _) = GET_INFO_SCHEMA.field(1).data_type() else {
            return Err(ArrowError::SchemaError("the GetInfo schema has no union".into()));
        };
        let children = fields.iter().map(|(type_id, field)| -> ArrayRef {
            match type_id {
                0 => Arc::new(StringArray::from(self.texts.clone())),
                1 => Arc::new(BooleanArray::from(self.booleans.clone())),
                2 => Arc::new(Int64Array::from(self.integers.clone())),
                _ => arrow_array::new_empty_array(field.data_type()),
            }
        });
        let children: Vec<_> = children.collect();
        let values = UnionArray::try_new(
            fields.clone(),
            ScalarBuffer::from(self.type_ids),
            Some(ScalarBuffer::from(self.offsets)),
            children,
        )?;
        let codes = UInt32Array::from(self.codes);
        RecordBatch::try_new(
            Arc::clone(&GET_INFO_SCHEMA),
            vec![Arc::new(codes), Arc::new(values) as Arc<dyn Array>],
        )
    }
}

/// Pushes and answers the index pushed to.
fn push_at<T>(column: &mut Vec<T>, value: T) -> i32 {
    let offset = i32::try_from(column.len()).unwrap_or(i32::MAX);
    column.push(value);
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrow_version_is_the_one_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        let version = ARROW_VERSION.trim_start_matches('v');
        assert!(lock.contains(&format!("name = \"arrow-array\"\nversion = \"{version}\"")));
    }

    #[test]
    fn every_union_member_of_the_schema_gets_a_child() {
        let mut rows = Rows::default();
        rows.push(0, Value::Text(None));
        rows.push(3, Value::Boolean(true));
        rows.push(103, Value::Integer(1_001_000));
        let batch = rows.into_batch().unwrap();
        assert_eq!(batch.num_rows(), 3);
        assert_eq!(batch.schema(), *GET_INFO_SCHEMA);
    }
}
