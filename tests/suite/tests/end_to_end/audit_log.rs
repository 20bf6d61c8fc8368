//! Pages and entries of the audit log.

use std::collections::BTreeMap;

use convex_mgmt::deployment::audit_log::{AuditLogAction, AuditLogActor};
use convex_mgmt::deployment::usage::UsageLimitWindow;
use convex_mgmt::deployment::usage::UsageMetric;
use convex_mgmt::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt::deployment::{CreateUsageLimit, ListAuditLogEvents, UpdateEnvironmentVariables};
use convex_mgmt::hyper::BoxService;
use convex_mgmt::{
    DeploymentClient, Error, ErrorCode, ErrorKind, Items, MemberId, Operation, Pages, RetryPolicy, Sent, UnixMillis,
};
use convex_mgmt_fake::{Fake, FakeServer, Fault, Plan};
use convex_mgmt_suite::routes::{ROUTES, TestServer};
use convex_mgmt_suite::{client_of, fake};

use crate::{deployment, started};

const NAMES: usize = 20;

/// A cloud deployment with an audit log of [`NAMES`] entries.
async fn audited() -> (Fake, FakeServer, DeploymentClient) {
    let (fake, running, client) = started(fake().plan(Plan::default())).await;
    let update = (0..NAMES).fold(UpdateEnvironmentVariables::new(), |update, n| update.set(format!("N{n:02}"), "1"));
    client.send(&update).await.unwrap();
    (fake, running, client)
}

async fn names(client: &DeploymentClient, operation: ListAuditLogEvents) -> Vec<Vec<String>> {
    let mut pages = client.pages(operation);
    let mut names = Vec::new();
    while let Some(events) = pages.next_page().await.unwrap() {
        let name = |event: &convex_mgmt::deployment::audit_log::AuditLogEvent| {
            event.metadata.read::<BTreeMap<String, String>>().unwrap()["variable_name"].clone()
        };
        names.push(events.iter().map(name).collect());
    }
    names
}

#[tokio::test]
async fn returns_all_pages_for_every_page_size() {
    let (fake, _running, client) = audited().await;
    let expected: Vec<String> = (0..NAMES).map(|n| format!("N{n:02}")).collect();
    for (limit, sizes) in [(7, vec![7, 7, 6]), (10, vec![10, 10, 0]), (20, vec![20, 0]), (100, vec![20])] {
        let pages = names(&client, ListAuditLogEvents::new(UnixMillis(0)).limit(limit)).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{limit}");
        assert_eq!(pages.concat(), expected);
    }
    let pages = names(&client, ListAuditLogEvents::new(UnixMillis(0))).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [15, 5], "the server's own choice");
    let last = UnixMillis(i64::try_from(fake.audit_log().last().unwrap().create_time).unwrap());
    assert_eq!(names(&client, ListAuditLogEvents::new(UnixMillis(last.0 + 1))).await.concat(), [""; 0]);
}

#[tokio::test]
async fn an_entry_contains_actor_action_and_user_agent() {
    let (_fake, _running, client) = audited().await;
    let limit = UsageLimitConfig::new(UsageMetric::FunctionCalls, UsageLimitWindow::Day, UsageLimitType::Disable, 100);
    client.send(&CreateUsageLimit::new(limit)).await.unwrap();
    let page = client.send(&ListAuditLogEvents::new(UnixMillis(0)).limit(100)).await.unwrap();
    let event = page.items.last().unwrap();
    assert_eq!(event.action, AuditLogAction::CreateUsageLimit);
    assert!(matches!(&event.actor, AuditLogActor::Member(member) if member.member_id == MemberId(0)), "{event:?}");
    assert!(event.client_user_agent.as_deref().unwrap().starts_with("suite/1 "));
    #[derive(serde::Deserialize)]
    struct Metadata {
        config: BTreeMap<String, serde_json::Value>,
    }
    let metadata: Metadata = event.metadata.read().unwrap();
    assert_eq!(metadata.config["limit"], "100", "64-bit integers are text here");
}

#[tokio::test]
async fn requests_a_failed_page_again() {
    let (fake, running, _) = audited().await;
    let client = client_of(&running).retry(RetryPolicy::never()).build().unwrap();
    let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(0)).limit(15));
    let first = pages.next_page().await.unwrap().unwrap();
    fake.fault(Fault::Reset);
    let error = pages.next_page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
    let second = pages.next_page().await.unwrap().unwrap();
    assert_eq!((first.len(), second.len()), (15, 5));
    assert!(pages.next_page().await.unwrap().is_none());
}

/// Pages in a struct, which outlive the function that created them.
struct Export {
    events: Items<ListAuditLogEvents>,
}

#[tokio::test]
async fn pages_own_their_client_and_can_move_into_a_task() {
    let (_fake, running, client) = audited().await;
    let operation = || ListAuditLogEvents::new(UnixMillis(0)).limit(7);
    let mut export = Export { events: client.pages(operation()).items() };
    let boxed = client_of(&running).build_boxed().unwrap();
    let mut pages: Pages<ListAuditLogEvents, BoxService> = boxed.pages(operation());
    drop((client, boxed));
    let by_item = tokio::spawn(async move {
        let mut count = 0;
        while export.events.next_item().await?.is_some() {
            count += 1;
        }
        Ok::<usize, Error>(count)
    });
    let by_page = tokio::spawn(async move {
        let mut sizes = Vec::new();
        while let Some(events) = pages.next_page().await? {
            sizes.push(events.len());
        }
        Ok::<Vec<usize>, Error>(sizes)
    });
    assert_eq!(by_item.await.unwrap().unwrap(), NAMES);
    assert_eq!(by_page.await.unwrap().unwrap(), [7, 7, 6]);
}

#[tokio::test]
async fn iterating_by_item_skips_and_repeats_nothing_after_an_error() {
    let (fake, running, _) = audited().await;
    let client = client_of(&running).retry(RetryPolicy::never()).build().unwrap();
    let mut events = client.pages(ListAuditLogEvents::new(UnixMillis(0)).limit(15)).items();
    let mut names = Vec::new();
    let mut errors = 0;
    loop {
        if names.len() == 15 && errors == 0 {
            fake.fault(Fault::Reset);
        }
        match events.next_item().await {
            Ok(Some(event)) => {
                names.push(event.metadata.read::<BTreeMap<String, String>>().unwrap()["variable_name"].clone())
            }
            Ok(None) => break,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
                errors += 1;
            }
        }
    }
    assert_eq!((names, errors), ((0..NAMES).map(|n| format!("N{n:02}")).collect(), 1));
    assert!(events.next_item().await.unwrap().is_none());
}

#[tokio::test]
async fn collects_a_list_up_to_a_bound_and_never_truncates_it() {
    let (fake, _running, client) = audited().await;
    // With a limit of 20 the last page is empty.
    for limit in [7, 20, 100] {
        let collect = |max| client.pages(ListAuditLogEvents::new(UnixMillis(0)).limit(limit)).collect(max);
        for max in [NAMES, NAMES + 1, usize::MAX] {
            assert_eq!(collect(max).await.unwrap().len(), NAMES, "{limit}, {max}");
        }
        for max in [0, 6, NAMES - 1] {
            let error = collect(max).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooManyItems, "{limit}, {max}");
            let text = error.to_string();
            assert!(text.contains(&format!("more than {max} items")), "{text}");
        }
    }
    // Nothing is requested after the page that exceeds the bound.
    let before = fake.requests().len();
    let operation = ListAuditLogEvents::new(UnixMillis(0)).limit(7);
    client.pages(operation).collect(8).await.unwrap_err();
    assert_eq!(fake.requests().len() - before, 2);
}

#[tokio::test]
async fn a_cursor_resumes_only_with_its_own_start_time() {
    let (_fake, _running, client) = audited().await;
    let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(5)).limit(15));
    pages.next_page().await.unwrap();
    let cursor = pages.cursor().unwrap().to_owned();
    let rest = names(&client, ListAuditLogEvents::new(UnixMillis(5)).cursor(&cursor)).await;
    assert_eq!(rest.concat().len(), 5);
    for operation in [
        ListAuditLogEvents::new(UnixMillis(6)).cursor(&cursor),
        ListAuditLogEvents::new(UnixMillis(5)).cursor("garbage % é &from=1"),
        ListAuditLogEvents::new(UnixMillis(5)).cursor(""),
    ] {
        let operation = operation.unchecked();
        let error = client.send(&operation).await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::InvalidCursor), "{operation:?}");
    }
}

#[tokio::test]
async fn names_the_exceeded_limit_or_the_missing_plan_feature() {
    let (fake, _running, client) = deployment().await;
    let from = || ListAuditLogEvents::new(UnixMillis(0));
    assert_eq!(client.send(&from().limit(101)).await.unwrap_err().kind(), ErrorKind::Build);
    assert!(fake.requests().is_empty());
    let error = client.send(&from().limit(101).unchecked()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::LimitOutOfRange));
    let error = client.send(&from()).await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some(&ErrorCode::AuditLogsDisabled), "{error:?}");
    let mut plan = Plan::default();
    plan.audit_log_retention_days = 1;
    let (_fake, _running, client) = started(convex_mgmt_suite::fake().plan(plan)).await;
    assert_eq!(client.send(&from()).await.unwrap_err().code(), Some(&ErrorCode::AuditLogsTooOld));
}

#[tokio::test]
async fn a_cursor_cycle_of_two_pages_fails_over_every_route() {
    for route in ROUTES {
        // The page at `a` returns the cursor `b`, and the page at `b` returns `a`.
        let server = TestServer::start(route, |request| {
            let next = if request.uri().query().unwrap_or_default().contains("cursor=a") { "b" } else { "a" };
            let body = format!(r#"{{"items":[],"pagination":{{"hasMore":true,"nextCursor":"{next}"}}}}"#);
            http::Response::builder().header("content-type", "application/json").body(body.into()).unwrap()
        })
        .await;
        let client = server.client().build().unwrap();
        for (start, pages) in [(None, 3), (Some("b"), 2)] {
            let mut operation = ListAuditLogEvents::new(UnixMillis(0));
            operation.cursor = start.map(str::to_owned);
            let mut walk = client.pages(operation);
            let before = server.requests().len();
            for _ in 0..pages {
                assert_eq!(walk.next_page().await.unwrap().map(|events| events.len()), Some(0), "{route:?}");
            }
            for _ in 0..2 {
                let error = walk.next_page().await.unwrap_err();
                assert_eq!(
                    (error.kind(), error.sent(), error.attempts()),
                    (ErrorKind::Pagination, Sent::No, 0),
                    "{route:?}"
                );
            }
            assert_eq!(server.requests().len() - before, pages, "{route:?}");
        }
    }
}
