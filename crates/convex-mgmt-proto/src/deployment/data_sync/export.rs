//! [`Export`]: reads the JSON that data sync writes documents in, which has wrappers for what JSON lacks.

use std::fmt;

use serde::de::value::{SeqDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::value::{self, Value};

/// Whether a number without point and exponent is none of 64 bits. A reader of JSON would take it for a float.
pub(super) fn has_impossible_integer(json: &str) -> bool {
    let mut rest = json.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        match first {
            b'"' => rest = after_string(tail),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9' | b'e' | b'E');
                let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                let (number, tail) = rest.split_at(length);
                let integer = std::str::from_utf8(number).unwrap_or_default();
                let is_float = integer.contains(['.', 'e', 'E']);
                if !is_float && (integer == "-0" || integer.parse::<i64>().is_err()) {
                    return true;
                }
                rest = tail;
            }
            _ => rest = tail,
        }
    }
    false
}

fn after_string(mut rest: &[u8]) -> &[u8] {
    loop {
        match rest {
            [b'\\', _, tail @ ..] | [b'\\', tail @ ..] => rest = tail,
            [b'"', tail @ ..] => return tail,
            [_, tail @ ..] => rest = tail,
            [] => return rest,
        }
    }
}

/// A reader, or a visitor, with the wrappers `{"$float"}` and `{"$bytes"}` in it read as what they stand for.
pub(super) struct Export<T>(pub(super) T);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Export<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Export(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Export(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Export(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Export(visitor))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Export(BytesAsSeq(visitor)))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Export(TextOnly(visitor)))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        tuple_struct map struct identifier
    }
}

/// Passes scalars on to the visitor inside.
macro_rules! pass_on {
    ($($name:ident($content:ty)),+ $(,)?) => {
        $( fn $name<E: de::Error>(self, content: $content) -> Result<V::Value, E> {
            self.0.$name(content)
        } )+
    };
}

/// Everything a visitor is told of JSON but lists and objects.
macro_rules! pass_on_scalars {
    () => {
        type Value = V::Value;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(f)
        }

        pass_on! {
            visit_bool(bool), visit_i64(i64), visit_i128(i128), visit_u64(u64), visit_u128(u128), visit_f64(f64),
            visit_str(&str), visit_borrowed_str(&'de str), visit_string(String),
        }

        fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
            self.0.visit_none()
        }

        fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
            self.0.visit_unit()
        }
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Export<V> {
    pass_on_scalars! {}
    pass_on! { visit_bytes(&[u8]), visit_byte_buf(Vec<u8>) }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Export(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Export(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Export(seq))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let first = map.next_key::<String>()?;
        let Some(name) = first.as_deref().filter(|name| [value::FLOAT, value::BYTES].contains(name)) else {
            return self.0.visit_map(Fields { first, map });
        };
        let content = value::wrapped(name, &map.next_value::<String>()?)?;
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(de::Error::custom("invalid wrapper, expected one field"));
        }
        match content {
            Value::Bytes(bytes) => self.0.visit_byte_buf(bytes),
            Value::Float64(value) => self.0.visit_f64(value),
            _ => Err(de::Error::custom("invalid wrapper, expected a float or bytes")),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Export(variant))
    }
}

/// A visitor that asked for a list, and gets bytes as one.
struct BytesAsSeq<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for BytesAsSeq<V> {
    pass_on_scalars! {}

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<V::Value, E> {
        self.0.visit_seq(SeqDeserializer::new(bytes.into_iter()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}

/// A visitor that asked for a text, and would take bytes for one.
struct TextOnly<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for TextOnly<V> {
    pass_on_scalars! {}
}

/// The fields of an object of which the first name was looked at already.
struct Fields<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(name) => {
                let name: StringDeserializer<A::Error> = name.into_deserializer();
                seed.deserialize(name).map(Some)
            }
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(Export(seed))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Export<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Export(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Export<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Export(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Export<A> {
    type Error = A::Error;
    type Variant = Export<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(name, content)| (name, Export(content)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Export<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Export(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Export(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Export(visitor))
    }
}
