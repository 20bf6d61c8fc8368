//! Single requests: errors, selections, cursors, ids and values.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use convex_mgmt_fake::{Fake, Value};
use serde_json::{Value as Json, json};

use super::{KEY, SYNC, Sync, builder, fake, fill, id, knobs, post, send};

#[tokio::test]
async fn each_case_has_the_status_and_code_of_the_real_server() {
    let acting = format!("{KEY}:{}", STANDARD.encode("{}"));
    let select = |table: &str| format!(r#"{{"selection":{{"_other":"excluded","":{{"_other":"excluded",{table}}}}}}}"#);
    let long = |length: usize| select(&format!(r#""{}":{{"_other":"included"}}"#, "t".repeat(length)));
    let column = |name: &str| select(&format!(r#""t":{{"_other":"included","{name}":"excluded"}}"#));
    let path = |path: &str| format!(r#"{{"selection":{{"_other":"excluded","{path}":{{"_other":"included"}}}}}}"#);
    for (case, auth, body, status, code) in [
        ("no key", "", "{}".to_owned(), 403, "BadDeployKey"),
        ("no key, bad body", "", "{".into(), 400, "BadJsonBody"),
        ("bad key, bad body", "Convex garbage", "{".into(), 401, "BadAdminKey"),
        ("restricted", "Convex restricted", r#"{"cursor":"x"}"#.into(), 403, "OperationNotPermitted"),
        ("acting as a user", &acting, "{}".into(), 403, "SystemIdentityRequired"),
        ("read only", "Convex happy-animal-123|01decade", "{}".into(), 200, ""),
        ("no cursor", KEY, r#"{"cursor":null,"more":1}"#.into(), 200, ""),
        ("no text", KEY, r#"{"cursor":1}"#.into(), 400, "BadJsonBody"),
        ("twice", KEY, r#"{"cursor":null,"cursor":null}"#.into(), 400, "BadJsonBody"),
        ("garbage", KEY, r#"{"cursor":"01ab"}"#.into(), 400, "InvalidDataSyncCursor"),
        ("97", KEY, r#"{"selection":{}}"#.into(), 400, "BadJsonBody"),
        ("97 null", KEY, r#"{"selection":null}"#.into(), 400, "BadJsonBody"),
        ("98", KEY, r#"{"selection":{"_other":"excluded","":"included"}}"#.into(), 400, "BadJsonBody"),
        ("98 excluded", KEY, r#"{"selection":{"_other":"incl","":"excluded"}}"#.into(), 200, ""),
        ("98 unknown", KEY, r#"{"selection":{"_other":"some"}}"#.into(), 400, "BadJsonBody"),
        ("98 twice", KEY, r#"{"selection":{"_other":"incl","_other":"incl"}}"#.into(), 400, "BadJsonBody"),
        ("99 table", KEY, select(r#""t":"included""#), 400, "BadJsonBody"),
        ("99 table excluded", KEY, select(r#""t":"excluded""#), 200, ""),
        ("99 table without others", KEY, select(r#""t":{"name":"included"}"#), 400, "BadJsonBody"),
        ("100", KEY, select(r#""t":{"_other":"excluded","n":"included"}"#), 400, "InvalidDataSyncSelection"),
        ("100 with id", KEY, select(r#""t":{"_other":"excl","_id":"incl"}"#), 200, ""),
        ("100 without id", KEY, column("_id"), 400, "InvalidDataSyncSelection"),
        ("100 without time", KEY, column("_creationTime"), 200, ""),
        ("101", KEY, select(r#""bad-name":{"_other":"included"}"#), 400, "InvalidDataSyncSelection"),
        ("101 excluded", KEY, select(r#""bad-name":"excluded""#), 400, "InvalidDataSyncSelection"),
        ("101 digit", KEY, select(r#""1t":"excluded""#), 400, "InvalidDataSyncSelection"),
        ("101 underscores", KEY, select(r#""__":"excluded""#), 400, "InvalidDataSyncSelection"),
        ("101 empty", KEY, select(r#""":"excluded""#), 400, "InvalidDataSyncSelection"),
        ("101 long", KEY, long(64), 200, ""),
        ("101 too long", KEY, long(65), 400, "InvalidDataSyncSelection"),
        ("102 column", KEY, column("a b-c"), 200, ""),
        ("102 dollar", KEY, column("$a"), 400, "InvalidDataSyncSelection"),
        ("102 no ASCII", KEY, column("é"), 400, "InvalidDataSyncSelection"),
        ("102 long", KEY, column(&"c".repeat(1024)), 200, ""),
        ("102 too long", KEY, column(&"c".repeat(1025)), 400, "InvalidDataSyncSelection"),
        ("102 path", KEY, path("a/b_1"), 200, ""),
        ("102 slash", KEY, path("/a"), 400, "InvalidDataSyncSelection"),
        ("102 slash behind", KEY, path("a/"), 400, "InvalidDataSyncSelection"),
    ] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend((!auth.is_empty()).then_some(("authorization", auth)));
        let response = send(&fake(), &headers, SYNC, Some(&body)).await;
        let body: Json = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(response.status(), status, "{case}: {body}");
        assert_eq!(body["code"].as_str().unwrap_or_default(), code, "{case}");
    }
}

#[tokio::test]
async fn cases_92_to_95_a_changed_selection_restarts_tables() {
    let fake = fake();
    fill(&fake, "a", [1, 2]);
    fill(&fake, "b", []);
    let mut sync = Sync::new(&fake);
    sync.expect("snapshotting", &["a", "b"], &["a:1", "a:2"]).await;
    sync.expect("stale", &[], &[]).await;
    sync.expect("upToDate", &[], &[]).await;
    assert!(fake.commit(|tables| tables.delete("", "a", &id(2))));
    sync.expect("upToDate", &[], &["-a"]).await;
    sync.selection = Some(json!({"_other": "excluded", "": {"_other": "included", "a": "excluded"}}));
    sync.expect("upToDate", &[], &[]).await;
    fill(&fake, "a", [3]);
    sync.expect("upToDate", &[], &[]).await;
    sync.selection = None;
    sync.expect("upToDate", &["a"], &["a:1", "a:3"]).await;
}

#[tokio::test]
async fn case_103_values_have_the_json_of_the_real_server() {
    let fake = fake();
    let values = json!({
        "_id": "x", "_creationTime": 1.5, "int": 1, "float": 1.0, "big": 1e21, "nan": {"$float": "AAAAAAAA+H8="},
        "bytes": {"$bytes": "ABCD"}, "list": [null, true, {"A": -0.0}],
    });
    fake.commit(|tables| tables.insert("a/b", "kinds", Value::document(values)));
    let headers = [("authorization", KEY), ("content-type", "application/json")];
    let response = send(&fake, &headers, SYNC, Some("{}")).await;
    let expected = r#""value":{"_creationTime":1.5,"_id":"x","big":1e21,"bytes":{"$bytes":"ABCD"},"float":1.0,"int":1,"list":[null,true,{"A":-0.0}],"nan":{"$float":"AAAAAAAA+H8="}}}],"syncId":"#;
    let text = String::from_utf8_lossy(response.body());
    assert!(text.contains(expected), "{text}");
    assert!(text.contains(r#""truncates":[{"component":"a/b","table":"kinds"}]"#), "{text}");
}

#[tokio::test]
async fn case_104_the_client_determines_the_prefix_of_a_sync_id() {
    let fake = fake();
    for (client, prefix) in [
        ("fivetran-export-1.0.0", "fivetran-"),
        ("Fivetran-Import-1.0.0", "fivetran-"),
        ("airbyte-export-1.0.0", "airbyte-"),
        ("airbyte-1.0.0", ""),
        ("fivetran-export", ""),
    ] {
        let headers = [("authorization", KEY), ("content-type", "application/json"), ("convex-client", client)];
        let page: Json = serde_json::from_slice(send(&fake, &headers, SYNC, Some("{}")).await.body()).unwrap();
        let id = page["syncId"].as_str().unwrap();
        let uuid: Vec<_> = id.strip_prefix(prefix).unwrap().split('-').collect();
        assert_eq!(uuid.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert!(uuid[2].starts_with('4') && uuid[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        post(&fake, &json!({"cursor": page["pagination"]["nextCursor"]})).await;
        let log = fake.audit_log();
        let last = log.last().unwrap();
        assert_eq!((last.action, &last.metadata), ("create_data_sync", &json!({"sync_id": id})));
    }
    assert_eq!(fake.audit_log().len(), 5, "only first pages have an audit entry");
}

#[tokio::test]
async fn cursors_expire_and_are_valid_for_their_deployment_only() {
    let (mut settings, day) = (knobs(), Duration::from_secs(24 * 3600));
    settings.document_retention = day;
    let fake = builder().knobs(settings).build();
    let mut sync = Sync::new(&fake);
    sync.expect("upToDate", &[], &[]).await;
    let code =
        async |fake: &Fake, cursor: &Option<Json>| post(fake, &json!({ "cursor": cursor })).await["code"].clone();
    assert_eq!(code(&self::fake(), &sync.cursor).await, "InvalidDataSyncCursor", "another deployment");
    let old = sync.cursor.clone();
    fake.advance_clock(day / 2);
    fill(&fake, "a", [1]);
    sync.expect("snapshotting", &["a"], &[]).await;
    fake.advance_clock(day / 2);
    assert_eq!(code(&fake, &old).await, "DataSyncCursorExpired");
    sync.expect("stale", &[], &["a:1"]).await;
    // A deployment without writes can still be read.
    fake.advance_clock(day * 2);
    let mut idle = Sync::new(&fake);
    idle.expect("upToDate", &["a"], &["a:1"]).await;
    idle.expect("upToDate", &[], &[]).await;
}
