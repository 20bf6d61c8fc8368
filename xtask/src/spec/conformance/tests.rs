//! Tests with a small schema: each possible difference between a type and its schema is found.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::*;

/// Returns a document with one operation, whose request and response are the same object.
fn document() -> Value {
    let body = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}});
    json!({
        "paths": {"/send": {"post": {"operationId": "send it", "requestBody": body, "responses": {"200": body}}}},
        "components": {"schemas": {
            "Size": {"type": "string", "enum": ["small", "large"]},
            "Thing": {"type": "object", "required": ["count", "size"], "properties": {
                "count": {"type": "integer", "format": "int64"},
                "note": {"type": ["string", "null"]},
                "share": {"type": "number"},
                "size": {"$ref": "#/components/schemas/Size"},
            }},
        }},
    })
}

/// The type of the schema, with all three states of the note.
#[derive(Deserialize, Serialize)]
struct Thing {
    count: i64,
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    note: Option<Option<String>>,
    #[serde(deserialize_with = "number", default, skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    size: String,
}

fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    f64::deserialize(deserializer).map(Some)
}

fn through<T: DeserializeOwned + Serialize>(body: &Value) -> Result<Value, String> {
    let thing: T = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(thing).map_err(|error| error.to_string())
}

fn response<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<RoundTrip, String> {
    let body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    request::<T>(&body)
}

fn request<T: DeserializeOwned + Serialize>(body: &Value) -> Result<RoundTrip, String> {
    let json = through::<T>(body)?;
    // The types of the API mark such a value of an enum.
    let unknown = json["size"] == "someNewValue";
    Ok(RoundTrip { json, unknown })
}

fn good() -> Bodies {
    Bodies::new("send_it").with_response(response::<Thing>).with_request(request::<Thing>)
}

fn built() -> Vec<Built> {
    vec![Built { id: "send_it", body: Ok(json!({"count": 1, "note": null, "share": 0.5, "size": "small"})) }]
}

fn tables(bodies: Vec<Bodies>, overrides: Vec<Override>) -> Tables {
    Tables { bodies, requests: built(), overrides }
}

fn found(bodies: Bodies, overrides: Vec<Override>) -> Vec<String> {
    check(&document(), &tables(vec![bodies], overrides)).problems
}

/// Fails unless each problem begins with the expected text.
#[track_caller]
fn assert_begin(problems: Vec<String>, expected: &[&str]) {
    let alike =
        problems.len() == expected.len() && problems.iter().zip(expected).all(|(one, start)| one.starts_with(start));
    assert!(alike, "{problems:#?} are not {expected:#?}");
}

fn row(what: What) -> Override {
    Override { operations: &["send_it"], what, facts: "a fact", source: "a test" }
}

#[test]
fn types_that_match_the_schema_have_no_problems() {
    let report = check(&document(), &tables(vec![good()], vec![row(What::Noted), row(What::Behaviour(|| true))]));
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        report.totals(),
        "1 operations with 2 bodies: 28 samples, 22 broken samples, 1 built requests; 1 overrides used of 2, 1 noted; 2 \
         nullable properties; 0 problems"
    );
}

#[test]
fn a_lost_field_is_found() {
    #[derive(Deserialize, Serialize)]
    struct Lossy {
        count: i64,
        size: String,
    }
    let problems = found(good().with_response(response::<Lossy>), vec![]);
    assert!(
        problems.iter().any(|one| one.starts_with("send_it response: everything: is read back as")),
        "{problems:#?}"
    );
    assert!(problems.contains(&"send_it response: \"note\": was never read back".to_owned()), "{problems:#?}");
}

#[test]
fn a_changed_number_is_found_and_another_spelling_is_not_a_change() {
    #[derive(Deserialize, Serialize)]
    struct Float {
        count: f64,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    let problems = found(good().with_response(response::<Float>), vec![]);
    assert!(problems.iter().any(|one| one.starts_with("send_it response: beyond a double at count: is read back")));
    // The share of 3 is read back as 3.0 from the good type too.
    assert_eq!(through::<Thing>(&json!({"count": 1, "share": 3, "size": "x"})).unwrap()["share"].to_string(), "3.0");
}

#[test]
fn a_closed_enum_and_a_closed_object_are_found() {
    #[derive(Deserialize, Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }
    #[derive(Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Closed {
        count: i64,
        note: Option<String>,
        #[serde(deserialize_with = "number", default, skip_serializing_if = "Option::is_none")]
        share: Option<f64>,
        size: Size,
    }
    // In a response, absent and null are the same.
    assert_begin(
        found(good().with_response(response::<Closed>), vec![]),
        &["send_it response: unknown value at size: is rejected", "send_it response: unknown field: is rejected"],
    );
    // In a request they differ.
    let problems = found(good().with_request(request::<Closed>), vec![]);
    assert!(
        problems.iter().any(|one| one.starts_with("send_it request: without at note: is read back")),
        "{problems:#?}"
    );
}

#[test]
fn a_known_value_without_a_name_and_a_new_value_with_one_are_found() {
    let nameless = good().with_response(|body| {
        let back = response::<Thing>(body)?;
        Ok(RoundTrip { unknown: back.json["size"] == "large", ..back })
    });
    assert_begin(
        found(nameless, vec![]),
        &[
            "send_it response: value large at size: is rejected: our types have no name for a value in it",
            "send_it response: unknown value at size: is rejected: an unknown value is not kept as unknown",
            "send_it response: \"large\" was never read back",
        ],
    );
}

#[test]
fn accepted_invalid_values_are_found_unless_listed() {
    #[derive(Deserialize, Serialize)]
    struct Lenient {
        #[serde(default)]
        count: i64,
        #[serde(flatten)]
        rest: Rest,
    }
    #[derive(Deserialize, Serialize)]
    struct Rest {
        note: Option<String>,
        #[serde(deserialize_with = "number", default, skip_serializing_if = "Option::is_none")]
        share: Option<f64>,
        size: String,
    }
    let lenient = good().with_response(|body| {
        let mut back = response::<Lenient>(body)?;
        without(&mut back.json, samples::NEW_FIELD);
        Ok(back)
    });
    assert_begin(
        found(lenient.clone(), vec![]),
        &["send_it response: missing at count: is accepted, although it is invalid"],
    );
    let accepted = || Override {
        operations: &["*"],
        ..row(What::Body(Side::Response, Instead::Accepted(Kind::Missing, "count")))
    };
    assert_begin(found(lenient, vec![accepted()]), &[]);
    assert_begin(
        found(good(), vec![accepted()]),
        &["send_it response: missing at count: is rejected, although an override", "*: no sample needs the override"],
    );
}

#[test]
fn an_override_has_to_be_correct_and_needed() {
    let rejected = || row(What::Body(Side::Response, Instead::Rejected(Kind::UnknownEnum, "*")));
    assert_begin(
        found(good(), vec![rejected()]),
        &[
            "send_it response: unknown value at size: is accepted, although",
            "send_it: no sample needs the override: a fact (a test)",
        ],
    );
    let picky: Bodies = good().with_response(|body| {
        let back = response::<Thing>(body)?;
        if back.json["size"] == "someNewValue" { Err("no".to_owned()) } else { Ok(back) }
    });
    assert_begin(found(picky, vec![rejected()]), &[]);

    fn small(body: &mut Value) {
        if body["size"] == "large" {
            body["size"] = "small".into();
        }
    }
    let reads = || row(What::Body(Side::Response, Instead::ReadsAs(small)));
    let repaired = || row(What::Body(Side::Response, Instead::Repaired(small)));
    let shrinking: Bodies = good().with_response(|body| {
        let mut back = response::<Thing>(body)?;
        small(&mut back.json);
        Ok(back)
    });
    let never_large: Bodies = good().with_response(|body| {
        let back = response::<Thing>(body)?;
        if back.json["size"] == "large" { Err("no".to_owned()) } else { Ok(back) }
    });
    let missing = "send_it response: \"large\" was never read back";
    assert_begin(found(shrinking.clone(), vec![reads()]), &[missing]);
    assert_begin(found(never_large.clone(), vec![repaired()]), &[missing]);
    assert_begin(found(shrinking, vec![]), &["send_it response: value large at size: is read back", missing]);
    assert_begin(found(good(), vec![reads()]), &["send_it response: value large at size: is read back", missing]);
    assert_begin(found(never_large, vec![]), &["send_it response: value large at size: is rejected", missing]);
    let needless = "send_it response: value large at size: is accepted, although an override says that it needs repair";
    assert_begin(found(good(), vec![repaired()]), &[needless, missing, "send_it: no sample needs"]);

    assert_begin(
        found(good(), vec![row(What::Behaviour(|| false))]),
        &["send_it: the library does not behave as the override says"],
    );
    let other = Override { operations: &["other"], ..row(What::Noted) };
    assert_begin(found(good(), vec![other]), &["other: has an override, but is not in the document"]);
}

#[test]
fn an_operation_or_a_body_on_one_side_only_is_found() {
    let lone = |bodies| check(&document(), &tables(bodies, vec![])).problems;
    let unused = "this schema is part of no body that was checked";
    let unchecked = [format!("Size: {unused}"), format!("Thing: {unused}")];
    assert_begin(
        lone(vec![]),
        &["send_it: is not in the registry", "send_it: is built, but", &unchecked[0], &unchecked[1]],
    );
    assert_begin(lone(vec![good(), Bodies::new("more")]), &["more: is in the table of bodies"]);
    assert_begin(
        lone(vec![Bodies::new("send_it")]),
        &[
            "send_it: has a request body in the document only",
            "send_it: has a response body in the document only",
            "send_it: is built, but",
            &unchecked[0],
            &unchecked[1],
        ],
    );
    let with = |change: fn(&mut Value)| check(&changed(change, &document()), &tables(vec![good()], vec![])).problems;
    assert_begin(
        with(|document| drop(document["paths"]["/send"]["post"]["responses"]["200"].take())),
        &["send_it: has a response body here only"],
    );
    assert_begin(
        with(|document| {
            let content = &mut document["paths"]["/send"]["post"]["responses"]["200"]["content"];
            content["text/plain"] = json!({});
        }),
        &["send_it: response: a body has another content type than JSON"],
    );
    assert_begin(
        with(|document| document["paths"]["/send"]["post"]["responses"]["204"] = json!({})),
        &["send_it: response: the document does not have exactly one success"],
    );
    assert_begin(
        with(|document| document["components"]["schemas"]["New"] = json!({"type": "string"})),
        &["New: this schema"],
    );
    let problems = with(|document| {
        document["components"]["schemas"]["Thing"]["properties"]["color"] = json!({"type": "string"});
    });
    for side in ["request", "response"] {
        assert!(problems.contains(&format!("send_it {side}: \"color\": was never read back")), "{problems:#?}");
    }
    assert!(problems.contains(&"send_it: no built request has color".to_owned()), "{problems:#?}");
    assert_begin(
        with(|document| document["components"]["schemas"]["Size"]["pattern"] = "s".into()),
        &[
            "send_it request: the keyword pattern is not known",
            "send_it response: the keyword pattern",
            &unchecked[0],
            &unchecked[1],
        ],
    );
}

#[test]
fn requests_that_users_build_have_to_be_valid() {
    let built = |built: fn() -> Vec<Built>| {
        let tables = Tables { requests: built(), ..tables(vec![good()], vec![]) };
        check(&document(), &tables).problems
    };
    assert_begin(
        built(|| {
            vec![Built { id: "send_it", body: Ok(json!({"count": 1, "note": "n", "share": 1.5, "size": "huge"})) }]
        }),
        &["send_it built {\"count\":1,"],
    );
    assert_begin(
        built(|| vec![Built { id: "send_it", body: Err("too long".to_owned()) }]),
        &[
            "send_it built : too long",
            "send_it: no built request has count",
            "send_it: no built request has note",
            "send_it: no built request has share",
            "send_it: no built request has size",
        ],
    );
    let mut problems =
        built(|| [self::built(), vec![Built { id: "other", body: Ok(json!({})) }]].into_iter().flatten().collect());
    assert_eq!(problems.pop().as_deref(), Some("other: is built, but no request body of it was checked"));
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn a_value_of_a_users_document_is_compared_exactly() {
    let schema = json!({"type": "object", "properties": {
        "any": {}, "share": {"type": ["number", "null"]}, "map": {"type": "object", "additionalProperties": {"type": "number"}},
    }});
    let shape = shape::read(&json!({}), &schema).unwrap();
    let seen = |value: Value, drop_nulls| {
        let mut value = value;
        canonical(&shape.form, drop_nulls, &mut value);
        value.to_string()
    };
    let value = json!({"any": {"a": null, "b": 3}, "map": {"a": 3}, "share": null});
    assert_eq!(seen(value.clone(), true), r#"{"any":{"a":null,"b":3},"map":{"a":3.0}}"#);
    assert_eq!(seen(value, false), r#"{"any":{"a":null,"b":3},"map":{"a":3.0},"share":null}"#);
}
