//! Recorded deliveries to webhooks: each signature is verified with the secret that signed.

use std::path::Path;

use convex_mgmt_proto::webhook::{Signature, Verifier, VerifyError};
use serde_json::Value;

use super::FOLDER;

/// Verifies a delivery with all secrets of its stream, and returns the label of the secret that signed.
fn verify(delivery: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let headers = delivery["headers"].as_array().unwrap().iter();
    let values = headers.filter(|header| header[0] == "x-webhook-signature").map(|header| text(&header[1]));
    let signature = Signature::from_values(values).unwrap();
    let secrets = delivery["hmacSecrets"].as_object().unwrap();
    let verifier = Verifier::new(secrets.values().map(text)).unwrap();
    let body = text(&delivery["body_raw"]);
    let verified = verifier.verify(&signature, body.clone()).unwrap();
    let label = secrets.keys().nth(verified.secret()).unwrap();
    assert_eq!(*label, delivery["signed_with"]);
    let changed = body.replacen('1', "2", 1);
    assert_eq!(verifier.verify(&signature, changed).unwrap_err(), VerifyError::Mismatch);
    label.clone()
}

#[test]
fn recorded_deliveries_are_verified_with_the_secret_that_signed_them() {
    let Some(folder) = super::super::tests::folder(FOLDER, "no recorded signature was verified") else { return };
    let mut labels = Vec::new();
    for file in ["webhooks.jsonl", "webhooks-topics.jsonl"] {
        let text = std::fs::read_to_string(Path::new(&folder).join(file)).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        labels.extend(lines.filter_map(|line| line.get("delivery").map(verify)));
    }
    for label in ["created", "rotated"] {
        assert!(labels.iter().any(|one| one == label), "no delivery is signed with the secret {label:?}");
    }
}
