//! Reads a published OpenAPI document.

use std::collections::BTreeSet;

use serde_json::Value;

/// Returns path, method and description of each operation of a document.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Returns the id of an operation in this library's form.
pub(super) fn id(operation: &Value) -> String {
    operation["operationId"].as_str().unwrap_or_default().replace(' ', "_")
}

/// An operation of a document.
#[derive(Debug, Default)]
pub(super) struct Documented {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) in_path: BTreeSet<String>,
    pub(super) in_query: BTreeSet<String>,
    pub(super) security: BTreeSet<String>,
    pub(super) has_request_body: bool,
    pub(super) has_response_body: bool,
}

pub(super) fn documented(document: &Value) -> Vec<Documented> {
    operations(document).map(|(path, method, operation)| read(path, method, operation)).collect()
}

fn read(path: &str, method: &str, operation: &Value) -> Documented {
    let names = |place: &str| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.filter(|one| one["in"] == place).filter_map(|one| one["name"].as_str()).map(str::to_owned).collect()
    };
    let schemes = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let responses = operation["responses"].as_object().into_iter().flatten();
    Documented {
        id: id(operation),
        method: method.to_uppercase(),
        path: path.to_owned(),
        in_path: names("path"),
        in_query: names("query"),
        security: schemes.flat_map(|scheme| scheme.keys().cloned()).collect(),
        has_request_body: operation.get("requestBody").is_some(),
        has_response_body: responses
            .filter(|(status, _)| status.starts_with('2'))
            .any(|(_, one)| one.get("content").is_some()),
    }
}
