//! The kinds of credentials, and the texts that are rejected.

use super::*;
use crate::operation::Operation;

fn deploy_key(text: &str) -> (DeployKeyKind, String) {
    let key = DeployKey::parse(text).unwrap();
    (key.kind(), key.deployment_name().to_owned())
}

#[test]
fn recognizes_the_kinds_of_deploy_keys() {
    for (text, kind) in [
        ("dev:happy-animal-123|abc", DeployKeyKind::Dev),
        ("PROD:happy-animal-123|abc", DeployKeyKind::Prod),
        ("custom:happy-animal-123|abc", DeployKeyKind::Custom),
        ("preview:happy-animal-123|abc", DeployKeyKind::PreviewDeployment),
        ("happy-animal-123|01abcdef", DeployKeyKind::Admin),
        ("happy-animal-123|01ABCDEF", DeployKeyKind::Untyped),
        ("happy-animal-123|01abc", DeployKeyKind::Untyped),
        ("happy-animal-123|eyJ2=", DeployKeyKind::Untyped),
    ] {
        assert_eq!(deploy_key(text), (kind, "happy-animal-123".to_owned()), "{text}");
    }
}

#[test]
fn recognizes_the_kinds_of_access_tokens() {
    for (text, kind, team, project) in [
        ("preview:acme:shop|abc", AccessTokenKind::PreviewDeployKey, Some("acme"), Some("shop")),
        ("Project:acme:shop|abc", AccessTokenKind::OAuthProject, Some("acme"), Some("shop")),
        ("team:acme|abc", AccessTokenKind::OAuthTeam, Some("acme"), None),
        ("eyJ2MiI6IjEifQ==", AccessTokenKind::Opaque, None, None),
        ("edge:acme|abc", AccessTokenKind::Opaque, None, None),
        ("project:acme|abc", AccessTokenKind::Opaque, None, None),
        ("preview:a:b:c|abc", AccessTokenKind::Opaque, None, None),
    ] {
        let token = AccessToken::parse(text).unwrap();
        assert_eq!((token.kind(), token.team_slug(), token.project_slug()), (kind, team, project), "{text}");
    }
}

#[test]
fn only_an_opaque_text_can_be_declared_as_a_kind() {
    assert_eq!(AccessToken::personal("eyJ2=").unwrap().kind(), AccessTokenKind::Personal);
    assert_eq!(AccessToken::team("eyJ2=").unwrap().kind(), AccessTokenKind::Team);
    let error = AccessToken::personal("team:acme|abc").unwrap_err();
    assert_eq!(error.to_string(), "the credential is an OAuth token of a team, but a personal access token is needed");
}

#[test]
fn rejects_invalid_credentials_with_the_reason() {
    let error = |text: &str| Credential::parse(text).unwrap_err();
    assert_eq!(error(""), CredentialError::Empty);
    assert_eq!(error(" \n"), CredentialError::Empty);
    assert_eq!(error("dev:a|b\n"), CredentialError::OuterSpace);
    assert_eq!(error(" dev:a|b"), CredentialError::OuterSpace);
    assert_eq!(error("dev:a|b\u{200b}"), CredentialError::Unprintable { position: 7 });
    assert_eq!(error("\u{feff}dev:a|b"), CredentialError::Unprintable { position: 0 });
    assert_eq!(error("dev:a|é"), CredentialError::Unprintable { position: 6 });
    assert_eq!(error("dev:a|\u{7f}x"), CredentialError::Unprintable { position: 6 });
    assert_eq!(error("dev:a|"), CredentialError::NoSecret);
    assert_eq!(error("dev:|b"), CredentialError::EmptyPrefixPart);
    assert_eq!(error("|b"), CredentialError::EmptyPrefixPart);
    assert_eq!(error("<ignore_deploy_key>"), CredentialError::Ignore);
    assert_eq!(
        error("<missing_deploy_key:not set up for previews>"),
        CredentialError::Missing { reason: "not set up for previews".into() }
    );
}

/// Pasted texts, each with its surplus and the position.
const SURPLUS: &[(&str, Surplus, usize)] = &[
    ("Convex prod:happy-animal-123|canary", Surplus::Scheme, 0),
    ("CONVEX prod:happy-animal-123|canary", Surplus::Scheme, 0),
    ("Bearer canary", Surplus::Scheme, 0),
    ("bearer\tcanary", Surplus::Scheme, 0),
    ("Authorization: Convex prod:happy-animal-123|canary", Surplus::HeaderName, 0),
    ("authorization:Bearer canary", Surplus::HeaderName, 0),
    ("CONVEX_DEPLOY_KEY=prod:happy-animal-123|canary", Surplus::VariableName, 0),
    ("CONVEX_DEPLOY_KEY: prod:happy-animal-123|canary", Surplus::VariableName, 0),
    ("CONVEX_DEPLOY_KEY:prod:happy-animal-123|canary", Surplus::VariableName, 0),
    ("CONVEX_DEPLOY_KEY=canary", Surplus::VariableName, 0),
    ("CONVEX_DEPLOY_KEY=", Surplus::VariableName, 0),
    ("CONVEX_DEPLOY_KEY", Surplus::VariableName, 0),
    ("MY_KEY=happy-animal-123|01canary", Surplus::VariableName, 0),
    ("key=eyJ2MiI6IjEifQ==", Surplus::VariableName, 0),
    ("--admin-key=happy-animal-123|01canary", Surplus::VariableName, 0),
    ("export MY_KEY=prod:happy-animal-123|canary", Surplus::VariableName, 0),
    ("set MY_KEY=canary", Surplus::VariableName, 0),
    ("prod:happy=animal|canary", Surplus::VariableName, 0),
    ("\"prod:happy-animal-123|canary\"", Surplus::Quote, 0),
    ("'prod:happy-animal-123|canary'", Surplus::Quote, 0),
    ("`canary`", Surplus::Quote, 0),
    ("\u{201c}prod:happy-animal-123|canary\u{201d}", Surplus::Quote, 0),
    ("\u{2018}canary\u{2019}", Surplus::Quote, 0),
    ("«canary»", Surplus::Quote, 0),
    ("prod:happy-animal-123|canary\"", Surplus::Quote, 28),
    ("prod:\"happy-animal-123\"|canary", Surplus::Quote, 5),
    ("\"Bearer canary\"", Surplus::Quote, 0),
    ("prod:happy-animal-123 |canary", Surplus::WhiteSpace, 21),
    ("prod:happy-animal-123| canary", Surplus::WhiteSpace, 22),
    ("prod:happy-animal-123|can ary", Surplus::WhiteSpace, 25),
    ("prod:happy-animal-123|can\u{a0}ary", Surplus::WhiteSpace, 25),
    ("can\tary", Surplus::WhiteSpace, 3),
    ("dev:a|canary dev:b|canary", Surplus::WhiteSpace, 12),
    ("dev:a|canary # of production", Surplus::WhiteSpace, 12),
    ("dev:a|canary\ndev:b|canary", Surplus::LineBreak, 12),
    ("dev:a|can\r\nary", Surplus::LineBreak, 9),
    ("dev:a|can\u{2028}ary", Surplus::LineBreak, 9),
    ("dev:a|canary,", Surplus::Separator, 12),
    ("dev:a|canary;", Surplus::Separator, 12),
    ("dev:a|canary,dev:b|canary", Surplus::Separator, 12),
    ("dev:a\\|canary", Surplus::Escape, 5),
    ("dev:a|canary\\n", Surplus::Escape, 12),
    ("dev:a%7Ccanary", Surplus::Escape, 5),
    ("<your-deploy-key>", Surplus::Placeholder, 0),
    ("${MY_KEY}", Surplus::Placeholder, 0),
    ("$MY_KEY", Surplus::Placeholder, 0),
    ("{{MY_KEY}}", Surplus::Placeholder, 0),
    ("https://happy-animal-123.convex.cloud", Surplus::Url, 0),
    ("(prod:happy-animal-123|canary)", Surplus::Symbol, 0),
    ("[prod:happy-animal-123|canary](x)", Surplus::Symbol, 0),
    ("**prod:happy-animal-123|canary**", Surplus::Symbol, 0),
    ("prod:happy-animal-123|canary)", Surplus::Symbol, 28),
    ("prod:happy-animal-123|************", Surplus::Symbol, 22),
    ("prod:happy-animal-123|canary#note", Surplus::Symbol, 28),
    ("prod:happy-animal-123|canary&x", Surplus::Symbol, 28),
    ("prod:happy-animal-123|canary?", Surplus::Symbol, 28),
    ("prod:happy-animal-123|canary@host", Surplus::Symbol, 28),
    ("prod:happy-animal-123|canary^M", Surplus::Symbol, 28),
    ("%CONVEX_DEPLOY_KEY%", Surplus::Symbol, 0),
    ("@canary.txt", Surplus::Symbol, 0),
    ("canary!", Surplus::Symbol, 6),
];

#[test]
fn every_parser_rejects_text_around_a_key_and_names_it() {
    for (text, found, position) in SURPLUS {
        let expected = CredentialError::Surplus { found: *found, position: *position };
        assert_eq!(Credential::parse(text), Err(expected.clone()), "{text}");
        assert_eq!(DeployKey::parse(text), Err(expected.clone()), "{text}");
        assert_eq!(AccessToken::parse(text), Err(expected.clone()), "{text}");
        assert_eq!(AccessToken::personal(text), Err(expected.clone()), "{text}");
        assert_eq!(AccessToken::team(text), Err(expected.clone()), "{text}");
        let told = format!("{expected} {expected:?}");
        assert!(told.contains(&found.to_string()) && !told.contains("canary"), "{told}");
        // Compatibility needs a parsed credential.
        let advice = Credential::parse(text).map(|key| key.compatibility(crate::deployment::GetLogStream::META));
        assert!(advice.is_err(), "{advice:?}");
    }
}

#[test]
fn an_error_names_the_surplus_and_the_next_step() {
    let error = DeployKey::parse("dev:a|canary,").unwrap_err();
    assert_eq!(error.to_string(), "the credential contains a comma or semicolon at byte 12: pass the key alone");
}

/// Forms that were seen, or that the alphabets permit.
#[test]
fn accepts_every_form_of_a_real_credential() {
    for text in [
        "happy-animal-123|01c0ffee",
        "convex-self-hosted|01c0ffee",
        "my_instance.local|01c0ffee",
        "prod:happy-animal-123|restrictedlogsview",
        "prod:happy-animal-123|eyJ2MiI6IjEifQ==",
        // A key that contains an OAuth token.
        "prod:happy-animal-123|team:acme|eyJ2MiI6IjEifQ==",
        "prod:happy-animal-123|eyJ2MiI6IjEifQ==eyJ2MiI6IjEifQ",
        "dev:happy-animal-123|a+b/c-d_e.f~g",
        "prod:happy-animal-123|eyJ2MiI6IjEifQ==:eyJzdWIiOiJ4In0=",
        "preview:acme:feature/x_1.2#3|abc",
        "eyJ2MiI6IjEifQ==",
        "abc.def.ghi",
        "convex",
        "exported",
    ] {
        assert!(Credential::parse(text).is_ok(), "{text}: {:?}", Credential::parse(text));
    }
}

#[test]
fn an_error_names_the_found_and_the_needed_kind() {
    let error = DeployKey::parse("preview:acme:shop|abc").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the credential is a project's preview deploy key, but a deploy key or admin key is needed"
    );
    let error = AccessToken::parse("prod:happy-animal-123|abc").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the credential is the deploy key of a production deployment, but an access token is needed"
    );
}

#[test]
fn debug_shows_no_secret() {
    for text in ["dev:happy-animal-123|canary", "canary", "team:acme|canary", "canary:x|y", "preview:a:b|canary"] {
        assert!(!format!("{:?}", Credential::parse(text)).contains("canary"), "{text}");
    }
}

#[test]
fn every_credential_is_parsed_from_arguments_and_configuration() {
    #[derive(Deserialize)]
    struct Config {
        key: DeployKey,
        token: Option<AccessToken>,
        any: Credential,
    }
    let json = r#"{"key":"prod:happy-animal-123|made\u002dup","token":"team:acme|abc","any":"eyJ2="}"#;
    for config in [serde_json::from_str(json), serde_json::from_str(json).and_then(serde_json::from_value)] {
        let Config { key, token, any } = config.unwrap();
        assert_eq!(key, "prod:happy-animal-123|made-up".parse().unwrap());
        assert_eq!(token, Some("team:acme|abc".parse().unwrap()));
        assert_eq!(any, "eyJ2=".parse().unwrap());
    }
    assert!("team:acme|abc".parse::<DeployKey>().is_err() && "dev:a|b".parse::<AccessToken>().is_err());
}

#[test]
fn an_invalid_credential_in_configuration_names_the_rule_and_not_the_text() {
    fn read<T: de::DeserializeOwned>(json: &str) -> [String; 2] {
        [
            serde_json::from_str::<T>(json).map(drop).unwrap_err().to_string(),
            serde_json::from_value::<T>(serde_json::from_str(json).unwrap()).map(drop).unwrap_err().to_string(),
        ]
    }
    for (errors, rule) in [
        (read::<DeployKey>(r#""prod:happy-animal-123|canary\n""#), "white space"),
        (read::<DeployKey>(r#""team:acme|canary""#), "an OAuth token of a team"),
        (read::<AccessToken>(r#""prod:happy-animal-123|canary""#), "the deploy key of a production deployment"),
        (read::<Credential>(r#""'canary'""#), "a quotation mark"),
        (read::<Credential>(r#"["canary"]"#), "a string"),
    ] {
        for error in errors {
            assert!(error.contains(rule) && !error.contains("canary"), "{error}");
        }
    }
}
