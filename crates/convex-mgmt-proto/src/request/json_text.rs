//! [`JsonText`]: the JSON of a request's body while it is written.

use std::io;

use bytes::Bytes;
use zeroize::Zeroize;

use crate::types::json;

/// The JSON of a body, which may contain secrets: its memory is wiped, including buffers that became too small.
///
/// A text beyond the limit is not kept. Only its length is counted.
#[derive(Default)]
pub(crate) struct JsonText {
    kept: Wiped,
    limit: usize,
    /// The length of a text that is longer than the limit, or 0.
    beyond: usize,
}

impl JsonText {
    /// Creates an empty text that may have `limit` bytes.
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit: limit.unwrap_or(usize::MAX), ..Self::default() }
    }

    /// Makes room for `more` bytes, as far as the limit permits.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.grow(self.kept.0.len().saturating_add(more).min(self.limit));
    }

    /// Appends a piece of JSON.
    #[inline]
    pub(crate) fn push(&mut self, json: &[u8]) {
        if json.len() <= self.kept.0.capacity() - self.kept.0.len() {
            self.kept.0.extend_from_slice(json);
        } else {
            self.push_beyond(json);
        }
    }

    #[cold]
    #[inline(never)]
    fn push_beyond(&mut self, json: &[u8]) {
        if self.make_room(json.len()) {
            self.kept.0.extend_from_slice(json);
        }
    }

    /// Appends the content of a JSON string, without its quotes and with the escapes of serde_json.
    #[inline]
    pub(crate) fn push_text(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.push(text.as_bytes());
        } else {
            self.push_escaped(text.as_bytes());
        }
    }

    fn push_escaped(&mut self, text: &[u8]) {
        let mut rest = text;
        loop {
            let (plain, special) = rest.split_at(json::plain(rest));
            self.push(plain);
            let Some((byte, after)) = special.split_first() else { return };
            match byte {
                0x08 => self.push(br"\b"),
                b'\t' => self.push(br"\t"),
                b'\n' => self.push(br"\n"),
                0x0c => self.push(br"\f"),
                b'\r' => self.push(br"\r"),
                ..b' ' => {
                    let digit = byte & 0x0f;
                    let digit = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
                    self.push(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]);
                }
                _ => self.push(&[b'\\', *byte]),
            }
            rest = after;
        }
    }

    /// Returns the body, whose memory is wiped when its last clone is dropped.
    ///
    /// # Errors
    /// The length of a text that is longer than the limit.
    pub(crate) fn into_body(self) -> Result<Bytes, usize> {
        match self.beyond.max(self.kept.0.len()) {
            length if length > self.limit => Err(length),
            _ => Ok(Bytes::from_owner(self.kept)),
        }
    }

    /// Makes room for a piece. Returns `false` if the text would exceed the limit with it.
    fn make_room(&mut self, more: usize) -> bool {
        let length = self.beyond.max(self.kept.0.len()).saturating_add(more);
        let fits = length <= self.limit;
        if fits {
            self.grow(length.max(2 * self.kept.0.capacity()).clamp(128, self.limit.max(128)));
        } else {
            (self.beyond, self.kept) = (length, Wiped::default());
        }
        fits
    }

    /// Moves the text to a larger buffer, and wipes the smaller one.
    fn grow(&mut self, capacity: usize) {
        if capacity > self.kept.0.capacity() {
            let mut larger = Vec::with_capacity(capacity);
            larger.extend_from_slice(&self.kept.0);
            self.kept = Wiped(larger);
        }
    }
}

impl io::Write for JsonText {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.push(piece);
        Ok(piece.len())
    }

    // The default would be a loop in the code of each type.
    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        self.push(piece);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A buffer that is wiped on drop.
#[derive(Default)]
struct Wiped(Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        /// Filling pieces of this size is faster than filling a large buffer at once, for which C libraries use `rep stosb`.
        const PIECE: usize = 1024;
        // `zeroize` fills unused capacity at once, and the content byte by byte.
        self.0.clear();
        self.0.spare_capacity_mut().chunks_mut(PIECE).for_each(Zeroize::zeroize);
    }
}

/// Returns `true` if no byte needs an escape in a JSON string. For texts of usual lengths this is faster than to search for the first
/// such byte: `cargo xtask bench` measures it in an update.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    // The last chunk overlaps the one before. No early exit: the compiler then reads 16 bytes at once.
    if let Some(last) = text.last_chunk::<16>() {
        return text.as_chunks::<16>().0.iter().fold(special(last), |any, chunk| any | special(chunk)) == 0;
    }
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => special(first) | special(last) == 0,
        _ => json::plain(text) == text.len(),
    }
}

/// Returns 0 if no byte of a chunk needs an escape in a JSON string.
#[inline]
fn special<const N: usize>(chunk: &[u8; N]) -> u64 {
    chunk.as_chunks().0.iter().fold(0, |any, eight| any | json::special_in(u64::from_le_bytes(*eight)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(limit: Option<usize>, reserved: usize, write: impl FnOnce(&mut JsonText)) -> Result<Bytes, usize> {
        let mut json = JsonText::new(limit);
        json.reserve(reserved);
        write(&mut json);
        json.into_body()
    }

    fn push_string(json: &mut JsonText, text: &str) {
        json.push(b"\"");
        json.push_text(text);
        json.push(b"\"");
    }

    #[test]
    fn writes_every_character_as_serde_json_does() {
        let characters = ('\0'..='\u{100}').chain(['\u{2028}', '\u{2029}', '\u{fffd}', '\u{10ffff}']);
        for text in characters.map(String::from).chain([String::new()]) {
            let json = written(None, 0, |json| push_string(json, &text)).unwrap();
            assert_eq!(json, serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn a_text_beyond_the_limit_is_only_counted() {
        let mut json = JsonText::new(Some(300));
        json.push(&[b'1'; 200]);
        json.push(&[b'1'; 100]);
        assert_eq!(json.kept.0.len(), 300);
        json.push(b"1");
        assert_eq!(json.kept.0.capacity(), 0);
        json.push(&[b'1'; 99]);
        json.push(b"");
        assert_eq!(json.kept.0.capacity(), 0);
        assert_eq!(json.into_body(), Err(400));
    }

    #[test]
    fn a_reservation_takes_no_more_memory_than_the_limit() {
        let mut json = JsonText::new(Some(300));
        json.reserve(usize::MAX);
        assert_eq!(json.kept.0.capacity(), 300);
        json.push(&[b'1'; 10]);
        json.reserve(usize::MAX);
        assert_eq!(json.kept.0.capacity(), 300);
    }

    /// Texts with runs of plain characters, so that a special one can be anywhere in a chunk.
    fn text() -> impl Strategy<Value = String> {
        let piece =
            prop_oneof!["[a-z ]{0,20}", "[\u{0}-\u{20}\"\\\\]{1,2}", "\\PC{0,4}", "[\u{2027}-\u{2029}\u{7f}-\u{80}🦀]"];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn writes_any_texts_as_serde_json_does(texts in prop::collection::vec(text(), 0..4), reserved in 0..400_usize, limit in 0..400_usize) {
            let expected = texts.iter().map(|text| serde_json::to_string(text).unwrap()).collect::<String>();
            let write = |json: &mut JsonText| texts.iter().for_each(|text| push_string(json, text));
            prop_assert_eq!(written(None, reserved, write).unwrap(), &expected);
            let limited = written(Some(limit), reserved, write);
            prop_assert_eq!(limited, if expected.len() > limit { Err(expected.len()) } else { Ok(expected.into()) });
        }
    }
}
