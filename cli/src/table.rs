//! A result as a table for people: columns aligned, numbers to the right, cells kept to a readable width.
//!
//! A table that is wider than the screen is turned: one line for each value. Invariant: control characters of the data
//! never reach the terminal.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::SchemaRef;
use terminal_size::{Width, terminal_size};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::failure::{Failure, Result};

/// Columns on the screen that a cell may take.
const WIDEST_CELL: usize = 60;

/// The rows to show.
#[derive(Debug)]
pub(crate) struct Table {
    names: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
    limit: usize,
    is_cut: bool,
}

impl Table {
    /// An empty table; `limit` 0 takes every row.
    pub(crate) fn new(schema: SchemaRef, limit: usize) -> Self {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let fields = schema.fields();
        let names = fields.iter().map(|field| printable(field.name())).collect();
        let right = fields.iter().map(|field| field.data_type().is_numeric()).collect();
        Self { names, right, rows: Vec::new(), limit, is_cut: false }
    }

    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let options = FormatOptions::new().with_null("NULL");
        let columns = batch.columns().iter();
        let formatters: Vec<_> = columns
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<std::result::Result<_, _>>()
            .map_err(Failure::told)?;
        for row in 0..batch.num_rows() {
            if self.is_full() {
                self.is_cut = true;
                break;
            }
            let cells = formatters.iter().map(|formatter| shortened(&formatter.value(row).to_string()));
            self.rows.push(cells.collect());
        }
        Ok(())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.rows.len() >= self.limit
    }

    /// Whether rows were left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Prints it for a screen of this width; without one, as wide as it is.
    pub(crate) fn print(&self, screen: &mut impl Write, width: Option<usize>) -> io::Result<()> {
        let widths = self.widths();
        let whole = widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1);
        match width {
            Some(width) if whole > width && !self.rows.is_empty() => self.print_turned(screen),
            _ => self.print_plain(screen, &widths),
        }
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.names.iter().map(|name| name.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        widths
    }

    fn print_plain(&self, screen: &mut impl Write, widths: &[usize]) -> io::Result<()> {
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(widths).zip(&self.right);
            let cells: Vec<_> = cells.map(|((cell, width), right)| padded(cell, *width, *right)).collect();
            cells.join(" │ ").trim_end().to_owned()
        };
        let rules: Vec<_> = widths.iter().map(|width| "─".repeat(*width)).collect();
        writeln!(screen, "{}\n{}", line(&self.names), rules.join("─┼─"))?;
        self.rows.iter().try_for_each(|row| writeln!(screen, "{}", line(row)))
    }

    fn print_turned(&self, screen: &mut impl Write) -> io::Result<()> {
        let width = self.names.iter().map(|name| name.width()).max().unwrap_or_default();
        for (number, row) in self.rows.iter().enumerate() {
            writeln!(screen, "── row {}", grouped(number + 1))?;
            for (name, cell) in self.names.iter().zip(row) {
                writeln!(screen, "{} │ {cell}", padded(name, width, false))?;
            }
        }
        Ok(())
    }
}

/// The width of the terminal, if standard output is one.
pub(crate) fn width() -> Option<usize> {
    terminal_size().map(|(Width(width), _)| usize::from(width))
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

/// Escapes what would move the cursor or start a command of the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

fn shortened(text: &str) -> String {
    let text = printable(text);
    if text.width() <= WIDEST_CELL {
        return text;
    }
    let mut kept = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or_default();
        if width >= WIDEST_CELL {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // OK because a failed helper is a failed test.
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn shown(limit: usize, width: Option<usize>) -> String {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(1000)]));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["ä", "two\x1b[2J", "東京"]));
        let batch = RecordBatch::try_from_iter([("n", numbers), ("name", names)]).unwrap();
        let mut table = Table::new(batch.schema(), limit);
        table.push(&batch).unwrap();
        let mut text = Vec::new();
        table.print(&mut text, width).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn columns_align_by_what_they_take_on_the_screen() {
        let expected = "   n │ name\n─────┼─────────────\n   1 │ ä\nNULL │ two\\u{1b}[2J\n1000 │ 東京\n";
        assert_eq!(shown(0, Some(80)), expected);
        assert_eq!(shown(0, None), expected);
    }

    #[test]
    fn a_table_wider_than_the_screen_is_turned() {
        assert!(shown(1, Some(5)).starts_with("── row 1\nn    │ 1\nname │ ä\n"));
    }

    #[test]
    fn long_cells_end_with_an_ellipsis() {
        assert_eq!(shortened(&"x".repeat(60)).len(), 60);
        let cut = shortened(&"東".repeat(60));
        assert!(cut.ends_with('…') && cut.width() <= WIDEST_CELL, "{cut}");
    }

    #[test]
    fn thousands_are_grouped() {
        let texts: Vec<_> = [0, 999, 1000, 1_234_567].into_iter().map(grouped).collect();
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }
}
