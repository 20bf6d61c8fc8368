//! Environment variables and plans, and behavior of all operations: retries, rejections, clients without a runtime.

use std::time::Duration;

use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt::deployment::environment_variables::{Action, DeletesAll, EnvironmentPlan, Ownership, PlanError};
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{
    Client, DecodeErrorKind, DeployKey, DeploymentClient, Endpoint, ErrorCode, ErrorKind, OnConflict, Operation,
    ResponseError, RetryPolicy, Sent,
};
use convex_mgmt_fake::{Fake, FakeServer, Fault, Knobs};
use convex_mgmt_suite::{ADMIN_KEY, READ_ONLY_KEY, client_of, endpoint, fake};

use crate::started;

async fn deployment() -> (Fake, FakeServer, DeploymentClient) {
    started(fake().variable("KEPT", "1").variable("CHANGED", "1").variable("GONE", "1")).await
}

fn desired() -> EnvironmentVariables {
    EnvironmentVariables::from_dotenv("KEPT=1\nCHANGED=\"two\\nlines\"\nNEW='é $x'\n").unwrap()
}

async fn plan(client: &DeploymentClient, owned: Ownership) -> EnvironmentPlan {
    let current = client.send(&ListEnvironmentVariables::new()).await.unwrap();
    EnvironmentPlan::new(&current, &desired(), owned)
}

fn variables(fake: &Fake) -> Vec<(String, String)> {
    fake.variables()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn applies_a_plan_in_one_request() {
    let (fake, _running, client) = deployment().await;
    let plan = plan(&client, Ownership::All).await;
    let done = client.apply_environment_plan(&plan, OnConflict::Fail).await.unwrap();
    assert_eq!(done, plan);
    assert_eq!(variables(&fake), pairs(&[("CHANGED", "two\nlines"), ("KEPT", "1"), ("NEW", "é $x")]));
    let requests = fake.requests();
    assert_eq!(requests.iter().filter(|request| request.method == "POST").count(), 1);
    let agent = format!("suite/1 convex-mgmt/{}", env!("CARGO_PKG_VERSION"));
    for request in &requests {
        assert_eq!(request.headers["user-agent"], agent.as_str());
        assert_eq!(request.headers["convex-client"], format!("convex-mgmt-rust-{}", env!("CARGO_PKG_VERSION")));
        assert_eq!(request.headers["authorization"], format!("Convex {ADMIN_KEY}"));
    }
    assert_eq!(fake.audit_log()[0].user_agent.as_deref(), Some(agent.as_str()));
}

#[tokio::test]
async fn a_second_plan_is_empty_and_changes_nothing() {
    let (fake, _running, client) = deployment().await;
    client.apply_environment_plan(&plan(&client, Ownership::None).await, OnConflict::Fail).await.unwrap();
    let entries = fake.audit_log().len();
    let second = plan(&client, Ownership::None).await;
    assert!(second.is_empty());
    client.apply_environment_plan(&second, OnConflict::Fail).await.unwrap();
    assert_eq!(fake.audit_log().len(), entries);
    assert_eq!(variables(&fake).len(), 4, "GONE is not ours");
}

#[tokio::test]
async fn a_concurrent_change_is_a_conflict_unless_overwriting() {
    let (fake, _running, client) = deployment().await;
    let plan = plan(&client, Ownership::All).await;
    fake.set_variable("CHANGED", "by someone else");
    fake.set_variable("GONE", "by someone else");
    let before = variables(&fake);
    let error = client.apply_environment_plan(&plan, OnConflict::Fail).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), error.verify_with()),
        (ErrorKind::PlanConflict, Sent::No, None),
        "{error:?}"
    );
    assert_eq!(error.conflicting_variables(), ["CHANGED", "GONE"]);
    let text = "update_environment_variables: these variables changed since the plan was made, so plan again: CHANGED, GONE; nothing was changed";
    assert_eq!(error.to_string(), text);
    assert_eq!(variables(&fake), before, "nothing is half applied");
    let done = client.apply_environment_plan(&plan, OnConflict::Overwrite).await.unwrap();
    assert_eq!((done.count(Action::Update), done.count(Action::Delete)), (1, 1));
    assert_eq!(variables(&fake), pairs(&[("CHANGED", "two\nlines"), ("KEPT", "1"), ("NEW", "é $x")]));
}

#[tokio::test]
async fn sends_nothing_for_a_plan_that_breaks_a_rule() {
    let (fake, _running, client) = deployment().await;
    let bad: EnvironmentVariables = [("9", "x"), ("CONVEX_CLOUD_URL", "x")].into_iter().collect();
    let plan = EnvironmentPlan::new(&EnvironmentVariables::new(), &bad, Ownership::None);
    let error = client.apply_environment_plan(&plan, OnConflict::Fail).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build, "{error:?}");
    assert!(error.to_string().contains("2 violations"), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn checks_limits_against_the_variables_at_the_time_of_the_update() {
    let full = (0..512).fold(fake(), |fake, n| fake.variable(format!("N{n}"), ""));
    let (fake, _running, client) = started(full).await;
    let current = client.send(&ListEnvironmentVariables::new()).await.unwrap();
    let desired: EnvironmentVariables = [("NEW", "1")].into_iter().collect();
    let plan = EnvironmentPlan::new(&current, &desired, Ownership::None);
    for on_conflict in [OnConflict::Fail, OnConflict::Overwrite] {
        // The limit is still reached, so nothing is written.
        let error = client.apply_environment_plan(&plan, on_conflict).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Build, "{error:?}");
        assert!(error.to_string().contains("EnvVarLimitMet"), "{error}");
        assert!(fake.audit_log().is_empty());
    }
    client.send(&UpdateEnvironmentVariables::new().delete("N0")).await.unwrap();
    let done = client.apply_environment_plan(&plan, OnConflict::Fail).await.unwrap();
    assert_eq!(done.count(Action::Create), 1);
    assert_eq!(variables(&fake).len(), 512);
}

#[tokio::test]
async fn sends_nothing_for_a_plan_that_deletes_all_owned_variables_unless_permitted() {
    let (fake, _running, client) = deployment().await;
    let current = client.send(&ListEnvironmentVariables::new()).await.unwrap();
    let requests = fake.requests().len();
    let plan = |owned| EnvironmentPlan::new(&current, &EnvironmentVariables::new(), owned);
    for (owned, count) in [(Ownership::All, 3), (Ownership::Prefix("G".into()), 1)] {
        for plan in [plan(owned.clone()), plan(owned.clone()).unchecked()] {
            let error = client.apply_environment_plan(&plan, OnConflict::Overwrite).await.unwrap_err();
            assert_eq!((error.kind(), error.sent()), (ErrorKind::PlanRejected, Sent::No), "{owned:?}: {error:?}");
            let Some(PlanError::DeletesAll(DeletesAll { count: deleted, .. })) = error.plan_error() else {
                panic!("{error:?}")
            };
            assert_eq!(*deleted, count, "{owned:?}");
        }
    }
    assert_eq!(fake.requests().len(), requests, "nothing is sent");
    // The plan deleted nothing when it was made, but would delete variables now.
    let early = EnvironmentPlan::new(&EnvironmentVariables::new(), &EnvironmentVariables::new(), Ownership::All);
    let error = client.apply_environment_plan(&early.allow_new_deletions(), OnConflict::Overwrite).await.unwrap_err();
    assert!(matches!(error.plan_error(), Some(PlanError::DeletesAll(_))), "{error:?}");
    assert_eq!(variables(&fake).len(), 3);
    client.apply_environment_plan(&plan(Ownership::All).allow_delete_all(), OnConflict::Fail).await.unwrap();
    assert!(variables(&fake).is_empty());
}

#[tokio::test]
async fn overwriting_keeps_a_variable_that_the_plan_did_not_show() {
    let (fake, _running, client) = deployment().await;
    let plan = plan(&client, Ownership::All).await;
    fake.set_variable("LATE", "by someone else");
    let error = client.apply_environment_plan(&plan, OnConflict::Fail).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PlanConflict, "{error:?}");
    assert_eq!(error.conflicting_variables(), ["LATE"]);
    let done = client.apply_environment_plan(&plan, OnConflict::Overwrite).await.unwrap();
    assert_eq!((done.count(Action::Delete), done.count(Action::Unplanned)), (1, 1));
    let expected = [("CHANGED", "two\nlines"), ("KEPT", "1"), ("LATE", "by someone else"), ("NEW", "é $x")];
    assert_eq!(variables(&fake), pairs(&expected));
    client.apply_environment_plan(&plan.allow_new_deletions(), OnConflict::Overwrite).await.unwrap();
    assert!(variables(&fake).iter().all(|(name, _)| name != "LATE"));
}

#[tokio::test]
async fn sends_nothing_for_an_empty_prefix() {
    let (fake, _running, client) = deployment().await;
    let plan = EnvironmentPlan::new(&EnvironmentVariables::new(), &desired(), Ownership::Prefix(String::new()));
    let error = client.apply_environment_plan(&plan, OnConflict::Overwrite).await.unwrap_err();
    let text = "prefix must not be empty; use Ownership::All to own every variable; nothing was changed";
    assert_eq!(error.to_string(), format!("update_environment_variables: {text}"));
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn reports_the_servers_rejection_of_a_value() {
    let fake = fake().required_variable("REQ").variable("REQ", "1").build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client = client_of(&running).build().unwrap();
    let error = client.send(&UpdateEnvironmentVariables::new().set("A", "1").delete("REQ")).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::RequiredEnvironmentVariable));
    let unchecked = UpdateEnvironmentVariables::new().set("9", "1").unchecked();
    let error = client.send(&unchecked).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::EnvironmentVariableNameInvalid));
    assert_eq!(variables(&fake), pairs(&[("REQ", "1")]));
}

#[tokio::test]
async fn reports_why_a_key_is_rejected() {
    let (_fake, running, _) = deployment().await;
    let client =
        |key: &str| Client::new(Endpoint::new(&running.url(), &DeployKey::parse(key).unwrap()).unwrap()).unwrap();
    let update = UpdateEnvironmentVariables::new().set("A", "1");
    let error = client(READ_ONLY_KEY).send(&update).await.unwrap_err();
    assert!(error.is_auth());
    assert_eq!(error.api_error().unwrap().missing_permission(), Some("deployment:env:write"));
    assert!(error.to_string().contains("deployment:env:write"), "{error}");
    let error = client("prod:another-one-456|secret").send(&update).await.unwrap_err();
    assert_eq!((error.code(), error.status().unwrap().as_u16()), (Some(&ErrorCode::BadAdminKey), 401));
}

#[tokio::test]
async fn retries_updates_after_conflicts_resets_and_lost_responses() {
    let (fake, _running, client) = deployment().await;
    let update = UpdateEnvironmentVariables::new().set("A", "1");
    for fault in [
        Fault::code(503, "OptimisticConcurrencyControlFailure"),
        Fault::Reset,
        Fault::LostResponse,
        Fault::status(500),
        Fault::code(429, "TooManyWrites").retry_after(Duration::ZERO),
    ] {
        let before = fake.requests().len();
        fake.fault(fault.clone());
        client.send(&update).await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(fake.requests().len(), before + 2, "{fault:?}");
    }
    fake.fault_at("/list_environment_variables", Fault::Reset);
    client.send(&update).await.unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
}

#[tokio::test]
async fn reports_a_write_conflict_after_max_conflicts() {
    let (fake, running, client) = deployment().await;
    (0..4).for_each(|_| fake.fault(Fault::code(503, "OptimisticConcurrencyControlFailure")));
    let impatient = client_of(&running).retry(RetryPolicy::default().max_conflicts(3)).build().unwrap();
    let error = impatient.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap_err();
    assert!(error.is_write_conflict() && error.attempts() == 4, "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Api, "nothing was changed, and that is known");
    // The default allows far more conflicts.
    (0..8).for_each(|_| fake.fault(Fault::code(503, "OptimisticConcurrencyControlFailure")));
    client.send(&UpdateEnvironmentVariables::new().set("A", "1")).await.unwrap();
}

#[tokio::test]
async fn concurrent_writers_of_one_variable_all_succeed() {
    let mut knobs = Knobs::default();
    knobs.commit_time = Duration::from_millis(20);
    let (fake, _running, client) = started(fake().knobs(knobs)).await;
    let writers: Vec<_> = (0..12)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&UpdateEnvironmentVariables::new().set("A", n.to_string())).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(fake.audit_log().len(), 12, "each write was committed once");
    let lost = fake.requests().len() - 12;
    assert!(lost >= 11, "only {lost} writes lost: too little contention");
}

#[tokio::test]
async fn reports_an_empty_success_response_as_a_decode_error() {
    let (fake, _running, client) = deployment().await;
    fake.fault(Fault::EmptyBody);
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    let Some(ResponseError::Decode(reply)) = error.response_error() else { panic!("{error:?}") };
    assert_eq!((reply.error.kind, error.sent()), (DecodeErrorKind::Empty, Sent::Maybe));
}

#[tokio::test]
async fn retries_a_read_after_the_attempt_timeout() {
    let (fake, running, _) = deployment().await;
    let client = client_of(&running).attempt_timeout(Duration::from_secs(1)).build().unwrap();
    fake.fault(Fault::delay(Duration::from_secs(3600)));
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert!(fake.requests().len() >= 2);
}

#[tokio::test]
async fn client_at_sends_to_another_deployment() {
    let (_fake, _running, client) = deployment().await;
    let other = fake().variable("OTHER", "1").build();
    let running = other.serve("127.0.0.1:0").await.unwrap();
    let listed = client.at(endpoint(&running.url())).send(&ListEnvironmentVariables::new()).await.unwrap();
    assert_eq!(listed.names().collect::<Vec<_>>(), ["OTHER"]);
}

#[test]
fn builds_a_client_without_a_runtime_and_uses_it_from_two() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fake = fake().build();
    let running = fake.serve_in_background("127.0.0.1:0").unwrap();
    let client = client_of(&running).build().unwrap();
    for _ in 0..2 {
        // The connections of the first runtime end with it.
        let runtime = runtime();
        runtime.block_on(client.send(&ListEnvironmentVariables::new())).unwrap();
        runtime.block_on(client.send(&ListEnvironmentVariables::new())).unwrap();
    }
    assert_eq!(fake.requests().len(), 4);
}
