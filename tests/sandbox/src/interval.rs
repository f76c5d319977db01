//! INTERVAL, text and binary: from PostgreSQL's months, days and microseconds to Redshift's three types.
//! Owns the kinds, which the engine tells apart by the type modifier alone, and their forms; knows nothing of rows.
//! Invariant: a value that its kind cannot hold is an error, never a wrong number.
//!
//! Redshift keeps months and one number of microseconds, in which a day is 24 hours: INTERVAL YEAR TO MONTH sends the
//! months alone, INTERVAL DAY TO SECOND the microseconds alone, an INTERVAL without qualifier both, in the layout of
//! PostgreSQL 8.0.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use bytes::{BufMut, BytesMut};

use crate::messages::Cursor;

const INTERVAL: u32 = 1186;
const YEAR_TO_MONTH: u32 = 1188;
const DAY_TO_SECOND: u32 = 1190;

const US_PER_SECOND: i64 = 1_000_000;
const US_PER_HOUR: i64 = 3600 * US_PER_SECOND;
const US_PER_DAY: i64 = 24 * US_PER_HOUR;
const MONTHS_PER_YEAR: i64 = 12;

/// The fields of a qualifier in the engine's type modifier.
const MONTH_AND_YEAR: i32 = 1 << 1 | 1 << 2;
const DAY_AND_TIME: i32 = 1 << 3 | 1 << 10 | 1 << 11 | 1 << 12;

/// A type of interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntervalKind {
    DayToSecond,
    Plain,
    YearToMonth,
}

impl IntervalKind {
    /// What the engine's type and modifier say; none for another type.
    pub(crate) fn from_engine(type_oid: u32, modifier: i32) -> Option<Self> {
        match type_oid {
            INTERVAL => Some(match modifier >> 16 {
                fields if fields & !MONTH_AND_YEAR == 0 => Self::YearToMonth,
                fields if fields & !DAY_AND_TIME == 0 => Self::DayToSecond,
                // No modifier, or one with a precision alone, which has every field.
                _ => Self::Plain,
            }),
            YEAR_TO_MONTH => Some(Self::YearToMonth),
            DAY_TO_SECOND => Some(Self::DayToSecond),
            _ => None,
        }
    }

    /// Its OID and the length of its values.
    pub(crate) fn oid_and_length(self) -> (u32, i16) {
        match self {
            Self::DayToSecond => (DAY_TO_SECOND, 8),
            Self::Plain => (INTERVAL, 12),
            Self::YearToMonth => (YEAR_TO_MONTH, 4),
        }
    }
}

/// A value as Redshift keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    months: i64,
    us: i64,
}

impl Interval {
    /// From the engine's binary form: microseconds, days, months.
    pub(crate) fn from_engine_binary(value: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(value);
        let (time_us, days, months) = (cursor.i64()?, cursor.i32()?, cursor.i32()?);
        ensure!(cursor.is_empty(), "an INTERVAL of {} bytes", value.len());
        Self::new(months.into(), days.into(), time_us)
    }

    /// From the engine's text in the style `postgres`; none for another style.
    pub(crate) fn from_engine_text(value: &[u8]) -> Option<Self> {
        let (mut months, mut days, mut time_us) = (0, 0, 0);
        let mut words = std::str::from_utf8(value).ok()?.split(' ');
        while let Some(word) = words.next() {
            if word.contains(':') {
                time_us = clock_time(word)?;
                continue;
            }
            let number: i64 = word.parse().ok()?;
            match words.next()?.trim_end_matches('s') {
                "year" => months += number.checked_mul(MONTHS_PER_YEAR)?,
                "mon" => months += number,
                "day" => days = number,
                _ => return None,
            }
        }
        Self::new(months, days, time_us).ok()
    }

    /// From the binary form of a parameter that a client of Redshift sends.
    pub(crate) fn from_client_binary(kind: IntervalKind, value: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(value);
        Ok(match kind {
            IntervalKind::DayToSecond => Self { months: 0, us: cursor.i64()? },
            IntervalKind::Plain => Self { us: cursor.i64()?, months: cursor.i32()?.into() },
            IntervalKind::YearToMonth => Self { months: cursor.i32()?.into(), us: 0 },
        })
    }

    fn new(months: i64, days: i64, time_us: i64) -> Result<Self> {
        let us = days.checked_mul(US_PER_DAY).and_then(|us| us.checked_add(time_us));
        Ok(Self { months, us: us.context("an INTERVAL beyond Redshift's 64 bits of microseconds")? })
    }

    /// The form that the engine reads.
    pub(crate) fn put_engine_binary(self, out: &mut BytesMut) -> Result<()> {
        out.put_i64(self.us % US_PER_DAY);
        out.put_i32(i32::try_from(self.us / US_PER_DAY)?);
        out.put_i32(i32::try_from(self.months)?);
        Ok(())
    }

    /// Redshift's binary form.
    pub(crate) fn put_binary(self, out: &mut BytesMut, kind: IntervalKind) -> Result<()> {
        self.check(kind)?;
        let months = i32::try_from(self.months)?;
        match kind {
            IntervalKind::DayToSecond => out.put_i64(self.us),
            IntervalKind::Plain => {
                out.put_i64(self.us);
                out.put_i32(months);
            }
            IntervalKind::YearToMonth => out.put_i32(months),
        }
        Ok(())
    }

    /// What Redshift prints: every unit of a qualified interval, those that are not zero of a plain one.
    pub(crate) fn text(self, kind: IntervalKind) -> Result<String> {
        self.check(kind)?;
        let (years, months) = (self.months / MONTHS_PER_YEAR, self.months % MONTHS_PER_YEAR);
        let (days, time_us) = (self.us / US_PER_DAY, self.us % US_PER_DAY);
        Ok(match kind {
            IntervalKind::YearToMonth => format!("{years} years {months} mons"),
            IntervalKind::DayToSecond => {
                let (hours, minutes) = (time_us / US_PER_HOUR, time_us / (60 * US_PER_SECOND) % 60);
                format!("{days} days {hours} hours {minutes} mins {} secs", seconds(time_us))
            }
            IntervalKind::Plain => plain(years, months, days, time_us),
        })
    }

    fn check(self, kind: IntervalKind) -> Result<()> {
        match kind {
            IntervalKind::DayToSecond if self.months != 0 => {
                bail!("months in an INTERVAL DAY TO SECOND, which Redshift does not have")
            }
            IntervalKind::YearToMonth if self.us != 0 => {
                bail!("days or a time in an INTERVAL YEAR TO MONTH, which Redshift does not have")
            }
            _ => Ok(()),
        }
    }
}

/// `[-+]H:MM:SS[.ffffff]` as microseconds.
fn clock_time(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut fields = text.split(':');
    let (hours, minutes, seconds) = (fields.next()?, fields.next()?, fields.next()?);
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let fraction_us: i64 = format!("{fraction:0<6}").parse().ok()?;
    let whole = hours.parse::<i64>().ok()?.checked_mul(3600)?;
    let whole = whole + minutes.parse::<i64>().ok()? * 60 + seconds.parse::<i64>().ok()?;
    Some(sign * (whole.checked_mul(US_PER_SECOND)?.checked_add(fraction_us)?))
}

/// The seconds of a time with one to six fraction digits, and its sign.
fn seconds(time_us: i64) -> String {
    let rest = time_us % (60 * US_PER_SECOND);
    let sign = if rest < 0 { "-" } else { "" };
    let rest = rest.abs();
    let fraction = format!("{:06}", rest % US_PER_SECOND);
    let kept = fraction.trim_end_matches('0');
    format!("{sign}{}.{}", rest / US_PER_SECOND, if kept.is_empty() { "0" } else { kept })
}

/// PostgreSQL's style: after a negative part, a positive one has a sign too.
fn plain(years: i64, months: i64, days: i64, time_us: i64) -> String {
    let (mut text, mut after_negative) = (String::new(), false);
    for (number, unit) in [(years, "year"), (months, "mon"), (days, "day")] {
        if number != 0 {
            let space = if text.is_empty() { "" } else { " " };
            let sign = if after_negative && number > 0 { "+" } else { "" };
            let plural = if number == 1 { "" } else { "s" };
            let _ = write!(text, "{space}{sign}{number} {unit}{plural}");
            after_negative = number < 0;
        }
    }
    if time_us != 0 || text.is_empty() {
        let space = if text.is_empty() { "" } else { " " };
        let sign = match (time_us < 0, after_negative) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let whole = time_us.abs() / US_PER_SECOND;
        let _ = write!(text, "{space}{sign}{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
        let fraction = format!(".{:06}", time_us.abs() % US_PER_SECOND);
        text.push_str(fraction.trim_end_matches('0').trim_end_matches('.'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(time_us: i64, days: i32, months: i32) -> Interval {
        let bytes = [&time_us.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat();
        Interval::from_engine_binary(&bytes).unwrap()
    }

    fn binary(interval: Interval, kind: IntervalKind) -> Vec<u8> {
        let mut out = BytesMut::new();
        interval.put_binary(&mut out, kind).unwrap();
        out.to_vec()
    }

    #[test]
    fn modifiers_of_the_engine_tell_the_kinds_apart() {
        // As pg_attribute shows them for YEAR TO MONTH, DAY TO SECOND, YEAR, DAY TO HOUR, SECOND(3) and (3).
        for (modifier, kind) in [
            (458_751, IntervalKind::YearToMonth),
            (470_351_871, IntervalKind::DayToSecond),
            (327_679, IntervalKind::YearToMonth),
            (67_698_687, IntervalKind::DayToSecond),
            (268_435_459, IntervalKind::DayToSecond),
            (2_147_418_115, IntervalKind::Plain),
            (-1, IntervalKind::Plain),
        ] {
            assert_eq!(IntervalKind::from_engine(INTERVAL, modifier), Some(kind), "{modifier}");
        }
        assert_eq!(IntervalKind::from_engine(DAY_TO_SECOND, -1), Some(IntervalKind::DayToSecond));
        assert_eq!(IntervalKind::from_engine(23, -1), None);
    }

    #[test]
    fn binary_forms_are_the_published_ones() {
        let day = i64::from(5) * US_PER_DAY;
        let months_and_days = binary(engine(0, 5, 1), IntervalKind::Plain);
        assert_eq!(months_and_days, [&day.to_be_bytes()[..], &[0, 0, 0, 1]].concat());
        assert_eq!(binary(engine(0, 0, -13), IntervalKind::YearToMonth), [0xff, 0xff, 0xff, 0xf3]);
        assert_eq!(binary(engine(-1, 0, 0), IntervalKind::DayToSecond), [0xff; 8]);
    }

    #[test]
    fn text_forms_name_every_unit_of_a_qualified_interval() {
        for (interval, kind, text) in [
            (engine(0, 0, 37), IntervalKind::YearToMonth, "3 years 1 mons"),
            (engine(0, 0, -13), IntervalKind::YearToMonth, "-1 years -1 mons"),
            (engine(0, -2, 0), IntervalKind::DayToSecond, "-2 days 0 hours 0 mins 0.0 secs"),
            (engine(48 * US_PER_HOUR, 10, 0), IntervalKind::DayToSecond, "12 days 0 hours 0 mins 0.0 secs"),
            (engine(-1, 0, 0), IntervalKind::DayToSecond, "0 days 0 hours 0 mins -0.000001 secs"),
            (engine(14_706_700_000, 1, 14), IntervalKind::Plain, "1 year 2 mons 1 day 04:05:06.7"),
            (engine(30 * US_PER_HOUR, -3, 1), IntervalKind::Plain, "1 mon -1 days -18:00:00"),
            (engine(US_PER_SECOND, 0, -1), IntervalKind::Plain, "-1 mons +00:00:01"),
            (engine(0, 0, 0), IntervalKind::Plain, "00:00:00"),
        ] {
            assert_eq!(interval.text(kind).unwrap(), text);
        }
    }

    #[test]
    fn engine_text_and_binary_are_one_value() {
        for (text, expected) in [
            ("1 year 2 mons 3 days 04:05:06.7", engine(14_706_700_000, 3, 14)),
            ("-1 years -2 mons +3 days -04:05:06", engine(-14_706_000_000, 3, -14)),
            ("00:00:00", engine(0, 0, 0)),
            ("106751991 days 04:00:54.775807", Interval { months: 0, us: i64::MAX }),
            ("-178956970 years -8 mons", engine(0, 0, i32::MIN)),
        ] {
            assert_eq!(Interval::from_engine_text(text.as_bytes()), Some(expected), "{text}");
        }
        for other in ["P1Y", "1-2", "@ 1 year", "1 year 2", ""] {
            assert_eq!(Interval::from_engine_text(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn parameters_of_redshift_become_the_engines() {
        for (kind, value, expected) in [
            (IntervalKind::Plain, &[0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 2][..], engine(7, 0, 2)),
            (IntervalKind::YearToMonth, &[0xff, 0xff, 0xff, 0xf3], engine(0, 0, -13)),
            (IntervalKind::DayToSecond, &[0xff; 8], engine(-1, 0, 0)),
        ] {
            let interval = Interval::from_client_binary(kind, value).unwrap();
            assert_eq!(interval, expected);
            let mut out = BytesMut::new();
            interval.put_engine_binary(&mut out).unwrap();
            assert_eq!(Interval::from_engine_binary(&out).unwrap(), expected);
        }
        assert!(Interval::from_client_binary(IntervalKind::Plain, &[0; 8]).is_err());
    }

    #[test]
    fn what_a_kind_cannot_hold_is_an_error() {
        assert!(engine(1, 0, 1).text(IntervalKind::YearToMonth).is_err());
        assert!(engine(1, 0, 1).text(IntervalKind::DayToSecond).is_err());
        assert!(Interval::new(0, i64::from(i32::MAX), 0).is_err());
    }
}
