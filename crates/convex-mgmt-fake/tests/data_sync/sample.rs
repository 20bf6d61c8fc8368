//! Made-up data, and writes while the fake runs.

use std::collections::BTreeSet;
use std::time::Duration;

use convex_mgmt_fake::{Fake, StoredTable, Value};

use super::{Sync, fake};

fn seeded(documents: usize, seed: u64) -> Fake {
    let fake = fake();
    fake.seed(documents, seed);
    fake
}

fn count(tables: &[StoredTable]) -> usize {
    tables.iter().map(|table| table.documents.len()).sum()
}

#[tokio::test]
async fn the_same_seed_makes_up_the_same_documents_of_every_type() {
    let tables = seeded(2500, 7).tables();
    assert_eq!(tables, seeded(2500, 7).tables());
    assert_ne!(tables, seeded(2500, 8).tables());
    let names: Vec<_> = tables.iter().map(|table| (table.component.as_str(), table.table.as_str())).collect();
    assert_eq!((names, count(&tables)), (vec![("", "users"), ("", "orders"), ("payments", "charges")], 2500));
    let mut kinds = BTreeSet::new();
    let values = tables.iter().flat_map(|table| &table.documents).flat_map(|document| document.values());
    for value in values {
        kinds.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Int64(value) if value.unsigned_abs() > 1 << 53 => "large integer",
            Value::Int64(_) => "integer",
            Value::Float64(value) if value.is_nan() => "NaN",
            Value::Float64(value) if value.fract() == 0.0 => "integral float",
            Value::Float64(_) => "float",
            Value::String(_) => "string",
            Value::Bytes(_) => "bytes",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            other => panic!("another kind: {other:?}"),
        });
    }
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    let bytes: usize = tables.iter().map(|table| serde_json::to_string(&table.documents).unwrap().len()).sum();
    assert!((500..900).contains(&(bytes / 2500)), "{} bytes per document", bytes / 2500);
}

#[tokio::test(start_paused = true)]
async fn writes_go_on_at_their_rate_until_they_are_dropped() {
    let fake = seeded(100, 1);
    let before = fake.tables();
    let mut sync = Sync::new(&fake);
    while sync.page().await.0 != "upToDate" {}
    let writes = fake.start_writes(400.0, 2);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let done = writes.count();
    assert!((1990..=2000).contains(&done), "{done}");
    drop(writes);
    let after = fake.tables();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(fake.tables(), after);
    assert!((50..=200).contains(&count(&after)), "{}", count(&after));
    let (status, truncates, values) = sync.page().await;
    assert_eq!((status.as_str(), truncates, values.len() as u64), ("upToDate", vec![], done));
    let deletions = values.iter().filter(|value| value.starts_with('-')).count();
    let ids = |tables: &[StoredTable]| -> BTreeSet<String> {
        let documents = tables.iter().flat_map(|table| &table.documents);
        documents.map(|document| format!("{:?}", document["_id"])).collect()
    };
    let inserted = ids(&after).difference(&ids(&before)).count();
    assert!(inserted > 20 && deletions > 200, "{inserted} inserted, {deletions} deleted");
}
