//! Nested values as JSON text, for SUPER: structs and maps become objects, lists arrays.
//!
//! Numbers keep every digit, decimals included. Dates, times, timestamps, intervals, UUIDs and binary data (in hexadecimal
//! digits) are strings, since JSON has no type for them.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields};
use bytes::{BufMut, BytesMut};

use super::column::{
    WriteCell, bytes_of, counts, decimals, intervals, primitive, put_hex, put_uuid, strings, unpacked,
};
use super::error::Fault;
use super::extension;
use super::numeric::put_decimal;
use super::temporal::{IntervalKind, put_date, put_time, put_timestamp};

/// A child of a nested value, null or not.
struct Child {
    nulls: Option<NullBuffer>,
    write: WriteCell,
}

impl Child {
    fn new(array: &ArrayRef, field: &Field) -> Result<Self, Fault> {
        Ok(Self {
            nulls: array.logical_nulls(),
            write: unpacked(array, &|values| plain(values, extension(field)))?,
        })
    }

    fn put(&self, row: usize, out: &mut BytesMut) -> Result<(), Fault> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        (self.write)(row, out)
    }
}

/// The writer of a nested array.
pub(super) fn cells(array: &ArrayRef) -> Result<WriteCell, Fault> {
    match array.data_type() {
        DataType::Struct(fields) => structs(array, fields),
        DataType::List(item) => {
            let lists = array.as_list::<i32>().clone();
            let child = Child::new(lists.values(), item)?;
            Ok(elements(child, move |row| {
                let offsets = lists.value_offsets();
                (index(offsets.get(row)), index(offsets.get(row + 1)))
            }))
        }
        DataType::LargeList(item) => {
            let lists = array.as_list::<i64>().clone();
            let child = Child::new(lists.values(), item)?;
            Ok(elements(child, move |row| {
                let offsets = lists.value_offsets();
                (index(offsets.get(row)), index(offsets.get(row + 1)))
            }))
        }
        DataType::FixedSizeList(item, _) => {
            let lists = array.as_fixed_size_list().clone();
            let child = Child::new(lists.values(), item)?;
            let offset = move |row| index(Some(&lists.value_offset_at(row)));
            Ok(elements(child, move |row| (offset(row), offset(row + 1))))
        }
        DataType::Map(entries, _) => maps(array, entries),
        _ => Err(Fault::UnsupportedType),
    }
}

/// An offset of Arrow's, which is never negative.
fn index<T: Copy + TryInto<usize>>(offset: Option<&T>) -> usize {
    offset.and_then(|offset| (*offset).try_into().ok()).unwrap_or_default()
}

fn structs(array: &ArrayRef, fields: &Fields) -> Result<WriteCell, Fault> {
    let children = array.as_struct().columns().iter().zip(fields).map(|(column, field)| {
        let mut key = BytesMut::new();
        put_string(field.name(), &mut key);
        Ok((key, Child::new(column, field)?))
    });
    let children = children.collect::<Result<Vec<_>, Fault>>()?;
    Ok(Box::new(move |row, out| {
        let mut separator = b'{';
        for (key, child) in &children {
            out.put_u8(separator);
            out.extend_from_slice(key);
            out.put_u8(b':');
            child.put(row, out)?;
            separator = b',';
        }
        close(separator, b'{', b'}', out);
        Ok(())
    }))
}

fn elements(child: Child, bounds: impl Fn(usize) -> (usize, usize) + 'static) -> WriteCell {
    Box::new(move |row, out| {
        let (start, end) = bounds(row);
        let mut separator = b'[';
        for element in start..end {
            out.put_u8(separator);
            child.put(element, out)?;
            separator = b',';
        }
        close(separator, b'[', b']', out);
        Ok(())
    })
}

fn maps(array: &ArrayRef, entries: &Field) -> Result<WriteCell, Fault> {
    let DataType::Struct(fields) = entries.data_type() else { return Err(Fault::UnsupportedType) };
    let [key_field, value_field] = fields.as_ref() else { return Err(Fault::UnsupportedType) };
    let maps = array.as_map().clone();
    let keys = Child::new(maps.keys(), key_field)?;
    let values = Child::new(maps.values(), value_field)?;
    Ok(Box::new(move |row, out| {
        let offsets = maps.value_offsets();
        let mut separator = b'{';
        for entry in index(offsets.get(row))..index(offsets.get(row + 1)) {
            out.put_u8(separator);
            put_key(&keys, entry, out)?;
            out.put_u8(b':');
            values.put(entry, out)?;
            separator = b',';
        }
        close(separator, b'{', b'}', out);
        Ok(())
    }))
}

/// A key is a string in JSON, whatever it is in Arrow.
fn put_key(keys: &Child, entry: usize, out: &mut BytesMut) -> Result<(), Fault> {
    let mut key = BytesMut::new();
    keys.put(entry, &mut key)?;
    match key.first() {
        Some(b'"') => out.extend_from_slice(&key),
        _ => put_string(&String::from_utf8_lossy(&key), out),
    }
    Ok(())
}

fn close(separator: u8, open: u8, close: u8, out: &mut BytesMut) {
    if separator == open {
        out.put_u8(open);
    }
    out.put_u8(close);
}

fn put_string(text: &str, out: &mut BytesMut) {
    // Neither a string nor memory can fail.
    let _ = serde_json::to_writer(out.writer(), text);
}

/// A string of what `write` writes, which needs no escape.
fn quoted(write: impl Fn(usize, &mut BytesMut) -> Result<(), Fault> + 'static) -> WriteCell {
    Box::new(move |row, out| {
        out.put_u8(b'"');
        write(row, out)?;
        out.put_u8(b'"');
        Ok(())
    })
}

/// Values without dictionary and run ends around them.
fn plain(array: &ArrayRef, extension: Option<&str>) -> Result<WriteCell, Fault> {
    Ok(match array.data_type() {
        DataType::Null => Box::new(|_, out| {
            out.extend_from_slice(b"null");
            Ok(())
        }),
        DataType::Boolean => {
            let values = array.as_boolean().clone();
            Box::new(move |row, out| {
                out.extend_from_slice(if values.value(row) { b"true" } else { b"false" });
                Ok(())
            })
        }
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => decimals(array)?,
        DataType::Date32 | DataType::Date64 => {
            let days = counts(array)?;
            quoted(move |row, out| put_date(days(row)?, out))
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let us = counts(array)?;
            quoted(move |row, out| put_time(us(row)?, out))
        }
        DataType::Timestamp(_, zone) => {
            let (us, is_utc) = (counts(array)?, zone.is_some());
            quoted(move |row, out| put_timestamp(us(row)?, is_utc, out))
        }
        DataType::Duration(_) | DataType::Interval(_) => quoted(intervals(array, IntervalKind::Any)?),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => strings(array, |text, out| {
            put_string(text, out);
            Ok(())
        })?,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let put = if extension == Some("arrow.uuid") { put_uuid } else { put_hex };
            quoted(bytes_of(array, move |bytes, out| {
                put(bytes, out);
                Ok(())
            })?)
        }
        DataType::Struct(_)
        | DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Map(..) => cells(array)?,
        _ => numbers(array)?,
    })
}

fn numbers(array: &ArrayRef) -> Result<WriteCell, Fault> {
    fn integer<T: ArrowPrimitiveType>(array: &ArrayRef) -> WriteCell
    where
        T::Native: Into<i128>,
    {
        primitive::<T>(array, |value, out| put_decimal(value.into(), 0, out))
    }
    fn float<T: ArrowPrimitiveType>(array: &ArrayRef) -> WriteCell
    where
        T::Native: Into<f64> + Copy,
    {
        primitive::<T>(array, |value, out| {
            let value: f64 = value.into();
            if !value.is_finite() {
                return Err(Fault::NonFiniteJson);
            }
            let _ = serde_json::to_writer(out.writer(), &value);
            Ok(())
        })
    }
    Ok(match array.data_type() {
        DataType::Int8 => integer::<Int8Type>(array),
        DataType::Int16 => integer::<Int16Type>(array),
        DataType::Int32 => integer::<Int32Type>(array),
        DataType::Int64 => integer::<Int64Type>(array),
        DataType::UInt8 => integer::<UInt8Type>(array),
        DataType::UInt16 => integer::<UInt16Type>(array),
        DataType::UInt32 => integer::<UInt32Type>(array),
        DataType::UInt64 => integer::<UInt64Type>(array),
        DataType::Float16 => float::<Float16Type>(array),
        DataType::Float32 => float::<Float32Type>(array),
        DataType::Float64 => float::<Float64Type>(array),
        _ => return Err(Fault::UnsupportedType),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{Int64Builder, MapBuilder, StringBuilder};
    use arrow_array::types::Int32Type as I32;
    use arrow_array::{
        BinaryArray, DictionaryArray, Float64Array, Int64Array, ListArray, StringArray, StructArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn json(array: ArrayRef, row: usize) -> Result<String, Fault> {
        let mut out = BytesMut::new();
        cells(&array)?(row, &mut out)?;
        Ok(String::from_utf8(out.to_vec()).unwrap())
    }

    fn one(name: &str, array: ArrayRef) -> ArrayRef {
        let field = Arc::new(Field::new(name, array.data_type().clone(), true));
        Arc::new(StructArray::from(vec![(field, array)]))
    }

    #[test]
    fn lists_keep_nulls_and_slices() {
        let lists = ListArray::from_iter_primitive::<I32, _, _>([
            Some(vec![Some(9)]),
            Some(vec![Some(1), None, Some(-3)]),
            Some(vec![]),
        ]);
        let lists: ArrayRef = Arc::new(lists.slice(1, 2));
        assert_eq!(json(Arc::clone(&lists), 0).unwrap(), "[1,null,-3]");
        assert_eq!(json(lists, 1).unwrap(), "[]");
    }

    #[test]
    fn keys_and_strings_are_escaped() {
        let value = one("a\"b", Arc::new(StringArray::from(vec!["x\ny\u{1}\u{0}"])));
        assert_eq!(json(value, 0).unwrap(), r#"{"a\"b":"x\ny\u0001\u0000"}"#);
    }

    #[test]
    fn scalars_without_a_json_type_are_strings() {
        let stamp = TimestampMicrosecondArray::from(vec![0]).with_timezone("Europe/Zurich");
        assert_eq!(json(one("t", Arc::new(stamp)), 0).unwrap(), r#"{"t":"1970-01-01T00:00:00Z"}"#);
        let bytes = BinaryArray::from(vec![&b"\0\xff"[..]]);
        assert_eq!(json(one("b", Arc::new(bytes)), 0).unwrap(), r#"{"b":"00ff"}"#);
        let words: DictionaryArray<I32> = vec!["w"].into_iter().collect();
        assert_eq!(json(one("d", Arc::new(words)), 0).unwrap(), r#"{"d":"w"}"#);
        let null = Int64Array::from(vec![None]);
        assert_eq!(json(one("n", Arc::new(null)), 0).unwrap(), r#"{"n":null}"#);
    }

    #[test]
    fn what_is_no_number_in_json_is_refused() {
        let value = one("f", Arc::new(Float64Array::from(vec![-2.5, f64::NAN])));
        assert_eq!(json(Arc::clone(&value), 0).unwrap(), r#"{"f":-2.5}"#);
        assert_eq!(json(value, 1), Err(Fault::NonFiniteJson));
    }

    #[test]
    fn maps_become_objects() {
        let mut builder = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
        builder.keys().append_value("k");
        builder.values().append_value(7);
        builder.append(true).unwrap();
        assert_eq!(json(Arc::new(builder.finish()), 0).unwrap(), r#"{"k":7}"#);
    }
}
