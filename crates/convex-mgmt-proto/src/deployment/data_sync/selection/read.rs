//! Deserializing a selection.

use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, Visitor, value};

use super::*;

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = Choice<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with the field `_other`, or `excluded`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Choice<T>, E> {
        let text: value::StrDeserializer<'_, E> = text.into_deserializer();
        match Inclusion::deserialize(text)? {
            Inclusion::Excluded => Ok(Choice::Excluded),
            Inclusion::Included => Err(E::custom("only `excluded` may replace the object")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choice<T>, A::Error> {
        let (mut others, mut named) = (None, BTreeMap::new());
        while let Some(name) = map.next_key::<String>()? {
            if name == OTHER {
                others = Some(map.next_value()?);
            } else {
                named.insert(name, map.next_value()?);
            }
        }
        let others = others.ok_or_else(|| A::Error::missing_field(OTHER))?;
        Ok(Choice::Part(Level { others, named }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Fields(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).and_then(|choice| match choice {
            Choice::Part(level) => Ok(Self(level)),
            Choice::Excluded => Err(D::Error::custom("a selection is an object")),
        })
    }
}

impl<'de> Deserialize<'de> for ComponentSelection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Choice::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for TableSelection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let choice = Choice::deserialize(deserializer)?;
        if let Choice::Part(columns) = &choice
            && *columns.named.get(ID).unwrap_or(&columns.others) == Inclusion::Excluded
        {
            return Err(D::Error::custom("the column `_id` must not be excluded"));
        }
        Ok(Self(choice))
    }
}

/// Reads the field of a request. An absent field selects everything; `null` is an error.
#[cfg(feature = "serde-all")]
pub(in super::super) fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Selection>, D::Error> {
    Selection::deserialize(deserializer).map(Some)
}
