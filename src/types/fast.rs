//! The common form of a value, without calls and with few branches: what nearly every cell of a large result is.
//!
//! Text is read a machine word at a time: a character per byte, the first one lowest. Does not own what a value means, nor
//! any error: whatever is unusual (long, malformed, out of range, short of memory behind it) is `None`, and the decoders
//! of `scalar`, `numeric` and `temporal` read it. Invariant: `Some` is exactly what they give.

use super::numeric::{MAX_PRECISION, POWERS_OF_TEN};
use super::temporal::{DAYS_1970_TO_2000, US_1970_TO_2000, US_PER_DAY, US_PER_SECOND};
use crate::span::Span;

/// Characters of a date with a year of four digits.
const DATE_LENGTH: usize = "2020-03-10".len();
/// Characters of a time of day without fraction.
const CLOCK_LENGTH: usize = "12:34:56".len();

const ZEROS: u64 = u64::from_le_bytes(*b"00000000");
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
/// Added to the value of a digit, what is no digit shows in the highest bit.
const NO_DIGIT: u64 = 0x7676_7676_7676_7676;

/// Booleans.
#[inline(always)]
pub(super) fn boolean(cell: Span<'_>, binary: bool) -> Option<bool> {
    let [byte] = cell.exactly()?;
    let (no, yes) = if binary { (0, 1) } else { (b'f', b't') };
    (byte == no || byte == yes).then_some(byte == yes)
}

/// Integers.
#[inline(always)]
pub(super) fn integer_text<T: TryFrom<i64>>(cell: Span<'_>) -> Option<T> {
    let (negative, unsigned) = minus(cell);
    let magnitude = i64::try_from(digits(unsigned)?).ok()?;
    T::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// NUMERIC of the column's scale, whose magnitude is below `bound`.
#[inline(always)]
pub(super) fn decimal_text(cell: Span<'_>, scale: usize, bound: u64) -> Option<i128> {
    let (negative, unsigned) = minus(cell);
    let magnitude = if scale == 0 { digits(unsigned) } else { fixed_point(unsigned, scale) };
    let magnitude = i128::from(magnitude.filter(|magnitude| *magnitude < bound)?);
    Some(if negative { -magnitude } else { magnitude })
}

/// NUMERIC of the column's scale with up to 38 digits, as the first `length` of the bytes.
// Never inlined: most columns have short values, and the loop that reads them stays small.
#[inline(never)]
pub(super) fn long_decimal_text(bytes: &[u8], length: usize, scale: usize) -> Option<i128> {
    let (negative, unsigned) = minus(Span::new(bytes, length)?);
    let point = usize::from(scale > 0);
    let whole = unsigned.len().checked_sub(scale + point)?;
    if whole + scale > MAX_PRECISION.into() {
        return None;
    }
    let mut magnitude = long_digits(0, Span::new(unsigned.onward(), whole)?)?;
    if scale > 0 {
        let fraction = unsigned.skip(whole)?;
        if fraction.onward().first() != Some(&b'.') {
            return None;
        }
        magnitude = long_digits(magnitude, fraction.skip(point)?)?;
    }
    Some(if negative { -magnitude } else { magnitude })
}

/// NUMERIC in 8 bytes, whose magnitude is below `bound`.
#[inline(always)]
pub(super) fn decimal_binary(cell: Span<'_>, bound: u64) -> Option<i128> {
    let unscaled = i64::from_be_bytes(cell.exactly()?);
    (unscaled.unsigned_abs() < bound).then_some(unscaled.into())
}

/// Dates of the years 1 to 9999, leap days apart.
#[inline(always)]
pub(super) fn date_text(cell: Span<'_>) -> Option<i32> {
    if cell.len() == DATE_LENGTH { days(cell) } else { None }
}

/// Finite dates.
#[inline(always)]
pub(super) fn date_binary(cell: Span<'_>) -> Option<i32> {
    i32::from_be_bytes(cell.exactly()?)
        .checked_add(DAYS_1970_TO_2000)
        .filter(|days| *days > i32::MIN + DAYS_1970_TO_2000)
}

/// Times of day.
#[inline(always)]
pub(super) fn time_text(cell: Span<'_>) -> Option<i64> {
    us_of_day(cell)
}

/// Times of day.
#[inline(always)]
pub(super) fn time_binary(cell: Span<'_>) -> Option<i64> {
    Some(i64::from_be_bytes(cell.exactly()?)).filter(|us| (0..US_PER_DAY).contains(us))
}

/// Timestamps of a [`date_text`].
#[inline(always)]
pub(super) fn timestamp_text(cell: Span<'_>) -> Option<i64> {
    let days = days(cell)?;
    let rest = cell.skip(DATE_LENGTH)?;
    if rest.onward().first() != Some(&b' ') {
        return None;
    }
    Some(i64::from(days) * US_PER_DAY + us_of_day(rest.skip(1)?)?)
}

/// Timestamps of a [`date_text`] in UTC, the time zone of a session unless the user sets another.
#[inline(always)]
pub(super) fn timestamptz_text(cell: Span<'_>) -> Option<i64> {
    const UTC: &[u8] = b"+00";
    let length = cell.len().checked_sub(UTC.len())?;
    if cell.get().get(length..) != Some(UTC) {
        return None;
    }
    timestamp_text(Span::new(cell.onward(), length)?)
}

/// Finite timestamps.
#[inline(always)]
pub(super) fn timestamp_binary(cell: Span<'_>) -> Option<i64> {
    let us = i64::from_be_bytes(cell.exactly()?);
    us.checked_add(US_1970_TO_2000).filter(|_| us != i64::MIN)
}

/// Whether the text starts with `-`, and what follows it.
#[inline(always)]
fn minus(cell: Span<'_>) -> (bool, Span<'_>) {
    match cell.skip(1) {
        Some(rest) if cell.onward().first() == Some(&b'-') => (true, rest),
        _ => (false, cell),
    }
}

/// The date at the start, to days since 1970-01-01.
#[inline(always)]
fn days(text: Span<'_>) -> Option<i32> {
    /// Days of a year before each month, and days of the month, in years without leap day.
    const MONTHS: [(u32, u32); 12] = [
        (0, 31),
        (31, 28),
        (59, 31),
        (90, 30),
        (120, 31),
        (151, 30),
        (181, 31),
        (212, 31),
        (243, 30),
        (273, 31),
        (304, 30),
        (334, 31),
    ];
    /// From 0000-12-31 to 1970-01-01, and the 365 days that are counted for the year of the date itself.
    const DAYS_TO_1970: i32 = 719_163 + 365;
    let (year, month, day) = iso_date(text)?;
    let (days_before, days) = MONTHS.get(month.wrapping_sub(1) as usize)?;
    if day.wrapping_sub(1) >= *days || year == 0 {
        return None;
    }
    // This year's leap day counts from March on.
    let leap_year = year - u32::from(month <= 2);
    let century = leap_year / 100;
    let leap_days = leap_year / 4 - century + century / 4;
    Some((year * 365 + leap_days + days_before + day).cast_signed() - DAYS_TO_1970)
}

/// A time of day with up to six digits of a second's fraction, to microseconds since midnight.
#[inline(always)]
fn us_of_day(text: Span<'_>) -> Option<i64> {
    let (hour, minute, second) = clock(text)?;
    if (hour >= 24) | (minute >= 60) | (second >= 60) {
        return None;
    }
    let fraction = text.skip(CLOCK_LENGTH)?;
    let us = match fraction.len() {
        0 => 0,
        _ if fraction.onward().first() == Some(&b'.') => millionths(fraction.skip(1)?)?,
        _ => return None,
    };
    Some(i64::from((hour * 60 + minute) * 60 + second) * US_PER_SECOND + i64::from(us))
}

/// A number of up to 19 digits, which always fit 64 bits, without sign.
#[inline(always)]
fn digits(text: Span<'_>) -> Option<u64> {
    match text.len() {
        1..=8 => eight(leading_zeros(word(text)?, text.len())),
        length => more_digits(text.onward(), length),
    }
}

/// [`digits`] of 9 to 19, as the first `length` of the bytes.
// Never inlined: see `long_decimal_text`.
#[inline(never)]
fn more_digits(bytes: &[u8], length: usize) -> Option<u64> {
    let text = Span::new(bytes, length)?;
    let rest = text.skip(8)?;
    let first = eight(word(text)? ^ ZEROS)?;
    match rest.len() {
        1..=8 => continued(first, rest),
        9..=11 => continued(continued(first, Span::new(rest.onward(), 8)?)?, rest.skip(8)?),
        _ => None,
    }
}

/// The number that a text of any length continues after `start`, 38 digits in all.
fn long_digits(start: i128, mut text: Span<'_>) -> Option<i128> {
    const PIECE: usize = 16;
    let mut number = start;
    while text.len() > PIECE {
        let piece = digits(Span::new(text.onward(), PIECE)?)?;
        number = number * i128::from(power_of_ten(PIECE)?) + i128::from(piece);
        text = text.skip(PIECE)?;
    }
    Some(number * i128::from(power_of_ten(text.len())?) + i128::from(digits(text)?))
}

/// The number that one to eight digits continue after `start`.
#[inline(always)]
fn continued(start: u64, rest: Span<'_>) -> Option<u64> {
    Some(start * power_of_ten(rest.len())? + eight(leading_zeros(word(rest)?, rest.len()))?)
}

/// A number with a point before its last `scale` digits, eight digits at most, as if without the point.
#[inline(always)]
fn fixed_point(text: Span<'_>, scale: usize) -> Option<u64> {
    let whole = text.len().checked_sub(scale + 1)?;
    if whole == 0 || whole + scale > 8 || whole > 7 {
        return None;
    }
    let head = word(text)?;
    let point_at = 8 * whole;
    if head >> point_at & 0xff != u64::from(b'.') {
        return None;
    }
    let fraction = word(text.skip(whole + 1)?)?;
    let joined = head & !(u64::MAX << point_at) | fraction << point_at;
    eight(leading_zeros(joined, whole + scale))
}

/// Year, month and day of `2008-06-01`, each as printed.
#[inline(always)]
fn iso_date(text: Span<'_>) -> Option<(u32, u32, u32)> {
    let [head @ .., tens, ones] = text.window::<10>()?;
    let digits = u64::from_le_bytes(*head) ^ u64::from_le_bytes(*b"0000-00-");
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    // Where a dash belongs, anything but zero is wrong.
    let wrong = (digits | digits.wrapping_add(0x7f76_767f_7676_7676)) & HIGH_BITS;
    if wrong != 0 || (tens > 9) | (ones > 9) {
        return None;
    }
    let digit = |at: u32| (digits >> (8 * at)) as u32 & 0xff;
    let year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
    Some((year, digit(5) * 10 + digit(6), u32::from(tens) * 10 + u32::from(ones)))
}

/// Hour, minute and second of `23:59:59`, each as printed.
#[inline(always)]
fn clock(text: Span<'_>) -> Option<(u32, u32, u32)> {
    let digits = word(text)? ^ u64::from_le_bytes(*b"00:00:00");
    if (digits | digits.wrapping_add(0x7676_7f76_767f_7676)) & HIGH_BITS != 0 {
        return None;
    }
    let pair = |at: u32| ((digits >> (8 * at)) as u32 & 0xff) * 10 + ((digits >> (8 * at + 8)) as u32 & 0xff);
    Some((pair(0), pair(3), pair(6)))
}

/// One to six digits after a point, as millionths.
#[inline(always)]
fn millionths(text: Span<'_>) -> Option<u32> {
    let count = text.len();
    if !(1..=6).contains(&count) {
        return None;
    }
    // Zeros follow the digits up to the sixth place, and two lead them.
    let digits = (word(text)? ^ ZEROS) & !(u64::MAX << (8 * count));
    u32::try_from(eight(digits << 16)?).ok()
}

/// Eight characters from the start of `text`, however many are its own.
#[inline(always)]
fn word(text: Span<'_>) -> Option<u64> {
    text.window::<8>().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The first `count` characters, 1 to 8, as the last digits of eight.
#[inline(always)]
fn leading_zeros(word: u64, count: usize) -> u64 {
    (word ^ ZEROS) << (64 - 8 * count)
}

/// The number that eight digit values make.
#[inline(always)]
fn eight(digits: u64) -> Option<u64> {
    if (digits | digits.wrapping_add(NO_DIGIT)) & HIGH_BITS != 0 {
        return None;
    }
    // Pairs, then fours, then all: each step adds the lower neighbour times the weight of the upper one.
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

fn power_of_ten(exponent: usize) -> Option<u64> {
    POWERS_OF_TEN.get(exponent).and_then(|power| u64::try_from(*power).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::scalar::{self, accumulate};
    use crate::types::temporal;

    /// The text with every kind of neighbour behind it.
    fn amid<T: PartialEq + std::fmt::Debug>(text: &[u8], read: impl Fn(Span<'_>) -> T) -> T {
        let mut seen = [b'0', b'9', b'.', b'-', 0, 0xff].map(|behind| {
            let bytes = [text, &[behind; 24]].concat();
            Some(read(Span::new(&bytes, text.len()).unwrap()))
        });
        let first = seen[0].take().unwrap();
        assert!(seen.iter().flatten().all(|other| *other == first), "{text:?} depends on what lies behind");
        first
    }

    #[test]
    fn dates_agree_with_the_complete_decoder() {
        let mut common = 0;
        for (year, month, day) in (0..=9999)
            .step_by(9)
            .chain([1900, 2000, 2024, 2025])
            .flat_map(|year| (0..=13).flat_map(move |month| (0..=32).map(move |day| (year, month, day))))
        {
            let text = format!("{year:04}-{month:02}-{day:02}");
            let complete = temporal::date_text(text.as_bytes());
            match amid(text.as_bytes(), date_text) {
                Some(days) => {
                    common += 1;
                    assert_eq!(complete, Ok(days), "{text}");
                }
                None => assert!(complete.is_err() || text.ends_with("-02-29"), "{text}"),
            }
        }
        assert!(common > 300_000, "{common}");
    }

    #[test]
    fn timestamps_and_times_agree_with_the_complete_decoders() {
        let times = ["00:00:00", "23:59:59.999999", "12:34:56.7", "01:02:03.000001", "09:59:59.50"];
        for time in times {
            let us = amid(time.as_bytes(), time_text);
            assert_eq!(us, temporal::time_text(time.as_bytes()).ok(), "{time}");
            assert!(us.is_some(), "{time}");
            for date in ["1970-01-01", "0001-01-01", "9999-12-31", "2024-03-01", "1969-12-31"] {
                let text = format!("{date} {time}");
                let us = amid(text.as_bytes(), timestamp_text);
                assert_eq!(us, temporal::timestamp_text(text.as_bytes()).ok(), "{text}");
                assert!(us.is_some(), "{text}");
                let utc = format!("{text}+00");
                assert_eq!(amid(utc.as_bytes(), timestamptz_text), us, "{utc}");
            }
        }
        for text in
            ["24:00:00", "12:60:00", "12:00:60", "12:34:56.", "12:34:56.1234567", "12:34:56x", "12:34", ""]
        {
            assert_eq!(amid(text.as_bytes(), time_text), None, "{text}");
            assert_eq!(amid(format!("2020-01-01 {text}").as_bytes(), timestamp_text), None, "{text}");
        }
        for text in ["2020-01-01 00:00:00+01", "2020-01-01 00:00:00", "2020-01-01T00:00:00+00", "+00", ""] {
            assert_eq!(amid(text.as_bytes(), timestamptz_text), None, "{text}");
        }
        for text in ["2020-01-01 BC", "2020-01-01T00:00:00", "infinity", "10000-01-01", ""] {
            assert_eq!(amid(text.as_bytes(), date_text), None, "{text}");
            assert_eq!(amid(text.as_bytes(), timestamp_text), None, "{text}");
        }
    }

    #[test]
    fn binary_dates_and_times_agree_with_the_complete_decoders() {
        for days in [0, 1, -1, i32::MAX, i32::MIN, i32::MAX - 1, i32::MIN + 1, i32::MAX - 10_957] {
            let wire = days.to_be_bytes();
            assert_eq!(amid(&wire, date_binary), temporal::date_binary(&wire).ok(), "{days}");
        }
        for us in
            [0, -1, US_PER_DAY - 1, US_PER_DAY, i64::MAX, i64::MIN, i64::MIN + 1, i64::MAX - US_1970_TO_2000]
        {
            let wire = us.to_be_bytes();
            assert_eq!(amid(&wire, time_binary), temporal::time_binary(&wire).ok(), "{us}");
            assert_eq!(amid(&wire, timestamp_binary), temporal::timestamp_binary(&wire).ok(), "{us}");
        }
        assert_eq!(amid(&[0; 3], date_binary), None);
        assert_eq!(amid(&[0; 9], timestamp_binary), None);
    }

    #[test]
    fn integers_agree_with_the_complete_decoder() {
        for number in [0, 1, 9, 32_767, 32_768, 2_147_483_647, 2_147_483_648, 9_999_999_999_999_999, i64::MAX]
        {
            for text in [number.to_string(), format!("-{number}"), format!("000{number}")] {
                let cell = text.as_bytes();
                let agrees = |fast: Option<i64>, complete: Option<i64>| fast.is_none() || fast == complete;
                let complete = scalar::integer_text::<i64>(cell).ok();
                assert!(agrees(amid(cell, integer_text), complete), "{text}");
                let narrow = amid(cell, integer_text::<i16>).map(i64::from);
                assert!(agrees(narrow, scalar::integer_text::<i16>(cell).ok().map(i64::from)), "{text}");
                assert_eq!(narrow.is_some(), scalar::integer_text::<i16>(cell).is_ok(), "{text}");
            }
        }
        for text in ["", "-", "+1", "--1", "1.0", " 1", "1x", "99999999999999999999", "9223372036854775808"] {
            assert_eq!(amid(text.as_bytes(), integer_text::<i64>), None, "{text}");
        }
    }

    #[test]
    fn booleans_are_what_the_server_prints() {
        let read = |cell: &[u8], binary| amid(cell, |cell| boolean(cell, binary));
        assert_eq!(
            [read(b"t", false), read(b"f", false), read(b"1", false)],
            [Some(true), Some(false), None]
        );
        assert_eq!([read(&[1], true), read(&[0], true), read(&[2], true)], [Some(true), Some(false), None]);
        assert_eq!(read(b"true", false), None);
    }

    #[test]
    fn numbers_of_every_length_agree_with_reading_byte_by_byte() {
        let all = b"9081726354453627189";
        for length in 0..=all.len() {
            let text = &all[..length];
            assert_eq!(amid(text, digits), accumulate(text), "{length}");
        }
        assert_eq!(amid(b"9999999999999999999", digits), Some(9_999_999_999_999_999_999));
        assert_eq!(amid(b"10000000000000000000", digits), None);
        assert_eq!(amid(b"0000000000000000", digits), Some(0));
    }

    #[test]
    fn a_byte_that_is_no_digit_is_seen_at_every_place() {
        for length in 1..=19 {
            for (at, byte) in (0..length).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                let mut text = vec![b'7'; length];
                text[at] = byte;
                assert_eq!(amid(&text, digits).is_some(), byte.is_ascii_digit(), "{text:?}");
            }
        }
    }

    #[test]
    fn the_point_is_left_out_of_a_fixed_point_number() {
        for (text, scale, expected) in [
            ("0.04", 2, Some(4)),
            ("17.00", 2, Some(1700)),
            ("104949.50", 2, Some(10_494_950)),
            ("1.2345678", 7, Some(12_345_678)),
            ("1.234567", 6, Some(1_234_567)),
            ("1234567.8", 1, Some(12_345_678)),
            ("12345678.9", 1, None),
            (".50", 2, None),
            ("1.5", 2, None),
            ("15", 0, None),
            ("", 2, None),
            ("1:50", 2, None),
            ("1.5x", 2, None),
            ("x.50", 2, None),
        ] {
            assert_eq!(amid(text.as_bytes(), |text| fixed_point(text, scale)), expected, "{text}");
        }
    }

    #[test]
    fn dates_and_times_of_day_are_taken_apart() {
        assert_eq!(amid(b"2008-06-01", iso_date), Some((2008, 6, 1)));
        assert_eq!(amid(b"9999-99-99", iso_date), Some((9999, 99, 99)));
        assert_eq!(amid(b"23:59:58", clock), Some((23, 59, 58)));
        assert_eq!(amid(b"99:99:99", clock), Some((99, 99, 99)));
    }

    #[test]
    fn another_byte_at_any_place_of_a_date_or_time_is_seen() {
        let refused = |pattern: &[u8], read: &dyn Fn(Span<'_>) -> bool| {
            for (at, byte) in (0..pattern.len()).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
                let mut text = pattern.to_vec();
                text[at] = byte;
                let mark = !pattern[at].is_ascii_digit();
                let valid = if mark { byte == pattern[at] } else { byte.is_ascii_digit() };
                assert_eq!(amid(&text, read), valid, "{text:?}");
            }
        };
        for date in [b"2008-06-01", b"1999-99-99"] {
            refused(date, &|text| iso_date(text).is_some());
        }
        for time in [b"00:00:00", b"29:99:99"] {
            refused(time, &|text| clock(text).is_some());
        }
    }

    #[test]
    fn fractions_are_filled_up_to_millionths() {
        for (text, expected) in [
            ("7", Some(700_000)),
            ("05", Some(50_000)),
            ("789012", Some(789_012)),
            ("000001", Some(1)),
            ("", None),
            ("1234567", None),
            ("12x", None),
            ("x", None),
        ] {
            assert_eq!(amid(text.as_bytes(), millionths), expected, "{text}");
        }
    }

    #[test]
    fn where_memory_ends_the_caller_reads_on() {
        assert_eq!(digits(Span::from(b"123")), None);
        assert_eq!(digits(Span::from(b"12345678")), Some(12_345_678));
        assert_eq!(fixed_point(Span::from(b"12345.50"), 2), None);
        assert_eq!(iso_date(Span::from(b"2008-06-01")), Some((2008, 6, 1)));
        assert_eq!(clock(Span::from(b"12:34")), None);
        assert_eq!(millionths(Span::from(b"12")), None);
    }
}
