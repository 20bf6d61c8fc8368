//! The target `syncs`: any text as a stored checkpoint, and the engine of a data sync with any pages, losses and restarts.

use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::deployment::DataSync;
use convex_mgmt_proto::deployment::data_sync::{
    DataSyncPage, DataSyncStatus, DataSyncValue, Document, Selection, Snapshot, TablePath,
};
use convex_mgmt_proto::sync::{
    Checkpoint, MemorySink, OldRows, OnSelectionChange, Progress, SinkState, SyncBatch, SyncChange, SyncEngine,
    SyncOptions,
};
use convex_mgmt_proto::{DeployKey, Endpoint, ErrorCode, Operation, UnixMillis, UnixNanos};

use crate::inputs::Choices;

/// Passes an input to the engine. The first byte selects the kind:
///
/// * `c`: the rest is the text of a checkpoint.
/// * `f`: the rest has the fields of a checkpoint, which gets a valid checksum. One page follows it.
/// * `p`: the rest is the body of a page.
/// * otherwise the rest is a history of pages, lost batches, restarts and expired cursors, with a sink in memory.
///
/// # Panics
/// If the sink and its checkpoint do not belong together after a step.
pub fn syncs(data: &[u8]) {
    let mut choices = Choices::new(data);
    match choices.byte() {
        b'c' => check_text(choices.rest()),
        b'f' => check_fields(&mut choices),
        b'p' => check_page(choices.rest()),
        _ => check_history(&mut choices),
    }
}

/// Reads a checkpoint or a page. Histories are left out, because they are never large.
pub fn read(data: &[u8]) {
    match data.split_first() {
        Some((b'c', text)) => _ = black_box(String::from_utf8_lossy(text).parse::<Checkpoint>()),
        Some((b'p', body)) => check_page(body),
        _ => {}
    }
}

fn options() -> SyncOptions {
    let key = DeployKey::parse("prod:happy-animal-123|01ab").expect("a key");
    SyncOptions::new(&Endpoint::new("https://happy-animal-123.convex.cloud", &key).expect("an endpoint"))
        .deployment("d")
}

fn check_text(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string().parse().as_ref(), Ok(&checkpoint));
        let options = options().deployment(checkpoint.deployment()).selection(checkpoint.selection().clone());
        if let Ok(engine) = SyncEngine::new(SinkState::new().checkpoint(Some(text.to_string())), options) {
            assert_eq!(engine.request().cursor.as_deref().unwrap_or_default(), checkpoint.cursor());
            assert_eq!(engine.checkpoint(), Some(checkpoint));
        }
    } else {
        assert!(SyncEngine::new(SinkState::new().checkpoint(Some(text.to_string())), options().restart()).is_err());
    }
}

/// A hash of a text: FNV-1a with 64 bits.
fn fnv(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

fn check_fields(choices: &mut Choices<'_>) {
    let (generation, pages, snapshot, received) =
        (choices.number(), choices.number(), choices.number() as i64, choices.number() as i64);
    let (complete, older) = (choices.below(2) == 1, choices.below(2) == 1);
    let snapshot = if choices.below(2) == 1 { snapshot.to_string() } else { "null".to_owned() };
    let spelt = |text: &str| serde_json::to_string(text).expect("text can be written");
    let (sync_id, cursor) = (spelt(&choices.line()), spelt(&choices.line()));
    let selection = serde_json::to_string(&Selection::all()).expect("a selection can be written");
    let fields = format!(
        r#""version":1,"deployment":"d","selection":{selection},"syncId":{sync_id},"cursor":{cursor},"generation":{generation},"pages":{pages},"complete":{complete},"olderRows":{older},"snapshotTs":{snapshot},"receivedAt":{received}"#
    );
    let text = format!(r#"{{{fields},"checksum":"{:016x}"}}"#, fnv(&format!("{{{fields}}}")));
    let checkpoint: Checkpoint = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(checkpoint.to_string(), text);
    black_box(checkpoint.cursor_age(UnixMillis(received.wrapping_neg())));

    let Ok(mut engine) = SyncEngine::new(SinkState::new().checkpoint(Some(text.to_string())), options()) else {
        return;
    };
    black_box(engine.expiry_warning(UnixMillis(received.wrapping_neg())));
    let page = DataSyncPage::new(status(choices), checkpoint.sync_id(), "next");
    if let Ok(batch) = engine.accept(page, UnixMillis(received)) {
        let mut progress = Progress::new(UnixMillis(received));
        progress.record(&batch);
        black_box((progress.lag(UnixMillis(i64::MIN)), progress.documents_per_second(UnixMillis(i64::MAX))));
        engine.confirm(batch, f64::NAN).expect("a batch of this engine");
        assert_eq!(engine.request().cursor.as_deref(), Some("next"));
    }
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired) == engine.checkpoint().is_some());
}

fn check_page(body: &[u8]) {
    let Ok(page) = DataSync::decode(&Bytes::copy_from_slice(body)) else { return };
    let mut engine = SyncEngine::new(SinkState::new(), options()).expect("an empty sink");
    let (changes, cursor) = (page.truncates.len() + page.values.len(), page.next_cursor.clone());
    if let Ok(batch) = engine.accept(page, UnixMillis(0)) {
        assert_eq!(batch.changes().count(), changes + 1);
        assert!(matches!(batch.changes().last(), Some(SyncChange::Checkpoint(_))));
        engine.confirm(batch, 0.5).expect("a batch of this engine");
        assert_eq!(engine.request().cursor, Some(cursor));
    } else {
        assert!(cursor.is_empty(), "everything is selected");
    }
}

fn status(choices: &mut Choices<'_>) -> DataSyncStatus {
    match choices.below(4) {
        0 => DataSyncStatus::Snapshotting,
        1 => DataSyncStatus::Stale(Snapshot::new(UnixNanos(choices.number() as i64))),
        2 => DataSyncStatus::UpToDate(Snapshot::new(UnixNanos(choices.number() as i64))),
        _ => serde_json::from_str(r#"{"type":"asleep"}"#).expect("a status of a later server"),
    }
}

fn page(choices: &mut Choices<'_>) -> DataSyncPage {
    let table = |choices: &mut Choices<'_>| TablePath::new("", choices.one_of(&["t", "u", "v"]));
    let sync_id = choices.one_of(&["s", "s", "s", "other"]);
    let mut page = DataSyncPage::new(status(choices), sync_id, choices.one_of(&["1", "2", "3", ""]));
    for _ in 0..choices.below(3) {
        page.truncates.push(table(choices));
    }
    for _ in 0..choices.below(5) {
        let (path, id) = (table(choices), choices.one_of(&["a", "b", "c"]));
        let document = Document::parse(format!(r#"{{"_id":"{id}"}}"#)).expect("a document");
        page.values.push(match choices.below(3) {
            0 => DataSyncValue::delete(path, UnixNanos(1), id),
            _ => DataSyncValue::upsert(path, UnixNanos(1), document),
        });
    }
    page
}

/// The options of the next run.
fn other_options(choices: &mut Choices<'_>) -> SyncOptions {
    let reaction = choices.one_of(&[OnSelectionChange::Fail, OnSelectionChange::Restart, OnSelectionChange::Continue]);
    let options = options().on_selection_change(reaction).rows_without_checkpoint(old_rows(choices));
    let options = if choices.below(4) == 1 { options.restart() } else { options };
    match choices.below(4) {
        1 => options.selection(Selection::only(["t", "u"])),
        2 => options.selection(Selection::only(["t"])),
        _ => options,
    }
}

fn old_rows(choices: &mut Choices<'_>) -> OldRows {
    choices.one_of(&[OldRows::KeepUntilComplete, OldRows::DeleteFirst])
}

fn check_history(choices: &mut Choices<'_>) {
    let mut sink = MemorySink::new().with_old_rows(old_rows(choices));
    let mut run = SyncEngine::new(sink.state(), options()).expect("an empty sink");
    let mut late: Option<SyncBatch> = None;
    for _ in 0..32 {
        let before = run.request().clone();
        match choices.below(8) {
            // An expired cursor.
            6 => {
                let recovered = run.recover(&ErrorCode::DataSyncCursorExpired);
                assert_eq!((recovered, run.request().cursor.as_ref()), (before.cursor.is_some(), None));
            }
            // Another run, perhaps with other options.
            7 => {
                if choices.below(8) == 7 {
                    sink.remove_checkpoint();
                    // The first batch of a run that is still active would look as if it belonged here.
                    late = None;
                }
                if let Ok(next) = SyncEngine::new(sink.state(), other_options(choices)) {
                    run = next;
                } else {
                    run = SyncEngine::new(sink.state(), options().on_selection_change(OnSelectionChange::Continue))
                        .unwrap_or_else(|_| run.clone());
                }
            }
            fate => {
                let Ok(batch) = run.accept(page(choices), UnixMillis(1)) else {
                    assert_eq!(*run.request(), before, "an error moves nothing");
                    continue;
                };
                match fate {
                    // The batch is lost, or committed later.
                    1 => late = Some(batch),
                    2 => drop(batch),
                    _ => commit(&mut sink, &mut run, batch, fate == 3),
                }
            }
        }
        if let Some(batch) = late.take_if(|_| choices.below(3) == 1) {
            commit(&mut sink, &mut run, batch, true);
        }
    }
}

/// Commits a batch, which another run may have overtaken, and compares the sink with its checkpoint.
fn commit(sink: &mut MemorySink, run: &mut SyncEngine, batch: SyncBatch, interrupted: bool) {
    let before = sink.clone();
    if sink.commit(&batch).is_err() {
        assert_ne!(batch.previous(), before.state().checkpoint.as_deref());
        assert!(*sink == before, "a conflict changes nothing");
        return;
    }
    assert_eq!(batch.previous(), before.state().checkpoint.as_deref());
    let checkpoint = batch.checkpoint().clone();
    assert_eq!(sink.state().checkpoint, Some(checkpoint.to_string()));
    let mut generations = sink.tables().flat_map(|(_, rows)| rows.values()).map(|row| row.generation);
    let generation = checkpoint.generation();
    if checkpoint.has_older_rows() {
        assert!(generations.all(|row| row <= generation) && !batch.is_up_to_date());
    } else {
        assert!(generations.all(|row| row == generation), "rows of another generation are left");
    }
    if interrupted {
        // The program stops after the commit. The next run continues at the same place.
        let options = options().selection(checkpoint.selection().clone());
        *run = SyncEngine::new(sink.state(), options).expect("a checkpoint of this library");
    } else if run.confirm(batch, 0.5).is_err() {
        run.reload(sink.state()).unwrap_or_default();
        return;
    }
    assert_eq!(run.request().cursor.as_deref(), Some(checkpoint.cursor()));
    assert_eq!(run.checkpoint(), Some(checkpoint));
}
