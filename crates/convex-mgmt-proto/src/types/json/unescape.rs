//! [`unescape`] and [`unescape_string`]: the text of a JSON string.
//!
//! [`unescape`] also decodes secrets. It leaves no copy in memory if the buffer has the capacity for the whole spelling.

use super::walk::plain;

/// Appends the text of a JSON string, whose `content` is the part between its quotes.
///
/// Returns `None` at an escape that JSON does not have, at one half of a UTF-16 surrogate pair, and at a quote or control character.
/// `into` then contains the text before it.
///
/// No text is longer than its spelling, so a buffer with that capacity is not reallocated.
pub(crate) fn unescape(content: &str, into: &mut String) -> Option<()> {
    unescape_up_to(None, content, into).map(drop)
}

/// As [`unescape`], for a string whose opening quote was skipped. Returns what follows its closing quote.
pub(super) fn unescape_string<'a>(content: &'a str, into: &mut String) -> Option<&'a str> {
    unescape_up_to(Some(b'"'), content, into)?.get(1..)
}

/// Returns the content from `end` on: a byte, or the end of the content.
#[inline]
fn unescape_up_to<'a>(end: Option<u8>, content: &'a str, into: &mut String) -> Option<&'a str> {
    let mut rest = content;
    loop {
        let (text, special) = rest.split_at_checked(plain(rest.as_bytes()))?;
        into.push_str(text);
        rest = match special.as_bytes().first().copied() {
            found if found == end => return Some(special),
            Some(b'\\') => unescape_first(special, into)?,
            _ => return None,
        };
    }
}

/// Appends the character of the escape at the beginning of a text, and returns what follows.
#[inline]
fn unescape_first<'a>(text: &'a str, into: &mut String) -> Option<&'a str> {
    let character = match text.as_bytes().get(1)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        same @ (b'"' | b'\\' | b'/') => char::from(*same),
        b'u' => {
            let (character, rest) = utf16(text.get(2..)?)?;
            into.push(character);
            return Some(rest);
        }
        _ => return None,
    };
    into.push(character);
    text.get(2..)
}

/// Reads one character, written as one UTF-16 unit or as a surrogate pair with `\u` between. Returns it with the rest.
fn utf16(text: &str) -> Option<(char, &str)> {
    let unit = |text: &'_ str| -> Option<u16> {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (first, tail) = (unit(text)?, text.get(4..)?);
    let (second, tail) = match first {
        0xD800..0xDC00 => {
            let text = tail.strip_prefix("\\u")?;
            (Some(unit(text)?), text.get(4..)?)
        }
        _ => (None, tail),
    };
    let character = char::decode_utf16([first].into_iter().chain(second)).next()?.ok()?;
    Some((character, tail))
}
