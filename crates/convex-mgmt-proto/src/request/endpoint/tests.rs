//! The rules for URLs, and the headers of requests.

use super::user_agent::AGENT;
use super::*;
use crate::auth::{AccessToken, DeployKey};
use crate::metadata::{DeploymentApi, ManagementApi};
use crate::operation::Operation;

fn key() -> DeployKey {
    DeployKey::parse("prod:happy-animal-123|canary").unwrap()
}

fn url(url: &str) -> Result<String, EndpointError> {
    Endpoint::<DeploymentApi>::new(url, &key()).map(|endpoint| endpoint.url().to_owned())
}

#[test]
fn keeps_the_origin_and_drops_its_default_port() {
    for (input, kept) in [
        ("https://happy-animal-123.convex.cloud", "https://happy-animal-123.convex.cloud"),
        ("https://happy-animal-123.eu-west-1.convex.cloud/", "https://happy-animal-123.eu-west-1.convex.cloud"),
        ("https://API.example.com:443", "https://api.example.com"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://127.0.0.1:3210", "http://127.0.0.1:3210"),
        ("http://127.8.9.1:80", "http://127.8.9.1"),
        ("http://localhost:3210/", "http://localhost:3210"),
        ("http://convex.localhost", "http://convex.localhost"),
        ("http://[::1]:3210", "http://[::1]:3210"),
        ("http://localhost.:3210", "http://localhost.:3210"),
        ("http://[::ffff:127.0.0.1]:3210", "http://[::ffff:127.0.0.1]:3210"),
    ] {
        assert_eq!(url(input).as_deref(), Ok(kept), "{input}");
    }
}

/// Invalid URLs, each with the rule that it breaks.
const BROKEN: &[(&str, EndpointError)] = &[
    ("", EndpointError::NoScheme),
    ("://example.com", EndpointError::NoScheme),
    ("happy-animal-123", EndpointError::NoScheme),
    ("happy-animal-123.convex.cloud", EndpointError::NoScheme),
    ("localhost:3210", EndpointError::NoScheme),
    ("https:/example.com", EndpointError::NoScheme),
    ("https://", EndpointError::NoHost),
    ("https:///", EndpointError::NoHost),
    ("https://:443", EndpointError::NoHost),
    ("ftp://example.com", EndpointError::Scheme),
    ("wss://example.com", EndpointError::Scheme),
    ("CONVEX_URL=https://example.com", EndpointError::TextBefore),
    ("<https://example.com>", EndpointError::TextBefore),
    ("[docs](https://example.com)", EndpointError::TextBefore),
    ("https://https://example.com", EndpointError::TwoSchemes),
    ("\"https://example.com\"", EndpointError::Quote),
    ("'https://example.com'", EndpointError::Quote),
    ("https://example.com\"", EndpointError::Quote),
    ("\u{201c}https://example.com\u{201d}", EndpointError::Quote),
    (" https://example.com", EndpointError::WhiteSpace),
    ("https://example.com\n", EndpointError::WhiteSpace),
    ("https://a b.example", EndpointError::WhiteSpace),
    ("https://example.com\u{a0}", EndpointError::WhiteSpace),
    ("https://example.com\u{200b}", EndpointError::Unprintable),
    ("\u{feff}https://example.com", EndpointError::Unprintable),
    ("https://b\u{fc}cher.example", EndpointError::Unprintable),
    ("https://example.com\u{7f}", EndpointError::Unprintable),
    ("https://example.com,", EndpointError::Separator),
    ("https://example.com/,", EndpointError::Separator),
    ("https://example.com;", EndpointError::Separator),
    ("https://a.example,https://b.example", EndpointError::Separator),
    ("http://example.com", EndpointError::Plaintext),
    ("http://127.0.0.1.example.com", EndpointError::Plaintext),
    ("http://localhost.example.com", EndpointError::Plaintext),
    ("http://localhost.example.", EndpointError::Plaintext),
    ("http://notlocalhost", EndpointError::Plaintext),
    ("http://[::ffff:192.0.2.1]", EndpointError::Plaintext),
    ("http://0.0.0.0:3210", EndpointError::Plaintext),
    ("http://192.168.1.5:3210", EndpointError::Plaintext),
    ("https://user:canary@example.com", EndpointError::UserInfo),
    ("http://localhost@example.com", EndpointError::UserInfo),
    ("https://@example.com", EndpointError::UserInfo),
    ("https://*", EndpointError::Wildcard),
    ("https://*.convex.cloud", EndpointError::Wildcard),
    ("https://example.com\\x", EndpointError::HostCharacter),
    ("https://h%2eexample", EndpointError::HostCharacter),
    ("https://a!b.example", EndpointError::HostCharacter),
    ("https://<name>.convex.cloud", EndpointError::HostCharacter),
    ("https://localhost]", EndpointError::HostCharacter),
    ("https://x..y", EndpointError::EmptyLabel),
    ("https://.x", EndpointError::EmptyLabel),
    ("https://x..", EndpointError::EmptyLabel),
    ("https://.", EndpointError::EmptyLabel),
    ("https://x-.example", EndpointError::HostLabel),
    ("https://0123456789012345678901234567890123456789012345678901234567890123.example", EndpointError::HostLabel),
    ("https://999.1.1.1", EndpointError::Ipv4),
    ("https://1.2.3", EndpointError::Ipv4),
    ("https://127.1", EndpointError::Ipv4),
    ("http://2130706433", EndpointError::Ipv4),
    ("http://0x7f.1", EndpointError::Ipv4),
    ("http://0177.0.0.1", EndpointError::Ipv4),
    ("https://127.0.0.1.", EndpointError::Ipv4),
    ("https://1.2.3.4.5", EndpointError::Ipv4),
    ("https://example.0x", EndpointError::Ipv4),
    ("https://::1", EndpointError::Ipv6),
    ("https://[::1", EndpointError::Ipv6),
    ("https://[::g]", EndpointError::Ipv6),
    ("https://[[::1]]", EndpointError::Ipv6),
    ("https://[localhost]", EndpointError::Ipv6),
    ("https://[127.0.0.1]", EndpointError::Ipv6),
    ("https://[::1]3210", EndpointError::Ipv6),
    ("https://[fe80::1%25eth0]", EndpointError::ZoneId),
    ("https://[fe80::1%eth0]", EndpointError::ZoneId),
    ("https://example.com/api/v1", EndpointError::Path),
    ("https://example.com/convex", EndpointError::Path),
    ("https://example.com//", EndpointError::Path),
    ("https://example.com?x=1", EndpointError::Query),
    ("https://example.com/x?", EndpointError::Query),
    ("https://example.com/#x", EndpointError::Query),
    ("https://example.com:0", EndpointError::Port),
    ("https://example.com:", EndpointError::Port),
    ("https://example.com:70000", EndpointError::Port),
    ("https://example.com:+443", EndpointError::Port),
    ("https://example.com:80a", EndpointError::Port),
    ("https://example.com:443:443", EndpointError::Port),
    ("https://user:canary:example.com", EndpointError::Port),
];

#[test]
fn each_broken_rule_has_its_own_error() {
    for (input, error) in BROKEN {
        assert_eq!(url(input), Err(*error), "{input}");
        assert!(!error.to_string().contains("canary"));
        assert!(error.to_string().len() <= 120, "{error}");
    }
    // Each rule has its own text.
    let texts: std::collections::BTreeMap<String, EndpointError> =
        BROKEN.iter().map(|(_, error)| (error.to_string(), *error)).collect();
    assert!(BROKEN.iter().all(|(_, error)| texts[&error.to_string()] == *error));
    assert!(url(&format!("https://{}example", "a.".repeat(130))) == Err(EndpointError::HostLabel));
}

#[test]
fn every_constructor_applies_the_same_rules() {
    for (input, error) in BROKEN {
        let prefixed =
            Endpoint::<DeploymentApi>::with_path_prefix(input, &key()).map(|endpoint| endpoint.url().to_owned());
        match (error, *input) {
            (EndpointError::Path, "https://example.com/convex") => assert_eq!(prefixed.as_deref(), Ok(*input)),
            (EndpointError::Path, "https://example.com/api/v1") => assert_eq!(prefixed, Err(EndpointError::ApiPath)),
            (EndpointError::Path, _) => assert_eq!(prefixed, Err(EndpointError::PathPrefix), "{input}"),
            _ => assert_eq!(prefixed, Err(*error), "{input}"),
        }
        let plaintext = Endpoint::<DeploymentApi>::new_insecure(input, &key()).err();
        assert_eq!(plaintext, Some(*error).filter(|error| *error != EndpointError::Plaintext), "{input}");
    }
}

#[test]
fn accepts_names_and_addresses_of_every_form() {
    for input in [
        "https://convex_backend",
        "https://a-b.c1",
        "https://xn--bcher-kva.example",
        "https://example.com.",
        "https://1password.example",
        "https://1.2.3.example",
        "https://0x7f.example",
        "https://255.255.255.255",
        "https://[2001:db8::1]:8443",
        "https://[::ffff:127.0.0.1]",
        "http://127.0.0.1",
    ] {
        assert_eq!(url(input).as_deref(), Ok(input));
    }
}

#[test]
fn a_path_prefix_precedes_the_path_of_each_request() {
    let prefixed = |url: &str| Endpoint::<DeploymentApi>::with_path_prefix(url, &key());
    for (input, kept) in [
        ("https://Example.com/convex", "https://example.com/convex"),
        ("https://example.com/Convex/", "https://example.com/Convex"),
        ("https://example.com:8443/a/b-c_d.e~f/1", "https://example.com:8443/a/b-c_d.e~f/1"),
        ("https://example.com:443/...", "https://example.com/..."),
        ("http://127.0.0.1:3210/convex", "http://127.0.0.1:3210/convex"),
        ("https://example.com/api", "https://example.com/api"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
    ] {
        let endpoint = prefixed(input).unwrap();
        assert_eq!(endpoint.url(), kept, "{input}");
        let request = crate::deployment::GetLogStream::new("a/b").to_request(&endpoint).unwrap();
        assert_eq!(request.uri().to_string(), format!("{kept}/api/v1/get_log_stream/a%2Fb"));
        let request = crate::deployment::ListAuditLogEvents::new(crate::UnixMillis(5)).to_request(&endpoint).unwrap();
        assert_eq!(request.uri().to_string(), format!("{kept}/api/v1/list_audit_log_events?from=5"));
        let authority = kept.split('/').nth(2).unwrap();
        assert_eq!(request.headers()[HOST], authority);
        assert!(format!("{endpoint:?}").contains(kept) && !format!("{endpoint:?}").contains("canary"));
    }
    for bad in ["//", "//x", "/x//", "/x//y", "/.", "/..", "/x/../y", "/x/./y", "/%2e", "/a%20b", "/x:y", "/a+b", "/@"]
    {
        assert_eq!(prefixed(&format!("https://example.com{bad}")).unwrap_err(), EndpointError::PathPrefix, "{bad}");
    }
    let long = |length: usize| prefixed(&format!("https://example.com/{}", "x".repeat(length))).err();
    assert_eq!((long(url::PREFIX_LIMIT - 1), long(url::PREFIX_LIMIT)), (None, Some(EndpointError::PathPrefix)));
    for api in ["/api/v1", "/convex/api/v1/"] {
        assert_eq!(prefixed(&format!("https://example.com{api}")).unwrap_err(), EndpointError::ApiPath, "{api}");
    }
    let token = AccessToken::parse("eyJ2=").unwrap();
    let management = Endpoint::<ManagementApi>::with_path_prefix("https://api.convex.dev/v1", &token);
    assert_eq!(management.unwrap_err(), EndpointError::ApiPath);
}

#[test]
fn a_path_prefix_does_not_permit_plaintext() {
    let url = "http://backend:3210/convex";
    assert_eq!(Endpoint::<DeploymentApi>::with_path_prefix(url, &key()).unwrap_err(), EndpointError::Plaintext);
    assert_eq!(Endpoint::<DeploymentApi>::new_insecure(url, &key()).unwrap_err(), EndpointError::Path);
    assert_eq!(Endpoint::<DeploymentApi>::insecure_with_path_prefix(url, &key()).unwrap().url(), url);
    let error = Endpoint::<DeploymentApi>::new("https://example.com/convex", &key()).unwrap_err();
    assert!(error.to_string().contains("with_path_prefix"), "{error}");
}

#[test]
fn an_endpoint_below_a_path_serves_only_that_path() {
    let at = |url: &str| Endpoint::<DeploymentApi>::with_path_prefix(url, &key()).unwrap();
    let request = |url: &str| crate::deployment::GetDeploymentInfo::new().to_request(&at(url)).unwrap();
    let (one, two, bare) = ("https://example.com/one", "https://example.com/two", "https://example.com");
    for (endpoint, asked, serves) in [
        (one, one, true),
        (one, two, false),
        (one, bare, false),
        (bare, one, false),
        (bare, bare, true),
        ("https://example.com/on", one, false),
        ("https://example.org/one", one, false),
    ] {
        assert_eq!(at(endpoint).serves(&request(asked)), serves, "{endpoint} {asked}");
    }
}

#[test]
fn an_endpoint_is_read_from_its_requests() {
    let at = |url: &str| Endpoint::<DeploymentApi>::insecure_with_path_prefix(url, &key()).unwrap();
    for url in [
        "https://example.com",
        "http://backend:3210",
        "https://[2001:db8::1]:8443",
        "https://example.com/convex",
        "https://example.com/a/api/v1/b",
        "https://example.com/v1",
    ] {
        let endpoint = at(url).with_user_agent("own/1").unwrap();
        for request in [
            crate::deployment::GetLogStream::new("a/b/get_log_stream/c").to_request(&endpoint).unwrap(),
            crate::deployment::ListAuditLogEvents::new(crate::UnixMillis(5)).to_request(&endpoint).unwrap(),
        ] {
            let read = Endpoint::<DeploymentApi>::of_request(&request).unwrap();
            assert_eq!((read.url(), read.base(), read.headers()), (url, endpoint.base(), endpoint.headers()));
            assert!(read.serves(&request) && read.headers()[AUTHORIZATION].is_sensitive());
            assert!(Endpoint::<ManagementApi>::of_request(&request).is_none(), "a request of another API");
            let mut foreign = Request::new(());
            *foreign.uri_mut() = request.uri().clone();
            *foreign.headers_mut() = request.headers().clone();
            assert!(Endpoint::<DeploymentApi>::of_request(&foreign).is_none(), "a request of no operation");
        }
    }
    let operation = crate::deployment::GetLogStream::META;
    for uri in ["/api/v1/get_log_stream/x", "https://example.com/get_log_stream/x", "https://example.com", "*"] {
        assert_eq!(operation.endpoint_url(&uri.parse().unwrap()), None, "{uri}");
    }
}

#[test]
fn plaintext_needs_its_own_constructor() {
    let endpoint = Endpoint::<DeploymentApi>::new_insecure("http://backend:3210", &key()).unwrap();
    assert_eq!(endpoint.url(), "http://backend:3210");
}

#[test]
fn each_api_has_its_scheme_and_a_sensitive_header_value() {
    let deployment = Endpoint::<DeploymentApi>::new("https://example.com", &key()).unwrap();
    let token = AccessToken::parse("eyJ2=").unwrap();
    let management = Endpoint::<ManagementApi>::new("https://api.convex.dev", &token).unwrap();
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
fn a_credential_is_replaced_only_in_requests_of_its_endpoint() {
    let old = Endpoint::<DeploymentApi>::new("https://example.com", &key()).unwrap();
    let new = old.clone().with_credential(&DeployKey::parse("prod:happy-animal-123|new").unwrap()).unwrap();
    let request = |url: &str| {
        let endpoint = Endpoint::<DeploymentApi>::new(url, &key()).unwrap();
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
    let endpoint = Endpoint::<DeploymentApi>::new("https://example.com", &key()).unwrap();
    assert_eq!(endpoint.headers()[CONVEX_CLIENT], format!("convex-mgmt-rust-{}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_product_precedes_the_library_in_the_user_agent() {
    let endpoint = Endpoint::<DeploymentApi>::new("https://example.com", &key()).unwrap();
    let named = endpoint.clone().with_user_agent("my-tool/1.2").unwrap();
    assert_eq!(named.headers()[USER_AGENT], format!("my-tool/1.2 {AGENT}"));
    let own = |endpoint: &Endpoint<DeploymentApi>| endpoint.headers()[USER_AGENT].to_str().unwrap().to_owned();
    assert_eq!(own(&endpoint.clone().with_user_agent(" a/1 (b; c) ").unwrap()), format!("a/1 (b; c) {AGENT}"));
    for bad in ["", " ", "a\r\nx: y", "caf\u{e9}/1", "a\tb", "a\u{7f}", "\u{200b}"] {
        assert_eq!(endpoint.clone().with_user_agent(bad).unwrap_err(), EndpointError::UserAgent, "{bad:?}");
    }
}

#[test]
fn a_clients_product_applies_to_endpoints_without_their_own() {
    let endpoint = Endpoint::<DeploymentApi>::new("https://example.com", &key()).unwrap();
    let agent = |endpoint: &Endpoint<DeploymentApi>| endpoint.headers()[USER_AGENT].to_str().unwrap().to_owned();
    let client = |product: &str| UserAgent::new(product).unwrap();
    let first = endpoint.clone().with_default_user_agent(client("first/1"));
    assert_eq!(agent(&first), format!("first/1 {AGENT}"));
    assert_eq!(agent(&first.with_default_user_agent(client("second/1"))), format!("second/1 {AGENT}"));
    let own = endpoint.clone().with_user_agent("own/1").unwrap();
    assert_eq!(agent(&own.with_default_user_agent(client("first/1"))), format!("own/1 {AGENT}"));
    assert_eq!(agent(&endpoint), AGENT, "the endpoints that others hold stay as they were");
}

#[test]
fn warns_of_urls_of_convex_that_serve_no_deployment() {
    for (url, words) in [
        ("https://happy-animal-123.convex.cloud", None),
        ("https://happy-animal-123.eu-west-1.convex.cloud", None),
        ("https://api.example.com", None),
        ("https://aconvex.site", None),
        ("https://convex.site.example.com", None),
        ("http://127.0.0.1:3210", None),
        ("https://happy-animal-123.convex.site", Some("HTTP actions")),
        ("https://happy-animal-123.eu-west-1.CONVEX.site.:8443", Some("HTTP actions")),
        ("https://api.convex.dev", Some("not a deployment's")),
        ("https://dashboard.convex.dev/", Some("not a deployment's")),
    ] {
        let key = DeployKey::parse("prod:happy-animal-123|made-up").unwrap();
        let warning = Endpoint::<DeploymentApi>::new(url, &key).unwrap().warning();
        assert!(warning.map_or(words.is_none(), |text| words.is_some_and(|words| text.contains(words))), "{url}");
    }
}

#[test]
fn knows_the_kind_of_its_credential_after_each_change() {
    let kind = CredentialKind::AccessToken;
    let personal = AccessToken::personal("made-up").unwrap();
    let endpoint = Endpoint::<ManagementApi>::new("https://api.convex.dev", &personal).unwrap();
    assert_eq!(endpoint.credential_kind(), kind(AccessTokenKind::Personal));
    let endpoint = endpoint.with_user_agent("my-tool/1.2").unwrap();
    assert_eq!(endpoint.credential_kind(), kind(AccessTokenKind::Personal));

    let request = crate::management::GetTokenDetails::new().to_request(&endpoint).unwrap();
    let read = Endpoint::<ManagementApi>::of_request(&request).unwrap();
    assert_eq!(read.credential_kind(), kind(AccessTokenKind::Opaque), "the text does not show the kind");

    let team = AccessToken::parse("team:acme|made-up").unwrap();
    let endpoint = endpoint.with_credential(&team).unwrap();
    assert_eq!(endpoint.credential_kind(), kind(AccessTokenKind::OAuthTeam));
    let request = crate::management::GetTokenDetails::new().to_request(&endpoint).unwrap();
    let read = Endpoint::<ManagementApi>::of_request(&request).unwrap();
    assert_eq!(read.credential_kind(), kind(AccessTokenKind::OAuthTeam));
}
