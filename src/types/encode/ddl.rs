//! The column of a table that takes an Arrow column's values: its type, the expression that turns a parameter into it,
//! and how long a value may be.
//!
//! Names and modifiers are the type table's; this says which of them an Arrow type becomes. Invariant: a column made here
//! takes every value of its Arrow type that can be sent at all, unless the caller asked for a shorter one.

use arrow_array::RecordBatch;
use arrow_schema::extension::EXTENSION_TYPE_METADATA_KEY;
use arrow_schema::{DataType, Field, IntervalUnit};
use bytes::BytesMut;
use tokio_postgres::types::Type;

use super::column::{Demands, Writer};
use super::error::{ColumnLabel, EncodeError, Fault};
use super::temporal::IntervalKind;
use super::{Form, extension, logical};
use crate::types::numeric::MAX_PRECISION;
use crate::types::table::{
    GEOGRAPHY, GEOMETRY, INTERVAL_DAY_TO_SECOND, INTERVAL_YEAR_TO_MONTH, LENGTH_OFFSET, NO_MODIFIER, SUPER,
    VARBYTE, sql_type,
};

/// The longest VARCHAR, in bytes.
pub(crate) const MAX_VARCHAR_BYTES: u32 = 65_535;
/// The longest VARBYTE that every release has.
const MAX_VARBYTE_BYTES: u32 = 1_024_000;
/// Characters of a UUID's text.
const UUID_CHARS: u32 = 36;

/// Whose types and catalogs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// PostgreSQL, which has neither VARBYTE nor SUPER.
    PostgreSql,
    /// Redshift.
    Redshift,
}

/// The SQL type of a new column. `varchar_bytes` is the length of text columns.
///
/// # Errors
///
/// A field of a type that no column takes.
pub(crate) fn column_type(
    index: usize,
    field: &Field,
    dialect: Dialect,
    varchar_bytes: u32,
) -> Result<String, EncodeError> {
    type_and_modifier(field, dialect, varchar_bytes)
        .map(|(oid, type_modifier)| sql_type(oid, type_modifier))
        .map_err(|fault| EncodeError::column(ColumnLabel::new(index, field), fault))
}

fn type_and_modifier(field: &Field, dialect: Dialect, varchar_bytes: u32) -> Result<(u32, i32), Fault> {
    let plain = |sql_type: Type| (sql_type.oid(), NO_MODIFIER);
    let json = || match dialect {
        Dialect::PostgreSql => plain(Type::JSON),
        Dialect::Redshift => (SUPER, NO_MODIFIER),
    };
    Ok(match Form::of(field)? {
        Form::Boolean => plain(Type::BOOL),
        Form::Bytes | Form::Hex => binary(field, dialect),
        Form::Date => plain(Type::DATE),
        Form::Decimal => decimal(logical(field.data_type()))?,
        Form::Float32 => plain(Type::FLOAT4),
        Form::Float64 => plain(Type::FLOAT8),
        Form::Int16 => plain(Type::INT2),
        Form::Int32 => plain(Type::INT4),
        Form::Int64 => plain(Type::INT8),
        Form::Interval => match logical(field.data_type()) {
            DataType::Interval(IntervalUnit::YearMonth) => (INTERVAL_YEAR_TO_MONTH, NO_MODIFIER),
            _ => (INTERVAL_DAY_TO_SECOND, NO_MODIFIER),
        },
        Form::Json => json(),
        Form::Text if extension(field) == Some("arrow.json") => json(),
        // A column of nulls is most often one of text that has none yet.
        Form::Null | Form::Text => (Type::VARCHAR.oid(), length(varchar_bytes)),
        Form::Time => plain(Type::TIME),
        Form::Timestamp => match logical(field.data_type()) {
            DataType::Timestamp(_, Some(_)) => plain(Type::TIMESTAMPTZ),
            _ => plain(Type::TIMESTAMP),
        },
        Form::UInt64 => (Type::NUMERIC.oid(), precision_and_scale(20, 0)),
        Form::Uuid => (Type::BPCHAR.oid(), length(UUID_CHARS)),
    })
}

fn binary(field: &Field, dialect: Dialect) -> (u32, i32) {
    let is_round =
        || field.metadata().get(EXTENSION_TYPE_METADATA_KEY).is_some_and(|text| text.contains("spherical"));
    match (dialect, extension(field), logical(field.data_type())) {
        (Dialect::PostgreSql, ..) => (Type::BYTEA.oid(), NO_MODIFIER),
        (_, Some("geoarrow.wkb"), _) if is_round() => (GEOGRAPHY, NO_MODIFIER),
        (_, Some("geoarrow.wkb"), _) => (GEOMETRY, NO_MODIFIER),
        (_, _, DataType::FixedSizeBinary(bytes)) => (VARBYTE, length(bytes.unsigned_abs().max(1))),
        _ => (VARBYTE, length(MAX_VARBYTE_BYTES)),
    }
}

fn decimal(data_type: &DataType) -> Result<(u32, i32), Fault> {
    let (DataType::Decimal32(precision, scale)
    | DataType::Decimal64(precision, scale)
    | DataType::Decimal128(precision, scale)
    | DataType::Decimal256(precision, scale)) = data_type
    else {
        return Err(Fault::UnsupportedType);
    };
    // A negative scale is digits before the point that no value has.
    let precision = i32::from(*precision) - i32::from((*scale).min(0));
    let scale = i32::from((*scale).max(0));
    let precision = precision.max(scale);
    if precision > i32::from(MAX_PRECISION) {
        return Err(Fault::DecimalPrecision);
    }
    Ok((Type::NUMERIC.oid(), precision_and_scale(precision, scale)))
}

fn precision_and_scale(precision: i32, scale: i32) -> i32 {
    ((precision << 16) | scale) + LENGTH_OFFSET
}

fn length(bytes: u32) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX - LENGTH_OFFSET) + LENGTH_OFFSET
}

/// The expression for a value of a field in a column of a type; `{}` is the parameter. SUPER and VARBYTE would take the
/// parameter itself as a string and as the bytes of its text.
pub(crate) fn value_expression(field: &Field, column_oid: u32) -> &'static str {
    let is_wkt = extension(field) == Some("geoarrow.wkt");
    let is_json = extension(field) == Some("arrow.json");
    match (column_oid, Form::of(field)) {
        (SUPER, Ok(Form::Json)) => "JSON_PARSE({}::VARCHAR)",
        (SUPER, Ok(Form::Text)) if is_json => "JSON_PARSE({}::VARCHAR)",
        (VARBYTE, Ok(Form::Hex)) => "TO_VARBYTE({}::VARCHAR, 'hex')",
        (GEOMETRY, Ok(Form::Hex)) => "ST_GeomFromEWKB({}::VARCHAR)",
        (GEOMETRY, Ok(Form::Text)) if is_wkt => "ST_GeomFromText({}::VARCHAR)",
        (GEOGRAPHY, Ok(Form::Hex)) => "ST_GeogFromWKB({}::VARCHAR)",
        (GEOGRAPHY, Ok(Form::Text)) if is_wkt => "ST_GeogFromText({}::VARCHAR)",
        _ => "{}",
    }
}

/// The most bytes of a value that a column takes, when its type says so.
pub(crate) fn max_bytes(column_oid: u32, type_modifier: i32) -> Option<u32> {
    let has_length = [Type::VARCHAR.oid(), Type::BPCHAR.oid(), VARBYTE].contains(&column_oid);
    type_modifier
        .checked_sub(LENGTH_OFFSET)
        .filter(|_| has_length)
        .and_then(|bytes| u32::try_from(bytes).ok())
}

/// The longest text of a column in bytes; 0 for columns of other types.
///
/// # Errors
///
/// Text that cannot be sent.
pub(crate) fn longest_text(batch: &RecordBatch, index: usize) -> Result<u32, EncodeError> {
    let schema = batch.schema();
    let (Some(field), Some(array)) = (schema.fields().get(index), batch.columns().get(index)) else {
        return Ok(0);
    };
    let label = || ColumnLabel::new(index, field);
    if !matches!(Form::of(field), Ok(Form::Text)) {
        return Ok(0);
    }
    let demands = Demands {
        form: Form::Text,
        interval: IntervalKind::Any,
        max_integer: None,
        max_bytes: Some(MAX_VARCHAR_BYTES),
    };
    let writer = Writer::new(array, demands).map_err(|fault| EncodeError::column(label(), fault))?;
    let (mut text, mut longest) = (BytesMut::new(), 0);
    for row in 0..batch.num_rows() {
        text.clear();
        writer.write(row, &mut text).map_err(|fault| EncodeError::cell(label(), row as u64 + 1, fault))?;
        longest = longest.max(text.len());
    }
    // OK because no text is longer than a VARCHAR.
    Ok(longest as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow_schema::TimeUnit;
    use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;

    use super::*;

    fn sql(field: &Field) -> String {
        column_type(0, field, Dialect::Redshift, MAX_VARCHAR_BYTES).unwrap()
    }

    fn field(data_type: DataType) -> Field {
        Field::new("c", data_type, true)
    }

    fn extended(data_type: DataType, name: &str, metadata: &str) -> Field {
        field(data_type).with_metadata(HashMap::from([
            (EXTENSION_TYPE_NAME_KEY.to_owned(), name.to_owned()),
            (EXTENSION_TYPE_METADATA_KEY.to_owned(), metadata.to_owned()),
        ]))
    }

    #[test]
    fn every_arrow_type_has_a_column() {
        let item = || Field::new_list_field(DataType::Int32, true).into();
        for (data_type, expected) in [
            (DataType::Null, "VARCHAR(65535)"),
            (DataType::Boolean, "BOOLEAN"),
            (DataType::Int8, "SMALLINT"),
            (DataType::UInt8, "SMALLINT"),
            (DataType::Int16, "SMALLINT"),
            (DataType::UInt16, "INTEGER"),
            (DataType::Int32, "INTEGER"),
            (DataType::UInt32, "BIGINT"),
            (DataType::Int64, "BIGINT"),
            (DataType::UInt64, "NUMERIC(20,0)"),
            (DataType::Float16, "REAL"),
            (DataType::Float32, "REAL"),
            (DataType::Float64, "DOUBLE PRECISION"),
            (DataType::Decimal32(9, 2), "NUMERIC(9,2)"),
            (DataType::Decimal128(38, 37), "NUMERIC(38,37)"),
            (DataType::Decimal256(10, -3), "NUMERIC(13,0)"),
            (DataType::Utf8View, "VARCHAR(65535)"),
            (DataType::LargeBinary, "VARBYTE(1024000)"),
            (DataType::FixedSizeBinary(7), "VARBYTE(7)"),
            (DataType::Date64, "DATE"),
            (DataType::Time32(TimeUnit::Second), "TIME"),
            (DataType::Timestamp(TimeUnit::Nanosecond, None), "TIMESTAMP"),
            (DataType::Timestamp(TimeUnit::Second, Some("UTC".into())), "TIMESTAMPTZ"),
            (DataType::Duration(TimeUnit::Second), "INTERVAL DAY TO SECOND"),
            (DataType::Interval(IntervalUnit::YearMonth), "INTERVAL YEAR TO MONTH"),
            (DataType::Interval(IntervalUnit::MonthDayNano), "INTERVAL DAY TO SECOND"),
            (DataType::List(item()), "SUPER"),
            (DataType::Dictionary(DataType::Int8.into(), DataType::Utf8.into()), "VARCHAR(65535)"),
        ] {
            assert_eq!(sql(&field(data_type.clone())), expected, "{data_type}");
        }
    }

    #[test]
    fn extension_types_have_columns_of_their_own() {
        let wkb = |metadata| extended(DataType::Binary, "geoarrow.wkb", metadata);
        assert_eq!(sql(&extended(DataType::Utf8, "arrow.json", "")), "SUPER");
        assert_eq!(sql(&extended(DataType::FixedSizeBinary(16), "arrow.uuid", "")), "CHAR(36)");
        assert_eq!(sql(&wkb("")), "GEOMETRY");
        assert_eq!(sql(&wkb(r#"{"edges": "spherical"}"#)), "GEOGRAPHY");
        assert_eq!(value_expression(&wkb(""), GEOMETRY), "ST_GeomFromEWKB({}::VARCHAR)");
        assert_eq!(value_expression(&field(DataType::Utf8), SUPER), "{}", "text is a string, not JSON");
    }

    #[test]
    fn decimals_beyond_38_digits_have_no_column() {
        for data_type in [DataType::Decimal256(39, 2), DataType::Decimal128(38, -1)] {
            let error = column_type(2, &field(data_type), Dialect::Redshift, 10).unwrap_err();
            assert!(error.to_string().contains("column 3"), "{error}");
        }
    }

    #[test]
    fn postgres_has_types_of_its_own() {
        let sql = |data_type| column_type(0, &field(data_type), Dialect::PostgreSql, 10).unwrap();
        assert_eq!(
            (sql(DataType::Binary), sql(DataType::Utf8)),
            ("BYTEA".to_owned(), "VARCHAR(10)".to_owned())
        );
    }

    #[test]
    fn lengths_are_bytes() {
        assert_eq!(max_bytes(1043, 14), Some(10));
        assert_eq!((max_bytes(1043, -1), max_bytes(23, 14)), (None, None));
    }
}
