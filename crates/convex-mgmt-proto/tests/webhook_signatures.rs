//! The signatures of deliveries that were recorded from a real server. `CONVEX_MGMT_RECORDINGS` names the folder.
#![cfg(feature = "webhook")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use convex_mgmt_proto::webhook::{Signature, Verifier, VerifyError};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

const FOLDER: &str = "CONVEX_MGMT_RECORDINGS";

#[derive(Deserialize)]
struct Line {
    case: String,
    delivery: Option<Delivery>,
}

#[derive(Deserialize)]
struct Delivery {
    headers: Vec<(String, String)>,
    body_raw: String,
    #[serde(rename = "hmacSecrets")]
    secrets: BTreeMap<String, String>,
    signed_with: String,
}

/// Verifies each delivery of a file. Returns the labels of the secrets that signed.
fn verify(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    let deliveries = lines.filter_map(|line| Some((line.case, line.delivery?)));
    let label = |(case, Delivery { headers, body_raw, secrets, signed_with }): (String, Delivery)| {
        let header = |(name, value): (String, String)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(&value).unwrap())
        };
        let headers: HeaderMap = headers.into_iter().map(header).collect();
        let signature = Signature::from_headers(&headers).unwrap_or_else(|error| panic!("{case}: {error}"));
        let verifier = Verifier::new(secrets.values().map(String::as_str)).unwrap();
        let verified = verifier.verify(&signature, body_raw.clone()).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(secrets.keys().nth(verified.secret()), Some(&signed_with), "{case}");
        let changed = body_raw.replacen('1', "2", 1);
        assert_eq!(verifier.verify(&signature, changed).unwrap_err(), VerifyError::Mismatch, "{case}");
        signed_with
    };
    deliveries.map(label).collect()
}

#[test]
fn recorded_deliveries_are_verified_with_the_secret_that_signed_them() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        // Written to the stream itself, because the test harness captures the output of `println!`.
        drop(writeln!(std::io::stderr(), "SKIPPED: {FOLDER} is not set, no recorded signature was verified"));
        return;
    };
    let labels = ["webhooks.jsonl", "webhooks-topics.jsonl"].map(|file| verify(&Path::new(&folder).join(file)));
    let labels = labels.concat();
    for label in ["created", "rotated"] {
        assert!(labels.iter().any(|one| one == label), "no delivery is signed with the secret {label:?}");
    }
}
