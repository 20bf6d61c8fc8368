//! Tests with data syncs that were recorded from a real server: the engine follows each of them, and its copy is what the pages say.

use std::collections::BTreeMap;

use convex_mgmt_proto::deployment::DataSync;
use convex_mgmt_proto::deployment::data_sync::Selection;
use convex_mgmt_proto::sync::{MemorySink, OnSelectionChange, SyncEngine, SyncOptions};
use convex_mgmt_proto::{DeployKey, Endpoint, ErrorCode, Operation, UnixMillis};
use serde_json::Value;

use super::FOLDER;

/// A copy by the engine, and one by the rules for pages alone.
#[derive(Clone, Default)]
struct Copies {
    sink: MemorySink,
    plain: BTreeMap<(String, String), BTreeMap<String, Value>>,
}

impl Copies {
    /// Applies a page as JSON.
    fn apply(&mut self, page: &Value) {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for table in page["truncates"].as_array().unwrap() {
            self.plain.insert((text(&table["component"]), text(&table["table"])), BTreeMap::new());
        }
        for entry in page["values"].as_array().unwrap() {
            let table = self.plain.entry((text(&entry["component"]), text(&entry["table"]))).or_default();
            let id = text(&entry["value"]["_id"]);
            if entry["deleted"] == true {
                table.remove(&id);
            } else {
                table.insert(id, entry["value"].clone());
            }
        }
    }

    fn compare(&self, place: &str) {
        let tables = self.sink.tables().map(|(path, rows)| {
            let rows = rows.iter().map(|(id, row)| (id.clone(), serde_json::from_str(row.document.as_str()).unwrap()));
            ((path.component().to_owned(), path.table().to_owned()), rows.collect::<BTreeMap<String, Value>>())
        });
        assert_eq!(tables.collect::<BTreeMap<_, _>>(), self.plain, "{place}");
    }
}

fn engine(copies: &Copies, selection: &Value) -> SyncEngine {
    let key = DeployKey::parse("happy-animal-123|01ab").unwrap();
    let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap();
    let mut options = SyncOptions::new(&endpoint).on_selection_change(OnSelectionChange::Continue);
    if !selection.is_null() {
        options = options.selection(serde_json::from_value::<Selection>(selection.clone()).unwrap());
    }
    SyncEngine::new(copies.sink.state(), options).unwrap()
}

#[test]
fn the_engine_follows_recorded_syncs() {
    let Some(folder) = super::super::tests::folder(FOLDER, "no recorded sync was followed") else { return };
    let (mut pages, mut expired) = (0, 0);
    for name in ["components", "empty", "expired", "paging", "tables"] {
        let text = std::fs::read_to_string(folder.join(format!("datasync-{name}.jsonl"))).unwrap();
        // The copies after each page, by the cursor that continues it. Some cursors are used several times.
        let mut after: BTreeMap<String, Copies> = BTreeMap::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let (request, response) = (&line["request"], &line["response"]);
            if request["path"] != "/api/v1/data/sync" || !request["body"].is_object() {
                continue;
            }
            let place = format!("{} {}", line["case"], line["step"]);
            let cursor = request["body"]["cursor"].as_str();
            let copies = cursor.map_or_else(|| Some(Copies::default()), |cursor| after.get(cursor).cloned());
            // A cursor that no recorded page returned: the server rejects it.
            let Some(mut copies) = copies else { continue };
            if response["status"] == 200 {
                let mut engine = engine(&copies, &request["body"]["selection"]);
                assert_eq!(engine.request().cursor.as_deref(), cursor, "{place}");
                let raw = response["body_raw"].as_str().map(str::to_owned);
                let page = DataSync::decode(&raw.unwrap_or_else(|| response["body"].to_string()).into()).unwrap();
                let batch = engine.accept(page, UnixMillis(0)).unwrap_or_else(|error| panic!("{place}: {error}"));
                copies.sink.commit(&batch).unwrap();
                copies.apply(&response["body"]);
                copies.compare(&place);
                after.insert(batch.checkpoint().cursor().to_owned(), copies);
                engine.confirm(batch, 0.5).unwrap();
                pages += 1;
            } else if let (Some(_), Some(code)) = (cursor, response["body"]["code"].as_str()) {
                let mut engine = engine(&copies, &Value::Null);
                let recovers = engine.recover(&ErrorCode::from(code));
                assert_eq!(recovers, code == "DataSyncCursorExpired", "{place}");
                assert_eq!(engine.request().cursor.is_none(), recovers, "{place}");
                expired += usize::from(recovers);
            }
        }
    }
    println!("{pages} pages, {expired} expired cursors");
    assert!(pages > 50 && expired > 0, "{pages} pages, {expired} expired cursors");
}
