//! The cells of a row in text format, in place: for the driver's own catalog queries, whose columns it knows.
//!
//! Decodes no value. Invariant: a row with another number of cells than the query asked for is an error.

use super::error::{DecodeError, Fault};

/// The length of a NULL.
const NULL_LENGTH: i32 = -1;

/// Splits a DataRow body into its cells, `None` for NULL. `row` counts from 1.
///
/// # Errors
///
/// A malformed row, or text that is not UTF-8.
pub(crate) fn text_cells<const N: usize>(body: &[u8], row: u64) -> Result<[Option<&str>; N], DecodeError> {
    split(body).map_err(|fault| DecodeError::row(fault, row))
}

fn split<const N: usize>(body: &[u8]) -> Result<[Option<&str>; N], Fault> {
    let (count, mut rest) = body.split_first_chunk().ok_or(Fault::Truncated)?;
    let count = i16::from_be_bytes(*count);
    if usize::try_from(count) != Ok(N) {
        return Err(Fault::FieldCount(count, N.try_into().unwrap_or(u16::MAX)));
    }
    let mut cells = [None; N];
    for cell in &mut cells {
        let (length, tail) = rest.split_first_chunk().ok_or(Fault::Truncated)?;
        rest = tail;
        let length = i32::from_be_bytes(*length);
        if length == NULL_LENGTH {
            continue;
        }
        let length = usize::try_from(length).map_err(|_| Fault::NegativeLength)?;
        let (bytes, tail) = rest.split_at_checked(length).ok_or(Fault::Truncated)?;
        rest = tail;
        *cell = Some(std::str::from_utf8(bytes).map_err(|_| Fault::Encoding)?);
    }
    if rest.is_empty() { Ok(cells) } else { Err(Fault::TrailingBytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_borrow_from_the_row() {
        let row = b"\0\x03\0\0\0\x01a\xff\xff\xff\xff\0\0\0\0";
        assert_eq!(text_cells::<3>(row, 1).unwrap(), [Some("a"), None, Some("")]);
    }

    #[test]
    fn malformed_rows_are_errors() {
        for row in [
            &b""[..],
            b"\0\x01",
            b"\0\x02\0\0\0\0\0\0\0\0",
            b"\0\x01\0\0\0\x05ab",
            b"\0\x01\xff\xff\xff\xfe",
            b"\0\x01\0\0\0\x01\xff",
            b"\0\x01\0\0\0\x01ab",
        ] {
            assert!(text_cells::<1>(row, 1).is_err(), "{row:?}");
        }
    }
}
