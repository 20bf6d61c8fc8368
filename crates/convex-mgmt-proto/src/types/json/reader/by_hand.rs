//! The methods of [`Reader`] for code that reads JSON without a type of serde.

use serde::de::Deserialize;

use super::Reader;
use super::access::{Fields, List};
use crate::types::json::dialect::Dialect;
use crate::types::json::error::Error;
use crate::types::json::number::Number;
use crate::types::json::scan::Passed;

impl<'de, D: Dialect> Reader<'de, D> {
    /// Reads the elements of a list with `read`.
    pub(crate) fn elements(&mut self, mut read: impl FnMut(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        self.enter(b'[', &"a sequence")?;
        let mut list = List::new(self);
        while list.element(&mut read)?.is_some() {}
        self.ascend(b']')
    }

    /// Reads the fields of an object that is next.
    pub(crate) fn object<T>(
        &mut self,
        read: impl FnOnce(&mut Fields<'_, 'de, D>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // The caller has seen the bracket, perhaps after white space.
        self.scan.token()?;
        self.descend()?;
        let value = read(&mut Fields::new(self))?;
        self.ascend(b'}')?;
        Ok(value)
    }

    /// Reads an object in its usual spelling: `head` reads it up to the last value, which `last` reads.
    ///
    /// Returns `None` for every other spelling, and if `last` hides an error inside its value. The reader is then where it was.
    #[inline]
    pub(crate) fn usual<H, T>(
        &mut self,
        head: impl FnOnce(&mut Self) -> Option<H>,
        last: impl FnOnce(&mut Self, H) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let start = self.scan.place;
        if let Some(head) = head(self) {
            let (value, is_whole) = self.alone(|reader| last(reader, head))?;
            if is_whole && self.pass("}").is_some() {
                return Ok(Some(value));
            }
        }
        self.scan.place = start;
        Ok(None)
    }

    /// Skips `literal` if it is next.
    #[inline]
    pub(crate) fn pass(&mut self, literal: &str) -> Option<()> {
        self.scan.pass(literal.as_bytes())
    }

    /// Reads a string if one is next that has no escapes.
    #[inline]
    pub(crate) fn plain_string(&mut self) -> Option<&'de str> {
        if self.scan.peek() != Some(b'"') {
            return None;
        }
        self.scan.string().ok().filter(|raw| !raw.escaped).map(|raw| raw.text)
    }

    /// Reads an integer of at most 63 bits if one is next.
    #[inline]
    pub(crate) fn integer(&mut self) -> Option<i64> {
        match (self.scan.peek()?, self.scan.number().ok()?) {
            (b'0'..=b'9', Number::Unsigned(integer)) => i64::try_from(integer).ok(),
            _ => None,
        }
    }

    /// Returns `true` if an object is next, without white space before it.
    #[inline]
    pub(crate) fn is_at_object(&self) -> bool {
        self.scan.peek() == Some(b'{')
    }

    /// Reads an object that is next, without white space before it, into a type.
    pub(crate) fn object_of<T: Deserialize<'de>>(&mut self) -> Result<T, Error> {
        if self.is_at_object() { T::deserialize(self) } else { Err(self.mismatch(&"an object")) }
    }

    /// Skips the next value.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        self.scan.skip()
    }

    /// Skips an object with an `_id`.
    #[inline]
    pub(crate) fn document(&mut self) -> Result<Passed<'de>, Error> {
        self.scan.document()
    }

    /// Reads a part of the text that was skipped.
    pub(crate) fn again<T>(
        &mut self,
        part: &'de str,
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let start = part.as_ptr().addr().wrapping_sub(self.scan.text.as_ptr().addr());
        let end = std::mem::replace(&mut self.scan.place, start);
        let (value, _) = self.alone(read)?;
        self.scan.place = end;
        Ok(value)
    }

    /// Reads a value that is as deep as if it were the whole text. Returns `false` with it if the reader is still inside it: its type
    /// may hide an error, as `T::deserialize(..).ok()` does.
    #[inline]
    fn alone<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<(T, bool), Error> {
        let place = self.scan.place;
        let depth = std::mem::replace(&mut self.depth, 0);
        let value = read(self);
        let is_whole = std::mem::replace(&mut self.depth, depth) == 0;
        value.map(|value| (value, is_whole)).map_err(|error| error.at(place, self.scan.place))
    }

    /// Returns the number of bytes that were read, and of those that were not.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.scan.place, self.scan.rest().len())
    }
}
