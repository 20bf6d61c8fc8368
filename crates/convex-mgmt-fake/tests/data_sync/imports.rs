//! Imports with the mode `replace`, which build a hidden table of the same name. Observed on a real server.

use convex_mgmt_fake::{Document, Fake, Value};
use serde_json::json;

use super::{Sync, builder, fake, fill, id, knobs, row};

/// The key of a document.
fn key(document: &Document) -> u32 {
    match document["key"] {
        Value::Int64(key) => u32::try_from(key).unwrap(),
        _ => panic!("{document:?}"),
    }
}

fn rows(keys: impl IntoIterator<Item = u32>) -> Vec<Document> {
    keys.into_iter().map(row).collect()
}

/// Reads pages until one is up to date. Returns the keys of the last ones as an incremental consumer of one table has them.
async fn copy(sync: &mut Sync<'_>, mut keys: Vec<String>) -> Vec<String> {
    loop {
        let (status, truncates, values) = sync.page().await;
        if !truncates.is_empty() {
            keys.clear();
        }
        keys.extend(values);
        if status == "upToDate" {
            keys.sort();
            return keys;
        }
    }
}

/// A deployment with the documents 1 and 2, and the copy of a consumer that is up to date.
async fn with_copy(fake: &Fake) -> (Sync<'_>, Vec<String>) {
    fill(fake, "a", [1, 2]);
    let mut sync = Sync::new(fake);
    let keys = copy(&mut sync, Vec::new()).await;
    assert_eq!(keys, ["a:1", "a:2"]);
    (sync, keys)
}

#[tokio::test]
async fn pages_have_the_imported_rows_while_the_old_ones_are_live() {
    let fake = fake();
    let (mut sync, _) = with_copy(&fake).await;
    let import = fake.begin_import("", "a");
    sync.expect("stale", &["a"], &[]).await;
    sync.expect("upToDate", &[], &[]).await;
    for portion in [5_u32, 6] {
        assert_eq!(import.insert([row(portion)]), [id(portion)]);
        let entry = format!("a:{portion}");
        sync.expect("upToDate", &[], &[&entry]).await;
    }
    let live = || fake.commit(|tables| tables.documents("", "a"));
    let has = |keys: [u32; 2]| live() == fake.tables()[0].documents && live().iter().map(key).eq(keys);
    assert!(has([1, 2]), "{:?}", live());
    assert_eq!(fake.hidden_tables()[0].documents.iter().map(key).collect::<Vec<_>>(), [5, 6]);

    import.finish();
    assert_eq!(fake.hidden_tables(), []);
    assert!(has([5, 6]), "{:?}", live());
    sync.expect("upToDate", &[], &[]).await;
    // Later changes are those of the imported table.
    assert!(fake.commit(|tables| tables.delete("", "a", &id(5)) && !tables.delete("", "a", &id(1))));
    sync.expect("upToDate", &[], &["-a"]).await;
}

#[tokio::test]
async fn a_consumer_that_reads_nothing_during_an_import_gets_one_truncate_and_all_rows() {
    let fake = fake();
    let (mut sync, _) = with_copy(&fake).await;
    let import = fake.begin_import("", "a");
    import.insert(rows([5, 6]));
    import.insert(rows([7]));
    import.finish();
    sync.expect("stale", &["a"], &[]).await;
    sync.expect("upToDate", &[], &["a:5", "a:6", "a:7"]).await;
}

#[tokio::test]
async fn an_import_creates_a_table_that_did_not_exist() {
    let fake = fake();
    let (mut sync, _) = with_copy(&fake).await;
    let import = fake.begin_import("shop/cart", "items");
    import.insert(rows([5]));
    assert!(fake.tables().iter().all(|table| table.table != "items"));
    import.finish();
    assert_eq!((fake.tables()[1].component.as_str(), fake.tables()[1].documents.len()), ("shop/cart", 1));
    sync.expect("stale", &["shop/cart/items"], &[]).await;
    sync.expect("upToDate", &[], &["shop/cart/items:5"]).await;
}

#[tokio::test]
async fn a_failed_import_drops_the_copy_of_an_incremental_consumer_until_documents_change() {
    let fake = fake();
    let (mut sync, keys) = with_copy(&fake).await;
    let import = fake.begin_import("", "a");
    import.insert(rows([5, 6]));
    import.fail();
    // The documents are still live, but the consumer has only rows that never were.
    assert_eq!(fake.tables()[0].documents.len(), 2);
    assert_eq!(copy(&mut sync, keys).await, ["a:5", "a:6"]);
    fake.commit(|tables| tables.replace("", "a", &id(1), Value::document(json!({"key": 10}))));
    sync.expect("upToDate", &[], &["a:10"]).await;
}

#[tokio::test]
async fn a_cold_sync_after_a_failed_import_sees_two_tables_of_one_name() {
    let fake = fake();
    fill(&fake, "a", [1, 2]);
    let import = fake.begin_import("", "a");
    import.insert(rows([5]));
    drop(import);
    let mut sync = Sync::new(&fake);
    // On one page, the name occurs once: the rows are mixed.
    sync.expect("snapshotting", &["a"], &["a:1", "a:2"]).await;
    sync.expect("stale", &[], &["a:5"]).await;

    let mut small = knobs();
    small.data_sync_page_entries = 2;
    let fake = builder().knobs(small).build();
    fill(&fake, "a", [1, 2, 3]);
    let import = fake.begin_import("", "a");
    import.insert(rows([5]));
    drop(import);
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a"], &["a:1", "a:2"]).await;
    // The second truncate drops the rows of the first page.
    sync.expect("snapshotting", &["a"], &["a:3"]).await;
    sync.expect("stale", &[], &["a:5"]).await;
}

#[tokio::test]
async fn a_later_import_repairs_incremental_consumers_and_no_cold_sync() {
    let fake = fake();
    let (mut sync, keys) = with_copy(&fake).await;
    let import = fake.begin_import("", "a");
    import.insert(rows([5]));
    import.fail();
    let keys = copy(&mut sync, keys).await;
    assert_eq!(keys, ["a:5"]);
    let import = fake.begin_import("", "a");
    import.insert(rows([7, 8]));
    import.finish();
    assert_eq!(copy(&mut sync, keys).await, ["a:7", "a:8"]);

    // The hidden table outlives its name.
    let cold = async || copy(&mut Sync::new(&fake), Vec::new()).await;
    assert_eq!(cold().await, ["a:5", "a:7", "a:8"]);
    assert!(fake.commit(|tables| tables.delete_table("", "a")));
    assert_eq!(cold().await, ["a:5"]);
    fill(&fake, "a", [9]);
    assert_eq!(cold().await, ["a:5", "a:9"]);
    assert_eq!(fake.hidden_tables().len(), 1);
}

/// Inferred from the algorithm: a page has the changes of every tracked table, and both have the same name.
#[tokio::test]
async fn changes_of_the_old_table_during_an_import_stay_in_the_copy() {
    let fake = fake();
    let (mut sync, keys) = with_copy(&fake).await;
    let import = fake.begin_import("", "a");
    let keys = copy(&mut sync, keys).await;
    fill(&fake, "a", [3]);
    import.insert(rows([5]));
    import.finish();
    assert_eq!(copy(&mut sync, keys).await, ["a:5"], "the old table is gone before the page");

    let import = fake.begin_import("", "a");
    let keys = copy(&mut sync, Vec::new()).await;
    fill(&fake, "a", [4]);
    let keys = copy(&mut sync, keys).await;
    import.insert(rows([6]));
    import.finish();
    assert_eq!(copy(&mut sync, keys).await, ["a:4", "a:6"]);
    assert_eq!(fake.tables()[0].documents.len(), 1);
}
