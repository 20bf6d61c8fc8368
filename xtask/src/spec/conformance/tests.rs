//! Each way in which our types could differ from a schema, on a small one: it has to be found.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::*;

/// One operation whose request and reply are the same object.
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

/// As the schema says, with all three states of the note.
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

fn reply<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<Through, String> {
    let body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    request::<T>(&body)
}

fn request<T: DeserializeOwned + Serialize>(body: &Value) -> Result<Through, String> {
    let json = through::<T>(body)?;
    // As the types of the API say of an enum.
    let unknown = json["size"] == "someNewValue";
    Ok(Through { json, unknown })
}

fn good() -> Bodies {
    Bodies::new("send_it").gives(reply::<Thing>).takes(request::<Thing>)
}

fn built() -> Vec<Built> {
    vec![Built { id: "send_it", body: Ok(json!({"count": 1, "note": null, "share": 0.5, "size": "small"})) }]
}

fn tables(bodies: Vec<Bodies>, overrides: Vec<Override>) -> Tables {
    Tables { bodies, requests: built(), overrides: overrides.leak(), complete: true }
}

fn found(bodies: Bodies, overrides: Vec<Override>) -> Vec<String> {
    check(&document(), &tables(vec![bodies], overrides)).problems
}

/// Fails unless the problems begin like this, each.
#[track_caller]
fn assert_begin(problems: Vec<String>, expected: &[&str]) {
    let alike =
        problems.len() == expected.len() && problems.iter().zip(expected).all(|(one, start)| one.starts_with(start));
    assert!(alike, "{problems:#?} are not {expected:#?}");
}

fn row(what: What) -> Override {
    Override { operations: &["send_it"], what, facts: "so it is", source: "a test" }
}

#[test]
fn what_is_as_documented_has_no_problems() {
    let report = check(&document(), &tables(vec![good()], vec![row(What::Noted), row(What::Behaviour(|| true))]));
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        report.totals(),
        "1 operations with 2 bodies: 28 samples, 22 broken samples, 1 built requests; 1 overrides used of 2, 1 noted; 0 \
         problems"
    );
}

#[test]
fn a_lost_field_is_found() {
    #[derive(Deserialize, Serialize)]
    struct Lossy {
        count: i64,
        size: String,
    }
    let problems = found(good().gives(reply::<Lossy>), vec![]);
    assert!(problems.iter().any(|one| one.starts_with("send_it reply: everything: comes back as")), "{problems:#?}");
    assert!(problems.contains(&"send_it reply: \"note\": never came back".to_owned()), "{problems:#?}");
}

#[test]
fn a_changed_number_is_found_and_a_number_spelt_otherwise_is_not_a_change() {
    #[derive(Deserialize, Serialize)]
    struct Float {
        count: f64,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    let problems = found(good().gives(reply::<Float>), vec![]);
    assert!(problems.iter().any(|one| one.starts_with("send_it reply: beyond a double at count: comes back")));
    // The share of 3 comes back as 3.0 from the good type too.
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
    // In a reply, the note may be absent or null alike.
    assert_begin(
        found(good().gives(reply::<Closed>), vec![]),
        &["send_it reply: unknown value at size: is refused", "send_it reply: unknown field: is refused"],
    );
    // In a request it may not.
    let problems = found(good().takes(request::<Closed>), vec![]);
    assert!(
        problems.iter().any(|one| one.starts_with("send_it request: without at note: comes back")),
        "{problems:#?}"
    );
}

#[test]
fn a_value_that_has_no_name_and_one_that_should_have_none_are_found() {
    let nameless = good().gives(|body| {
        let back = reply::<Thing>(body)?;
        Ok(Through { unknown: back.json["size"] == "large", ..back })
    });
    assert_begin(
        found(nameless, vec![]),
        &[
            "send_it reply: value large at size: is refused: our types have no name for a value in it",
            "send_it reply: unknown value at size: is refused: an unknown value is not kept as unknown",
            "send_it reply: \"large\" never came back",
        ],
    );
}

#[test]
fn what_is_taken_although_broken_is_found_unless_listed() {
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
    let lenient = good().gives(|body| {
        let mut back = reply::<Lenient>(body)?;
        without(&mut back.json, samples::NEW_FIELD);
        Ok(back)
    });
    assert_begin(found(lenient.clone(), vec![]), &["send_it reply: missing at count: is taken, though it is broken"]);
    let taken =
        || Override { operations: &["*"], ..row(What::Body(Side::Reply, Instead::Taken(Kind::Missing, "count"))) };
    assert_begin(found(lenient, vec![taken()]), &[]);
    assert_begin(
        found(good(), vec![taken()]),
        &["send_it reply: missing at count: is refused, though an override", "*: no sample needs the override"],
    );
}

#[test]
fn an_override_has_to_be_true_and_needed() {
    let refused = || row(What::Body(Side::Reply, Instead::Refused(Kind::UnknownEnum, "*")));
    assert_begin(
        found(good(), vec![refused()]),
        &[
            "send_it reply: unknown value at size: is taken, though",
            "send_it: no sample needs the override: so it is (a test)",
        ],
    );
    let picky: Bodies = good().gives(|body| {
        let back = reply::<Thing>(body)?;
        if back.json["size"] == "someNewValue" { Err("no".to_owned()) } else { Ok(back) }
    });
    assert_begin(found(picky, vec![refused()]), &[]);

    fn small(body: &mut Value) {
        if body["size"] == "large" {
            body["size"] = "small".into();
        }
    }
    let reads = || row(What::Body(Side::Reply, Instead::Reads(small)));
    let mended = || row(What::Body(Side::Reply, Instead::Mended(small)));
    let shrinking: Bodies = good().gives(|body| {
        let mut back = reply::<Thing>(body)?;
        small(&mut back.json);
        Ok(back)
    });
    let never_large: Bodies = good().gives(|body| {
        let back = reply::<Thing>(body)?;
        if back.json["size"] == "large" { Err("no".to_owned()) } else { Ok(back) }
    });
    let gone = "send_it reply: \"large\" never came back";
    assert_begin(found(shrinking.clone(), vec![reads()]), &[gone]);
    assert_begin(found(never_large.clone(), vec![mended()]), &[gone]);
    assert_begin(found(shrinking, vec![]), &["send_it reply: value large at size: comes back", gone]);
    assert_begin(found(good(), vec![reads()]), &["send_it reply: value large at size: comes back", gone]);
    assert_begin(found(never_large, vec![]), &["send_it reply: value large at size: is refused", gone]);
    let needless = "send_it reply: value large at size: is taken, though an override says that it needs mending";
    assert_begin(found(good(), vec![mended()]), &[needless, gone, "send_it: no sample needs"]);

    assert_begin(found(good(), vec![row(What::Behaviour(|| false))]), &["send_it: we do not do as the override says"]);
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
    assert_begin(lone(vec![good(), Bodies::new("more")]), &["more: has a row in the table of bodies"]);
    assert_begin(
        lone(vec![Bodies::new("send_it")]),
        &[
            "send_it: has a request body in the document only",
            "send_it: has a reply body in the document only",
            "send_it: is built, but",
            &unchecked[0],
            &unchecked[1],
        ],
    );
    let with = |change: fn(&mut Value)| check(&changed(change, &document()), &tables(vec![good()], vec![])).problems;
    assert_begin(
        with(|document| drop(document["paths"]["/send"]["post"]["responses"]["200"].take())),
        &["send_it: has a reply body here only"],
    );
    assert_begin(
        with(|document| {
            let content = &mut document["paths"]["/send"]["post"]["responses"]["200"]["content"];
            content["text/plain"] = json!({});
        }),
        &["send_it: reply: a body has another content type than JSON"],
    );
    assert_begin(
        with(|document| document["paths"]["/send"]["post"]["responses"]["204"] = json!({})),
        &["send_it: reply: there is not exactly one kind of success"],
    );
    assert_begin(
        with(|document| document["components"]["schemas"]["New"] = json!({"type": "string"})),
        &["New: this schema"],
    );
    let problems = with(|document| {
        document["components"]["schemas"]["Thing"]["properties"]["color"] = json!({"type": "string"});
    });
    for side in ["request", "reply"] {
        assert!(problems.contains(&format!("send_it {side}: \"color\": never came back")), "{problems:#?}");
    }
    assert!(problems.contains(&"send_it: no built request has color".to_owned()), "{problems:#?}");
    assert_begin(
        with(|document| document["components"]["schemas"]["Size"]["pattern"] = "s".into()),
        &[
            "send_it request: the keyword pattern is not known",
            "send_it reply: the keyword pattern",
            &unchecked[0],
            &unchecked[1],
        ],
    );
}

#[test]
fn an_incomplete_api_may_lack_operations_but_has_them_whole() {
    let incomplete = |bodies| check(&document(), &Tables { complete: false, ..tables(bodies, vec![]) }).problems;
    assert_begin(incomplete(vec![]), &["send_it: is built, but"]);
    assert_begin(incomplete(vec![good()]), &[]);
    assert_begin(
        incomplete(vec![good().gives(|_| Err("no".to_owned()))])[..1].to_vec(),
        &["send_it reply: everything"],
    );
}

#[test]
fn what_users_build_has_to_fit() {
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
fn a_value_of_the_users_is_compared_to_the_letter() {
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
