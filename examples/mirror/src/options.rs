//! The arguments of the program `mirror`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use convex_mgmt::deployment::data_sync::{ComponentSelection, Selection, TableSelection};
use convex_mgmt::sync::{OldRows, OnSelectionChange};
use lexopt::prelude::*;

use crate::columns::{Columns, table_path};

/// The help of the program.
pub const USAGE: &str = "\
Mirrors the documents of a Convex deployment to a database, and follows their changes.

usage: mirror [--url URL] [--database FILE] [options]

  --url URL             the deployment, such as https://happy-animal-123.convex.cloud. CONVEX_DEPLOY_KEY is its key. Without
                        --url, the program mirrors a deployment in its own memory, which has made-up data that changes
  --documents N         the number of documents of the deployment in memory (default 2000)
  --writes RATE         its changes per second (default 5; 0 for none)
  --database FILE       the SQLite database (default mirror.db)
  --tables LIST         mirrors these tables only, such as users,shop/cart/items: the part before the last slash is the component
  --exclude LIST        mirrors all tables except these
  --columns TABLE:LIST  adds columns with the values of fields, such as users:name,age=int64. The types are any (default), text,
                        int64, float64, boolean and bytes. May be repeated. Columns of earlier runs stay
  --once                stops when the copy is up to date
  --poll SECONDS        the pause after a page that is up to date (default 10; 1 for the deployment in memory)
  --restart             begins a new copy. The old rows stay readable until the new copy is complete
  --old-rows HOW        the old rows when a new copy begins: keep (until the new copy is complete; default) or delete (at once)
  --on-selection-change HOW
                        when --tables or --exclude select less than in the run before: fail (default), restart or continue
  --rows-without-checkpoint HOW
                        when the database has rows but no checkpoint: keep (until the new copy is complete) or delete (at once)
  -h, --help            shows this help

Ctrl-C or SIGTERM stops after the current commit. A second one stops at once, which is safe, too: rows and position belong to one
transaction.

Exit status: 0 stopped by a signal, or up to date with --once; 1 the deployment or the database failed; 2 invalid arguments; 3 another
program mirrors to the same database; 4 the database needs a decision by an option, which the error names; 5 stopped by a signal before
--once was up to date; 130 stopped by a second signal.
";

/// Where the documents come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// The deployment at this URL.
    Url(String),
    /// A deployment in the memory of this program.
    Memory {
        /// The number of documents.
        documents: usize,
        /// The number of changes per second. 0 for none.
        writes: f64,
    },
}

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The source.
    pub from: Origin,
    /// The file of the database.
    pub database: PathBuf,
    /// The tables to mirror.
    pub selection: Selection,
    /// The extra columns.
    pub columns: Columns,
    /// Stop when the copy is up to date.
    pub once: bool,
    /// The pause after a page that is up to date.
    pub poll: Duration,
    /// Begin a new copy.
    pub restart: bool,
    /// The old rows when a new copy begins.
    pub old_rows: OldRows,
    /// The reaction to a smaller selection.
    pub on_selection_change: OnSelectionChange,
    /// The rows of a database without a checkpoint.
    pub rows_without_checkpoint: Option<OldRows>,
}

impl Options {
    /// Reads the arguments of the program. Returns `None` if the help is requested.
    ///
    /// # Errors
    /// A text that names the argument.
    pub fn read(mut parser: lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let (mut url, mut documents, mut writes, mut poll) = (None, None, None, None);
        let (mut tables, mut exclude) = (None, None);
        let mut options = Self {
            from: Origin::Memory { documents: 2000, writes: 5.0 },
            database: PathBuf::from("mirror.db"),
            selection: Selection::all(),
            columns: Columns::new(),
            once: false,
            poll: Duration::from_secs(10),
            restart: false,
            old_rows: OldRows::default(),
            on_selection_change: OnSelectionChange::default(),
            rows_without_checkpoint: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("url") => url = Some(parser.value()?.string()?),
                Long("documents") => documents = Some(parser.value()?.parse()?),
                Long("writes") => writes = Some(number("--writes", &parser.value()?.string()?)?),
                Long("database") => options.database = database(parser.value()?)?,
                Long("tables") => tables = Some(parser.value()?.string()?),
                Long("exclude") => exclude = Some(parser.value()?.string()?),
                Long("columns") => {
                    options.columns.add(&parser.value()?.string()?).map_err(|error| error.to_string())?;
                }
                Long("once") => options.once = true,
                Long("poll") => poll = Some(number("--poll", &parser.value()?.string()?)?),
                Long("restart") => options.restart = true,
                Long("old-rows") => options.old_rows = old_rows("--old-rows", &parser.value()?.string()?)?,
                Long("on-selection-change") => {
                    options.on_selection_change = match parser.value()?.string()?.as_str() {
                        "fail" => OnSelectionChange::Fail,
                        "restart" => OnSelectionChange::Restart,
                        "continue" => OnSelectionChange::Continue,
                        other => {
                            let choices = "fail, restart or continue";
                            return Err(format!("--on-selection-change is {choices}, not '{other}'").into());
                        }
                    };
                }
                Long("rows-without-checkpoint") => {
                    let how = old_rows("--rows-without-checkpoint", &parser.value()?.string()?)?;
                    options.rows_without_checkpoint = Some(how);
                }
                other => return Err(other.unexpected()),
            }
        }
        options.from = match url {
            Some(_) if documents.is_some() || writes.is_some() => {
                return Err("--documents and --writes are for the deployment in memory, without --url".into());
            }
            Some(url) => Origin::Url(url),
            None => Origin::Memory { documents: documents.unwrap_or(2000), writes: writes.unwrap_or(5.0) },
        };
        let usual = if matches!(options.from, Origin::Memory { .. }) { 1.0 } else { 10.0 };
        options.poll =
            Duration::try_from_secs_f64(poll.unwrap_or(usual)).map_err(|_| "--poll has too many seconds".to_owned())?;
        options.selection = match (tables, exclude) {
            (Some(_), Some(_)) => return Err("--tables and --exclude exclude each other".into()),
            (Some(list), None) => selection("--tables", &list, true)?,
            (None, Some(list)) => selection("--exclude", &list, false)?,
            (None, None) => Selection::all(),
        };
        Ok(Some(options))
    }
}

fn database(value: std::ffi::OsString) -> Result<PathBuf, lexopt::Error> {
    if value.is_empty() {
        return Err("--database needs the path of a file".into());
    }
    Ok(value.into())
}

fn number(option: &str, text: &str) -> Result<f64, lexopt::Error> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("{option} is a number of 0 or more, not '{text}'").into())
}

fn old_rows(option: &str, text: &str) -> Result<OldRows, lexopt::Error> {
    match text {
        "keep" => Ok(OldRows::KeepUntilComplete),
        "delete" => Ok(OldRows::DeleteFirst),
        _ => Err(format!("{option} is keep or delete, not '{text}'").into()),
    }
}

/// Selects only the tables of a list, or all other tables.
fn selection(option: &str, list: &str, only: bool) -> Result<Selection, lexopt::Error> {
    let mut components: BTreeMap<String, ComponentSelection> = BTreeMap::new();
    for name in list.split(',').map(str::trim) {
        let path = table_path(name)
            .ok_or_else(|| format!("{option} is a list such as users,shop/cart/items, not '{list}'"))?;
        let start = || if only { ComponentSelection::none() } else { ComponentSelection::all() };
        let component = components.remove(&*path.component).unwrap_or_else(start);
        let table = if only { TableSelection::all() } else { TableSelection::none() };
        components.insert(path.component.to_string(), component.table(&*path.table, table));
    }
    let start = if only { Selection::none() } else { Selection::all() };
    Ok(components.into_iter().fold(start, |selection, (path, component)| selection.component(path, component)))
}

#[cfg(test)]
mod tests {
    use convex_mgmt::deployment::data_sync::TablePath;

    use super::*;

    fn read(arguments: &[&str]) -> Result<Option<Options>, String> {
        let parser = lexopt::Parser::from_iter(["mirror"].iter().chain(arguments));
        Options::read(parser).map_err(|error| error.to_string())
    }

    #[test]
    fn mirrors_a_deployment_in_memory_unless_a_url_is_named() {
        let options = read(&[]).unwrap().unwrap();
        assert_eq!(options.from, Origin::Memory { documents: 2000, writes: 5.0 });
        assert_eq!((options.database, options.poll), (PathBuf::from("mirror.db"), Duration::from_secs(1)));
        let options = read(&["--url", "https://a.convex.cloud", "--database", "b.db"]).unwrap().unwrap();
        assert_eq!(options.from, Origin::Url("https://a.convex.cloud".to_owned()));
        assert_eq!((options.database, options.poll), (PathBuf::from("b.db"), Duration::from_secs(10)));
        assert_eq!(read(&["--once", "-h"]), Ok(None));
    }

    #[test]
    fn selects_the_named_tables_of_each_component() {
        let includes = |arguments: &[&str]| {
            let selection = read(arguments).unwrap().unwrap().selection;
            [("", "users"), ("", "orders"), ("shop/cart", "items"), ("shop/cart", "users"), ("other", "users")]
                .map(|(component, table)| selection.includes(&TablePath::new(component, table)))
        };
        assert_eq!(includes(&["--tables", "users,shop/cart/items"]), [true, false, true, false, false]);
        assert_eq!(includes(&["--exclude", "users, shop/cart/items"]), [false, true, false, true, true]);
    }

    #[test]
    fn errors_name_the_argument() {
        for (arguments, part) in [
            (&["--poll", "x"][..], "--poll"),
            (&["--poll", "1e300"], "--poll"),
            (&["--writes", "-1"], "--writes"),
            (&["--tables", "a,"], "--tables"),
            (&["--tables", "a", "--exclude", "b"], "--exclude"),
            (&["--old-rows", "maybe"], "--old-rows"),
            (&["--on-selection-change", "x"], "--on-selection-change"),
            (&["--rows-without-checkpoint", "x"], "--rows-without-checkpoint"),
            (&["--columns", "users"], "--columns"),
            (&["--url", "https://a.convex.cloud", "--documents", "1"], "--documents"),
            (&["--database", ""], "--database"),
            (&["--frequency", "1"], "--frequency"),
            (&["--database"], "--database"),
        ] {
            let error = read(arguments).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
