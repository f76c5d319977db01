//! NUMERIC in binary: from PostgreSQL's base-10000 form to Redshift's.
//! Owns the two Redshift forms; knows nothing of rows or formats.
//! Invariant: a value that has no Redshift form is an error, never a wrong number.
//!
//! At protocol 2 a NUMERIC is a two's-complement integer of 8 bytes (precision up to 18) or 16 (Python driver's
//! `numeric_in_binary`). Below, clusters answer with a header whose weight is wrong: npgsql read 12.34::numeric(8,2) as
//! 123400000000.0000 (npgsql issues 3843 and 3919), and a client that asks for it must notice here too.

use anyhow::{Context, Result, ensure};
use bytes::{BufMut, BytesMut};

use crate::messages::Cursor;

const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0x0000;

/// Largest precision that Redshift keeps in 8 bytes.
const MAX_SHORT_PRECISION: u16 = 18;
const MAX_PRECISION: u16 = 38;

/// Declared precision and scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumericType {
    precision: u16,
    scale: u16,
}

impl NumericType {
    /// `None` when the modifier says nothing, or something Redshift has not.
    pub(crate) fn from_modifier(modifier: i32) -> Option<Self> {
        let packed = u32::try_from(modifier.checked_sub(4)?).ok()?;
        let precision = u16::try_from(packed >> 16).ok()?;
        let scale = u16::try_from(packed & 0xffff).ok()?;
        (precision <= MAX_PRECISION && scale <= precision).then_some(Self { precision, scale })
    }
}

/// Appends the form of protocol 2 and above.
pub(crate) fn put_binary(out: &mut BytesMut, kind: NumericType, postgres: &[u8]) -> Result<()> {
    let unscaled = unscaled(postgres, kind.scale)?;
    if kind.precision <= MAX_SHORT_PRECISION {
        out.put_i64(i64::try_from(unscaled).context("a NUMERIC beyond its declared precision")?);
    } else {
        out.put_i128(unscaled);
    }
    Ok(())
}

/// Appends what versions 0 and 1 answer: the digits of the unscaled integer under a weight that is two groups too high.
pub(crate) fn put_misleading_binary(
    out: &mut BytesMut,
    kind: Option<NumericType>,
    postgres: &[u8],
) -> Result<()> {
    let scale = match kind {
        Some(kind) => kind.scale,
        None => display_scale(postgres)?,
    };
    let unscaled = unscaled(postgres, scale)?;
    let mut groups = Vec::new();
    let mut rest = unscaled.unsigned_abs();
    while rest != 0 {
        groups.push(u16::try_from(rest % 10_000)?);
        rest /= 10_000;
    }
    let count = u16::try_from(groups.len())?;
    out.put_u16(count);
    out.put_u16(count + 1);
    out.put_u16(if unscaled < 0 { NEGATIVE } else { POSITIVE });
    out.put_u16(4);
    groups.iter().rev().for_each(|group| out.put_u16(*group));
    Ok(())
}

/// The number of fraction digits PostgreSQL would print.
fn display_scale(postgres: &[u8]) -> Result<u16> {
    let mut cursor = Cursor::new(postgres);
    cursor.bytes(6)?;
    cursor.u16()
}

/// The value times 10^scale.
fn unscaled(postgres: &[u8], scale: u16) -> Result<i128> {
    let mut cursor = Cursor::new(postgres);
    let (count, weight, sign) = (cursor.u16()?, cursor.i16()?, cursor.u16()?);
    cursor.u16()?;
    ensure!(
        sign == POSITIVE || sign == NEGATIVE,
        "a NUMERIC that is not a number, which Redshift does not have"
    );
    let mut magnitude: i128 = 0;
    for position in 0..count {
        let group = i128::from(cursor.u16()?);
        let exponent = 4 * (i32::from(weight) - i32::from(position)) + i32::from(scale);
        magnitude = shifted(group, exponent)
            .and_then(|part| magnitude.checked_add(part))
            .context("a NUMERIC beyond Redshift's 38 digits")?;
    }
    Ok(if sign == NEGATIVE { -magnitude } else { magnitude })
}

/// `group` times 10^exponent; digits below the scale can only be the padding zeros of a base-10000 group.
fn shifted(group: i128, exponent: i32) -> Option<i128> {
    let factor = POWERS_OF_TEN.get(usize::try_from(exponent.unsigned_abs()).ok()?);
    match (factor, exponent >= 0) {
        (Some(factor), true) => group.checked_mul(*factor),
        (Some(factor), false) => Some(group / factor),
        (None, _) => (group == 0).then_some(0),
    }
}

/// 10^0 to 10^38, the largest power an i128 holds.
const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1; 39];
    let mut exponent = 1;
    while exponent < powers.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "OK because both indices are below the length, and const code needs it"
        )]
        {
            powers[exponent] = powers[exponent - 1] * 10;
        }
        exponent += 1;
    }
    powers
};

#[cfg(test)]
mod tests {
    use super::*;

    fn modifier(precision: i32, scale: i32) -> i32 {
        ((precision << 16) | scale) + 4
    }

    fn postgres(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let mut out = BytesMut::new();
        out.put_u16(groups.len() as u16);
        out.put_i16(weight);
        out.put_u16(sign);
        out.put_u16(scale);
        groups.iter().for_each(|group| out.put_u16(*group));
        out.to_vec()
    }

    fn binary(precision: i32, scale: i32, value: &[u8]) -> Result<Vec<u8>> {
        let mut out = BytesMut::new();
        put_binary(&mut out, NumericType::from_modifier(modifier(precision, scale)).unwrap(), value)?;
        Ok(out.to_vec())
    }

    #[test]
    fn short_values_take_eight_bytes() {
        assert_eq!(binary(8, 2, &postgres(0, POSITIVE, 2, &[12, 3400])).unwrap(), 1234_i64.to_be_bytes());
        assert_eq!(binary(18, 2, &postgres(0, NEGATIVE, 2, &[12, 3400])).unwrap(), (-1234_i64).to_be_bytes());
        assert_eq!(binary(8, 2, &postgres(0, POSITIVE, 2, &[])).unwrap(), [0; 8]);
    }

    #[test]
    fn long_values_take_sixteen_bytes() {
        let value = postgres(4, POSITIVE, 5, &[12, 3456, 7890, 1234, 5678, 9012, 3000]);
        assert_eq!(binary(38, 5, &value).unwrap(), 12_345_678_901_234_567_890_123_i128.to_be_bytes());
    }

    #[test]
    fn smallest_fraction_of_scale_38_is_minus_one() {
        // -1e-38: the last group stands at 10^-40 and holds 0100.
        assert_eq!(binary(38, 38, &postgres(-10, NEGATIVE, 38, &[100])).unwrap(), [0xff; 16]);
    }

    #[test]
    fn largest_value_of_38_digits_fits() {
        let groups = [99, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999];
        assert_eq!(
            binary(38, 0, &postgres(9, POSITIVE, 0, &groups)).unwrap(),
            (10_i128.pow(38) - 1).to_be_bytes()
        );
    }

    #[test]
    fn not_a_number_and_overflow_are_errors() {
        assert!(binary(8, 2, &postgres(0, 0xc000, 0, &[])).is_err());
        assert!(binary(38, 0, &postgres(30, POSITIVE, 0, &[1])).is_err());
        assert!(binary(8, 2, &[0, 9, 0, 0]).is_err());
    }

    #[test]
    fn below_protocol_2_the_weight_misleads_as_npgsql_saw_it() {
        let mut out = BytesMut::new();
        let kind = NumericType::from_modifier(modifier(8, 2)).unwrap();
        put_misleading_binary(&mut out, Some(kind), &postgres(0, POSITIVE, 2, &[12, 3400])).unwrap();
        // One group 1234 of weight 2 and four digits after the point: 123400000000.0000.
        assert_eq!(out.to_vec(), postgres(2, POSITIVE, 4, &[1234]));
    }

    #[test]
    fn modifiers_without_meaning_are_none() {
        for modifier in [-1, 0, 3, modifier(39, 0), modifier(5, 6), i32::MIN] {
            assert_eq!(NumericType::from_modifier(modifier), None, "{modifier}");
        }
    }
}
