//! Which URLs are endpoints, and what requests to them carry.

use super::*;
use crate::credential::{AccessToken, DeployKey};
use crate::operation::{Deployment, Management, Operation};

fn key() -> DeployKey {
    DeployKey::parse("prod:happy-animal-123|canary").unwrap()
}

fn url(url: &str) -> Result<String, EndpointError> {
    Endpoint::<Deployment>::new(url, &key()).map(|endpoint| endpoint.url().to_owned())
}

#[test]
fn an_origin_is_kept_and_its_default_port_dropped() {
    for (given, kept) in [
        ("https://happy-animal-123.convex.cloud", "https://happy-animal-123.convex.cloud"),
        ("https://happy-animal-123.eu-west-1.convex.cloud/", "https://happy-animal-123.eu-west-1.convex.cloud"),
        ("https://API.example.com:443", "https://api.example.com"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://127.0.0.1:3210", "http://127.0.0.1:3210"),
        ("http://127.8.9.1:80", "http://127.8.9.1"),
        ("http://localhost:3210/", "http://localhost:3210"),
        ("http://convex.localhost", "http://convex.localhost"),
        ("http://[::1]:3210", "http://[::1]:3210"),
    ] {
        assert_eq!(url(given).as_deref(), Ok(kept), "{given}");
    }
}

#[test]
fn each_broken_rule_has_its_own_error() {
    for (given, error) in [
        ("", EndpointError::NoScheme),
        ("happy-animal-123", EndpointError::NoScheme),
        ("happy-animal-123.convex.cloud", EndpointError::NoScheme),
        ("localhost:3210", EndpointError::NoScheme),
        ("https://", EndpointError::Malformed),
        ("https://:443", EndpointError::Malformed),
        ("https://a b.example", EndpointError::Malformed),
        ("ftp://example.com", EndpointError::Scheme),
        ("http://example.com", EndpointError::Plaintext),
        ("http://127.0.0.1.example.com", EndpointError::Plaintext),
        ("http://localhost.example.com", EndpointError::Plaintext),
        ("http://192.168.1.5:3210", EndpointError::Plaintext),
        ("https://user:canary@example.com", EndpointError::UserInfo),
        ("http://localhost@example.com", EndpointError::UserInfo),
        ("https://example.com/api/v1", EndpointError::Path),
        ("https://example.com//", EndpointError::Path),
        ("https://example.com?x=1", EndpointError::Query),
        ("https://example.com/#x", EndpointError::Query),
        ("https://example.com:0", EndpointError::Port),
        ("https://example.com:", EndpointError::Port),
        ("https://example.com:70000", EndpointError::Port),
        ("https://example.com:+443", EndpointError::Port),
    ] {
        assert_eq!(url(given), Err(error), "{given}");
        assert!(!error.to_string().contains("canary"));
    }
}

#[test]
fn plaintext_has_to_be_asked_for() {
    let endpoint = Endpoint::<Deployment>::plaintext("http://backend:3210", &key()).unwrap();
    assert_eq!(endpoint.url(), "http://backend:3210");
}

#[test]
fn each_api_gets_its_scheme_and_the_value_is_marked_sensitive() {
    let deployment = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
    let token = AccessToken::parse("eyJ2=").unwrap();
    let management = Endpoint::<Management>::new("https://api.convex.dev", &token).unwrap();
    for (headers, expected) in
        [(deployment.headers(), "Convex prod:happy-animal-123|canary"), (management.headers(), "Bearer eyJ2=")]
    {
        let value = &headers[AUTHORIZATION];
        assert_eq!(value, expected);
        assert!(value.is_sensitive() && value.clone().is_sensitive());
    }
    assert!(!format!("{deployment:?} {:?}", deployment.headers()).contains("canary"));
}

#[test]
fn a_credential_is_replaced_only_where_it_was_given() {
    let old = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
    let new = old.clone().credential(&DeployKey::parse("prod:happy-animal-123|new").unwrap()).unwrap();
    let request = |url: &str| {
        let endpoint = Endpoint::<Deployment>::new(url, &key()).unwrap();
        crate::deployment::ListEnvironmentVariables::new().to_request(&endpoint).unwrap()
    };
    let mut here = request("https://example.com");
    assert!(old.serves(&here) && !new.serves(&here));
    new.authorize(&mut here);
    assert!(new.serves(&here) && !old.serves(&here));
    assert_eq!(here.headers()[AUTHORIZATION], "Convex prod:happy-animal-123|new");
    assert!(here.headers()[AUTHORIZATION].is_sensitive());
    for elsewhere in ["https://example.com:8443", "https://a.example.com", "http://127.0.0.1"] {
        assert!(!old.serves(&request(elsewhere)), "{elsewhere}");
    }
}

#[test]
fn the_client_header_parses_as_name_and_version() {
    let endpoint = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
    assert_eq!(endpoint.headers()[CONVEX_CLIENT], format!("convex-mgmt-rust-{}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_product_goes_before_ours() {
    let endpoint = Endpoint::<Deployment>::new("https://example.com", &key()).unwrap();
    let named = endpoint.clone().user_agent("my-tool/1.2").unwrap();
    assert_eq!(named.headers()[USER_AGENT], format!("my-tool/1.2 {AGENT}"));
    assert_eq!(endpoint.clone().user_agent(" ").unwrap_err(), EndpointError::UserAgent);
    assert_eq!(endpoint.user_agent("a\r\nx: y").unwrap_err(), EndpointError::UserAgent);
}
