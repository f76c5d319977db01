//! The reference reader's columns: a typed vector each, and decoders without edge cases.

use anyhow::{Context, Result};

use crate::case::{Case, Kind};
use crate::checksum::{Checksum, double_bits};

/// Days from 0000-03-01 to the wire's epoch, 2000-01-01.
const EPOCH_DAYS: i64 = 730_425;

/// The values of a batch.
pub(super) struct Columns {
    columns: Vec<Column>,
    rows: usize,
}

struct Column {
    values: Values,
    /// Rows that are NULL.
    nulls: Vec<u32>,
}

enum Values {
    Date(Vec<i32>),
    Double(Vec<f64>),
    Int(Vec<i32>),
    Long(Vec<i64>),
    Numeric(Vec<i128>),
    Text { data: Vec<u8>, offsets: Vec<i32> },
    Timestamp(Vec<i64>),
}

impl Columns {
    pub(super) fn new(case: Case) -> Self {
        let column = |kind| Column { values: Values::new(kind), nulls: Vec::new() };
        Self { columns: case.columns().iter().map(|one| column(one.kind)).collect(), rows: 0 }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a DataRow body.
    #[inline]
    pub(super) fn append<const BINARY: bool>(&mut self, body: &[u8]) -> Result<()> {
        let (_, mut rest) = body.split_first_chunk::<2>().context("a short row")?;
        for column in &mut self.columns {
            let (length, tail) = rest.split_first_chunk::<4>().context("a short row")?;
            let length = i32::from_be_bytes(*length);
            if length < 0 {
                column.nulls.push(self.rows as u32);
                column.values.push_null();
                rest = tail;
                continue;
            }
            let (cell, tail) = tail.split_at_checked(length as usize).context("a short row")?;
            column.values.push::<BINARY>(cell).context("a value that is not of its type")?;
            rest = tail;
        }
        self.rows += 1;
        Ok(())
    }

    /// Checks UTF-8 over all values of a column at once, and that none ends within a character.
    pub(super) fn check_text(&self) -> Result<()> {
        for column in &self.columns {
            if let Values::Text { data, offsets } = &column.values {
                let text = std::str::from_utf8(data)?;
                let whole = offsets.iter().all(|end| text.is_char_boundary(*end as usize));
                whole.then_some(()).context("a value ends within a character")?;
            }
        }
        Ok(())
    }

    pub(super) fn add_to(&self, checksum: &mut Checksum) {
        checksum.add_columns(self.rows, |sums| {
            for (sum, Column { values, nulls }) in sums.iter_mut().zip(&self.columns) {
                let nulls = nulls.len();
                match values {
                    Values::Date(values) | Values::Int(values) => {
                        sum.add_numbers(values.iter().map(|value| i128::from(*value)), nulls);
                    }
                    Values::Double(values) => {
                        sum.add_numbers(values.iter().map(|value| double_bits(*value)), nulls);
                    }
                    Values::Long(values) | Values::Timestamp(values) => {
                        sum.add_numbers(values.iter().map(|value| i128::from(*value)), nulls);
                    }
                    Values::Numeric(values) => sum.add_numbers(values.iter().copied(), nulls),
                    Values::Text { data, offsets } => sum.add_texts(data, offsets, nulls),
                }
            }
        });
    }

    /// Empties the vectors and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.rows = 0;
        for column in &mut self.columns {
            column.nulls.clear();
            column.values.clear();
        }
    }
}

impl Values {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::BigInt => Self::Long(Vec::new()),
            Kind::Char(_) | Kind::Varchar(_) => Self::Text { data: Vec::new(), offsets: vec![0] },
            Kind::Date => Self::Date(Vec::new()),
            Kind::Double => Self::Double(Vec::new()),
            Kind::Integer => Self::Int(Vec::new()),
            Kind::Numeric { .. } => Self::Numeric(Vec::new()),
            Kind::Timestamp => Self::Timestamp(Vec::new()),
        }
    }

    #[inline]
    fn push<const BINARY: bool>(&mut self, cell: &[u8]) -> Option<()> {
        match self {
            Self::Date(values) if BINARY => values.push(i32::from_be_bytes(cell.try_into().ok()?)),
            Self::Date(values) => values.push(date(cell)?.try_into().ok()?),
            Self::Double(values) if BINARY => values.push(f64::from_be_bytes(cell.try_into().ok()?)),
            Self::Double(values) => values.push(std::str::from_utf8(cell).ok()?.parse().ok()?),
            Self::Int(values) if BINARY => values.push(i32::from_be_bytes(cell.try_into().ok()?)),
            Self::Int(values) => values.push(integer(cell) as i32),
            Self::Long(values) if BINARY => values.push(i64::from_be_bytes(cell.try_into().ok()?)),
            Self::Long(values) => values.push(integer(cell)),
            Self::Numeric(values) if BINARY => values.push(match cell.len() {
                8 => i64::from_be_bytes(cell.try_into().ok()?).into(),
                _ => i128::from_be_bytes(cell.try_into().ok()?),
            }),
            Self::Numeric(values) => values.push(numeric(cell)),
            Self::Text { data, offsets } => {
                data.extend_from_slice(cell);
                offsets.push(data.len() as i32);
            }
            Self::Timestamp(values) if BINARY => values.push(i64::from_be_bytes(cell.try_into().ok()?)),
            Self::Timestamp(values) => values.push(timestamp(cell)?),
        }
        Some(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Date(values) | Self::Int(values) => values.push(0),
            Self::Double(values) => values.push(0.0),
            Self::Long(values) | Self::Timestamp(values) => values.push(0),
            Self::Numeric(values) => values.push(0),
            Self::Text { data, offsets } => offsets.push(data.len() as i32),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Date(values) | Self::Int(values) => values.clear(),
            Self::Double(values) => values.clear(),
            Self::Long(values) | Self::Timestamp(values) => values.clear(),
            Self::Numeric(values) => values.clear(),
            Self::Text { data, offsets } => {
                data.clear();
                offsets.truncate(1);
            }
        }
    }
}

/// Digits with an optional sign.
#[inline]
fn integer(cell: &[u8]) -> i64 {
    match cell {
        [b'-', digits @ ..] => digits.iter().fold(0, |sum: i64, digit| digit_below(sum, digit)),
        digits => digits.iter().fold(0, |sum: i64, digit| digit_above(sum, digit)),
    }
}

#[inline]
fn digit_above(sum: i64, digit: &u8) -> i64 {
    sum.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'))
}

#[inline]
fn digit_below(sum: i64, digit: &u8) -> i64 {
    sum.wrapping_mul(10).wrapping_sub(i64::from(digit - b'0'))
}

/// Digits with an optional sign and a point, which the server puts at the column's scale.
#[inline]
fn numeric(cell: &[u8]) -> i128 {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let unscaled = if digits.len() <= 19 {
        let step = |sum: u64, byte: &u8| sum * 10 + u64::from(byte - b'0');
        i128::from(digits.iter().filter(|byte| **byte != b'.').fold(0, step))
    } else {
        let step = |sum: i128, byte: &u8| sum * 10 + i128::from(byte - b'0');
        digits.iter().filter(|byte| **byte != b'.').fold(0, step)
    };
    if negative { -unscaled } else { unscaled }
}

#[inline]
fn two(tens: u8, ones: u8) -> i64 {
    i64::from(tens) * 10 + i64::from(ones) - 11 * i64::from(b'0')
}

/// `2000-01-31`, as days.
#[inline]
fn date(cell: &[u8]) -> Option<i64> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = cell else { return None };
    let (year, month, day) = (two(*y0, *y1) * 100 + two(*y2, *y3), two(*m0, *m1), two(*d0, *d1));
    // Years that begin in March end with the leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - EPOCH_DAYS)
}

/// `2000-01-31 23:59:59.123456`, as microseconds.
#[inline]
fn timestamp(cell: &[u8]) -> Option<i64> {
    let (day, time) = cell.split_at_checked(10)?;
    let ([b' ', h0, h1, b':', m0, m1, b':', s0, s1], fraction) = time.split_first_chunk::<9>()? else {
        return None;
    };
    let seconds = (two(*h0, *h1) * 60 + two(*m0, *m1)) * 60 + two(*s0, *s1);
    let digits = fraction.iter().skip(1).chain(std::iter::repeat(&b'0')).take(6);
    Some((date(day)? * 86_400 + seconds) * 1_000_000 + digits.fold(0, digit_above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Encoded;

    #[test]
    fn every_case_decodes_to_its_checksum_in_both_formats() {
        for case in Case::ALL {
            let mut expected = Checksum::new(case.columns().len());
            case.rows().take(5000).for_each(|row| expected.add_row(&row));
            for binary in [false, true] {
                let encoded = Encoded::new(case, &vec![binary; case.columns().len()], 5000).unwrap();
                let mut columns = Columns::new(case);
                for row in 0..5000 {
                    let body = &encoded.slice(row, row + 1)[5..];
                    match binary {
                        true => columns.append::<true>(body).unwrap(),
                        false => columns.append::<false>(body).unwrap(),
                    }
                }
                columns.check_text().unwrap();
                let mut found = Checksum::new(case.columns().len());
                columns.add_to(&mut found);
                assert_eq!(found, expected, "{case:?} {binary}");
            }
        }
    }
}
