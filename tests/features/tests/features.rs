//! What is read and written where `serde_json` has the features `arbitrary_precision`, `preserve_order` and `unbounded_depth`.

use std::collections::BTreeMap;

use bytes::Bytes;
use convex_mgmt_fuzz::TARGETS;
use convex_mgmt_fuzz::inputs::corpus;
use convex_mgmt_proto::Operation;
use convex_mgmt_proto::deployment::data_sync::{DataSyncPage, Document, Selection, TableSelection, Value};
use convex_mgmt_proto::deployment::{DataSync, GetDeploymentInfo, ListActiveSyncs, ListUsageLimits};
use convex_mgmt_proto::deployment::data_sync::{ActiveSyncStatus, DataSyncStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

const DOCUMENT: &str = r#"{"_id":"k1","type":"reading","f":0.1,"i":9007199254740993,"whole":3,"nan":{"$float":"AAAAAAAA+H8="},
    "b":{"$bytes":"ABCD"},"list":[1,1.0,-0.0,5e-324,{"$float":"AAAAAAAA8H8="}],"map":{"7":1.5,"-1":2},"unknown":18446744073709551616}"#;

#[test]
fn the_features_are_on() {
    let json: Json = serde_json::from_str(r#"{"b":1.00000000000000000001,"a":1}"#).unwrap();
    assert_eq!(json.to_string(), r#"{"b":1.00000000000000000001,"a":1}"#);
    // The third one adds this.
    serde_json::Deserializer::from_str("1").disable_recursion_limit();
}

#[derive(Debug, Deserialize, PartialEq)]
struct Reading {
    f: f64,
    i: i64,
    whole: f32,
    nan: f64,
    b: Vec<u8>,
    list: Vec<f64>,
    map: BTreeMap<String, f64>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Tagged {
    Reading(Reading),
}

#[derive(Debug, Deserialize)]
struct Flat {
    f: f64,
    #[serde(flatten)]
    rest: BTreeMap<String, Dynamic>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Dynamic {
    Integer(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Dynamic>),
    Map(BTreeMap<String, Dynamic>),
    #[allow(dead_code, reason = "an integer that is no value")]
    Other(serde::de::IgnoredAny),
}

fn is_right(reading: &Reading) {
    let Reading { f, i, whole, nan, b, list, map } = reading;
    assert_eq!((*f, *i, *whole, nan.is_nan()), (0.1, 9_007_199_254_740_993, 3.0, true));
    assert_eq!((b.as_slice(), list.as_slice()), (&[0, 16, 131][..], &[1.0, 1.0, -0.0, 5e-324, f64::INFINITY][..]));
    assert_eq!(*map, BTreeMap::from([("7".to_owned(), 1.5), ("-1".to_owned(), 2.0)]));
}

#[derive(Debug, Deserialize)]
struct Keys {
    map: BTreeMap<i8, f64>,
}

#[test]
fn documents_are_read_into_types_and_into_values() {
    let document = Document::parse(DOCUMENT).unwrap();
    is_right(&document.read().unwrap());
    let Tagged::Reading(reading) = document.read().unwrap();
    is_right(&reading);
    assert_eq!(document.read::<Keys>().unwrap().map, BTreeMap::from([(7, 1.5), (-1, 2.0)]));

    let flat: Flat = document.read().unwrap();
    assert_eq!((flat.f, &flat.rest["i"]), (0.1, &Dynamic::Integer(9_007_199_254_740_993)));
    assert_eq!(flat.rest["b"], Dynamic::Bytes(vec![0, 16, 131]));
    let Dynamic::List(list) = &flat.rest["list"] else { panic!("{flat:?}") };
    assert_eq!(list[..2], [Dynamic::Integer(1), Dynamic::Float(1.0)]);

    let good = Document::parse(DOCUMENT.replace(r#","unknown":18446744073709551616"#, "")).unwrap();
    let fields = good.fields().unwrap();
    assert_eq!((&fields["i"], &fields["f"]), (&Value::Int64(9_007_199_254_740_993), &Value::Float64(0.1)));
    assert_eq!((&fields["nan"], &fields["b"]), (&Value::Float64(f64::NAN), &Value::Bytes(vec![0, 16, 131])));
    assert_eq!(document.fields().unwrap_err().path, "unknown");

    let json: Json = good.read().unwrap();
    assert_eq!(
        (json["i"].as_i64(), json["f"].as_f64(), json["list"][1].is_f64()),
        (Some(9_007_199_254_740_993), Some(0.1), true)
    );
    let raw: BTreeMap<&str, &RawValue> = document.read().unwrap();
    assert_eq!(raw["list"].get(), r#"[1,1.0,-0.0,5e-324,{"$float":"AAAAAAAA8H8="}]"#);
}

#[test]
fn values_come_back_through_serde_json_itself() {
    let document = Document::parse(DOCUMENT.replace(r#","unknown":18446744073709551616"#, "")).unwrap();
    let fields = document.fields().unwrap();
    let text = serde_json::to_string(&fields).unwrap();
    assert_eq!(serde_json::from_str::<BTreeMap<String, Value>>(&text).unwrap(), fields);
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::from_value::<BTreeMap<String, Value>>(json).unwrap(), fields);
    for (text, value) in [
        ("1", Value::Int64(1)),
        ("-9223372036854775808", Value::Int64(i64::MIN)),
        ("1.0", Value::Float64(1.0)),
        ("-0.0", Value::Float64(-0.0)),
        ("1e16", Value::Float64(1e16)),
    ] {
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), value);
    }
    assert!(serde_json::from_str::<Value>("18446744073709551616").is_err());
}

#[test]
fn depth_is_no_danger() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let document = |depth| Document::parse(format!(r#"{{"_id":"x","a":{}}}"#, nested(depth))).unwrap();
    assert!(document(126).fields().is_ok());
    assert!(document(127).fields().is_err() && document(1_000_000).read::<Json>().is_err());
    assert_eq!(document(1_000_000).id(), "x");
    let body = format!(r#"{{"convexCloudUrl":{}"#, nested(1_000_000));
    assert!(convex_mgmt_proto::deployment::GetCanonicalUrls::decode(&body.into()).is_err());
}

/// Reads a reply, writes it and reads it again.
fn comes_back<O>(body: &str) -> O::Output
where
    O: Operation,
    O::Output: Serialize + PartialEq + std::fmt::Debug,
{
    let read = O::decode(&Bytes::copy_from_slice(body.as_bytes())).unwrap_or_else(|error| panic!("{error}: {body}"));
    let written = serde_json::to_value(&read).unwrap();
    let body: Json = serde_json::from_str(body).unwrap();
    // `ListActiveSyncs` and the like have a name of their own for the items.
    for (name, value) in body.as_object().unwrap() {
        assert!(written.get(name).is_none_or(|written| written == value), "{name}: {written}");
    }
    read
}

#[test]
fn replies_are_read_and_come_back() {
    let page: DataSyncPage = comes_back::<DataSync>(&format!(
        r#"{{"status":{{"snapshotTs":1755000000000000001,"type":"upToDate"}},"truncates":[],"values":[
        {{"component":"","table":"t","ts":1755000000000000001,"deleted":false,"value":{DOCUMENT}}}],
        "syncId":"s","pagination":{{"hasMore":true,"nextCursor":"c"}}}}"#
    ));
    assert_eq!((page.values[0].document.as_str(), page.values[0].document.id()), (DOCUMENT, "k1"));
    assert_eq!(page.values[0].ts.0, 1_755_000_000_000_000_001);
    let DataSyncStatus::UpToDate(snapshot) = page.status else { panic!("{page:?}") };
    assert_eq!(snapshot.snapshot_ts.0, 1_755_000_000_000_000_001);

    let syncs = comes_back::<ListActiveSyncs>(
        r#"{"syncs":[{"syncId":"a","lastUpdated":1755000000000,"status":{"totalTables":2,"numDocumentsSynced":18446744073709551615,
        "syncedTs":1755000000000000001,"type":"stale"}},{"syncId":"b","lastUpdated":1,"status":{"x":1.50,"type":"asleep"}}],
        "pagination":{"hasMore":false}}"#,
    );
    let ActiveSyncStatus::Stale(progress) = &syncs.items[0].status else { panic!("{syncs:?}") };
    assert_eq!((progress.num_documents_synced, progress.synced_ts.0), (u64::MAX, 1_755_000_000_000_000_001));
    let unknown = syncs.items[1].status.unknown().unwrap();
    assert_eq!(unknown.json(), r#"{"type":"asleep","x":1.50}"#);

    comes_back::<GetDeploymentInfo>(
        r#"{"teamId":1,"projectId":18446744073709551615,"projectName":"P","projectSlug":"p","id":3,"deploymentType":"prod",
        "reference":null,"kind":"cloud"}"#,
    );
    let selection = Selection::all().table("users", TableSelection::all().without("a"));
    let text = serde_json::to_string(&selection).unwrap();
    assert_eq!(serde_json::from_str::<Selection>(&text).unwrap(), selection);
    // Names a reply that holds limits, so that the type is used here too.
    assert_eq!(ListUsageLimits::META.id, "list_usage_limits");
}

#[test]
fn every_seed_of_the_corpus_is_read_as_without_the_features() {
    for target in TARGETS {
        corpus(target.name).iter().for_each(|(_, input)| (target.check)(input));
    }
}
