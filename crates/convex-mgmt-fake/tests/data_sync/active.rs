//! The list of active syncs.

use std::time::Duration;

use convex_mgmt_fake::Plan;
use serde_json::{Value as Json, json};

use super::{ACTIVE, KEY, SYNC, Sync, active, builder, fake, fill, knobs, send};

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    let mut plan = Plan::default();
    plan.streaming_export_enabled = false;
    let without = builder().plan(plan).build();
    for (case, fake, auth, query, status, code) in [
        ("106", fake(), "Convex garbage", "?limit=abc", 400, "BadQueryArgs"),
        ("106 no number", fake(), KEY, "?limit=", 400, "BadQueryArgs"),
        ("106 negative", fake(), KEY, "?limit=-1", 400, "BadQueryArgs"),
        ("106 twice", fake(), KEY, "?limit=1&limit=1", 400, "BadQueryArgs"),
        ("106 good query", fake(), "Convex garbage", "?limit=0", 401, "BadAdminKey"),
        ("107", fake(), KEY, "?limit=101", 400, "LimitOutOfRange"),
        ("107 none", fake(), KEY, "?limit=0&cursor=x", 400, "LimitOutOfRange"),
        ("107 most", fake(), KEY, "?limit=100", 200, ""),
        ("107 no permission", fake(), "Convex restricted", "?limit=101", 403, "OperationNotPermitted"),
        ("cursor", fake(), KEY, "?cursor=ab", 400, "InvalidCursor"),
        ("no cursor", fake(), KEY, "?cursor=", 400, "InvalidCursor"),
        ("plan", without.clone(), KEY, "?limit=0", 403, "StreamingExportNotEnabled"),
        ("plan before permission", without.clone(), "Convex restricted", "", 403, "StreamingExportNotEnabled"),
    ] {
        let response = send(&fake, &[("authorization", auth)], &format!("{ACTIVE}{query}"), None).await;
        let body: Json = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(response.status(), status, "{case}: {body}");
        assert_eq!(body["code"].as_str().unwrap_or_default(), code, "{case}");
    }
    let headers = [("authorization", "Convex restricted"), ("content-type", "application/json")];
    let rejected = send(&without, &headers, SYNC, Some(r#"{"cursor":"x"}"#)).await;
    assert!(String::from_utf8_lossy(rejected.body()).contains("StreamingExportNotEnabled"), "{rejected:?}");
}

#[tokio::test]
async fn the_list_has_the_progress_of_each_active_sync() {
    let mut settings = knobs();
    settings.data_sync_page_entries = 2;
    let fake = builder().knobs(settings).build();
    fill(&fake, "a", 0..5);
    fake.commit(|tables| tables.create_table("auth", "b"));
    assert_eq!(active(&fake, "").await, json!({"syncs": [], "pagination": {"hasMore": false}}));

    let mut one = Sync::new(&fake);
    one.page().await;
    let status = async |at: usize| active(&fake, "").await["syncs"][at]["status"].clone();
    let mut snapshotting = json!({
        "type": "snapshotting", "numTablesSynced": 0, "totalTables": 2, "currentComponent": "", "currentTable": "a",
        "numDocumentsInCurrentTable": 2, "totalDocumentsInCurrentTable": 5, "numDocumentsSynced": 2, "totalDocuments": 5,
    });
    assert_eq!(status(0).await, snapshotting);
    one.page().await;
    assert_eq!(status(0).await, snapshotting, "the progress is not written yet");
    fake.advance_clock(Duration::from_secs(3600));
    one.page().await;
    let more = [
        ("numTablesSynced", json!(1)),
        ("currentComponent", json!("auth")),
        ("currentTable", json!("b")),
        ("numDocumentsInCurrentTable", json!(0)),
        ("totalDocumentsInCurrentTable", json!(0)),
        ("numDocumentsSynced", json!(5)),
    ];
    more.into_iter().for_each(|(name, value)| snapshotting[name] = value);
    assert_eq!(status(0).await, snapshotting);
    fake.advance_clock(Duration::from_secs(3600));

    let mut two = Sync::new(&fake);
    two.selection = Some(json!({"_other": "excluded"}));
    two.expect("upToDate", &[], &[]).await;
    let all = active(&fake, "").await;
    assert_eq!(all["syncs"][0]["syncId"], *two.id.as_ref().unwrap());
    let up_to_date = &all["syncs"][0]["status"];
    assert_eq!(
        *up_to_date,
        json!({"type": "upToDate", "totalTables": 0, "numDocumentsSynced": 0, "syncedTs": up_to_date["syncedTs"]})
    );
    let updated = |at: usize| all["syncs"][at]["lastUpdated"].as_u64().unwrap();
    assert!(updated(0) >= updated(1) + 3_600_000, "{all}");

    let first = active(&fake, "?limit=1").await;
    assert_eq!((&first["syncs"][0], first["syncs"].as_array().unwrap().len()), (&all["syncs"][0], 1));
    let after = |page: &Json| format!("?limit=1&cursor={}", page["pagination"]["nextCursor"].as_str().unwrap());
    let second = active(&fake, &after(&first)).await;
    assert_eq!(second["syncs"][0], all["syncs"][1]);
    assert_eq!(second["pagination"]["hasMore"], true, "a full page does not detect the end");
    let third = active(&fake, &after(&second)).await;
    assert_eq!(third, json!({"syncs": [], "pagination": {"hasMore": false}}));

    fake.advance_clock(Duration::from_secs(3 * 24 * 3600 - 3600));
    assert_eq!(active(&fake, "").await["syncs"].as_array().unwrap().len(), 1, "three days after its last page");
}
