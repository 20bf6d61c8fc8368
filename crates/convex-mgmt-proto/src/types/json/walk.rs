//! Skips JSON in its usual spelling: without white space, and without escapes where a name decides.
//!
//! Each function returns `None` for any other spelling and for invalid JSON. [`Scan`](super::scan::Scan) then reads it again, and
//! makes the error. Nothing here is kept in memory between two bytes, which is why it is fast.

/// A document that was skipped. Places are the number of bytes from there to the end of the text.
pub(super) struct Found {
    pub(super) rest: usize,
    /// The place of the content of the `_id`.
    pub(super) id: usize,
    pub(super) id_length: usize,
}

/// Skips an object with an `_id` and returns its place. `open` is a buffer.
#[inline]
pub(super) fn document(text: &[u8], open: &mut Vec<u8>) -> Option<Found> {
    let mut id = None;
    let [b'{', b'"', rest @ ..] = text else { return None };
    let mut name = rest;
    loop {
        let rest = if let [b'_', b'i', b'd', b'"', b':', value @ ..] = name {
            let ([b'"', content @ ..], None) = (value, id) else { return None };
            let rest = plain_string(content)?;
            id = Some((content.len(), content.len() - rest.len() - 1));
            rest
        } else {
            let [b':', rest @ ..] = plain_string(name)? else { return None };
            value(rest, open)?
        };
        match rest {
            [b',', b'"', rest @ ..] => name = rest,
            [b'}', rest @ ..] => {
                let (id, id_length) = id?;
                return Some(Found { rest: rest.len(), id, id_length });
            }
            _ => return None,
        }
    }
}

/// Skips a value and returns the rest. `open` is a buffer.
#[inline]
pub(super) fn value<'de>(mut rest: &'de [u8], open: &mut Vec<u8>) -> Option<&'de [u8]> {
    open.clear();
    loop {
        rest = match rest {
            [b'"', rest @ ..] => string(rest)?,
            [b'-' | b'0'..=b'9', ..] => number(rest)?,
            [b't', b'r', b'u', b'e', rest @ ..] => rest,
            [b'f', b'a', b'l', b's', b'e', rest @ ..] => rest,
            [b'n', b'u', b'l', b'l', rest @ ..] => rest,
            [b'[', b']', rest @ ..] | [b'{', b'}', rest @ ..] => rest,
            [b'[', element @ ..] => {
                open.push(b']');
                rest = element;
                continue;
            }
            [b'{', b'"', field @ ..] => {
                open.push(b'}');
                rest = name(field)?;
                continue;
            }
            _ => return None,
        };
        loop {
            let Some(close) = open.last().copied() else { return Some(rest) };
            match rest {
                [b',', element @ ..] if close == b']' => {
                    rest = element;
                    break;
                }
                [b',', b'"', field @ ..] if close == b'}' => {
                    rest = name(field)?;
                    break;
                }
                [byte, outer @ ..] if *byte == close => {
                    open.pop();
                    rest = outer;
                }
                _ => return None,
            }
        }
    }
}

/// Skips the name of a field after its opening quote, and the colon.
#[inline(always)]
fn name(rest: &[u8]) -> Option<&[u8]> {
    match string(rest)? {
        [b':', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Skips a string after its opening quote, if it has no escapes.
#[inline(always)]
fn plain_string(rest: &[u8]) -> Option<&[u8]> {
    match rest.get(plain(rest)..)? {
        [b'"', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Skips a string after its opening quote.
#[inline(always)]
fn string(rest: &[u8]) -> Option<&[u8]> {
    match rest.get(plain(rest)..)? {
        [b'"', rest @ ..] => Some(rest),
        rest => escaped(rest),
    }
}

/// Skips the rest of a string from an escape on.
#[inline(never)]
fn escaped(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        rest = match rest.get(plain(rest)..)? {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => rest,
            [b'\\', b'u', a, b, c, d, rest @ ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => rest,
            _ => return None,
        };
    }
}

/// Skips a number.
#[inline(always)]
fn number(rest: &[u8]) -> Option<&[u8]> {
    let rest = if let [b'-', rest @ ..] = rest { rest } else { rest };
    let rest = if let [b'0', rest @ ..] = rest { rest } else { digits(rest)? };
    let rest = if let [b'.', rest @ ..] = rest { digits(rest)? } else { rest };
    match rest {
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => digits(rest),
        _ => Some(rest),
    }
}

/// Skips one digit or more.
#[inline(always)]
fn digits(rest: &[u8]) -> Option<&[u8]> {
    let [b'0'..=b'9', rest @ ..] = rest else { return None };
    let mut rest = rest;
    while let [b'0'..=b'9', tail @ ..] = rest {
        rest = tail;
    }
    Some(rest)
}

/// Returns the number of leading bytes that stand for themselves in a string.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    // Most strings end in the first two words, and the rest is a call. So this is short wherever it is inlined.
    let Some((first, rest)) = bytes.split_first_chunk() else { return short_plain(bytes) };
    if let Some(length) = first_special(first) {
        return length;
    }
    let Some((second, rest)) = rest.split_first_chunk() else { return 8 + short_plain(rest) };
    first_special(second).map_or_else(|| 16 + long_plain(rest), |length| 8 + length)
}

/// [`plain`] for less than eight bytes.
#[inline]
fn short_plain(bytes: &[u8]) -> usize {
    let is_special = |byte: &u8| matches!(byte, ..b' ' | b'"' | b'\\');
    bytes.iter().position(is_special).unwrap_or(bytes.len())
}

/// [`plain`] for the rest of a long string.
#[inline(never)]
fn long_plain(bytes: &[u8]) -> usize {
    let (pairs, rest) = bytes.as_chunks::<16>();
    for (index, pair) in pairs.iter().enumerate() {
        let pair = u128::from_le_bytes(*pair);
        let (first, second) = (special_in(pair as u64), special_in((pair >> 64) as u64));
        // One branch for both words.
        if first | second != 0 {
            return 16 * index + (u128::from(first) | u128::from(second) << 64).trailing_zeros() as usize / 8;
        }
    }
    let length = 16 * pairs.len();
    match rest.split_first_chunk() {
        Some((word, rest)) => length + first_special(word).unwrap_or_else(|| 8 + short_plain(rest)),
        None => length + short_plain(rest),
    }
}

/// Looks at eight bytes in little-endian order. Returns a number whose lowest set bit is in the first byte that ends a string or needs
/// decoding in it, or 0 if there is no such byte.
#[inline(always)]
pub(crate) fn special_in(word: u64) -> u64 {
    /// A one in each byte.
    const ONES: u64 = u64::MAX / 255;
    // After flipping the second bit, the control characters and the quote are below 0x21. After the second exclusive or, a
    // backslash is below 1. The subtraction sets the highest bit of each such byte. It may also set that bit in a byte
    // above, so only the lowest one counts.
    let low = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (low | backslash) & !word & (ONES << 7)
}

/// Returns the place of the first byte that ends a string or needs decoding in it.
#[inline(always)]
fn first_special(word: &[u8; 8]) -> Option<usize> {
    let special = special_in(u64::from_le_bytes(*word));
    if special == 0 { None } else { Some(special.trailing_zeros() as usize / 8) }
}
