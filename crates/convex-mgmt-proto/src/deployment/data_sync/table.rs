//! [`TablePath`]: the path of a table. The values of a page share the paths of its tables.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::types::Printable;

/// The path of a table: its component and its name. A clone shares the text.
///
/// Paths are ordered by component and then by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TablePath(Arc<Names>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename = "TablePath")]
struct Names {
    component: Box<str>,
    table: Box<str>,
}

impl TablePath {
    /// Creates the path. An empty `component` is the root component.
    pub fn new(component: impl Into<Box<str>>, table: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Names { component: component.into(), table: table.into() }))
    }

    /// Returns the path of the component, such as `shop/cart`. Empty for the root component.
    pub fn component(&self) -> &str {
        &self.0.component
    }

    /// Returns the name of the table.
    pub fn table(&self) -> &str {
        &self.0.table
    }
}

impl fmt::Display for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.component().is_empty() {
            write!(f, "{}:", Printable(self.component()))?;
        }
        Printable(self.table()).fmt(f)
    }
}

impl fmt::Debug for TablePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Names { component, table } = &*self.0;
        f.debug_struct("TablePath").field("component", component).field("table", table).finish()
    }
}

impl<'de> Deserialize<'de> for TablePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Names::deserialize(deserializer).map(|names| Self(Arc::new(names)))
    }
}

#[cfg(feature = "serde-all")]
impl serde::Serialize for TablePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The tables of a page so far. Entries of several tables may alternate.
#[derive(Default)]
pub(super) struct Tables {
    last: Option<TablePath>,
    /// Sorted.
    all: Vec<TablePath>,
}

impl Tables {
    /// Returns the table of an entry.
    pub(super) fn path(&mut self, component: &str, table: &str) -> TablePath {
        if let Some(last) = &self.last
            && last.table() == table
            && last.component() == component
        {
            return last.clone();
        }
        let found = self.all.binary_search_by(|known| (known.component(), known.table()).cmp(&(component, table)));
        let known = found.ok().and_then(|place| self.all.get(place)).cloned();
        let path = known.unwrap_or_else(|| {
            let new = TablePath::new(component, table);
            self.all.insert(found.unwrap_or_else(|place| place), new.clone());
            new
        });
        self.last.insert(path).clone()
    }
}
