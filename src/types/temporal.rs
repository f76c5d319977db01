//! Dates, times and timestamps to Arrow's integers, from ISO text and from binary.
//!
//! Text is read only in the ISO DateStyle: its four-digit year comes first, so that any other style fails instead of
//! swapping day and month. Values are proleptic Gregorian, as the server computes. Invariant: what Arrow cannot hold
//! (infinity, 24:00:00, integers out of range) is a [`Fault`].
//!
//! 24:00:00 is refused because Arrow's format bounds a time of day below 86,400 seconds, and readers of batches rely
//! on it.

use super::error::{Expected, Fault};
use super::scalar::{accumulate, fixed};

pub(super) const US_PER_SECOND: i64 = 1_000_000;
pub(super) const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;
/// From the Arrow epoch to the server's, 2000-01-01.
pub(super) const DAYS_1970_TO_2000: i32 = 10_957;
pub(super) const US_1970_TO_2000: i64 = DAYS_1970_TO_2000 as i64 * US_PER_DAY;

/// `2020-03-10`, `0044-03-15 BC`, to days since 1970-01-01.
pub(super) fn date_text(cell: &[u8]) -> Result<i32, Fault> {
    const EXPECTED: Expected = Expected::Date;
    let (date, rest) = split_date(cell).ok_or_else(|| not_datetime(cell, EXPECTED))?;
    let before_christ = split_era(rest).ok_or(Fault::NotText(EXPECTED))?;
    i32::try_from(date.days_since_epoch(before_christ)?).map_err(|_| Fault::DatetimeRange)
}

/// Days since 2000-01-01, to days since 1970-01-01.
pub(super) fn date_binary(cell: &[u8]) -> Result<i32, Fault> {
    let days = i32::from_be_bytes(fixed(cell)?);
    if days == i32::MAX || days == i32::MIN {
        return Err(Fault::InfiniteDatetime);
    }
    days.checked_add(DAYS_1970_TO_2000).ok_or(Fault::DatetimeRange)
}

/// `12:34:56.789`, to microseconds since midnight.
pub(super) fn time_text(cell: &[u8]) -> Result<i64, Fault> {
    match split_time(cell) {
        Some((time, [])) => time.us_since_midnight(),
        _ => Err(Fault::NotText(Expected::Time)),
    }
}

/// Microseconds since midnight.
pub(super) fn time_binary(cell: &[u8]) -> Result<i64, Fault> {
    match i64::from_be_bytes(fixed(cell)?) {
        US_PER_DAY => Err(Fault::EndOfDay),
        us if (0..US_PER_DAY).contains(&us) => Ok(us),
        _ => Err(Fault::DatetimeField),
    }
}

/// Microseconds since local midnight, then the seconds its zone is west of UTC, to the text the server prints:
/// `12:34:56.789012-07`. 24:00:00 is no exception, since the value stays text.
pub(super) fn timetz_binary(cell: &[u8], text: &mut Vec<u8>) -> Result<(), Fault> {
    let bytes: [u8; 12] = fixed(cell)?;
    let [us @ .., _, _, _, _] = bytes;
    let [_, _, _, _, _, _, _, _, west @ ..] = bytes;
    let (us, west) = (i64::from_be_bytes(us), i32::from_be_bytes(west));
    if !(0..=US_PER_DAY).contains(&us) || west.unsigned_abs() >= 86_400 {
        return Err(Fault::DatetimeField);
    }
    let (second, fraction_us) = (us / US_PER_SECOND, us % US_PER_SECOND);
    let mut printed = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    if fraction_us > 0 {
        printed.push_str(format!(".{fraction_us:06}").trim_end_matches('0'));
    }
    // The text counts east of UTC.
    let offset = west.unsigned_abs();
    printed.push_str(&format!("{}{:02}", if west > 0 { '-' } else { '+' }, offset / 3600));
    if offset % 3600 > 0 {
        printed.push_str(&format!(":{:02}", offset / 60 % 60));
    }
    if offset % 60 > 0 {
        printed.push_str(&format!(":{:02}", offset % 60));
    }
    text.extend(printed.into_bytes());
    Ok(())
}

/// `2008-06-01 09:59:59.5`, to microseconds since 1970-01-01 00:00:00.
pub(super) fn timestamp_text(cell: &[u8]) -> Result<i64, Fault> {
    const EXPECTED: Expected = Expected::Timestamp;
    let (date, time, rest) = split_timestamp(cell).ok_or_else(|| not_datetime(cell, EXPECTED))?;
    let before_christ = split_era(rest).ok_or(Fault::NotText(EXPECTED))?;
    us_since_epoch(date.days_since_epoch(before_christ)?, time.us_since_midnight()?)
}

/// `2008-06-01 09:59:59.5+05:30`, to microseconds since 1970-01-01 00:00:00 UTC.
pub(super) fn timestamptz_text(cell: &[u8]) -> Result<i64, Fault> {
    const EXPECTED: Expected = Expected::TimestampTz;
    let (date, time, rest) = split_timestamp(cell).ok_or_else(|| not_datetime(cell, EXPECTED))?;
    let (offset_seconds, rest) = split_offset(rest).ok_or(Fault::NotText(EXPECTED))?;
    let before_christ = split_era(rest).ok_or(Fault::NotText(EXPECTED))?;
    let us_of_day = time.us_since_midnight()? - offset_seconds? * US_PER_SECOND;
    us_since_epoch(date.days_since_epoch(before_christ)?, us_of_day)
}

/// Microseconds since 2000-01-01, to microseconds since 1970-01-01.
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
    fn days_since_epoch(self, before_christ: bool) -> Result<i64, Fault> {
        if self.year == 0 {
            return Err(Fault::DatetimeField);
        }
        // The year before 1 is 1 BC.
        let year = if before_christ { 1 - self.year } else { self.year };
        if !(1..=12).contains(&self.month) || !(1..=days_in_month(year, self.month)).contains(&self.day) {
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

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date. Years start in March here, so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Whole cycles of 400 years keep all that follows positive, where division rounds as needed.
    const CYCLES: i64 = 25_000;
    const DAYS_PER_CYCLE: i64 = 146_097;
    const DAYS_TO_1970: i64 = 719_468 + CYCLES * DAYS_PER_CYCLE;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let year = year + CYCLES * 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let century = year / 100;
    year * 365 + year / 4 - century + century / 4 + day_of_year - DAYS_TO_1970
}

fn us_since_epoch(days: i64, us_of_day: i64) -> Result<i64, Fault> {
    days.checked_mul(US_PER_DAY).and_then(|us| us.checked_add(us_of_day)).ok_or(Fault::DatetimeRange)
}

fn split_timestamp(cell: &[u8]) -> Option<(Date, Time, &[u8])> {
    let (date, rest) = split_date(cell)?;
    let (time, rest) = split_time(rest.strip_prefix(b" ")?)?;
    Some((date, time, rest))
}

/// The date at the start, and the rest. A year has four to seven digits, which is as far as the server goes.
fn split_date(cell: &[u8]) -> Option<(Date, &[u8])> {
    let dash = cell.iter().position(|&byte| byte == b'-').filter(|dash| (4..=7).contains(dash))?;
    let (digits, rest) = cell.split_at_checked(dash)?;
    let year = i64::try_from(accumulate(digits)?).ok()?;
    match rest {
        [b'-', a, b, b'-', c, d, rest @ ..] => {
            Some((Date { year, month: two_digits(*a, *b)?, day: two_digits(*c, *d)? }, rest))
        }
        _ => None,
    }
}

/// The time of day at the start, with up to six fraction digits, and the rest.
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
pub(super) fn split_fraction(cell: &[u8]) -> Option<(i64, &[u8])> {
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
fn split_era(rest: &[u8]) -> Option<bool> {
    match rest {
        b"" => Some(false),
        b" BC" => Some(true),
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<i64> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

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

    /// The wire value of a date or timestamp is relative to 2000.
    fn date_wire(days: i32) -> [u8; 4] {
        (days - DAYS_1970_TO_2000).to_be_bytes()
    }

    #[test]
    fn dates_agree_in_text_and_binary() {
        let cases = [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2025-12-31", 20_453),
            ("10000-01-01", 2_932_897),
            ("5874897-12-31", 2_145_042_905),
            ("0001-01-01", -719_162),
            ("0001-12-31 BC", -719_163),
            ("0010-01-01 BC", -722_815),
            ("0001-02-29 BC", -719_469),
            ("4713-01-01 BC", -2_440_550),
        ];
        for (text, days) in cases {
            assert_eq!(date_text(text.as_bytes()), Ok(days), "{text}");
            assert_eq!(date_binary(&date_wire(days)), Ok(days), "{text}");
        }
        assert_eq!(date_binary(&9496_i32.to_be_bytes()), date_text(b"2025-12-31"));
    }

    #[test]
    fn times_agree_in_text_and_binary() {
        let cases = [
            ("00:00:00", 0),
            ("12:34:56.789012", 0x0a_8be6_2614),
            ("12:34:56.7", 45_296_700_000),
            ("23:59:59.999999", US_PER_DAY - 1),
        ];
        for (text, us) in cases {
            assert_eq!(time_text(text.as_bytes()), Ok(us), "{text}");
            assert_eq!(time_binary(&us.to_be_bytes()), Ok(us), "{text}");
        }
    }

    #[test]
    fn timestamps_agree_in_text_and_binary() {
        let cases = [
            ("1970-01-01 00:00:00", 0),
            ("1969-12-31 23:59:59.999999", -1),
            ("2008-06-01 09:59:59", 1_212_314_399_000_000),
            ("2008-06-01 09:59:59.5", 1_212_314_399_500_000),
            ("0001-01-01 00:00:00", -62_135_596_800_000_000),
            ("0001-12-31 00:00:00 BC", -62_135_683_200_000_000),
        ];
        for (text, us) in cases {
            assert_eq!(timestamp_text(text.as_bytes()), Ok(us), "{text}");
            assert_eq!(timestamp_binary(&(us - US_1970_TO_2000).to_be_bytes()), Ok(us), "{text}");
        }
        let wire = 0x0000_f196_b5e3_e5c0_i64;
        assert_eq!(timestamp_binary(&wire.to_be_bytes()), timestamp_text(b"2008-06-01 09:59:59"));
    }

    #[test]
    fn offsets_lead_to_utc() {
        let utc = timestamp_text(b"2008-06-01 09:59:59");
        for text in [
            "2008-06-01 09:59:59+00",
            "2008-06-01 02:59:59-07",
            "2008-06-01 15:29:59+05:30",
            "2008-05-31 18:29:59-15:30",
            "2008-06-01 10:19:31+00:19:32",
        ] {
            assert_eq!(timestamptz_text(text.as_bytes()), utc, "{text}");
        }
        assert_eq!(
            timestamptz_text(b"0044-03-15 12:00:00.25+01 BC"),
            timestamp_text(b"0044-03-15 11:00:00.25 BC")
        );
    }

    #[test]
    fn times_with_zone_print_as_the_server_does() {
        let us = 0x0a_8be6_2614_i64;
        for (us, west, expected) in [
            (us, 25_200, "12:34:56.789012-07"),
            (us, -19_800, "12:34:56.789012+05:30"),
            (us - 12, 0, "12:34:56.789+00"),
            (0, 19_800, "00:00:00-05:30"),
            (0, -1172, "00:00:00+00:19:32"),
            (0, -3601, "00:00:00+01:00:01"),
            (US_PER_DAY - 1, 57_599, "23:59:59.999999-15:59:59"),
            (US_PER_DAY, 0, "24:00:00+00"),
        ] {
            let wire = [&us.to_be_bytes()[..], &i32::to_be_bytes(west)].concat();
            let mut text = Vec::new();
            assert_eq!(timetz_binary(&wire, &mut text), Ok(()));
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        }
    }

    #[test]
    fn times_with_zone_refuse_other_binary() {
        for (us, west) in [(-1, 0), (US_PER_DAY + 1, 0), (0, 86_400), (0, i32::MIN), (i64::MIN, i32::MAX)] {
            let wire = [&us.to_be_bytes()[..], &i32::to_be_bytes(west)].concat();
            assert_eq!(timetz_binary(&wire, &mut Vec::new()), Err(Fault::DatetimeField), "{us} {west}");
        }
        let fault = Fault::BinaryWidth(super::super::error::BinaryWidth::Bytes(12));
        assert_eq!(timetz_binary(&[0; 8], &mut Vec::new()), Err(fault));
    }

    /// Year, month and day of a day since 1970-01-01, by way of the year's first day.
    fn civil(days: i64) -> (i64, i64, i64) {
        // Too early by a few years at most, never too late.
        let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 });
        while days_before_year(year + 1) <= days {
            year += 1;
        }
        let mut day = days - days_before_year(year);
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        (year, month, day + 1)
    }

    /// From 1970-01-01 to the first day of a year, leap years counted.
    fn days_before_year(year: i64) -> i64 {
        let last = year - 1;
        last * 365 + last.div_euclid(4) - last.div_euclid(100) + last.div_euclid(400) - 719_162
    }

    #[test]
    fn dates_and_timestamps_of_all_times_agree_in_text_and_binary() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // From 4714 BC to the year 294247.
            let days = -2_440_588 + i64::try_from((state >> 33) % 109_192_000).unwrap();
            let us_of_day = i64::try_from((state ^ state >> 31) % 86_400_000_000).unwrap();
            let (year, month, day) = civil(days);
            let (shown, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
            let date = format!("{shown:04}-{month:02}-{day:02}");
            let days = i32::try_from(days).unwrap();
            assert_eq!(date_text(format!("{date}{era}").as_bytes()), Ok(days), "{date}{era}");
            assert_eq!(date_binary(&date_wire(days)), Ok(days), "{date}{era}");
            let second = us_of_day / US_PER_SECOND;
            let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            let time = format!("{time}.{:06}", us_of_day % US_PER_SECOND);
            assert_eq!(time_text(time.as_bytes()), Ok(us_of_day), "{time}");
            let us = i64::from(days) * US_PER_DAY + us_of_day;
            assert_eq!(timestamp_text(format!("{date} {time}{era}").as_bytes()), Ok(us), "{date} {time}");
            assert_eq!(
                timestamptz_text(format!("{date} {time}+00{era}").as_bytes()),
                Ok(us),
                "{date} {time}"
            );
            assert_eq!(timestamp_binary(&(us - US_1970_TO_2000).to_be_bytes()), Ok(us), "{date} {time}");
        }
    }

    #[test]
    fn infinity_is_an_error() {
        for text in [&b"infinity"[..], b"-infinity"] {
            assert_eq!(date_text(text), Err(Fault::InfiniteDatetime));
            assert_eq!(timestamp_text(text), Err(Fault::InfiniteDatetime));
            assert_eq!(timestamptz_text(text), Err(Fault::InfiniteDatetime));
        }
        for wire in [i64::MAX, i64::MIN] {
            assert_eq!(timestamp_binary(&wire.to_be_bytes()), Err(Fault::InfiniteDatetime));
        }
        for wire in [i32::MAX, i32::MIN] {
            assert_eq!(date_binary(&wire.to_be_bytes()), Err(Fault::InfiniteDatetime));
        }
    }

    #[test]
    fn what_arrow_integers_cannot_hold_is_an_error() {
        assert_eq!(date_text(b"9999999-01-01"), Err(Fault::DatetimeRange));
        assert_eq!(date_binary(&(i32::MAX - 1).to_be_bytes()), Err(Fault::DatetimeRange));
        assert_eq!(timestamp_text(b"294277-01-10 04:00:54.775808"), Err(Fault::DatetimeRange));
        assert_eq!(timestamp_text(b"294247-01-10 04:00:54.775807"), Ok(i64::MAX));
        assert_eq!(timestamp_binary(&(i64::MAX - 1).to_be_bytes()), Err(Fault::DatetimeRange));
        assert_eq!(timestamptz_text(b"294247-01-10 04:00:54.775807-01"), Err(Fault::DatetimeRange));
    }

    #[test]
    fn the_end_of_the_day_is_an_error() {
        assert_eq!(time_text(b"24:00:00"), Err(Fault::EndOfDay));
        assert_eq!(time_binary(&US_PER_DAY.to_be_bytes()), Err(Fault::EndOfDay));
        assert_eq!(time_binary(&(US_PER_DAY + 1).to_be_bytes()), Err(Fault::DatetimeField));
        assert_eq!(time_binary(&(-1_i64).to_be_bytes()), Err(Fault::DatetimeField));
    }

    #[test]
    fn fields_out_of_bounds_are_errors() {
        for text in
            ["2020-13-01", "2020-00-01", "2020-01-00", "2021-02-29", "1900-02-29", "2020-04-31", "0000-01-01"]
        {
            assert_eq!(date_text(text.as_bytes()), Err(Fault::DatetimeField), "{text}");
        }
        for text in ["24:00:01", "12:60:00", "12:00:60", "99:00:00"] {
            assert_eq!(time_text(text.as_bytes()), Err(Fault::DatetimeField), "{text}");
        }
        assert_eq!(timestamptz_text(b"2020-01-01 00:00:00+24"), Err(Fault::DatetimeField));
    }

    #[test]
    fn other_date_styles_fail_instead_of_being_misread() {
        for text in ["03/10/2020", "03-10-2020", "10.03.2020", "Tue Mar 10 2020", "20200310", "2020-3-10"] {
            assert_eq!(date_text(text.as_bytes()), Err(Fault::NotText(Expected::Date)), "{text}");
        }
        for text in ["Sun Jun 01 09:59:59 2008", "06/01/2008 09:59:59", "01.06.2008 09:59:59"] {
            assert_eq!(timestamp_text(text.as_bytes()), Err(Fault::NotText(Expected::Timestamp)), "{text}");
        }
        for text in ["06/01/2008 09:59:59 UTC", "2008-06-01 09:59:59 UTC"] {
            assert_eq!(
                timestamptz_text(text.as_bytes()),
                Err(Fault::NotText(Expected::TimestampTz)),
                "{text}"
            );
        }
    }

    #[test]
    fn incomplete_or_longer_text_is_refused() {
        for text in ["", "2020", "2020-01-01 ", "2020-01-01BC", "2020-01-01 AD", "-2020-01-01", "2020-01-0x"]
        {
            assert_eq!(date_text(text.as_bytes()), Err(Fault::NotText(Expected::Date)), "{text}");
        }
        for text in ["", "12:34", "1:02:03", "12:34:56.", "12:34:56.1234567", "12:34:56+00", "12-34-56"] {
            assert_eq!(time_text(text.as_bytes()), Err(Fault::NotText(Expected::Time)), "{text}");
        }
        for text in ["2020-01-01", "2020-01-01T00:00:00", "2020-01-01 00:00:00+00", "2020-01-01 00:00:00.x"] {
            assert_eq!(timestamp_text(text.as_bytes()), Err(Fault::NotText(Expected::Timestamp)), "{text}");
        }
        for text in ["2020-01-01 00:00:00", "2020-01-01 00:00:00+0", "2020-01-01 00:00:00+00:0"] {
            assert_eq!(
                timestamptz_text(text.as_bytes()),
                Err(Fault::NotText(Expected::TimestampTz)),
                "{text}"
            );
        }
    }

    #[test]
    fn days_follow_each_other_without_gap() {
        let mut expected = date_text(b"0400-01-01 BC").unwrap();
        for year in -399_i32..=2401 {
            let (shown, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
            for month in 1..=12 {
                let days =
                    (1..=31).map(|day| date_text(format!("{shown:04}-{month:02}-{day:02}{era}").as_bytes()));
                for days_since_epoch in days.filter_map(Result::ok) {
                    assert_eq!(days_since_epoch, expected, "{shown}-{month}{era}");
                    expected += 1;
                }
            }
        }
        assert_eq!(Ok(expected), date_text(b"2402-01-01"));
    }

    #[test]
    fn a_timestamp_is_its_date_and_its_time() {
        for (date, era) in
            [("2008-06-01", ""), ("0044-03-15", " BC"), ("1969-12-31", ""), ("99999-02-28", "")]
        {
            for time in ["00:00:00", "09:59:59.000001", "23:59:59.999999"] {
                let days = date_text(format!("{date}{era}").as_bytes()).unwrap();
                let us = i64::from(days) * US_PER_DAY + time_text(time.as_bytes()).unwrap();
                assert_eq!(timestamp_text(format!("{date} {time}{era}").as_bytes()), Ok(us));
                let ahead = format!("{date} {time}+00:00:01{era}");
                assert_eq!(timestamptz_text(ahead.as_bytes()), Ok(us - US_PER_SECOND));
            }
        }
    }
}
