//! What proves that a client decoded every value: sums over all columns, whatever the batches.
//!
//! Does not know formats. Invariant: equal for the values of the generator, the reference reader's vectors and the
//! driver's Arrow arrays.

use std::fmt;

use anyhow::{Result, bail};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use crate::case::Value;

/// From the Unix epoch, which Arrow counts from, to that of the wire.
const DAYS: i128 = 10_957;
const MICROSECONDS: i128 = DAYS * 86_400_000_000;

/// Sums over a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Checksum {
    rows: u64,
    columns: Vec<ColumnSum>,
}

/// Sums over a column. All wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ColumnSum {
    values: u64,
    sum: i128,
    /// Catches strings cut at the wrong places.
    cuts: u64,
}

impl ColumnSum {
    fn number(&mut self, value: i128) {
        self.values += 1;
        self.sum = self.sum.wrapping_add(value);
    }

    fn text(&mut self, text: &[u8]) {
        self.values += 1;
        self.sum += i128::from(text.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        self.cuts = self.cuts.wrapping_add(cut(text));
    }

    /// A column of the reference reader.
    pub(crate) fn add_numbers(&mut self, values: impl ExactSizeIterator<Item = i128>, nulls: usize) {
        self.values += (values.len() - nulls) as u64;
        self.sum = values.fold(self.sum, i128::wrapping_add);
    }

    /// Strings one after the other, and where each ends, after a zero.
    pub(crate) fn add_texts(&mut self, data: &[u8], offsets: &[i32], nulls: usize) {
        self.values += (offsets.len() - 1 - nulls) as u64;
        self.sum += i128::from(data.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        for (start, end) in offsets.iter().zip(offsets.iter().skip(1)) {
            let text = data.get(*start as usize..*end as usize).unwrap_or_default();
            self.cuts = self.cuts.wrapping_add(cut(text));
        }
    }

    fn add_primitives<T: ArrowPrimitiveType>(
        &mut self,
        array: &PrimitiveArray<T>,
        number: impl Fn(T::Native) -> i128,
    ) {
        match array.null_count() {
            0 => self.add_numbers(array.values().iter().map(|value| number(*value)), 0),
            _ => array.iter().flatten().for_each(|value| self.number(number(value))),
        }
    }

    fn add_array(&mut self, array: &dyn Array) -> Result<()> {
        match array.data_type() {
            DataType::Int64 => self.add_primitives(array.as_primitive::<Int64Type>(), i128::from),
            DataType::Int32 => self.add_primitives(array.as_primitive::<Int32Type>(), i128::from),
            DataType::Float64 => self.add_primitives(array.as_primitive::<Float64Type>(), double_bits),
            DataType::Decimal128(..) => {
                self.add_primitives(array.as_primitive::<Decimal128Type>(), |value| value);
            }
            DataType::Date32 => {
                self.add_primitives(array.as_primitive::<Date32Type>(), |days| i128::from(days) - DAYS);
            }
            DataType::Timestamp(TimeUnit::Microsecond, None) => self
                .add_primitives(array.as_primitive::<TimestampMicrosecondType>(), |microseconds| {
                    i128::from(microseconds) - MICROSECONDS
                }),
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                self.add_texts(array.value_data(), array.value_offsets(), array.null_count());
            }
            other => bail!("the bench has no column of type {other}"),
        }
        Ok(())
    }
}

/// Changes when a byte moves to a neighbour.
fn cut(text: &[u8]) -> u64 {
    text.first().map_or(0, |first| text.len() as u64 * u64::from(*first))
}

/// A double as a number that any difference changes.
pub(crate) fn double_bits(value: f64) -> i128 {
    value.to_bits().into()
}

impl Checksum {
    pub(crate) fn new(columns: usize) -> Self {
        Self { rows: 0, columns: vec![ColumnSum::default(); columns] }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn add_row(&mut self, row: &[Value]) {
        self.rows += 1;
        for (sum, value) in self.columns.iter_mut().zip(row) {
            match value {
                Value::Double(value) => sum.number(double_bits(*value)),
                Value::Int(value) => sum.number((*value).into()),
                Value::Null => {}
                Value::Numeric(value) => sum.number(*value),
                Value::Text(text) => sum.text(text.as_bytes()),
            }
        }
    }

    pub(crate) fn add_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        for (sum, array) in self.columns.iter_mut().zip(batch.columns()) {
            sum.add_array(array)?;
        }
        Ok(())
    }

    /// Counts rows whose columns are added one by one.
    pub(crate) fn add_columns(&mut self, rows: usize, add: impl FnOnce(&mut [ColumnSum])) {
        self.rows += rows as u64;
        add(&mut self.columns);
    }

    /// Of both results.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let column = |(one, two): (&ColumnSum, &ColumnSum)| ColumnSum {
            values: one.values + two.values,
            sum: one.sum.wrapping_add(two.sum),
            cuts: one.cuts.wrapping_add(two.cuts),
        };
        let columns = self.columns.iter().zip(&other.columns).map(column).collect();
        Self { rows: self.rows + other.rows, columns }
    }

    /// Of the same rows a number of times.
    pub(crate) fn times(&self, times: u64) -> Self {
        let column = |column: &ColumnSum| ColumnSum {
            values: column.values * times,
            sum: column.sum.wrapping_mul(times.into()),
            cuts: column.cuts.wrapping_mul(times),
        };
        Self { rows: self.rows * times, columns: self.columns.iter().map(column).collect() }
    }
}

impl fmt::Display for Checksum {
    /// One word over everything (FNV-1a).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.rows.to_be_bytes().to_vec();
        for column in &self.columns {
            bytes.extend(column.values.to_be_bytes());
            bytes.extend(column.sum.to_be_bytes());
            bytes.extend(column.cuts.to_be_bytes());
        }
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        write!(f, "{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<Value>> {
        vec![
            vec![Value::Int(1), Value::Text("ab".to_owned())],
            vec![Value::Int(2), Value::Text("c".to_owned())],
        ]
    }

    fn checksum(rows: &[Vec<Value>]) -> Checksum {
        let mut checksum = Checksum::new(2);
        rows.iter().for_each(|row| checksum.add_row(row));
        checksum
    }

    #[test]
    fn any_changed_value_shows() {
        let right = checksum(&rows()).to_string();
        let mut cases = [rows(), rows(), rows(), rows()];
        cases[0][0][0] = Value::Int(3);
        cases[1][0][0] = Value::Null;
        cases[2][0][1] = Value::Text("a".to_owned());
        cases[2][1][1] = Value::Text("cb".to_owned());
        cases[3].pop();
        for case in cases {
            assert_ne!(checksum(&case).to_string(), right, "{case:?}");
        }
    }

    #[test]
    fn repeated_rows_sum_up_to_a_multiple() {
        let twice = [rows(), rows()].concat();
        assert_eq!(checksum(&twice), checksum(&rows()).times(2));
    }

    #[test]
    fn an_unexpected_type_is_an_error() {
        let batch = RecordBatch::try_from_iter([(
            "a",
            std::sync::Arc::new(arrow_array::BooleanArray::from(vec![true])) as _,
        )]);
        assert!(Checksum::new(1).add_batch(&batch.unwrap()).is_err());
    }
}
