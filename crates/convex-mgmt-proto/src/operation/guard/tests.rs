//! Losses, confirmations and surveys, without an operation of the API.

use bytes::Bytes;
use http::Response;

use super::*;
use crate::auth::DeployKey;
use crate::deployment::{ListActiveSyncs, ListUsageLimits};
use crate::error::BuildError;
use crate::metadata::{DeploymentApi, OperationMeta};
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::{DeploymentType, UnixMillis};

static META: OperationMeta = OperationMeta::new::<DeploymentApi>(
    "delete_things",
    http::Method::POST,
    "/delete_things",
    crate::metadata::Idempotency::Idempotent,
)
.destroys("all things");

fn survey() -> Survey<DeploymentApi> {
    Survey::new(&META, "project 7")
}

fn losses(items: impl IntoIterator<Item = Loss>) -> Losses {
    items.into_iter().fold(survey(), Survey::loss).so_far().clone()
}

fn prod() -> Loss {
    Loss::new(LossKind::Deployment, "happy-animal-123").id(1).deployment(DeploymentType::Prod, Some(UnixMillis(0)))
}

fn dev() -> Loss {
    Loss::new(LossKind::Deployment, "calm-cow-456").id(2).deployment(DeploymentType::Dev, None)
}

fn key() -> Loss {
    Loss::new(LossKind::DeployKey, "ci").id(3).last_used(Some(UnixMillis(1000)))
}

fn stale(confirmed: &Losses, current: &Losses) -> StaleConfirmation {
    match confirmed.confirm().check(current) {
        Err(ConfirmationError::Stale(stale)) => stale,
        other => panic!("{other:?}"),
    }
}

#[test]
fn shows_each_object_with_its_state() {
    let items = [
        Loss::new(LossKind::Project, "My\nApp"),
        prod(),
        dev(),
        key(),
        Loss::new(LossKind::TeamAccessToken, "t"),
        Loss::unnamed(LossKind::PreviewDeployKey),
    ];
    assert_eq!(
        losses(items).to_string(),
        "delete_things of project 7 destroys all things:\n\
         - project My\\nApp\n\
         - deployment happy-animal-123 (prod, last deployed 1970-01-01T00:00:00.000Z)\n\
         - deployment calm-cow-456 (dev, never deployed)\n\
         - deploy key ci (last used 1970-01-01T00:00:01.000Z)\n\
         - team access token t (never used)\n\
         - preview deploy key that the request selects by its secret"
    );
    assert_eq!(
        losses([]).to_string(),
        "delete_things of project 7 destroys all things:\n- nothing that the server lists"
    );
}

#[test]
fn serializes_for_user_interfaces_without_the_secret() {
    let survey = survey().secret("canary").loss(prod());
    let json = serde_json::to_value(survey.so_far()).unwrap();
    let item = serde_json::json!({
        "kind": "deployment", "name": "happy-animal-123", "id": 1, "deploymentType": "prod", "lastDeployTime": 0,
        "lastUsedTime": null
    });
    assert_eq!(json, serde_json::json!({ "operation": "delete_things", "target": "project 7", "items": [item] }));
    assert!(!format!("{survey:?} {:?}", survey.so_far().confirm()).contains("canary"));
}

#[test]
fn a_typed_name_confirms_only_the_first_object() {
    let both = losses([Loss::new(LossKind::Project, " My App"), prod()]);
    for typed in [" My App", "My App", "My App\n"] {
        assert_eq!(both.confirm_by_name(typed), Ok(both.confirm()), "{typed:?}");
    }
    for typed in ["my app", "MyApp", "happy-animal-123", "", "project 7"] {
        assert_eq!(both.confirm_by_name(typed), Err(WrongName), "{typed:?}");
    }
    for nameless in [losses([]), losses([Loss::unnamed(LossKind::DeployKey)])] {
        let error = nameless.confirm_by_name("").unwrap_err();
        // No text is right here, so the error names the other way.
        assert!(error.to_string().contains("`Losses::confirm`"), "{error}");
    }
}

#[test]
fn nothing_typed_confirms_nothing_and_a_name_may_be_typed_as_it_is_shown() {
    let named = |name: &str| losses([Loss::new(LossKind::DeployKey, name)]);
    for (name, typed) in [("", ""), (" ", ""), ("", "\n"), ("\t", " \t")] {
        assert_eq!(named(name).confirm_by_name(typed), Err(WrongName), "{name:?} {typed:?}");
    }
    let hidden = named("c\u{200b}i");
    assert_eq!(hidden.items()[0].to_string(), "deploy key c\\u{200b}i (never used)");
    for typed in ["c\\u{200b}i", "c\u{200b}i"] {
        assert_eq!(hidden.confirm_by_name(typed), Ok(hidden.confirm()), "{typed}");
    }
    assert_eq!(hidden.confirm_by_name("ci"), Err(WrongName));
}

#[test]
fn a_confirmation_survives_another_order_and_the_use_of_a_key() {
    let confirmation = losses([prod(), dev(), key()]).confirm();
    let used = key().last_used(Some(UnixMillis(2000)));
    assert_eq!(confirmation.check(&losses([used, dev(), prod()])), Ok(()));
    assert_eq!(losses([]).confirm().check(&losses([])), Ok(()));
}

#[test]
fn every_change_of_a_bound_property_is_named() {
    let changed = |current: Loss| LossChange::Changed { confirmed: prod(), current };
    let deployed = prod().deployment(DeploymentType::Prod, Some(UnixMillis(1)));
    let never = prod().deployment(DeploymentType::Prod, None);
    let preview = prod().deployment(DeploymentType::Preview, Some(UnixMillis(0)));
    let renamed = Loss { name: Some("new-name-1".to_owned()), ..prod() };
    for (current, text) in [
        (deployed, "deployment happy-animal-123 was deployed to"),
        (never, "deployment happy-animal-123 was deployed to"),
        (preview, "deployment happy-animal-123 has another type"),
        (renamed, "deployment happy-animal-123 has another name"),
    ] {
        let stale = stale(&losses([prod(), dev()]), &losses([current.clone(), dev()]));
        assert_eq!(stale.changes, [changed(current)]);
        assert_eq!(stale.changes[0].to_string(), text);
    }
    let stale = stale(&losses([prod()]), &losses([dev()]));
    assert_eq!(stale.changes, [LossChange::Removed(prod()), LossChange::Added(dev())]);
    assert_eq!(stale.losses, losses([dev()]));
}

#[test]
fn an_object_that_was_created_again_under_its_name_is_another_one() {
    let again = key().id(4);
    assert_eq!(stale(&losses([key()]), &losses([again.clone()])).changes.len(), 2);
    // Names of keys are not unique.
    let both = losses([key(), again.clone()]);
    assert_eq!(both.confirm().check(&losses([again, key()])), Ok(()));
    assert_eq!(stale(&both, &losses([key()])).changes, [LossChange::Removed(key().id(4))]);
    let twice = losses([Loss::new(LossKind::Project, "p"), Loss::new(LossKind::Project, "p")]);
    assert_eq!(stale(&losses([Loss::new(LossKind::Project, "p")]), &twice).changes.len(), 1);
}

#[test]
fn the_text_of_many_changes_is_short() {
    let many = |from: u64| losses((from..from + 5).map(|id| Loss::new(LossKind::CustomRole, id.to_string()).id(id)));
    assert_eq!(
        stale(&many(10), &many(20)).to_string(),
        "the confirmation is out of date: custom role 10 is gone, custom role 11 is gone, custom role 12 is gone \
         and 7 more; show the losses and ask again"
    );
}

#[test]
fn a_confirmation_is_for_one_operation_one_object_and_one_secret() {
    let confirmation = losses([prod()]).confirm();
    static OTHER: OperationMeta = OperationMeta::new::<DeploymentApi>(
        "move_things",
        http::Method::POST,
        "/move_things",
        crate::metadata::Idempotency::Idempotent,
    );
    let others: [Survey<DeploymentApi>; 3] =
        [Survey::new(&OTHER, "project 7"), Survey::new(&META, "project 8"), survey().secret("a")];
    for other in others {
        let losses = other.loss(prod()).so_far().clone();
        assert_eq!(confirmation.check(&losses), Err(ConfirmationError::OtherRequest));
        assert_eq!(losses.confirm().check(&losses), Ok(()));
    }
    let by_secret = |secret| survey().secret(secret).so_far().clone();
    assert_eq!(by_secret("a").confirm().check(&by_secret("b")), Err(ConfirmationError::OtherRequest));
}

fn endpoint() -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse("prod:happy-animal-123|made-up").unwrap();
    Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap()
}

/// The id of the next operation, `ended`, or the error.
fn step(survey: &Survey<DeploymentApi>) -> String {
    match survey.step(&endpoint()) {
        Ok(SurveyStep::Read { operation, request }) => {
            assert!(request.uri().path().ends_with(operation.id), "{request:?}");
            operation.id.to_owned()
        }
        Ok(SurveyStep::Ended(losses)) => format!("ended with {}", losses.items().len()),
        Err(error) => error.to_string(),
    }
}

fn ok(body: &'static str) -> Response<Bytes> {
    Response::new(Bytes::from_static(body.as_bytes()))
}

#[test]
fn a_survey_repeats_a_request_until_its_response_is_accepted() {
    let mut survey = survey()
        .read(ListUsageLimits::new(), |_, losses| losses.push(prod()))
        .pages(ListActiveSyncs::new(), |_, losses| losses.push(dev()));
    let failed = Response::builder().status(503).body(Bytes::new()).unwrap();
    assert!(survey.accept(failed).is_err());
    assert!(survey.accept(ok("{}")).is_err());
    assert_eq!(step(&survey), "list_usage_limits");
    survey.accept(ok(r#"{"usageLimits":[]}"#)).unwrap();
    assert_eq!(step(&survey), "list_active_syncs");
    survey.accept(ok(r#"{"syncs":[],"pagination":{"hasMore":true,"nextCursor":"a"}}"#)).unwrap();
    assert_eq!(step(&survey), "list_active_syncs");
    survey.accept(ok(r#"{"syncs":[],"pagination":{"hasMore":false}}"#)).unwrap();
    assert_eq!(step(&survey), "ended with 1");
    survey.accept(ok("anything")).unwrap();
    assert_eq!(step(&survey), "ended with 1");
}

#[test]
fn a_survey_that_cannot_go_on_never_ends_with_losses() {
    let mut endless = survey().pages(ListActiveSyncs::new().cursor("a"), |_, _| {});
    endless.accept(ok(r#"{"syncs":[],"pagination":{"hasMore":true,"nextCursor":"a"}}"#)).unwrap();
    assert!(step(&endless).starts_with("list_active_syncs: "), "{}", step(&endless));
    let error = endless.step(&endpoint()).unwrap_err();
    assert!(matches!(error.reason, SurveyErrorReason::Paging(_)));
    let wrong = survey().pages(ListActiveSyncs::new().limit(0), |_, _| {});
    let error = wrong.step(&endpoint()).unwrap_err();
    assert!(matches!(error.reason, SurveyErrorReason::Build(BuildError::Invalid(_))), "{error}");
    assert_eq!(error.operation, ListActiveSyncs::META);
}
