//! [`Reader`]: reads JSON into types, including the wrappers of the export encoding.

mod access;
mod by_hand;

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer, Expected, Visitor};
use serde::forward_to_deserialize_any;

use self::access::{Borrowed, ByteSeq, Fields, List, NoInteger, UnitVariant, Variant};
use super::dialect::{BYTES, Dialect, FLOAT, INTEGER, SECRET, VALUE};
use super::error::Error;
use super::number::Number;
use super::scan::Scan;

/// The name of the newtype by which `serde_json::value::RawValue` requests its text.
pub(super) const RAW: &str = "$serde_json::private::RawValue";

/// The maximum depth of lists and objects that are read into types. The same as in serde_json.
const DEPTH: u8 = 127;

/// A reader at a position in its text.
pub(crate) struct Reader<'de, D> {
    pub(super) scan: Scan<'de>,
    /// The buffer for a decoded string, until the next string with escapes.
    scratch: String,
    pub(super) depth: u8,
    dialect: PhantomData<D>,
}

/// The value of a wrapper.
enum Wrapped {
    Float(f64),
    Bytes(Vec<u8>),
}

impl<'de, D: Dialect> Reader<'de, D> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { scan: Scan::new(text), scratch: String::new(), depth: 0, dialect: PhantomData }
    }

    /// Returns the offset of the next byte to read.
    #[cfg(feature = "webhook")]
    pub(super) fn offset(&self) -> usize {
        self.scan.place
    }

    /// Checks that only white space is left. This is a call, because the code of each type contains it.
    #[inline(never)]
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let mut read = Ok(());
        if self.depth > 0 {
            // The type hid an error, as `T::deserialize(..).ok()` does, and the reader is still there.
            self.scan.place = 0;
            read = self.scan.skip();
        }
        read.and_then(|()| self.scan.end()).map_err(|error| self.outermost(error))
    }

    /// Sets the offset of an error that no nested value set.
    #[cold]
    pub(super) fn outermost(&self, error: Error) -> Error {
        let text = self.scan.text;
        error.at(text.len() - text.trim_ascii_start().len(), self.scan.place)
    }

    /// Returns the error for a value that `visitor` does not expect. It skips the value, so that a caller of
    /// `T::deserialize(..).ok()` continues after it.
    #[cold]
    fn mismatch(&mut self, expected: &dyn Expected) -> Error {
        self.scan.skip().err().unwrap_or_else(|| Error::expecting(expected))
    }

    /// Enters the list or object that is next: a list for `[`, and for `{` an object that is not a wrapper. This is a call, because the code
    /// of each type contains it.
    #[inline(never)]
    fn enter(&mut self, bracket: u8, expected: &dyn Expected) -> Result<(), Error> {
        match self.scan.token()? {
            byte if byte != bracket => Err(self.mismatch(expected)),
            b'{' if self.wrapper()?.is_some() => Err(Error::expecting(expected)),
            _ => self.descend(),
        }
    }

    /// Enters a list or object at its opening bracket.
    pub(super) fn descend(&mut self) -> Result<(), Error> {
        if self.depth == DEPTH {
            return Err(Error::syntax());
        }
        self.depth += 1;
        self.scan.bump();
        Ok(())
    }

    /// Leaves a list or object at its closing bracket.
    pub(super) fn ascend(&mut self, close: u8) -> Result<(), Error> {
        if self.scan.token()? != close {
            // Elements that the visitor did not read are an error of the length and not of the syntax.
            return Err(if self.scan.peek() == Some(b',') { Error::shape("fewer elements") } else { Error::syntax() });
        }
        self.depth -= 1;
        self.scan.bump();
        Ok(())
    }

    /// Reads a list that is next.
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.enter(b'[', &visitor)?;
        let value = visitor.visit_seq(List::new(self))?;
        self.ascend(b']')?;
        Ok(value)
    }

    /// Reads the fields of an object after its opening bracket.
    fn fields<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_map(Fields::new(self))?;
        self.ascend(b'}')?;
        Ok(value)
    }

    /// Reads the object whose opening bracket is next if it is a wrapper, which the name of its first field decides.
    #[inline]
    fn wrapper(&mut self) -> Result<Option<Wrapped>, Error> {
        if D::IS_EXPORT && self.scan.first_field_may_be_special() { self.special_wrapper() } else { Ok(None) }
    }

    fn special_wrapper(&mut self) -> Result<Option<Wrapped>, Error> {
        let start = self.scan.place;
        self.scan.bump();
        self.scan.token()?;
        let is_float = match self.text()? {
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
        // The error does not quote the content, which may be secret.
        let bytes = STANDARD.decode(self.text()?).map_err(|_| Error::shape("base64"))?;
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

    /// Reads the next string.
    fn text(&mut self) -> Result<&str, Error> {
        Ok(self.scan.text(&mut self.scratch)?.unwrap_or(&self.scratch))
    }

    /// Reads the next string, borrowed if it has no escapes.
    #[inline]
    pub(super) fn visit_text<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.scan.text(&mut self.scratch)? {
            Some(text) => visitor.visit_borrowed_str(text),
            None => visitor.visit_str(&self.scratch),
        }
    }

    /// Reads a secret: not through the scratch buffer, which nobody wipes.
    fn secret<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if self.scan.token()? != b'"' {
            return Err(self.mismatch(&visitor));
        }
        let raw = self.scan.string()?;
        if raw.escaped { visitor.visit_string(raw.decoded()?) } else { visitor.visit_borrowed_str(raw.text) }
    }

    /// Reads the next value by its spelling. Bytes become a list of `u8` unless `as_bytes` is set: serde buffers values through
    /// this function, and a `Vec<u8>` is only read from a buffered list.
    fn any<V: Visitor<'de>>(&mut self, visitor: V, as_bytes: bool) -> Result<V::Value, Error> {
        match self.scan.token()? {
            b'"' => self.visit_text(visitor),
            b'{' => match self.wrapper()? {
                None => {
                    self.descend()?;
                    self.fields(visitor)
                }
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
                Number::Large(_) if D::IS_EXPORT && as_bytes => Err(Error::shape(INTEGER)),
                Number::Large(_) if D::IS_EXPORT => {
                    visitor.visit_map(NoInteger { was_read: false }).map_err(|_| Error::shape(INTEGER))
                }
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
        if self.scan.null()? { visitor.visit_unit() } else { Err(self.mismatch(&visitor)) }
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

impl<'de, D: Dialect> Deserializer<'de> for &mut Reader<'de, D> {
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
        self.deserialize_str(visitor)
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
            b'"' => match self.scan.text(&mut self.scratch)? {
                Some(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
                None => visitor.visit_bytes(self.scratch.as_bytes()),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.scan.null()? { visitor.visit_none() } else { visitor.visit_some(self) }
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
            VALUE if D::IS_EXPORT => visitor.visit_newtype_struct(BytesAsBytes(self)),
            SECRET => self.secret(visitor),
            RAW => {
                self.scan.token()?;
                visitor.visit_map(Borrowed::new([RAW, self.scan.slice(Scan::skip)?]))
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if D::IS_EXPORT && self.scan.token()? == b'{' {
            return match self.wrapper()? {
                Some(Wrapped::Bytes(bytes)) => ByteSeq::visit(bytes, visitor),
                Some(Wrapped::Float(_)) => Err(Error::expecting(&visitor)),
                None => Err(self.mismatch(&visitor)),
            };
        }
        self.list(visitor)
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
        self.enter(b'{', &visitor)?;
        self.fields(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // The code for this is half of a struct's code, so that only documents have it.
        if D::IS_EXPORT && self.scan.token()? == b'[' {
            return self.list(visitor);
        }
        self.deserialize_map(visitor)
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
struct BytesAsBytes<'a, 'de, D>(&'a mut Reader<'de, D>);

impl<'de, D: Dialect> Deserializer<'de> for BytesAsBytes<'_, 'de, D> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.any(visitor, true)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
