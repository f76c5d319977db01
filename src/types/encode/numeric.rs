//! Decimals as text: plain digits with a point, exact, at most 38 of them.
//!
//! No float ever stands in for a decimal. A negative scale becomes zeros before the point.

use arrow_buffer::i256;
use bytes::BytesMut;

use super::error::Fault;
use crate::types::numeric::MAX_PRECISION;

/// Digits of the largest 128-bit magnitude.
const MAX_DIGITS: usize = 39;
/// Ten to the power of as many digits as always fit 64 bits.
const CHUNK: u128 = 10_000_000_000_000_000_000;
const CHUNK_DIGITS: usize = 19;

/// An unscaled number of at most 128 bits.
pub(super) fn put_decimal(unscaled: i128, scale: i8, out: &mut BytesMut) -> Result<(), Fault> {
    let mut digits = [b'0'; MAX_DIGITS];
    let digits = magnitude(unscaled.unsigned_abs(), &mut digits);
    put_scaled(unscaled < 0, digits, scale, out)
}

/// An unscaled number of 256 bits.
pub(super) fn put_decimal256(unscaled: i256, scale: i8, out: &mut BytesMut) -> Result<(), Fault> {
    if let Some(short) = unscaled.to_i128() {
        return put_decimal(short, scale, out);
    }
    let text = unscaled.to_string();
    put_scaled(text.starts_with('-'), text.trim_start_matches('-').as_bytes(), scale, out)
}

/// An integer.
pub(super) fn put_integer(negative: bool, value: u64, out: &mut BytesMut) {
    let mut digits = [b'0'; MAX_DIGITS];
    if negative {
        out.extend_from_slice(b"-");
    }
    out.extend_from_slice(magnitude(value.into(), &mut digits));
}

/// Decimal digits, without leading zeros; none for zero but one.
fn magnitude(value: u128, place: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut start = place.len();
    let mut rest = value;
    let mut slots = place.iter_mut().rev();
    while rest >= CHUNK {
        // OK because a remainder below 10^19 fits 64 bits.
        put_digits((rest % CHUNK) as u64, CHUNK_DIGITS, &mut slots);
        start -= CHUNK_DIGITS;
        rest /= CHUNK;
    }
    // OK because what is below 10^19 fits 64 bits.
    start -= put_digits(rest as u64, 1, &mut slots);
    place.get(start..).unwrap_or_default()
}

/// Writes digits backwards, at least `least` of them. Answers how many.
fn put_digits<'a>(mut value: u64, least: usize, slots: &mut impl Iterator<Item = &'a mut u8>) -> usize {
    let mut count = 0;
    while count < least || value > 0 {
        let Some(slot) = slots.next() else { break };
        // OK because a digit is below 10.
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
        count += 1;
    }
    count
}

fn put_scaled(negative: bool, digits: &[u8], scale: i8, out: &mut BytesMut) -> Result<(), Fault> {
    let zeros = usize::from(scale.min(0).unsigned_abs());
    let scale = usize::from(scale.max(0).unsigned_abs());
    let is_zero = digits == b"0";
    let significant = if is_zero { 1 } else { digits.len() + zeros };
    if significant.max(scale) > usize::from(MAX_PRECISION) {
        return Err(Fault::DecimalPrecision);
    }
    if negative {
        out.extend_from_slice(b"-");
    }
    let whole = digits.len().saturating_sub(scale);
    let (before, after) = digits.split_at_checked(whole).unwrap_or((digits, &[]));
    out.extend_from_slice(if before.is_empty() { b"0" } else { before });
    if !is_zero {
        out.extend(std::iter::repeat_n(b'0', zeros));
    }
    if scale > 0 {
        out.extend_from_slice(b".");
        out.extend(std::iter::repeat_n(b'0', scale - after.len()));
        out.extend_from_slice(after);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(unscaled: i128, scale: i8) -> Result<String, Fault> {
        let mut out = BytesMut::new();
        put_decimal(unscaled, scale, &mut out)?;
        Ok(String::from_utf8(out.to_vec()).unwrap())
    }

    #[test]
    fn digits_points_and_zeros() {
        for (unscaled, scale, expected) in [
            (1234, 2, "12.34"),
            (-1234, 2, "-12.34"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (0, -3, "0"),
            (7, 0, "7"),
            (-12, -3, "-12000"),
            (10_i128.pow(38) - 1, 38, "0.99999999999999999999999999999999999999"),
            (1 - 10_i128.pow(38), 0, "-99999999999999999999999999999999999999"),
            (10_i128.pow(19), 0, "10000000000000000000"),
            (10_i128.pow(19) + 5, 1, "1000000000000000000.5"),
        ] {
            assert_eq!(decimal(unscaled, scale).unwrap(), expected);
        }
    }

    #[test]
    fn more_than_38_digits_are_refused() {
        assert_eq!(decimal(10_i128.pow(38), 0), Err(Fault::DecimalPrecision));
        assert_eq!(decimal(i128::MIN, 10), Err(Fault::DecimalPrecision));
        assert_eq!(decimal(1, -38), Err(Fault::DecimalPrecision));
        assert_eq!(decimal(1, -37).unwrap().len(), 38);
        let wide = i256::from_parts(0, 1);
        assert_eq!(put_decimal256(wide, 0, &mut BytesMut::new()), Err(Fault::DecimalPrecision));
    }

    #[test]
    fn wide_decimals_of_few_digits_are_sent() {
        let mut out = BytesMut::new();
        put_decimal256(i256::from_i128(-1234), 3, &mut out).unwrap();
        assert_eq!(&out[..], b"-1.234");
    }

    #[test]
    fn integers_of_every_width() {
        for (value, expected) in [(0, "0"), (7, "7"), (u64::MAX, "18446744073709551615")] {
            let mut out = BytesMut::new();
            put_integer(false, value, &mut out);
            assert_eq!(&out[..], expected.as_bytes());
        }
    }
}
