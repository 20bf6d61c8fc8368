//! Failures on the way to a deployment: no usable URL, names that do not exist, and a key that cannot be used.

use super::*;
use std::error::Error as _;

use convex_mgmt::DeploymentEndpointError;
use convex_mgmt::management::ListDeployments;
use convex_mgmt::{Advice, EndpointError, ErrorKind};
use convex_mgmt_suite::{Script, Step, reset};

const NAME: &str = "happy-animal-123";
const EU: &str = "https://happy-animal-123.eu-west-1.convex.cloud";

/// The response to a read of the deployment.
fn found(url: &str) -> Step {
    let body = serde_json::json!({
        "kind": "cloud", "id": 1, "name": NAME, "createTime": 1, "deploymentType": "prod", "projectId": 2,
        "region": "aws-eu-west-1", "isDefault": true, "reference": "x", "class": "s16", "deploymentUrl": url,
    });
    Step::Respond(http::Response::new(body.to_string().into()))
}

fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, ManagementClient<Script>) {
    let script = Script::new(steps);
    let management = Client::with_service(at("https://api.convex.dev", TEAM), script.clone());
    (script, management)
}

#[tokio::test]
async fn a_local_deployment_is_an_error_that_names_its_address() {
    let plane = plane().build();
    let management = in_process(&plane, PERSON);
    let project = new_project(&management).await;
    plane.add_local_deployment(project.0, 2, "local-acme-shop", 3210, true);
    let list = management.send(&ListDeployments::new(project).include_local(true)).await.unwrap();
    let error = management.deployment(&list[0], DeploymentAccess::SameToken).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`local-acme-shop`") && text.contains("http://127.0.0.1:3210"), "{text}");

    let lookup = management.deployment_in_project(project, DeploymentSelector::DefaultDev, DeploymentAccess::SameToken);
    let failed = lookup.await.unwrap_err();
    assert_eq!((failed.kind(), failed.advice()), (ErrorKind::Endpoint, Advice::FixRequest));
    assert_eq!(failed.endpoint_error(), Some(&error));
    assert!(!failed.is_applied() && failed.to_string().contains(&text), "{failed}");
}

#[tokio::test]
async fn a_deployment_of_an_unknown_kind_is_an_error_that_names_the_kind() {
    let (_, management) = scripted([Step::Status(200, r#"{"kind":"edge","name":"x","secret":"canary"}"#)]);
    let error = management.deployment_by_name("x", DeploymentAccess::SameToken).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (ErrorKind::Endpoint, Advice::FixClient));
    assert!(error.to_string().contains("`edge`") && !format!("{error} {error:?}").contains("canary"), "{error}");
}

#[tokio::test]
async fn a_name_is_encoded_once() {
    let plane = plane().build();
    let management = in_process(&plane, TEAM);
    for (name, path) in [("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb"), ("../x?y#z", "..%2Fx%3Fy%23z"), ("ü", "%C3%BC")] {
        let error = management.deployment_by_name(name, DeploymentAccess::SameToken).await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::DeploymentNotFound), "{name}");
        let incomplete = management.deployment_with_new_key(&CreateDeployKey::new(name, "k")).await.unwrap_err();
        assert!(incomplete.created.is_none() && incomplete.error.is_not_found());
        let requests = plane.requests();
        let uris: Vec<_> = requests.iter().rev().take(2).map(|request| request.uri.as_str()).collect();
        let expected = format!("https://api.convex.dev/v1/deployments/{path}");
        assert_eq!(uris, [&expected; 2]);
    }
    assert!(plane.deploy_keys().is_empty());
}

/// The key is looked for only after the deployment has a usable URL.
#[tokio::test]
async fn no_key_is_created_for_a_deployment_without_a_usable_url() {
    for (url, rule) in [
        ("http://backend:3210", EndpointError::Plaintext),
        ("https://canary:canary@example.com", EndpointError::UserInfo),
        ("", EndpointError::NoScheme),
    ] {
        let (script, management) = scripted([found(url)]);
        let incomplete = management.deployment_with_new_key(&CreateDeployKey::new(NAME, "k")).await.unwrap_err();
        assert_eq!(script.requests().len(), 1);
        let expected = DeploymentEndpointError::Unusable { deployment_name: NAME.into(), error: rule };
        assert!(incomplete.created.is_none());
        assert_eq!(incomplete.error.endpoint_error(), Some(&expected));
        assert_eq!(incomplete.error.operation().id, "platform_get_deployment");
        assert!(!format!("{incomplete} {incomplete:?}").contains("canary"), "{incomplete}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_stays_in_the_error() {
    for (body, key) in [
        (r#"{"deployKey":"prod:happy-animal-123|"}"#, "prod:happy-animal-123|"),
        (r#"{"deployKey":"<canary>"}"#, "<canary>"),
        (r#"{"deployKey":"canary key"}"#, "canary key"),
    ] {
        let (_, management) = scripted([found(EU), Step::Status(200, body)]);
        let incomplete = management.deployment_with_new_key(&CreateDeployKey::new(NAME, "k")).await.unwrap_err();
        assert!(!format!("{incomplete} {incomplete:?}").contains("canary") && incomplete.source().is_none());
        assert!(incomplete.to_string().contains("`Incomplete::created`"), "{incomplete}");
        let error = &incomplete.error;
        assert!(matches!(error.endpoint_error(), Some(DeploymentEndpointError::Key(_))), "{error}");
        // The key exists, so that the caller must not create another one.
        assert!(error.is_applied() && matches!(error.advice(), Advice::VerifyFirst { with: Some(_) }), "{error:?}");
        assert_eq!(incomplete.created.unwrap().deploy_key.expose(), key);
    }
}

/// The form of a key that an OAuth application gets is not documented.
#[tokio::test]
async fn a_key_of_an_unknown_form_is_used() {
    for key in ["canary", "team:acme|canary", "prod:happy-animal-123|team:acme|canary"] {
        let body = serde_json::json!({ "deployKey": key }).to_string();
        let list = r#"{"environmentVariables":{}}"#;
        let created = Step::Respond(http::Response::new(body.into()));
        let (script, management) = scripted([found(EU), created, Step::Status(200, list)]);
        let keyed = management.deployment_with_new_key(&CreateDeployKey::new(NAME, "k")).await.unwrap();
        keyed.client.send(&ListEnvironmentVariables::new()).await.unwrap();
        assert_eq!(script.requests()[2].headers()["authorization"], format!("Convex {key}"));
        assert!(!format!("{keyed:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_key_whose_creation_has_an_unknown_outcome_is_to_be_listed() {
    let (_, management) = scripted([found(EU), reset()]);
    let incomplete = management.deployment_with_new_key(&CreateDeployKey::new(NAME, "k")).await.unwrap_err();
    assert!(incomplete.created.is_none());
    assert_eq!(incomplete.error.verify_with(), Some("list_deploy_keys"));
    assert!(incomplete.source().is_some(), "the cause of the transport");
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let plane = plane().build();
    let management = in_process(&plane, TEAM);
    let deployment = new_deployment(&management).await;
    let create = CreateDeployKey::new(deployment.name().unwrap(), "k");
    let keyed = management.deployment_with_new_key(&create).await.unwrap();
    let secret = keyed.key.deploy_key.expose().rsplit('|').next().unwrap();
    let lookup = management.deployment_by_name("a", keyed.key.credential().unwrap());
    let access = DeploymentAccess::from(keyed.key.credential().unwrap());
    let text = format!("{keyed:?} {management:?} {lookup:?} {access:?} {:?}", keyed.deletion());
    assert!(text.contains(deployment.name().unwrap()), "{text}");
    assert!(!text.contains(secret) && !text.contains("canary"), "{text}");
}
