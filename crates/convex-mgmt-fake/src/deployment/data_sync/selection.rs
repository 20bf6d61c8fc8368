//! [`Selection`]: the components, tables and columns of a data sync. Source: convex-backend's
//! `crates/database/src/streaming_export_selection.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::value::Document;
use crate::api::ApiError;

/// The selected components, tables and columns.
pub(super) type Selection = Level<Choice<Choice<Inclusion>>>;

/// The rule for an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub(super) enum Inclusion {
    #[serde(rename = "included", alias = "incl")]
    Included,
    #[serde(rename = "excluded", alias = "excl")]
    Excluded,
}

/// The selection of a component or table: nothing, or parts of it.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Choice<T> {
    Nothing(Excluded),
    Part(Level<T>),
}

#[derive(Debug, serde::Deserialize)]
pub(super) enum Excluded {
    #[serde(rename = "excluded")]
    Excluded,
}

/// The rules for named items, and the rule for all others.
#[derive(Debug)]
pub(super) struct Level<T> {
    other: Inclusion,
    named: BTreeMap<String, T>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Level<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Level<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `_other`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Level<T>, A::Error> {
                let (mut other, mut named) = (None, BTreeMap::new());
                while let Some(name) = map.next_key::<String>()? {
                    if name != "_other" {
                        named.insert(name, map.next_value()?);
                    } else if other.replace(map.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field("_other"));
                    }
                }
                let other = other.ok_or_else(|| A::Error::missing_field("_other"))?;
                Ok(Level { other, named })
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

impl Level<Inclusion> {
    fn includes(&self, name: &str) -> bool {
        self.named.get(name).copied().unwrap_or(self.other) == Inclusion::Included
    }
}

/// The selected columns of a table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Columns<'a> {
    All,
    Some(&'a Level<Inclusion>),
}

impl Columns<'_> {
    /// Returns the selected fields of a document. `None` is all of them.
    pub(super) fn of(self, document: &Document) -> Option<Document> {
        let Self::Some(columns) = self else { return None };
        let selected = document.iter().filter(|(name, _)| columns.includes(name));
        Some(selected.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

impl Default for Selection {
    /// Selects everything.
    fn default() -> Self {
        Self { other: Inclusion::Included, named: BTreeMap::new() }
    }
}

impl Selection {
    /// Returns the selected columns of a table, if the table is selected. System tables cannot be selected.
    pub(super) fn columns(&self, component: &str, table: &str) -> Option<Columns<'_>> {
        let all = |other: Inclusion| (other == Inclusion::Included).then_some(Columns::All);
        if table.starts_with('_') {
            return None;
        }
        match self.named.get(component) {
            None => all(self.other),
            Some(Choice::Nothing(_)) => None,
            Some(Choice::Part(tables)) => match tables.named.get(table) {
                None => all(tables.other),
                Some(Choice::Nothing(_)) => None,
                Some(Choice::Part(columns)) => Some(Columns::Some(columns)),
            },
        }
    }

    /// Rejects invalid names, and selections of tables without `_id`.
    pub(super) fn validate(&self) -> Result<(), ApiError> {
        for (path, component) in &self.named {
            if !path.is_empty() && !path.split('/').all(is_identifier) {
                return Err(invalid(format!("`{path}` is not a component path")));
            }
            let Choice::Part(tables) = component else { continue };
            for (table, columns) in &tables.named {
                if !is_identifier(table) {
                    return Err(invalid(format!("`{table}` is not a table name")));
                }
                let Choice::Part(columns) = columns else { continue };
                if let Some(column) = columns.named.keys().find(|column| !is_column(column)) {
                    return Err(invalid(format!("`{column}` is not a column name")));
                }
                if !columns.includes("_id") {
                    return Err(invalid(format!("the selection of `{table}` excludes `_id`")));
                }
            }
        }
        Ok(())
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::bad_request("InvalidDataSyncSelection", message)
}

fn is_identifier(name: &str) -> bool {
    let bytes = name.as_bytes();
    name.len() <= 64
        && bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        && bytes.iter().any(|byte| *byte != b'_')
}

fn is_column(name: &str) -> bool {
    name.len() <= 1024 && !name.starts_with('$') && name.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}
