//! The arguments of the program `mirror`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use convex_mgmt::TeamId;
use convex_mgmt::deployment::data_sync::{ComponentSelection, Selection, TableSelection};
use convex_mgmt::sync::{OldRows, OnSelectionChange};
use lexopt::prelude::*;

use crate::columns::{Columns, table_path};

/// The help of the program.
pub const USAGE: &str = "\
Mirrors the documents of a Convex deployment to a database, and follows their changes.

usage: mirror [--url URL] [--database FILE or URL] [options]
       mirror --deployments FILE or --team ID --database URL [options]

  --url URL             the deployment, such as https://happy-animal-123.convex.cloud. CONVEX_DEPLOY_KEY is its key. Without
                        --url, the program mirrors a deployment in its own memory, which has made-up data that changes
  --documents N         the number of documents of the deployment in memory (default 2000)
  --writes RATE         its changes per second (default 5; 0 for none)
  --database FILE       the SQLite database (default mirror.db)
  --database URL        a PostgreSQL database, such as postgres://USER@HOST/DATABASE. The connection has no TLS
  --schema NAME         the schema in PostgreSQL (default: the name of the deployment)
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

Many deployments, with PostgreSQL. Any number of these processes share the work, on any number of machines:
  --deployments FILE    mirrors the deployments of a file: in each line a URL, a space, and a deploy key
  --team ID             mirrors the cloud deployments of a team. CONVEX_ACCESS_TOKEN is a token that may read their data
  --management-url URL  the Management API (default https://api.convex.dev)
  --at-once N           the number of deployments that this process mirrors at the same time (default 8)

Ctrl-C or SIGTERM stops after the current commit. A second one stops at once, which is safe, too: rows and position belong to one
transaction.

Exit status: 0 stopped by a signal, or up to date with --once; 1 the deployment or the database failed; 2 invalid arguments; 3 another
program mirrors to the same database; 4 the database needs a decision by an option, which the error names; 5 stopped by a signal before
--once was up to date; 130 stopped by a second signal.
";

/// The source of the documents.
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

/// The deployments that a worker mirrors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManyFrom {
    /// Those of this file.
    File(PathBuf),
    /// Those of a team.
    Team {
        /// The team.
        id: TeamId,
        /// The URL of the Management API.
        management_url: String,
    },
}

/// The arguments of a worker for many deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many {
    /// The deployments.
    pub from: ManyFrom,
    /// The number of deployments at the same time.
    pub at_once: usize,
}

/// The arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The source.
    pub from: Origin,
    /// The deployments of a worker. They are in place of `from`.
    pub many: Option<Many>,
    /// The file of the SQLite database, or the URL of a PostgreSQL database.
    pub database: PathBuf,
    /// The schema in PostgreSQL.
    pub schema: Option<String>,
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
        let (mut deployments, mut team, mut management_url, mut at_once) = (None, None, None, None);
        let mut options = Self {
            from: Origin::Memory { documents: 2000, writes: 5.0 },
            many: None,
            database: PathBuf::from("mirror.db"),
            schema: None,
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
                Long("schema") => options.schema = Some(parser.value()?.string()?),
                Long("deployments") => deployments = Some(PathBuf::from(parser.value()?)),
                Long("team") => team = Some(TeamId(parser.value()?.parse()?)),
                Long("management-url") => management_url = Some(parser.value()?.string()?),
                Long("at-once") => at_once = Some(parser.value()?.parse()?),
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
        options.many = match (deployments, team) {
            (Some(_), Some(_)) => return Err("--deployments and --team exclude each other".into()),
            (Some(_), None) if management_url.is_some() => return Err("--management-url is for --team".into()),
            (None, None) if management_url.is_some() || at_once.is_some() => {
                return Err("--management-url and --at-once are for --team or --deployments".into());
            }
            (None, None) => None,
            (file, team) => {
                let management_url = management_url.unwrap_or_else(|| "https://api.convex.dev".to_owned());
                let team = team.map(|id| ManyFrom::Team { id, management_url });
                let from = team.or(file.map(ManyFrom::File));
                from.map(|from| Many { from, at_once: at_once.unwrap_or(8) })
            }
        };
        if options.many.is_some() {
            let has_one = url.is_some() || documents.is_some() || writes.is_some() || options.schema.is_some();
            if has_one || options.once || options.restart {
                let these = "--url, --documents, --writes, --schema, --once and --restart";
                return Err(format!("{these} are for one deployment, not for --team or --deployments").into());
            }
            if options.postgres().is_none() {
                return Err("--team and --deployments need --database postgres://USER@HOST/DATABASE".into());
            }
        }
        if options.schema.is_some() && options.postgres().is_none() {
            return Err("--schema needs --database postgres://USER@HOST/DATABASE".into());
        }
        options.from = match url {
            Some(_) if documents.is_some() || writes.is_some() => {
                return Err("--documents and --writes are for the deployment in memory, without --url".into());
            }
            Some(url) => Origin::Url(url),
            None => Origin::Memory { documents: documents.unwrap_or(2000), writes: writes.unwrap_or(5.0) },
        };
        let is_in_memory = options.many.is_none() && matches!(options.from, Origin::Memory { .. });
        let usual = if is_in_memory { 1.0 } else { 10.0 };
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

    /// Returns the URL of the database if it is one in PostgreSQL.
    pub fn postgres(&self) -> Option<&str> {
        let url = self.database.to_str()?;
        ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)).then_some(url)
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
        let component = components.remove(path.component()).unwrap_or_else(start);
        let table = if only { TableSelection::all() } else { TableSelection::none() };
        components.insert(path.component().to_owned(), component.table(path.table(), table));
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
    fn mirrors_many_deployments_to_postgresql() {
        let many = |arguments: &[&str]| {
            let arguments = [arguments, &["--database", "postgresql://h/d"]].concat();
            let options = read(&arguments).unwrap().unwrap();
            assert_eq!((options.postgres(), options.poll), (Some("postgresql://h/d"), Duration::from_secs(10)));
            options.many.unwrap()
        };
        let file = Many { from: ManyFrom::File("list".into()), at_once: 8 };
        assert_eq!(many(&["--deployments", "list"]), file);
        let management_url = "https://api.convex.dev".to_owned();
        let team = Many { from: ManyFrom::Team { id: TeamId(7), management_url }, at_once: 2 };
        assert_eq!(many(&["--team", "7", "--at-once", "2"]), team);
        assert_eq!(read(&[]).unwrap().unwrap().postgres(), None);
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
            (&["--schema", "a"], "--schema"),
            (&["--deployments", "list"], "--database postgres://"),
            (&["--deployments", "list", "--team", "1", "--database", "postgres://h/d"], "--team"),
            (&["--team", "1", "--database", "postgres://h/d", "--once"], "--once"),
            (&["--team", "x"], "x"),
            (&["--at-once", "2"], "--at-once"),
            (&["--frequency", "1"], "--frequency"),
            (&["--database"], "--database"),
        ] {
            let error = read(arguments).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
