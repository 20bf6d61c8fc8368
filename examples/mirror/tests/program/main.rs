//! The program `mirror` as a process, and a deployment in another process: this one.
#![allow(clippy::print_stderr, reason = "a test says why it is skipped")]

mod docs;
mod failures;
mod kill;
#[path = "../server/mod.rs"]
mod server;
mod signals;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use convex_mgmt::deployment::data_sync::{TablePath, Value};
use convex_mgmt_fake::{Fake, FakeServer, Knobs};
use convex_mgmt_mirror::columns::Columns;
use convex_mgmt_mirror::json::fields;
use convex_mgmt_mirror::sqlite::SqliteSink;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The documents of all tables, by path and `_id`.
type Documents = BTreeMap<TablePath, BTreeMap<String, BTreeMap<String, Value>>>;

/// A deployment on a loopback port, and the database of its mirror.
struct Setup {
    fake: Fake,
    server: FakeServer,
    database: PathBuf,
}

impl Setup {
    /// Creates a deployment with this number of documents and small pages.
    async fn new(documents: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut knobs = Knobs::default();
        knobs.data_sync_page_entries = 50;
        let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01ab").knobs(knobs).build();
        fake.seed(documents, 1);
        let server = fake.serve("127.0.0.1:0").await.unwrap();
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = std::env::temp_dir().join(format!("convex-mgmt-mirror-{process}-{next}.db"));
        let setup = Self { fake, server, database };
        setup.remove();
        setup
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.database.display()));
        }
    }

    /// Returns the command that mirrors the deployment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mirror"));
        command.args(["--url", &self.server.url(), "--database"]).arg(&self.database).args(arguments);
        command.env("CONVEX_DEPLOY_KEY", "prod:happy-animal-123|01ab");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Starts the program.
    fn start(&self, arguments: &[&str]) -> Mirror {
        let mut child = self.command(arguments).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Mirror { child, output }
    }

    /// Runs the program to its end. Returns its exit code, output and errors.
    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn sink(&self) -> SqliteSink {
        SqliteSink::open(&self.database, &Columns::new()).unwrap()
    }

    /// Returns the documents of the mirror.
    fn mirrored(&self) -> Documents {
        let sink = self.sink();
        let rows = |table: &TablePath| {
            let rows = sink.rows(table).unwrap();
            rows.into_iter().map(|row| (row.id, fields(&row.document).unwrap())).collect()
        };
        sink.tables().unwrap().into_iter().map(|table| (table.clone(), rows(&table))).collect()
    }

    /// Returns the documents of the deployment.
    fn documents(&self) -> Documents {
        let tables = self.fake.tables().into_iter().map(|table| {
            let documents = table.documents.iter().map(|document| {
                let fields = fields(&serde_json::to_string(document).unwrap()).unwrap();
                let Value::String(id) = &fields["_id"] else { panic!("the id is not a string") };
                (id.clone(), fields)
            });
            (TablePath::new(table.component.as_str(), table.table.as_str()), documents.collect())
        });
        tables.collect()
    }

    /// Returns the number of requests for a page, and of those without a cursor.
    fn requests(&self) -> (usize, usize) {
        let requests = self.fake.requests();
        let pages: Vec<_> = requests.iter().filter(|request| request.uri.contains("/data/sync")).collect();
        let is_first = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).unwrap()["cursor"].is_null();
        (pages.len(), pages.iter().filter(|request| is_first(&request.body)).count())
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The program while it runs.
struct Mirror {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Mirror {
    /// Waits for a line that begins with `start`.
    async fn line(&mut self, start: &str) -> String {
        while let Some(line) = self.output.next_line().await.unwrap() {
            if line.starts_with(start) {
                return line;
            }
        }
        panic!("the program ended without the line {start:?}");
    }

    /// Sends a signal.
    async fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    /// Waits for the end. Returns the exit status and the rest of the output.
    async fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            rest += &(line + "\n");
        }
        (self.child.wait().await.unwrap(), rest)
    }
}
