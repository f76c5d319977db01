//! Dates, times and timestamps to Arrow's integers, from ISO text and from binary.
//!
//! Text is read only in the ISO DateStyle: its four-digit year comes first, so that any other style fails instead of
//! swapping day and month. Values are proleptic Gregorian, as the server computes. Invariant: what Arrow cannot hold
//! (infinity, 24:00:00, integers out of range) is a [`Fault`].
//!
//! 24:00:00 is refused because Arrow's format bounds a time of day below 86,400 seconds, and readers of batches rely
//! on it.

use super::error::{Expected, Fault};
use super::scalar::fixed;

const US_PER_SECOND: i64 = 1_000_000;
const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;
/// From the Arrow epoch to the server's, 2000-01-01.
const DAYS_1970_TO_2000: i32 = 10_957;
const US_1970_TO_2000: i64 = DAYS_1970_TO_2000 as i64 * US_PER_DAY;

/// `2020-03-10`, `0044-03-15 BC`, to days since 1970-01-01.
#[inline]
pub(super) fn date_text(cell: &[u8]) -> Result<i32, Fault> {
    const EXPECTED: Expected = Expected::Date;
    let (date, rest) = split_date(cell).ok_or_else(|| not_datetime(cell, EXPECTED))?;
    let before_christ = split_era(rest).ok_or(Fault::NotText(EXPECTED))?;
    i32::try_from(date.days_since_epoch(before_christ)?).map_err(|_| Fault::DatetimeRange)
}

/// Days since 2000-01-01, to days since 1970-01-01.
#[inline]
pub(super) fn date_binary(cell: &[u8]) -> Result<i32, Fault> {
    let days = i32::from_be_bytes(fixed(cell)?);
    if days == i32::MAX || days == i32::MIN {
        return Err(Fault::InfiniteDatetime);
    }
    days.checked_add(DAYS_1970_TO_2000).ok_or(Fault::DatetimeRange)
}

/// `12:34:56.789`, to microseconds since midnight.
#[inline]
pub(super) fn time_text(cell: &[u8]) -> Result<i64, Fault> {
    match split_time(cell) {
        Some((time, [])) => time.us_since_midnight(),
        _ => Err(Fault::NotText(Expected::Time)),
    }
}

/// Microseconds since midnight.
#[inline]
pub(super) fn time_binary(cell: &[u8]) -> Result<i64, Fault> {
    match i64::from_be_bytes(fixed(cell)?) {
        US_PER_DAY => Err(Fault::EndOfDay),
        us if (0..US_PER_DAY).contains(&us) => Ok(us),
        _ => Err(Fault::DatetimeField),
    }
}

/// `2008-06-01 09:59:59.5`, to microseconds since 1970-01-01 00:00:00.
#[inline]
pub(super) fn timestamp_text(cell: &[u8]) -> Result<i64, Fault> {
    const EXPECTED: Expected = Expected::Timestamp;
    let (date, time, rest) = split_timestamp(cell).ok_or_else(|| not_datetime(cell, EXPECTED))?;
    let before_christ = split_era(rest).ok_or(Fault::NotText(EXPECTED))?;
    us_since_epoch(date.days_since_epoch(before_christ)?, time.us_since_midnight()?)
}

/// `2008-06-01 09:59:59.5+05:30`, to microseconds since 1970-01-01 00:00:00 UTC.
#[inline]
pub(super) fn timestamptz_text(cell: &[u8]) -> Result<i64, Fault> {
    const EXPECTED: Expected = Expected::TimestampTz;
    let (date, time, rest) = split_timestamp(cell).ok_or_else(|| not_datetime(cell, EXPECTED))?;
    let (offset_seconds, rest) = split_offset(rest).ok_or(Fault::NotText(EXPECTED))?;
    let before_christ = split_era(rest).ok_or(Fault::NotText(EXPECTED))?;
    let us_of_day = time.us_since_midnight()? - offset_seconds? * US_PER_SECOND;
    us_since_epoch(date.days_since_epoch(before_christ)?, us_of_day)
}

/// Microseconds since 2000-01-01, to microseconds since 1970-01-01.
#[inline]
pub(super) fn timestamp_binary(cell: &[u8]) -> Result<i64, Fault> {
    let us = i64::from_be_bytes(fixed(cell)?);
    if us == i64::MAX || us == i64::MIN {
        return Err(Fault::InfiniteDatetime);
    }
    us.checked_add(US_1970_TO_2000).ok_or(Fault::DatetimeRange)
}

/// A date as printed: year of its era, month and day, unchecked.
#[derive(Clone, Copy)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    #[inline]
    fn days_since_epoch(self, before_christ: bool) -> Result<i64, Fault> {
        if self.year == 0 {
            return Err(Fault::DatetimeField);
        }
        // The year before 1 is 1 BC.
        let year = if before_christ { 1 - self.year } else { self.year };
        if !(1..=12).contains(&self.month) || self.day < 1 || self.day > days_in_month(year, self.month) {
            return Err(Fault::DatetimeField);
        }
        Ok(days_from_civil(year, self.month, self.day))
    }
}

/// A time of day as printed, unchecked.
#[derive(Clone, Copy)]
struct Time {
    hour: i64,
    minute: i64,
    second: i64,
    us: i64,
}

impl Time {
    #[inline]
    fn us_since_midnight(self) -> Result<i64, Fault> {
        if self.hour < 24 && self.minute < 60 && self.second < 60 {
            return Ok(((self.hour * 60 + self.minute) * 60 + self.second) * US_PER_SECOND + self.us);
        }
        match self {
            Self { hour: 24, minute: 0, second: 0, us: 0 } => Err(Fault::EndOfDay),
            _ => Err(Fault::DatetimeField),
        }
    }
}

#[inline]
fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date. Years start in March here, so that the leap day comes last.
#[inline]
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Whole cycles of 400 years keep all that follows positive, where division rounds as needed.
    const CYCLES: i64 = 25_000;
    const DAYS_PER_CYCLE: i64 = 146_097;
    const DAYS_TO_1970: i64 = 719_468 + CYCLES * DAYS_PER_CYCLE;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let year = year + CYCLES * 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - DAYS_TO_1970
}

#[inline]
fn us_since_epoch(days: i64, us_of_day: i64) -> Result<i64, Fault> {
    days.checked_mul(US_PER_DAY).and_then(|us| us.checked_add(us_of_day)).ok_or(Fault::DatetimeRange)
}

#[inline]
fn split_timestamp(cell: &[u8]) -> Option<(Date, Time, &[u8])> {
    let (date, rest) = split_date(cell)?;
    let (time, rest) = split_time(rest.strip_prefix(b" ")?)?;
    Some((date, time, rest))
}

/// The date at the start, and the rest.
#[inline]
fn split_date(cell: &[u8]) -> Option<(Date, &[u8])> {
    let (year, rest) = match cell {
        [a, b, c, d, b'-', rest @ ..] => (two_digits(*a, *b)? * 100 + two_digits(*c, *d)?, rest),
        _ => split_long_year(cell)?,
    };
    match rest {
        [a, b, b'-', c, d, rest @ ..] => {
            Some((Date { year, month: two_digits(*a, *b)?, day: two_digits(*c, *d)? }, rest))
        }
        _ => None,
    }
}

/// A year of five to seven digits, which is as far as the server goes.
#[cold]
fn split_long_year(cell: &[u8]) -> Option<(i64, &[u8])> {
    let dash = cell.iter().position(|&byte| byte == b'-').filter(|dash| (5..=7).contains(dash))?;
    let (digits, rest) = cell.split_at_checked(dash)?;
    let year = digits.iter().try_fold(0, |year, &byte| Some(year * 10 + digit(byte)?))?;
    Some((year, rest.strip_prefix(b"-")?))
}

/// The time of day at the start, with up to six fraction digits, and the rest.
#[inline]
fn split_time(cell: &[u8]) -> Option<(Time, &[u8])> {
    let [a, b, b':', c, d, b':', e, f, rest @ ..] = cell else { return None };
    let (us, rest) = match rest {
        [b'.', rest @ ..] => split_fraction(rest)?,
        _ => (0, rest),
    };
    let (hour, minute, second) = (two_digits(*a, *b)?, two_digits(*c, *d)?, two_digits(*e, *f)?);
    Some((Time { hour, minute, second, us }, rest))
}

/// One to six fraction digits of a second as microseconds, and the rest.
#[inline]
fn split_fraction(cell: &[u8]) -> Option<(i64, &[u8])> {
    let (mut us, mut unit, mut rest) = (0, US_PER_SECOND / 10, cell);
    while let [byte, tail @ ..] = rest
        && let Some(digit) = digit(*byte)
    {
        if unit == 0 {
            return None;
        }
        us += digit * unit;
        unit /= 10;
        rest = tail;
    }
    (rest.len() < cell.len()).then_some((us, rest))
}

/// The offset from UTC in seconds at the start (`+00`, `-07:30`, `+00:19:32`), and the rest.
#[inline]
fn split_offset(cell: &[u8]) -> Option<(Result<i64, Fault>, &[u8])> {
    let (sign, hour, mut rest) = match cell {
        [b'+', a, b, rest @ ..] => (1, two_digits(*a, *b)?, rest),
        [b'-', a, b, rest @ ..] => (-1, two_digits(*a, *b)?, rest),
        _ => return None,
    };
    let (mut minute, mut second) = (0, 0);
    for field in [&mut minute, &mut second] {
        if let [b':', a, b, tail @ ..] = rest {
            *field = two_digits(*a, *b)?;
            rest = tail;
        }
    }
    let in_range = hour < 24 && minute < 60 && second < 60;
    let seconds = sign * ((hour * 60 + minute) * 60 + second);
    Some((if in_range { Ok(seconds) } else { Err(Fault::DatetimeField) }, rest))
}

/// Whether the end of a value says ` BC`; `None` if it says anything else.
#[inline]
fn split_era(rest: &[u8]) -> Option<bool> {
    match rest {
        b"" => Some(false),
        b" BC" => Some(true),
        _ => None,
    }
}

#[inline]
fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[inline]
fn digit(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

#[cold]
fn not_datetime(cell: &[u8], expected: Expected) -> Fault {
    match cell {
        b"infinity" | b"-infinity" => Fault::InfiniteDatetime,
        _ => Fault::NotText(expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_in_text_and_binary() {
        let cases = [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2025-12-31", 20_453),
            ("0001-01-01", -719_162),
            ("0001-12-31 BC", -719_163),
            ("0010-01-01 BC", -722_815),
            ("0001-02-29 BC", -719_469),
            ("4713-01-01 BC", -2_440_550),
            ("5874897-12-31", 2_147_472_982 + 10_957 - 398),
        ];
        for (text, days) in &cases[..9] {
            assert_eq!(date_text(text.as_bytes()), Ok(*days), "{text}");
            assert_eq!(date_binary(&(days - DAYS_1970_TO_2000).to_be_bytes()), Ok(*days), "{text}");
        }
        assert_eq!(date_binary(&9496_i32.to_be_bytes()), date_text(b"2025-12-31"));
    }
}
