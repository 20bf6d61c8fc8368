//! What of the data a sync wants, as convex-backend's `crates/database/src/streaming_export_selection.rs` has it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::value::Document;
use crate::error::Refusal;

/// What of the components, tables and columns a sync wants.
pub(super) type Selection = Level<Choice<Choice<Inclusion>>>;

/// Whether something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub(super) enum Inclusion {
    #[serde(rename = "included", alias = "incl")]
    Included,
    #[serde(rename = "excluded", alias = "excl")]
    Excluded,
}

/// Nothing of a component or table, or part of it.
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

/// What holds for those that are named, and for all others.
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

/// Which columns of a selected table are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Columns<'a> {
    All,
    Some(&'a Level<Inclusion>),
}

impl Columns<'_> {
    /// What is wanted of a document.
    pub(super) fn of(self, document: &Document) -> Document {
        match self {
            Self::All => document.clone(),
            Self::Some(columns) => {
                let wanted = document.iter().filter(|(name, _)| columns.includes(name));
                wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
        }
    }
}

impl Default for Selection {
    /// Everything.
    fn default() -> Self {
        Self { other: Inclusion::Included, named: BTreeMap::new() }
    }
}

impl Selection {
    /// The wanted columns of a table, if the table is wanted. System tables never are.
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

    /// Refuses names that nothing can have, and tables without ids.
    pub(super) fn validate(&self) -> Result<(), Refusal> {
        for (path, component) in &self.named {
            if !path.is_empty() && !path.split('/').all(is_identifier) {
                return Err(refused(format!("`{path}` is no path of a component")));
            }
            let Choice::Part(tables) = component else { continue };
            for (table, columns) in &tables.named {
                if !is_identifier(table) {
                    return Err(refused(format!("`{table}` is no name of a table")));
                }
                let Choice::Part(columns) = columns else { continue };
                if let Some(column) = columns.named.keys().find(|column| !is_column(column)) {
                    return Err(refused(format!("`{column}` is no name of a column")));
                }
                if !columns.includes("_id") {
                    return Err(refused(format!("the ids of `{table}` are left out")));
                }
            }
        }
        Ok(())
    }
}

fn refused(message: String) -> Refusal {
    Refusal::bad_request("InvalidDataSyncSelection", message)
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
