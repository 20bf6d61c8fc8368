//! [`Number`]: a number by its spelling, which distinguishes integers from floats.

use serde::de::Visitor;

use super::error::Error;
use super::scan::Scan;

/// A number, with the type that its spelling gives.
pub(super) enum Number<'de> {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    /// An integer of more than 64 bits, or `-0`.
    Large(&'de str),
}

impl Number<'_> {
    /// Passes the number to a visitor as serde_json does.
    #[inline]
    pub(super) fn visit<'v, V: Visitor<'v>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Unsigned(integer) => visitor.visit_u64(integer),
            Self::Negative(integer) => visitor.visit_i64(integer),
            Self::Float(float) => visitor.visit_f64(float),
            Self::Large(text) => visitor.visit_f64(float(text)?),
        }
    }
}

/// Parses a float whose spelling was checked.
fn float(text: &str) -> Result<f64, Error> {
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(float),
        _ => Err(Error::shape("a 64-bit float")),
    }
}

/// The spelling of a number.
struct Spelling {
    negative: bool,
    is_float: bool,
    /// The digits before the exponent, as an integer. Correct for at most 19 digits.
    value: u64,
    digits: usize,
    /// The power of ten to multiply the integer by.
    exponent: i64,
}

impl Spelling {
    /// Returns the float if it is the product or quotient of two exact floats, which is rounded once only.
    #[inline]
    fn simple_float(&self) -> Option<f64> {
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
            1e19, 1e20, 1e21, 1e22,
        ];
        // Some targets calculate floats with extra bits, which rounds twice.
        const EXACT: bool = cfg!(not(all(target_arch = "x86", not(target_feature = "sse2"))));
        let power = POWERS.get(usize::try_from(self.exponent.unsigned_abs()).ok()?).filter(|_| EXACT)?;
        if self.digits > 18 || self.value > 1 << 53 {
            return None;
        }
        let value = self.value as f64;
        let value = if self.exponent < 0 { value / power } else { value * power };
        Some(if self.negative { -value } else { value })
    }
}

/// Appends the leading digits of `rest` to `value`. Returns the value and the remaining bytes.
#[inline]
fn digits(mut value: u64, mut rest: &[u8]) -> (u64, &[u8]) {
    while let Some((word, tail)) = rest.split_first_chunk()
        && let Some(eight) = eight_digits(*word)
    {
        value = value.wrapping_mul(100_000_000).wrapping_add(eight);
        rest = tail;
    }
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = tail;
    }
    (value, rest)
}

/// Returns the value of eight digits, or `None` if one of the bytes is not a digit.
#[inline]
fn eight_digits(word: [u8; 8]) -> Option<u64> {
    /// A one in each byte.
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(word);
    // The upper half of a digit is 3, also after adding 6.
    let is_three = |word: u64| word & (ONES * 0xf0) == ONES * 0x30;
    if !is_three(word) || !is_three(word.wrapping_add(ONES * 0x06)) {
        return None;
    }
    // Each step joins neighbours: digits into numbers below 100, these into numbers below 10,000, and these into one.
    let pairs = (word & (ONES * 0x0f)).wrapping_mul((10 << 8) + 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul((100 << 16) + 1) >> 16 & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul((10_000 << 32) + 1) >> 32)
}

impl<'de> Scan<'de> {
    /// Skips a number whose first byte is next, and returns its spelling. `whole` is the result of [`digits`] at the first byte, so that
    /// a number without a sign is not scanned twice.
    #[inline]
    fn spelling(&mut self, whole: (u64, &[u8])) -> Result<Spelling, Error> {
        let all = self.rest();
        let (negative, start, (mut value, mut rest)) = match all {
            [b'-', start @ ..] => (true, start, digits(0, start)),
            _ => (false, all, whole),
        };
        let mut count = start.len() - rest.len();
        let mut missing = count == 0;
        let bad_zero = count > 1 && start.first() == Some(&b'0');
        let (mut is_float, mut exponent) = (false, 0);
        if let [b'.', fraction @ ..] = rest {
            is_float = true;
            (value, rest) = digits(value, fraction);
            let places = fraction.len() - rest.len();
            missing |= places == 0;
            count += places;
            exponent -= places as i64;
        }
        if let [b'e' | b'E', signed @ ..] = rest {
            is_float = true;
            let (down, power) = match signed {
                [b'-', power @ ..] => (true, power),
                [b'+', power @ ..] => (false, power),
                _ => (false, signed),
            };
            let (by, after) = digits(0, power);
            missing |= power.len() == after.len();
            // A longer exponent may have wrapped. Its exact value does not matter.
            let by = if power.len() - after.len() > 9 { i64::MAX / 2 } else { by as i64 };
            exponent += if down { -by } else { by };
            rest = after;
        }
        if missing || bad_zero {
            return Err(if missing && rest.is_empty() { Error::truncated() } else { Error::syntax() });
        }
        self.place += all.len() - rest.len();
        Ok(Spelling { negative, is_float, value, digits: count, exponent })
    }

    /// Skips a number whose first byte is next.
    #[inline]
    pub(super) fn pass_number(&mut self) -> Result<(), Error> {
        self.spelling(digits(0, self.rest())).map(drop)
    }

    /// Reads a number whose first byte is next.
    #[inline]
    pub(super) fn number(&mut self) -> Result<Number<'de>, Error> {
        let all = self.rest();
        let (value, rest) = digits(0, all);
        let count = all.len() - rest.len();
        // An integer of at most 18 digits always fits into a `u64`.
        let is_small = matches!((count, all), (1, _) | (2..=18, [b'1'..=b'9', ..]));
        if !is_small || matches!(rest, [b'.' | b'e' | b'E', ..]) {
            return self.any_number((value, rest));
        }
        self.place += count;
        Ok(Number::Unsigned(value))
    }

    /// Reads any number. `whole` is the result of [`digits`] at its first byte.
    #[inline(never)]
    fn any_number(&mut self, whole: (u64, &[u8])) -> Result<Number<'de>, Error> {
        let start = self.place;
        let spelling = self.spelling(whole)?;
        if spelling.is_float {
            if let Some(float) = spelling.simple_float() {
                return Ok(Number::Float(float));
            }
        } else if spelling.digits <= 19 && !spelling.negative {
            // 19 digits always fit into a `u64`.
            return Ok(Number::Unsigned(spelling.value));
        }
        let text = self.text.get(start..self.place).ok_or_else(Error::syntax)?;
        Ok(match &spelling {
            Spelling { is_float: true, .. } => Number::Float(float(text)?),
            Spelling { negative: false, .. } => text.parse().map_or(Number::Large(text), Number::Unsigned),
            Spelling { digits: 1, value: 0, .. } => Number::Large(text),
            _ => text.parse().map_or(Number::Large(text), Number::Negative),
        })
    }
}
