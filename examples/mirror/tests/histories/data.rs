//! The tables, documents and selections that histories are made of.

use std::collections::BTreeMap;

use convex_mgmt::deployment::data_sync::{ComponentSelection, Selection, TableSelection};
use convex_mgmt_fake::{Document, Value};

/// The number of a table in [`TABLES`].
pub(crate) type Table = usize;

/// The tables of a deployment: component and name. Two differ in case only, and three have one name.
pub(crate) const TABLES: [(&str, &str); 5] =
    [("", "users"), ("", "Users"), ("", "orders"), ("shop", "users"), ("shop/cart", "users")];
/// A table that no deployment has.
pub(crate) const GHOST: (&str, &str) = ("", "ghost");
/// The columns that a selection may name. No document has the last one.
pub(crate) const COLUMNS: [&str; 5] = ["_creationTime", "n", "text", "more", "missing"];

/// Returns the number of a table.
pub(crate) fn table_of(component: &str, name: &str) -> Option<Table> {
    TABLES.iter().position(|table| *table == (component, name))
}

/// Returns the id of the document with this key. It stays the same if the table is replaced.
pub(crate) fn id(table: Table, key: u8) -> String {
    format!("{table}{key:031}")
}

/// Returns a version of a document. Versions differ in their values, and in their fields.
pub(crate) fn document(table: Table, key: u8, version: u16) -> Document {
    let floats = [1.0, -0.0, 0.1, 1e21, 1e-7, 5e-324, -1.5, f64::NAN, f64::INFINITY];
    let texts = ["", "plain", "a\u{0}b", "\"quoted\"\\\n", "ü\u{1f600}\u{2028}", "1.0"];
    let at = usize::from(version);
    let mut document = Document::from([
        ("_id".to_owned(), Value::String(id(table, key))),
        ("_creationTime".to_owned(), Value::Float64(1_755_000_000_000.25 + f64::from(key))),
        ("n".to_owned(), Value::Int64(i64::from(version))),
    ]);
    if !version.is_multiple_of(3) {
        document.insert("text".to_owned(), Value::String(texts[at % texts.len()].to_owned()));
    }
    let float = Value::Float64(floats[at % floats.len()]);
    let more = match version % 5 {
        0 => Value::Null,
        1 => Value::Array(vec![Value::Int64(1), Value::Float64(1.0), float]),
        2 => Value::Bytes(vec![0, 255, key]),
        3 => Value::Object([("in side".to_owned(), float), ("big".to_owned(), Value::Int64(i64::MIN))].into()),
        _ => Value::Bool(true),
    };
    document.insert("more".to_owned(), more);
    document
}

/// The columns that a selection includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    None,
    All,
    Only(Vec<&'static str>),
    Without(Vec<&'static str>),
}

impl Columns {
    /// Returns the text of the document with these columns, as the server spells it.
    pub(crate) fn of(&self, document: &Document) -> String {
        let includes = |column: &str| match self {
            Self::None => false,
            Self::All => true,
            Self::Only(columns) => column == "_id" || columns.contains(&column),
            Self::Without(columns) => !columns.contains(&column),
        };
        let included: BTreeMap<_, _> = document.iter().filter(|(column, _)| includes(column)).collect();
        serde_json::to_string(&included).unwrap()
    }

    fn selection(&self) -> TableSelection {
        match self {
            Self::None => TableSelection::none(),
            Self::All => TableSelection::all(),
            Self::Only(columns) => TableSelection::only(columns.iter().copied()),
            Self::Without(columns) => columns.iter().fold(TableSelection::all(), |all, column| all.without(*column)),
        }
    }
}

/// A selection, with its own rules for tables and the rule for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    pub(crate) others: bool,
    pub(crate) tables: BTreeMap<Table, Columns>,
}

impl Pick {
    /// Everything.
    pub(crate) fn all() -> Self {
        Self { others: true, tables: BTreeMap::new() }
    }

    /// Returns the columns of a table.
    pub(crate) fn columns(&self, table: Table) -> Columns {
        let others = if self.others { Columns::All } else { Columns::None };
        self.tables.get(&table).cloned().unwrap_or(others)
    }

    /// Returns `true` if the table is included.
    pub(crate) fn includes(&self, table: Table) -> bool {
        self.columns(table) != Columns::None
    }

    /// Returns `true` if a copy of this selection is not right for `new` after reading on.
    pub(crate) fn needs_restart_for(&self, new: &Self) -> bool {
        let differs = |table| self.includes(table) && !same_columns(&self.columns(table), &new.columns(table));
        (0..TABLES.len()).any(differs) || (self.others && !new.others)
    }

    /// Returns the selection of the library.
    pub(crate) fn selection(&self) -> Selection {
        let mut selection = if self.others { Selection::all() } else { Selection::none() };
        let mut components: BTreeMap<&str, ComponentSelection> = BTreeMap::new();
        for (table, columns) in &self.tables {
            let (component, name) = TABLES[*table];
            if component.is_empty() {
                selection = selection.table(name, columns.selection());
                continue;
            }
            let others = if self.others { ComponentSelection::all() } else { ComponentSelection::none() };
            let tables = components.remove(component).unwrap_or(others);
            components.insert(component, tables.table(name, columns.selection()));
        }
        components.into_iter().fold(selection, |selection, (path, tables)| selection.component(path, tables))
    }
}

/// Returns `true` if both include the same columns of any document.
fn same_columns(one: &Columns, two: &Columns) -> bool {
    let includes = |columns: &Columns, column: &str| match columns {
        Columns::None => false,
        Columns::All => true,
        Columns::Only(columns) => columns.contains(&column),
        Columns::Without(columns) => !columns.contains(&column),
    };
    let others = |columns: &Columns| matches!(columns, Columns::All | Columns::Without(_));
    (*one == Columns::None) == (*two == Columns::None)
        && others(one) == others(two)
        && COLUMNS.iter().all(|column| includes(one, column) == includes(two, column))
}
