//! Syncs of several pages, with concurrent changes.

use std::collections::BTreeMap;
use std::time::Duration;

use convex_mgmt_fake::{Fake, Knobs, Value};
use serde_json::{Value as Json, json};

use super::{Sync, builder, fake, fill, id, knobs, row};

fn small(entries: usize) -> Knobs {
    let mut knobs = knobs();
    knobs.data_sync_page_entries = entries;
    knobs
}

/// Changes rows in one transaction.
fn change(fake: &Fake, table: &str, keys: impl IntoIterator<Item = u32>) {
    fake.commit(|tables| {
        for key in keys {
            let mut new = tables.get("", table, &id(key)).unwrap();
            let count = new.get("count").map_or(0, |_| 1);
            new.insert("count".into(), Value::Int64(count));
            new.insert("key".into(), Value::String(format!("new{key}")));
            assert!(tables.replace("", table, &id(key), new));
        }
    });
}

#[tokio::test]
async fn a_snapshot_of_several_pages_is_followed_by_the_changes() {
    let fake = builder().knobs(small(2)).build();
    fill(&fake, "a", 0..4);
    fill(&fake, "b", []);
    fill(&fake, "c", 0..3);
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:0", "a:1"]).await;
    sync.expect("snapshotting", &[], &["a:2", "a:3"]).await;
    change(&fake, "c", 0..3);
    fake.commit(|tables| tables.delete("", "a", &id(0)));
    // A full page does not detect the end of its table.
    sync.expect("snapshotting", &["b"], &[]).await;
    sync.expect("snapshotting", &["c"], &[]).await;
    // The snapshot is as of the first page.
    sync.expect("snapshotting", &[], &["c:0", "c:1"]).await;
    sync.expect("stale", &[], &["c:2"]).await;
    // A transaction is never split.
    sync.expect("stale", &[], &[r#"c:"new0""#, r#"c:"new1""#, r#"c:"new2""#]).await;
    sync.expect("upToDate", &[], &["-a"]).await;
}

#[tokio::test]
async fn a_sync_reads_the_commit_log_when_its_snapshot_is_too_old() {
    let fake = builder().knobs(small(2)).build();
    fill(&fake, "a", 0..3);
    fill(&fake, "b", 0..2);
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:0", "a:1"]).await;
    fake.advance_clock(Duration::from_secs(3601));
    // Without a commit, the snapshot does not age.
    sync.expect("snapshotting", &["b"], &["a:2"]).await;
    fake.advance_clock(Duration::from_secs(3601));
    change(&fake, "a", [0]);
    change(&fake, "b", [1]);
    // Changes to documents that were not returned yet are skipped in the log.
    sync.expect("snapshotting", &[], &[r#"a:"new0""#]).await;
    sync.expect("snapshotting", &[], &["b:0", r#"b:"new1""#]).await;
    sync.expect("stale", &[], &[]).await;
    sync.expect("upToDate", &[], &[]).await;
}

/// Nobody writes for longer than the history is kept.
#[tokio::test]
async fn an_idle_deployment_can_be_read_and_a_sync_that_polls_it_does_not_expire() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let fake = fake();
    fill(&fake, "a", [1]);
    fake.advance_clock(15 * DAY);
    let mut sync = Sync::new(&fake);
    sync.expect("upToDate", &["a"], &["a:1"]).await;
    for _ in 0..6 {
        fake.advance_clock(5 * DAY);
        assert_eq!(sync.page().await.0, "upToDate");
    }
    fake.advance_clock(15 * DAY);
    let headers = [("authorization", super::KEY), ("content-type", "application/json")];
    let body = json!({ "cursor": sync.cursor }).to_string();
    let response = super::send(&fake, &headers, super::SYNC, Some(&body)).await;
    assert_eq!(response.status(), 400, "its history is dropped");
}

#[tokio::test]
async fn changes_to_returned_documents_precede_the_end_of_the_snapshot() {
    let fake = builder().knobs(small(2)).build();
    fill(&fake, "a", 0..3);
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:0", "a:1"]).await;
    fake.advance_clock(Duration::from_secs(3601));
    change(&fake, "a", [1, 2]);
    sync.expect("snapshotting", &[], &[r#"a:"new1""#]).await;
    sync.expect("stale", &[], &[r#"a:"new2""#]).await;
}

#[tokio::test]
async fn the_log_returns_one_entry_per_changed_document_and_transaction() {
    let fake = fake();
    fill(&fake, "a", [1, 2]);
    fill(&fake, "b", [1]);
    let mut sync = Sync::new(&fake);
    for _ in 0..3 {
        sync.raw().await;
    }
    fill(&fake, "a", [3]);
    change(&fake, "b", [1]);
    fake.commit(|tables| tables.delete("", "a", &id(3)));
    // Several writes of a document in one transaction are one entry; writes without a change have none.
    fake.commit(|tables| {
        tables.replace("", "a", &id(1), Value::document(json!({"key": "first"})));
        tables.replace("", "a", &id(1), Value::document(json!({"key": "second"})));
        tables.replace("", "a", &id(2), row(2));
        tables.insert("", "a", row(4));
        tables.delete("", "a", &id(4));
        assert!(!tables.delete("", "a", &id(4)) && !tables.replace("", "a", &id(4), row(4)));
    });
    let page = sync.raw().await;
    let entries: Vec<_> = page["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["table"].clone(), entry["value"]["key"].clone()))
        .collect();
    let row = |table: &str, key: Json| (json!(table), key);
    let expected = [row("a", json!(3)), row("b", json!("new1")), row("a", Json::Null), row("a", json!("second"))];
    assert_eq!(entries, expected);
    let times: Vec<_> = page["values"].as_array().unwrap().iter().map(|entry| entry["ts"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, two| one < two), "{times:?}");
    assert_eq!(page["status"], json!({"type": "upToDate", "snapshotTs": times[3]}));
    // A transaction without changes is not a commit.
    fake.commit(|tables| tables.replace("", "a", &id(2), self::row(2)));
    let cold = Sync::new(&fake).raw().await;
    let unchanged = &cold["values"][1];
    assert_eq!(unchanged["value"]["_id"], id(2));
    assert!(unchanged["ts"].as_i64().unwrap() < times[0], "{unchanged}");
    sync.raw().await;
    assert!(sync.raw().await["status"]["snapshotTs"].as_i64().unwrap() > times[3], "the progress is a commit");
}

#[tokio::test]
async fn a_page_ends_at_its_limits_of_bytes_and_rows() {
    let mut settings = knobs();
    settings.data_sync_page_bytes = 150;
    settings.data_sync_page_rows = 3;
    let fake = builder().knobs(settings).build();
    fake.commit(|tables| {
        for key in 0..4 {
            let row = json!({"_id": id(key), "key": key, "_creationTime": 1.0, "text": "x".repeat(50)});
            tables.insert("", "a", Value::document(row));
        }
    });
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:0", "a:1"]).await;
    sync.expect("snapshotting", &[], &["a:2", "a:3"]).await;
    sync.expect("stale", &[], &[]).await;
    sync.expect("upToDate", &[], &[]).await;
    // The progress of a sync counts as a row, and so do rows of tables that are not selected.
    fill(&fake, "b", 0..2);
    fake.commit(|tables| tables.delete("", "a", &id(0)));
    sync.selection = Some(json!({"_other": "excluded", "": {"_other": "excluded", "a": {"_other": "included"}}}));
    sync.expect("stale", &[], &[]).await;
    sync.expect("upToDate", &[], &["-a"]).await;
}

#[tokio::test]
async fn a_sync_follows_changes_of_its_selection() {
    let fake = builder().knobs(small(2)).build();
    for table in ["_system", "a", "b"] {
        fill(&fake, table, 0..2);
    }
    fake.commit(|tables| tables.insert("lib/inner", "a", row(7)));
    let only = |table: &str, columns: Json| json!({"_other": "excluded", "": {"_other": "excluded", table: columns}});
    let all = json!({"_other": "incl"});
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:0", "a:1"]).await;
    // The current table is no longer selected: the sync continues with the next one.
    sync.selection = Some(only("b", all.clone()));
    sync.expect("snapshotting", &["b"], &["b:0", "b:1"]).await;
    sync.selection = Some(json!({"_other": "excluded", "lib/inner": all, "nothing": "excluded"}));
    sync.expect("stale", &["lib/inner/a"], &["lib/inner/a:7"]).await;
    sync.selection = Some(only("a", json!({"_other": "excluded", "_id": "included"})));
    sync.expect("snapshotting", &["a"], &["a:null", "a:null"]).await;
    sync.expect("stale", &[], &[]).await;
    sync.selection = Some(only("a", json!({"_other": "included", "_creationTime": "excluded"})));
    sync.expect("upToDate", &[], &[]).await;
    change(&fake, "a", [1]);
    let page = sync.raw().await;
    let fields = page["values"][0]["value"].clone();
    assert_eq!(
        fields,
        json!({"_id": id(1), "key": "new1", "count": 0}),
        "newly selected columns are returned for new revisions only"
    );
    sync.selection = Some(json!({"_other": "excluded"}));
    sync.expect("upToDate", &[], &[]).await;
    sync.selection = Some(json!({"_other": "excluded", "": {"_other": "included", "b": "excluded"}}));
    sync.expect("snapshotting", &["a"], &["a:0", r#"a:"new1""#]).await;
}

#[tokio::test]
async fn a_sync_follows_created_replaced_and_deleted_tables() {
    let fake = fake();
    fill(&fake, "a", [1, 2]);
    let mut sync = Sync::new(&fake);
    let mut last = sync.raw().await["status"]["snapshotTs"].clone();
    for step in ["replace", "clear", "create"] {
        fake.commit(|tables| match step {
            "replace" => drop(tables.replace_table("", "a", [row(3), row(4)])),
            "clear" => tables.clear_table("", "a"),
            _ => drop(tables.insert("", "b", row(5))),
        });
        let page = sync.raw().await;
        assert_eq!(page["status"], json!({"type": "stale", "snapshotTs": last}), "{step}");
        assert_eq!(page["truncates"], json!([{"component": "", "table": if step == "create" { "b" } else { "a" }}]));
        assert_eq!(page["values"], json!([]), "{step}");
        let page = sync.raw().await;
        assert_eq!(page["status"]["type"], "upToDate", "{step}");
        let keys: Vec<_> = page["values"].as_array().unwrap().iter().map(|entry| &entry["value"]["key"]).collect();
        let expected = match step {
            "replace" => vec![json!(3), json!(4)],
            "clear" => vec![],
            _ => vec![json!(5)],
        };
        assert_eq!(keys, expected.iter().collect::<Vec<_>>(), "{step}");
        last = page["status"]["snapshotTs"].clone();
    }
    assert!(fake.commit(|tables| tables.delete_table("", "b")));
    assert!(!fake.commit(|tables| tables.delete_table("", "b")));
    sync.expect("upToDate", &[], &[]).await;
    // A table that is created again is a new table.
    fill(&fake, "b", [6]);
    sync.expect("stale", &["b"], &[]).await;
    sync.expect("upToDate", &[], &["b:6"]).await;
}

#[tokio::test]
async fn a_table_that_is_replaced_during_its_snapshot_restarts() {
    let fake = builder().knobs(small(2)).build();
    fill(&fake, "a", 0..4);
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:0", "a:1"]).await;
    fake.commit(|tables| tables.replace_table("", "a", [row(8)]));
    sync.expect("stale", &["a"], &[]).await;
    sync.expect("upToDate", &[], &["a:8"]).await;
}

#[tokio::test]
async fn documents_get_ids_of_their_table_and_increasing_times() {
    let fake = fake();
    let ids: Vec<String> = fake.commit(|tables| {
        let ids = (0..3).map(|key| tables.insert("", "a", Value::document(json!({ "key": key })))).collect();
        tables.insert("", "b", Value::document(json!({})));
        ids
    });
    let documents = fake.commit(|tables| tables.documents("", "a"));
    let mut times: Vec<_> = documents
        .iter()
        .map(|document| match document["_creationTime"] {
            Value::Float64(time) => time,
            _ => panic!("{document:?}"),
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    assert_eq!(times.len(), 3);
    let replaced = fake.commit(|tables| tables.replace_table("", "a", [Value::document(json!({}))]));
    let other = fake.commit(|tables| tables.documents("", "b")).remove(0);
    let Value::String(other) = &other["_id"] else { panic!("{other:?}") };
    // An id begins with the table's number, which a replaced table keeps.
    assert!(ids.iter().chain(&replaced).all(|id| id.len() == 32 && id[..2] == ids[0][..2]), "{ids:?} {replaced:?}");
    assert_ne!(other[..3], ids[0][..3]);
}

#[tokio::test]
async fn a_consumer_that_applies_random_pages_has_the_same_data() {
    follow_random_changes(knobs().document_retention, Duration::from_secs(2 * 3600)).await;
}

#[tokio::test]
async fn a_consumer_has_the_same_data_while_the_server_forgets_its_history() {
    follow_random_changes(Duration::from_secs(2 * 3600), Duration::from_secs(300)).await;
}

/// Applies the pages of a sync while random changes happen, and compares the copy. The clock advances at random.
async fn follow_random_changes(retention: Duration, advance: Duration) {
    let mut settings = knobs();
    settings.document_retention = retention;
    settings.data_sync_page_entries = 3;
    settings.data_sync_page_bytes = 400;
    settings.data_sync_page_rows = 20;
    let fake = builder().knobs(settings).build();
    let mut sync = Sync::new(&fake);
    let mut copy: BTreeMap<String, BTreeMap<String, Json>> = BTreeMap::new();
    let mut seed = 1_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut caught_up = 0;
    for step in 0..3000 {
        // There are phases without changes, in which the sync can catch up.
        for _ in 0..if step % 100 < 50 { random(3) } else { 0 } {
            let (table, key) = (["a", "b", "c"][random(3) as usize], random(20) as u32);
            let (action, row) = (random(60), Value::document(json!({"_id": id(key), "key": key, "step": step})));
            fake.commit(|tables| match action {
                0 => tables.clear_table("", table),
                1 => drop(tables.replace_table("", table, [row, self::row(90)])),
                2..20 => drop(tables.delete("", table, &id(key))),
                _ => drop(tables.insert("", table, row)),
            });
        }
        if random(20) == 0 {
            fake.advance_clock(advance);
        }
        let page = sync.raw().await;
        for truncate in page["truncates"].as_array().unwrap() {
            copy.remove(truncate["table"].as_str().unwrap());
        }
        for entry in page["values"].as_array().unwrap() {
            let table = copy.entry(entry["table"].as_str().unwrap().into()).or_default();
            let id = entry["value"]["_id"].as_str().unwrap();
            match entry["deleted"].as_bool().unwrap() {
                true => table.remove(id),
                false => table.insert(id.into(), entry["value"].clone()),
            };
        }
        if page["status"]["type"] == "upToDate" {
            caught_up += 1;
            for table in ["a", "b", "c"] {
                // Parsed like the pages, because parsing may change the last digit of a float.
                let live = serde_json::to_string(&fake.commit(|tables| tables.documents("", table))).unwrap();
                let live: Json = serde_json::from_str(&live).unwrap();
                let copy: Json = copy.get(table).map(|rows| rows.values().cloned().collect()).unwrap_or(json!([]));
                assert_eq!(copy, live, "{table} after {step} steps");
            }
        }
    }
    assert!(caught_up > 100, "{caught_up}");
}
