//! The target `role_resources`: any text as a resource of a custom role, as a slug and as a type of deployments.

use std::hint::black_box;

use convex_mgmt_proto::management::CreateCustomRole;
use convex_mgmt_proto::management::custom_roles::resource::{DeploymentScope, ProjectScope};
use convex_mgmt_proto::management::custom_roles::{CustomRoleConfig, RoleActions, RoleResource, RoleStatement};
use convex_mgmt_proto::samples::SampleApi;
use convex_mgmt_proto::{BuildError, ManagementApi, Operation, TeamId};

/// Reads a text as a resource, and builds resources with the text in them.
///
/// * The text is known exactly if another reader of the grammar accepts it.
/// * Every text is sent as it was read, and no check rejects it.
/// * A built resource with the text as a slug or type is read back as it was built, or a check rejects it. So a slug never adds a
///   selector or a kind.
/// * The text for a person is on one line.
///
/// # Panics
/// If one of these properties does not hold.
pub fn role_resources(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let resource = RoleResource::from(text);
    assert_eq!(resource.is_known(), is_resource(text), "{text:?}");
    assert_eq!(resource.to_text(), text);
    assert!(!resource.to_string().contains(char::is_control));
    let sent = sent(&resource).expect("what was read is sent");
    assert_eq!(sent, text);

    let built = [
        RoleResource::project(ProjectScope::slug(text)).into(),
        RoleResource::project(ProjectScope::Any.or(ProjectScope::slug(text))).default_environment_variable(),
        RoleResource::project(ProjectScope::Any).deployment(DeploymentScope::Type(text.into())).component(),
    ];
    for built in built {
        let kinds = built.to_text().matches(':').count();
        match self::sent(&built) {
            Ok(sent) => {
                assert_eq!(RoleResource::from(sent.as_str()), built);
                assert!(kinds <= 5, "{sent}");
            }
            Err(BuildError::Invalid(violations)) => {
                assert_ne!(RoleResource::from(built.to_text()), built, "{violations}");
                assert!(violations.iter().all(|violation| violation.field == "statements[0].resource"));
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads a text as a resource, and writes and shows it.
pub fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let resource = RoleResource::from(text);
    black_box((resource.to_text(), format!("{resource} {resource:?}")));
    black_box(sent(&RoleResource::project(ProjectScope::slug(text)).into()).is_ok());
}

/// Returns the resource as the request to create a role sends it.
fn sent(resource: &RoleResource) -> Result<String, BuildError> {
    let statement = RoleStatement::allow(RoleActions::All, resource.clone());
    let create = CreateCustomRole::new(TeamId(1), CustomRoleConfig::new("n", [statement]));
    let request = create.to_request(&ManagementApi::endpoint())?;
    let body: serde_json::Value = serde_json::from_slice(request.body()).expect("JSON");
    Ok(body["statements"][0]["resource"].as_str().expect("a text").to_owned())
}

/// Reads the grammar by its rules: kinds with their parents, and the selectors of each kind.
fn is_resource(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let mut parent = "";
    for pair in parts.chunks(2) {
        let [kind, selectors] = *pair else { return false };
        let parents: &[&str] = match kind {
            "deployment" | "defaultEnvironmentVariable" => &["project"],
            "token" => &["team", "project", "deployment"],
            "component" => &["deployment"],
            "team" | "project" | "member" | "customRole" | "billing" | "oauthApplication" | "sso" | "integration" => {
                &[""]
            }
            _ => return false,
        };
        let mut selectors = selectors.split(',');
        let is_selected = match kind {
            "project" | "deployment" | "token" => selectors.all(|selector| is_selector(kind, selector)),
            _ => selectors.eq(["*"]),
        };
        if !parents.contains(&parent) || !is_selected {
            return false;
        }
        parent = kind;
    }
    true
}

fn is_selector(kind: &str, selector: &str) -> bool {
    let is_id = |text: &str| text.parse::<u64>().is_ok_and(|id| id.to_string() == text);
    match (kind, selector.split_once('=')) {
        (_, None) => selector == "*",
        ("project" | "deployment", Some(("id", text))) => is_id(text),
        ("project", Some(("slug", text))) => {
            let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
            text.chars().all(is_allowed) && text.len() >= 3 && text.len() <= 64
        }
        ("deployment", Some(("type", text))) => !text.is_empty() && text.trim() == text,
        ("deployment" | "token", Some(("creator", text))) => text == "self" || is_id(text),
        _ => false,
    }
}
