//! The published document of the Management API, if `CONVEX_MGMT_OPENAPI` names its folder. Every successful response in these
//! tests is compared with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::Value;

use super::*;

const FOLDER: &str = "CONVEX_MGMT_OPENAPI";

/// The document, with the validators made so far.
struct Document {
    json: Value,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
}

static DOCUMENT: LazyLock<Option<Document>> = LazyLock::new(|| {
    let path = PathBuf::from(std::env::var_os(FOLDER)?).join("management-openapi.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(Document { json: serde_json::from_str(&text).unwrap(), validators: Mutex::default() })
});

impl Document {
    /// Every operation: its id, its method, its path and the operation itself.
    fn operations(&self) -> impl Iterator<Item = (&str, &str, &str, &Value)> {
        let paths = self.json["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| {
                (text(operation, "operationId"), method.as_str(), path.as_str(), operation)
            })
        })
    }

    fn validator(&self, id: &str, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut root = schema.clone();
            root["components"] = self.json["components"].clone();
            Arc::new(jsonschema::draft202012::new(&root).unwrap())
        };
        Arc::clone(validators.entry(id.to_owned()).or_insert_with(make))
    }
}

/// Returns `true` if a path such as `/projects/1` matches one such as `/projects/{project_id}`.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(part, actual)| part.starts_with('{') || part == actual)
}

/// Compares a successful response with the document: its status, and its body or the absence of one.
pub(super) fn check(method: &str, path: &str, status: u16, body: &Value) {
    let (Some(document), 200..=299) = (&*DOCUMENT, status) else { return };
    let found = document
        .operations()
        .filter(|(_, known, template, _)| method.eq_ignore_ascii_case(known) && matches(template, path))
        // A literal part takes precedence over a parameter.
        .min_by_key(|(_, _, template, _)| template.matches('{').count());
    let (id, _, _, operation) = found.unwrap_or_else(|| panic!("no operation {method} {path}"));
    // The document has no form for the details of a personal access token, which it accepts. That of the fake is inferred.
    if (id, body["type"].as_str()) == ("get token details", Some("personalToken")) {
        return;
    }
    let response = operation["responses"].get(status.to_string());
    let response = response.unwrap_or_else(|| panic!("{id}: the document has no status {status}"));
    match response.pointer("/content/application~1json/schema") {
        None => assert_eq!(body, &Value::Null, "{id} has no body"),
        Some(schema) => {
            let errors: Vec<_> =
                document.validator(id, schema).iter_errors(body).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{id}: {errors:?} in {body}");
        }
    }
}

/// The operations that the fake serves are those of the document. A path without a handler has an empty 404 or 405.
#[tokio::test]
async fn every_operation_of_the_document_has_a_handler() {
    let Some(document) = &*DOCUMENT else {
        // Written to the stream itself, because the test harness captures the output of `println!`.
        drop(writeln!(std::io::stderr(), "SKIPPED: {FOLDER} is not set, nothing was compared with the document"));
        return;
    };
    let plane = plane();
    let mut missing = BTreeSet::new();
    for (id, method, template, operation) in document.operations() {
        let path = template.replace("{team_id_or_slug}", "acme").replace("{project_slug}", "x");
        let path = path.replace("{deployment_name}", "x").replace("{team_id}", "999").replace("{project_id}", "999");
        assert!(!path.contains('{'), "{path}");
        let body = if operation.get("requestBody").is_some() { json!({}) } else { Value::Null };
        let (status, response) = call(&plane, "nobody", &format!("{} {path}", method.to_uppercase()), body).await;
        match (status, response["code"].as_str()) {
            (404 | 405, None) => drop(missing.insert(id)),
            response => assert_eq!(response, (401, Some("AccessTokenInvalid")), "{id}"),
        }
    }
    assert_eq!(missing, BTreeSet::new());
    assert_eq!(document.operations().count(), 47);
}
