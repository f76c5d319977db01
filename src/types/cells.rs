//! The cells of a row in text format, in place: for the driver's own catalog queries, whose columns it knows.
//!
//! Decodes no value. Invariant: a row with another number of cells than described is an error.

use super::block::NULL_LENGTH;
use super::error::{DecodeError, Fault};

/// The cells of a DataRow body at the given positions, `None` for NULL. The row has `width` cells; `row` counts from 1.
///
/// # Errors
///
/// A malformed row, or text that is not UTF-8.
pub(crate) fn text_cells<const N: usize>(
    body: &[u8],
    width: usize,
    positions: [usize; N],
    row: u64,
) -> Result<[Option<&str>; N], DecodeError> {
    split(body, width, &positions).map_err(|fault| DecodeError::row(fault, row))
}

fn split<'a, const N: usize>(
    body: &'a [u8],
    width: usize,
    positions: &[usize; N],
) -> Result<[Option<&'a str>; N], Fault> {
    let (count, mut rest) = body.split_first_chunk().ok_or(Fault::Truncated)?;
    let count = i16::from_be_bytes(*count);
    if usize::try_from(count) != Ok(width) {
        return Err(Fault::FieldCount(count, width.try_into().unwrap_or(u16::MAX)));
    }
    let mut cells = [None; N];
    for at in 0..width {
        let (length, tail) = rest.split_first_chunk().ok_or(Fault::Truncated)?;
        rest = tail;
        let length = i32::from_be_bytes(*length);
        if length == NULL_LENGTH {
            continue;
        }
        let length = usize::try_from(length).map_err(|_| Fault::NegativeLength)?;
        let (bytes, tail) = rest.split_at_checked(length).ok_or(Fault::Truncated)?;
        rest = tail;
        if let Some(cell) = slot(positions, at).and_then(|slot| cells.get_mut(slot)) {
            *cell = Some(std::str::from_utf8(bytes).map_err(|_| Fault::Encoding)?);
        }
    }
    if rest.is_empty() { Ok(cells) } else { Err(Fault::TrailingBytes) }
}

/// Where the cell at a position goes; mostly all cells are wanted, in their order.
fn slot(positions: &[usize], at: usize) -> Option<usize> {
    if positions.get(at) == Some(&at) { Some(at) } else { positions.iter().position(|wanted| *wanted == at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_borrow_from_the_row() {
        let row = b"\0\x03\0\0\0\x01a\xff\xff\xff\xff\0\0\0\0";
        assert_eq!(text_cells(row, 3, [0, 1, 2], 1).unwrap(), [Some("a"), None, Some("")]);
        assert_eq!(text_cells(row, 3, [2, 0], 1).unwrap(), [Some(""), Some("a")]);
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
            assert!(text_cells(row, 1, [0], 1).is_err(), "{row:?}");
        }
    }
}
