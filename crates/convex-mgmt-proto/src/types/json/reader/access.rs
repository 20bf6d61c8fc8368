//! The accessors through which serde reads lists, objects, their names, and enums.

use std::vec;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{RAW, Reader};
use crate::types::json::dialect::Dialect;
use crate::types::json::error::{Error, Segment};
use crate::types::json::number::Number;
use crate::types::json::scan::Scan;

/// The elements of a list.
pub(super) struct List<'a, 'de, D> {
    reader: &'a mut Reader<'de, D>,
    index: usize,
}

impl<'a, 'de, D: Dialect> List<'a, 'de, D> {
    pub(super) fn new(reader: &'a mut Reader<'de, D>) -> Self {
        Self { reader, index: 0 }
    }

    /// Goes to the next element. Returns `false` at the end of the list.
    #[inline]
    fn advance(&mut self) -> Result<bool, Error> {
        let scan = &mut self.reader.scan;
        match scan.token()? {
            b']' => return Ok(false),
            b',' if self.index > 0 => {
                scan.bump();
                if scan.token()? == b']' {
                    return Err(Error::syntax());
                }
            }
            _ if self.index > 0 => return Err(Error::syntax()),
            _ => {}
        }
        self.index += 1;
        Ok(true)
    }

    /// Reads the next element with `read`.
    #[inline]
    pub(super) fn element<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'de, D>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        let start = self.reader.scan.place;
        match read(self.reader) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(self.located(error, start)),
        }
    }

    /// Adds the current element to an error, with the offset `start` of its value.
    #[cold]
    fn located(&self, error: Error, start: usize) -> Error {
        error.at(start, self.reader.scan.place).within(|| Segment::Element(self.index - 1))
    }
}

impl<'de, D: Dialect> SeqAccess<'de> for List<'_, 'de, D> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.element(|reader| seed.deserialize(reader))
    }
}

/// The fields of an object.
pub(crate) struct Fields<'a, 'de, D> {
    reader: &'a mut Reader<'de, D>,
    /// The offset of the current field's name. 0 before the first field.
    name: usize,
}

impl<'a, 'de, D: Dialect> Fields<'a, 'de, D> {
    pub(super) fn new(reader: &'a mut Reader<'de, D>) -> Self {
        Self { reader, name: 0 }
    }

    /// Goes to the name of the next field. Returns `false` at the end of the object.
    #[inline]
    fn advance(&mut self) -> Result<bool, Error> {
        let scan = &mut self.reader.scan;
        match scan.token()? {
            b'}' => return Ok(false),
            b',' if self.name > 0 => {
                scan.bump();
                if scan.token()? != b'"' {
                    return Err(Error::syntax());
                }
            }
            b'"' if self.name == 0 => {}
            _ => return Err(Error::syntax()),
        }
        self.name = scan.place;
        Ok(true)
    }

    /// Skips the colon and reads the value of the current field.
    #[inline]
    pub(crate) fn value<T>(&mut self, read: impl FnOnce(&mut Reader<'de, D>) -> Result<T, Error>) -> Result<T, Error> {
        self.reader.scan.expect(b':')?;
        match read(self.reader) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.value_located(error)),
        }
    }

    /// Adds the current field to an error of its value.
    #[cold]
    fn value_located(&self, error: Error) -> Error {
        self.located(error, self.reader.scan.value_of(self.name))
    }

    /// Adds the current field to an error, with the offset `start` of its name or value.
    #[cold]
    fn located(&self, error: Error, start: usize) -> Error {
        let scan = &self.reader.scan;
        error.at(start, scan.place).within(|| scan.segment_at(self.name))
    }
}

impl<'de, D: Dialect> MapAccess<'de> for Fields<'_, 'de, D> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if !self.advance()? {
            return Ok(None);
        }
        match seed.deserialize(Key(self.reader)) {
            Ok(name) => Ok(Some(name)),
            Err(error) => Err(self.located(error, self.name)),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        self.value(|reader| seed.deserialize(reader))
    }
}

/// An enum variant that is spelled as an object with one field.
pub(super) struct Variant<'a, 'de, D>(Fields<'a, 'de, D>);

impl<'a, 'de, D: Dialect> Variant<'a, 'de, D> {
    pub(super) fn new(reader: &'a mut Reader<'de, D>) -> Self {
        Self(Fields::new(reader))
    }
}

impl<'de, D: Dialect> EnumAccess<'de> for Variant<'_, 'de, D> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = self.0.next_key_seed(seed)?.ok_or_else(|| Error::shape("one field"))?;
        Ok((name, self))
    }
}

impl<'de, D: Dialect> VariantAccess<'de> for Variant<'_, 'de, D> {
    type Error = Error;

    fn unit_variant(mut self) -> Result<(), Error> {
        self.0.value(|reader| Deserialize::deserialize(reader))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(mut self, seed: S) -> Result<S::Value, Error> {
        self.0.value(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.0.value(|reader| reader.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.value(|reader| reader.deserialize_struct("", fields, visitor))
    }
}

/// An enum variant that is spelled as its name.
pub(super) struct UnitVariant<'a, 'de, D>(pub(super) &'a mut Reader<'de, D>);

impl<'de, D: Dialect> EnumAccess<'de> for UnitVariant<'_, 'de, D> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = seed.deserialize(Key(self.0))?;
        Ok((name, self))
    }
}

impl<'de, D: Dialect> VariantAccess<'de> for UnitVariant<'_, 'de, D> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _seed: S) -> Result<S::Value, Error> {
        Err(Error::shape("an object with the variant's content"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::shape("an object with the variant's content"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _fields: &'static [&'static str], _visitor: V) -> Result<V::Value, Error> {
        Err(Error::shape("an object with the variant's content"))
    }
}

/// The stand-in for an integer of more than 64 bits that serde buffers: an object whose only key is NaN. Serde can skip it, but
/// no type reads it.
pub(super) struct NoInteger {
    pub(super) was_read: bool,
}

impl<'de> MapAccess<'de> for NoInteger {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if std::mem::replace(&mut self.was_read, true) {
            return Ok(None);
        }
        seed.deserialize(f64::NAN.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(().into_deserializer())
    }
}

/// Bytes as a list of `u8`. No number in JSON is passed as a `u8`, so a Convex value can distinguish buffered bytes
/// from a list of numbers.
pub(super) struct ByteSeq(vec::IntoIter<u8>);

impl ByteSeq {
    /// Passes all bytes to a visitor.
    pub(super) fn visit<'de, V: Visitor<'de>>(bytes: Vec<u8>, visitor: V) -> Result<V::Value, Error> {
        let mut seq = Self(bytes.into_iter());
        let value = visitor.visit_seq(&mut seq)?;
        if seq.0.len() > 0 { Err(Error::shape("fewer elements")) } else { Ok(value) }
    }
}

impl<'de> SeqAccess<'de> for ByteSeq {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.0.next().map(|byte| seed.deserialize(byte.into_deserializer())).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// Two slices of the text, as a list of two strings or as an object with one field.
pub(super) struct Borrowed<'de>(std::array::IntoIter<&'de str, 2>);

impl<'de> Borrowed<'de> {
    pub(super) fn new(texts: [&'de str; 2]) -> Self {
        Self(texts.into_iter())
    }
}

impl<'de> SeqAccess<'de> for Borrowed<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.0.next().map(|text| seed.deserialize(BorrowedStrDeserializer::new(text))).transpose()
    }
}

impl<'de> MapAccess<'de> for Borrowed<'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        self.next_element_seed(seed)?.ok_or_else(Error::syntax)
    }
}

/// A reader at the name of a field.
pub(super) struct Key<'a, 'de, D>(pub(super) &'a mut Reader<'de, D>);

impl<'de, D: Dialect> Key<'_, 'de, D> {
    /// Returns the name and its number. Any other name, and one with more than a number, is an error.
    fn number(self, expected: &dyn Expected) -> Result<(&'de str, Number<'de>), Error> {
        let name = self.0.scan.string()?.text;
        let mut scan = Scan::new(name);
        if let Some(b'-' | b'0'..=b'9') = scan.peek()
            && let Ok(number) = scan.number()
            && scan.peek().is_none()
        {
            return Ok((name, number));
        }
        Err(Error::expecting(expected))
    }
}

macro_rules! numbers {
    ($($name:ident)+) => {
        $( fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.number(&visitor)?.1.visit(visitor)
        } )+
    };
}

/// Implements the methods for numbers that are parsed from their spelling.
macro_rules! spelled {
    ($($name:ident $visit:ident $number:ty;)+) => {
        $( fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.number(&visitor)?.0.parse::<$number>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(Error::expecting(&visitor)),
            }
        } )+
    };
}

impl<'de, D: Dialect> Deserializer<'de> for Key<'_, 'de, D> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.visit_text(visitor)
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f64
    }

    spelled! {
        deserialize_i128 visit_i128 i128;
        deserialize_u128 visit_u128 u128;
        deserialize_f32 visit_f32 f32;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.scan.string()?.text {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Error::expecting(&visitor)),
        }
    }

    /// A name is never `null`.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name == RAW {
            let text = self.0.scan.slice(|scan| scan.string().map(drop))?;
            return visitor.visit_map(Borrowed::new([RAW, text]));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(UnitVariant(self.0))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_bytes(visitor)
    }

    forward_to_deserialize_any! {
        char str string unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
