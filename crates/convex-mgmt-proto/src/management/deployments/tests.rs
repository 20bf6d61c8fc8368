//! Tests of the operations on deployments.

use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::auth::AccessToken;
use crate::error::Violations;
use crate::metadata::ManagementApi;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::{DeploymentClass, DeploymentType, MemberId, Patch, ProjectId, Region, TeamId, UnixMillis};

const HALF_AN_HOUR: i64 = 30 * 60 * 1000;

fn request(operation: &impl Operation<Api = ManagementApi>) -> Request<bytes::Bytes> {
    let token = AccessToken::parse("team:made-up|made-up").unwrap();
    let endpoint = Endpoint::new("https://api.convex.dev", &token).unwrap();
    operation.to_request(&endpoint).unwrap()
}

fn body(operation: &impl Operation<Api = ManagementApi>) -> Value {
    serde_json::from_slice(request(operation).body()).unwrap()
}

/// The fields and the rules of the violations, in their order.
fn violations(result: Result<(), Violations>) -> Vec<(String, String)> {
    match result {
        Ok(()) => Vec::new(),
        Err(all) => all.iter().map(|one| (one.field.clone(), one.rule.clone())).collect(),
    }
}

#[test]
fn a_local_deployment_has_neither_id_nor_url() {
    let json = r#"[
        {"kind":"cloud","id":18446744073709551615,"name":"n","createTime":1,"deploymentType":"prod","projectId":2,
         "region":"aws-us-east-1","isDefault":true,"reference":"r","deploymentUrl":"https://n.convex.cloud","class":"s16"},
        {"name":"l","createTime":3,"deploymentType":"dev","projectId":4,"creator":5,"port":1,"deviceName":"d",
         "isActive":false,"kind":"local"},
        {"kind":"edge","name":"e","deploymentUrl":"https://e.example"}
    ]"#;
    let list = ListDeployments::decode(&json.into()).unwrap();
    let seen: Vec<_> = list
        .iter()
        .map(|one| {
            (
                one.name(),
                one.project_id(),
                one.deployment_type(),
                one.create_time(),
                one.creator(),
                one.deployment_url(),
            )
        })
        .collect();
    let url = Some("https://n.convex.cloud");
    assert_eq!(
        seen,
        [
            (Some("n"), Some(ProjectId(2)), Some(&DeploymentType::Prod), Some(UnixMillis(1)), None, url),
            (Some("l"), Some(ProjectId(4)), Some(&DeploymentType::Dev), Some(UnixMillis(3)), Some(MemberId(5)), None),
            (None, None, None, None, None, None),
        ]
    );
    let kinds: Vec<_> = list.iter().map(|one| (one.as_cloud().is_some(), one.as_local().is_some())).collect();
    assert_eq!(kinds, [(true, false), (false, true), (false, false)]);
}

#[test]
fn a_class_of_a_deployment_may_be_any_text() {
    let json = r#"{"items":[{"type":"d1024","available":false},{"type":"x9","available":true}]}"#;
    let offers = ListDeploymentClasses::decode(&json.into()).unwrap();
    assert_eq!(offers[0].class, DeploymentClass::D1024);
    assert_eq!((offers[1].class.as_str(), offers[1].class.is_known()), ("x9", false));
    let create = CreateDeployment::new(ProjectId(1), NewDeployment::new("dev").class("x9"));
    assert_eq!(body(&create), json!({ "type": "dev", "class": "x9" }));
}

#[test]
fn names_and_references_are_encoded_exactly_once() {
    let text = "a/b%2F#?c";
    let encoded = "a%2Fb%252F%23%3Fc";
    for (operation, suffix) in [
        (request(&GetDeployment::new(text)), ""),
        (request(&DeleteDeployment::new(text)), "/delete"),
        (request(&TransferDeployment::new(text, ProjectId(1))), "/transfer"),
        (request(&UpdateDeployment::new(text, DeploymentUpdate::new())), ""),
    ] {
        assert_eq!(operation.uri().path(), format!("/v1/deployments/{encoded}{suffix}"));
    }
    let get = GetDeploymentInProjectByProjectId::new(ProjectId(1), text);
    assert_eq!(request(&get).uri().query(), Some(format!("reference={encoded}").as_str()));
    let list = ListDeploymentsForTeam::new(TeamId(1)).search(text);
    assert_eq!(request(&list).uri().query(), Some(format!("q={encoded}").as_str()));
}

#[test]
fn a_selector_sends_exactly_one_parameter() {
    for (selector, query) in [
        ("preview/pr-12".into(), "reference=preview%2Fpr-12"),
        (DeploymentSelector::DefaultProd, "defaultProd=true"),
        (DeploymentSelector::DefaultDev, "defaultDev=true"),
    ] {
        let by_id = GetDeploymentInProjectByProjectId::new(ProjectId(1), selector.clone());
        let by_slug = GetDeploymentInProjectByProjectSlug::new(TeamId(1), "shop", selector);
        assert_eq!([request(&by_id).uri().query(), request(&by_slug).uri().query()], [Some(query); 2]);
    }
}

#[test]
fn a_lookup_reports_all_violations_at_once() {
    let get = GetDeploymentInProjectByProjectSlug::new("a", "b", "");
    let fields: Vec<_> = violations(get.check()).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["team_id_or_slug", "project_slug", "reference"]);
    // The server chose some references itself, so a lookup sends every other text.
    assert!(GetDeploymentInProjectByProjectId::new(ProjectId(1), "prod").check().is_ok());
}

#[test]
fn only_a_preview_with_an_identifier_is_destructive() {
    let is_destructive = |deployment| CreateDeployment::new(ProjectId(1), deployment).is_destructive();
    assert!(is_destructive(NewDeployment::preview("pr-12")));
    assert!(is_destructive(NewDeployment::new("preview").reference("pr-12")));
    assert!(!is_destructive(NewDeployment::new(DeploymentType::Preview)));
    for other in ["dev", "prod", "custom", "new-type"] {
        assert!(!is_destructive(NewDeployment::new(other).reference("pr-12")), "{other}");
    }
}

#[test]
fn only_a_development_or_production_deployment_can_be_a_default() {
    let count = |of: &str, is_default| {
        let deployment = NewDeployment::new(of).is_default(is_default);
        violations(CreateDeployment::new(ProjectId(1), deployment).check()).len()
    };
    for (of, expected) in [("dev", 0), ("prod", 0), ("preview", 1), ("custom", 1), ("new-type", 0)] {
        assert_eq!((count(of, true), count(of, false)), (expected, 0), "{of}");
    }
}

#[test]
fn an_expiry_less_than_thirty_minutes_ahead_is_a_violation_besides_all_others() {
    let now = UnixMillis(1_800_000_000_000);
    let at = |millis: i64| Patch::Set(UnixMillis(now.0 + millis));
    for (expires_at, expected) in [
        (Patch::Keep, 0),
        (Patch::Clear, 0),
        (at(HALF_AN_HOUR), 0),
        (at(HALF_AN_HOUR - 1), 1),
        (at(-1), 1),
        (Patch::Set(UnixMillis(i64::MIN)), 1),
    ] {
        let create = NewDeployment::new("dev").reference("Prod").expires_at(expires_at);
        let create = CreateDeployment::new(ProjectId(1), create);
        let update = DeploymentUpdate::new().reference("Prod").expires_at(expires_at);
        let update = UpdateDeployment::new("n", update);
        for (checked, checked_at) in [(create.check(), create.check_at(now)), (update.check(), update.check_at(now))] {
            assert_eq!(violations(checked).len(), 1);
            let fields: Vec<_> = violations(checked_at).into_iter().map(|(field, _)| field).collect();
            assert_eq!(fields, ["reference", "expiresAt"][..=expected], "{expires_at:?}");
        }
    }
}

#[test]
fn a_reference_keeps_each_rule() {
    let long = "x".repeat(101);
    for good in [
        "abc",
        "---",
        "a/b",
        "staging/eu-1",
        "preview/pr-12",
        "happy-animal-123x",
        "happy-animal-",
        "happy-animal-1/2",
        "happy--123",
        "1-a-2",
        "a-b-c-1",
        "a1-b-1",
        "local",
        "local/1",
        "xlocal-1",
        "prods",
        "dev/x",
        &"x".repeat(100),
    ] {
        let expected = usize::from(reference::RESERVED.contains(&good));
        assert_eq!(violations(reference::check(good)).len(), expected, "{good}");
    }
    for (bad, rule) in [
        ("ab", "from 3 to 100"),
        (long.as_str(), "from 3 to 100"),
        ("Abc", "lower-case"),
        ("a_b", "lower-case"),
        ("a.b", "lower-case"),
        ("äbc", "lower-case"),
        ("happy-animal-123", "happy-animal-123"),
        ("a-b-1", "happy-animal-123"),
        ("local-", "begin with `local-`"),
        ("local-x-y", "begin with `local-`"),
        ("new", "reserved word"),
    ] {
        let found = violations(reference::check(bad));
        assert!(
            matches!(&found[..], [(field, text)] if field == "reference" && text.contains(rule)),
            "{bad}: {found:?}"
        );
    }
    let all = violations(reference::check("local-a-1"));
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn a_preview_takes_each_identifier_that_the_server_can_put_after_its_prefix() {
    let count = |identifier: &str| {
        violations(CreateDeployment::new(ProjectId(1), NewDeployment::preview(identifier)).check()).len()
    };
    for good in ["x", "42", "pr-12", "dev", "local-1", "happy-animal-123", "feature/x", &"x".repeat(100)] {
        assert_eq!((count(good), violations(reference::check_preview_identifier(good)).len()), (0, 0), "{good}");
    }
    for bad in ["", "Feature", "a b", &"x".repeat(101)] {
        assert_eq!(count(bad), 1, "{bad}");
    }
}

/// The rules once more, in another form: as a search over the alternatives of the document.
fn is_reference(text: &str) -> bool {
    let words: Vec<&str> = text.split('-').collect();
    let all = |word: &str, range: std::ops::RangeInclusive<char>| {
        !word.is_empty() && word.chars().all(|char| range.contains(&char))
    };
    let is_name =
        matches!(words[..], [one, two, three] if all(one, 'a'..='z') && all(two, 'a'..='z') && all(three, '0'..='9'));
    let is_short = text.chars().nth(2).is_none();
    let is_long = text.chars().nth(100).is_some();
    let is_foreign = text.chars().any(|char| !"abcdefghijklmnopqrstuvwxyz0123456789-/".contains(char));
    let is_reserved = matches!(
        text,
        "prod" | "dev" | "cloud" | "local" | "default" | "name" | "new" | "existing" | "deployment" | "preview"
    );
    let is_local = words.len() > 1 && words[0] == "local";
    !(is_name || is_short || is_long || is_foreign || is_reserved || is_local)
}

fn any_reference() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9/-]{0,8}",
        "[a-z0-9/-]{98,103}",
        "[a-c]{0,2}-[a-c]{0,2}-[0-9]{0,2}-?",
        "(local|dev|new)[-/a]{0,2}",
        ".{0,6}",
        proptest::sample::select(reference::RESERVED).prop_map(str::to_owned),
    ]
}

fn any_patch<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Patch<T>> {
    prop_oneof![Just(Patch::Keep), Just(Patch::Clear), value.prop_map(Patch::Set)].boxed()
}

fn any_update() -> impl Strategy<Value = DeploymentUpdate> {
    let patches = (any_patch(any::<bool>()), any_patch(any::<i64>().prop_map(UnixMillis)), any_patch(any::<bool>()));
    let class = proptest::option::of("[a-z0-9]{1,5}".prop_map(DeploymentClass::from));
    let of_type = proptest::option::of("(dev|prod|[a-z]{1,4})".prop_map(DeploymentType::from));
    let others = (proptest::option::of("[a-z]{7}/[a-z]"), class, proptest::option::of(any::<bool>()), of_type);
    (patches, others).prop_map(|((confirmation, expires_at, logs), (reference, class, is_default, deployment_type))| {
        DeploymentUpdate {
            reference,
            dashboard_edit_confirmation: confirmation,
            expires_at,
            send_logs_to_client: logs,
            class,
            is_default,
            deployment_type,
        }
    })
}

fn any_deployment() -> impl Strategy<Value = NewDeployment> {
    let of_type = "(dev|prod|preview|custom|[a-z]{1,4})".prop_map(DeploymentType::from);
    let class = proptest::option::of("[a-z0-9]{1,5}".prop_map(DeploymentClass::from));
    let region = proptest::option::of("[a-z0-9-]{1,9}".prop_map(Region::from));
    let reference = proptest::option::of("[a-z]{7}/[a-z]");
    let expires_at = any_patch(any::<i64>().prop_map(UnixMillis));
    (of_type, class, region, reference, proptest::option::of(Just(false)), expires_at).prop_map(
        |(deployment_type, class, region, reference, is_default, expires_at)| NewDeployment {
            deployment_type,
            class,
            region,
            reference,
            is_default,
            expires_at,
        },
    )
}

/// The expected field of a body: absent, `null` or a value.
fn of_patch<T: serde::Serialize>(patch: &Patch<T>) -> Option<Value> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(Value::Null),
        Patch::Set(value) => Some(json!(value)),
    }
}

/// The expected field of a body: absent or a value, and never `null`.
fn of_option<T: serde::Serialize>(option: &Option<T>) -> Option<Value> {
    option.as_ref().map(|value| json!(value))
}

fn expected<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

proptest! {
    #[test]
    fn a_reference_is_rejected_exactly_by_the_rules_of_the_document(text in any_reference()) {
        prop_assert_eq!(reference::check(&text).is_ok(), is_reference(&text), "{:?}", text);
        let update = UpdateDeployment::new("n", DeploymentUpdate::new().reference(&text));
        prop_assert_eq!(update.check().is_ok(), is_reference(&text));
        prop_assert_eq!(&body(&update.unchecked())["reference"], &text);
    }

    #[test]
    fn an_update_sends_null_only_where_it_has_a_meaning(changes in any_update()) {
        let sent = body(&UpdateDeployment::new("n", changes.clone()));
        prop_assert_eq!(
            &sent,
            &expected([
                ("reference", of_option(&changes.reference)),
                ("dashboardEditConfirmation", of_patch(&changes.dashboard_edit_confirmation)),
                ("expiresAt", of_patch(&changes.expires_at)),
                ("sendLogsToClient", of_patch(&changes.send_logs_to_client)),
                ("class", of_option(&changes.class)),
                ("isDefault", of_option(&changes.is_default)),
                ("deploymentType", of_option(&changes.deployment_type)),
            ])
        );
        #[cfg(feature = "serde-all")]
        prop_assert_eq!(serde_json::from_value::<DeploymentUpdate>(sent).unwrap(), changes);
    }

    #[test]
    fn a_new_deployment_sends_null_only_for_no_expiry(deployment in any_deployment()) {
        let sent = body(&CreateDeployment::new(ProjectId(1), deployment.clone()));
        prop_assert_eq!(
            &sent,
            &expected([
                ("type", Some(json!(deployment.deployment_type))),
                ("class", of_option(&deployment.class)),
                ("region", of_option(&deployment.region)),
                ("reference", of_option(&deployment.reference)),
                ("isDefault", of_option(&deployment.is_default)),
                ("expiresAt", of_patch(&deployment.expires_at)),
            ])
        );
        #[cfg(feature = "serde-all")]
        prop_assert_eq!(serde_json::from_value::<NewDeployment>(sent).unwrap(), deployment);
    }
}
