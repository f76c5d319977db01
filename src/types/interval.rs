//! Intervals to Arrow's months, days and nanoseconds, from every text style a server may be set to and from binary.
//!
//! Text: PostgreSQL's (`1 year 2 mons 3 days 04:05:06`, also with a word per unit and verbose), the SQL standard's
//! (`1-2`, `3 4:05:06`) and ISO 8601 (`P1Y2M3DT4H5M6S`). Invariant: text and binary of one value give the same fields.
//!
//! Redshift stores days and time of an interval as one number of microseconds, so that a day is 24 hours, and beyond
//! 292 years that number passes Arrow's nanoseconds. Its whole days therefore become the days of the Arrow value, as
//! its own text shows them. PostgreSQL keeps hours apart from days, and so does what is read from it: a time beyond
//! Arrow's nanoseconds is a [`Fault`] there.

use arrow_buffer::IntervalMonthDayNano;

use super::error::{BinaryWidth, Expected, Fault};
use super::scalar::{accumulate, fixed, split_sign};
use super::temporal::{US_PER_DAY, US_PER_SECOND, split_fraction};

const NS_PER_US: i64 = 1000;
const US_PER_MINUTE: i64 = 60 * US_PER_SECOND;
const US_PER_HOUR: i64 = 60 * US_PER_MINUTE;
const NOT_INTERVAL: Fault = Fault::NotText(Expected::Interval);

/// INTERVAL without qualifier, and INTERVAL YEAR TO MONTH: days and time stay apart.
pub(super) fn interval_text(cell: &[u8]) -> Result<IntervalMonthDayNano, Fault> {
    parse(cell)?.fields()
}

/// INTERVAL DAY TO SECOND: days and time are one number, however the text spells it.
pub(super) fn day_to_second_text(cell: &[u8]) -> Result<IntervalMonthDayNano, Fault> {
    let parts = parse(cell)?;
    let us = parts.days.checked_mul(US_PER_DAY).and_then(|days| days.checked_add(parts.us));
    day_to_second(us.ok_or(Fault::IntervalRange)?, parts.months).fields()
}

/// INTERVAL without qualifier: 12 bytes from Redshift, in the layout of PostgreSQL 8.0 (microseconds, months), or 16 from
/// every later PostgreSQL (microseconds, days, months).
pub(super) fn interval_binary(cell: &[u8]) -> Result<IntervalMonthDayNano, Fault> {
    if let Ok(bytes) = <[u8; 16]>::try_from(cell) {
        return postgres_binary(bytes);
    }
    let bytes: [u8; 12] = cell.try_into().map_err(|_| Fault::BinaryWidth(BinaryWidth::Interval))?;
    let [us @ .., _, _, _, _] = bytes;
    let [_, _, _, _, _, _, _, _, months @ ..] = bytes;
    day_to_second(i64::from_be_bytes(us), i32::from_be_bytes(months).into()).fields()
}

fn postgres_binary(bytes: [u8; 16]) -> Result<IntervalMonthDayNano, Fault> {
    let [us @ .., _, _, _, _, _, _, _, _] = bytes;
    let [_, _, _, _, _, _, _, _, a, b, c, d, months @ ..] = bytes;
    let (us, days) = (i64::from_be_bytes(us), i32::from_be_bytes([a, b, c, d]));
    match (us, days, i32::from_be_bytes(months)) {
        (i64::MAX, i32::MAX, i32::MAX) | (i64::MIN, i32::MIN, i32::MIN) => Err(Fault::InfiniteDatetime),
        (us, days, months) => Parts { months: months.into(), days: days.into(), us }.fields(),
    }
}

/// INTERVAL YEAR TO MONTH: months.
pub(super) fn year_to_month_binary(cell: &[u8]) -> Result<IntervalMonthDayNano, Fault> {
    Ok(IntervalMonthDayNano::new(i32::from_be_bytes(fixed(cell)?), 0, 0))
}

/// INTERVAL DAY TO SECOND: microseconds.
pub(super) fn day_to_second_binary(cell: &[u8]) -> Result<IntervalMonthDayNano, Fault> {
    day_to_second(i64::from_be_bytes(fixed(cell)?), 0).fields()
}

/// An interval of which whole days are days.
fn day_to_second(us: i64, months: i64) -> Parts {
    Parts { months, days: us / US_PER_DAY, us: us % US_PER_DAY }
}

/// The sums of an interval's parts.
#[derive(Clone, Copy, Default)]
struct Parts {
    months: i64,
    days: i64,
    us: i64,
}

impl Parts {
    fn fields(self) -> Result<IntervalMonthDayNano, Fault> {
        let months = i32::try_from(self.months).map_err(|_| Fault::IntervalRange)?;
        let days = i32::try_from(self.days).map_err(|_| Fault::IntervalRange)?;
        let ns = self.us.checked_mul(NS_PER_US).ok_or(Fault::IntervalRange)?;
        Ok(IntervalMonthDayNano::new(months, days, ns))
    }

    /// Adds a number and its unit; only seconds have a fraction.
    fn add(&mut self, number: Number, unit: Unit) -> Result<(), Fault> {
        let (sum, size) = match unit {
            Unit::Years => (&mut self.months, 12),
            Unit::Months => (&mut self.months, 1),
            Unit::Weeks => (&mut self.days, 7),
            Unit::Days => (&mut self.days, 1),
            Unit::Hours => (&mut self.us, US_PER_HOUR),
            Unit::Minutes => (&mut self.us, US_PER_MINUTE),
            Unit::Seconds => (&mut self.us, US_PER_SECOND),
        };
        if number.fraction_us != 0 && size != US_PER_SECOND {
            return Err(NOT_INTERVAL);
        }
        let value = number.whole.checked_mul(size).and_then(|whole| whole.checked_add(number.fraction_us));
        *sum = value.and_then(|value| sum.checked_add(value)).ok_or(Fault::IntervalRange)?;
        Ok(())
    }

    fn negated(self) -> Result<Self, Fault> {
        let negate = |part: i64| part.checked_neg().ok_or(Fault::IntervalRange);
        Ok(Self { months: negate(self.months)?, days: negate(self.days)?, us: negate(self.us)? })
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Years,
    Months,
    Weeks,
    Days,
    Hours,
    Minutes,
    Seconds,
}

/// A number with its sign; a fraction counts as of seconds.
#[derive(Clone, Copy)]
struct Number {
    whole: i64,
    fraction_us: i64,
}

fn parse(cell: &[u8]) -> Result<Parts, Fault> {
    match cell {
        b"infinity" | b"-infinity" => Err(Fault::InfiniteDatetime),
        [b'P', rest @ ..] => iso_8601(rest),
        _ => words(cell),
    }
}

/// What follows the `P` of ISO 8601: numbers and designators, which mean something else after a `T`.
fn iso_8601(text: &[u8]) -> Result<Parts, Fault> {
    let (mut parts, mut rest, mut in_time, mut empty) = (Parts::default(), text, false, true);
    while let Some(first) = rest.first() {
        if *first == b'T' && !in_time {
            (in_time, rest) = (true, rest.get(1..).unwrap_or_default());
            continue;
        }
        let end = rest.iter().position(u8::is_ascii_alphabetic).ok_or(NOT_INTERVAL)?;
        let (digits, tail) = rest.split_at_checked(end).ok_or(NOT_INTERVAL)?;
        let (designator, tail) = tail.split_first().ok_or(NOT_INTERVAL)?;
        let unit = match (designator, in_time) {
            (b'Y', false) => Unit::Years,
            (b'M', false) => Unit::Months,
            (b'W', false) => Unit::Weeks,
            (b'D', false) => Unit::Days,
            (b'H', true) => Unit::Hours,
            (b'M', true) => Unit::Minutes,
            (b'S', true) => Unit::Seconds,
            _ => return Err(NOT_INTERVAL),
        };
        let (negative, digits) = split_sign(digits);
        parts.add(number(digits, negative)?, unit)?;
        (rest, empty) = (tail, false);
    }
    if empty { Err(NOT_INTERVAL) } else { Ok(parts) }
}

/// The styles of PostgreSQL and of the SQL standard: parts between spaces.
fn words(cell: &[u8]) -> Result<Parts, Fault> {
    let (cell, verbose) = cell.strip_prefix(b"@ ").map_or((cell, false), |cell| (cell, true));
    let (cell, ago) = match cell.strip_suffix(b" ago") {
        Some(cell) if verbose => (cell, true),
        _ => (cell, false),
    };
    // Without unit words the standard's rule holds: a sign in front is that of all parts, unless another has its own.
    let standard = !cell.iter().any(u8::is_ascii_alphabetic);
    let signs = cell.split(|&byte| byte == b' ').filter(|word| matches!(word, [b'-' | b'+', ..])).count();
    let negative = standard && signs == 1 && cell.starts_with(b"-");
    let mut parts = Parts::default();
    let mut words = cell.split(|&byte| byte == b' ').peekable();
    while let Some(word) = words.next() {
        let (own, digits) = split_sign(word);
        let negative = negative || own;
        if digits.contains(&b':') {
            clock_time(&mut parts, digits, negative)?;
        } else if let Some(dash) = digits.iter().position(|&byte| byte == b'-') {
            year_month(&mut parts, digits, dash, negative)?;
        } else {
            let value = number(digits, negative)?;
            parts.add(value, unit(value, words.next_if(|next| !next.contains(&b':')), words.peek())?)?;
        }
    }
    if ago { parts.negated() } else { Ok(parts) }
}

/// The unit of a number: the word after it; days in front of a time; none for a zero alone.
fn unit(number: Number, word: Option<&[u8]>, next: Option<&&[u8]>) -> Result<Unit, Fault> {
    Ok(match word {
        Some(b"year" | b"years" | b"yr" | b"yrs") => Unit::Years,
        Some(b"mon" | b"mons" | b"month" | b"months") => Unit::Months,
        Some(b"week" | b"weeks") => Unit::Weeks,
        Some(b"day" | b"days") => Unit::Days,
        Some(b"hour" | b"hours" | b"hr" | b"hrs") => Unit::Hours,
        Some(b"min" | b"mins" | b"minute" | b"minutes") => Unit::Minutes,
        Some(b"sec" | b"secs" | b"second" | b"seconds") => Unit::Seconds,
        Some(_) => return Err(NOT_INTERVAL),
        None if next.is_some() => Unit::Days,
        None if number.whole == 0 && number.fraction_us == 0 => Unit::Seconds,
        None => return Err(NOT_INTERVAL),
    })
}

/// `4:05`, `04:05:06.7`: hours, of any number of digits, minutes, and seconds.
fn clock_time(parts: &mut Parts, text: &[u8], negative: bool) -> Result<(), Fault> {
    let mut fields = text.split(|&byte| byte == b':');
    for (unit, bound) in [(Unit::Hours, i64::MAX), (Unit::Minutes, 60), (Unit::Seconds, 60)] {
        let Some(field) = fields.next() else { break };
        let value = number(field, negative)?;
        if value.whole.unsigned_abs() >= bound.unsigned_abs() {
            return Err(Fault::DatetimeField);
        }
        parts.add(value, unit)?;
    }
    if fields.next().is_some() { Err(NOT_INTERVAL) } else { Ok(()) }
}

/// `1-2`: years and months.
fn year_month(parts: &mut Parts, text: &[u8], dash: usize, negative: bool) -> Result<(), Fault> {
    let (years, months) = text.split_at_checked(dash).ok_or(NOT_INTERVAL)?;
    let months = number(months.get(1..).unwrap_or_default(), negative)?;
    if months.whole.unsigned_abs() >= 12 {
        return Err(Fault::DatetimeField);
    }
    parts.add(number(years, negative)?, Unit::Years)?;
    parts.add(months, Unit::Months)
}

/// Digits with an optional fraction of up to six digits.
fn number(digits: &[u8], negative: bool) -> Result<Number, Fault> {
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = digits.split_at_checked(point).ok_or(NOT_INTERVAL)?;
    let whole = i64::try_from(accumulate(whole).ok_or(NOT_INTERVAL)?).map_err(|_| Fault::IntervalRange)?;
    let fraction_us = match fraction {
        [] => 0,
        [_, fraction @ ..] => match split_fraction(fraction) {
            Some((us, [])) => us,
            _ => return Err(NOT_INTERVAL),
        },
    };
    Ok(if negative {
        Number { whole: -whole, fraction_us: -fraction_us }
    } else {
        Number { whole, fraction_us }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(months: i32, days: i32, ns: i64) -> Result<IntervalMonthDayNano, Fault> {
        Ok(IntervalMonthDayNano::new(months, days, ns))
    }

    fn redshift(us: i64, months: i32) -> Vec<u8> {
        [&us.to_be_bytes()[..], &months.to_be_bytes()].concat()
    }

    fn postgres(us: i64, days: i32, months: i32) -> Vec<u8> {
        [&us.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat()
    }

    const NS_PER_SECOND: i64 = 1_000_000_000;

    #[test]
    fn every_text_style_is_read() {
        let time = (4 * 3600 + 5 * 60 + 6) * NS_PER_SECOND;
        let fields = [
            ("1 year 2 mons 3 days 04:05:06", 14, 3, time),
            ("1 years 2 mons 3 days 4 hours 5 mins 6.0 secs", 14, 3, time),
            ("@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs", 14, 3, time),
            ("+1-2 +3 +4:05:06", 14, 3, time),
            ("1-2 3 4:05:06", 14, 3, time),
            ("P1Y2M3DT4H5M6S", 14, 3, time),
            ("3 years 1 mons", 37, 0, 0),
            ("-1 years -1 mons", -13, 0, 0),
            ("1-2", 14, 0, 0),
            ("-1-2", -14, 0, 0),
            ("-178956970-8", i32::MIN, 0, 0),
            ("178956970-7", i32::MAX, 0, 0),
            ("P-1Y-1M", -13, 0, 0),
            ("37 months", 37, 0, 0),
            ("2 weeks 1 day", 0, 15, 0),
            ("P2W", 0, 14, 0),
            ("-2 days 0 hours 0 mins 0.0 secs", 0, -2, 0),
            ("3 4:05:06", 0, 3, time),
            ("-3 4:05:06", 0, -3, -time),
            ("-3 +4:05:06", 0, -3, time),
            ("+3 -4:05:06", 0, 3, -time),
            ("-1 days +04:05:06", 0, -1, time),
            ("-04:05:06", 0, 0, -time),
            ("-00:00:00.000001", 0, 0, -1000),
            ("0 days 0 hours 0 mins -0.5 secs", 0, 0, -NS_PER_SECOND / 2),
            ("PT-0.5S", 0, 0, -NS_PER_SECOND / 2),
            ("PT5M", 0, 0, 300 * NS_PER_SECOND),
            ("04:05", 0, 0, time - 6 * NS_PER_SECOND),
            ("48:00:00", 0, 0, 48 * 3600 * NS_PER_SECOND),
            ("@ 3 days 4 hours 5 mins 6 secs ago", 0, -3, -time),
            ("@ 1 day -1 hours ago", 0, -1, 3600 * NS_PER_SECOND),
            ("@ 0", 0, 0, 0),
            ("0", 0, 0, 0),
            ("00:00:00", 0, 0, 0),
            ("PT0S", 0, 0, 0),
        ];
        for (text, months, days, ns) in fields {
            assert_eq!(interval_text(text.as_bytes()), interval(months, days, ns), "{text}");
        }
    }

    #[test]
    fn binary_vectors_agree_with_their_text() {
        let five_days = 0x64_9534_e000_i64;
        assert_eq!(interval_binary(&redshift(five_days, 0)), interval_text(b"5 days"));
        assert_eq!(interval_binary(&redshift(five_days, 1)), interval_text(b"1 mon 5 days"));
        assert_eq!(interval_binary(&redshift(0, 1)), interval_text(b"1 mon"));
        assert_eq!(year_to_month_binary(&[0xff, 0xff, 0xff, 0xf3]), interval_text(b"-1 years -1 mons"));
        assert_eq!(year_to_month_binary(&[0, 0, 0, 0x2a]), interval(42, 0, 0));
        assert_eq!(day_to_second_binary(&[0xff; 8]), day_to_second_text(b"-00:00:00.000001"));
        assert_eq!(
            day_to_second_binary(&0x2_dfda_e800_i64.to_be_bytes()),
            day_to_second_text(b"0 days 3 hours 25 mins 45.6 secs")
        );
        let from_postgres = interval_binary(&postgres(14_706_000_000, 3, 14));
        assert_eq!(from_postgres, interval_text(b"1 year 2 mons 3 days 04:05:06"));
        assert_eq!(interval_binary(&redshift(-25 * US_PER_HOUR, 0)), interval_text(b"-1 days -01:00:00"));
        assert_eq!(interval_binary(&postgres(-25 * US_PER_HOUR, 0, 0)), interval_text(b"-25:00:00"));
    }

    #[test]
    fn day_to_second_spans_all_of_its_range() {
        let bounds = [
            (&b"106751991 04:00:54.775807"[..], i64::MAX),
            (b"-106751991 -04:00:54.775808", i64::MIN),
            (b"-106751991 04:00:54.775808", i64::MIN),
            (b"-106751991 days -4 hours 0 mins -54.775808 secs", i64::MIN),
        ];
        for (text, us) in bounds {
            let expected = interval(0, (us / US_PER_DAY) as i32, us % US_PER_DAY * 1000);
            assert_eq!(day_to_second_text(text), expected);
            assert_eq!(day_to_second_binary(&us.to_be_bytes()), expected);
            assert_eq!(interval_binary(&redshift(us, 0)), expected);
        }
        for beyond in ["106751991 04:00:54.775808", "106751992 00:00:00", "-106751991 -04:00:54.775809"] {
            assert_eq!(day_to_second_text(beyond.as_bytes()), Err(Fault::IntervalRange), "{beyond}");
        }
    }

    #[test]
    fn day_to_second_is_one_number_however_spelled() {
        for text in ["12 days", "10 days 48 hours", "288:00:00", "11 24:00:00", "P12D", "13 days -24:00:00"] {
            assert_eq!(day_to_second_text(text.as_bytes()), interval(0, 12, 0), "{text}");
        }
        assert_eq!(day_to_second_text(b"1 day -00:00:01"), interval(0, 0, 86_399 * NS_PER_SECOND));
    }

    #[test]
    fn what_arrow_cannot_hold_is_an_error() {
        for text in [
            "178956970-8",
            "-178956971 years",
            "2147483648 days",
            "9223372036854775807 hours",
            "2562047:47:16.854776",
            "9223372036854775807 secs 1 sec",
            "P9999999999999999999Y",
        ] {
            assert_eq!(interval_text(text.as_bytes()), Err(Fault::IntervalRange), "{text}");
        }
        assert_eq!(interval_text(b"2562047:47:16.854775"), interval(0, 0, i64::MAX - 807));
        assert_eq!(interval_binary(&postgres(i64::MAX / 1000 + 1, 0, 0)), Err(Fault::IntervalRange));
        assert_eq!(interval_binary(&postgres(i64::MIN, 0, 0)), Err(Fault::IntervalRange));
        for text in [&b"infinity"[..], b"-infinity"] {
            assert_eq!(interval_text(text), Err(Fault::InfiniteDatetime));
            assert_eq!(day_to_second_text(text), Err(Fault::InfiniteDatetime));
        }
        assert_eq!(interval_binary(&postgres(i64::MAX, i32::MAX, i32::MAX)), Err(Fault::InfiniteDatetime));
        assert_eq!(interval_binary(&postgres(i64::MIN, i32::MIN, i32::MIN)), Err(Fault::InfiniteDatetime));
    }

    #[test]
    fn fields_out_of_bounds_are_errors() {
        for text in ["1-12", "00:60:00", "00:00:60", "1 04:99:00"] {
            assert_eq!(interval_text(text.as_bytes()), Err(Fault::DatetimeField), "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            " ",
            "1",
            "1 2",
            "day",
            "1 fortnight",
            "1day",
            "1 day ",
            "1  day",
            "1.5 days",
            "1-",
            "-",
            "1-2-3",
            "1:2:3:4",
            ":05",
            "04:",
            "04:05:06.1234567",
            "04:05.5",
            "1 day ago",
            "P",
            "PT",
            "P1",
            "P1H",
            "PT1Y",
            "P1S",
            "PT1.5M",
            "P1DTT1S",
            "PxD",
            "1e3 days",
            "--1 days",
            "\u{661} days",
            "@",
            "1 day 3",
        ] {
            assert_eq!(interval_text(text.as_bytes()), Err(NOT_INTERVAL), "{text:?}");
        }
    }

    #[test]
    fn other_binary_lengths_are_errors() {
        for width in [0, 4, 8, 11, 13, 15, 17, 24] {
            let fault = interval_binary(&vec![0; width]);
            assert_eq!(fault, Err(Fault::BinaryWidth(BinaryWidth::Interval)), "{width}");
        }
        assert_eq!(year_to_month_binary(&[0; 8]), Err(Fault::BinaryWidth(BinaryWidth::Bytes(4))));
        assert_eq!(day_to_second_binary(&[0; 12]), Err(Fault::BinaryWidth(BinaryWidth::Bytes(8))));
    }

    /// Numbers of every magnitude and sign, the same in every run.
    fn samples() -> impl Iterator<Item = i64> {
        let mut state = 1_u64;
        (0..20_000).map(move |round| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state ^ state >> 29).cast_signed() >> (round % 64)
        })
    }

    #[test]
    fn every_style_of_a_day_to_second_gives_its_number() {
        for us in samples().chain([i64::MIN, i64::MAX, 0, 1, -1, US_PER_DAY, -US_PER_DAY]) {
            let expected = interval(0, (us / US_PER_DAY) as i32, us % US_PER_DAY * 1000);
            assert_eq!(day_to_second_binary(&us.to_be_bytes()), expected, "{us}");
            assert_eq!(interval_binary(&redshift(us, 0)), expected, "{us}");
            let magnitude = us.unsigned_abs();
            let (day, of_day) = (magnitude / 86_400_000_000, magnitude % 86_400_000_000);
            let (hour, minute) = (of_day / 3_600_000_000, of_day / 60_000_000 % 60);
            let (second, fraction) = (of_day / 1_000_000 % 60, of_day % 1_000_000);
            let sign = if us < 0 { "-" } else { "" };
            for text in [
                format!("{sign}{day} days {sign}{hour:02}:{minute:02}:{second:02}.{fraction:06}"),
                format!(
                    "{sign}{day} days {sign}{hour} hours {sign}{minute} mins {sign}{second}.{fraction:06} secs"
                ),
                format!("{sign}{day} {hour}:{minute:02}:{second:02}.{fraction:06}"),
                format!("P{sign}{day}DT{sign}{hour}H{sign}{minute}M{sign}{second}.{fraction:06}S"),
                format!("{sign}{}:{minute:02}:{second:02}.{fraction:06}", day * 24 + hour),
            ] {
                assert_eq!(day_to_second_text(text.as_bytes()), expected, "{text}");
            }
        }
    }

    #[test]
    fn every_style_of_a_year_to_month_gives_its_number() {
        for months in samples().map(|sample| sample as i32).chain([i32::MIN, i32::MAX, 0, 11, 12, -11, -12]) {
            let expected = interval(months, 0, 0);
            assert_eq!(year_to_month_binary(&months.to_be_bytes()), expected, "{months}");
            assert_eq!(interval_binary(&postgres(0, 0, months)), expected, "{months}");
            let sign = if months < 0 { "-" } else { "" };
            let (year, month) = (months.unsigned_abs() / 12, months.unsigned_abs() % 12);
            for text in [
                format!("{sign}{year} years {sign}{month} mons"),
                format!("{sign}{year}-{month}"),
                format!("P{sign}{year}Y{sign}{month}M"),
            ] {
                assert_eq!(interval_text(text.as_bytes()), expected, "{text}");
            }
        }
    }
}
