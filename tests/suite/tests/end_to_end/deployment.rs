//! Canonical URLs, pausing, deployment info, usage and usage limits.

use convex_mgmt::deployment::canonical_urls::CanonicalUrls;
use convex_mgmt::deployment::info::{CloudDeployment, DeploymentInfo};
use convex_mgmt::deployment::usage::UsageLimitWindow;
use convex_mgmt::deployment::usage::UsageMetric;
use convex_mgmt::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt::deployment::{
    CreateUsageLimit, DeleteUsageLimit, GetCanonicalUrls, GetCurrentUsage, GetDeploymentInfo, ListUsageLimits,
    PauseDeployment, UnpauseDeployment, UpdateCanonicalUrl, UpdateUsageLimit,
};
use convex_mgmt::{DeploymentId, ErrorCode, ErrorKind, Operation, ProjectId, Sent, TeamId};
use convex_mgmt::{DeploymentType, RequestDestination};
use convex_mgmt_fake::{Fault, Plan, UsageWindow};
use convex_mgmt_suite::{endpoint, fake};

use crate::deployment;

#[tokio::test]
async fn sets_and_resets_canonical_urls() {
    let (_fake, _running, client) = deployment().await;
    let defaults = client.send(&GetCanonicalUrls::new()).await.unwrap();
    let set = UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, "https://api.example.com");
    client.send(&set).await.unwrap();
    let urls = client.send(&GetCanonicalUrls::new()).await.unwrap();
    assert_eq!(urls, CanonicalUrls::new("https://api.example.com", defaults.convex_site_url.as_str()));
    client.send(&UpdateCanonicalUrl::reset(RequestDestination::ConvexCloud)).await.unwrap();
    assert_eq!(client.send(&GetCanonicalUrls::new()).await.unwrap(), defaults);
    let other = UpdateCanonicalUrl::reset(RequestDestination::from("convexMoon"));
    assert_eq!(client.send(&other).await.unwrap_err().code(), Some(&ErrorCode::BadJsonBody));
}

#[tokio::test]
async fn pauses_and_unpauses_a_deployment() {
    let (fake, _running, client) = deployment().await;
    client.send(&PauseDeployment::new()).await.unwrap();
    client.send(&PauseDeployment::new()).await.unwrap();
    assert!(fake.stops().paused);
    client.send(&UnpauseDeployment::new()).await.unwrap();
    let error = client.send(&UnpauseDeployment::new()).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(&ErrorCode::UnpauseDeploymentFailed), 1));
    fake.set_system_stop(true);
    let error = client.send(&PauseDeployment::new()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::PauseDeploymentFailed));
}

#[tokio::test]
async fn reports_an_unknown_outcome_for_an_unpause_with_a_lost_response() {
    let (fake, _running, client) = deployment().await;
    client.send(&PauseDeployment::new()).await.unwrap();
    fake.fault(Fault::LostResponse);
    let error = client.send(&UnpauseDeployment::new()).await.unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(&ErrorCode::UnpauseDeploymentFailed), 2));
    // The API has no operation that returns whether a deployment is paused.
    assert_eq!(
        (error.kind(), error.cause_kind(), error.verify_with()),
        (ErrorKind::OutcomeUnknown, ErrorKind::Api, None)
    );
    assert!(!fake.stops().paused);
}

#[tokio::test]
async fn reads_the_info_of_each_kind_of_deployment() {
    let (_fake, _running, client) = deployment().await;
    assert!(matches!(client.send(&GetDeploymentInfo::new()).await, Ok(DeploymentInfo::SelfHosted)));
    let mut plan = Plan::default();
    (plan.deployment_type, plan.team_id) = ("prod".into(), u64::MAX);
    let running = fake().plan(plan).build().serve("127.0.0.1:0").await.unwrap();
    let info = client.at(endpoint(&running.url())).send(&GetDeploymentInfo::new()).await.unwrap();
    let DeploymentInfo::Cloud(cloud) = info else { panic!("{info:?}") };
    let expected = CloudDeployment::new(TeamId(u64::MAX), ProjectId(1), DeploymentId(1), DeploymentType::Prod);
    assert_eq!(cloud, expected);
}

#[tokio::test]
async fn creates_updates_and_deletes_usage_limits() {
    let (fake, _running, client) = deployment().await;
    fake.set_usage(convex_mgmt_fake::UsageMetric::FunctionCalls, UsageWindow::Day, 10.0);
    let calls = |limit| {
        UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, limit)
    };
    let limit = client.send(&CreateUsageLimit::new(calls(100))).await.unwrap();
    let usage = client.send(&GetCurrentUsage::new()).await.unwrap();
    assert_eq!((usage.metrics.len(), usage.is_complete(), limit.is_reached(&usage)), (8, false, Some(false)));

    let error = client.send(&CreateUsageLimit::new(calls(7).enabled(false))).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::DuplicateUsageLimit));
    let error = client.send(&UpdateUsageLimit::new(&limit.id, calls(9))).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::UsageLimitBelowCurrentUsage));
    let changed = client.send(&UpdateUsageLimit::new(&limit.id, limit.config().enabled(false))).await.unwrap();
    assert_eq!(client.send(&ListUsageLimits::new()).await.unwrap(), [changed]);

    // The first attempt takes effect, and the second one finds the limit deleted.
    fake.fault(Fault::LostResponse);
    let reply = client.send_for_reply(&DeleteUsageLimit::new(&limit.id)).await.unwrap();
    assert_eq!((reply.already_deleted, reply.status.as_u16()), (true, 404));
    let error = client.send(&DeleteUsageLimit::new(&limit.id)).await.unwrap_err();
    assert!(error.is_not_found() && error.code() == Some(&ErrorCode::UsageLimitNotFound), "{error:?}");
    let error = client.send(&DeleteUsageLimit::new("a/b % é")).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidId));
}

#[tokio::test]
async fn does_not_retry_a_create_with_a_lost_response() {
    let (fake, _running, client) = deployment().await;
    let limit = UsageLimitConfig::new(UsageMetric::DataEgress, UsageLimitWindow::Month, UsageLimitType::Warning, 5);
    fake.fault(Fault::LostResponse);
    let error = client.send(&CreateUsageLimit::new(limit)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::OutcomeUnknown, Sent::Maybe, 1));
    assert_eq!((error.cause_kind(), error.verify_with()), (ErrorKind::Connection, Some(ListUsageLimits::META.id)));
    assert!(
        error.to_string().ends_with("; the operation may have taken effect; call list_usage_limits to check"),
        "{error}"
    );
    assert_eq!(client.send(&ListUsageLimits::new()).await.unwrap().len(), 1, "it was done all the same");
}
