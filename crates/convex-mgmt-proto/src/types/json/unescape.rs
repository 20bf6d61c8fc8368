//! [`unescape`]: the text of a JSON string, without a copy in memory that nobody wipes.

use super::walk::plain;

/// Appends the text of a JSON string, whose `content` is the part between its quotes. Returns `None` at an escape that JSON does
/// not have, or that is one half of a UTF-16 surrogate pair; `into` then contains the text before it.
///
/// No text is longer than its spelling, so a buffer with that capacity is not reallocated.
pub(crate) fn unescape(content: &str, into: &mut String) -> Option<()> {
    let mut rest = content;
    loop {
        let (text, special) = rest.split_at_checked(plain(rest.as_bytes()))?;
        into.push_str(text);
        let (character, length) = match special.as_bytes() {
            [] => return Some(()),
            [b'\\', b'b', ..] => ('\u{8}', 2),
            [b'\\', b'f', ..] => ('\u{c}', 2),
            [b'\\', b'n', ..] => ('\n', 2),
            [b'\\', b'r', ..] => ('\r', 2),
            [b'\\', b't', ..] => ('\t', 2),
            [b'\\', same @ (b'"' | b'\\' | b'/'), ..] => (char::from(*same), 2),
            [b'\\', b'u', ..] => {
                let (character, tail) = utf16(special.get(2..)?)?;
                (character, special.len() - tail.len())
            }
            [b'\\', ..] => return None,
            // A quote or a control character that the text should not have.
            [other, ..] => (char::from(*other), 1),
        };
        into.push(character);
        rest = special.get(length..)?;
    }
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
