//! The whole flow: a user who approves, a user who denies, and every mistake that the server rejects.

use std::time::Duration;

use convex_mgmt::TeamId;
use convex_mgmt::management::access_tokens::TokenDetails;
use convex_mgmt::management::projects::NewProject;
use convex_mgmt::management::{CreateProject, GetTokenDetails, ListProjects};
use convex_mgmt::oauth::{CallbackError, OAuthClient, Scope, TokenErrorCode};
use convex_mgmt::proto::AccessTokenKind;
use http::StatusCode;

use super::{CLIENT_ID, CLIENT_SECRET, Flow, Redirected, TEAM, assert_rejected};

#[tokio::test]
async fn a_token_of_a_team_lists_the_projects_of_the_team() {
    let flow = Flow::start().await;
    flow.plane.add_project("shop");
    let token = flow.exchange(flow.approved(Scope::Team, TEAM).exchange(flow.oauth.app())).await.unwrap();
    assert_eq!((token.kind(), token.team_slug()), (AccessTokenKind::OAuthTeam, Some("acme")));

    let client = flow.oauth.client(&token).unwrap();
    let TokenDetails::TeamToken(details) = client.send(&GetTokenDetails::new()).await.unwrap() else {
        panic!("another kind of token");
    };
    assert_eq!((details.team_id, details.name.as_str()), (TeamId(TEAM), CLIENT_ID));
    let projects = client.send(&ListProjects::new(details.team_id)).await.unwrap();
    assert_eq!(projects.items.iter().map(|project| project.name.as_str()).collect::<Vec<_>>(), ["shop"]);
}

#[tokio::test]
async fn a_token_of_a_project_has_access_to_the_project_only() {
    let flow = Flow::start().await;
    let [shop, _blog] = ["shop", "blog"].map(|name| flow.plane.add_project(name));
    let token = flow.exchange(flow.approved(Scope::Project, shop).exchange(flow.oauth.app())).await.unwrap();
    assert_eq!(token.kind(), AccessTokenKind::OAuthProject);
    assert_eq!((token.team_slug(), token.project_slug()), (Some("acme"), Some("shop")));
    let client = flow.oauth.client(&token).unwrap();
    let TokenDetails::ProjectToken(details) = client.send(&GetTokenDetails::new()).await.unwrap() else {
        panic!("another kind of token");
    };
    assert_eq!(details.project_id.0, shop);
    let error = client.send(&CreateProject::new(TeamId(TEAM), NewProject::new("more"))).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn a_denied_access_is_reported_as_such_and_not_exchanged() {
    let flow = Flow::start().await;
    let denied = flow.redirected(Scope::Team, |url| flow.plane.deny_authorization(url));
    let error = denied.pending().callback(flow.oauth.app(), &denied.query).unwrap_err();
    assert!(error.is_denied(), "{error}");
    assert_eq!(flow.exchanges(), 0);
}

#[tokio::test]
async fn a_redirect_of_another_browser_is_not_exchanged() {
    let flow = Flow::start().await;
    let [victim, attacker] = [flow.approved(Scope::Team, TEAM), flow.approved(Scope::Team, TEAM)];
    let error = victim.pending().callback(flow.oauth.app(), &attacker.query).unwrap_err();
    assert_eq!(error, CallbackError::WrongState);
    assert_eq!(flow.exchanges(), 0);
}

#[tokio::test]
async fn a_code_works_once_and_a_second_use_revokes_the_token() {
    let flow = Flow::start().await;
    let back = flow.approved(Scope::Team, TEAM);
    let token = flow.exchange(back.exchange(flow.oauth.app())).await.unwrap();
    let client = flow.oauth.client(&token).unwrap();
    client.send(&GetTokenDetails::new()).await.unwrap();
    assert_rejected(flow.exchange(back.exchange(flow.oauth.app())).await, TokenErrorCode::InvalidGrant);
    let error = client.send(&GetTokenDetails::new()).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn a_code_of_another_application_is_rejected() {
    let flow = Flow::start().await;
    flow.plane.add_oauth_app("other-client-id", "canary-other", [super::REDIRECT_URI]);
    let other = flow.app("other-client-id", "canary-other");
    let back = flow.approved(Scope::Team, TEAM);
    assert_rejected(flow.exchange(back.exchange(&other)).await, TokenErrorCode::InvalidGrant);
    assert!(flow.exchange(back.exchange(flow.oauth.app())).await.is_ok());
}

#[tokio::test]
async fn a_code_expires_after_ten_minutes() {
    let flow = Flow::start().await;
    let [late, in_time] = [flow.approved(Scope::Team, TEAM), flow.approved(Scope::Team, TEAM)];
    flow.plane.advance_clock(Duration::from_secs(590));
    assert!(flow.exchange(in_time.exchange(flow.oauth.app())).await.is_ok());
    flow.plane.advance_clock(Duration::from_secs(11));
    assert_rejected(flow.exchange(late.exchange(flow.oauth.app())).await, TokenErrorCode::InvalidGrant);
}

/// Returns a redirect whose stored authorization has other text.
fn with(back: Redirected, change: impl FnOnce(&mut Vec<String>)) -> Redirected {
    let mut parts: Vec<String> = back.pending.expose().splitn(5, '.').map(str::to_owned).collect();
    change(&mut parts);
    Redirected { pending: parts.join(".").into(), ..back }
}

#[tokio::test]
async fn another_redirect_uri_and_another_verifier_are_rejected() {
    let flow = Flow::start().await;
    let moved = with(flow.approved(Scope::Team, TEAM), |parts| parts[4] = "https://app.example/other".to_owned());
    assert_rejected(flow.exchange(moved.exchange(flow.oauth.app())).await, TokenErrorCode::InvalidGrant);
    let stolen = with(flow.approved(Scope::Team, TEAM), |parts| parts[3] = "A".repeat(43));
    assert_rejected(flow.exchange(stolen.exchange(flow.oauth.app())).await, TokenErrorCode::InvalidGrant);
}

#[tokio::test]
async fn a_wrong_client_secret_and_an_unknown_client_are_rejected() {
    let flow = Flow::start().await;
    let back = flow.approved(Scope::Team, TEAM);
    for app in [flow.app(CLIENT_ID, "canary-wrong"), flow.app("unknown-client", CLIENT_SECRET)] {
        assert_rejected(flow.exchange(back.exchange(&app)).await, TokenErrorCode::InvalidClient);
    }
    let (url, _) = flow.app("unknown-client", CLIENT_SECRET).authorize(Scope::Team, super::randomness().unwrap());
    let page = flow.plane.approve_authorization(url.as_str(), TEAM).unwrap_err();
    assert_eq!(page, "the client id is unknown");
}

#[tokio::test]
async fn a_user_can_connect_again_after_the_token_was_revoked() {
    let flow = Flow::start().await;
    let first = flow.exchange(flow.approved(Scope::Team, TEAM).exchange(flow.oauth.app())).await.unwrap();
    let text = convex_mgmt::proto::Authorizes::<convex_mgmt::ManagementApi>::secret(&first).expose().to_owned();
    assert!(flow.plane.revoke_token(&text));
    let second = flow.exchange(flow.approved(Scope::Team, TEAM).exchange(flow.oauth.app())).await.unwrap();
    assert_ne!(first, second);
    assert!(flow.oauth.client(&second).unwrap().send(&GetTokenDetails::new()).await.is_ok());
}

#[tokio::test]
async fn a_client_that_requires_confirmations_exchanges_codes() {
    let flow = Flow::start().await;
    let oauth = OAuthClient::build(flow.oauth.app().clone(), |builder| builder.require_confirmation().build()).unwrap();
    let back = flow.approved(Scope::Team, TEAM);
    let token = oauth.exchange(back.exchange(oauth.app())).await.unwrap();
    assert!(oauth.client(&token).unwrap().send(&GetTokenDetails::new()).await.is_ok());
}

#[tokio::test]
async fn the_exchange_and_its_clients_send_the_product_of_the_builder() {
    let flow = Flow::start().await;
    let app = flow.oauth.app().clone().with_user_agent("the-app/1").unwrap();
    let oauth = OAuthClient::build(app, |builder| builder.user_agent("the-client/1").build()).unwrap();
    let back = flow.approved(Scope::Team, TEAM);
    let token = oauth.exchange(back.exchange(oauth.app())).await.unwrap();
    oauth.client(&token).unwrap().send(&GetTokenDetails::new()).await.unwrap();
    let requests = flow.plane.requests();
    let agents: Vec<_> = requests.iter().map(|request| request.headers["user-agent"].to_str().unwrap()).collect();
    assert_eq!(agents.len(), 2);
    assert!(agents.iter().all(|agent| agent.starts_with("the-client/1 ")), "{agents:?}");
}
