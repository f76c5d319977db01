//! [`Block`]: a few rows whose cells are found but not yet read.
//!
//! Rows travel one after the other, columns are stored one after the other. Cells are found row by row and read column by
//! column: a decoder is chosen once per block, not once per cell, and the loop that reads a column does nothing else. Owns
//! the layout of a DataRow. Does not read values. Invariant: a cell that is found lies in memory, within its row.

use std::ops::Range;

use super::error::Fault;
use crate::span::Span;

/// The length of a NULL.
const NULL_LENGTH: i32 = -1;
/// So many that to choose a decoder costs nothing, so few that cells and rows are still in the nearest caches.
const CELLS: usize = 2048;
/// Rows in more bytes gain nothing from being read together.
const BYTES: usize = 1 << 20;
/// How far a block reaches: far behind the longest row that starts within [`BYTES`].
const MAX_END: usize = i32::MAX as usize;
/// Rows whose cells are found side by side: where a cell is depends on the length before it, which takes its time to load.
const LANES: usize = 2;

/// The cells of some rows. Keeps its memory.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Where each row is in memory.
    rows: Vec<Range<usize>>,
    /// Column by column, as many of each as there are rows.
    cells: Vec<Place>,
    has_null: bool,
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
    /// Whether another row should be added.
    #[inline(always)]
    pub(super) fn has_room(&self, width: usize) -> bool {
        self.rows.last().is_none_or(|last| (self.rows.len() + 1) * width <= CELLS && last.end <= BYTES)
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.has_null = false;
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn has_null(&self) -> bool {
        self.has_null
    }

    /// Adds a row.
    #[inline(always)]
    pub(super) fn add(&mut self, place: Range<usize>) {
        self.rows.push(place);
    }

    /// Finds the cells of the rows, which lie in `bytes`. On error, the number of rows before the malformed one is told, whose
    /// cells are found.
    pub(super) fn find(&mut self, bytes: &[u8], width: usize) -> Result<(), (usize, Fault)> {
        self.cells.resize(self.rows.len() * width, Place::default());
        let bytes = bytes.get(..MAX_END).unwrap_or(bytes);
        let mut rows = Rows { bytes, cells: &mut self.cells, stride: self.rows.len(), lowest: 0 };
        let found = rows.find_all(&self.rows, width);
        self.has_null = rows.lowest < 0;
        found
    }

    /// The cells of a column in the first `rows` rows, which lie in `bytes`.
    pub(super) fn column<'a>(&'a self, bytes: &'a [u8], column: usize, rows: usize) -> Cells<'a> {
        let first = column * self.rows.len();
        Cells { bytes, places: self.cells.get(first..first + rows).unwrap_or_default() }
    }
}

/// Rows under way to their cells.
struct Rows<'a> {
    /// [`MAX_END`] at most, so that a position and a length always add up to 32 bits.
    bytes: &'a [u8],
    cells: &'a mut [Place],
    /// Rows of the block.
    stride: usize,
    /// The lowest length so far that is not positive.
    lowest: i32,
}

impl Rows<'_> {
    fn find_all(&mut self, rows: &[Range<usize>], width: usize) -> Result<(), (usize, Fault)> {
        let (lanes, rest) = rows.as_chunks::<LANES>();
        for (index, lanes) in lanes.iter().enumerate() {
            let first = index * LANES;
            if self.find(first, lanes, width).is_none() {
                self.find_each(first, lanes, width)?;
            }
        }
        self.find_each(lanes.len() * LANES, rest, width)
    }

    /// Finds the cells of some rows, the first of which is `first` in the block; `None` if any is malformed.
    // A DataRow body is a field count, then per field a length and as many bytes.
    #[inline(always)]
    fn find<const N: usize>(&mut self, first: usize, rows: &[Range<usize>; N], width: usize) -> Option<()> {
        let mut at = [0; N];
        for (at, row) in at.iter_mut().zip(rows) {
            *at = u32::try_from(row.start).ok()?;
            if usize::try_from(i16::from_be_bytes(chunk(self.bytes, at)?)) != Ok(width) {
                return None;
            }
        }
        let mut lowest = 0;
        for cells in self.cells.chunks_exact_mut(self.stride.max(1)) {
            let cells = cells.get_mut(first..)?.first_chunk_mut::<N>()?;
            for (cell, at) in cells.iter_mut().zip(&mut at) {
                let length = i32::from_be_bytes(chunk(self.bytes, at)?);
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

    /// Finds the cells of some rows one after the other.
    fn find_each(&mut self, first: usize, rows: &[Range<usize>], width: usize) -> Result<(), (usize, Fault)> {
        for (index, row) in (first..).zip(rows) {
            if self.find(index, std::array::from_ref(row), width).is_none() {
                return Err((index, what_is_wrong(self.bytes.get(row.clone()), width)));
            }
        }
        Ok(())
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
