//! A rejected credential: the error explains a kind that the operation does not accept.

use std::future::ready;

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::hyper::layers::CredentialRefreshLayer;
use convex_mgmt::management::{CreateDeployKey, CreateTeamAccessToken, ListPersonalAccessTokens};
use convex_mgmt::proto::{Acceptance, Compatibility};
use convex_mgmt::{AccessToken, Client, Endpoint, Error, ManagementApi, Operation, TeamId};
use convex_mgmt_suite::{Script, Step, endpoint};

const NOT_PERMITTED: &str = r#"{"code":"OperationNotPermitted","message":"m"}"#;
const INVALID: &str = r#"{"code":"InvalidIdentity","message":"m"}"#;

fn at(token: &AccessToken) -> Endpoint<ManagementApi> {
    Endpoint::new("https://api.convex.dev", token).unwrap()
}

fn team() -> AccessToken {
    AccessToken::team("made-up").unwrap()
}

/// The error of an operation whose response has this status and body.
async fn rejected<O>(operation: &O, token: &AccessToken, status: u16, body: &'static str) -> Error
where
    O: Operation<Api = ManagementApi, Output: std::fmt::Debug>,
{
    let client = Client::builder(at(token)).build_on(Script::new([Step::Status(status, body)])).unwrap();
    client.send(operation).await.unwrap_err()
}

fn acceptance(error: &Error) -> Option<Acceptance> {
    error.compatibility().map(|compatibility| compatibility.acceptance)
}

#[tokio::test]
async fn a_rejection_of_the_wrong_kind_names_the_right_ones() {
    for (status, body) in [(401, INVALID), (403, NOT_PERMITTED), (403, "")] {
        let error = rejected(&CreateTeamAccessToken::new(TeamId(7)), &team(), status, body).await;
        let Compatibility { acceptance, reason, .. } = error.compatibility().unwrap();
        assert_eq!(acceptance, Acceptance::Rejected);
        let right = "use a personal access token or an OAuth token of a team";
        assert_eq!(reason, format!("the operation does not accept a team access token: {right}"));
        for text in [error.to_string(), error.summary().to_string()] {
            assert!(text.contains(&reason) && !text.contains("made-up"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_rejection_of_an_accepted_or_unknown_kind_blames_no_kind() {
    let accepted = rejected(&CreateDeployKey::new("n", "ci"), &team(), 401, INVALID).await;
    assert_eq!(acceptance(&accepted), Some(Acceptance::Accepted));
    let opaque = AccessToken::parse("made-up").unwrap();
    let unknown = rejected(&ListPersonalAccessTokens::new(), &opaque, 401, INVALID).await;
    assert_eq!(acceptance(&unknown), Some(Acceptance::Unknown));
    for text in [accepted.to_string(), unknown.to_string()] {
        assert!(!text.contains("does not accept"), "{text}");
    }
}

#[tokio::test]
async fn a_token_that_may_be_of_the_wrong_kind_is_explained() {
    let opaque = AccessToken::parse("made-up").unwrap();
    let error = rejected(&ListPersonalAccessTokens::new(), &opaque, 401, INVALID).await;
    let text = "its text does not show its kind; the operation accepts a personal access token";
    assert!(error.to_string().ends_with(text), "{error}");
    // This operation accepts both kinds that the token may have, so the reason is another one.
    let error = rejected(&CreateDeployKey::new("n", "ci"), &opaque, 401, INVALID).await;
    assert!(!error.to_string().contains("kind"), "{error}");

    let personal = AccessToken::personal("made-up").unwrap();
    let script = Script::new([Step::Status(401, r#"{"code":"BadAdminKey","message":"m"}"#)]);
    let at_deployment = Endpoint::new("https://happy-animal-123.convex.cloud", &personal).unwrap();
    let client = Client::builder(at_deployment).build_on(script).unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert!(
        error.to_string().contains("does not list personal access tokens; the operation accepts a deploy key"),
        "{error}"
    );
}

#[tokio::test]
async fn only_a_rejected_credential_is_explained() {
    for (status, body) in [(404, r#"{"code":"TeamNotFound","message":"m"}"#), (400, ""), (200, "[]")] {
        let error = rejected(&CreateTeamAccessToken::new(TeamId(7)), &team(), status, body).await;
        assert_eq!(error.compatibility(), None, "{error}");
    }
    let unsent = ListPersonalAccessTokens::new().limit(0);
    let client = Client::builder(at(&team())).build_on(Script::new([])).unwrap();
    assert_eq!(client.send(&unsent).await.unwrap_err().compatibility(), None);
}

#[tokio::test]
async fn the_secret_of_a_lost_response_counts_as_lost() {
    let error = rejected(&CreateDeployKey::new("n", "ci"), &team(), 200, "").await;
    let text =
        "; the operation took effect; call list_deploy_keys to find the result and delete it: its secret is lost";
    assert!(error.is_applied() && error.to_string().ends_with(text), "{error}");
}

#[tokio::test]
async fn a_missing_permission_is_named_once() {
    let named = r#"{"code":"OperationNotPermitted","message":"no (deployment:env:view)"}"#;
    let script = Script::new([Step::Status(403, NOT_PERMITTED), Step::Status(403, named)]);
    let client = Client::builder(endpoint("http://127.0.0.1:3210")).build_on(script).unwrap();
    for _ in 0..2 {
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert_eq!(error.compatibility().unwrap().permission, Some("deployment:env:view"));
        assert_eq!(error.to_string().matches("deployment:env:view").count(), 1, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_kind_of_a_refreshed_credential_counts() {
    let list = ListPersonalAccessTokens::new();
    let steps = || Script::new([Step::Status(401, INVALID), Step::Status(401, INVALID)]);
    for (refreshed, expected) in [
        (AccessToken::personal("new").unwrap(), Acceptance::Accepted),
        (AccessToken::parse("project:acme:shop|new").unwrap(), Acceptance::Rejected),
    ] {
        let refresh = CredentialRefreshLayer::new(move |_: Endpoint<ManagementApi>| ready(Ok(refreshed.clone())));
        let client = Client::builder(at(&team())).attempt_layer(refresh).build_on(steps()).unwrap();
        assert_eq!(acceptance(&client.send(&list).await.unwrap_err()), Some(expected));
    }
}
