//! Columns of lists: the arrays and vectors of the catalogs, split into elements that an inner column decodes.
//!
//! Does not decode elements. Invariant: the inner column holds the elements of whole lists only; a list that failed
//! half way is taken back.
//!
//! Arrow's list has one dimension and starts nowhere: an array of more dimensions is a [`Fault`], since flattening it
//! would lose its shape, and a lower bound is dropped, since it does not change the elements or their order.

use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;

use super::block::Place;
use super::buffer::{BadCell, ValueBuffer, refused};
use super::decode::Column;
use super::error::{Expected, Fault};

const NOT_ARRAY: Fault = Fault::NotText(Expected::Array);

/// Lists of one element type.
#[derive(Debug)]
pub(super) struct Lists {
    /// Where each list ends in `elements`, after a zero.
    offsets: Vec<i32>,
    elements: Column,
    /// OID that a binary array must name.
    element_oid: u32,
    /// An element without its escapes, kept for its memory.
    unescaped: Vec<u8>,
}

impl Lists {
    pub(super) fn new(element_oid: u32, elements: Column) -> Self {
        Self { offsets: vec![0], elements, element_oid, unescaped: Vec::new() }
    }

    /// `{a,b,NULL,"q\"x"}`
    pub(super) fn append_array_text(&mut self, cell: &[u8]) -> Result<(), Fault> {
        self.append(|lists| lists.array_text(cell))
    }

    /// Dimensions, whether there are nulls, element OID; per dimension length and lower bound; then the elements.
    pub(super) fn append_array_binary(&mut self, cell: &[u8]) -> Result<(), Fault> {
        self.append(|lists| lists.array_binary(cell).ok_or(Fault::BinaryArray)?)
    }

    /// `1 2 3`, as INT2VECTOR and OIDVECTOR print.
    pub(super) fn append_vector_text(&mut self, cell: &[u8]) -> Result<(), Fault> {
        self.append(|lists| {
            let mut words = cell.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
            words.try_for_each(|word| lists.push(Some(word)))
        })
    }

    fn append(&mut self, split: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let appended =
            split(self).and_then(|()| i32::try_from(self.elements.len()).map_err(|_| Fault::BatchTooLarge));
        match appended {
            Ok(end) => self.offsets.push(end),
            Err(fault) => {
                self.elements.truncate(self.end());
                return Err(fault);
            }
        }
        Ok(())
    }

    /// What the elements take, none of which is wider than a BIGINT unless it is a string.
    pub(super) fn element_bytes(&mut self) -> usize {
        self.elements.len() * size_of::<i64>() + self.elements.variable_bytes()
    }

    fn array_text(&mut self, cell: &[u8]) -> Result<(), Fault> {
        let body = match cell {
            // The bounds of an array that does not start at 1: `[0:2]={a,b,c}`.
            [b'[', ..] => {
                let equals = cell.iter().position(|&byte| byte == b'=').ok_or(NOT_ARRAY)?;
                cell.get(equals + 1..).unwrap_or_default()
            }
            _ => cell,
        };
        let mut rest = match body {
            b"{}" => return Ok(()),
            [b'{', rest @ .., b'}'] => rest,
            _ => return Err(NOT_ARRAY),
        };
        loop {
            rest = match rest {
                [b'{', ..] => return Err(Fault::ArrayDimensions),
                [b'"', quoted @ ..] => self.quoted(quoted)?,
                _ => self.unquoted(rest)?,
            };
            rest = match rest {
                [] => return Ok(()),
                [b',', tail @ ..] => tail,
                _ => return Err(NOT_ARRAY),
            };
        }
    }

    /// Adds the element up to its closing quote; returns what follows.
    fn quoted<'a>(&mut self, text: &'a [u8]) -> Result<&'a [u8], Fault> {
        let mut element = std::mem::take(&mut self.unescaped);
        element.clear();
        let mut rest = text;
        let tail = loop {
            rest = match rest {
                [b'"', tail @ ..] => break tail,
                [b'\\', byte, tail @ ..] | [byte, tail @ ..] => {
                    element.push(*byte);
                    tail
                }
                [] => return Err(NOT_ARRAY),
            };
        };
        self.push(Some(&element))?;
        self.unescaped = element;
        Ok(tail)
    }

    /// Adds the element up to the next comma; returns what follows it.
    fn unquoted<'a>(&mut self, text: &'a [u8]) -> Result<&'a [u8], Fault> {
        let end = text.iter().position(|&byte| byte == b',').unwrap_or(text.len());
        let (element, tail) = text.split_at_checked(end).ok_or(NOT_ARRAY)?;
        // The server quotes an element that is empty or holds one of these.
        if element.is_empty() || element.iter().any(|byte| b"{}\"\\".contains(byte)) {
            return Err(NOT_ARRAY);
        }
        self.push(if element.eq_ignore_ascii_case(b"NULL") { None } else { Some(element) })?;
        Ok(tail)
    }

    /// `None` when it is no array of this type; else whether its elements can be read.
    fn array_binary(&mut self, cell: &[u8]) -> Option<Result<(), Fault>> {
        let mut rest = cell;
        let dimensions = integer(&mut rest)?;
        let _has_null = integer(&mut rest)?;
        if integer(&mut rest)?.cast_unsigned() != self.element_oid {
            return None;
        }
        match dimensions {
            0 => return rest.is_empty().then_some(Ok(())),
            1 => {}
            2.. => return Some(Err(Fault::ArrayDimensions)),
            _ => return None,
        }
        let length = integer(&mut rest)?;
        let _lower_bound = integer(&mut rest)?;
        for _ in 0..u32::try_from(length).ok()? {
            let element = match integer(&mut rest)? {
                -1 => None,
                length => {
                    let (element, tail) = rest.split_at_checked(length.try_into().ok()?)?;
                    rest = tail;
                    Some(element)
                }
            };
            if let Err(fault) = self.push(element) {
                return Some(Err(fault));
            }
        }
        rest.is_empty().then_some(Ok(()))
    }

    fn push(&mut self, element: Option<&[u8]>) -> Result<(), Fault> {
        let row = self.elements.len();
        let place = Place::of(element);
        let appended = self.elements.append(place.cells(element), row, element.is_none());
        appended.map_err(|bad| bad.fault)
    }

    /// Elements of all lists so far.
    fn end(&self) -> usize {
        self.offsets.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or(0)
    }
}

impl ValueBuffer for Lists {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn push_null(&mut self) {
        self.offsets.push(self.offsets.last().copied().unwrap_or(0));
    }

    fn truncate(&mut self, rows: usize) {
        self.offsets.truncate(rows + 1);
        self.elements.truncate(self.end());
    }

    fn reserve(&mut self) {
        self.elements.reserve();
    }

    fn take(&mut self, data_type: &DataType, nulls: Option<NullBuffer>) -> Result<ArrayRef, BadCell> {
        let count = self.end();
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let DataType::List(element) = data_type else {
            return Err(BadCell { fault: Fault::Batch, row: 0, value: Vec::new() });
        };
        let elements = self.elements.take(count, element.data_type()).map_err(|bad| BadCell {
            // The list that ends behind the element.
            row: offsets
                .iter()
                .skip(1)
                .filter(|end| usize::try_from(**end).is_ok_and(|end| end <= bad.row))
                .count(),
            ..bad
        })?;
        // OK because offsets start at 0 and never decrease.
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let lists = ListArray::try_new(Arc::clone(element), offsets, elements, nulls).map_err(refused)?;
        Ok(Arc::new(lists))
    }
}

/// The next four bytes as a number.
fn integer(rest: &mut &[u8]) -> Option<i32> {
    let (bytes, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(i32::from_be_bytes(*bytes))
}
