//! The fake against exchanges that were recorded from a real server: the same request must get the same status, code,
//! headers and body. `CONVEX_MGMT_RECORDINGS` names the folder; without it the test is skipped, and says so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use convex_mgmt_fake::{Fake, Plan};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

const FOLDER: &str = "CONVEX_MGMT_RECORDINGS";

/// The files that have exchanges of operations that the fake has.
const FILES: [&str; 12] = [
    "auth",
    "canonical",
    "endpoints",
    "env",
    "injected-audit-plan",
    "injected-plan-free",
    "injected-restricted-key",
    "injected-system-disabled",
    "pause",
    "transport",
    "usage",
    "usage-calls",
];

/// The deployment as a variant of the recordings has it.
fn deployment(file: &str, variant: Option<&str>) -> Fake {
    let builder = Fake::builder("happy-animal-123")
        .admin_key(PLACEHOLDERS[0].1)
        .read_only_key(PLACEHOLDERS[1].1)
        .token("prod:happy-animal-123|fullaccesstoken", [""; 0])
        .token("prod:happy-animal-123|restrictedlogsview", ["deployment:logs:view"]);
    let mut plan = Plan::default();
    (plan.team_id, plan.project_id, plan.deployment_id) = (11, 22, 33);
    match variant {
        Some("plan-pro") => plan.reference = Some("dev/alice".into()),
        Some("plan-free") => {
            plan.deployment_type = "prod".into();
            plan.project_name = Some("My project".into());
            plan.project_slug = Some("my-project".into());
        }
        other => {
            let fake = builder.build();
            fake.set_disabled(other == Some("disabled"));
            if file == "usage-calls" {
                fake.set_usage("functionCalls", 10.0, 10.0);
            }
            return fake;
        }
    }
    builder.plan(plan).build()
}

/// What stands for the keys in the recordings. Made up.
const PLACEHOLDERS: [(&str, &str); 5] = [
    ("<ADMIN_KEY>", "happy-animal-123|01c0ffee"),
    ("<READ_ONLY_ADMIN_KEY>", "happy-animal-123|01decade"),
    // The fake has no keys of Convex's own; to the operations here one is like an admin key.
    ("<SYSTEM_KEY>", "happy-animal-123|01c0ffee"),
    ("<SECRET>", "01c0ffee"),
    ("<READ_ONLY_SECRET>", "01decade"),
];

fn filled(text: &str) -> String {
    PLACEHOLDERS.iter().fold(text.to_owned(), |text, (placeholder, key)| text.replace(placeholder, key))
}

/// Whether the fake has the operation of a path.
fn implemented(path: &str) -> bool {
    const PARTS: [&str; 7] = [
        "environment_variables",
        "canonical_url",
        "pause_deployment",
        "deployment_info",
        "get_current_usage",
        "usage_limit",
        "/api/v1/nope",
    ];
    PARTS.iter().any(|part| path.contains(part))
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

/// The ids of the recording, and what stands for each in the fake.
type Ids = BTreeMap<String, String>;

/// The ids in a body, in their order.
fn ids_in(body: &Value) -> Vec<String> {
    match body {
        Value::Object(fields) => {
            let own = fields.get("id").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(ids_in)).collect()
        }
        Value::Array(items) => items.iter().flat_map(ids_in).collect(),
        _ => Vec::new(),
    }
}

async fn replay((fake, ids): &mut (Fake, Ids), exchange: &Value) -> bool {
    let (case, step) = (exchange["case"].as_str().unwrap(), exchange["step"].as_str().unwrap());
    let (request, expected) = (&exchange["request"], &exchange["response"]);
    let path = request["path"].as_str().unwrap();
    // Who loses a race is not the same twice.
    if !implemented(path) || case == "case-037" {
        return false;
    }
    // What was used comes from calls that are not the API's.
    for (metric, used) in expected["body"]["metrics"].as_object().into_iter().flatten() {
        let number = |window: &str| used["usage"][window].as_f64().unwrap();
        fake.set_usage(metric, number("current_day"), number("current_month"));
    }
    let path = ids.iter().fold(path.to_owned(), |path, (recorded, ours)| path.replace(recorded, ours));
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
            let ours = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
            ids.extend(ids_in(&expected["body"]).into_iter().zip(ids_in(&ours)));
            let text = match &expected["body"] {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            };
            let text = ids.iter().fold(text, |text, (recorded, ours)| text.replace(recorded, ours));
            let body =
                if ours.is_null() { String::from_utf8_lossy(answer.body()).into_owned() } else { ours.to_string() };
            assert_eq!(body, text, "{what}");
            assert_eq!(answer.headers()["content-length"], recorded["content-length"].as_str().unwrap(), "{what}");
        }
    }
    true
}

#[tokio::test]
async fn the_fake_answers_as_the_real_server_did() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        eprintln!("SKIPPED: {FOLDER} is not set, so nothing was held against recordings");
        return;
    };
    let mut replayed = BTreeMap::new();
    for file in FILES {
        let path = folder.join(file).with_extension("jsonl");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut fakes: BTreeMap<String, (Fake, Ids)> = BTreeMap::new();
        for line in text.lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            if exchange.get("request").is_none() {
                continue;
            }
            // Every case starts on a clean deployment.
            let case = exchange["case"].as_str().unwrap().to_owned();
            let fake = fakes.entry(case).or_insert_with(|| {
                let fake = deployment(file, exchange["variant"].as_str());
                (fake, BTreeMap::new())
            });
            *replayed.entry(file).or_insert(0) += u32::from(replay(fake, &exchange).await);
        }
    }
    println!("exchanges that the fake answered as recorded: {replayed:?}");
    for file in FILES {
        assert!(replayed.get(file).is_some_and(|count| *count > 0), "nothing of {file} was replayed");
    }
}
