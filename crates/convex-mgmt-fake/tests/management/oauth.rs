//! The OAuth flow: the pages that a user sees, the redirects, and the token endpoint.

use http::header::{CACHE_CONTROL, LOCATION};
use http::{Response, StatusCode};

use super::*;

const APP: &str = "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fa%3Db";
const REDIRECT_URI: &str = "https://app.example/callback?a=b";
const TEAM_PAGE: &str = "/oauth/authorize/team";
const FORM: &str = "application/x-www-form-urlencoded";

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn with_app() -> FakeControlPlane {
    builder().oauth_app("app", "secret", [REDIRECT_URI]).build()
}

async fn raw(plane: &FakeControlPlane, method: &str, url: &str, content_type: &str, body: &str) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(url).header("content-type", content_type);
    plane.clone().oneshot(request.body(Bytes::from(body.to_owned())).unwrap()).await.unwrap()
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

fn location(response: &Response<Bytes>) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()[LOCATION].to_str().unwrap()
}

/// Approves the access to a team. Returns the code.
fn code(plane: &FakeControlPlane, more: &str) -> String {
    let url = format!("https://dashboard.convex.dev{TEAM_PAGE}?{APP}&response_type=code{more}");
    let back = plane.approve_authorization(&url, 1).unwrap();
    back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

/// Sends a form to the token endpoint, as the application with its redirect URI. Returns the status and the body.
async fn exchange(plane: &FakeControlPlane, fields: &str) -> (u16, Value) {
    let form = format!("{APP}&client_secret=secret&grant_type=authorization_code&{fields}");
    let response = raw(plane, "POST", "https://api.convex.dev/oauth/token", FORM, &form).await;
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn a_page_asks_the_user_and_its_form_redirects() {
    let plane = with_app();
    plane.add_project("<shop> & co");
    let url = format!("/oauth/authorize/project?{APP}&response_type=code&state=s%26t");
    let page = raw(&plane, "GET", &url, FORM, "").await;
    assert_eq!(page.status(), StatusCode::OK);
    let id = plane.projects()[0].id;
    assert!(
        text(&page).contains(&format!(r#"<option value="{id}">&lt;shop&gt; &amp; co</option>"#)),
        "{}",
        text(&page)
    );

    let denied = raw(&plane, "POST", &url, FORM, "decision=deny").await;
    assert_eq!(location(&denied), format!("{REDIRECT_URI}&error=access_denied&state=s%26t"));
    let approved = raw(&plane, "POST", &url, FORM, &format!("decision=approve&id={id}")).await;
    let back = location(&approved).strip_prefix(&format!("{REDIRECT_URI}&code=")).unwrap();
    let (status, token) = exchange(&plane, &format!("code={}", back.split('&').next().unwrap())).await;
    assert_eq!((status, &token["token_type"]), (200, &json!("bearer")));
    let token = token["access_token"].as_str().unwrap();
    assert!(token.starts_with("project:acme:"), "{token}");
    let details = ok(&plane, token, "GET /token_details", Value::Null).await;
    assert_eq!((&details["type"], &details["projectId"]), (&json!("projectToken"), &json!(id)));

    for form in ["decision=approve", "decision=approve&id=999", "decision=maybe", ""] {
        assert_eq!(raw(&plane, "POST", &url, FORM, form).await.status(), StatusCode::BAD_REQUEST, "{form}");
    }
}

#[tokio::test]
async fn an_unknown_application_or_redirect_uri_is_not_redirected() {
    let plane = with_app();
    for query in [
        "",
        "client_id=app&response_type=code",
        "client_id=other&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fa%3Db&response_type=code",
        "client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&response_type=code",
        &format!("{APP}&client_id=app&response_type=code"),
    ] {
        let page = raw(&plane, "GET", &format!("{TEAM_PAGE}?{query}"), FORM, "").await;
        assert_eq!((page.status(), page.headers().get(LOCATION)), (StatusCode::BAD_REQUEST, None), "{query}");
    }
    assert!(plane.approve_authorization("https://dashboard.convex.dev/oauth/authorize", 1).is_err());
}

#[tokio::test]
async fn a_broken_request_is_redirected_with_its_error() {
    let plane = with_app();
    for (query, error) in [
        ("state=s", "invalid_request"),
        ("response_type=token&state=s", "unsupported_response_type"),
        ("response_type=code&code_challenge=c&state=s", "invalid_request"),
        ("response_type=code&code_challenge=c&code_challenge_method=plain&state=s", "invalid_request"),
    ] {
        let url = format!("{TEAM_PAGE}?{APP}&{query}");
        let expected = format!("{REDIRECT_URI}&error={error}&state=s");
        assert_eq!(location(&raw(&plane, "GET", &url, FORM, "").await), expected, "{query}");
        assert_eq!(plane.deny_authorization(&url).unwrap(), expected, "{query}");
    }
}

#[tokio::test]
async fn the_verifier_belongs_to_the_challenge() {
    let plane = with_app();
    let challenge = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    for (more, verifier, expected) in [
        (&*challenge, &*format!("&code_verifier={VERIFIER}"), 200),
        (&challenge, "&code_verifier=other", 400),
        (&challenge, "", 400),
        ("", "", 200),
        ("", "&code_verifier=other", 400),
    ] {
        let (status, body) = exchange(&plane, &format!("code={}{verifier}", code(&plane, more))).await;
        assert_eq!(status, expected, "{more} {verifier} {body}");
        assert_eq!(body.get("error"), (expected == 400).then_some(&json!("invalid_grant")));
    }
}

#[tokio::test]
async fn the_token_endpoint_rejects_wrong_requests_with_the_codes_of_the_rfc() {
    let plane = with_app();
    let form = |fields: &str| format!("{APP}&client_secret=secret&{fields}");
    for (form, status, error) in [
        (form("grant_type=authorization_code"), 400, "invalid_request"),
        (form("code=c"), 400, "invalid_request"),
        (form("grant_type=password&code=c"), 400, "unsupported_grant_type"),
        (form("grant_type=authorization_code&code=c"), 400, "invalid_grant"),
        (form("grant_type=authorization_code&code=c&code=c"), 400, "invalid_request"),
        (format!("{APP}&grant_type=authorization_code&code=c"), 400, "invalid_request"),
        (format!("{APP}&client_secret=other&grant_type=authorization_code&code=c"), 401, "invalid_client"),
    ] {
        let response = raw(&plane, "POST", "/oauth/token", FORM, &form).await;
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!((response.status().as_u16(), &body["error"]), (status, &json!(error)), "{form}");
    }
    let json = raw(&plane, "POST", "/oauth/token", "application/json", "{}").await;
    assert_eq!(json.status(), StatusCode::BAD_REQUEST);
    assert_eq!(raw(&plane, "POST", "/v1/oauth/token", FORM, &form("")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_code_for_a_deleted_project_gives_no_token() {
    let plane = with_app();
    let project = plane.add_project("shop");
    let url = format!("/oauth/authorize/project?{APP}&response_type=code");
    let back = plane.approve_authorization(&url, project).unwrap();
    ok(&plane, TEAM, &format!("POST /projects/{project}/delete"), Value::Null).await;
    assert_eq!(exchange(&plane, back.split('&').next_back().unwrap()).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn an_application_can_be_registered_over_http() {
    let plane = plane();
    let app = json!({"clientId": "app", "clientSecret": "secret", "redirectUris": [REDIRECT_URI]});
    let (status, _) = send(&plane, "", "POST", "/_fake/oauth_apps", app).await;
    assert_eq!(status, 200);
    assert_eq!(exchange(&plane, &format!("code={}", code(&plane, ""))).await.0, 200);
}
