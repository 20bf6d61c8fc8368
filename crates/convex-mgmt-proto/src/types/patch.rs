//! [`Patch`]: the three states of a field in a partial update.

use serde::{Serialize, Serializer, ser};

/// The change of one field in a partial update.
///
/// It is used for fields where the API distinguishes `null` from an absent field. Every other optional field is an `Option`,
/// and `None` leaves it out.
///
/// On the wire `Keep` is an absent field, `Clear` is `null` and `Set` is the value. A struct with such a field needs
/// `#[serde(default, skip_serializing_if = "Patch::is_keep")]`. Without it, serializing `Keep` fails, because `null` would clear
/// the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leaves the field unchanged.
    #[default]
    Keep,
    /// Resets the field to its default, or removes it.
    Clear,
    /// Sets the field to this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Returns `true` if the field stays unchanged.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Returns the new value, if there is one.
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

/// `Some` sets the field and `None` clears it, as `null` does when a patch is read.
///
/// An optional field that was read, such as `DatadogConfig::service`, can therefore be written back. For an optional argument
/// whose absence means "no change", use `value.map_or(Patch::Keep, Patch::Set)`.
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

/// An absent field becomes `Keep` only with `#[serde(default)]`.
#[cfg(feature = "serde-all")]
impl<'de, T: serde::Deserialize<'de>> serde::Deserialize<'de> for Patch<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep => {
                Err(ser::Error::custom("`Patch::Keep` has no JSON form; skip the field with `skip_serializing_if`"))
            }
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
    fn each_state_has_its_form_on_the_wire() {
        let json = |expires_at| serde_json::to_string(&Update { expires_at }).unwrap();
        assert_eq!(json(Patch::Keep), "{}");
        assert_eq!(json(Patch::Clear), r#"{"expires_at":null}"#);
        assert_eq!(json(5.into()), r#"{"expires_at":5}"#);
    }

    #[test]
    fn an_option_sets_or_clears_the_field() {
        let none: Option<String> = None;
        assert_eq!([Patch::from(none), Some("a".to_owned()).into()], [Patch::Clear, Patch::Set("a".to_owned())]);
        let update = crate::deployment::log_streams::DatadogUpdate::new().service(None);
        assert_eq!(update.service, Patch::Clear);
    }

    #[test]
    fn serializing_a_kept_field_fails() {
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
        fn writes_each_field_independently(one in any_patch(), two in any_patch()) {
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
