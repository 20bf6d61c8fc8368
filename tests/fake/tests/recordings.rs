//! The fake against exchanges that were recorded from a real server: the same request must get the same status, code,
//! headers and body. `CONVEX_MGMT_RECORDINGS` names the folder; without it the test is skipped, and says so.

mod recorded;

use std::collections::BTreeMap;

use bytes::Bytes;
use convex_mgmt_fake::Fake;
use http::Request;
use recorded::PLACEHOLDERS;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The files that have exchanges of operations that the fake has.
const FILES: [&str; 4] = ["auth", "endpoints", "env", "transport"];

fn filled(text: &str) -> String {
    PLACEHOLDERS.iter().fold(text.to_owned(), |text, (placeholder, key)| text.replace(placeholder, key))
}

/// Whether the fake has the operation of a path.
fn implemented(path: &str) -> bool {
    path.ends_with("environment_variables") || path == "/api/v1/nope"
}

/// The body of a request. Large ones are recorded by their recipe only.
fn body(case: &str, step: &str, recorded: &Value) -> Option<String> {
    let set = |name: &str, value: String| json!({"name": name, "value": value});
    if let Some(raw) = recorded.get("$raw") {
        return raw.as_str().map(str::to_owned);
    }
    if recorded.get("$generated").is_none() {
        return Some(if recorded.is_null() { String::new() } else { recorded.to_string() });
    }
    let bytes = usize::try_from(recorded["bytes"].as_u64()?).ok()?;
    let body = match (case, step) {
        ("case-020", _) => format!("{{\"changes\":[]{}}}", " ".repeat(bytes - 14)),
        ("case-031", "8192 bytes") => json!({"changes": [set("A", "v".repeat(8192))]}).to_string(),
        ("case-031", "8193 bytes") => json!({"changes": [set("A", "v".repeat(8193))]}).to_string(),
        ("case-031", _) => json!({"changes": [set("A", "\u{e9}".repeat(4096))]}).to_string(),
        ("case-034", _) => {
            let changes: Vec<_> = (0..65).map(|n| set(&format!("N{n}"), "v".repeat(8192))).collect();
            json!({ "changes": changes }).to_string()
        }
        _ => return None,
    };
    assert_eq!(body.len(), bytes, "{case} {step}: not the recorded body");
    Some(body)
}

async fn replay(fake: &Fake, exchange: &Value) -> bool {
    let (case, step) = (exchange["case"].as_str().unwrap(), exchange["step"].as_str().unwrap());
    let (request, expected) = (&exchange["request"], &exchange["response"]);
    let path = request["path"].as_str().unwrap();
    // Who loses a race is not the same twice.
    if !implemented(path) || case == "case-037" {
        return false;
    }
    let Some(body) = body(case, step, &request["body"]) else { return false };
    let query = request["query"].as_str().map(|query| format!("?{}", filled(query).replace('|', "%7C")));
    let uri = format!("{path}{}", query.unwrap_or_default());
    let mut call = Request::builder().method(request["method"].as_str().unwrap()).uri(uri);
    for (name, value) in request["headers"].as_object().unwrap() {
        call = call.header(name, filled(value.as_str().unwrap()));
    }
    let answer = fake.clone().oneshot(call.body(Bytes::from(body)).unwrap()).await.unwrap();
    let what = format!("{case} {step}: {answer:?}");

    assert_eq!(u64::from(answer.status().as_u16()), expected["status"].as_u64().unwrap(), "{what}");
    let recorded = expected["headers"].as_object().unwrap();
    for name in ["content-type", "allow", "x-convex-deprecation-state", "retry-after"] {
        let got = answer.headers().get(name).map(|value| value.to_str().unwrap());
        // Frameworks differ in the order of methods.
        let sorted = |text: &str| {
            let mut words: Vec<_> = text.split(',').map(str::to_owned).collect();
            words.sort();
            words
        };
        assert_eq!(got.map(sorted), recorded.get(name).and_then(Value::as_str).map(sorted), "{name} of {what}");
    }
    assert_eq!(
        answer.headers().contains_key("x-convex-deprecation-message"),
        recorded.contains_key("x-convex-deprecation-message"),
        "{what}"
    );
    match expected["body"].get("code") {
        Some(code) => {
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(&body["code"], code, "{what}");
        }
        None => {
            let text = match &expected["body"] {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            };
            assert_eq!(answer.body(), &text, "{what}");
            assert_eq!(answer.headers()["content-length"], recorded["content-length"].as_str().unwrap(), "{what}");
        }
    }
    true
}

#[tokio::test]
async fn the_fake_answers_as_the_real_server_did() {
    let Some(folder) = recorded::folder() else { return };
    let mut replayed = BTreeMap::new();
    for file in FILES {
        let mut fakes: BTreeMap<String, Fake> = BTreeMap::new();
        for exchange in recorded::lines(&folder, file) {
            if exchange.get("request").is_none() {
                continue;
            }
            // Every case starts on a clean deployment.
            let fake = fakes.entry(exchange["case"].as_str().unwrap().to_owned()).or_insert_with(|| {
                let builder = Fake::builder("happy-animal-123").admin_key(PLACEHOLDERS[0].1);
                builder.read_only_key(PLACEHOLDERS[1].1).build()
            });
            *replayed.entry(file).or_insert(0) += u32::from(replay(fake, &exchange).await);
        }
    }
    println!("exchanges that the fake answered as recorded: {replayed:?}");
    for file in FILES {
        assert!(replayed.get(file).is_some_and(|count| *count > 0), "nothing of {file} was replayed");
    }
}
