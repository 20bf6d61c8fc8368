//! The names of tables and columns in the database: unique, whatever its case rules, and short enough.

use std::collections::BTreeSet;

use convex_mgmt::deployment::data_sync::TablePath;

/// The maximum length of a name in bytes: that of PostgreSQL. SQLite has no limit.
pub const MAX_NAME: usize = 63;

/// The columns that every mirrored table has.
pub const OWN_COLUMNS: [&str; 4] = ["_id", "_creationTime", "_generation", "_document"];

/// The column names that PostgreSQL reserves in every table, and those with which SQLite numbers the rows.
const SYSTEM_COLUMNS: [&str; 8] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "rowid", "oid"];

/// Names that are in use. Upper and lower case are equal, because SQLite does not distinguish them.
///
/// Both databases use these rules, so that a query works in both.
#[derive(Clone, Debug, Default)]
pub struct Names {
    used: BTreeSet<String>,
}

impl Names {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates the set for the columns of a mirrored table.
    pub fn of_columns() -> Self {
        let mut names = Self::new();
        OWN_COLUMNS.into_iter().chain(SYSTEM_COLUMNS).for_each(|name| names.reserve(name));
        names
    }

    /// Marks a name as used.
    pub fn reserve(&mut self, name: &str) {
        self.used.insert(name.to_ascii_lowercase());
    }

    /// Returns a name for a table, and marks it as used.
    ///
    /// It is the name of the table; with the path of a component before it, as in `shop__cart__items`. A name in use gets a
    /// suffix that depends on the path. Tables of Convex cannot begin with `_`, so a name never begins with `_convex`.
    pub fn table(&mut self, path: &TablePath) -> String {
        let (component, table) = (path.component(), path.table());
        let full = match component {
            "" => table.to_string(),
            component => format!("{}__{table}", component.replace('/', "__")),
        };
        self.choose(&full, &format!("{component}:{table}"))
    }

    /// Returns a name for the column of a field, and marks it as used.
    pub fn column(&mut self, field: &str) -> String {
        self.choose(field, field)
    }

    /// Returns the first free one of several names. `key` identifies the table or field.
    fn choose(&mut self, name: &str, key: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let reserved = lower.starts_with('_') || lower.starts_with("sqlite_") || name.is_empty();
        let name = if reserved { format!("t_{name}") } else { name.to_owned() };
        let hash = hash(key);
        let suffixed = |suffix: &str| {
            let mut end = name.len().min(MAX_NAME - suffix.len());
            while !name.is_char_boundary(end) {
                end -= 1;
            }
            format!("{}{suffix}", &name[..end])
        };
        let mut candidate = if name.len() > MAX_NAME { suffixed(&format!("_{hash:08x}")) } else { name.clone() };
        let mut turn = 0_u32;
        while self.used.contains(&candidate.to_ascii_lowercase()) {
            turn += 1;
            let suffix = if turn == 1 { format!("_{hash:08x}") } else { format!("_{hash:08x}_{turn}") };
            candidate = suffixed(&suffix);
        }
        self.reserve(&candidate);
        candidate
    }
}

/// Returns the 32 upper bits of an FNV-1a hash, which never changes between versions.
pub(crate) fn hash(text: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// Returns a name in double quotes, for SQL text.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &mut Names, component: &str, table: &str) -> String {
        names.table(&TablePath::new(component, table))
    }

    #[test]
    fn names_a_table_like_convex_with_its_component_before_it() {
        let mut names = Names::new();
        assert_eq!(table(&mut names, "", "userProfiles"), "userProfiles");
        assert_eq!(table(&mut names, "shop/cart", "items"), "shop__cart__items");
    }

    #[test]
    fn tables_that_differ_in_case_only_have_different_names_in_every_case() {
        let mut names = Names::new();
        let all = ["Users", "users", "USERS"].map(|name| table(&mut names, "", name));
        assert_eq!(all[0], "Users");
        let lower: BTreeSet<_> = all.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(lower.len(), 3, "{all:?}");
    }

    #[test]
    fn tables_of_a_component_and_of_the_root_never_share_a_name() {
        let mut names = Names::new();
        let all: BTreeSet<_> = [("a", "b__c"), ("a/b", "c"), ("", "a__b__c"), ("a__b", "c")]
            .map(|(component, name)| table(&mut names, component, name).to_ascii_lowercase())
            .into();
        assert_eq!(all.len(), 4, "{all:?}");
    }

    #[test]
    fn long_names_are_cut_and_stay_unique() {
        let mut names = Names::new();
        let component = "c".repeat(64);
        let all: BTreeSet<_> = ["one", "two"].map(|name| table(&mut names, &component, name)).into();
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|name| name.len() <= MAX_NAME), "{all:?}");
    }

    #[test]
    fn avoids_the_names_that_a_database_reserves_and_those_of_the_mirror() {
        let mut names = Names::new();
        for (component, name) in [("", "sqlite_master"), ("", "SQLITE_x"), ("_convex", "tables"), ("_", "x")] {
            let name = table(&mut names, component, name).to_ascii_lowercase();
            assert!(!name.starts_with("sqlite_") && !name.starts_with('_'), "{name}");
        }
        names.reserve("orders");
        assert_ne!(table(&mut names, "", "Orders").to_ascii_lowercase(), "orders", "a table of another program");
    }

    #[test]
    fn a_full_set_still_yields_a_free_name() {
        let mut names = Names::new();
        let path = TablePath::new("", "t".repeat(64).as_str());
        let all: BTreeSet<_> = (0..20).map(|_| names.table(&path)).collect();
        assert_eq!(all.len(), 20);
        assert!(all.iter().all(|name| name.len() <= MAX_NAME));
    }

    #[test]
    fn columns_avoid_those_that_every_table_has() {
        let mut names = Names::of_columns();
        let all = ["name", "Name", "XMIN", "_id", "_Document", "two words", "q\"uote"].map(|name| names.column(name));
        assert_eq!((all[0].as_str(), all[5].as_str()), ("name", "two words"));
        let lower: BTreeSet<_> = all.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(lower.len(), all.len());
        assert!(!lower.contains("xmin") && !lower.contains("_id") && !lower.contains("_document"), "{all:?}");
    }

    #[test]
    fn quotes_names_for_sql() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
