//! Tests of the engine with pages written by hand.

use proptest::prelude::*;

use super::*;
use crate::auth::DeployKey;
use crate::deployment::data_sync::{DataSyncStatus, DataSyncValue, Document, Selection, Snapshot, TableSelection};
use crate::engines::sync::{CheckpointError, MemorySink, Pace, SyncChange};
use crate::request::Endpoint;
use crate::types::{UnixMillis, UnixNanos};

const NOW: UnixMillis = UnixMillis(1_755_000_000_000);
const DAY: i64 = 24 * 3600 * 1000;

fn options() -> SyncOptions {
    let key = DeployKey::parse("prod:happy-animal-123|01ab").unwrap();
    SyncOptions::new(&Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap())
}

fn engine(sink: &MemorySink) -> SyncEngine {
    SyncEngine::new(sink.state(), options()).unwrap()
}

fn up_to_date() -> DataSyncStatus {
    DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(NOW.0 * 1_000_000)))
}

/// A page from a short notation: `-t` truncates the table `t`, `t=a` writes the document `a`, and `t!a` deletes it.
fn page(status: DataSyncStatus, cursor: &str, changes: &str) -> DataSyncPage {
    let mut page = DataSyncPage::new(status, "s", cursor);
    for change in changes.split_whitespace() {
        if let Some(table) = change.strip_prefix('-') {
            page.truncates.push(TablePath::new("", table));
        } else if let Some((table, id)) = change.split_once('=') {
            let document = Document::parse(format!(r#"{{"_id":"{id}"}}"#)).unwrap();
            page.values.push(DataSyncValue::upsert(TablePath::new("", table), UnixNanos(1), document));
        } else {
            let (table, id) = change.split_once('!').unwrap();
            page.values.push(DataSyncValue::delete(TablePath::new("", table), UnixNanos(1), id));
        }
    }
    page
}

/// The rows of a sink in the notation `table=id@generation`.
fn rows(sink: &MemorySink) -> String {
    let rows = sink
        .tables()
        .flat_map(|(table, rows)| rows.iter().map(move |(id, row)| format!("{table}={id}@{}", row.generation)));
    rows.collect::<Vec<_>>().join(" ")
}

/// Accepts, commits and confirms a page.
fn step(engine: &mut SyncEngine, sink: &mut MemorySink, page: DataSyncPage) {
    let batch = engine.accept(page, NOW).unwrap();
    sink.commit(&batch).unwrap();
    engine.confirm(batch, 0.5).unwrap();
}

/// A sink with a complete copy of two tables.
fn complete() -> MemorySink {
    let mut sink = MemorySink::new();
    let mut engine = engine(&sink);
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a t=b -u"));
    step(&mut engine, &mut sink, page(up_to_date(), "2", "u=c"));
    sink
}

#[test]
fn the_changes_of_a_batch_end_with_its_checkpoint() {
    let batch = engine(&MemorySink::new()).accept(page(up_to_date(), "1", "t=a t!b -t"), NOW).unwrap();
    let kinds: Vec<_> = batch
        .changes()
        .map(|change| match change {
            SyncChange::DeleteOlder(generation) => format!("older {generation}"),
            SyncChange::Truncate(table) => format!("-{table}"),
            SyncChange::Upsert(value) => format!("={}", value.document.id()),
            SyncChange::Delete(value) => format!("!{}", value.document.id()),
            SyncChange::Checkpoint(checkpoint) => format!("cursor {}", checkpoint.cursor()),
        })
        .collect();
    assert_eq!(kinds, ["-t", "=a", "!b", "cursor 1"]);
}

#[test]
fn the_cursor_moves_only_when_a_batch_is_confirmed_even_if_it_is_empty() {
    let mut sink = MemorySink::new();
    let mut engine = engine(&sink);
    assert_eq!(engine.request().cursor, None);
    let lost = engine.accept(page(DataSyncStatus::Snapshotting, "1", "-t"), NOW).unwrap();
    assert_eq!(engine.request().cursor, None, "the batch is not confirmed");
    assert_eq!(engine.checkpoint(), None);
    drop(lost);
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1b", ""));
    assert_eq!(engine.request().cursor.as_deref(), Some("1b"));
    step(&mut engine, &mut sink, page(up_to_date(), "2", ""));
    assert_eq!(engine.request().cursor.as_deref(), Some("2"));
    assert_eq!(sink.state().checkpoint, engine.checkpoint().map(|checkpoint| checkpoint.to_string()));
    assert_eq!(SyncEngine::new(sink.state(), options()).unwrap().request(), engine.request(), "a later run");
}

#[test]
fn pauses_as_the_pace_says() {
    let mut sink = MemorySink::new();
    let mut engine = SyncEngine::new(sink.state(), options().pace(Pace::new(Duration::from_secs(4)))).unwrap();
    for (status, pause) in [(DataSyncStatus::Snapshotting, 0), (up_to_date(), 4)] {
        let batch = engine.accept(page(status, "c", ""), NOW).unwrap();
        sink.commit(&batch).unwrap();
        assert_eq!(engine.confirm(batch, 0.5).unwrap(), Duration::from_secs(pause));
    }
}

#[test]
fn of_two_runs_only_the_first_commits() {
    let mut sink = complete();
    let (mut first, second) = (engine(&sink), engine(&sink));
    let late = second.accept(page(up_to_date(), "3b", "t!a"), NOW).unwrap();
    step(&mut first, &mut sink, page(up_to_date(), "3", "t=d"));
    let before = sink.clone();
    let conflict = sink.commit(&late).unwrap_err();
    assert_eq!(
        (conflict.expected.as_str(), conflict.found.as_str()),
        ("page 2 of generation 1", "page 3 of generation 1")
    );
    assert_eq!(sink, before);
    // The engine of the first run does not take over a batch of the second either.
    assert!(matches!(first.confirm(late, 0.5), Err(SyncError::Conflict(_))));
    assert_eq!(first.request().cursor.as_deref(), Some("3"));
}

#[test]
fn a_run_that_began_before_a_restart_cannot_commit() {
    let mut sink = complete();
    let old = engine(&sink);
    let mut new = SyncEngine::new(sink.state(), options().restart()).unwrap();
    let mut first = page(DataSyncStatus::Snapshotting, "n1", "-t t=a");
    first.sync_id = "new".to_owned();
    step(&mut new, &mut sink, first);
    let late = old.accept(page(up_to_date(), "3", "t!a"), NOW).unwrap();
    assert!(sink.commit(&late).is_err());
    assert_eq!(rows(&sink), "t=a@2 t=b@1 u=c@1");
}

#[test]
fn old_rows_stay_after_an_expired_cursor_until_the_new_copy_is_complete() {
    let mut sink = complete();
    let mut engine = engine(&sink);
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    assert_eq!((engine.request().cursor.as_deref(), engine.generation()), (None, 2));
    assert_eq!(rows(&sink), "t=a@1 t=b@1 u=c@1");
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a t=x"));
    assert_eq!(rows(&sink), "t=a@2 t=b@1 t=x@2 u=c@1", "the truncate leaves the rows of the old copy");
    // A crash: another run continues the new generation.
    let mut engine = SyncEngine::new(sink.state(), options()).unwrap();
    step(&mut engine, &mut sink, page(DataSyncStatus::Stale(Snapshot::new(UnixNanos(1))), "2", "-t t=y t!x"));
    assert_eq!(rows(&sink), "t=b@1 t=y@2 u=c@1", "a second truncate of the walk");
    let checkpoint = engine.checkpoint().unwrap();
    assert!(checkpoint.has_older_rows() && !checkpoint.is_complete());
    step(&mut engine, &mut sink, page(up_to_date(), "3", "t=a"));
    assert_eq!(rows(&sink), "t=a@2 t=y@2");
    let checkpoint = engine.checkpoint().unwrap();
    assert!(!checkpoint.has_older_rows() && checkpoint.is_complete());
}

#[test]
fn old_rows_go_with_the_first_page_if_the_sink_prefers_that() {
    let mut sink = complete().with_old_rows(OldRows::DeleteFirst);
    let mut engine = engine(&sink);
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    assert_eq!(rows(&sink), "t=a@1 t=b@1 u=c@1", "nothing changes without a page");
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a"));
    assert_eq!(rows(&sink), "t=a@2");
    assert!(!engine.checkpoint().unwrap().has_older_rows());
}

#[test]
fn a_cursor_that_expires_twice_begins_a_third_generation() {
    let mut sink = complete();
    let mut engine = engine(&sink);
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    assert!(!engine.recover(&ErrorCode::DataSyncCursorExpired), "there is no cursor that could expire");
    step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=x"));
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    step(&mut engine, &mut sink, page(up_to_date(), "1", "-t t=b"));
    assert_eq!(rows(&sink), "t=b@3");
}

#[test]
fn other_codes_change_nothing() {
    let mut engine = engine(&complete());
    for code in [ErrorCode::InvalidDataSyncCursor, ErrorCode::InternalServerError, ErrorCode::from("New")] {
        assert!(!engine.recover(&code), "{code}");
    }
    assert_eq!((engine.request().cursor.as_deref(), engine.generation()), (Some("2"), 1));
}

#[test]
fn an_interrupted_run_continues_with_what_the_sink_has_and_restarts_only_once() {
    let mut sink = complete();
    let mut engine = SyncEngine::new(sink.state(), options().restart()).unwrap();
    let batch = engine.accept(page(DataSyncStatus::Snapshotting, "r", "-t t=d"), NOW).unwrap();
    engine.reload(sink.state()).unwrap();
    assert_eq!((engine.request().cursor.as_deref(), engine.generation()), (None, 2), "nothing was stored");
    sink.commit(&batch).unwrap();
    engine.reload(sink.state()).unwrap();
    assert_eq!((engine.request().cursor.as_deref(), engine.generation()), (Some("r"), 2), "the page was stored");
    assert_eq!(engine.reload(SinkState::new().newest_generation(Some(1))), Err(SyncError::RowsWithoutCheckpoint));
    assert_eq!(engine.request().cursor.as_deref(), Some("r"), "an error changes nothing");
}

#[test]
fn rejects_the_checkpoint_of_another_deployment() {
    let error = SyncEngine::new(complete().state(), options().deployment("other")).unwrap_err();
    assert!(matches!(&error, SyncError::OtherDeployment { deployment, .. } if deployment == "other"), "{error}");
    assert!(error.to_string().contains("https://happy-animal-123.convex.cloud, not of other"), "{error}");
    let restart = SyncEngine::new(complete().state(), options().deployment("other").restart());
    assert!(restart.is_err(), "its rows would be mixed");
}

#[test]
fn rejects_a_damaged_or_newer_checkpoint() {
    for (text, expected) in [("x", "damaged"), (r#"{"version":2}"#, "version 2")] {
        let error = SyncEngine::new(SinkState::new().checkpoint(Some(text.to_owned())), options()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let newer =
        SyncEngine::new(SinkState::new().checkpoint(Some(r#"{"version":2}"#.to_owned())), options()).unwrap_err();
    assert!(matches!(newer, SyncError::Checkpoint(CheckpointError::NewerVersion { .. })));
}

#[test]
fn a_damaged_checkpoint_is_replaced_after_a_decision_about_the_rows() {
    let mut sink = complete();
    let text = sink.state().checkpoint.unwrap();
    let damaged = Some(text.replace("\"pages\":2", "\"pages\":3"));
    let state = || complete().state().checkpoint(damaged.clone());
    assert!(SyncEngine::new(state(), options().restart()).is_err(), "the rows may be those of another deployment");
    let decided = options().rows_without_checkpoint(OldRows::DeleteFirst);
    let engine = SyncEngine::new(state(), decided.clone()).unwrap();
    assert_eq!((engine.request().cursor.as_deref(), engine.generation()), (None, 2));
    let batch = engine.accept(page(up_to_date(), "n", "-t t=a"), NOW).unwrap();
    assert_eq!(batch.previous(), damaged.as_deref(), "the batch replaces the damaged text and no other");
    assert!(sink.commit(&batch).is_err());
    // A newer version of the library knows what it wrote.
    let newer = complete().state().checkpoint(Some(r#"{"version":2}"#.to_owned()));
    assert!(SyncEngine::new(newer, decided.clone()).is_err());
    let empty = SinkState::new().checkpoint(damaged.clone());
    assert_eq!(SyncEngine::new(empty, decided).unwrap().generation(), 1);
}

#[test]
fn rows_without_a_checkpoint_need_a_decision() {
    let mut sink = complete();
    sink.remove_checkpoint();
    assert_eq!(SyncEngine::new(sink.state(), options()).unwrap_err(), SyncError::RowsWithoutCheckpoint);
    for (decision, expected) in [(OldRows::KeepUntilComplete, "t=a@2 t=b@1 u=c@1"), (OldRows::DeleteFirst, "t=a@2")] {
        let mut sink = sink.clone();
        let mut engine = SyncEngine::new(sink.state(), options().rows_without_checkpoint(decision)).unwrap();
        step(&mut engine, &mut sink, page(DataSyncStatus::Snapshotting, "1", "-t t=a"));
        assert_eq!(rows(&sink), expected);
        step(&mut engine, &mut sink, page(up_to_date(), "2", ""));
        assert_eq!(rows(&sink), "t=a@2");
    }
}

#[test]
fn rejects_rows_that_are_newer_than_the_checkpoint() {
    let state = complete().state().newest_generation(Some(2));
    let error = SyncEngine::new(state.clone(), options()).unwrap_err();
    assert_eq!(error, SyncError::NewerRows { rows: 2, checkpoint: 1 });
    assert_eq!(SyncEngine::new(state, options().restart()).unwrap().generation(), 3);
}

#[test]
fn a_changed_selection_needs_a_decision_unless_it_only_adds_tables() {
    let sink = || {
        let mut sink = MemorySink::new();
        let mut engine = SyncEngine::new(sink.state(), options().selection(Selection::only(["t", "u"]))).unwrap();
        step(&mut engine, &mut sink, page(up_to_date(), "1", "-t -u t=a u=b"));
        sink
    };
    let more = Selection::only(["t", "u", "v"]);
    let mut engine = SyncEngine::new(sink().state(), options().selection(more.clone())).unwrap();
    assert_eq!(engine.request(), &DataSync::from_cursor("1").selection(more.clone()));
    let mut grown = sink();
    step(&mut engine, &mut grown, page(DataSyncStatus::Snapshotting, "2", "-v"));
    assert!(!engine.checkpoint().unwrap().is_complete(), "the copy does not have the added table yet");
    step(&mut engine, &mut grown, page(up_to_date(), "3", "v=c"));
    assert!(engine.checkpoint().unwrap().is_complete());
    assert!(SyncEngine::new(grown.state(), options().selection(more)).is_ok(), "the checkpoint has the new selection");

    let less = Selection::only(["t"]);
    for selection in [less.clone(), Selection::only(["u"]).table("t", TableSelection::only(["x"]))] {
        let error = SyncEngine::new(sink().state(), options().selection(selection)).unwrap_err();
        assert!(matches!(error, SyncError::SelectionChanged(_)), "{error}");
    }
    let on =
        |reaction| SyncEngine::new(sink().state(), options().selection(less.clone()).on_selection_change(reaction));
    let continued = on(OnSelectionChange::Continue).unwrap();
    assert_eq!((continued.request().cursor.as_deref(), continued.generation()), (Some("1"), 1));
    let mut restarted = on(OnSelectionChange::Restart).unwrap();
    let mut sink = sink();
    step(&mut restarted, &mut sink, page(up_to_date(), "n", "-t t=a"));
    assert_eq!(rows(&sink), "t=a@2");
}

#[test]
fn rejects_an_invalid_selection_before_the_first_request() {
    let error = SyncEngine::new(SinkState::new(), options().selection(Selection::only(["bad-name"]))).unwrap_err();
    assert!(error.to_string().contains("bad-name"), "{error}");
}

#[test]
fn rejects_a_page_with_a_table_that_the_selection_excludes() {
    let engine = SyncEngine::new(SinkState::new(), options().selection(Selection::only(["t"]))).unwrap();
    for changes in ["-t -other", "-t t=a other=b", "t=a t!b other!c"] {
        let error = engine.accept(page(up_to_date(), "1", changes), NOW).unwrap_err();
        assert_eq!(error, SyncError::NotSelected(TablePath::new("", "other")), "{changes}");
    }
    // The tables differ only in their components.
    let mut page = page(up_to_date(), "1", "t=a t=b");
    page.values[1].table = TablePath::new("shop", "t");
    assert!(engine.accept(page, NOW).is_err());
}

#[test]
fn rejects_a_page_of_another_sync_and_an_empty_cursor() {
    let engine = engine(&complete());
    let mut other = page(up_to_date(), "3", "");
    other.sync_id = "other".to_owned();
    assert_eq!(engine.accept(other, NOW).unwrap_err(), SyncError::OtherSync);
    assert_eq!(engine.accept(page(up_to_date(), "", ""), NOW).unwrap_err(), SyncError::EmptyCursor);
}

#[test]
fn rejects_changes_without_a_new_cursor() {
    let engine = engine(&complete());
    for changes in ["-t", "t=a", "t!a"] {
        assert_eq!(engine.accept(page(up_to_date(), "2", changes), NOW).unwrap_err(), SyncError::RepeatedCursor);
    }
    assert!(engine.accept(page(up_to_date(), "2", ""), NOW).is_ok(), "nothing changed at the server");
}

#[test]
fn warns_of_an_expiring_cursor_by_the_servers_time() {
    let mut engine = engine(&complete());
    assert_eq!(engine.expiry_warning(UnixMillis(NOW.0 + 2 * DAY)), None);
    let later = UnixMillis(NOW.0 + 2 * DAY + 1000);
    assert_eq!(engine.expiry_warning(later), Some(Duration::from_secs(2 * 24 * 3600 + 1)));
    // The caller's clock counts for nothing if the server names the snapshot.
    let mut sink = complete();
    let batch = engine.accept(page(up_to_date(), "3", ""), UnixMillis(NOW.0 + 30 * DAY)).unwrap();
    sink.commit(&batch).unwrap();
    engine.confirm(batch, 0.5).unwrap();
    assert!(engine.expiry_warning(later).is_some());
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    assert_eq!(engine.expiry_warning(later), None, "no cursor can expire");
}

/// The fate of a page.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Committed,
    /// The program stops before the commit, or after it and before the confirmation.
    LostBefore,
    LostAfter,
}

proptest! {
    /// Interrupts at any point lead to the same copy, because the server answers by cursor.
    #[test]
    fn interrupted_runs_end_with_the_rows_of_an_uninterrupted_one(
        changes in proptest::collection::vec("(-[tu] )?([tu][=!][a-c] ){0,4}", 1..8),
        fates in proptest::collection::vec(
            prop_oneof![Just(Fate::Committed), Just(Fate::LostBefore), Just(Fate::LostAfter)], 0..24),
    ) {
        let last = changes.len() - 1;
        let pages: Vec<_> = changes.iter().enumerate().map(|(at, changes)| {
            let status = if at == last { up_to_date() } else { DataSyncStatus::Snapshotting };
            page(status, &(at + 1).to_string(), changes)
        }).collect();
        let mut expected = MemorySink::new();
        let mut whole = engine(&expected);
        pages.iter().for_each(|page| step(&mut whole, &mut expected, page.clone()));

        let mut sink = MemorySink::new();
        let mut run = engine(&sink);
        let mut fates = fates.into_iter();
        loop {
            let at: usize = run.request().cursor.as_deref().map_or(0, |cursor| cursor.parse().unwrap());
            let Some(page) = pages.get(at) else { break };
            let batch = run.accept(page.clone(), NOW).unwrap();
            match fates.next().unwrap_or(Fate::Committed) {
                Fate::Committed => {
                    sink.commit(&batch).unwrap();
                    run.confirm(batch, 0.5).unwrap();
                }
                Fate::LostBefore => run = engine(&sink),
                Fate::LostAfter => {
                    sink.commit(&batch).unwrap();
                    run = engine(&sink);
                }
            }
        }
        prop_assert_eq!(sink, expected);
    }
}
