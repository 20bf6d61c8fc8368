//! Tests of the sink with pages written by hand.

use std::collections::BTreeSet;

use convex_mgmt::deployment::data_sync::{DataSyncPage, DataSyncStatus, DataSyncValue, Document, Snapshot};
use convex_mgmt::sync::{MemorySink, SyncEngine, SyncOptions};
use convex_mgmt::{DeployKey, Endpoint, ErrorCode, UnixMillis, UnixNanos};

use super::*;

const NOW: UnixMillis = UnixMillis(1_755_000_000_000);

fn options() -> SyncOptions {
    let key = DeployKey::parse("prod:happy-animal-123|01ab").unwrap();
    SyncOptions::new(&Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap())
}

fn engine(sink: &SqliteSink) -> SyncEngine {
    SyncEngine::new(sink.state().unwrap(), options()).unwrap()
}

fn sink() -> SqliteSink {
    SqliteSink::in_memory(&Columns::new()).unwrap()
}

fn path(table: &str) -> TablePath {
    let (component, table) = table.rsplit_once('/').unwrap_or(("", table));
    TablePath::new(component, table)
}

fn up_to_date() -> DataSyncStatus {
    DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(NOW.0 * 1_000_000)))
}

fn upsert(table: &str, id: &str, fields: &str) -> DataSyncValue {
    let document = Document::parse(format!(r#"{{"_creationTime":1.5,"_id":"{id}"{fields}}}"#)).unwrap();
    DataSyncValue::upsert(path(table), UnixNanos(1), document)
}

/// A page from a short notation: `-t` truncates the table `t`, `t=a` writes the document `a`, and `t!a` deletes it.
fn page(status: DataSyncStatus, cursor: &str, changes: &str) -> DataSyncPage {
    let mut page = DataSyncPage::new(status, "s", cursor);
    for change in changes.split_whitespace() {
        if let Some(table) = change.strip_prefix('-') {
            page.truncates.push(path(table));
        } else if let Some((table, id)) = change.split_once('=') {
            page.values.push(upsert(table, id, ""));
        } else {
            let (table, id) = change.split_once('!').unwrap();
            page.values.push(DataSyncValue::delete(path(table), UnixNanos(1), id));
        }
    }
    page
}

fn step(engine: &mut SyncEngine, sink: &mut SqliteSink, page: DataSyncPage) {
    let batch = engine.accept(page, NOW).unwrap();
    sink.commit(&batch).unwrap();
    engine.confirm(batch, 0.5).unwrap();
}

/// The rows of a sink in the notation `table=id@generation`.
fn rows(sink: &SqliteSink) -> String {
    let mut all = Vec::new();
    for table in sink.tables().unwrap() {
        all.extend(sink.rows(&table).unwrap().iter().map(|row| format!("{table}={}@{}", row.id, row.generation)));
    }
    all.sort();
    all.join(" ")
}

fn query(sink: &SqliteSink, sql: &str) -> String {
    sink.connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn complete() -> SqliteSink {
    let mut sink = sink();
    let mut engine = engine(&sink);
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a t=b -u"));
    step(&mut engine, &mut sink, page(up_to_date(), "2", "u=c"));
    sink
}

#[test]
fn stores_rows_and_checkpoint_of_each_page() {
    let sink = complete();
    assert_eq!(rows(&sink), "t=a@1 t=b@1 u=c@1");
    let state = sink.state().unwrap();
    assert_eq!(engine(&sink).request().cursor.as_deref(), Some("2"));
    assert_eq!(state.newest_generation, Some(1));
    let text = query(
        &sink,
        "SELECT deployment || ' ' || generation || ' ' || complete || ' ' || snapshot_ts FROM _convex_checkpoint",
    );
    assert_eq!(text, "https://happy-animal-123.convex.cloud 1 1 1755000000000000000");
}

#[test]
fn keeps_documents_as_the_server_spelled_them() {
    let mut sink = sink();
    let mut engine = engine(&sink);
    let mut first = page(up_to_date(), "1", "-t");
    let fields = r#", "int":9223372036854775807,"float":1.0, "huge":1e21,"zero":-0.0,"nul":"a\u0000b","nan":{"$float":"AAAAAAAA+H8="}"#;
    first.values.push(upsert("t", "a", fields));
    let spelled = first.values[0].document.as_str().to_owned();
    step(&mut engine, &mut sink, first);
    assert_eq!(sink.rows(&path("t")).unwrap()[0].document, spelled);
    assert_eq!(query(&sink, "SELECT CAST(_creationTime AS TEXT) FROM t"), "1.5");
    assert_eq!(
        query(&sink, "SELECT _document ->> '$.int' || typeof(_document ->> '$.float') FROM t"),
        "9223372036854775807real"
    );
}

#[test]
fn a_batch_that_does_not_follow_stores_nothing() {
    let mut sink = complete();
    let (mut first, second) = (engine(&sink), engine(&sink));
    let late = second.accept(page(up_to_date(), "3b", "-new t!a t=z"), NOW).unwrap();
    step(&mut first, &mut sink, page(up_to_date(), "3", "t=d"));
    let before = (rows(&sink), sink.state().unwrap());
    let error = sink.commit(&late).unwrap_err();
    assert!(
        matches!(&error, SqliteError::Conflict(conflict) if conflict.expected == "page 2 of generation 1"),
        "{error}"
    );
    assert_eq!((rows(&sink), sink.state().unwrap()), before);
}

#[test]
fn a_commit_that_fails_at_any_change_stores_nothing_and_the_next_one_succeeds() {
    for (table, doing) in
        [("new", "create a table"), ("u", "store a document"), ("_convex_checkpoint", "store the checkpoint")]
    {
        let mut sink = complete();
        let mut engine = engine(&sink);
        let before = (rows(&sink), sink.state().unwrap(), sink.tables().unwrap());
        let full = if table == "new" { "_convex_tables" } else { table };
        let trigger = format!("CREATE TRIGGER full BEFORE INSERT ON {full} BEGIN SELECT RAISE(FAIL, 'disk full'); END");
        sink.connection.execute_batch(&trigger).unwrap();
        let batch = engine.accept(page(up_to_date(), "3", "-new new=x t!a u=d"), NOW).unwrap();
        let error = sink.commit(&batch).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot {doing}: disk full"));
        assert_eq!((rows(&sink), sink.state().unwrap(), sink.tables().unwrap()), before);
        sink.connection.execute_batch("DROP TRIGGER full").unwrap();
        sink.commit(&batch).unwrap();
        engine.confirm(batch, 0.5).unwrap();
        assert_eq!(rows(&sink), "new=x@1 t=b@1 u=c@1 u=d@1");
    }
}

#[test]
fn old_rows_stay_until_the_new_copy_is_complete() {
    let mut sink = complete();
    let mut engine = engine(&sink);
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a t=x"));
    assert_eq!(rows(&sink), "t=a@2 t=b@1 t=x@2 u=c@1");
    step(&mut engine, &mut sink, page(up_to_date(), "2", "-t t=y t!x"));
    assert_eq!(rows(&sink), "t=y@2");
    assert_eq!(sink.tables().unwrap().len(), 2, "the table without documents stays");
}

#[test]
fn old_rows_go_first_if_the_sink_prefers_that() {
    let mut sink = complete().with_old_rows(OldRows::DeleteFirst);
    let mut engine = engine(&sink);
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a"));
    assert_eq!(rows(&sink), "t=a@2");
}

#[test]
fn rows_without_a_checkpoint_are_recognized() {
    let mut sink = complete();
    sink.remove_checkpoint().unwrap();
    assert_eq!(sink.state().unwrap().newest_generation, Some(1));
    assert!(SyncEngine::new(sink.state().unwrap(), options()).is_err());
    sink.connection.execute_batch("DELETE FROM t; DELETE FROM u").unwrap();
    assert_eq!(sink.state().unwrap().newest_generation, None, "empty tables are no rows");
}

#[test]
fn an_empty_copy_without_a_checkpoint_begins_with_the_first_generation_again() {
    let mut sink = complete();
    let mut restarted = SyncEngine::new(sink.state().unwrap(), options().restart()).unwrap();
    step(&mut restarted, &mut sink, page(up_to_date(), "1", "-t t=a -u"));
    step(&mut restarted, &mut sink, page(up_to_date(), "2", "t!a"));
    sink.remove_checkpoint().unwrap();
    let mut first = engine(&sink);
    step(&mut first, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a t=b"));
    let mut later = engine(&sink);
    step(&mut later, &mut sink, page(up_to_date(), "2", "-t t=c"));
    assert_eq!(rows(&sink), "t=c@1");
}

#[test]
fn tables_that_sqlite_would_not_distinguish_stay_apart() {
    let mut sink = sink();
    sink.connection.execute_batch("CREATE TABLE users (theirs)").unwrap();
    let mut engine = engine(&sink);
    let changes = "-Users -users -shop/cart/items -sqlite_x Users=a users=b shop/cart/items=c sqlite_x=d";
    step(&mut engine, &mut sink, page(up_to_date(), "1", changes));
    assert_eq!(rows(&sink), "Users=a@1 shop/cart:items=c@1 sqlite_x=d@1 users=b@1");
    let names: BTreeSet<_> =
        sink.tables().unwrap().iter().map(|table| sink.table_name(table).unwrap().unwrap().to_lowercase()).collect();
    assert_eq!(names.len(), 4);
    assert!(!names.contains("users"), "it is the table of another program");
    assert_eq!(query(&sink, "SELECT _id FROM shop__cart__items"), "c");
}

#[test]
fn deletes_of_unknown_documents_and_tables_are_accepted() {
    let mut sink = complete();
    let mut engine = engine(&sink);
    step(&mut engine, &mut sink, page(up_to_date(), "3", "t!unknown unknown!a"));
    assert_eq!(rows(&sink), "t=a@1 t=b@1 u=c@1");
}

fn columns(argument: &str) -> Columns {
    let mut columns = Columns::new();
    columns.add(argument).unwrap();
    columns
}

const FIELDS: &str = r#","name":"é","n":3,"f":0.5,"o":{"a":[1.0]},"b":{"$bytes":"ABCD"},"Name":true"#;
const TYPES: &str = "SELECT typeof(name) || name || typeof(n) || n || typeof(f) || o || hex(b) FROM t WHERE _id = ";

#[test]
fn extra_columns_have_the_types_of_the_values() {
    let mut sink = SqliteSink::in_memory(&columns("t:name,n,f,o,b,Name,missing")).unwrap();
    let mut engine = engine(&sink);
    let mut first = page(up_to_date(), "1", "-t t=b");
    first.values.push(upsert("t", "a", FIELDS));
    step(&mut engine, &mut sink, first);
    assert_eq!(query(&sink, &format!("{TYPES}'a'")), r#"texté"#.to_owned() + r#"integer3real{"a":[1.0]}001083"#);
    assert_eq!(query(&sink, "SELECT typeof(name) FROM t WHERE _id = 'b'"), "null");
    let mut second = page(up_to_date(), "2", "");
    second.values.push(upsert("t", "a", r#","name":1"#));
    step(&mut engine, &mut sink, second);
    assert_eq!(query(&sink, "SELECT typeof(name) || typeof(o) FROM t WHERE _id = 'a'"), "integernull");
}

#[test]
fn a_later_run_fills_new_columns_and_keeps_earlier_ones() {
    let file = Temporary::new("columns");
    let mut sink = SqliteSink::open(&file.0, &columns("t:name")).unwrap();
    let mut run = engine(&sink);
    let mut first = page(up_to_date(), "1", "-t");
    first.values.push(upsert("t", "a", FIELDS));
    step(&mut run, &mut sink, first);
    drop(SqliteSink::open(&file.0, &columns("t:n,f,o,b")).unwrap());
    assert_eq!(query(&sink, &format!("{TYPES}'a'")), "textéinteger3real{\"a\":[1.0]}001083");
    // The first run is still open and writes the new columns, too.
    let mut second = page(up_to_date(), "2", "");
    second.values.push(upsert("t", "later", FIELDS));
    step(&mut run, &mut sink, second);
    assert_eq!(query(&sink, &format!("{TYPES}'later'")), "textéinteger3real{\"a\":[1.0]}001083");
    let error = SqliteSink::open(&file.0, &columns("t:n=text")).unwrap_err();
    assert!(error.to_string().contains("the column n of t has the type any"), "{error}");
}

#[test]
fn a_field_with_the_name_of_a_hidden_column_of_sqlite_is_filled_like_others() {
    let file = Temporary::new("rowid");
    let mut sink = SqliteSink::open(&file.0, &Columns::new()).unwrap();
    let mut run = engine(&sink);
    let mut first = page(up_to_date(), "1", "-t");
    first.values.push(upsert("t", "a", r#","rowid":"x","oid":1,"b":2"#));
    step(&mut run, &mut sink, first);
    for argument in ["t:rowid,oid", "t:b"] {
        drop(SqliteSink::open(&file.0, &columns(argument)).unwrap());
    }
    let mut names = [""; 3].map(str::to_owned);
    for (name, field) in names.iter_mut().zip(["rowid", "oid", "b"]) {
        *name = quote(&query(&sink, &format!("SELECT name FROM _convex_columns WHERE field = '{field}'")));
    }
    assert_eq!(query(&sink, &format!("SELECT {} FROM t", names.join(" || "))), "x12");
}

#[test]
fn the_state_is_that_of_one_moment_while_another_program_restarts() {
    let file = Temporary::new("moment");
    let mut writer = SqliteSink::open(&file.0, &Columns::new()).unwrap();
    let mut run = engine(&writer);
    step(&mut run, &mut writer, page(up_to_date(), "1", "-t t=a"));
    let reader = SqliteSink::open(&file.0, &Columns::new()).unwrap();
    std::thread::scope(|scope| {
        let writes = scope.spawn(move || {
            for _ in 0..500 {
                assert!(run.recover(&ErrorCode::DataSyncCursorExpired));
                step(&mut run, &mut writer, page(up_to_date(), "1", "-t t=a"));
            }
        });
        while !writes.is_finished() {
            SyncEngine::new(reader.state().unwrap(), options()).unwrap();
        }
    });
}

#[test]
fn a_second_connection_sees_whole_pages_and_continues() {
    let file = Temporary::new("second");
    let mut one = SqliteSink::open(&file.0, &Columns::new()).unwrap();
    let mut run = engine(&one);
    step(&mut run, &mut one, page(DataSyncStatus::Snapshotting, "1", "-t t=a"));
    let mut two = SqliteSink::open(&file.0, &Columns::new()).unwrap();
    let mut other = engine(&two);
    assert_eq!(other.request().cursor.as_deref(), Some("1"));
    step(&mut other, &mut two, page(DataSyncStatus::Snapshotting, "2", "-u u=b t=c"));
    assert_eq!(rows(&one), "t=a@1 t=c@1 u=b@1");
    let late = run.accept(page(up_to_date(), "2b", "t=d"), NOW).unwrap();
    assert!(matches!(one.commit(&late), Err(SqliteError::Conflict(_))));
    let mut run = engine(&one);
    step(&mut run, &mut one, page(up_to_date(), "3", "u=e"));
    assert_eq!(rows(&two), "t=a@1 t=c@1 u=b@1 u=e@1");
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let file = Temporary::new("text");
    std::fs::write(&file.0, "this is not a database, although it is long enough to be read as one".repeat(20)).unwrap();
    let error = SqliteSink::open(&file.0, &Columns::new()).unwrap_err();
    assert!(matches!(&error, SqliteError::Open { .. }) && error.to_string().contains("not a database"), "{error}");
}

#[test]
fn equals_the_sink_in_memory_after_any_pages() {
    // A fixed sequence of pseudo-random pages over few names, with restarts.
    let mut seed = 7_u64;
    let mut next = |n: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    let (mut sqlite, mut memory) = (sink(), MemorySink::new());
    let mut engine = engine(&sqlite);
    for turn in 0..500 {
        let status = if next(4) == 0 { up_to_date() } else { DataSyncStatus::Snapshotting };
        let changes: Vec<_> = (0..next(12))
            .map(|_| match next(10) {
                0 => format!("-t{}", next(3)),
                1..=3 => format!("t{}!{}", next(3), next(6)),
                _ => format!("t{}={}", next(3), next(6)),
            })
            .collect();
        let batch = engine.accept(page(status, &turn.to_string(), &changes.join(" ")), NOW).unwrap();
        sqlite.commit(&batch).unwrap();
        memory.commit(&batch).unwrap();
        engine.confirm(batch, 0.5).unwrap();
        let mut expected: Vec<_> = memory
            .tables()
            .flat_map(|(table, rows)| rows.iter().map(move |(id, row)| format!("{table}={id}@{}", row.generation)))
            .collect();
        expected.sort();
        assert_eq!(rows(&sqlite), expected.join(" "), "page {turn}");
        assert_eq!(sqlite.state().unwrap().checkpoint, memory.state().checkpoint);
        if next(20) == 0 {
            assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
        }
    }
    assert!(engine.generation() > 5);
}

/// A database file that is deleted at the end.
struct Temporary(std::path::PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("convex-mgmt-mirror-{}-{name}.db", std::process::id())));
        file.remove();
        file
    }

    fn remove(&self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        self.remove();
    }
}
