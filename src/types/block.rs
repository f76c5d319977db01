//! [`Block`]: a few rows whose cells are found but not yet read.
//!
//! Rows travel one after the other, columns are stored one after the other. Cells are found row by row and read column by
//! column: a decoder is chosen once per block, not once per cell, and the loop that reads a column does nothing else. Owns
//! the layout of a DataRow. Does not read values. Invariant: a cell that is found lies in memory, within its row.

use std::ops::Range;

use super::error::Fault;
use crate::span::Span;

/// The length of a NULL.
pub(super) const NULL_LENGTH: i32 = -1;
/// So many that to choose a decoder costs nothing, so few that cells and rows are still in the nearest caches.
const CELLS: usize = 2048;
/// Rows in more bytes gain nothing from being read together.
const BYTES: usize = 1 << 20;
/// How far a block reaches: far behind the longest row that starts within [`BYTES`].
const MAX_END: usize = i32::MAX as usize;
/// Rows whose cells are found side by side: where a cell is depends on the length before it, which takes its time to load.
const LANES: usize = 4;

/// The cells of some rows. Keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Where each row is in memory.
    rows: Vec<Range<usize>>,
    /// Column by column, as many of each as there may be rows.
    cells: Vec<Place>,
    width: usize,
    /// Rows that there may be.
    stride: usize,
    /// Rows whose cells are found.
    found: usize,
    /// The lowest length so far that is not positive.
    lowest: i32,
}

/// Where a cell is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// From the start of the memory that holds the rows.
    start: u32,
    length: i32,
}

impl Place {
    /// Of a cell that is in memory alone.
    pub(super) fn of(cell: Option<&[u8]>) -> Self {
        let length = cell.map_or(NULL_LENGTH, |cell| i32::try_from(cell.len()).unwrap_or(i32::MAX));
        Self { start: 0, length }
    }

    /// That cell.
    pub(super) fn cells<'a>(&'a self, cell: Option<&'a [u8]>) -> Cells<'a> {
        Cells { bytes: cell.unwrap_or_default(), places: std::slice::from_ref(self) }
    }
}

impl Block {
    /// Starts anew, for some of the rows with `width` cells that `bytes` can hold.
    pub(super) fn start(&mut self, width: usize, bytes: usize) {
        let most = bytes / (size_of::<i16>() + width * size_of::<i32>()) + 1;
        self.stride = (CELLS / width.max(1)).clamp(1, most);
        self.width = width;
        self.cells.resize(self.stride * width, Place::default());
        self.rows.clear();
        self.found = 0;
        self.lowest = 0;
    }

    /// Whether another row should be added.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.rows.len() < self.stride && self.rows.last().is_none_or(|last| last.end <= BYTES)
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Rows whose cells are found.
    pub(super) fn found(&self) -> usize {
        self.found
    }

    pub(super) fn has_null(&self) -> bool {
        self.lowest < 0
    }

    /// Adds a row, which lies in `bytes`. The cells of the latest rows are found at once: the processor has something to do
    /// while the next row is loaded.
    #[inline(always)]
    pub(super) fn add(&mut self, bytes: &[u8], place: Range<usize>) {
        self.rows.push(place);
        if self.rows.len() == self.found + LANES
            && let Some(lanes) = self.rows.last_chunk::<LANES>()
        {
            let lanes = lanes.clone();
            if self.find_lanes(bytes, &lanes).is_some() {
                self.found += LANES;
            }
        }
    }

    /// Finds the cells of the rows that are left, up to a malformed one.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        while let Some(row) = self.rows.get(self.found).cloned() {
            if self.find_lanes(bytes, std::array::from_ref(&row)).is_none() {
                return Err(what_is_wrong(bytes.get(row), self.width));
            }
            self.found += 1;
        }
        Ok(())
    }

    /// The cells of a column in the first `rows` rows, which lie in `bytes`.
    pub(super) fn column<'a>(&'a self, bytes: &'a [u8], column: usize, rows: usize) -> Cells<'a> {
        let first = column * self.stride;
        Cells { bytes, places: self.cells.get(first..first + rows).unwrap_or_default() }
    }

    /// Finds the cells of the next rows; `None` if any is malformed.
    // A DataRow body is a field count, then per field a length and as many bytes.
    #[inline(always)]
    fn find_lanes<const N: usize>(&mut self, bytes: &[u8], rows: &[Range<usize>; N]) -> Option<()> {
        let bytes = bytes.get(..MAX_END).unwrap_or(bytes);
        let mut at = [0; N];
        for (at, row) in at.iter_mut().zip(rows) {
            *at = u32::try_from(row.start).ok()?;
            if usize::try_from(i16::from_be_bytes(chunk(bytes, at)?)) != Ok(self.width) {
                return None;
            }
        }
        let mut lowest = 0;
        for cells in self.cells.chunks_exact_mut(self.stride) {
            let cells = cells.get_mut(self.found..)?.first_chunk_mut::<N>()?;
            for (cell, at) in cells.iter_mut().zip(&mut at) {
                let length = i32::from_be_bytes(chunk(bytes, at)?);
                *cell = Place { start: *at, length };
                lowest = lowest.min(length);
                *at += length.max(0) as u32;
            }
        }
        if lowest < NULL_LENGTH || at.iter().zip(rows).any(|(at, row)| *at as usize != row.end) {
            return None;
        }
        self.lowest = self.lowest.min(lowest);
        Some(())
    }
}

/// The bytes at a position, which moves behind them.
#[inline(always)]
fn chunk<const N: usize>(bytes: &[u8], at: &mut u32) -> Option<[u8; N]> {
    let start = *at as usize;
    let chunk = bytes.get(start..start + N)?.first_chunk()?;
    *at += N as u32;
    Some(*chunk)
}

/// What is wrong with a malformed row, which is `None` beyond the reach of a block.
#[cold]
fn what_is_wrong(row: Option<&[u8]>, width: usize) -> Fault {
    let Some(row) = row else { return Fault::BatchTooLarge };
    let Some((count, mut rest)) = row.split_first_chunk() else { return Fault::Truncated };
    let count = i16::from_be_bytes(*count);
    if usize::try_from(count) != Ok(width) {
        return Fault::FieldCount(count, width.try_into().unwrap_or(u16::MAX));
    }
    for _ in 0..width {
        let Some((length, tail)) = rest.split_first_chunk() else { return Fault::Truncated };
        let length = match i32::from_be_bytes(*length) {
            NULL_LENGTH => 0,
            length if length < 0 => return Fault::NegativeLength,
            length => length as usize,
        };
        let Some(tail) = tail.get(length..) else { return Fault::Truncated };
        rest = tail;
    }
    Fault::TrailingBytes
}

/// The cells of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells<'a> {
    bytes: &'a [u8],
    places: &'a [Place],
}

impl<'a> Cells<'a> {
    /// Each cell, `None` for NULL.
    // Of known length for `Vec::extend`, which an iterator of our own would not be.
    #[inline(always)]
    pub(super) fn iter(self) -> impl Iterator<Item = Option<Span<'a>>> {
        let Self { bytes, places } = self;
        places.iter().map(move |place| {
            let length = usize::try_from(place.length).ok()?;
            // OK because it was seen to be in memory when it was found.
            bytes.get(place.start as usize..).and_then(|onward| Span::new(onward, length))
        })
    }

    /// The lengths, 0 for NULL.
    #[inline(always)]
    pub(super) fn lengths(self) -> impl Iterator<Item = usize> {
        self.places.iter().map(|place| place.length.max(0) as usize)
    }
}
