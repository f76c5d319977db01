//! NUMERIC to an unscaled 128-bit integer, from text and from Redshift's own binary form.
//!
//! Does not read PostgreSQL's base-10000 binary form: nobody asks for it, since below protocol 2 Redshift's answer to
//! such a request has a wrong weight. Invariant: the result is exact; a digit that would be lost is a [`Fault`],
//! zeros beyond the scale are not.

use super::error::{BinaryWidth, Expected, Fault};
use super::fast;
use super::scalar::split_sign;
use crate::span::Span;

/// Digits of the widest decimal.
pub(super) const MAX_PRECISION: u8 = 38;

/// 10 to the power of each exponent a decimal can need.
pub(super) const POWERS_OF_TEN: [i128; MAX_PRECISION as usize + 1] = {
    let mut powers = [1; MAX_PRECISION as usize + 1];
    let mut exponent = 1;
    #[expect(clippy::indexing_slicing, reason = "OK because it is evaluated by the compiler")]
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The decoder of one NUMERIC(precision, scale) column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal {
    scale: usize,
    /// The first magnitude that is too large.
    bound: i128,
    /// `bound`, as far as 64 bits go: most values are short, and 128 bits are slow to compare.
    short_bound: u64,
}

impl Decimal {
    /// Precision and scale are those of the Arrow type: 1 to 38, and 0 to precision.
    pub(super) fn new(precision: u8, scale: u8) -> Self {
        let bound = POWERS_OF_TEN.get(usize::from(precision)).copied().unwrap_or(i128::MAX);
        Self { scale: usize::from(scale), bound, short_bound: bound.try_into().unwrap_or(u64::MAX) }
    }

    /// The common form of [`Decimal::text`].
    #[inline(always)]
    pub(super) fn common_text(self, cell: Span<'_>) -> Option<i128> {
        if let Some(unscaled) = fast::decimal_text(cell, self.scale, self.short_bound) {
            return Some(unscaled);
        }
        let unscaled = fast::long_decimal_text(cell.onward(), cell.len(), self.scale)?;
        self.check(unscaled).ok()
    }

    /// The common form of [`Decimal::binary`].
    #[inline(always)]
    pub(super) fn common_binary(self, cell: Span<'_>) -> Option<i128> {
        match cell.exactly() {
            Some(bytes) => self.check(i128::from_be_bytes(bytes)).ok(),
            None => fast::decimal_binary(cell, self.short_bound),
        }
    }

    /// Plain digits with an optional sign and point.
    pub(super) fn text(self, cell: &[u8]) -> Result<i128, Fault> {
        let (negative, digits) = split_sign(cell);
        let magnitude = self.magnitude(digits)?;
        self.check(if negative { -magnitude } else { magnitude })
    }

    /// Two's complement, big-endian, 8 or 16 bytes, already scaled.
    pub(super) fn binary(self, cell: &[u8]) -> Result<i128, Fault> {
        let unscaled = if let Ok(bytes) = <[u8; 8]>::try_from(cell) {
            i64::from_be_bytes(bytes).into()
        } else if let Ok(bytes) = <[u8; 16]>::try_from(cell) {
            i128::from_be_bytes(bytes)
        } else {
            return Err(Fault::BinaryWidth(BinaryWidth::Decimal));
        };
        self.check(unscaled)
    }

    #[inline]
    fn check(self, unscaled: i128) -> Result<i128, Fault> {
        if unscaled < self.bound && -self.bound < unscaled {
            Ok(unscaled)
        } else {
            Err(Fault::DecimalPrecision)
        }
    }

    /// Any number of digits and any number of fraction digits, without sign.
    fn magnitude(self, digits: &[u8]) -> Result<i128, Fault> {
        let point = digits.iter().position(|&byte| byte == b'.');
        let (whole, fraction) = match point.and_then(|point| digits.split_at_checked(point)) {
            Some((whole, [_, fraction @ ..])) => (whole, fraction),
            _ => (digits, &[][..]),
        };
        if whole.len() + fraction.len() == 0 || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
            return Err(not_decimal(digits));
        }
        let (fraction, excess) = fraction.split_at_checked(self.scale).unwrap_or((fraction, &[]));
        if excess.iter().any(|&byte| byte != b'0') {
            return Err(Fault::DecimalScale);
        }
        let padding = std::iter::repeat_n(&b'0', self.scale - fraction.len());
        let mut unscaled = 0_i128;
        for byte in whole.iter().chain(fraction).chain(padding) {
            unscaled = unscaled
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(i128::from(byte - b'0')))
                .ok_or(Fault::DecimalPrecision)?;
        }
        Ok(unscaled)
    }
}

#[cold]
fn not_decimal(digits: &[u8]) -> Fault {
    match digits {
        b"NaN" | b"Infinity" => Fault::NonFiniteDecimal,
        _ => Fault::NotText(Expected::Decimal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digit).collect()
    }

    #[test]
    fn binary_vectors_agree_with_their_text() {
        let cases = [
            ("12.34", 8, 2, "00000000000004d2"),
            ("-12.34", 8, 2, "fffffffffffffb2e"),
            ("123456789012345678.90123", 23, 5, "000000000000029d42b64e76714244cb"),
            ("-0.00000000000000000000000000000000000001", 38, 38, "ffffffffffffffffffffffffffffffff"),
            ("0.00", 8, 2, "0000000000000000"),
        ];
        for (text, precision, scale, hex) in cases {
            let decimal = Decimal::new(precision, scale);
            let from_text = decimal.text(text.as_bytes()).unwrap();
            assert_eq!(decimal.binary(&unhex(hex)), Ok(from_text), "{text}");
        }
    }

    #[test]
    fn a_16_byte_value_keeps_every_digit() {
        let decimal = Decimal::new(36, 14);
        let unscaled = 13_543_011_999_999_999_500_i128;
        assert_eq!(decimal.text(b"135430.11999999999500"), Ok(unscaled));
        assert_eq!(decimal.binary(&unscaled.to_be_bytes()), Ok(unscaled));
    }

    #[test]
    fn fraction_digits_are_filled_up_to_the_scale() {
        for text in ["7", "7.", "7.0", "+7", "007.000", "7.0000000000000000000000000"] {
            assert_eq!(Decimal::new(5, 3).text(text.as_bytes()), Ok(7000), "{text}");
        }
        assert_eq!(Decimal::new(5, 3).text(b"-.05"), Ok(-50));
        assert_eq!(Decimal::new(38, 0).text(b"-0"), Ok(0));
    }

    #[test]
    fn lost_digits_are_errors() {
        assert_eq!(Decimal::new(5, 2).text(b"1.234"), Err(Fault::DecimalScale));
        assert_eq!(Decimal::new(5, 0).text(b"1.000000000000000000001"), Err(Fault::DecimalScale));
        assert_eq!(Decimal::new(5, 2).text(b"1000.00"), Err(Fault::DecimalPrecision));
        assert_eq!(Decimal::new(5, 2).text(b"-1000"), Err(Fault::DecimalPrecision));
        assert_eq!(Decimal::new(5, 2).binary(&100_000_i64.to_be_bytes()), Err(Fault::DecimalPrecision));
        assert_eq!(Decimal::new(38, 0).binary(&i128::MIN.to_be_bytes()), Err(Fault::DecimalPrecision));
        let digits_39 = [b'9'; 39];
        assert_eq!(Decimal::new(38, 0).text(&digits_39), Err(Fault::DecimalPrecision));
        assert_eq!(Decimal::new(38, 0).text(&digits_39[1..]), Ok(POWERS_OF_TEN[38] - 1));
    }

    #[test]
    fn special_values_and_other_text_are_errors() {
        for text in ["NaN", "Infinity", "-Infinity"] {
            assert_eq!(Decimal::new(5, 2).text(text.as_bytes()), Err(Fault::NonFiniteDecimal), "{text}");
        }
        for text in ["", "-", ".", "-.", "1e3", "1,5", "1.2.3", "1 ", "--1", "0x1"] {
            let fault = Decimal::new(5, 2).text(text.as_bytes());
            assert_eq!(fault, Err(Fault::NotText(Expected::Decimal)), "{text}");
        }
    }

    #[test]
    fn other_binary_lengths_are_errors() {
        for width in [0, 1, 4, 7, 9, 10, 15, 17] {
            let fault = Decimal::new(5, 2).binary(&vec![0; width]);
            assert_eq!(fault, Err(Fault::BinaryWidth(BinaryWidth::Decimal)), "{width}");
        }
    }

    /// The digits of `magnitude` with `scale` of them after the point.
    fn print(negative: bool, magnitude: u128, scale: usize) -> String {
        let digits = format!("{magnitude:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let point = if scale > 0 { "." } else { "" };
        format!("{}{whole}{point}{fraction}", if negative { "-" } else { "" })
    }

    #[test]
    fn every_precision_and_scale_keeps_every_digit() {
        for precision in 1..=MAX_PRECISION {
            let bound = 10_u128.pow(precision.into());
            let samples = [0, 1, 9, bound / 10, bound / 3, bound / 7 * 5 + 1, bound - 2, bound - 1];
            for scale in 0..=precision {
                let decimal = Decimal::new(precision, scale);
                for (magnitude, negative) in
                    samples.iter().flat_map(|m| [(*m % bound, false), (*m % bound, true)])
                {
                    let text = print(negative, magnitude, scale.into());
                    let unscaled = i128::try_from(magnitude).unwrap() * if negative { -1 } else { 1 };
                    assert_eq!(decimal.text(text.as_bytes()), Ok(unscaled), "({precision},{scale}) {text}");
                    let behind = [text.as_bytes(), &[b'7'; 48]].concat();
                    let common = decimal.common_text(Span::new(&behind, text.len()).unwrap());
                    // The zero before the point makes a 39th digit there.
                    let expected = Some(unscaled).filter(|_| scale < MAX_PRECISION);
                    assert_eq!(common, expected, "({precision},{scale}) {text}");
                    assert_eq!(decimal.binary(&unscaled.to_be_bytes()), Ok(unscaled), "{text}");
                    if let Ok(short) = i64::try_from(unscaled) {
                        assert_eq!(decimal.binary(&short.to_be_bytes()), Ok(unscaled), "{text}");
                    }
                }
                let text = print(true, bound, scale.into());
                assert_eq!(decimal.text(text.as_bytes()), Err(Fault::DecimalPrecision), "{text}");
            }
        }
    }
}
