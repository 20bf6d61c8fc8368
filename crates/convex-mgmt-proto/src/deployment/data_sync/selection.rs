//! [`Selection`]: which documents a data sync gives, and what of them.
//!
//! Source: convex-backend `crates/common/src/types/streaming_export/selection.rs` and
//! `crates/database/src/streaming_export_selection.rs`.

mod names;

use std::collections::BTreeMap;

use names::{OTHER, is_column, is_identifier};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::error::ErrorCode;
use crate::error::Violation;

/// The one column that cannot be left out.
const ID: &str = "_id";
/// Which components, tables and columns a data sync gives. Names that do not exist are no error; system tables are never
/// given.
///
/// Whatever is called on it, what is sent has a rule for all that is not named, and includes `_id`. Names are held against
/// the server's rules by [`Operation::check`](crate::Operation::check).
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

/// Which tables of a component are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSelection(Choice<TableSelection>);

/// Which columns of a table are given, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSelection(Choice<Inclusion>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
enum Inclusion {
    // The server reads the short names too, and writes neither.
    #[cfg_attr(feature = "serde-all", serde(alias = "incl"))]
    Included,
    #[cfg_attr(feature = "serde-all", serde(alias = "excl"))]
    Excluded,
}

/// Nothing of a component or table, or part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice<T> {
    Excluded,
    Part(Level<T>),
}

/// What holds for those that are named, and for all others.
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
    /// Everything, less what is named.
    pub fn all() -> Self {
        Self(Level::new(Inclusion::Included))
    }

    /// Nothing but what is named.
    pub fn none() -> Self {
        Self(Level::new(Inclusion::Excluded))
    }

    /// These tables of the app itself with all columns, and nothing else.
    pub fn only<N: Into<String>>(tables: impl IntoIterator<Item = N>) -> Self {
        tables.into_iter().fold(Self::none(), |selection, table| selection.table(table, TableSelection::all()))
    }

    /// Of the component at this path, such as `shop/cart`: this. The empty path is the app itself.
    pub fn component(mut self, path: impl Into<String>, component: ComponentSelection) -> Self {
        self.0.named.insert(path.into(), component);
        self
    }

    /// Of this table of the app itself: this. Its other tables stay as they are.
    pub fn table(mut self, name: impl Into<String>, table: TableSelection) -> Self {
        let others = self.0.others;
        let app = || ComponentSelection(Choice::Part(Level::new(others)));
        let app = self.0.named.remove("").unwrap_or_else(app).table(name, table);
        self.component("", app)
    }

    /// What the server would refuse.
    pub(super) fn problems(&self) -> Vec<Violation> {
        let mut problems = Vec::new();
        let mut refuse = |place: String, rule: &str| {
            problems.push(Violation::new(format!("selection{place}"), ErrorCode::InvalidDataSyncSelection, rule));
        };
        for (path, component) in &self.0.named {
            let place = format!("[{path:?}]");
            if !path.is_empty() && !path.split('/').all(is_identifier) {
                refuse(place.clone(), "must be identifiers with `/` between them, or empty for the app itself");
            }
            let Choice::Part(tables) = &component.0 else { continue };
            for (table, columns) in &tables.named {
                let place = format!("{place}[{table:?}]");
                if !is_identifier(table) {
                    refuse(
                        place.clone(),
                        "must be letters, digits and `_`, at most 64, not first a digit and not only `_`",
                    );
                }
                let Choice::Part(columns) = &columns.0 else { continue };
                for (column, inclusion) in &columns.named {
                    let place = || format!("{place}[{column:?}]");
                    if column == ID && *inclusion == Inclusion::Excluded {
                        refuse(place(), "cannot be left out");
                    } else if !is_column(column) {
                        refuse(
                            place(),
                            "must be printable ASCII of 1 to 1024 bytes, not begin with `$`, and not be `_other`",
                        );
                    }
                }
            }
        }
        problems
    }
}

impl ComponentSelection {
    /// All tables, less those that are named.
    pub fn all() -> Self {
        Self(Choice::Part(Level::new(Inclusion::Included)))
    }

    /// No table but those that are named.
    pub fn none() -> Self {
        Self(Choice::Excluded)
    }

    /// Of this table: this.
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
    /// All columns, less those that are named.
    pub fn all() -> Self {
        Self(Choice::Part(Level::new(Inclusion::Included)))
    }

    /// Nothing of the table.
    pub fn none() -> Self {
        Self(Choice::Excluded)
    }

    /// These columns, and `_id`.
    pub fn only<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Self {
        let mut level = Level::new(Inclusion::Excluded);
        level.named = columns.into_iter().map(|name| (name.into(), Inclusion::Included)).collect();
        level.named.insert(ID.to_owned(), Inclusion::Included);
        Self(Choice::Part(level))
    }

    /// Leaves a column out. `_id` cannot be left out, and nothing can of what is not given at all.
    pub fn without(mut self, column: impl Into<String>) -> Self {
        if let Choice::Part(columns) = &mut self.0 {
            columns.named.insert(column.into(), Inclusion::Excluded);
        }
        self
    }
}

impl<T: Serialize> Serialize for Level<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Nothing can be called `_other`, which would be there twice.
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

#[cfg(feature = "serde-all")]
mod read {
    //! Reading a selection back.

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
                Inclusion::Included => Err(E::custom("only `excluded` stands for itself")),
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
                return Err(D::Error::custom("the column `_id` cannot be left out"));
            }
            Ok(Self(choice))
        }
    }

    /// An absent selection is everything; one that is `null` is refused.
    pub(in super::super) fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Selection>, D::Error> {
        Selection::deserialize(deserializer).map(Some)
    }
}
#[cfg(feature = "serde-all")]
pub(super) use read::some;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    fn json(selection: &Selection) -> String {
        serde_json::to_string(selection).unwrap()
    }

    fn refused(selection: &Selection) -> Vec<String> {
        selection.problems().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn ids_and_the_rule_for_others_cannot_be_left_out() {
        let table = TableSelection::only(["a"]).without("a").without("_id").without("_other");
        let selection = Selection::none().table("t", table).table("_other", TableSelection::none());
        assert_eq!(
            json(&selection),
            r#"{"_other":"excluded","":{"_other":"excluded","t":{"_other":"excluded","_id":"included","a":"excluded"}}}"#
        );
        // What was asked for and cannot be is not passed over.
        assert_eq!(
            refused(&selection),
            [r#"selection[""]["_other"]"#, r#"selection[""]["t"]["_id"]"#, r#"selection[""]["t"]["_other"]"#]
        );
    }

    #[test]
    fn only_the_named_tables_are_given_whole() {
        let only =
            r#"{"_other":"excluded","":{"_other":"excluded","a":{"_other":"included"},"b":{"_other":"included"}}}"#;
        assert_eq!(json(&Selection::only(["a", "b"])), only);
        assert_eq!(Selection::only([""; 0]), Selection::none());
    }

    #[test]
    fn a_table_of_the_app_keeps_the_rule_for_the_others() {
        let selection = Selection::all().table("t", TableSelection::none());
        assert_eq!(json(&selection), r#"{"_other":"included","":{"_other":"included","t":"excluded"}}"#);
        let selection = selection.component("", ComponentSelection::none()).table("u", TableSelection::all());
        assert_eq!(json(&selection), r#"{"_other":"included","":{"_other":"excluded","u":{"_other":"included"}}}"#);
    }

    #[test]
    fn names_are_held_against_the_servers_rules() {
        let table = |name: &str| refused(&Selection::none().table(name, TableSelection::none())).len();
        for (name, wrong) in
            [("users", 0), ("_u", 0), ("u1", 0), ("", 1), ("1u", 1), ("bad-name", 1), ("__", 1), ("é", 1), ("a/b", 1)]
        {
            assert_eq!(table(name), wrong, "{name}");
        }
        assert_eq!((table(&"t".repeat(64)), table(&"t".repeat(65))), (0, 1));
        let component = |path: &str| refused(&Selection::all().component(path, ComponentSelection::all())).len();
        for (path, wrong) in [("", 0), ("a", 0), ("a/b", 0), ("/a", 1), ("a/", 1), ("a//b", 1), ("..", 1)] {
            assert_eq!(component(path), wrong, "{path}");
        }
        let column = |name: &str| refused(&Selection::none().table("t", TableSelection::all().without(name))).len();
        for (name, wrong) in [("a b", 0), ("_creationTime", 0), ("", 1), ("$a", 1), ("é", 1), ("\n", 1)] {
            assert_eq!(column(name), wrong, "{name}");
        }
        assert_eq!((column(&"c".repeat(1024)), column(&"c".repeat(1025))), (0, 1));
    }

    #[cfg(feature = "serde-all")]
    #[test]
    fn a_selection_is_read_back() {
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

    #[cfg(feature = "serde-all")]
    #[test]
    fn the_servers_short_names_are_read_and_not_written() {
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

    /// Names, with those that stand for something else more often than by chance.
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

    /// The parts of a level that is written in full: of one without a rule for the others, there are none.
    fn parts(level: &Json) -> Option<Vec<(&String, &Json)>> {
        let fields = level.as_object()?;
        let rule = fields.get("_other")?.as_str()?;
        let parts = fields.iter().filter(|(name, _)| *name != "_other");
        ["included", "excluded"].contains(&rule).then(|| parts.collect())
    }

    proptest! {
        #[test]
        fn whatever_is_called_every_level_has_its_rule_and_every_table_its_id(selection in any_selection()) {
            let text = json(&selection);
            let written: Json = serde_json::from_str(&text).unwrap();
            // A name that is there twice would be lost in reading.
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
            #[cfg(feature = "serde-all")]
            prop_assert_eq!(json(&serde_json::from_str(&text).unwrap()), text);
        }
    }
}
