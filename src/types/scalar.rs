//! Booleans, integers and floating-point numbers from their wire bytes, text and binary.
//!
//! Does not own columns or rows. Invariant: every byte of the value counts; what does not fit is a [`Fault`].

use std::str::FromStr;

use super::error::{BinaryWidth, Expected, Fault};

/// As many decimal digits always fit 64 bits.
pub(super) const MAX_U64_DIGITS: usize = 19;

/// The bytes of a fixed-width binary value.
#[inline]
pub(super) fn fixed<const WIDTH: usize>(cell: &[u8]) -> Result<[u8; WIDTH], Fault> {
    const { assert!(WIDTH <= 16) };
    cell.try_into().map_err(|_| Fault::BinaryWidth(BinaryWidth::Bytes(WIDTH as u8)))
}

/// `t` or `f`; PostgreSQL and Redshift print nothing else, poolers and proxies do.
#[inline]
pub(super) fn boolean_text(cell: &[u8]) -> Result<bool, Fault> {
    match cell {
        b"t" | b"true" | b"1" => Ok(true),
        b"f" | b"false" | b"0" => Ok(false),
        _ => Err(Fault::NotText(Expected::Boolean)),
    }
}

/// One byte, 0 or 1.
#[inline]
pub(super) fn boolean_binary(cell: &[u8]) -> Result<bool, Fault> {
    match fixed::<1>(cell)? {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(Fault::NotText(Expected::Boolean)),
    }
}

/// Decimal digits with an optional sign.
#[inline]
pub(super) fn integer_text<T: TryFrom<i64>>(cell: &[u8]) -> Result<T, Fault> {
    let (negative, digits) = split_sign(cell);
    let Some(magnitude) = accumulate(digits) else {
        // More than 19 digits are still an integer, only not one of ours.
        let wide = digits.len() > MAX_U64_DIGITS && digits.iter().all(u8::is_ascii_digit);
        return Err(if wide { Fault::IntegerRange } else { Fault::NotText(Expected::Integer) });
    };
    let value = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
    value.and_then(|value| T::try_from(value).ok()).ok_or(Fault::IntegerRange)
}

/// A float as the server prints it, with `NaN`, `Infinity` and `-Infinity`.
#[inline]
pub(super) fn float_text<T: FromStr + Into<f64> + Copy>(cell: &[u8]) -> Result<T, Fault> {
    let text = std::str::from_utf8(cell).map_err(|_| Fault::NotText(Expected::Float))?;
    let value: T = text.parse().map_err(|_| Fault::NotText(Expected::Float))?;
    // Digits that parse to infinity overflowed.
    if value.into().is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
        return Err(Fault::FloatRange);
    }
    Ok(value)
}

/// The number that the digits make; `None` if there are none, too many, or something else among them.
#[inline]
pub(super) fn accumulate(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > MAX_U64_DIGITS {
        return None;
    }
    digits.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| value * 10 + u64::from(digit))
    })
}

/// Adds the bytes that hexadecimal digits of either case stand for; the server prints no prefix.
pub(super) fn hex_text(cell: &[u8], data: &mut Vec<u8>) -> Result<(), Fault> {
    let (pairs, []) = cell.as_chunks::<2>() else { return Err(Fault::NotText(Expected::Hex)) };
    let start = data.len();
    data.extend(pairs.iter().map_while(|pair| hex_digits(*pair)));
    if data.len() - start == pairs.len() { Ok(()) } else { Err(Fault::NotText(Expected::Hex)) }
}

/// Adds the bytes of a BYTEA: hexadecimal digits after `\x` from PostgreSQL 9.0 on, before that itself with
/// backslashes doubled and unprintable bytes as `\` and three octal digits.
pub(super) fn bytea_text(cell: &[u8], data: &mut Vec<u8>) -> Result<(), Fault> {
    if let Some(digits) = cell.strip_prefix(b"\\x") {
        return hex_text(digits, data);
    }
    let mut rest = cell;
    loop {
        rest = match rest {
            [] => return Ok(()),
            [b'\\', b'\\', tail @ ..] => {
                data.push(b'\\');
                tail
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                data.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                tail
            }
            [b'\\', ..] => return Err(Fault::NotText(Expected::Bytea)),
            [byte, tail @ ..] => {
                data.push(*byte);
                tail
            }
        };
    }
}

/// The byte that two hexadecimal digits of either case stand for.
#[inline]
fn hex_digits(pair: [u8; 2]) -> Option<u8> {
    let [high, low] =
        pair.map(|digit| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    Some(high? << 4 | low?)
}

/// Whether the text starts with `-`, and what follows the sign.
#[inline]
pub(super) fn split_sign(cell: &[u8]) -> (bool, &[u8]) {
    match cell {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_read_every_spelling_and_nothing_else() {
        for text in ["t", "true", "1"] {
            assert_eq!(boolean_text(text.as_bytes()), Ok(true), "{text}");
        }
        for text in ["f", "false", "0"] {
            assert_eq!(boolean_text(text.as_bytes()), Ok(false), "{text}");
        }
        for text in ["", "T", "yes", "tt", "\u{1}"] {
            assert_eq!(boolean_text(text.as_bytes()), Err(Fault::NotText(Expected::Boolean)), "{text}");
        }
        assert_eq!(boolean_binary(&[1]), Ok(true));
        assert_eq!(boolean_binary(&[0]), Ok(false));
        assert_eq!(boolean_binary(&[2]), Err(Fault::NotText(Expected::Boolean)));
        assert_eq!(boolean_binary(&[]), Err(Fault::BinaryWidth(BinaryWidth::Bytes(1))));
    }

    #[test]
    fn integers_read_to_their_bounds_and_overflow_beyond() {
        assert_eq!(integer_text::<i16>(b"-32768"), Ok(i16::MIN));
        assert_eq!(integer_text::<i16>(b"32768"), Err(Fault::IntegerRange));
        assert_eq!(integer_text::<i32>(b"2147483647"), Ok(i32::MAX));
        assert_eq!(integer_text::<i32>(b"-2147483649"), Err(Fault::IntegerRange));
        assert_eq!(integer_text::<i64>(b"-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(integer_text::<i64>(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(integer_text::<i64>(b"9223372036854775808"), Err(Fault::IntegerRange));
        assert_eq!(integer_text::<i64>(b"99999999999999999999"), Err(Fault::IntegerRange));
        assert_eq!(integer_text::<u32>(b"4294967295"), Ok(u32::MAX));
        assert_eq!(integer_text::<u32>(b"-1"), Err(Fault::IntegerRange));
    }

    #[test]
    fn integers_refuse_other_text() {
        for text in ["", "-", "1.0", "1e3", " 1", "1 ", "0x1", "--1", "१", "99999999999999999999x"] {
            assert_eq!(
                integer_text::<i64>(text.as_bytes()),
                Err(Fault::NotText(Expected::Integer)),
                "{text}"
            );
        }
    }

    #[test]
    fn floats_read_extremes_and_special_values() {
        assert_eq!(float_text::<f64>(b"1.7976931348623157e+308"), Ok(f64::MAX));
        assert_eq!(float_text::<f64>(b"-5e-324"), Ok(-5e-324));
        assert_eq!(float_text::<f32>(b"3.4028235e+38"), Ok(f32::MAX));
        assert!(float_text::<f64>(b"NaN").unwrap().is_nan());
        assert_eq!(float_text::<f64>(b"Infinity"), Ok(f64::INFINITY));
        assert_eq!(float_text::<f32>(b"-Infinity"), Ok(f32::NEG_INFINITY));
        assert!(float_text::<f64>(b"-0").unwrap().is_sign_negative());
    }

    #[test]
    fn floats_refuse_overflow_and_other_text() {
        assert_eq!(float_text::<f32>(b"1e39"), Err(Fault::FloatRange));
        assert_eq!(float_text::<f64>(b"-1e309"), Err(Fault::FloatRange));
        for text in [&b""[..], b"1,5", b"1.5 ", b"\xff", b"abc"] {
            assert_eq!(float_text::<f64>(text), Err(Fault::NotText(Expected::Float)), "{text:?}");
        }
    }

    #[test]
    fn fixed_width_values_refuse_another_length() {
        assert_eq!(fixed::<4>(&[0, 0, 0, 5]), Ok([0, 0, 0, 5]));
        for cell in [&[0_u8; 3][..], &[0; 5], &[]] {
            assert_eq!(fixed::<4>(cell), Err(Fault::BinaryWidth(BinaryWidth::Bytes(4))));
        }
    }

    #[test]
    fn bytea_is_read_in_both_text_forms() {
        for (text, expected) in [
            (&b"\\x00fFaB"[..], &[0, 0xff, 0xab][..]),
            (b"\\x", b""),
            (b"", b""),
            (b"a\\\\b\\000\\377'", b"a\\b\0\xff'"),
        ] {
            let mut data = Vec::new();
            assert_eq!(bytea_text(text, &mut data), Ok(()), "{text:?}");
            assert_eq!(data, expected);
        }
        for text in [&b"\\"[..], b"\\1", b"\\400", b"\\08\\", b"\\n"] {
            assert_eq!(bytea_text(text, &mut Vec::new()), Err(Fault::NotText(Expected::Bytea)), "{text:?}");
        }
        for text in [&b"\\x0"[..], b"\\x0g"] {
            assert_eq!(bytea_text(text, &mut Vec::new()), Err(Fault::NotText(Expected::Hex)), "{text:?}");
        }
    }
}
