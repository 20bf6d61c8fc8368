//! Texts that this version does not know, such as new values of open enums, in every text of a request body.

use std::collections::BTreeSet;

use bytes::Bytes;
use convex_mgmt_proto::BuildError;
use serde_json::{Value, json};

use crate::operations::all;

/// Each text of a body, by its JSON pointer, with the body.
pub(crate) fn texts(body: &Bytes) -> Vec<(Value, String)> {
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::String(_) => found.push(at.to_owned()),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), found));
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    pointers(field, &format!("{at}/{}", name.replace('/', "~1")), found);
                }
            }
            _ => {}
        }
    }
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut found = Vec::new();
    pointers(&body, "", &mut found);
    found.into_iter().map(|pointer| (body.clone(), pointer)).collect()
}

#[test]
fn a_new_text_is_sent_as_it_is_unless_a_check_rejects_its_field() {
    let mut sent = BTreeSet::new();
    for operation in all() {
        let checks: Vec<_> = (operation.invalid)().into_iter().map(|(_, field)| field).collect();
        for request in (operation.requests)().into_iter().filter_map(|sample| sample.checked.ok()) {
            for (mut body, pointer) in texts(request.body()) {
                *body.pointer_mut(&pointer).unwrap() = json!("something-new");
                // What cannot be read is not an open enum.
                let Some(Ok(sample)) = (operation.from_body)(&body.to_string()) else { continue };
                let request = sample.unchecked.unwrap_or_else(|error| panic!("{operation}: {pointer}: {error}"));
                assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), body, "{operation}: {pointer}");
                match sample.checked {
                    Ok(_) => drop(sent.insert(pointer)),
                    Err(BuildError::Invalid(violations)) => {
                        let without_index = |field: &str| field.replace(char::is_numeric, "");
                        let has_sample = |field: &str| {
                            checks.iter().any(|known| without_index(field).starts_with(&without_index(known)))
                        };
                        let known = violations.iter().all(|violation| has_sample(&violation.field));
                        assert!(known, "{operation}: `check` rejects a new text, without a sample: {violations}");
                    }
                    Err(error) => panic!("{operation}: {pointer}: {error}"),
                }
            }
        }
    }
    // Open enums that requests hold today.
    for pointer in [
        "/requestDestination",
        "/metric",
        "/window",
        "/limitType",
        "/siteLocation",
        "/format",
        "/ingestUrl",
        "/topics/1",
        "/defaultRegion",
        "/role",
        "/statements/1/effect",
        "/statements/1/actions/0",
        "/statements/0/actions",
        "/statements/1/resource",
    ] {
        assert!(sent.contains(pointer), "{pointer} is not among {sent:?}");
    }
}
