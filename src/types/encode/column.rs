//! [`Writer`]: writes the values of one array, chosen once per batch so that a cell costs one call.
//!
//! Owns the walk from Arrow's many layouts (widths, views, dictionaries, run ends) to the few forms on the wire. Knows
//! nothing of rows beyond their index, which the caller keeps within the batch.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTimeType,
    IntervalMonthDayNanoType, IntervalYearMonthType, RunEndIndexType, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, IntervalUnit, TimeUnit};
use bytes::{BufMut, BytesMut};

use super::error::Fault;
use super::numeric::{put_decimal, put_decimal256, put_integer};
use super::temporal::{
    Interval, IntervalKind, days_of_milliseconds, interval_of, microseconds, put_date, put_interval,
    put_time, server_timestamp,
};
use super::{Form, json};

/// Writes one value, which is not null.
pub(super) type WriteCell = Box<dyn Fn(usize, &mut BytesMut) -> Result<(), Fault>>;

/// The values of one array.
pub(super) struct Writer {
    nulls: Option<NullBuffer>,
    write: WriteCell,
}

/// What the column of a value asks of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demands {
    pub(super) form: Form,
    pub(super) interval: IntervalKind,
    /// The largest integer, where the column may hold fewer than the values do; the smallest is its complement.
    pub(super) max_integer: Option<i64>,
    /// The most bytes of text or binary data.
    pub(super) max_bytes: Option<u32>,
}

impl Writer {
    pub(super) fn new(array: &ArrayRef, demands: Demands) -> Result<Self, Fault> {
        Ok(Self { nulls: array.logical_nulls(), write: cells(array, demands)? })
    }

    /// Writes the value of a row; false when it is null.
    #[inline]
    pub(super) fn write(&self, row: usize, out: &mut BytesMut) -> Result<bool, Fault> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(false);
        }
        (self.write)(row, out).map(|()| true)
    }
}

fn cells(array: &ArrayRef, demands: Demands) -> Result<WriteCell, Fault> {
    unpacked(array, &|values| plain(values, demands))
}

/// What `build` makes of the values, without dictionary and run ends around them.
pub(super) fn unpacked(
    array: &ArrayRef,
    build: &dyn Fn(&ArrayRef) -> Result<WriteCell, Fault>,
) -> Result<WriteCell, Fault> {
    match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let keys = dictionary.normalized_keys();
            // A null value of a dictionary is among its logical nulls, so that it is never asked for.
            let values = unpacked(dictionary.values(), build)?;
            Ok(Box::new(move |row, out| keys.get(row).map_or(Ok(()), |key| values(*key, out))))
        }
        DataType::RunEndEncoded(ends, _) => match ends.data_type() {
            DataType::Int16 => runs::<Int16Type>(array, build),
            DataType::Int32 => runs::<Int32Type>(array, build),
            _ => runs::<Int64Type>(array, build),
        },
        _ => build(array),
    }
}

fn runs<E: RunEndIndexType>(
    array: &ArrayRef,
    build: &dyn Fn(&ArrayRef) -> Result<WriteCell, Fault>,
) -> Result<WriteCell, Fault> {
    let run = array.as_run::<E>().clone();
    let values = unpacked(run.values(), build)?;
    Ok(Box::new(move |row, out| values(run.get_physical_index(row), out)))
}

fn plain(array: &ArrayRef, demands: Demands) -> Result<WriteCell, Fault> {
    match demands.form {
        Form::Boolean => {
            let values = array.as_boolean().clone();
            Ok(Box::new(move |row, out| {
                out.put_u8(u8::from(values.value(row)));
                Ok(())
            }))
        }
        Form::Bytes | Form::Hex | Form::Uuid => binary(array, demands),
        Form::Date => dates(array),
        Form::Decimal => decimals(array),
        Form::Float32 | Form::Float64 | Form::Int16 | Form::Int32 | Form::Int64 | Form::UInt64 => {
            numbers(array, demands.max_integer)
        }
        Form::Interval => intervals(array, demands.interval),
        Form::Json => json::cells(array),
        Form::Null => Ok(Box::new(|_, _| Ok(()))),
        Form::Text => text(array, demands.max_bytes),
        Form::Time => {
            let us = counts(array)?;
            Ok(Box::new(move |row, out| put_time(us(row)?, out)))
        }
        Form::Timestamp => {
            let us = counts(array)?;
            Ok(Box::new(move |row, out| {
                out.put_i64(server_timestamp(us(row)?)?);
                Ok(())
            }))
        }
    }
}

/// Values of a primitive array, each handed to `put`.
pub(super) fn primitive<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    put: impl Fn(T::Native, &mut BytesMut) -> Result<(), Fault> + 'static,
) -> WriteCell {
    let values = array.as_primitive::<T>().values().clone();
    Box::new(move |row, out| match values.get(row) {
        Some(value) => put(*value, out),
        None => Ok(()),
    })
}

fn numbers(array: &ArrayRef, max_integer: Option<i64>) -> Result<WriteCell, Fault> {
    fn number<T: ArrowPrimitiveType, W>(array: &ArrayRef, put: fn(&mut BytesMut, W)) -> WriteCell
    where
        T::Native: Into<W>,
        W: 'static,
    {
        primitive::<T>(array, move |value, out| {
            put(out, value.into());
            Ok(())
        })
    }
    fn integer<T: ArrowPrimitiveType, W>(
        array: &ArrayRef,
        max: Option<i64>,
        put: fn(&mut BytesMut, W),
    ) -> WriteCell
    where
        T::Native: Into<W> + Into<i64>,
        W: 'static,
    {
        let Some(max) = max else { return number::<T, W>(array, put) };
        primitive::<T>(array, move |value, out| {
            if !(!max..=max).contains(&value.into()) {
                return Err(Fault::IntegerRange(max));
            }
            put(out, value.into());
            Ok(())
        })
    }
    Ok(match array.data_type() {
        DataType::Int8 => number::<Int8Type, i16>(array, BufMut::put_i16),
        DataType::UInt8 => number::<UInt8Type, i16>(array, BufMut::put_i16),
        DataType::Int16 => number::<Int16Type, i16>(array, BufMut::put_i16),
        DataType::UInt16 => integer::<UInt16Type, i32>(array, max_integer, BufMut::put_i32),
        DataType::Int32 => integer::<Int32Type, i32>(array, max_integer, BufMut::put_i32),
        DataType::UInt32 => integer::<UInt32Type, i64>(array, max_integer, BufMut::put_i64),
        DataType::Int64 => integer::<Int64Type, i64>(array, max_integer, BufMut::put_i64),
        DataType::UInt64 => number::<UInt64Type, u64>(array, |out, value| put_integer(false, value, out)),
        DataType::Float16 => number::<Float16Type, f32>(array, BufMut::put_f32),
        DataType::Float32 => number::<Float32Type, f32>(array, BufMut::put_f32),
        DataType::Float64 => number::<Float64Type, f64>(array, BufMut::put_f64),
        _ => return Err(Fault::UnsupportedType),
    })
}

pub(super) fn decimals(array: &ArrayRef) -> Result<WriteCell, Fault> {
    Ok(match *array.data_type() {
        DataType::Decimal32(_, scale) => {
            primitive::<Decimal32Type>(array, move |value, out| put_decimal(value.into(), scale, out))
        }
        DataType::Decimal64(_, scale) => {
            primitive::<Decimal64Type>(array, move |value, out| put_decimal(value.into(), scale, out))
        }
        DataType::Decimal128(_, scale) => {
            primitive::<Decimal128Type>(array, move |value, out| put_decimal(value, scale, out))
        }
        DataType::Decimal256(_, scale) => {
            primitive::<Decimal256Type>(array, move |value, out| put_decimal256(value, scale, out))
        }
        _ => return Err(Fault::UnsupportedType),
    })
}

fn dates(array: &ArrayRef) -> Result<WriteCell, Fault> {
    let days = counts(array)?;
    Ok(Box::new(move |row, out| put_date(days(row)?, out)))
}

/// Days of dates, microseconds of everything else.
pub(super) type Counts = Box<dyn Fn(usize) -> Result<i64, Fault>>;

pub(super) fn counts(array: &ArrayRef) -> Result<Counts, Fault> {
    fn count<T: ArrowPrimitiveType>(
        array: &ArrayRef,
        convert: impl Fn(i64) -> Result<i64, Fault> + 'static,
    ) -> Counts
    where
        T::Native: Into<i64>,
    {
        let values = array.as_primitive::<T>().values().clone();
        Box::new(move |row| convert(values.get(row).copied().unwrap_or_default().into()))
    }
    let us = |unit| move |value| microseconds(value, unit);
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    Ok(match array.data_type() {
        DataType::Date32 => count::<Date32Type>(array, Ok),
        DataType::Date64 => count::<Date64Type>(array, days_of_milliseconds),
        DataType::Duration(Second) => count::<DurationSecondType>(array, us(Second)),
        DataType::Duration(Millisecond) => count::<DurationMillisecondType>(array, us(Millisecond)),
        DataType::Duration(Microsecond) => count::<DurationMicrosecondType>(array, us(Microsecond)),
        DataType::Duration(Nanosecond) => count::<DurationNanosecondType>(array, us(Nanosecond)),
        DataType::Time32(Second) => count::<Time32SecondType>(array, us(Second)),
        DataType::Time32(_) => count::<Time32MillisecondType>(array, us(Millisecond)),
        DataType::Time64(Nanosecond) => count::<Time64NanosecondType>(array, us(Nanosecond)),
        DataType::Time64(_) => count::<Time64MicrosecondType>(array, us(Microsecond)),
        DataType::Timestamp(Second, _) => count::<TimestampSecondType>(array, us(Second)),
        DataType::Timestamp(Millisecond, _) => count::<TimestampMillisecondType>(array, us(Millisecond)),
        DataType::Timestamp(Microsecond, _) => count::<TimestampMicrosecondType>(array, us(Microsecond)),
        DataType::Timestamp(Nanosecond, _) => count::<TimestampNanosecondType>(array, us(Nanosecond)),
        _ => return Err(Fault::UnsupportedType),
    })
}

pub(super) fn intervals(array: &ArrayRef, kind: IntervalKind) -> Result<WriteCell, Fault> {
    Ok(match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            primitive::<IntervalYearMonthType>(array, move |months, out| {
                put_interval(Interval { months: months.into(), ..Interval::default() }, kind, out)
            })
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            primitive::<IntervalDayTimeType>(array, move |value, out| {
                let us = microseconds(value.milliseconds.into(), TimeUnit::Millisecond)?;
                put_interval(Interval { months: 0, days: value.days.into(), us }, kind, out)
            })
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            primitive::<IntervalMonthDayNanoType>(array, move |value, out| {
                let us = microseconds(value.nanoseconds, TimeUnit::Nanosecond)?;
                put_interval(Interval { months: value.months.into(), days: value.days.into(), us }, kind, out)
            })
        }
        _ => {
            let us = counts(array)?;
            Box::new(move |row, out| put_interval(interval_of(us(row)?), kind, out))
        }
    })
}

fn text(array: &ArrayRef, max_bytes: Option<u32>) -> Result<WriteCell, Fault> {
    let put = move |text: &str, out: &mut BytesMut| {
        check_length(text.len(), max_bytes)?;
        if text.as_bytes().contains(&0) {
            return Err(Fault::Nul);
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    };
    strings(array, put)
}

/// Values of any array of text, each handed to `put`.
pub(super) fn strings(
    array: &ArrayRef,
    put: impl Fn(&str, &mut BytesMut) -> Result<(), Fault> + 'static,
) -> Result<WriteCell, Fault> {
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string::<i32>().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        DataType::Utf8View => {
            let values = array.as_string_view().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        _ => return Err(Fault::UnsupportedType),
    })
}

fn binary(array: &ArrayRef, demands: Demands) -> Result<WriteCell, Fault> {
    let put = match demands.form {
        Form::Bytes => |bytes: &[u8], out: &mut BytesMut| out.extend_from_slice(bytes),
        Form::Uuid => put_uuid,
        _ => put_hex,
    };
    let put = move |bytes: &[u8], out: &mut BytesMut| {
        check_length(bytes.len(), demands.max_bytes)?;
        put(bytes, out);
        Ok(())
    };
    bytes_of(array, put)
}

/// Values of any array of binary data, each handed to `put`.
pub(super) fn bytes_of(
    array: &ArrayRef,
    put: impl Fn(&[u8], &mut BytesMut) -> Result<(), Fault> + 'static,
) -> Result<WriteCell, Fault> {
    Ok(match array.data_type() {
        DataType::Binary => {
            let values = array.as_binary::<i32>().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        DataType::LargeBinary => {
            let values = array.as_binary::<i64>().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        DataType::BinaryView => {
            let values = array.as_binary_view().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        DataType::FixedSizeBinary(_) => {
            let values = array.as_fixed_size_binary().clone();
            Box::new(move |row, out| put(values.value(row), out))
        }
        _ => return Err(Fault::UnsupportedType),
    })
}

fn check_length(length: usize, max_bytes: Option<u32>) -> Result<(), Fault> {
    match max_bytes {
        // OK because u32 fits usize on every supported platform.
        Some(max) if length > max as usize => Err(Fault::TooLong(max)),
        _ => Ok(()),
    }
}

pub(super) fn put_hex(bytes: &[u8], out: &mut BytesMut) {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    out.reserve(bytes.len() * 2);
    for byte in bytes {
        out.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
}

/// `8-4-4-4-12` hexadecimal digits.
pub(super) fn put_uuid(bytes: &[u8], out: &mut BytesMut) {
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.extend_from_slice(b"-");
        }
        put_hex(std::slice::from_ref(byte), out);
    }
}
