//! [`Patch`]: the three states of a field in a partial update.

use serde::{Serialize, Serializer, ser};

/// What a partial update does with one field.
///
/// Used only for fields for which the API gives `null` a meaning of its own; every other optional field is an
/// `Option` that is left out when it is `None`.
///
/// On the wire `Keep` is an absent field, `Clear` is `null` and `Set` is the value. A struct that has such a field
/// writes it with `#[serde(default, skip_serializing_if = "Patch::is_keep")]`; writing a `Keep` without that is an
/// error, because `null` would clear the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leaves the field as it is.
    #[default]
    Keep,
    /// Resets the field to its default, or removes it.
    Clear,
    /// Gives the field this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether this leaves the field as it is.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The new value, if this sets one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

/// The field becomes exactly what the option is: `None` clears it, as `null` does when a patch is read.
///
/// So an optional field that was read, such as [`DatadogConfig::service`], can be written back. For an optional argument whose
/// absence means "no change", use `value.map_or(Patch::Keep, Patch::Set)`.
///
/// [`DatadogConfig::service`]: crate::deployment::log_streams::DatadogConfig::service
impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl From<&str> for Patch<String> {
    fn from(text: &str) -> Self {
        Self::Set(text.to_owned())
    }
}

/// An absent field is `Keep` only with `#[serde(default)]`.
#[cfg(feature = "serde-all")]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep => Err(ser::Error::custom("a field that is kept must be left out")),
            Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Serialize, Default)]
    struct Update {
        #[serde(skip_serializing_if = "Patch::is_keep")]
        expires_at: Patch<u64>,
    }

    #[test]
    fn three_states_on_the_wire() {
        let json = |expires_at| serde_json::to_string(&Update { expires_at }).unwrap();
        assert_eq!(json(Patch::Keep), "{}");
        assert_eq!(json(Patch::Clear), r#"{"expires_at":null}"#);
        assert_eq!(json(5.into()), r#"{"expires_at":5}"#);
    }

    #[test]
    fn an_option_is_the_whole_field() {
        let none: Option<String> = None;
        assert_eq!([Patch::from(none), Some("a".to_owned()).into()], [Patch::Clear, Patch::Set("a".to_owned())]);
        let update = crate::deployment::log_streams::DatadogUpdate::new().service(None);
        assert_eq!(update.service, Patch::Clear);
    }

    #[test]
    fn a_kept_field_that_is_not_left_out_is_an_error_and_not_a_null() {
        assert!(serde_json::to_string(&Patch::<u64>::Keep).is_err());
    }

    fn any_patch() -> impl Strategy<Value = Patch<String>> {
        prop_oneof![Just(Patch::Keep), Just(Patch::Clear), ".{0,8}".prop_map(Patch::Set)]
    }

    #[derive(Serialize, Default, Debug, PartialEq)]
    #[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
    struct Two {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        one: Patch<String>,
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        two: Patch<String>,
    }

    proptest! {
        #[test]
        fn each_field_is_written_for_itself(one in any_patch(), two in any_patch()) {
            let changes = Two { one, two };
            let json = serde_json::to_string(&changes).unwrap();
            let written: serde_json::Value = serde_json::from_str(&json).unwrap();
            for (name, patch) in [("one", &changes.one), ("two", &changes.two)] {
                prop_assert_eq!(written.get(name).is_none(), patch.is_keep());
                prop_assert_eq!(written.get(name).and_then(|value| value.as_str()), patch.value().map(String::as_str));
            }
            #[cfg(feature = "serde-all")]
            prop_assert_eq!(serde_json::from_str::<Two>(&json).unwrap(), changes);
        }
    }
}
