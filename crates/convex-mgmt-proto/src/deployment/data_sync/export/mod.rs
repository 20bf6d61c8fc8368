//! [`Reader`]: reads the JSON of data sync, including its wrappers for values that JSON lacks.
//!
//! It is a reader of our own and not a layer over serde_json, for three reasons:
//!
//! * Only the spelling of a number distinguishes an integer from a float.
//! * A feature such as `serde_json/arbitrary_precision` must not change the result. Any crate of the user's tree may enable it
//!   for all crates.
//! * One pass is enough. It reads a page, checks each document and finds its `_id`. Reading a document into a type skips the
//!   fields that the type does not have.
//!
//! Except for the wrappers, it behaves as serde_json does with the same type. Source of the wrappers: convex-backend
//! `crates/value/src/export.rs`.

mod access;
mod by_hand;
mod error;
mod key;
mod number;
mod scan;
mod walk;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, IgnoredAny, Visitor};
use serde::forward_to_deserialize_any;

pub(super) use self::access::Fields;
use self::access::{Borrowed, ByteSeq, List, NoInteger, UnitVariant, Variant};
pub(super) use self::error::{Error, Segment};
use self::number::Number;
use self::scan::Scan;
pub(super) use self::scan::{Passed, Raw};
use crate::response::DecodeError;

/// The name of the wrapper for floats without a JSON number.
pub(super) const FLOAT: &str = "$float";
/// The name of the wrapper for bytes.
pub(super) const BYTES: &str = "$bytes";

/// The name of the newtype that reads a [`Value`](super::Value). It gets bytes as bytes; other types get a list of `u8`.
pub(super) const VALUE: &str = "$convex_mgmt::Value";
/// The name of the newtype by which `serde_json::value::RawValue` requests its text.
const RAW: &str = "$serde_json::private::RawValue";

/// The `expected` text of the error for an integer of more than 64 bits.
pub(super) const INTEGER: &str = "a 64-bit integer";

/// The maximum depth of lists and objects that are read into types. The same as in serde_json.
const DEPTH: u8 = 127;

/// Reads a text into a type.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DecodeError> {
    read_with(text, |reader| T::deserialize(reader))
}

fn read_with<'de, T>(
    text: &'de str,
    read: impl FnOnce(&mut Reader<'de>) -> Result<T, Error>,
) -> Result<T, DecodeError> {
    let mut reader = Reader::new(text);
    let value = read(&mut reader).and_then(|value| reader.scan.end().map(|()| value));
    value.map_err(|error| {
        let start = text.len() - text.trim_ascii_start().len();
        error.at(start, reader.scan.place).locate(text)
    })
}

/// Reads a text that is an object.
///
/// # Errors
/// A [`DecodeError`] with the position of the error.
pub(super) fn read_object<'de, T>(
    text: &'de str,
    read_it: impl FnOnce(&mut Reader<'de>) -> Result<T, Error>,
) -> Result<T, DecodeError> {
    match Scan::new(text).token() {
        Ok(b'{') => read_with(text, read_it),
        // serde would also read a struct from a list of its fields.
        Ok(_) => read::<IgnoredAny>(text).and(Err(Error::shape("an object").locate(text))),
        Err(_) => Err(Error::empty().locate(text)),
    }
}

/// A reader at a position in its text.
pub(super) struct Reader<'de> {
    scan: Scan<'de>,
    /// The buffer for a decoded string, until the next string with escapes.
    scratch: String,
    depth: u8,
}

/// The value of a wrapper.
enum Wrapped {
    Float(f64),
    Bytes(Vec<u8>),
}

impl<'de> Reader<'de> {
    fn new(text: &'de str) -> Self {
        Self { scan: Scan::new(text), scratch: String::new(), depth: 0 }
    }

    /// Returns the error for a value that `visitor` does not expect. It skips the value, so that a caller of
    /// `T::deserialize(..).ok()` continues after it.
    #[cold]
    fn mismatch<'v, V: Visitor<'v>>(&mut self, visitor: &V) -> Error {
        self.scan.skip().err().unwrap_or_else(|| Error::expecting(visitor))
    }

    /// Enters a list or object.
    fn descend(&mut self) -> Result<(), Error> {
        if self.depth == DEPTH {
            return Err(Error::syntax());
        }
        self.depth += 1;
        self.scan.bump();
        Ok(())
    }

    /// Leaves a list or object at its closing bracket.
    fn ascend(&mut self, close: u8) -> Result<(), Error> {
        if self.scan.token()? != close {
            // Elements that the visitor did not read are an error of the length and not of the syntax.
            return Err(if self.scan.peek() == Some(b',') { Error::shape("fewer elements") } else { Error::syntax() });
        }
        self.depth -= 1;
        self.scan.bump();
        Ok(())
    }

    /// Reads a list whose opening bracket is next.
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.descend()?;
        let value = visitor.visit_seq(List::new(self))?;
        self.ascend(b']')?;
        Ok(value)
    }

    /// Reads an object whose opening bracket is next, and which is not a wrapper.
    fn fields<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.descend()?;
        let value = visitor.visit_map(Fields::new(self))?;
        self.ascend(b'}')?;
        Ok(value)
    }

    /// Reads the object whose opening bracket is next if it is a wrapper, which the name of its first field decides.
    #[inline]
    fn wrapper(&mut self) -> Result<Option<Wrapped>, Error> {
        if self.scan.first_field_may_be_special() { self.special_wrapper() } else { Ok(None) }
    }

    fn special_wrapper(&mut self) -> Result<Option<Wrapped>, Error> {
        let start = self.scan.place;
        self.scan.bump();
        self.scan.token()?;
        let name = self.scan.string()?;
        let is_float = match self.text(name)? {
            FLOAT => true,
            BYTES => false,
            _ => {
                self.scan.place = start;
                return Ok(None);
            }
        };
        self.scan.expect(b':')?;
        if self.scan.token()? != b'"' {
            return Err(Error::shape("base64"));
        }
        let content = self.scan.string()?;
        // The error does not quote the content, which may be secret.
        let bytes = STANDARD.decode(self.text(content)?).map_err(|_| Error::shape("base64"))?;
        if self.scan.token()? != b'}' {
            return Err(Error::shape("one field"));
        }
        self.scan.bump();
        if !is_float {
            return Ok(Some(Wrapped::Bytes(bytes)));
        }
        let bytes = bytes.try_into().map_err(|_| Error::shape("8 bytes"))?;
        Ok(Some(Wrapped::Float(f64::from_le_bytes(bytes))))
    }

    /// Returns the text of a string, from the scratch buffer if it has escapes.
    fn text(&mut self, raw: Raw<'de>) -> Result<&str, Error> {
        if !raw.escaped {
            return Ok(raw.text);
        }
        self.scratch.clear();
        raw.decode(&mut self.scratch)?;
        Ok(&self.scratch)
    }

    /// Reads the next string, borrowed if it has no escapes.
    #[inline]
    fn visit_text<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let raw = self.scan.string()?;
        if raw.escaped { visitor.visit_str(self.text(raw)?) } else { visitor.visit_borrowed_str(raw.text) }
    }

    /// Reads the next value by its spelling. Bytes become a list of `u8` unless `as_bytes` is set: serde buffers values through
    /// this function, and a `Vec<u8>` is only read from a buffered list.
    fn any<V: Visitor<'de>>(&mut self, visitor: V, as_bytes: bool) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'"' => self.visit_text(visitor),
            b'{' => match self.wrapper()? {
                None => self.fields(visitor),
                Some(Wrapped::Float(float)) => visitor.visit_f64(float),
                Some(Wrapped::Bytes(bytes)) if as_bytes => visitor.visit_byte_buf(bytes),
                Some(Wrapped::Bytes(bytes)) => ByteSeq::visit(bytes, visitor),
            },
            b'[' => self.list(visitor),
            b't' => self.scan.literal("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.scan.literal("false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.scan.literal("null").and_then(|()| visitor.visit_unit()),
            b'-' | b'0'..=b'9' => match self.scan.number()? {
                // Converting it to a float would change the value and its type.
                Number::Large(_) if as_bytes => Err(Error::shape(INTEGER)),
                Number::Large(_) => visitor.visit_map(NoInteger { was_read: false }).map_err(|_| Error::shape(INTEGER)),
                number => number.visit(visitor),
            },
            _ => Err(Error::syntax()),
        }
    }

    /// Reads a number of any kind. The visitor decides if it fits.
    #[inline]
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'-' | b'0'..=b'9' => self.scan.number()?.visit(visitor),
            b'{' => match self.wrapper()? {
                Some(Wrapped::Float(float)) => visitor.visit_f64(float),
                Some(Wrapped::Bytes(_)) => Err(Error::expecting(&visitor)),
                None => Err(self.mismatch(&visitor)),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// Returns the spelling of the next value, which must be a number.
    fn lexeme<V: Visitor<'de>>(&mut self, visitor: &V) -> Result<&'de str, Error> {
        match self.scan.token()? {
            b'-' | b'0'..=b'9' => self.scan.slice(Scan::pass_number),
            _ => Err(self.mismatch(visitor)),
        }
    }

    fn null<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'n' => self.scan.literal("null").and_then(|()| visitor.visit_unit()),
            _ => Err(self.mismatch(&visitor)),
        }
    }
}

macro_rules! numbers {
    ($($name:ident)+) => {
        $( #[inline]
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.number(visitor)
        } )+
    };
}

macro_rules! wide_integers {
    ($($name:ident $visit:ident $integer:ty;)+) => {
        $( fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.lexeme(&visitor)?.parse::<$integer>() {
                Ok(integer) => visitor.$visit(integer),
                Err(_) => Err(Error::expecting(&visitor)),
            }
        } )+
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any(visitor, false)
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f64
    }

    wide_integers! {
        deserialize_i128 visit_i128 i128;
        deserialize_u128 visit_u128 u128;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scan.token()? == b'{' {
            return self.number(visitor);
        }
        // Parsing it as an `f64` first would round it twice.
        match self.lexeme(&visitor)?.parse::<f32>() {
            Ok(float) if float.is_finite() => visitor.visit_f32(float),
            _ => Err(Error::expecting(&visitor)),
        }
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b't' => self.scan.literal("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.scan.literal("false").and_then(|()| visitor.visit_bool(false)),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'"' => self.visit_text(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scan.token()? != b'"' {
            return Err(self.mismatch(&visitor));
        }
        let raw = self.scan.string()?;
        if raw.escaped { visitor.visit_string(raw.decoded()?) } else { visitor.visit_borrowed_str(raw.text) }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'{' => match self.wrapper()? {
                Some(Wrapped::Bytes(bytes)) => visitor.visit_byte_buf(bytes),
                Some(Wrapped::Float(_)) => Err(Error::expecting(&visitor)),
                None => Err(self.mismatch(&visitor)),
            },
            b'[' => self.list(visitor),
            b'"' => {
                let raw = self.scan.string()?;
                if raw.escaped {
                    visitor.visit_bytes(self.text(raw)?.as_bytes())
                } else {
                    visitor.visit_borrowed_bytes(raw.text.as_bytes())
                }
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'n' => self.scan.literal("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.null(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.null(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        match name {
            VALUE => visitor.visit_newtype_struct(BytesAsBytes(self)),
            RAW => {
                self.scan.token()?;
                visitor.visit_map(Borrowed::new([RAW, self.scan.slice(Scan::skip)?]))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'[' => self.list(visitor),
            b'{' => match self.wrapper()? {
                Some(Wrapped::Bytes(bytes)) => ByteSeq::visit(bytes, visitor),
                Some(Wrapped::Float(_)) => Err(Error::expecting(&visitor)),
                None => Err(self.mismatch(&visitor)),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'{' if self.wrapper()?.is_none() => self.fields(visitor),
            b'{' => Err(Error::expecting(&visitor)),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'[' => self.list(visitor),
            _ => self.deserialize_map(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'"' => visitor.visit_enum(UnitVariant(self)),
            b'{' => {
                self.descend()?;
                let value = visitor.visit_enum(Variant::new(self))?;
                self.ascend(b'}')?;
                Ok(value)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.scan.skip()?;
        visitor.visit_unit()
    }
}

/// Reads bytes as bytes, for [`VALUE`].
struct BytesAsBytes<'a, 'de>(&'a mut Reader<'de>);

impl<'de> Deserializer<'de> for BytesAsBytes<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.any(visitor, true)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
