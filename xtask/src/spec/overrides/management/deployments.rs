//! The differences in projects, deployments, custom domains and default variables.

use convex_mgmt_proto::DeploymentClass;
use serde_json::Value;

use super::super::ids::{id_as_text, id_as_text_in_request};
use super::super::{Instead, Override, Side, What};
use crate::spec::samples::Kind;

/// The operations that return deployments.
const DEPLOYMENTS: &[&str] = &[
    "create_deployment",
    "get_deployment_in_project_by_project_id",
    "get_deployment_in_project_by_project_slug",
    "list_deployments",
    "list_deployments_for_team",
    "list_local_deployments_for_team",
    "platform_get_deployment",
];

/// The operations whose request names a class.
const REQUESTS_WITH_CLASS: &[&str] = &["create_deployment", "create_project", "update_deployment"];

/// The fields of requests for which `null` has a meaning of its own.
const NULL_HAS_A_MEANING: &[&str] = &["dashboardEditConfirmation", "expiresAt", "sendLogsToClient"];

pub(super) const ROWS: &[Override] = &[
    id_as_text(DEPLOYMENTS, "*creator"),
    Override {
        operations: DEPLOYMENTS,
        what: What::Body(Side::Response, Instead::Repaired(with_known_class)),
        facts: "the class of a deployment is one of the classes that the list of classes names; a new text is kept",
        source: "inferred: a deployment declares any text, and the list of classes declares an enum",
    },
    Override {
        operations: REQUESTS_WITH_CLASS,
        what: What::Body(Side::Request, Instead::Repaired(with_known_class)),
        facts: "the class of a deployment is one of the classes that the list of classes names; a new text is sent",
        source: "inferred: a request declares any text, and the list of classes declares an enum",
    },
    Override {
        operations: &["create_deployment", "create_project", "update_deployment", "update_project"],
        what: What::Body(Side::Request, Instead::ReadsAs(without_null_for_absent)),
        facts: "`null` means the same as an absent field, so only the absent form is sent",
        source: "inferred: only the descriptions of the other fields give `null` a meaning",
    },
    Override {
        operations: &["update_default_environment_variables"],
        what: What::Body(Side::Request, Instead::ReadsAs(with_value)),
        facts: "an absent value deletes the variable as `null` does, so only `null` is sent",
        source: "inferred: the description gives a meaning to `null` only",
    },
    Override {
        operations: &["list_default_environment_variables"],
        what: What::Noted,
        facts: "the response is a page, but no request takes its cursor, so a page with more after it needs no cursor",
        source: "the parameters of the operation",
    },
    id_as_text_in_request(&["transfer_deployment"], "destinationProjectId"),
    either_id(Kind::Missing, "id"),
    either_id(Kind::Missing, "projectId"),
    either_id(Kind::Null, "id"),
    either_id(Kind::Null, "projectId"),
    Override {
        operations: &["create_project"],
        what: What::Body(Side::Response, Instead::ReadsAs(with_one_id)),
        facts: "`projectId` is a deprecated alias of `id`, so both are written with the value of `id`",
        source: "the description of `projectId`",
    },
];

/// Accepts a created project with only one of the two names of its id.
const fn either_id(kind: Kind, place: &'static str) -> Override {
    Override {
        operations: &["create_project"],
        what: What::Body(Side::Response, Instead::Accepted(kind, place)),
        facts: "`projectId` is a deprecated alias of `id`, so one of them is enough",
        source: "the description of `projectId`",
    }
}

/// Replaces each class by a known one.
fn with_known_class(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_known_class),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(class) if ["class", "deploymentClass"].contains(&name.as_str()) => known(class),
                    other => with_known_class(other),
                }
            }
        }
        _ => {}
    }
}

/// Replaces an unknown class by a known one.
fn known(class: &mut String) {
    if !DeploymentClass::from(class.as_str()).is_known() {
        DeploymentClass::S16.as_str().clone_into(class);
    }
}

/// Removes each field that is `null`, unless that has a meaning of its own.
fn without_null_for_absent(request: &mut Value) {
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|name, value| !value.is_null() || NULL_HAS_A_MEANING.contains(&name.as_str()));
    }
}

/// Adds `null` to each change without a value.
fn with_value(request: &mut Value) {
    let changes = request.get_mut("changes").and_then(Value::as_array_mut);
    for change in changes.into_iter().flatten().filter_map(Value::as_object_mut) {
        change.entry("value").or_insert(Value::Null);
    }
}

/// Gives the deprecated alias the value of the id.
fn with_one_id(value: &mut Value) {
    if let Some(id) = value.get("id").cloned()
        && let Some(alias) = value.get_mut("projectId")
    {
        *alias = id;
    }
}
