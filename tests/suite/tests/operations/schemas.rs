//! [`Schemas`]: the published OpenAPI documents, which are not part of this project.

use std::io::Write;
use std::path::Path;

use convex_mgmt::OperationMeta;
use http::StatusCode;
use serde_json::Value;

/// The environment variable with the folder of the documents.
const FOLDER: &str = "CONVEX_MGMT_OPENAPI";

/// The published document of each API.
pub(crate) struct Schemas([(&'static str, Value); 2]);

impl Schemas {
    /// Reads the documents. Without the variable the test is skipped, which this reports.
    pub(crate) fn read() -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER) else {
            // Not captured with the test's output, so that it is always visible.
            let skipped = "SKIPPED: CONVEX_MGMT_OPENAPI is not set, so no response of the fake was validated";
            drop(writeln!(std::io::stderr(), "{skipped}"));
            return None;
        };
        let documents = ["deployment", "management"].map(|api| {
            let path = Path::new(&folder).join(format!("{api}-openapi.json"));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (api, serde_json::from_str(&text).unwrap())
        });
        Some(Self(documents))
    }

    /// Returns the successes of an operation, as the document describes them.
    pub(crate) fn successes(&self, meta: &OperationMeta) -> Successes {
        let document = self.0.iter().find(|(api, _)| *api == meta.api).map(|(_, document)| document).unwrap();
        let methods = document["paths"][meta.path].as_object().unwrap_or_else(|| panic!("{meta}: no path"));
        let operation = &methods[&meta.method.as_str().to_lowercase()];
        let responses = operation["responses"].as_object().unwrap_or_else(|| panic!("{meta}: no method"));
        let (status, response) = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap();
        let schema = response.pointer("/content/application~1json/schema").map(|schema| {
            let mut root = schema.clone();
            root["components"] = document["components"].clone();
            jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{meta}: {error}"))
        });
        Successes { status: status.parse().unwrap(), schema }
    }
}

/// The successes of an operation.
pub(crate) struct Successes {
    status: u16,
    /// `None` for an empty body.
    schema: Option<jsonschema::Validator>,
}

impl Successes {
    /// Returns the defect of a success, if any.
    pub(crate) fn defect(&self, status: StatusCode, body: &[u8]) -> Option<String> {
        if status.as_u16() != self.status {
            return Some(format!("the status is {status}, and {} in the document", self.status));
        }
        let Some(schema) = &self.schema else {
            return (!body.is_empty()).then(|| format!("{} has to be empty", body.escape_ascii()));
        };
        let body: Value = match serde_json::from_slice(body) {
            Ok(body) => body,
            Err(error) => return Some(error.to_string()),
        };
        let errors: Vec<_> =
            schema.iter_errors(&body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        (!errors.is_empty()).then(|| format!("{body}: {}", errors.join("; ")))
    }
}
