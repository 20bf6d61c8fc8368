//! Recorded exchanges about data sync. Steps that wrote rows are not part of the API: the test writes the rows into the fake's
//! tables, with the recorded ids. Times must have the order of the recorded ones, and be equal wherever those are.

mod recorded;
mod recorded_rows;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_fake::Knobs;
use http::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::recorded::{Replay, builder, folder, lines, what};
use crate::recorded_rows::Rows;

/// The settings of the recorded servers, with times a thousand times as long, so that a slow machine changes nothing.
fn knobs(file: &str) -> Knobs {
    let mut knobs = Knobs::default();
    knobs.data_sync_progress_interval = Duration::from_secs(5000);
    knobs.data_sync_max_snapshot_age = Duration::from_secs(30_000);
    match file {
        "datasync-paging" => {
            knobs.data_sync_page_entries = 2;
            knobs.data_sync_max_snapshot_age = Duration::from_secs(2000);
        }
        "datasync-expired" => knobs.document_retention = Duration::from_secs(3600),
        _ => {}
    }
    knobs
}

/// A file, a case, and tables by component and name.
type Order = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The order of tables in the recorded syncs. They are created in it at the start of a file or case.
const ORDER: [Order; 4] = [
    ("datasync-tables", "case-092", &[("", "a"), ("", "b")]),
    ("datasync-tables", "datasync-values", &[("", "people"), ("", "things")]),
    ("datasync-paging", "datasync-paging", &[("", "beta"), ("", "gamma"), ("", "alpha")]),
    ("datasync-components", "datasync-components", &[("auth", "users"), ("auth/inner", "tokens"), ("", "users")]),
];

/// The times of the fake by recorded time.
#[derive(Default)]
struct Times(BTreeMap<i64, i64>);

impl Times {
    /// Replaces the recorded times with those of the response.
    fn replace(&mut self, recorded: &mut Json, got: &Json) -> Result<(), String> {
        match (recorded, got) {
            (Json::Object(recorded), Json::Object(got)) => {
                for (name, value) in recorded {
                    let got = got.get(name).unwrap_or(&Json::Null);
                    match (name.as_str(), value.as_i64(), got.as_i64()) {
                        ("ts" | "snapshotTs" | "syncedTs" | "lastUpdated", Some(time), Some(got)) => {
                            self.check(time, got)?;
                            *value = json!(got);
                        }
                        ("value", ..) => {}
                        _ => self.replace(value, got)?,
                    }
                }
                Ok(())
            }
            (Json::Array(recorded), Json::Array(got)) => {
                recorded.iter_mut().zip(got).try_for_each(|(recorded, got)| self.replace(recorded, got))
            }
            _ => Ok(()),
        }
    }

    fn check(&mut self, recorded: i64, got: i64) -> Result<(), String> {
        let here = *self.0.entry(recorded).or_insert(got);
        let before = self.0.range(..recorded).next_back().is_none_or(|(_, before)| *before <= got);
        let after = self.0.range(recorded + 1..).next().is_none_or(|(_, after)| *after >= got);
        if here == got && before && after {
            Ok(())
        } else {
            Err(format!("the time {recorded} was {here} before, and now is {got}, or times changed their order"))
        }
    }
}

/// Returns the exact text of the documents of a page.
fn raw_documents(text: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Page {
        values: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        value: Box<RawValue>,
    }
    let page: Page = serde_json::from_str(text).unwrap();
    page.values.iter().map(|entry| entry.value.get().to_owned()).collect()
}

fn compare(replay: &mut Replay, times: &mut Times, line: &Json, response: &Response<Bytes>) -> Result<(), String> {
    let mut expected = line["response"].clone();
    let got: Json = serde_json::from_slice(response.body()).map_err(|error| error.to_string())?;
    times.replace(&mut expected["body"], &got)?;
    replay.compare(&expected, response)?;
    if let Some(raw) = expected["body_raw"].as_str() {
        let (recorded, got) = (raw_documents(raw), raw_documents(std::str::from_utf8(response.body()).unwrap()));
        if recorded != got {
            return Err(format!("the text was {recorded:?}, not {got:?}"));
        }
    }
    Ok(())
}

/// Sends a request that was not recorded, and returns the next cursor.
async fn unrecorded(replay: &Replay, body: Json) -> Json {
    let headers = json!({"authorization": "Convex <ADMIN_KEY>", "content-type": "application/json"});
    let request = json!({"method": "POST", "path": "/api/v1/data/sync", "headers": headers, "body": body});
    let response = replay.send(&json!({ "request": request }), None).await;
    serde_json::from_slice::<Json>(response.body()).unwrap()["pagination"]["nextCursor"].clone()
}

/// Repeats the unrecorded steps of the real server before a step.
async fn before(replay: &Replay, rows: &mut Rows, file: &str, line: &Json) {
    match (file, line["case"].as_str().unwrap(), line["step"].as_str().unwrap()) {
        ("datasync-tables", "case-092", "page 1") => {
            rows.insert_recorded("a", &["1", "2"]);
            // A sync that was abandoned after its first page.
            unrecorded(replay, json!({})).await;
        }
        // A sync that deselected a table, and selected it again after a change.
        ("datasync-tables", "case-103", "set-up: create table kinds") => {
            let mut cursor = Json::Null;
            for _ in 0..3 {
                cursor = unrecorded(replay, json!({ "cursor": cursor })).await;
            }
            rows.insert_recorded("a", &["4"]);
            let without_a = json!({"_other": "excluded", "": {"_other": "included", "a": "excluded"}});
            let cursor = unrecorded(replay, json!({"cursor": cursor, "selection": without_a})).await;
            unrecorded(replay, json!({ "cursor": cursor })).await;
        }
        // In the recorded order, b comes after kinds. It is empty, so a new table has the same effect.
        ("datasync-tables", _, "cold, all but two tables, page 1") => {
            replay.fake.commit(|tables| tables.clear_table("", "b"));
        }
        ("datasync-paging", _, "page 2 after a pause without commits") => {
            replay.fake.advance_clock(Duration::from_secs(3000));
        }
        ("datasync-expired", _, step) if step.starts_with("the same cursor") => {
            replay.fake.advance_clock(Duration::from_secs(2 * 3600));
        }
        ("datasync-expired", _, "cold restart") => rows.write_page(line),
        // Two syncs from other cases.
        ("endpoints", _, "data/sync") => {
            for _ in 0..2 {
                unrecorded(replay, json!({})).await;
            }
        }
        _ => {}
    }
}

/// Replays a file, and returns the number of exchanges.
async fn replay(file: &str, recorded: &[Json], text: &str) -> u32 {
    let continues = file.starts_with("datasync-") || file == "restart";
    let mut now: Option<(String, Replay, Rows, Times)> = None;
    let mut count = 0;
    for line in recorded {
        let is_data = |path: &str| path.starts_with("/api/v1/data/");
        let Some(path) = line["request"]["path"].as_str() else { continue };
        let is_setup = line["step"].as_str().unwrap().starts_with("set-up");
        if !is_data(path) && !is_setup {
            continue;
        }
        // The cases of some files continue the same syncs; other cases start with a new deployment.
        let case = line["case"].as_str().unwrap().to_owned();
        let last_case = now.as_ref().map(|(case, ..)| case.clone());
        if last_case.as_ref().is_none_or(|last| !continues && *last != case) {
            let fake = builder(line["variant"].as_str()).knobs(knobs(file)).build();
            now = Some((case.clone(), Replay::new(fake.clone()), Rows::new(fake, text), Times::default()));
        }
        let (last, replay, rows, times) = now.as_mut().unwrap();
        if last_case.is_none_or(|last| last != case) {
            let order = ORDER.iter().filter(|(of, in_case, _)| *of == file && *in_case == case);
            let tables: Vec<_> = order.flat_map(|(.., tables)| *tables).collect();
            replay.fake.commit(|all| tables.iter().for_each(|(component, table)| all.create_table(component, table)));
            *last = case;
        }
        before(replay, rows, file, line).await;
        if is_setup {
            rows.set_up(line);
            continue;
        }
        let response = replay.send(line, None).await;
        compare(replay, times, line, &response)
            .unwrap_or_else(|difference| panic!("{file}, {}: {difference}: {response:?}", what(line)));
        count += 1;
    }
    count
}

#[tokio::test]
async fn the_fake_syncs_like_the_real_server() {
    let Some(folder) = folder() else { return };
    for file in [
        "datasync-empty",
        "datasync-tables",
        "datasync-components",
        "datasync-paging",
        "datasync-expired",
        "restart",
        "endpoints",
        "auth",
        "injected-plan-free",
        "injected-restricted-key",
        "webhooks",
    ] {
        let text = std::fs::read_to_string(folder.join(file).with_extension("jsonl")).unwrap();
        let count = replay(file, &lines(&folder, file), &text).await;
        println!("{file}: {count} exchanges with the recorded response");
        assert!(count > 0, "nothing of {file} was replayed");
    }
}
