//! What is stored of a document: every value, in tables with the right names.

use std::collections::{BTreeMap, BTreeSet};

use convex_mgmt::deployment::data_sync::{DataSyncStatus, TablePath, Value};
use convex_mgmt::sync::{MemorySink, SyncDriver};
use convex_mgmt::{Client, DeployKey, Endpoint, UnixNanos};
use convex_mgmt_fake::Fake;
use convex_mgmt_mirror::json::fields;

use crate::support::{Schema, documents, engine, page, step, up_to_date, upsert};

#[tokio::test]
async fn every_value_comes_back_as_it_was() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    let mut values: Vec<String> = [
        "1",
        "1.0",
        "-0.0",
        "0.0",
        "9223372036854775807",
        "-9223372036854775808",
        "1000000000000000.0",
        "1e16",
        "1e21",
        "1e-7",
        "5e-324",
        "1.7976931348623157e308",
        "2.2250738585072014e-308",
        r#"{"$float":"AAAAAAAA+H8="}"#,
        r#"{"$float":"AAAAAAAA8P8="}"#,
        r#"{"$bytes":"ABCD"}"#,
        r#"{"$bytes":""}"#,
        r#""""#,
        r#""a\u0000b\u0000""#,
        r#""\\u0000 \ud83d\ude00 é \u001f \"""#,
        "null",
        "[]",
        "{}",
        r#"{"b":1,"a":[1.0,{"c":"\u0000"}],"":null}"#,
    ]
    .map(str::to_owned)
    .into();
    let mut nested = "1e300".to_owned();
    (0..64).for_each(|_| nested = format!("[{nested}]"));
    values.push(nested);
    values.push(format!("\"{}\"", "x".repeat(1 << 20)));
    let sent: Vec<String> =
        values.iter().enumerate().map(|(at, value)| format!(r#"{{"_id":"{at}","v":{value}}}"#)).collect();
    step(&mut engine, &mut sink, documents(sent.iter().map(String::as_str))).await;

    let stored = schema.contents().await.remove(&TablePath::new("", "t")).unwrap();
    assert_eq!(stored.len(), sent.len());
    for (at, text) in sent.iter().enumerate() {
        assert_eq!(stored[&at.to_string()].1, fields(text).unwrap(), "{}", &text[..text.len().min(80)]);
    }
    assert_ne!(stored["0"].1["v"], stored["1"].1["v"], "an integer and a float");
    schema.end().await;
}

#[tokio::test]
async fn the_time_of_creation_is_a_column_even_if_the_selection_excludes_it() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(
        &mut engine,
        &mut sink,
        documents([
            r#"{"_id":"a","_creationTime":1755000000000.5}"#,
            r#"{"_id":"b"}"#,
            r#"{"_id":"c","_creationTime":1e-7}"#,
        ]),
    )
    .await;
    let times = format!(
        "SELECT string_agg(coalesce(\"_creationTime\"::text, 'null'), ' ' ORDER BY _id) FROM {}",
        schema.table("t")
    );
    assert_eq!(schema.text(&times).await.unwrap(), "1755000000000.5 null 1e-07");
    schema.end().await;
}

#[tokio::test]
async fn a_document_that_jsonb_cannot_store_is_an_error_that_names_it_and_stores_nothing() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(&mut engine, &mut sink, documents([r#"{"_id":"old"}"#])).await;
    let mut bad = page(up_to_date(), "d", "-new t=fine t!old");
    bad.values.push(upsert("t", r#"{"_id":"bad","a\u0000":1}"#));
    let batch = crate::support::batch(&engine, bad);
    let error = convex_mgmt::sync::Sink::commit(&mut sink, &batch).await.unwrap_err().to_string();
    assert!(error.contains("document bad of the table t"), "{error}");
    assert_eq!(schema.rows().await, "t=old@1");
    // The sink is usable: the transaction was rolled back.
    step(&mut engine, &mut sink, page(up_to_date(), "d", "-new new=a")).await;
    assert_eq!(schema.rows().await, "new=a@1 t=old@1");
    schema.end().await;
}

#[tokio::test]
async fn tables_with_similar_names_are_separate_tables() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    let long = "t".repeat(64);
    let paths = [
        ("", "Users"),
        ("", "users"),
        ("", "users_pkey"),
        ("", "select"),
        ("shop", "users"),
        ("", "shop__users"),
        ("shop/cart", &long),
        ("", &long),
        ("", &long[1..]),
    ]
    .map(|(component, table)| TablePath::new(component, table));
    schema.execute(&format!("CREATE VIEW {} AS SELECT 1 AS one", schema.table("users"))).await;
    // In two pages: names are unique within a transaction and among them.
    for (turn, tables) in [&paths[..2], &paths[2..]].into_iter().enumerate() {
        let mut page = page(up_to_date(), &format!("c{turn}"), "");
        for path in tables {
            page.truncates.push(path.clone());
            let mut value = upsert("t", &format!(r#"{{"_id":"{path}"}}"#));
            value.table = path.clone();
            page.values.push(value);
        }
        step(&mut engine, &mut sink, page).await;
    }
    let contents = schema.contents().await;
    assert_eq!(contents.len(), paths.len());
    for path in &paths {
        assert_eq!(contents[path].keys().collect::<Vec<_>>(), [&path.to_string()], "{path}");
    }
    let names: BTreeSet<_> = schema.names().await.into_values().map(|name| name.to_ascii_lowercase()).collect();
    assert_eq!(names.len(), paths.len());

    // A later run uses the same tables.
    drop(sink.close().await.unwrap());
    let mut sink = schema.open().await.unwrap();
    let mut engine = crate::support::engine(&mut sink).await;
    step(&mut engine, &mut sink, page(up_to_date(), "d", "users!users Users=b")).await;
    let contents = schema.contents().await;
    assert_eq!((contents[&paths[0]].len(), contents[&paths[1]].len(), contents.len()), (2, 0, paths.len()));
    schema.end().await;
}

#[tokio::test]
async fn a_page_larger_than_a_statement_with_repeated_documents_ends_with_the_last_of_each() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    let filler = "x".repeat(2000);
    let document = |at: usize, turn: usize| upsert("t", &format!(r#"{{"_id":"{at}","turn":{turn},"f":"{filler}"}}"#));
    let mut page = page(up_to_date(), "c", "-t t=0");
    // 16 MB in all.
    for turn in 0..2 {
        page.values.extend((0..4000).map(|at| document(at, turn)));
    }
    let delete = |at: usize| {
        convex_mgmt::deployment::data_sync::DataSyncValue::delete(
            TablePath::new("", "t"),
            UnixNanos(1),
            &at.to_string(),
        )
    };
    page.values.extend((0..4000).step_by(2).map(delete));
    page.values.extend((0..4000).step_by(4).map(|at| document(at, 2)));
    step(&mut engine, &mut sink, page).await;
    let stored = schema.contents().await.remove(&TablePath::new("", "t")).unwrap();
    let turns: BTreeMap<usize, Value> =
        stored.iter().map(|(id, (_, fields))| (id.parse().unwrap(), fields["turn"].clone())).collect();
    let expected = (0..4000).filter(|at| at % 2 == 1 || at % 4 == 0);
    assert_eq!(turns, expected.map(|at| (at, Value::Int64(if at % 4 == 0 { 2 } else { 1 }))).collect());
    schema.end().await;
}

#[tokio::test]
async fn a_mirror_of_a_deployment_has_what_a_copy_in_memory_has() {
    let Some(schema) = Schema::new().await else { return };
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01ab").build();
    fake.seed(1000, 7);
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let key = DeployKey::parse("happy-animal-123|01ab").unwrap();
    let client = Client::new(Endpoint::new(&running.url(), &key).unwrap()).unwrap();
    let mut mirror = SyncDriver::new(client.clone(), schema.open().await.unwrap());
    mirror.run_until_up_to_date().await.unwrap();
    let writes = fake.start_writes(2000.0, 3);
    while writes.count() < 300 {
        mirror.run_until_up_to_date().await.unwrap();
    }
    drop(writes);
    let progress = mirror.run_until_up_to_date().await.unwrap();
    assert!(matches!(progress.status, Some(DataSyncStatus::UpToDate(_))));
    let mut memory = SyncDriver::new(client, MemorySink::new());
    memory.run_until_up_to_date().await.unwrap();
    let memory = memory.into_sink();

    let stored = schema.contents().await;
    assert_eq!(stored.keys().collect::<Vec<_>>(), memory.tables().map(|(path, _)| path).collect::<Vec<_>>());
    for (path, rows) in memory.tables() {
        let stored = &stored[path];
        assert_eq!(stored.len(), rows.len(), "{path}");
        for (id, row) in rows {
            assert_eq!(stored[id].1, row.document.fields().unwrap(), "{path} {id}");
        }
    }
    schema.end().await;
}
