//! Tests with responses that were recorded from a real server: each success is decoded, and encoded again without a change.

use std::collections::BTreeMap;
use std::path::Path;

use convex_mgmt_proto::deployment::DataSync;
use convex_mgmt_proto::deployment::data_sync::Document;
use convex_mgmt_proto::{Api, DeploymentApi, OPERATIONS, Operation, OperationMeta};
use serde_json::Value;

use super::super::bodies::{self, Bodies};
use super::FOLDER;

/// Returns the operation of a request. The real server also accepts the other method at some paths; those are not operations.
fn operation(method: &str, path: &str) -> Option<&'static OperationMeta> {
    let path = path.strip_prefix(DeploymentApi::PREFIX)?;
    OPERATIONS.iter().copied().find(|meta| {
        let (start, placeholder) = meta.path.split_once('{').map_or((meta.path, false), |(start, _)| (start, true));
        let rest = path.strip_prefix(start);
        let fits = rest
            .is_some_and(|rest| if placeholder { !rest.is_empty() && !rest.contains('/') } else { rest.is_empty() });
        meta.method == method && fits
    })
}

/// Fails if the operation's output loses a part of a response.
fn lost(bodies: &Bodies, text: &str) -> Result<(), String> {
    let Some(read) = &bodies.response else {
        return if text.is_empty() { Ok(()) } else { Err("the operation has no response body".to_owned()) };
    };
    let back = read(text.as_bytes())?.json;
    let was: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if back == was { Ok(()) } else { Err(format!("is read back as {back}")) }
}

/// Checks the successes of one file, and counts them by operation.
fn check(path: &Path, all: &[Bodies], counts: &mut BTreeMap<&'static str, usize>) {
    let text = std::fs::read_to_string(path).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (request, response) = (&line["request"], &line["response"]);
        let (Some(method), Some(target)) = (request["method"].as_str(), request["path"].as_str()) else { continue };
        if response["status"] != 200 {
            continue;
        }
        let Some(meta) = operation(method, target) else { continue };
        let bodies = all.iter().find(|bodies| bodies.id == meta.id).unwrap();
        let raw = response["body_raw"].as_str().map(str::to_owned);
        let body = raw
            .unwrap_or_else(|| response["body"].as_str().map_or_else(|| response["body"].to_string(), str::to_owned));
        if let Err(why) = lost(bodies, &body) {
            panic!("{} {} {}: {body} {why}", path.display(), line["case"], line["step"]);
        }
        if meta.id == DataSync::META.id {
            for value in DataSync::decode(&body.clone().into()).unwrap().values {
                assert!(body.contains(value.document.as_str()), "{} is spelled differently", value.document.as_str());
                let fields =
                    value.document.fields().unwrap_or_else(|error| panic!("{}: {error}", value.document.as_str()));
                let again = Document::parse(serde_json::to_string(&fields).unwrap()).unwrap();
                assert_eq!(again.fields().unwrap(), fields, "{}", value.document.as_str());
            }
        }
        *counts.entry(meta.id).or_default() += 1;
    }
}

#[test]
fn recorded_successes_survive_decoding_and_encoding() {
    let Some(folder) = super::super::tests::folder(FOLDER, "no recorded response was read") else { return };
    let all = bodies::of_api(DeploymentApi::KEY);
    let mut counts = BTreeMap::new();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            check(&path, &all, &mut counts);
            files += 1;
        }
    }
    println!("{files} files: {counts:?}");
    let missing: Vec<_> = all.iter().filter(|bodies| !counts.contains_key(bodies.id)).collect();
    assert!(missing.is_empty(), "no recorded success of {missing:?}");
}

#[test]
fn a_lost_part_is_detected() {
    let all = bodies::of_api(DeploymentApi::KEY);
    let usage = all.iter().find(|bodies| bodies.id == "get_canonical_urls").unwrap();
    assert_eq!(lost(usage, r#"{"convexCloudUrl":"a","convexSiteUrl":"b"}"#), Ok(()));
    assert!(lost(usage, r#"{"convexCloudUrl":"a","convexSiteUrl":"b","more":1}"#).is_err());
    let pause = all.iter().find(|bodies| bodies.id == "pause_deployment").unwrap();
    assert!(lost(pause, "").is_ok() && lost(pause, "{}").is_err());
    assert_eq!(operation("GET", "/api/v1/get_log_stream/x").map(|meta| meta.id), Some("get_log_stream"));
    assert!(operation("POST", "/api/v1/list_environment_variables").is_none());
}
