//! The replay of exchanges that were recorded from a real server: the fake must respond to the same request with the same
//! status, code, headers and body. `CONVEX_MGMT_RECORDINGS` names the folder.
#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use convex_mgmt_fake::{Fake, FakeBuilder, Plan};
use http::{Request, Response};
use serde_json::{Value, json};
use tower::ServiceExt;

const FOLDER: &str = "CONVEX_MGMT_RECORDINGS";

/// The placeholders of keys in the recordings, with made-up keys.
pub(crate) const PLACEHOLDERS: [(&str, &str); 4] = [
    ("<ADMIN_KEY>", "happy-animal-123|01c0ffee"),
    ("<READ_ONLY_ADMIN_KEY>", "happy-animal-123|01decade"),
    ("<SECRET>", "01c0ffee"),
    ("<READ_ONLY_SECRET>", "01decade"),
];

/// Headers whose values must be equal.
const HEADERS: [&str; 4] = ["content-type", "allow", "x-convex-deprecation-state", "retry-after"];

/// Names of fields whose values differ between servers. Each recorded value is mapped to the fake's value.
const VOLATILE: [&str; 4] = ["id", "hmacSecret", "syncId", "nextCursor"];

/// Returns the folder of the recordings. Without one, prints that the test is skipped.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    if folder.is_none() {
        // Written to the stream itself, because the test harness captures the output of `println!`.
        let word = "is not set, nothing was compared with recordings";
        drop(writeln!(std::io::stderr(), "SKIPPED: {FOLDER} {word}"));
    }
    folder
}

/// The lines of a file of the folder.
pub(crate) fn lines(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let path = folder.join(file).with_extension("jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns a deployment like the recorded one. `variant` names the settings of the recorded deployment.
pub(crate) fn builder(variant: Option<&str>) -> FakeBuilder {
    let builder = Fake::builder("happy-animal-123").admin_key(PLACEHOLDERS[0].1).read_only_key(PLACEHOLDERS[1].1);
    let plan = |plan: Value| serde_json::from_value::<Plan>(plan).unwrap();
    match variant {
        Some("plan-pro") => builder
            .token("prod:happy-animal-123|restrictedlogsview", ["deployment:logs:view"])
            .token("prod:happy-animal-123|fullaccesstoken", [""; 0])
            .plan(plan(json!({"auditLogRetentionDays": 7}))),
        Some("plan-free") => builder.plan(plan(json!({
            "logStreamingEnabled": false,
            "streamingExportEnabled": false,
            "auditLogRetentionDays": 0,
            "customAuditLogsInLogStreamsConfigEnabled": false,
        }))),
        _ => builder,
    }
}

/// A fake that receives recorded requests.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) fake: Fake,
    /// Recorded texts, with the texts that replace them here.
    pub(crate) renamed: BTreeMap<String, String>,
}

impl Replay {
    pub(crate) fn new(fake: Fake) -> Self {
        let renamed = PLACEHOLDERS.iter().map(|(recorded, key)| ((*recorded).to_owned(), (*key).to_owned()));
        Self { fake, renamed: renamed.collect() }
    }

    /// Applies the replacements to a recorded text.
    pub(crate) fn rename(&self, text: &str) -> String {
        self.renamed.iter().fold(text.to_owned(), |text, (recorded, here)| text.replace(recorded.as_str(), here))
    }

    /// Sends a recorded request and compares the response with the recorded one. `generated` is the body if the recording
    /// only describes it.
    pub(crate) async fn exchange(&mut self, line: &Value, generated: Option<String>) {
        let response = self.send(line, generated).await;
        self.compare(&line["response"], &response)
            .unwrap_or_else(|difference| panic!("{}: {difference}: {response:?}", what(line)));
    }

    /// Sends a recorded request.
    pub(crate) async fn send(&self, line: &Value, generated: Option<String>) -> Response<Bytes> {
        let request = &line["request"];
        let body = match (&request["body"], generated) {
            (recipe, Some(body)) => {
                assert_eq!(recipe["bytes"], body.len(), "{}: not the recorded body", what(line));
                body
            }
            (Value::Null, None) => String::new(),
            (recorded, None) => {
                assert!(recorded.get("$generated").is_none(), "{}: the body is missing", what(line));
                recorded.get("$raw").and_then(Value::as_str).map_or_else(|| recorded.to_string(), str::to_owned)
            }
        };
        let query = request["query"].as_str().map(|query| format!("?{}", self.rename(query).replace('|', "%7C")));
        let uri = format!("{}{}", self.rename(request["path"].as_str().unwrap()), query.unwrap_or_default());
        let mut call = Request::builder().method(request["method"].as_str().unwrap()).uri(uri);
        for (name, value) in request["headers"].as_object().unwrap() {
            call = call.header(name, self.rename(value.as_str().unwrap()));
        }
        let call = call.body(Bytes::from(self.rename(&body))).unwrap();
        self.fake.clone().oneshot(call).await.unwrap()
    }

    /// Compares a response with the recorded one.
    pub(crate) fn compare(&mut self, expected: &Value, response: &Response<Bytes>) -> Result<(), String> {
        equal("status", &expected["status"], &json!(response.status().as_u16()))?;
        for name in HEADERS {
            let got = response.headers().get(name).map(|value| value.to_str().unwrap());
            equal(name, &expected["headers"][name], &json!(got))?;
        }
        let message = "x-convex-deprecation-message";
        equal(
            message,
            &json!(expected["headers"].get(message).is_some()),
            &json!(response.headers().contains_key(message)),
        )?;
        if let Value::String(text) = &expected["body"] {
            return equal("body", &json!(text), &json!(String::from_utf8_lossy(response.body())));
        }
        let got: Value = serde_json::from_slice(response.body()).map_err(|error| error.to_string())?;
        match expected["body"].get("code") {
            Some(code) => equal("code", code, &got["code"]),
            None => self.compare_json("body", &expected["body"], &got),
        }
    }

    /// Compares JSON. Volatile values must be equal wherever they are equal in the recordings.
    fn compare_json(&mut self, name: &str, recorded: &Value, got: &Value) -> Result<(), String> {
        match (recorded, got) {
            (Value::Object(recorded), Value::Object(got)) => {
                equal(name, &json!(recorded.keys().collect::<Vec<_>>()), &json!(got.keys().collect::<Vec<_>>()))?;
                recorded.iter().try_for_each(|(name, value)| self.compare_json(name, value, &got[name]))
            }
            (Value::Array(recorded), Value::Array(got)) if recorded.len() == got.len() => {
                recorded.iter().zip(got).try_for_each(|(recorded, got)| self.compare_json(name, recorded, got))
            }
            (Value::String(recorded), Value::String(got)) if VOLATILE.contains(&name) => {
                let here = self.renamed.entry(recorded.clone()).or_insert_with(|| got.clone());
                equal(name, &json!(here), &json!(got))
            }
            // The texts of reasons may differ.
            (Value::String(_), Value::String(_)) if name == "reason" => Ok(()),
            (Value::String(recorded), got) => equal(name, &json!(self.rename(recorded)), got),
            (recorded, got) => equal(name, recorded, got),
        }
    }
}

/// Returns the case and step of a line.
pub(crate) fn what(line: &Value) -> String {
    format!("{} {}", line["case"], line["step"])
}

fn equal(what: &str, recorded: &Value, got: &Value) -> Result<(), String> {
    if recorded == got { Ok(()) } else { Err(format!("{what} was {recorded}, not {got}")) }
}
