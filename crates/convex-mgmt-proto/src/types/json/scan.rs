//! [`Scan`]: reads JSON token by token and skips values. Everything that is skipped is checked to be JSON.

use std::ops::Range;

use zeroize::Zeroize;

use super::error::{Error, Segment};
use super::unescape::{unescape, unescape_string};
use super::walk::{self, plain};

/// The name of the field that every document must have.
const ID: &str = "_id";

/// A position in a text.
pub(super) struct Scan<'de> {
    pub(super) text: &'de str,
    /// The byte offset of the next byte to read.
    pub(super) place: usize,
    /// The open brackets while a value is skipped.
    open: Vec<u8>,
}

/// The content of a string as it is spelled, without its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'de> {
    pub(crate) text: &'de str,
    /// `true` if the string has escapes.
    pub(crate) escaped: bool,
}

/// A document that was skipped.
pub(crate) struct Passed<'de> {
    /// The offsets of its text.
    pub(crate) text: Range<usize>,
    /// Its `_id`.
    pub(crate) id: Raw<'de>,
    /// The offset of the content of its `_id`.
    pub(crate) id_at: usize,
}

impl Raw<'_> {
    /// Returns the decoded string.
    pub(crate) fn decoded(&self) -> Result<String, Error> {
        let mut text = String::with_capacity(self.text.len());
        // Scanning checked the form of each escape, but not that surrogates form pairs.
        if unescape(self.text, &mut text).is_none() {
            // It may be a secret.
            text.zeroize();
            return Err(Error::shape("a string"));
        }
        Ok(text)
    }

    /// Returns `true` if this is a spelling of `text`.
    #[inline]
    fn is(&self, text: &str) -> bool {
        if self.escaped { self.decoded().is_ok_and(|own| own == text) } else { self.text == text }
    }

    /// Returns a field with this name as a segment of a path.
    fn segment(&self) -> Segment {
        Segment::Field(self.decoded().unwrap_or_else(|_| self.text.to_owned()))
    }
}

impl<'de> Scan<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, place: 0, open: Vec::new() }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    /// Skips a byte that was peeked.
    #[inline]
    pub(super) fn bump(&mut self) {
        self.place += 1;
    }

    /// Skips white space and returns the next byte without skipping it.
    #[inline]
    pub(super) fn token(&mut self) -> Result<u8, Error> {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.bump(),
                Some(byte) => return Ok(byte),
                None => return Err(Error::truncated()),
            }
        }
    }

    /// Skips `literal` if it is next.
    #[inline]
    pub(super) fn pass(&mut self, literal: &[u8]) -> Option<()> {
        self.rest().starts_with(literal).then(|| self.place += literal.len())
    }

    /// Skips white space and then `byte`, which must be next.
    #[inline(never)]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.token()? != byte {
            return Err(Error::syntax());
        }
        self.bump();
        Ok(())
    }

    /// Skips `null` if it is next. Returns `true` if it was.
    #[inline(never)]
    pub(super) fn null(&mut self) -> Result<bool, Error> {
        match self.token()? {
            b'n' => self.literal("null").map(|()| true),
            _ => Ok(false),
        }
    }

    /// Checks that only white space is left.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        if self.rest().iter().all(is_space) { Ok(()) } else { Err(self.token().err().unwrap_or_else(Error::syntax)) }
    }

    /// Returns the error if no value begins here.
    pub(super) fn not_a_value(&mut self) -> Option<Error> {
        match self.token() {
            Ok(b'"' | b'[' | b'{' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9') => None,
            Ok(_) => Some(Error::syntax()),
            Err(error) => Some(error),
        }
    }

    #[inline(never)]
    pub(super) fn literal(&mut self, literal: &str) -> Result<(), Error> {
        let rest = self.rest();
        if rest.starts_with(literal.as_bytes()) {
            self.place += literal.len();
            return Ok(());
        }
        let ends = literal.as_bytes().starts_with(rest);
        Err(if ends { Error::truncated() } else { Error::syntax() })
    }

    /// Returns the text that `step` skips.
    #[inline]
    pub(super) fn slice(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<&'de str, Error> {
        let start = self.place;
        step(self)?;
        self.text.get(start..self.place).ok_or_else(Error::syntax)
    }

    /// Returns `true` if an object is next whose first name begins with `$`, or with an escape, which may encode a `$`.
    #[inline]
    pub(super) fn first_field_may_be_special(&self) -> bool {
        let rest = self.text.as_bytes().get(self.place + 1..).unwrap_or_default();
        match rest {
            [b'"', first, ..] => matches!(first, b'$' | b'\\'),
            [b' ' | b'\n' | b'\r' | b'\t', ..] => {
                matches!(rest.trim_ascii_start(), [b'"', b'$' | b'\\', ..])
            }
            _ => false,
        }
    }

    /// Reads a string whose opening quote is next.
    #[inline(never)]
    pub(super) fn string(&mut self) -> Result<Raw<'de>, Error> {
        let start = self.place + 1;
        let plain = self.pass_string()?;
        let text = self.text.get(start..self.place - 1).ok_or_else(Error::syntax)?;
        Ok(Raw { text, escaped: plain < text.len() })
    }

    /// Reads a string whose opening quote is next. Returns it if it has no escapes, and otherwise decodes it into `scratch`.
    #[inline(never)]
    pub(super) fn text(&mut self, scratch: &mut String) -> Result<Option<&'de str>, Error> {
        let content = self.text.get(self.place + 1..).unwrap_or_default();
        let length = plain(content.as_bytes());
        if content.as_bytes().get(length) != Some(&b'"') {
            self.unescaped(content, scratch)?;
            return Ok(None);
        }
        self.place += length + 2;
        content.get(..length).ok_or_else(Error::syntax).map(Some)
    }

    /// Decodes a string whose opening quote is next, in one pass.
    #[inline(never)]
    fn unescaped(&mut self, content: &str, scratch: &mut String) -> Result<(), Error> {
        /// The bytes to reserve, so that most strings fit.
        const RESERVED: usize = 1024;
        scratch.clear();
        scratch.reserve(content.len().min(RESERVED));
        let Some(rest) = unescape_string(content, scratch) else {
            self.pass_string()?;
            // Each escape has the right form, but surrogates do not form pairs.
            return Err(Error::shape("a string"));
        };
        self.place = self.text.len() - rest.len();
        Ok(())
    }

    /// Skips a string whose opening quote is next. Returns the number of bytes before its first escape or its end.
    #[inline(always)]
    fn pass_string(&mut self) -> Result<usize, Error> {
        self.bump();
        let rest = self.rest();
        let length = plain(rest);
        self.place += length;
        if let Some(b'"') = rest.get(length) {
            self.bump();
        } else {
            self.pass_escapes()?;
        }
        Ok(length)
    }

    /// Skips the rest of a string, from its first escape on.
    fn pass_escapes(&mut self) -> Result<(), Error> {
        loop {
            let rest = self.rest();
            let length = plain(rest);
            self.place += length;
            match rest.get(length) {
                Some(b'"') => {
                    self.bump();
                    return Ok(());
                }
                Some(b'\\') => {
                    self.bump();
                    self.escape()?;
                }
                Some(_) => return Err(Error::syntax()),
                None => return Err(Error::truncated()),
            }
        }
    }

    /// Skips an escape after its backslash. Only decoding checks that surrogates form pairs.
    fn escape(&mut self) -> Result<(), Error> {
        let digits = match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            Some(_) => return Err(Error::syntax()),
            None => return Err(Error::truncated()),
        };
        self.bump();
        for _ in 0..digits {
            match self.peek() {
                Some(digit) if digit.is_ascii_hexdigit() => self.bump(),
                Some(_) => return Err(Error::syntax()),
                None => return Err(Error::truncated()),
            }
        }
        Ok(())
    }

    /// Returns the bytes that were not read yet.
    #[inline]
    pub(super) fn rest(&self) -> &'de [u8] {
        self.text.as_bytes().get(self.place..).unwrap_or_default()
    }

    /// Skips the next value, at any depth.
    #[inline(never)]
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        match walk::value(self.rest(), &mut self.open) {
            Some(rest) => {
                self.place = self.text.len() - rest.len();
                Ok(())
            }
            None => self.skip_any(),
        }
    }

    /// Skips the next value in any spelling.
    fn skip_any(&mut self) -> Result<(), Error> {
        self.open.clear();
        loop {
            match self.token()? {
                b'"' => drop(self.pass_string()?),
                b'-' | b'0'..=b'9' => self.pass_number()?,
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                open @ (b'[' | b'{') => {
                    self.bump();
                    // In ASCII, a closing bracket is its opening bracket plus 2.
                    if self.token()? != open + 2 {
                        self.open.push(open);
                        if open == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                    self.bump();
                }
                _ => return Err(Error::syntax()),
            }
            loop {
                let Some(open) = self.open.last().copied() else { return Ok(()) };
                let token = self.token()?;
                if token == open + 2 {
                    self.bump();
                    self.open.pop();
                } else if token == b',' {
                    self.bump();
                    if open == b'{' {
                        self.name()?;
                    }
                    break;
                } else {
                    return Err(Error::syntax());
                }
            }
        }
    }

    /// Skips the name of a field and the colon.
    #[inline]
    fn name(&mut self) -> Result<(), Error> {
        if self.token()? != b'"' {
            return Err(Error::syntax());
        }
        self.pass_string()?;
        self.expect(b':')
    }

    /// Returns the field whose name begins at `place`, as a segment of a path. An invalid name gives an empty segment.
    #[cold]
    pub(super) fn segment_at(&self, place: usize) -> Segment {
        let mut scan = Scan { place, ..Self::new(self.text) };
        scan.string().map_or(Segment::Field(String::new()), |name| name.segment())
    }

    /// Returns the offset of the value of the field whose name begins at `place`.
    #[cold]
    pub(super) fn value_of(&self, place: usize) -> usize {
        let mut scan = Scan { place, ..Self::new(self.text) };
        let _ = scan.string().and_then(|_| scan.expect(b':')).and_then(|()| scan.token());
        scan.place
    }

    /// Skips an object with an `_id`.
    pub(super) fn document(&mut self) -> Result<Passed<'de>, Error> {
        if self.token()? != b'{' {
            return Err(self.not_a_value().unwrap_or_else(|| Error::shape("an object")));
        }
        let start = self.place;
        if let Some(found) = walk::document(self.rest(), &mut self.open) {
            let offset = |rest: usize| self.text.len() - rest;
            let (id_at, end) = (offset(found.id), offset(found.rest));
            let id = self.text.get(id_at..id_at + found.id_length).ok_or_else(Error::syntax)?;
            self.place = end;
            return Ok(Passed { text: start..end, id: Raw { text: id, escaped: false }, id_at });
        }
        let (mut id, mut id_at) = (None, 0);
        self.bump();
        if self.token()? == b'}' {
            return Err(Error::shape("the field `_id`"));
        }
        loop {
            if self.token()? != b'"' {
                return Err(Error::syntax());
            }
            let place = self.place;
            let name = self.string()?;
            self.expect(b':')?;
            if name.is(ID) {
                let found =
                    self.id().map_err(|error| error.at(self.value_of(place), self.place).within(|| name.segment()))?;
                if id.replace(found).is_some() {
                    return Err(Error::shape("the field `_id` once"));
                }
                id_at = self.place - 1 - found.text.len();
            } else {
                self.skip()?;
            }
            match self.token()? {
                b',' => self.bump(),
                b'}' => break self.bump(),
                _ => return Err(Error::syntax()),
            }
        }
        let id: Raw<'de> = id.ok_or_else(|| Error::shape("the field `_id`"))?;
        Ok(Passed { text: start..self.place, id, id_at })
    }

    fn id(&mut self) -> Result<Raw<'de>, Error> {
        let a_string = || Error::shape("a string");
        if self.token()? != b'"' {
            return Err(self.not_a_value().unwrap_or_else(a_string));
        }
        let id = self.string()?;
        if id.escaped && id.decoded().is_err() { Err(a_string()) } else { Ok(id) }
    }
}
