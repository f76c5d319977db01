//! Why a bound value cannot be sent: [`Fault`], the reason alone, and [`EncodeError`], the reason with its place, for
//! people.
//!
//! Values of the caller do not enter a message: they may be what a log must not hold, and row and column find them.

use std::fmt;

use arrow_schema::Field;

/// Longest column name in a message, in characters.
const NAME_CHARS: usize = 60;

/// A bound value, or a bound column as a whole, that cannot be sent.
#[derive(Clone, Debug)]
pub(crate) struct EncodeError {
    fault: Fault,
    column: ColumnLabel,
    row: Option<u64>,
}

/// Names a column in a message.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnLabel {
    index: usize,
    name: String,
    data_type: String,
}

/// What is wrong with a value or a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// More than 38 digits.
    DecimalPrecision,
    /// A date with a time of day.
    DateWithTime,
    /// A date or timestamp that Redshift's calendar does not have.
    DatetimeRange,
    /// An integer that its column does not hold; the largest that it does.
    IntegerRange(i64),
    /// An interval of months and days where one kind is stored.
    MixedInterval,
    /// Text with the character NUL.
    Nul,
    /// NaN or infinity in JSON.
    NonFiniteJson,
    /// A fraction of a second finer than a microsecond.
    SubMicrosecond,
    /// A time of day before midnight or after the day.
    TimeOfDay,
    /// Text or bytes longer than the column; its length in bytes.
    TooLong(u32),
    /// A type without a form on the wire.
    UnsupportedType,
}

impl EncodeError {
    /// A type that cannot be sent.
    pub(super) fn column(column: ColumnLabel, fault: Fault) -> Self {
        Self { fault, column, row: None }
    }

    /// A value; `row` counts from 1.
    #[cold]
    pub(super) fn cell(column: ColumnLabel, row: u64, fault: Fault) -> Self {
        Self { fault, column, row: Some(row) }
    }

    /// Whether it is the type that cannot be sent, whatever the value.
    pub(crate) fn is_unsupported_type(&self) -> bool {
        self.fault == Fault::UnsupportedType
    }

    /// The SQLSTATE of the same mistake on a server.
    pub(crate) fn sqlstate(&self) -> &'static str {
        match self.fault {
            Fault::TooLong(_) => "22001",
            Fault::DecimalPrecision | Fault::IntegerRange(_) => "22003",
            Fault::DateWithTime | Fault::DatetimeRange | Fault::SubMicrosecond | Fault::TimeOfDay => "22008",
            Fault::MixedInterval => "22015",
            Fault::Nul => "22021",
            Fault::NonFiniteJson => "22032",
            Fault::UnsupportedType => "0A000",
        }
    }
}

impl ColumnLabel {
    pub(super) fn new(index: usize, field: &Field) -> Self {
        let name = field.name().chars().take(NAME_CHARS).collect();
        Self { index, name, data_type: field.data_type().to_string() }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ColumnLabel { index, name, data_type } = &self.column;
        write!(f, "cannot send bound column {} \"{}\" ({data_type})", index + 1, name.escape_default())?;
        if let Some(row) = self.row {
            write!(f, " in row {row}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for EncodeError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DecimalPrecision => "the number has more than 38 digits; round it, or send it as text or double",
            Self::DateWithTime => "the date has a time of day; cast the column to a timestamp",
            Self::DatetimeRange => {
                "the date is not between the years 4713 BC and 294276 AD, which Redshift's calendar ends with; send \
                 NULL or another date"
            }
            Self::IntegerRange(max) => {
                return write!(
                    f,
                    "the number is out of the range of its column, {} to {max}; make the column wider, or send NULL",
                    !max
                );
            }
            Self::MixedInterval => {
                "the interval has months beside days or time, and Redshift stores either; split it into two columns"
            }
            Self::Nul => "the text holds the character NUL, which no Redshift text can; remove it, or send binary data",
            Self::NonFiniteJson => "NaN and infinity have no form in JSON; send NULL instead",
            Self::SubMicrosecond => {
                "its fraction is finer than the microsecond that Redshift stores; round it, or cast the column to \
                 microseconds"
            }
            Self::TimeOfDay => "the time is not within a day; it must be from 00:00 to 24:00",
            Self::TooLong(bytes) => {
                return write!(
                    f,
                    "the value is longer than the {bytes} bytes (bytes of UTF-8, not characters) that its column \
                     holds; shorten it, or make the column longer"
                );
            }
            Self::UnsupportedType => "values of this type cannot be sent; cast the column to another type",
        })
    }
}
