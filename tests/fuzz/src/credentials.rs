//! The target `credentials`: any text as a credential, as a URL and as a product name.

use std::hint::black_box;

use convex_mgmt_proto::deployment::GetDeploymentInfo;
use convex_mgmt_proto::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialError, DeployKey, DeployKeyKind, DeploymentApi,
    Endpoint, EndpointError, ManagementApi, Operation,
};
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use url::{Host, Url};

use crate::plant::{CANARY, resembles_canary};

/// Reads a text as a credential, as a URL and as a product name.
///
/// * A credential is sent unchanged after the scheme of the API, and marked as sensitive.
/// * The three constructors agree, and the parts of a credential come from the text before the `|`.
/// * A credential is the key alone. The constructors reject a key with other text that people paste around it.
/// * `Debug` shows no secret. An error contains no text, except for the reason in a note that no key is available.
/// * An accepted URL is an origin, or an origin with a path prefix. Another reader of URLs finds the same host in it. It is
///   encrypted, or its host is loopback.
///
/// # Panics
/// If one of these properties does not hold.
pub fn credentials(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(credential) = Credential::parse(text) {
        is_sent_unchanged(text, &credential);
        has_parts_of(text, &credential);
        is_only_a_key(text);
    }
    constructors_agree(text);
    if !resembles_canary(data) {
        is_never_shown(text);
    }
    for url in [text.to_owned(), format!("https://{text}"), format!("http://{text}")] {
        is_an_origin(&url);
        is_below_a_path(&url);
    }
    names_a_product(text);
}

/// Reads a text with each constructor, and formats the results.
pub fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    black_box(format!("{:?}", Credential::parse(text)));
    black_box(format!("{:?}", DeployKey::parse(text)));
    black_box(format!("{:?}", AccessToken::parse(text)));
    let Ok(key) = DeployKey::parse("happy-animal-123|made-up") else { return };
    for url in [text, &format!("https://{text}")] {
        black_box(format!("{:?}", Endpoint::<DeploymentApi>::new(url, &key)));
        black_box(format!("{:?}", Endpoint::<DeploymentApi>::with_path_prefix(url, &key)));
    }
    if let Ok(endpoint) = Endpoint::<DeploymentApi>::new("https://h.example", &key) {
        let _ = black_box(endpoint.with_user_agent(text));
    }
    if let Ok(credential) = Credential::parse(text)
        && let Ok(endpoint) = Endpoint::<DeploymentApi>::new("https://h.example", &credential)
    {
        let _ = black_box(GetDeploymentInfo::new().to_request(&endpoint));
    }
}

fn is_sent_unchanged(text: &str, credential: &Credential) {
    let at = "https://happy-animal-123.convex.cloud";
    let sent = |endpoint: Endpoint<DeploymentApi>| {
        let request = GetDeploymentInfo::new().to_request(&endpoint).expect("the operation has no parameters");
        let value = &request.headers()[AUTHORIZATION];
        assert!(value.is_sensitive());
        assert_eq!(request.headers().get_all(AUTHORIZATION).iter().count(), 1);
        value.as_bytes().to_vec()
    };
    let expected = format!("Convex {text}").into_bytes();
    let endpoint = Endpoint::new(at, credential);
    // Every credential can be sent, because all are printable ASCII.
    assert_eq!(sent(endpoint.expect("a credential can be sent")), expected);
    match credential {
        Credential::DeployKey(key) => assert_eq!(sent(Endpoint::new(at, key).expect("as before")), expected),
        Credential::AccessToken(token) => {
            assert_eq!(sent(Endpoint::new(at, token).expect("as before")), expected);
            assert_eq!(Authorizes::<ManagementApi>::secret(token).expose(), text);
            Endpoint::<ManagementApi>::new("https://api.convex.dev", token).expect("as before");
        }
        other => panic!("{other:?}"),
    }
}

fn has_parts_of(text: &str, credential: &Credential) {
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
        other => panic!("{other:?}"),
    }
}

fn is_only_a_key(text: &str) {
    let (prefix, secret) = text.split_once('|').unwrap_or(("", text));
    assert!(!prefix.contains('='), "{text}");
    assert!(
        !text.chars().any(|character| "\"'`,;\\<>{}$()[]* ".contains(character) || !character.is_ascii_graphic()),
        "{text}"
    );
    assert!(!secret.contains(['!', '#', '%', '&', '?', '@', '^']), "{text}");
    assert!(!text.contains("://") && !text.starts_with("CONVEX_"), "{text}");
    assert!(!prefix.is_empty() || !secret.trim_end_matches('=').contains('='), "{text}");
    for around in [
        "\"KEY\"",
        "'KEY'",
        "`KEY`",
        "\u{201c}KEY\u{201d}",
        "KEY\"",
        "'KEY",
        "Convex KEY",
        "bearer KEY",
        "Authorization: Convex KEY",
        "Authorization:KEY",
        "export X=KEY",
        "CONVEX_DEPLOY_KEY=KEY",
        "CONVEX_DEPLOY_KEY: KEY",
        "KEY,",
        "KEY;",
        "KEY KEY",
        "KEY\nKEY",
        "KEY\r\n",
        " KEY",
        "KEY\t",
        "KEY\\n",
        "KEY\u{200b}",
        "\u{feff}KEY",
        "KEY%7C",
        "<KEY>",
        "${KEY}",
        "(KEY)",
        "KEY)",
        "[KEY](x)",
        "*KEY*",
        "https://KEY",
    ] {
        let pasted = around.replace("KEY", text).replace(&format!("CONVEX_DEPLOY_{text}"), "CONVEX_DEPLOY_KEY");
        assert!(Credential::parse(&pasted).is_err(), "{pasted:?}");
    }
    if text.bytes().any(|byte| byte != b'=') {
        assert!(Credential::parse(&format!("X={text}")).is_err(), "{text}");
    }
}

fn constructors_agree(text: &str) {
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
        Ok(other) => panic!("{other:?}"),
        Err(error) => assert_eq!((key, token), (Err(error.clone()), Err(error))),
    }
}

fn is_never_shown(text: &str) {
    // At the end of the text the canary is part of the secret, in every form of a credential.
    let planted = format!("{text}{CANARY}");
    let read = Credential::parse(&planted);
    let mut shown = match &read {
        Err(CredentialError::Missing { .. }) => String::new(),
        other => format!("{other:?} {other:#?}"),
    };
    if let Ok(credential) = &read {
        let endpoint =
            Endpoint::<DeploymentApi>::new("https://h.example", credential).expect("a credential can be sent");
        let request = GetDeploymentInfo::new().to_request(&endpoint).expect("the operation has no parameters");
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

/// The texts of an error. The reason in a note that no key is available is meant to be shown.
fn error_text(error: &CredentialError) -> String {
    if let CredentialError::Missing { reason } = error {
        assert!(reason.chars().count() <= 500 && !reason.chars().any(char::is_control));
        return String::new();
    }
    format!("{error} {error:?}")
}

fn is_an_origin(url: &str) {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    let strict = Endpoint::<DeploymentApi>::new(url, &key);
    let lenient = Endpoint::<DeploymentApi>::new_insecure(url, &key);
    if let Ok(strict) = &strict {
        assert_eq!(lenient.as_ref().map(Endpoint::url), Ok(strict.url()));
    }
    let Ok(endpoint) = lenient else { return };
    let kept = endpoint.url();
    let again = Endpoint::<DeploymentApi>::new_insecure(kept, &key);
    assert_eq!(again.as_ref().map(Endpoint::url), Ok(kept));
    let request = GetDeploymentInfo::new().to_request(&endpoint).expect("the operation has no parameters");
    assert_eq!(request.uri().to_string(), format!("{kept}/api/v1/deployment_info"));
    let (scheme, authority) = kept.split_once("://").expect("an origin");
    assert_eq!(request.headers()[HOST], authority);
    assert_eq!(request.uri().authority().map(|authority| authority.as_str()), Some(authority));

    let (host, loopback) = host_and_loopback(kept);
    assert_eq!(request.uri().host(), Some(host.as_str()));
    if strict.is_ok() {
        assert!(scheme == "https" || loopback, "{kept} is not encrypted");
    }
    // Only a `/` at the end and the case may differ from the text.
    let Ok(parsed) = Url::parse(url) else { return };
    assert_eq!(parsed.port_or_known_default(), Url::parse(kept).ok().and_then(|kept| kept.port_or_known_default()));
    assert_eq!((parsed.path(), parsed.query(), parsed.fragment()), ("/", None, None));
    assert_eq!((parsed.username(), parsed.password()), ("", None));
}

/// The host of an accepted URL as it is written, and `true` if it is loopback. Another reader of URLs has to agree.
fn host_and_loopback(kept: &str) -> (String, bool) {
    let (_, rest) = kept.split_once("://").expect("an origin");
    let authority = rest.split('/').next().expect("a text has a beginning");
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    // This library does not check international names.
    let Ok(other) = Url::parse(kept) else {
        assert!(host.contains("xn--"), "{kept}");
        return (host.to_owned(), false);
    };
    let loopback = match other.host() {
        Some(Host::Domain(name)) => {
            assert_eq!(name, host);
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => {
            assert_eq!(address.to_string(), host);
            address.is_loopback()
        }
        Some(Host::Ipv6(address)) => {
            assert_eq!(Ok(address), host.trim_matches(['[', ']']).parse());
            address.to_canonical().is_loopback()
        }
        None => panic!("{kept} has no host"),
    };
    (host.to_owned(), loopback)
}

fn is_below_a_path(url: &str) {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    let strict = Endpoint::<DeploymentApi>::with_path_prefix(url, &key);
    let lenient = Endpoint::<DeploymentApi>::insecure_with_path_prefix(url, &key);
    if let Ok(strict) = &strict {
        assert_eq!(lenient.as_ref().map(Endpoint::url), Ok(strict.url()));
    }
    // Without a path the constructors agree.
    match Endpoint::<DeploymentApi>::new(url, &key) {
        Err(EndpointError::Path) => {}
        other => assert_eq!(other.as_ref().map(Endpoint::url), strict.as_ref().map(Endpoint::url)),
    }
    let Ok(endpoint) = lenient else { return };
    let kept = endpoint.url();
    let request = GetDeploymentInfo::new().to_request(&endpoint).expect("the operation has no parameters");
    assert_eq!(request.uri().to_string(), format!("{kept}/api/v1/deployment_info"));
    assert!(!kept.ends_with('/') && !kept.ends_with("/api/v1"));
    assert!(endpoint.serves(&request));
    // A reader that shortens or decodes paths leaves it unchanged.
    let Ok(other) = Url::parse(kept) else { return };
    assert_eq!(
        format!("{}://{}{}", other.scheme(), request.uri().authority().expect("it has one"), other.path())
            .trim_end_matches('/'),
        kept
    );
    if strict.is_ok() {
        assert!(kept.starts_with("https:") || host_and_loopback(kept).1, "{kept} is not encrypted");
    }
}

fn names_a_product(text: &str) {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    let endpoint = Endpoint::<DeploymentApi>::new("https://h.example", &key).expect("an endpoint");
    if let Ok(endpoint) = endpoint.with_user_agent(text) {
        let request = GetDeploymentInfo::new().to_request(&endpoint).expect("the operation has no parameters");
        let sent = request.headers()[USER_AGENT].as_bytes();
        assert!(sent.starts_with(text.trim().as_bytes()) && !text.trim().is_empty());
        assert!(sent.iter().all(|byte| matches!(byte, b' '..=b'~')));
    }
}
