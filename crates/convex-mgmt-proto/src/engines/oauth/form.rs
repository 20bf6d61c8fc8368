//! The form encoding of a redirect's query and of a token request (`application/x-www-form-urlencoded`).

use zeroize::Zeroizing;

use crate::types::Secret;
use crate::types::url::push_encoded;

/// Encodes fields into a text that is wiped on drop.
pub(super) fn encode(fields: &[(&str, &str)]) -> Zeroizing<String> {
    // The capacity suffices for values that are encoded as a whole: a reallocation would leave a copy behind.
    let capacity = fields.iter().map(|(name, value)| name.len() + 2 + 3 * value.len()).sum();
    let mut form = Zeroizing::new(String::with_capacity(capacity));
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        push_encoded(&mut form, value);
    }
    form
}

/// Returns the pairs of a form, not decoded yet.
pub(super) fn pairs(form: &str) -> impl Iterator<Item = (&str, &str)> {
    form.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Decodes a name or a value. `None` if a `%` is not followed by two hexadecimal digits, or if the bytes are not UTF-8.
pub(super) fn decode(text: &str) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (16 * digit(*high)? + digit(*low)?, after),
            (b'%', _) => return None,
            (b'+', after) => (b' ', after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    std::str::from_utf8(&bytes).ok().map(Secret::from)
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
