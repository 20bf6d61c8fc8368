//! [`Selection`]: the documents that a data sync reads, and their fields.
//!
//! Source: convex-backend `crates/common/src/types/streaming_export/selection.rs` and
//! `crates/database/src/streaming_export_selection.rs`.

mod compare;
mod names;
mod read;

use std::collections::BTreeMap;

pub use compare::SelectionChange;
use names::{OTHER, is_column, is_identifier};
#[cfg(feature = "serde-all")]
pub(super) use read::some;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::ErrorCode;
use crate::error::Violation;

/// The column that cannot be excluded.
const ID: &str = "_id";

/// The components, tables and columns that a data sync reads. The server ignores names that do not exist, and never sends
/// system tables.
///
/// The encoded selection always has a rule for what is not named, and includes `_id`.
/// [`Operation::check`](crate::Operation::check) checks names against the server's rules.
///
/// ```
/// use convex_mgmt::deployment::data_sync::{ComponentSelection, Selection, TableSelection};
///
/// let selection = Selection::none()
///     .table("users", TableSelection::only(["name"]))
///     .component("shop/cart", ComponentSelection::all().table("drafts", TableSelection::none()));
/// assert_eq!(
///     serde_json::to_string(&selection)?,
///     r#"{"_other":"excluded","":{"_other":"excluded","users":{"_other":"excluded","_id":"included","name":"included"}},"#
///         .to_owned()
///         + r#""shop/cart":{"_other":"included","drafts":"excluded"}}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection(Level<ComponentSelection>);

/// The tables of a component that a data sync reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSelection(Choice<TableSelection>);

/// The columns of a table that a data sync reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSelection(Choice<Inclusion>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum Inclusion {
    // The server accepts the short names, too. This library does not write them.
    #[serde(alias = "incl")]
    Included,
    #[serde(alias = "excl")]
    Excluded,
}

/// The rule for a component or table: excluded, or included in part.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice<T> {
    Excluded,
    Part(Level<T>),
}

/// The rules for the names of one level, and the rule for all other names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level<T> {
    others: Inclusion,
    named: BTreeMap<String, T>,
}

impl<T> Level<T> {
    fn new(others: Inclusion) -> Self {
        Self { others, named: BTreeMap::new() }
    }
}

impl Selection {
    /// Selects everything, except for what further calls exclude.
    pub fn all() -> Self {
        Self(Level::new(Inclusion::Included))
    }

    /// Selects nothing, except for what further calls include.
    pub fn none() -> Self {
        Self(Level::new(Inclusion::Excluded))
    }

    /// Selects these tables of the root component with all their columns, and nothing else.
    pub fn only<N: Into<String>>(tables: impl IntoIterator<Item = N>) -> Self {
        tables.into_iter().fold(Self::none(), |selection, table| selection.table(table, TableSelection::all()))
    }

    /// Sets the selection for the component at `path`, such as `shop/cart`. The empty path is the root component.
    pub fn component(mut self, path: impl Into<String>, component: ComponentSelection) -> Self {
        self.0.named.insert(path.into(), component);
        self
    }

    /// Sets the selection for a table of the root component. Other tables keep their current rule.
    pub fn table(mut self, name: impl Into<String>, table: TableSelection) -> Self {
        let others = self.0.others;
        let app = || ComponentSelection(Choice::Part(Level::new(others)));
        let app = self.0.named.remove("").unwrap_or_else(app).table(name, table);
        self.component("", app)
    }

    /// Returns the violations of the server's rules.
    #[inline]
    pub(super) fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut reject = |place: String, rule: &str| {
            violations.push(Violation::new(format!("selection{place}"), ErrorCode::InvalidDataSyncSelection, rule));
        };
        for (path, component) in &self.0.named {
            let place = format!("[{path:?}]");
            if !path.is_empty() && !path.split('/').all(is_identifier) {
                reject(place.clone(), "must be identifiers separated by `/`, or empty for the root component");
            }
            let Choice::Part(tables) = &component.0 else { continue };
            for (table, columns) in &tables.named {
                let place = format!("{place}[{table:?}]");
                if !is_identifier(table) {
                    reject(
                        place.clone(),
                        "must be at most 64 letters, digits and `_`, not begin with a digit, and not be only `_`",
                    );
                }
                let Choice::Part(columns) = &columns.0 else { continue };
                for (column, inclusion) in &columns.named {
                    let place = || format!("{place}[{column:?}]");
                    if column == ID && *inclusion == Inclusion::Excluded {
                        reject(place(), "must not be excluded");
                    } else if !is_column(column) {
                        reject(
                            place(),
                            "must be printable ASCII of 1 to 1024 bytes, not begin with `$`, and not be `_other`",
                        );
                    }
                }
            }
        }
        violations
    }
}

impl ComponentSelection {
    /// Selects all tables, except for those that further calls exclude.
    pub fn all() -> Self {
        Self(Choice::Part(Level::new(Inclusion::Included)))
    }

    /// Selects no table, except for those that further calls include.
    pub fn none() -> Self {
        Self(Choice::Excluded)
    }

    /// Sets the selection for a table. Other tables keep their current rule.
    pub fn table(self, name: impl Into<String>, table: TableSelection) -> Self {
        let mut tables = match self.0 {
            Choice::Part(tables) => tables,
            Choice::Excluded => Level::new(Inclusion::Excluded),
        };
        tables.named.insert(name.into(), table);
        Self(Choice::Part(tables))
    }
}

impl TableSelection {
    /// Selects all columns, except for those that further calls exclude.
    pub fn all() -> Self {
        Self(Choice::Part(Level::new(Inclusion::Included)))
    }

    /// Excludes the table.
    pub fn none() -> Self {
        Self(Choice::Excluded)
    }

    /// Selects these columns, and `_id`.
    pub fn only<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Self {
        let mut level = Level::new(Inclusion::Excluded);
        level.named = columns.into_iter().map(|name| (name.into(), Inclusion::Included)).collect();
        level.named.insert(ID.to_owned(), Inclusion::Included);
        Self(Choice::Part(level))
    }

    /// Excludes a column. `_id` cannot be excluded. No effect if the whole table is excluded.
    pub fn without(mut self, column: impl Into<String>) -> Self {
        if let Choice::Part(columns) = &mut self.0 {
            columns.named.insert(column.into(), Inclusion::Excluded);
        }
        self
    }
}

impl<T: Serialize> Serialize for Level<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A name cannot be `_other`: that key would be written twice.
        let named = self.named.iter().filter(|(name, _)| *name != OTHER);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(OTHER, &self.others)?;
        named.into_iter().try_for_each(|(name, one)| map.serialize_entry(name, one))?;
        map.end()
    }
}

impl<T: Serialize> Serialize for Choice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Excluded => Inclusion::Excluded.serialize(serializer),
            Self::Part(level) => level.serialize(serializer),
        }
    }
}

impl Serialize for Selection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Serialize for ComponentSelection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Serialize for TableSelection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Choice::Part(columns) if columns.named.get(ID) == Some(&Inclusion::Excluded) => {
                let mut columns = columns.clone();
                columns.named.insert(ID.to_owned(), Inclusion::Included);
                columns.serialize(serializer)
            }
            choice => choice.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    fn json(selection: &Selection) -> String {
        serde_json::to_string(selection).unwrap()
    }

    fn rejected(selection: &Selection) -> Vec<String> {
        selection.violations().into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn always_sends_ids_and_the_rule_for_other_names() {
        let table = TableSelection::only(["a"]).without("a").without("_id").without("_other");
        let selection = Selection::none().table("t", table).table("_other", TableSelection::none());
        assert_eq!(
            json(&selection),
            r#"{"_other":"excluded","":{"_other":"excluded","t":{"_other":"excluded","_id":"included","a":"excluded"}}}"#
        );
        // The check reports what the encoding ignores.
        assert_eq!(
            rejected(&selection),
            [r#"selection[""]["_other"]"#, r#"selection[""]["t"]["_id"]"#, r#"selection[""]["t"]["_other"]"#]
        );
    }

    #[test]
    fn selects_only_the_named_tables_with_all_columns() {
        let only =
            r#"{"_other":"excluded","":{"_other":"excluded","a":{"_other":"included"},"b":{"_other":"included"}}}"#;
        assert_eq!(json(&Selection::only(["a", "b"])), only);
        assert_eq!(Selection::only([""; 0]), Selection::none());
    }

    #[test]
    fn a_table_of_the_root_component_keeps_the_rule_for_other_tables() {
        let selection = Selection::all().table("t", TableSelection::none());
        assert_eq!(json(&selection), r#"{"_other":"included","":{"_other":"included","t":"excluded"}}"#);
        let selection = selection.component("", ComponentSelection::none()).table("u", TableSelection::all());
        assert_eq!(json(&selection), r#"{"_other":"included","":{"_other":"excluded","u":{"_other":"included"}}}"#);
    }

    #[test]
    fn checks_names_against_the_servers_rules() {
        let table = |name: &str| rejected(&Selection::none().table(name, TableSelection::none())).len();
        for (name, wrong) in
            [("users", 0), ("_u", 0), ("u1", 0), ("", 1), ("1u", 1), ("bad-name", 1), ("__", 1), ("é", 1), ("a/b", 1)]
        {
            assert_eq!(table(name), wrong, "{name}");
        }
        assert_eq!((table(&"t".repeat(64)), table(&"t".repeat(65))), (0, 1));
        let component = |path: &str| rejected(&Selection::all().component(path, ComponentSelection::all())).len();
        for (path, wrong) in [("", 0), ("a", 0), ("a/b", 0), ("/a", 1), ("a/", 1), ("a//b", 1), ("..", 1)] {
            assert_eq!(component(path), wrong, "{path}");
        }
        let column = |name: &str| rejected(&Selection::none().table("t", TableSelection::all().without(name))).len();
        for (name, wrong) in [("a b", 0), ("_creationTime", 0), ("", 1), ("$a", 1), ("é", 1), ("\n", 1)] {
            assert_eq!(column(name), wrong, "{name}");
        }
        assert_eq!((column(&"c".repeat(1024)), column(&"c".repeat(1025))), (0, 1));
    }

    #[test]
    fn reads_its_own_json() {
        let selection = Selection::all()
            .table("t", TableSelection::all().without("a"))
            .component("c", ComponentSelection::none())
            .component("d", ComponentSelection::all().table("u", TableSelection::only(["b"])));
        assert_eq!(serde_json::from_str::<Selection>(&json(&selection)).unwrap(), selection);
        for bad in [
            "{}",
            "null",
            r#""excluded""#,
            r#"{"_other":"excluded","":"included"}"#,
            r#"{"_other":"excluded","":{"_other":"excluded","t":{"_other":"excluded","a":"included"}}}"#,
        ] {
            assert!(serde_json::from_str::<Selection>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reads_the_servers_short_names_and_writes_the_long_ones() {
        let short =
            r#"{"_other":"incl","":{"_other":"excl","t":"excl","u":{"_other":"incl","a":"excl","b":"included"}}}"#;
        let long = short.replace("\"incl\"", "\"included\"").replace("\"excl\"", "\"excluded\"");
        let selection: Selection = serde_json::from_str(short).unwrap();
        assert_eq!(selection, serde_json::from_str(&long).unwrap());
        assert_eq!(json(&selection), long);
        for bad in [r#"{"_other":"inc"}"#, r#"{"_other":"incl","":"incl"}"#, r#"{"_other":"Excl"}"#] {
            assert!(serde_json::from_str::<Selection>(bad).is_err(), "{bad}");
        }
        let no_id = r#"{"_other":"incl","":{"_other":"incl","t":{"_other":"excl"}}}"#;
        assert!(serde_json::from_str::<Selection>(no_id).is_err());
    }

    /// Names, often reserved ones.
    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof![Just("_other".to_owned()), Just("_id".to_owned()), Just(String::new()), ".{0,6}", "[a-c]"]
    }

    fn any_table() -> impl Strategy<Value = TableSelection> {
        let start = prop_oneof![
            Just(TableSelection::all()),
            Just(TableSelection::none()),
            vec(any_name(), 0..4).prop_map(TableSelection::only),
        ];
        (start, vec(any_name(), 0..4))
            .prop_map(|(start, without)| without.into_iter().fold(start, TableSelection::without))
    }

    fn any_component() -> impl Strategy<Value = ComponentSelection> {
        (any::<bool>(), vec((any_name(), any_table()), 0..4)).prop_map(|(all, tables)| {
            let start = if all { ComponentSelection::all() } else { ComponentSelection::none() };
            tables.into_iter().fold(start, |component, (name, table)| component.table(name, table))
        })
    }

    fn any_selection() -> impl Strategy<Value = Selection> {
        let steps = vec((any_name(), any_component(), any_table(), any::<bool>()), 0..4);
        (any::<bool>(), steps).prop_map(|(all, steps)| {
            let start = if all { Selection::all() } else { Selection::none() };
            steps.into_iter().fold(start, |selection, (name, component, table, of_app)| {
                if of_app { selection.table(name, table) } else { selection.component(name, component) }
            })
        })
    }

    /// The named parts of a level. `None` if it lacks the rule for other names.
    fn parts(level: &Json) -> Option<Vec<(&String, &Json)>> {
        let fields = level.as_object()?;
        let rule = fields.get("_other")?.as_str()?;
        let parts = fields.iter().filter(|(name, _)| *name != "_other");
        ["included", "excluded"].contains(&rule).then(|| parts.collect())
    }

    proptest! {
        #[test]
        fn every_level_has_its_rule_and_every_table_its_id(selection in any_selection()) {
            let text = json(&selection);
            let written: Json = serde_json::from_str(&text).unwrap();
            // Reading would drop a duplicate name.
            prop_assert_eq!(written.to_string().len(), text.len());
            for (_, component) in parts(&written).unwrap() {
                if component == "excluded" {
                    continue;
                }
                for (_, table) in parts(component).unwrap() {
                    if table == "excluded" {
                        continue;
                    }
                    let columns = parts(table).unwrap();
                    let id = columns.iter().find(|(name, _)| *name == "_id").map_or(&table["_other"], |(_, id)| id);
                    prop_assert_eq!(id, "included");
                    prop_assert!(columns.iter().all(|(_, one)| *one == "included" || *one == "excluded"));
                }
            }
            prop_assert_eq!(json(&serde_json::from_str(&text).unwrap()), text);
        }
    }
}
