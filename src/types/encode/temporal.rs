//! Dates, times, timestamps and intervals on their way out: the checks of Redshift's ranges and resolution, and text.
//!
//! The calendar is the proleptic Gregorian one, on the wire as in Arrow. Invariant: nothing is rounded; a fraction finer
//! than a microsecond is a [`Fault`].

use arrow_schema::TimeUnit;
use bytes::BytesMut;

use super::error::Fault;
use super::numeric::put_integer;
use crate::types::temporal::{US_1970_TO_2000, US_PER_DAY, US_PER_SECOND};

/// Julian day 0 and the day after the last of the year 294276, in days since 1970-01-01: what the server's
/// microseconds hold.
const DAYS: std::ops::Range<i64> = -2_440_588..106_762_940;

/// An interval as the server counts it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interval {
    pub(super) months: i64,
    pub(super) days: i64,
    pub(super) us: i64,
}

/// Which parts of an interval its column stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntervalKind {
    Any,
    DayToSecond,
    YearToMonth,
}

/// A count of units as microseconds.
pub(super) fn microseconds(value: i64, unit: TimeUnit) -> Result<i64, Fault> {
    match unit {
        TimeUnit::Second => value.checked_mul(US_PER_SECOND).ok_or(Fault::DatetimeRange),
        TimeUnit::Millisecond => value.checked_mul(1000).ok_or(Fault::DatetimeRange),
        TimeUnit::Microsecond => Ok(value),
        TimeUnit::Nanosecond if value % 1000 == 0 => Ok(value / 1000),
        TimeUnit::Nanosecond => Err(Fault::SubMicrosecond),
    }
}

/// Microseconds since 1970 as the server's, since 2000.
pub(super) fn server_timestamp(us: i64) -> Result<i64, Fault> {
    check_timestamp(us)?;
    us.checked_sub(US_1970_TO_2000).ok_or(Fault::DatetimeRange)
}

fn check_timestamp(us: i64) -> Result<(), Fault> {
    check_date(us.div_euclid(US_PER_DAY))
}

fn check_date(days: i64) -> Result<(), Fault> {
    if DAYS.contains(&days) { Ok(()) } else { Err(Fault::DatetimeRange) }
}

/// Whole days of milliseconds.
pub(super) fn days_of_milliseconds(ms: i64) -> Result<i64, Fault> {
    const MS_PER_DAY: i64 = US_PER_DAY / 1000;
    match ms % MS_PER_DAY {
        0 => Ok(ms / MS_PER_DAY),
        _ => Err(Fault::DateWithTime),
    }
}

/// `2020-03-10`, `0044-03-15 BC`.
pub(super) fn put_date(days: i64, out: &mut BytesMut) -> Result<(), Fault> {
    check_date(days)?;
    let (year, month, day) = civil_from_days(days);
    put_day(year, month, day, out);
    put_era(year, out);
    Ok(())
}

/// ISO 8601's `2020-03-10T12:34:56.789012`, with the era of [`put_date`] if it is not ours.
pub(super) fn put_timestamp(us: i64, is_utc: bool, out: &mut BytesMut) -> Result<(), Fault> {
    check_timestamp(us)?;
    let (year, month, day) = civil_from_days(us.div_euclid(US_PER_DAY));
    put_day(year, month, day, out);
    out.extend_from_slice(b"T");
    put_clock(us.rem_euclid(US_PER_DAY), out);
    if is_utc {
        out.extend_from_slice(b"Z");
    }
    put_era(year, out);
    Ok(())
}

/// `12:34:56.789012`; the end of the day, 24:00, is the server's too.
pub(super) fn put_time(us: i64, out: &mut BytesMut) -> Result<(), Fault> {
    if !(0..=US_PER_DAY).contains(&us) {
        return Err(Fault::TimeOfDay);
    }
    put_clock(us, out);
    Ok(())
}

/// `14 months 3 days -04:05:06.5`, without the parts that are zero.
pub(super) fn put_interval(interval: Interval, kind: IntervalKind, out: &mut BytesMut) -> Result<(), Fault> {
    let Interval { months, days, us } = interval;
    let misfit = match kind {
        IntervalKind::Any => false,
        IntervalKind::DayToSecond => months != 0,
        IntervalKind::YearToMonth => days != 0 || us != 0,
    };
    if misfit {
        return Err(Fault::MixedInterval);
    }
    let only_zeros = months == 0 && days == 0 && us == 0;
    if months != 0 || kind == IntervalKind::YearToMonth {
        put_signed(months, out);
        out.extend_from_slice(b" months ");
    }
    if days != 0 || (only_zeros && kind != IntervalKind::YearToMonth) {
        put_signed(days, out);
        out.extend_from_slice(b" days ");
    }
    if us < 0 {
        out.extend_from_slice(b"-");
    }
    if us != 0 {
        put_clock(us.saturating_abs(), out);
    } else {
        out.truncate(out.len() - 1);
    }
    Ok(())
}

/// Days and time of a duration, as Redshift prints its one number of microseconds.
pub(super) fn interval_of(us: i64) -> Interval {
    Interval { months: 0, days: us / US_PER_DAY, us: us % US_PER_DAY }
}

fn put_day(year: i64, month: i64, day: i64, out: &mut BytesMut) {
    // The year before 1 is 1 BC.
    let year = if year > 0 { year } else { 1 - year };
    put_padded(year, 4, out);
    out.extend_from_slice(b"-");
    put_padded(month, 2, out);
    out.extend_from_slice(b"-");
    put_padded(day, 2, out);
}

fn put_era(year: i64, out: &mut BytesMut) {
    if year <= 0 {
        out.extend_from_slice(b" BC");
    }
}

fn put_clock(us: i64, out: &mut BytesMut) {
    let (seconds, fraction) = (us / US_PER_SECOND, us % US_PER_SECOND);
    put_padded(seconds / 3600, 2, out);
    out.extend_from_slice(b":");
    put_padded(seconds / 60 % 60, 2, out);
    out.extend_from_slice(b":");
    put_padded(seconds % 60, 2, out);
    if fraction != 0 {
        out.extend_from_slice(b".");
        put_padded(fraction, 6, out);
    }
}

fn put_signed(value: i64, out: &mut BytesMut) {
    put_integer(value < 0, value.unsigned_abs(), out);
}

/// A number that is not negative, with zeros before it up to a width.
fn put_padded(value: i64, width: u32, out: &mut BytesMut) {
    let mut unit = 10_i64.saturating_pow(width - 1);
    if value >= unit.saturating_mul(10) {
        return put_signed(value, out);
    }
    while unit > 0 {
        // OK because a digit is below 10.
        out.extend_from_slice(&[b'0' + (value / unit % 10) as u8]);
        unit /= 10;
    }
}

/// Year, month and day of a number of days since 1970-01-01. Years start in March here, so that the leap day comes last.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_CYCLE: i64 = 146_097;
    let days = days + 719_468;
    let cycle = days.div_euclid(DAYS_PER_CYCLE);
    let day_of_cycle = days.rem_euclid(DAYS_PER_CYCLE);
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_cycle + cycle * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::temporal::{date_text, timestamp_binary};

    fn text(put: impl FnOnce(&mut BytesMut) -> Result<(), Fault>) -> Result<String, Fault> {
        let mut out = BytesMut::new();
        put(&mut out).map(|()| String::from_utf8(out.to_vec()).unwrap())
    }

    #[test]
    fn dates_read_back_as_they_were() {
        let days =
            [DAYS.start, -719_529, -719_528, -719_163, -1, 0, 59, 11_016, 19_782, 2_932_897, DAYS.end - 1];
        for days in days.into_iter().chain((-1_000_000..1_000_000).step_by(997)) {
            let text = text(|out| put_date(days, out)).unwrap();
            assert_eq!(date_text(text.as_bytes()).map(i64::from), Ok(days), "{text}");
        }
        assert_eq!(text(|out| put_date(-719_529, out)).unwrap(), "0002-12-31 BC");
        assert_eq!(text(|out| put_date(DAYS.end - 1, out)).unwrap(), "294276-12-31");
    }

    #[test]
    fn the_servers_calendar_bounds_dates_and_timestamps() {
        for days in [DAYS.start - 1, DAYS.end, i64::from(i32::MAX)] {
            assert_eq!(text(|out| put_date(days, out)), Err(Fault::DatetimeRange));
        }
        for us in [i64::MIN, DAYS.start * US_PER_DAY - 1] {
            assert_eq!(server_timestamp(us), Err(Fault::DatetimeRange));
        }
        for us in [DAYS.start * US_PER_DAY, 0, i64::MAX] {
            let sent = server_timestamp(us).unwrap();
            assert_eq!(timestamp_binary(&sent.to_be_bytes()), Ok(us));
        }
    }

    #[test]
    fn every_unit_becomes_microseconds_or_an_error() {
        assert_eq!(microseconds(3, TimeUnit::Second), Ok(3_000_000));
        assert_eq!(microseconds(-3, TimeUnit::Millisecond), Ok(-3000));
        assert_eq!(microseconds(-3000, TimeUnit::Nanosecond), Ok(-3));
        assert_eq!(microseconds(1, TimeUnit::Nanosecond), Err(Fault::SubMicrosecond));
        assert_eq!(microseconds(i64::MAX, TimeUnit::Second), Err(Fault::DatetimeRange));
        assert_eq!(days_of_milliseconds(-86_400_000), Ok(-1));
        assert_eq!(days_of_milliseconds(1), Err(Fault::DateWithTime));
    }

    #[test]
    fn times_of_day() {
        assert_eq!(text(|out| put_time(45_296_789_012, out)).unwrap(), "12:34:56.789012");
        assert_eq!(text(|out| put_time(US_PER_DAY, out)).unwrap(), "24:00:00");
        assert_eq!(text(|out| put_time(-1, out)), Err(Fault::TimeOfDay));
        assert_eq!(text(|out| put_time(US_PER_DAY + 1, out)), Err(Fault::TimeOfDay));
    }

    #[test]
    fn intervals_name_their_parts() {
        let interval = |months, days, us| Interval { months, days, us };
        for (value, kind, expected) in [
            (interval(14, -3, 500_000), IntervalKind::Any, Ok("14 months -3 days 00:00:00.500000")),
            (interval(0, 0, -3_600_000_000), IntervalKind::DayToSecond, Ok("-01:00:00")),
            (interval(0, 0, 0), IntervalKind::Any, Ok("0 days")),
            (interval(0, 0, 0), IntervalKind::YearToMonth, Ok("0 months")),
            (interval(1, 1, 0), IntervalKind::YearToMonth, Err(Fault::MixedInterval)),
            (interval(1, 1, 0), IntervalKind::DayToSecond, Err(Fault::MixedInterval)),
        ] {
            assert_eq!(text(|out| put_interval(value, kind, out)), expected.map(str::to_owned));
        }
        assert_eq!(interval_of(-90_000_000_000).days, -1);
    }

    #[test]
    fn timestamps_of_json_are_iso() {
        assert_eq!(text(|out| put_timestamp(-1, true, out)).unwrap(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(text(|out| put_timestamp(0, false, out)).unwrap(), "1970-01-01T00:00:00");
    }
}
