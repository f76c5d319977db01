//! Rows on the wire: DataRow messages in Redshift's text and binary formats, and the text of COPY.
//!
//! Does not use the driver's code: what both had wrong would agree.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Result, bail};
use jiff::ToSpan;
use jiff::civil::{DateTime, date};

use crate::case::{Case, Kind, Value};
use crate::checksum::Checksum;

/// Rows of a case, ready to send.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// Where each row starts, and where the last one ends.
    starts: Vec<usize>,
}

impl Encoded {
    /// The first rows; `binary` has a flag per column.
    pub(crate) fn new(case: Case, binary: &[bool], rows: u64) -> Result<Arc<Self>> {
        let mut encoded = Self { bytes: Vec::new(), starts: vec![0] };
        for row in case.rows().take(usize::try_from(rows)?) {
            data_row(&mut encoded.bytes, case, &row, binary)?;
            encoded.starts.push(encoded.bytes.len());
        }
        Ok(Arc::new(encoded))
    }

    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The bytes of some rows.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &[u8] {
        let at = |row: usize| self.starts.get(row).copied().unwrap_or(self.bytes.len());
        self.bytes.get(at(from)..at(to)).unwrap_or_default()
    }
}

/// What every client must find in the first `rows` rows of a replayed case.
pub(crate) fn replayed_checksum(case: Case, rows: u64) -> Checksum {
    let (times, rest) = (rows / case.distinct_rows(), rows % case.distinct_rows());
    let mut all = Checksum::new(case.columns().len());
    let mut rows = case.rows().take(usize::try_from(case.distinct_rows()).unwrap_or(usize::MAX));
    let mut part = all.clone();
    for row in rows.by_ref() {
        all.add_row(&row);
        if all.rows() == rest {
            part = all.clone();
        }
    }
    all.times(times).plus(&part)
}

fn data_row(out: &mut Vec<u8>, case: Case, row: &[Value], binary: &[bool]) -> Result<()> {
    let start = out.len();
    out.extend(b"D\0\0\0\0");
    out.extend(i16::try_from(row.len())?.to_be_bytes());
    let mut cell = Vec::new();
    for ((value, column), binary) in row.iter().zip(case.columns()).zip(binary) {
        if *value == Value::Null {
            out.extend((-1_i32).to_be_bytes());
            continue;
        }
        cell.clear();
        match binary {
            true => write_binary(&mut cell, value, column.kind)?,
            false => cell.extend(text(value, column.kind)?.as_bytes()),
        }
        out.extend(i32::try_from(cell.len())?.to_be_bytes());
        out.extend(&cell);
    }
    let length = u32::try_from(out.len() - start - 1)?;
    if let Some(field) = out.get_mut(start + 1..start + 5) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    Ok(())
}

fn write_binary(cell: &mut Vec<u8>, value: &Value, kind: Kind) -> Result<()> {
    match (value, kind) {
        (Value::Double(value), Kind::Double) => cell.extend(value.to_be_bytes()),
        (Value::Int(value), Kind::BigInt | Kind::Timestamp) => cell.extend(value.to_be_bytes()),
        (Value::Int(value), Kind::Date | Kind::Integer) => cell.extend(i32::try_from(*value)?.to_be_bytes()),
        (Value::Numeric(value), Kind::Numeric { precision: 19.., .. }) => cell.extend(value.to_be_bytes()),
        (Value::Numeric(value), Kind::Numeric { .. }) => cell.extend(i64::try_from(*value)?.to_be_bytes()),
        (Value::Text(text), Kind::Char(_) | Kind::Varchar(_)) => cell.extend(text.as_bytes()),
        _ => bail!("{value:?} is no {kind:?}"),
    }
    Ok(())
}

/// A value that is not NULL as the server writes it.
pub(crate) fn text(value: &Value, kind: Kind) -> Result<String> {
    let epoch = date(2000, 1, 1);
    Ok(match (value, kind) {
        (Value::Double(value), Kind::Double) => value.to_string(),
        (Value::Int(days), Kind::Date) => epoch.checked_add(days.days())?.to_string(),
        (Value::Int(microseconds), Kind::Timestamp) => {
            let moment = DateTime::from(epoch).checked_add(microseconds.microseconds())?;
            moment.strftime("%Y-%m-%d %H:%M:%S%.f").to_string()
        }
        (Value::Int(value), _) => value.to_string(),
        (Value::Numeric(value), Kind::Numeric { scale, .. }) => decimal(*value, scale.into()),
        (Value::Text(text), _) => text.clone(),
        _ => bail!("{value:?} is no {kind:?}"),
    })
}

fn decimal(unscaled: i128, scale: usize) -> String {
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction}")
}

/// A line of COPY's text format. The cases have no character that needs escaping.
pub(crate) fn copy_line(line: &mut String, case: Case, row: &[Value]) -> Result<()> {
    for (index, (value, column)) in row.iter().zip(case.columns()).enumerate() {
        if index > 0 {
            line.push('\t');
        }
        match value {
            Value::Null => line.push_str("\\N"),
            value => line.write_str(&text(value, column.kind)?)?,
        }
    }
    line.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMERIC: Kind = Kind::Numeric { precision: 12, scale: 2 };

    #[test]
    fn text_is_what_the_server_writes() {
        let cases = [
            (Value::Numeric(-5), NUMERIC, "-0.05"),
            (Value::Numeric(1234), NUMERIC, "12.34"),
            (Value::Int(-1), Kind::Date, "1999-12-31"),
            (Value::Int(1_500_000), Kind::Timestamp, "2000-01-01 00:00:01.5"),
            (Value::Int(0), Kind::Timestamp, "2000-01-01 00:00:00"),
            (Value::Double(0.1), Kind::Double, "0.1"),
        ];
        for (value, kind, expected) in cases {
            assert_eq!(text(&value, kind).unwrap(), expected);
        }
    }

    #[test]
    fn a_row_carries_its_lengths() {
        let mut bytes = Vec::new();
        data_row(&mut bytes, Case::Narrow, &[Value::Int(1), Value::Null], &[true, false]).unwrap();
        assert_eq!(bytes, b"D\0\0\0\x16\0\x02\0\0\0\x08\0\0\0\0\0\0\0\x01\xff\xff\xff\xff");
    }

    #[test]
    fn every_case_is_long_enough_in_every_format() {
        for case in Case::ALL {
            for binary in [false, true] {
                let mut bytes = Vec::new();
                let binary = vec![binary; case.columns().len()];
                for row in case.rows().take(10_000) {
                    data_row(&mut bytes, case, &row, &binary).unwrap();
                }
                let total = bytes.len() as u64 * case.distinct_rows() / 10_000;
                assert!(total > 64 << 20, "{case:?} has {total} bytes");
            }
        }
    }

    #[test]
    fn the_checksum_of_a_part_of_a_cycle_counts_that_part() {
        let rows = Case::Lineitem.distinct_rows() + 3;
        let mut three = Checksum::new(16);
        Case::Lineitem.rows().take(3).for_each(|row| three.add_row(&row));
        let once = replayed_checksum(Case::Lineitem, rows - 3);
        assert_eq!(replayed_checksum(Case::Lineitem, rows), once.plus(&three));
    }
}
