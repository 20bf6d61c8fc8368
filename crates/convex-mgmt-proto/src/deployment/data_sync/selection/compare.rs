//! [`SelectionChange`]: the tables that a selection includes, and what differs between two selections.

use std::collections::BTreeSet;
use std::fmt;

use super::{Choice, ComponentSelection, ID, Inclusion, Level, OTHER, Selection, TableSelection};
use crate::deployment::data_sync::TablePath;
use crate::types::Printable;

/// The difference between two selections, in tables and columns. See [`Selection::changes_to`].
///
/// An entry is the path of a table, such as `users` or `shop/cart:drafts`, or describes tables without a rule of their own, such as
/// `all other tables`. `Display` writes the change with its effects on rows that are already stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SelectionChange {
    /// Tables that only the new selection includes. The server sends them from the beginning.
    pub added: Vec<String>,
    /// Tables that only the old selection includes. The server sends no further changes, no deletions and no truncate, so their
    /// stored rows stay as they are.
    pub removed: Vec<String>,
    /// Tables of both selections whose columns differ. The server does not send stored rows again, so a row keeps its old columns
    /// until its document changes.
    pub columns: Vec<String>,
}

impl SelectionChange {
    /// Returns `true` if the selections include the same tables and columns.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.only_adds()
    }

    /// Returns `true` if the new selection only adds tables, or changes nothing. A copy is right again after the next pages.
    pub fn only_adds(&self) -> bool {
        self.removed.is_empty() && self.columns.is_empty()
    }
}

impl fmt::Display for SelectionChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("adds", &self.added, "synced from the beginning"),
            ("removes", &self.removed, "stored rows stay and are no longer updated"),
            ("changes columns of", &self.columns, "stored rows keep their old columns"),
        ];
        let mut separator = "";
        for (verb, tables, effect) in parts.into_iter().filter(|(_, tables, _)| !tables.is_empty()) {
            write!(f, "{separator}{verb} {} ({effect})", Printable(&tables.join(", ")))?;
            separator = "; ";
        }
        Ok(())
    }
}

/// The rule for what a component or table contains.
enum Rule<'a, T> {
    Nothing,
    Everything,
    Part(&'a Level<T>),
}

// The derived implementation would require `T: Copy`.
impl<T> Clone for Rule<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rule<'_, T> {}

impl<T> Rule<'_, T> {
    fn names(&self) -> impl Iterator<Item = &str> {
        let level = if let Self::Part(level) = self { Some(&level.named) } else { None };
        level.into_iter().flat_map(|named| named.keys()).map(String::as_str).filter(|name| *name != OTHER)
    }
}

impl<T> Level<T> {
    /// Returns the rule for a name; `None` is the rule for all names without a rule.
    fn rule<'a, U>(&'a self, name: Option<&str>, choice: impl Fn(&'a T) -> &'a Choice<U>) -> Rule<'a, U> {
        match name.filter(|name| *name != OTHER).and_then(|name| self.named.get(name)).map(choice) {
            Some(Choice::Excluded) => Rule::Nothing,
            Some(Choice::Part(level)) => Rule::Part(level),
            None if self.others == Inclusion::Included => Rule::Everything,
            None => Rule::Nothing,
        }
    }
}

impl Selection {
    /// Returns `true` if the selection includes at least the `_id` of the documents of `table`.
    #[inline]
    pub fn includes(&self, table: &TablePath) -> bool {
        !matches!(columns(self.tables(Some(table.component())), Some(table.table())), Rule::Nothing)
    }

    /// Returns what differs if `new` replaces this selection in the middle of a sync.
    ///
    /// ```
    /// use convex_mgmt::deployment::data_sync::{Selection, TableSelection};
    ///
    /// let old = Selection::only(["users", "orders"]);
    /// let new = Selection::only(["users", "carts"]).table("users", TableSelection::all().without("email"));
    /// let change = old.changes_to(&new);
    /// assert_eq!((change.added, change.removed, change.columns), (
    ///     vec!["carts".to_owned()],
    ///     vec!["orders".to_owned()],
    ///     vec!["users".to_owned()],
    /// ));
    /// ```
    #[inline]
    pub fn changes_to(&self, new: &Selection) -> SelectionChange {
        let mut change = SelectionChange::default();
        let names = |selection: &Selection| selection.0.named.keys().filter(|name| *name != OTHER).cloned().collect();
        for component in each(names(self), names(new)) {
            let (old, new) = (self.tables(component.as_deref()), new.tables(component.as_deref()));
            let names = |rule: &Rule<'_, TableSelection>| rule.names().map(str::to_owned).collect();
            for table in each(names(&old), names(&new)) {
                let (old, new) = (columns(old, table.as_deref()), columns(new, table.as_deref()));
                let list = match (old, new) {
                    (Rule::Nothing, Rule::Nothing) => continue,
                    (Rule::Nothing, _) => &mut change.added,
                    (_, Rule::Nothing) => &mut change.removed,
                    (old, new) if same_columns(old, new) => continue,
                    _ => &mut change.columns,
                };
                list.push(place(component.as_deref(), table.as_deref()));
            }
        }
        change
    }

    fn tables(&self, component: Option<&str>) -> Rule<'_, TableSelection> {
        self.0.rule(component, |ComponentSelection(choice)| choice)
    }
}

fn columns<'a>(tables: Rule<'a, TableSelection>, table: Option<&str>) -> Rule<'a, Inclusion> {
    match tables {
        Rule::Nothing => Rule::Nothing,
        Rule::Everything => Rule::Everything,
        Rule::Part(level) => level.rule(table, |TableSelection(choice)| choice),
    }
}

/// The names with a rule on either side, and `None` for all others.
#[inline]
fn each(old: BTreeSet<String>, new: BTreeSet<String>) -> impl Iterator<Item = Option<String>> {
    old.into_iter().chain(new).collect::<BTreeSet<_>>().into_iter().map(Some).chain([None])
}

#[inline]
fn same_columns(old: Rule<'_, Inclusion>, new: Rule<'_, Inclusion>) -> bool {
    let includes = |rule: Rule<'_, Inclusion>, column: Option<&str>| match rule {
        Rule::Nothing => false,
        Rule::Everything => true,
        Rule::Part(_) if column == Some(ID) => true,
        Rule::Part(level) => {
            *column.and_then(|column| level.named.get(column)).unwrap_or(&level.others) == Inclusion::Included
        }
    };
    let names = |rule: Rule<'_, Inclusion>| rule.names().map(str::to_owned).collect();
    each(names(old), names(new)).all(|column| includes(old, column.as_deref()) == includes(new, column.as_deref()))
}

#[inline]
fn place(component: Option<&str>, table: Option<&str>) -> String {
    match (component, table) {
        (Some(component), Some(table)) => TablePath::new(component, table).to_string(),
        (Some(""), None) => "all other tables".to_owned(),
        (Some(component), None) => format!("all other tables of {component}"),
        (None, _) => "all tables of other components".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(selection: &Selection, component: &str, table: &str) -> bool {
        selection.includes(&TablePath::new(component, table))
    }

    #[test]
    fn a_table_is_included_by_its_own_rule_or_that_for_other_names() {
        let selection = Selection::none()
            .table("a", TableSelection::only(["x"]))
            .component("shop", ComponentSelection::all().table("b", TableSelection::none()))
            .component("cart", ComponentSelection::none());
        for (component, table, expected) in [
            ("", "a", true),
            ("", "b", false),
            ("shop", "a", true),
            ("shop", "b", false),
            ("shop/cart", "a", false),
            ("cart", "a", false),
            ("other", "a", false),
        ] {
            assert_eq!(includes(&selection, component, table), expected, "{component}:{table}");
        }
        assert!(includes(&Selection::all(), "any", "any") && !includes(&Selection::none(), "", "any"));
    }

    fn change(old: &Selection, new: &Selection) -> (Vec<String>, Vec<String>, Vec<String>) {
        let SelectionChange { added, removed, columns } = old.changes_to(new);
        (added, removed, columns)
    }

    #[test]
    fn different_spellings_of_one_selection_do_not_differ() {
        let spelled = Selection::all()
            .table("a", TableSelection::all())
            .component("shop", ComponentSelection::all().table("b", TableSelection::all()))
            .table("c", TableSelection::all().without("_id"));
        assert!(Selection::all().changes_to(&spelled).is_empty() && spelled.changes_to(&Selection::all()).is_empty());
        let none = Selection::none().component("shop", ComponentSelection::none()).table("a", TableSelection::none());
        assert!(Selection::none().changes_to(&none).is_empty());
        let ids = TableSelection::only([""; 0]);
        let twice = Selection::only(["a"]).table("a", ids.clone().without("x"));
        assert!(Selection::none().table("a", ids).changes_to(&twice).is_empty());
    }

    #[test]
    fn names_added_and_removed_tables_and_changed_columns() {
        let (all, none) = (Selection::all(), Selection::none());
        let others = ["all other tables of shop", "all tables of other components"].map(str::to_owned).to_vec();
        let shop = none.clone().component("shop", ComponentSelection::none());
        assert_eq!(change(&all, &shop), (vec![], others.clone(), vec![]));
        assert_eq!(change(&shop, &all), (others, vec![], vec![]));
        let some = all.clone().table("a", TableSelection::all().without("x"));
        assert_eq!(change(&all, &some), (vec![], vec![], vec!["a".to_owned()]));
        let less = all.clone().table("a", TableSelection::none());
        assert_eq!(change(&some, &less), (vec![], vec!["a".to_owned()], vec![]));
        let only = TableSelection::only(["x"]);
        let (old, new) =
            (none.clone().table("a", only.clone()), none.table("a", only).table("b", TableSelection::all()));
        assert!(old.changes_to(&new).only_adds() && !new.changes_to(&old).only_adds());
        assert_eq!(
            new.changes_to(&Selection::only(["a", "c"])).to_string(),
            "adds c (synced from the beginning); removes b (stored rows stay and are no longer updated); \
             changes columns of a (stored rows keep their old columns)"
        );
    }
}
