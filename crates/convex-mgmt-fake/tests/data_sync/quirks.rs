//! Servers that misbehave, on request of a test.

use convex_mgmt_fake::{Fault, SyncQuirk};
use http::Request;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::{KEY, SYNC, Sync, fake, fill, post};

const ALL: usize = usize::MAX;

fn names(list: &Json) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["table"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_old_server_ignores_the_selection() {
    let fake = fake();
    fill(&fake, "a", [1]);
    fill(&fake, "b", [2]);
    fake.sync_quirk(SyncQuirk::IgnoresSelection, 2);
    let mut sync = Sync::new(&fake);
    sync.selection = Some(json!({"_other": "excluded", "": {"_other": "excluded", "b": {"_other": "included"}}}));
    sync.expect("snapshotting", &["a", "b"], &["a:1"]).await;
    sync.expect("stale", &[], &["b:2"]).await;
    fill(&fake, "a", [3]);
    fill(&fake, "b", [4]);
    sync.expect("upToDate", &[], &["b:4"]).await;
    let rejected = post(&fake, &json!({"selection": null})).await;
    assert_eq!(rejected["code"], "BadJsonBody");
}

#[tokio::test]
async fn quirks_change_the_next_pages_only() {
    let fake = fake();
    fill(&fake, "a", [1]);
    let foreign = |table: &str| (String::from("shop"), table.to_owned());
    let ((component, table), other) = (foreign("x"), foreign("y"));
    fake.sync_quirk(SyncQuirk::UnknownStatus { status: "paused".into() }, 1);
    fake.sync_quirk(SyncQuirk::ForeignDocument { component, table }, 1);
    fake.sync_quirk(SyncQuirk::ForeignTruncate { component: other.0, table: other.1 }, 1);
    // A rejected request is not a page.
    assert_eq!(post(&fake, &json!({"cursor": "?"})).await["code"], "InvalidDataSyncCursor");
    let page = post(&fake, &json!({})).await;
    assert_eq!(page["status"]["type"], "paused");
    assert!(page["status"]["snapshotTs"].is_i64(), "{page}");
    assert_eq!((names(&page["truncates"]), names(&page["values"])), (vec!["a", "y"], vec!["a", "x"]));
    assert_eq!(page["values"][1]["component"], "shop");
    let page = post(&fake, &json!({})).await;
    assert_eq!((&page["status"]["type"], names(&page["values"])), (&json!("upToDate"), vec!["a"]));
}

#[tokio::test]
async fn cursors_and_ids_of_pages_can_be_wrong() {
    let fake = fake();
    fill(&fake, "a", [1]);
    let first = post(&fake, &json!({})).await;
    let next = &first["pagination"]["nextCursor"];
    let body = json!({ "cursor": next });
    fake.sync_quirk(SyncQuirk::SameCursor, 1);
    fake.sync_quirk(SyncQuirk::OtherSyncId, 1);
    let second = post(&fake, &body).await;
    assert_eq!(second["pagination"], json!({"hasMore": true, "nextCursor": next}));
    assert_ne!(second["syncId"], first["syncId"]);
    fake.sync_quirk(SyncQuirk::NoCursor, ALL);
    for _ in 0..2 {
        let page = post(&fake, &body).await;
        assert_eq!(page["pagination"], json!({"hasMore": true}));
        assert_eq!(page["syncId"], first["syncId"], "the sync itself goes on");
    }
    fake.clear_sync_quirks();
    assert!(post(&fake, &body).await["pagination"]["nextCursor"].is_string());
}

#[tokio::test]
async fn all_cursors_of_now_expire_on_request() {
    let fake = fake();
    fill(&fake, "a", [1]);
    let mut sync = Sync::new(&fake);
    sync.raw().await;
    let old = sync.cursor.clone();
    sync.raw().await;
    fake.expire_sync_cursors();
    for cursor in [&old, &sync.cursor] {
        assert_eq!(post(&fake, &json!({ "cursor": cursor })).await["code"], "DataSyncCursorExpired");
    }
    let mut restarted = Sync::new(&fake);
    restarted.expect("upToDate", &["a"], &["a:1"]).await;
    restarted.expect("upToDate", &[], &[]).await;
}

#[tokio::test]
async fn every_fault_works_for_pages() {
    let fake = fake();
    fill(&fake, "a", [1]);
    let call = || {
        let request = Request::post(SYNC).header("authorization", KEY).header("content-type", "application/json");
        fake.clone().oneshot(request.body("{}".into()).unwrap())
    };
    let whole = call().await.unwrap();
    for fault in [Fault::status(503), Fault::EmptyBody, Fault::HalfBody, Fault::Reset, Fault::LostResponse] {
        fake.fault_at("/data/sync", fault.clone());
        let status = call().await.map(|response| (response.status().as_u16(), response.into_body()));
        match (&fault, status) {
            (Fault::Response { .. }, Ok((503, _))) | (Fault::Reset | Fault::LostResponse, Err(_)) => {}
            (Fault::EmptyBody, Ok((200, body))) => assert!(body.is_empty()),
            (Fault::HalfBody, Ok((200, body))) => {
                assert_eq!(body.len(), whole.body().len() / 2);
                assert!(serde_json::from_slice::<Json>(&body).is_err_and(|error| error.is_eof()));
            }
            (_, other) => panic!("{fault:?}: {other:?}"),
        }
    }
}
