//! `cargo xtask spec`: compares the operations and their bodies with the published OpenAPI documents, which are not part of this
//! project.
//!
//! [`overrides`] lists the known differences between the server and the documents, with their reasons.

mod bodies;
mod conformance;
mod document;
mod nullable;
mod overrides;
mod reach;
#[cfg(test)]
mod received;
mod samples;
mod shape;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use conformance::Tables;
use convex_mgmt_proto::{Api, CredentialClass, DeploymentApi, ManagementApi, OPERATIONS, OperationMeta};
use document::{Documented, documented};
use overrides::Override;

use crate::Failure;

/// The environment variable with the folder of the documents.
pub(crate) const FOLDER: &str = "CONVEX_MGMT_OPENAPI";

/// A published document.
struct Document {
    file: &'static str,
    /// The API, as [`Api::KEY`].
    api: &'static str,
    /// The differences, by topic.
    overrides: &'static [&'static [Override]],
}

const DOCUMENTS: [Document; 2] = [
    Document { file: "deployment-openapi.json", api: DeploymentApi::KEY, overrides: &[overrides::DEPLOYMENT] },
    Document { file: "management-openapi.json", api: ManagementApi::KEY, overrides: overrides::MANAGEMENT },
];

/// Compares the documents, and prints the totals and, if wanted, the tables of nullable properties.
pub(crate) fn run(dir: Option<PathBuf>, allow_missing: bool, with_tables: bool) -> Result<(), Failure> {
    let Some(dir) = dir.or_else(|| std::env::var_os(FOLDER).map(PathBuf::from)) else {
        return missing(allow_missing, format!("neither {FOLDER} nor --dir is set"));
    };
    let documents = match read_all(&dir) {
        Ok(documents) => documents,
        Err(error) => return missing(allow_missing, error),
    };
    let Found { lines, tables, problems } = check(&documents)?;
    lines.iter().chain(tables.iter().filter(|_| with_tables)).for_each(|line| println!("{line}"));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

fn missing(allowed: bool, why: String) -> Result<(), Failure> {
    if allowed {
        println!("SKIPPED: no OpenAPI documents to compare with: {why}");
        return Ok(());
    }
    Err(format!("no OpenAPI documents: {why}").into())
}

/// Reads the texts of the documents in a folder.
fn read_all(dir: &Path) -> Result<Vec<String>, String> {
    let read = |document: &Document| {
        let path = dir.join(document.file);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    DOCUMENTS.iter().map(read).collect()
}

/// The result for all documents: a report, the tables of nullable properties, and the problems.
struct Found {
    lines: Vec<String>,
    tables: Vec<String>,
    problems: Vec<String>,
}

fn check(documents: &[String]) -> Result<Found, Failure> {
    let (mut counts, mut lines, mut tables, mut problems) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (Document { api, overrides, .. }, text) in DOCUMENTS.iter().zip(documents) {
        let document = serde_json::from_str(text)?;
        let documented = documented(&document);
        let ours: Vec<_> = OPERATIONS.iter().filter(|meta| meta.api == *api).collect();
        for meta in &ours {
            match documented.iter().find(|one| one.id == meta.id) {
                Some(one) => problems.extend(differences(meta, one)),
                None => problems.push(format!("{meta} is not in the document")),
            }
        }
        counts.push(format!("{}/{} {api}", ours.len(), documented.len()));
        let (bodies, requests) = (bodies::of_api(api), bodies::built(api));
        let report = conformance::check(&document, &Tables { bodies, requests, overrides: overrides.concat() });
        lines.push(format!("{api}: {}", report.totals()));
        tables.push(format!("\nnullable properties of the {api} API:\n"));
        tables.extend(report.nullable());
        // Both APIs may have an operation with this id.
        problems.extend(report.problems.into_iter().map(|problem| format!("{api}/{problem}")));
    }
    lines.insert(0, counts.join(", "));
    Ok(Found { lines, tables, problems })
}

fn differences(ours: &OperationMeta, documented: &Documented) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, ours_says: String, document_says: String| {
        if ours_says != document_says {
            found.push(format!("{ours}: {what} is {ours_says} here and {document_says} in the document"));
        }
    };
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let placeholders = ours.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
    compare("the method", ours.method.to_string(), documented.method.clone());
    compare("the path", ours.path.to_owned(), documented.path.clone());
    compare("the path values", format!("{:?}", owned(placeholders)), format!("{:?}", documented.in_path));
    compare("the query", format!("{:?}", owned(ours.query.to_vec())), format!("{:?}", documented.in_query));
    let classes = ours.credentials.iter().map(|class| scheme(*class)).collect();
    compare("the security", format!("{:?}", owned(classes)), format!("{:?}", documented.security));
    compare("an empty response", ours.empty_response.to_string(), (!documented.has_response_body).to_string());
    if ours.secret_request && !documented.has_request_body {
        found.push(format!("{ours}: has secrets in a body that the document does not have"));
    }
    found
}

/// Returns the name of a class of credentials in the documents.
fn scheme(class: CredentialClass) -> &'static str {
    match class {
        CredentialClass::DeployKey => "Deploy Key",
        CredentialClass::PersonalToken => "PAT",
        CredentialClass::TeamToken => "Team Token",
        CredentialClass::OAuthTeamToken => "OAuth Team Token",
        CredentialClass::OAuthProjectToken => "OAuth Project Token",
        // Never the name of a scheme, so the comparison reports it.
        _ => "unknown class",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use convex_mgmt_proto::Operation;
    use convex_mgmt_proto::deployment::UpdateEnvironmentVariables;
    use serde_json::{Value, json};

    use super::*;

    /// Returns the folder that a variable names. Without it the test is skipped, which `skipped` reports.
    pub(super) fn folder(variable: &str, skipped: &str) -> Option<PathBuf> {
        let folder = std::env::var_os(variable).map(PathBuf::from);
        if folder.is_none() {
            // Not captured with the test's output, so that it is always visible.
            drop(writeln!(std::io::stderr(), "SKIPPED: {variable} is not set, so {skipped}"));
        }
        folder
    }

    fn operation() -> Value {
        json!({
            "operationId": "update environment_variables",
            "requestBody": {},
            "responses": {"200": {}},
            "security": [{"Deploy Key": []}, {"OAuth Team Token": []}, {"Team Token": []}, {"OAuth Project Token": []}]
        })
    }

    fn found(change: impl Fn(&mut Value)) -> Vec<String> {
        let mut operation = operation();
        change(&mut operation);
        let documented = documented(&json!({"paths": {"/update_environment_variables": {"post": operation}}}));
        assert_eq!(documented[0].id, "update_environment_variables");
        differences(UpdateEnvironmentVariables::META, &documented[0])
    }

    #[test]
    fn operations_agree_with_the_documents() {
        let Some(dir) = folder(FOLDER, "nothing was compared with the OpenAPI documents") else { return };
        let Found { lines, problems, .. } = check(&read_all(&dir).unwrap()).unwrap();
        assert!(problems.is_empty(), "{}\n{}", lines.join("\n"), problems.join("\n"));
    }

    #[test]
    fn a_documented_operation_has_no_differences() {
        assert_eq!(found(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_found() {
        let changes: [fn(&mut Value); 5] = [
            |operation| operation["parameters"] = json!([{"in": "query", "name": "limit"}]),
            |operation| operation["parameters"] = json!([{"in": "path", "name": "id"}]),
            |operation| operation["security"] = json!([{"PAT": []}]),
            |operation| operation["responses"] = json!({"200": {"content": {}}}),
            |operation| drop(operation.as_object_mut().unwrap().remove("requestBody")),
        ];
        for change in changes {
            assert_eq!(found(change).len(), 1);
        }
    }
}
