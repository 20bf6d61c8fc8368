//! Credentials and URLs: any text for each.

use std::hint::black_box;

use convex_mgmt_proto::deployment::GetDeploymentInfo;
use convex_mgmt_proto::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialError, DeployKey, DeployKeyKind, Deployment,
    Endpoint, Management, Operation,
};
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use url::{Host, Url};

use crate::plant::{CANARY, is_poisoned};

/// Reads a text as a credential, as a URL and as the name of a product.
///
/// * A credential is sent as it was given, behind the scheme of the API, and marked as sensitive.
/// * Its three readers agree, and its parts are what stands before the `|`.
/// * No secret is in any `Debug`, and no text in an error, but for the reason that a note gives.
/// * A URL that is accepted is an origin, which another reader of URLs agrees with, and is encrypted or loopback.
///
/// # Panics
/// If one of that does not hold.
pub fn credentials(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(credential) = Credential::parse(text) {
        is_sent_as_given(text, &credential);
        has_the_parts_of(text, &credential);
    }
    readers_agree(text);
    if !is_poisoned(data) {
        is_never_shown(text);
    }
    for url in [text.to_owned(), format!("https://{text}"), format!("http://{text}")] {
        is_an_origin(&url);
    }
    names_a_product(text);
}

/// Reads a text in each of the ways, and shows what came of it.
pub fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    black_box(format!("{:?}", Credential::parse(text)));
    black_box(format!("{:?}", DeployKey::parse(text)));
    black_box(format!("{:?}", AccessToken::parse(text)));
    let Ok(key) = DeployKey::parse("happy-animal-123|made-up") else { return };
    for url in [text, &format!("https://{text}")] {
        black_box(format!("{:?}", Endpoint::<Deployment>::new(url, &key)));
    }
    if let Ok(endpoint) = Endpoint::<Deployment>::new("https://h.example", &key) {
        let _ = black_box(endpoint.user_agent(text));
    }
    if let Ok(credential) = Credential::parse(text)
        && let Ok(endpoint) = Endpoint::<Deployment>::new("https://h.example", &credential)
    {
        let _ = black_box(GetDeploymentInfo::new().to_request(&endpoint));
    }
}

fn is_sent_as_given(text: &str, credential: &Credential) {
    let at = "https://happy-animal-123.convex.cloud";
    let sent = |endpoint: Endpoint<Deployment>| {
        let request = GetDeploymentInfo::new().to_request(&endpoint).expect("it takes nothing");
        let value = &request.headers()[AUTHORIZATION];
        assert!(value.is_sensitive());
        assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 1);
        value.as_bytes().to_vec()
    };
    let expected = format!("Convex {text}").into_bytes();
    let endpoint = Endpoint::new(at, credential);
    // The one text that is a credential and cannot be sent does not exist: all are printable ASCII.
    assert_eq!(sent(endpoint.expect("a credential can be sent")), expected);
    match credential {
        Credential::DeployKey(key) => assert_eq!(sent(Endpoint::new(at, key).expect("as before")), expected),
        Credential::AccessToken(token) => {
            assert_eq!(sent(Endpoint::new(at, token).expect("as before")), expected);
            assert_eq!(Authorizes::<Management>::secret(token).expose(), text);
            Endpoint::<Management>::new("https://api.convex.dev", token).expect("as before");
        }
    }
}

fn has_the_parts_of(text: &str, credential: &Credential) {
    match credential {
        Credential::DeployKey(key) => {
            let (prefix, secret) = text.split_once('|').expect("a key has both");
            let name = prefix.split_once(':').map_or(prefix, |(_, name)| name);
            assert!(!name.is_empty() && !name.contains(':') && !secret.is_empty());
            assert_eq!(key.deployment_name(), name);
            let typed = !matches!(key.kind(), DeployKeyKind::Admin | DeployKeyKind::Untyped);
            assert_eq!(typed, prefix.contains(':'), "{:?}", key.kind());
        }
        Credential::AccessToken(token) => {
            let slugs = [token.team_slug(), token.project_slug()];
            let parts: Vec<&str> = text.split_once('|').map_or(vec![], |(prefix, _)| prefix.split(':').collect());
            match (token.kind(), &parts[..]) {
                (AccessTokenKind::PreviewDeployKey | AccessTokenKind::OAuthProject, [_, team, project]) => {
                    assert_eq!(slugs, [Some(*team), Some(*project)]);
                }
                (AccessTokenKind::OAuthTeam, [_, team]) => assert_eq!(slugs, [Some(*team), None]),
                (AccessTokenKind::Opaque, _) => assert_eq!(slugs, [None, None]),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn readers_agree(text: &str) {
    let (any, key, token) = (Credential::parse(text), DeployKey::parse(text), AccessToken::parse(text));
    assert_eq!(any.as_ref(), text.parse().as_ref());
    match any {
        Ok(Credential::DeployKey(one)) => {
            assert_eq!(key, Ok(one));
            assert!(matches!(token, Err(CredentialError::WrongKind { .. })));
            assert!(AccessToken::personal(text).is_err() && AccessToken::team(text).is_err());
        }
        Ok(Credential::AccessToken(one)) => {
            let opaque = one.kind() == AccessTokenKind::Opaque;
            assert_eq!((AccessToken::personal(text).is_ok(), AccessToken::team(text).is_ok()), (opaque, opaque));
            assert_eq!(token, Ok(one));
            assert!(matches!(key, Err(CredentialError::WrongKind { .. })));
        }
        Err(error) => assert_eq!((key, token), (Err(error.clone()), Err(error))),
    }
}

fn is_never_shown(text: &str) {
    // At the end it is in the secret, whatever the form.
    let planted = format!("{text}{CANARY}");
    let read = Credential::parse(&planted);
    let mut shown = match &read {
        Err(CredentialError::Missing { .. }) => String::new(),
        other => format!("{other:?} {other:#?}"),
    };
    if let Ok(credential) = &read {
        let endpoint = Endpoint::<Deployment>::new("https://h.example", credential).expect("a credential can be sent");
        let request = GetDeploymentInfo::new().to_request(&endpoint).expect("it takes nothing");
        shown += &format!("{endpoint:?} {request:?}");
    }
    for error in [DeployKey::parse(&planted).err(), AccessToken::team(&planted).err()].into_iter().flatten() {
        shown += &error_text(&error);
    }
    let at_the_front = format!("{CANARY}{text}");
    shown += &Credential::parse(&at_the_front).err().map(|error| error_text(&error)).unwrap_or_default();
    shown += &DeployKey::parse(&at_the_front).err().map(|error| error_text(&error)).unwrap_or_default();
    assert!(!shown.contains(CANARY), "{shown}");
}

/// An error as it is shown. The note that no key is there is meant to be read.
fn error_text(error: &CredentialError) -> String {
    if let CredentialError::Missing { reason } = error {
        assert!(reason.chars().count() <= 500 && !reason.chars().any(char::is_control));
        return String::new();
    }
    format!("{error} {error:?}")
}

fn is_an_origin(url: &str) {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    let strict = Endpoint::<Deployment>::new(url, &key);
    let lenient = Endpoint::<Deployment>::plaintext(url, &key);
    if let Ok(strict) = &strict {
        assert_eq!(lenient.as_ref().map(Endpoint::url), Ok(strict.url()));
    }
    let Ok(endpoint) = lenient else { return };
    let kept = endpoint.url();
    let again = Endpoint::<Deployment>::plaintext(kept, &key);
    assert_eq!(again.as_ref().map(Endpoint::url), Ok(kept));
    let request = GetDeploymentInfo::new().to_request(&endpoint).expect("it takes nothing");
    assert_eq!(request.uri().to_string(), format!("{kept}/api/v1/deployment_info"));
    let (scheme, authority) = kept.split_once("://").expect("an origin");
    assert_eq!(request.headers()[HOST], authority);
    assert_eq!(request.uri().authority().map(|authority| authority.as_str()), Some(authority));

    // What another reader of URLs refuses, no transport can do much with.
    let Ok(other) = Url::parse(kept) else { return };
    assert_eq!(other.scheme(), scheme);
    assert_eq!((other.path(), other.query(), other.fragment()), ("/", None, None));
    assert_eq!((other.username(), other.password()), ("", None));
    assert_eq!(other.port_or_known_default(), Url::parse(url).ok().and_then(|given| given.port_or_known_default()));
    let loopback = match other.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => panic!("{kept} has no host"),
    };
    if strict.is_ok() {
        assert!(scheme == "https" || loopback, "{kept} is not encrypted");
    }
}

fn names_a_product(text: &str) {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    let endpoint = Endpoint::<Deployment>::new("https://h.example", &key).expect("an endpoint");
    if let Ok(endpoint) = endpoint.user_agent(text) {
        let request = GetDeploymentInfo::new().to_request(&endpoint).expect("it takes nothing");
        let sent = request.headers()[USER_AGENT].as_bytes();
        assert!(sent.starts_with(text.trim().as_bytes()) && !text.trim().is_empty());
        assert!(!sent.iter().any(|byte| b"\r\n\0".contains(byte)));
    }
}
