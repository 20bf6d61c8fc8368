//! [`Key`]: reads the name of a field into a type. Names that are not strings are spelled within quotes, as in serde_json.

use serde::de::{Deserializer, Expected, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Borrowed, UnitVariant};
use super::dialect::Dialect;
use super::error::Error;
use super::number::Number;
use super::reader::{RAW, Reader};
use super::scan::Scan;

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
