//! Walks over sockets: faults, resumption by another client, and the request that is sent ahead.

use std::time::Duration;

use convex_mgmt::deployment::{ListAuditLogEvents, UpdateEnvironmentVariables};
use convex_mgmt::{Error, ErrorCode, ErrorKind, RetryPolicy, UnixMillis};
use convex_mgmt_fake::{Fake, FakeServer, Fault, Plan};
use convex_mgmt_suite::routes::{ROUTES, TestServer};
use convex_mgmt_suite::{client_of, fake};
use futures_util::{StreamExt, TryStreamExt};

use crate::gate::page;

/// A deployment with this retention, and 20 entries in its audit log.
async fn audited(retention_days: i64) -> (Fake, FakeServer) {
    let mut plan = Plan::default();
    plan.audit_log_retention_days = retention_days;
    let fake = fake().plan(plan).build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let update = (0..20).fold(UpdateEnvironmentVariables::new(), |update, n| update.set(format!("N{n:02}"), "1"));
    client_of(&running).build().unwrap().send(&update).await.unwrap();
    (fake, running)
}

/// The times of all entries.
fn all(fake: &Fake) -> Vec<UnixMillis> {
    fake.audit_log().iter().map(|entry| UnixMillis(entry.create_time.try_into().unwrap())).collect()
}

/// The values of `from` in the requests for audit log entries.
fn starts(fake: &Fake) -> Vec<String> {
    let requests = fake.requests();
    let queries = requests.iter().filter_map(|request| request.uri.split_once("/list_audit_log_events?"));
    queries.map(|(_, query)| query.split('&').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_fault_on_the_third_page_leaves_the_walk_at_that_page() {
    for prefetches in [false, true] {
        let (fake, running) = audited(-1).await;
        let client = client_of(&running).retry(RetryPolicy::never()).build().unwrap();
        let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(0)).limit(5));
        if prefetches {
            pages = pages.prefetch();
        }
        // Each request takes one fault. A delay of zero changes nothing.
        for fault in [Fault::delay(Duration::ZERO), Fault::delay(Duration::ZERO), Fault::Reset] {
            fake.fault(fault);
        }
        let (mut times, mut results) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            results.push(page.as_ref().map(Vec::len).map_err(Error::kind));
            times.extend(page.into_iter().flatten().map(|event| event.create_time));
        }
        assert_eq!(results, [Ok(5), Ok(5), Err(ErrorKind::Connection), Ok(5), Ok(5), Ok(0)], "{prefetches}");
        assert_eq!(times, all(&fake), "{prefetches}");
    }
}

#[tokio::test]
async fn each_page_has_the_same_start_and_a_walk_of_the_retained_entries_stays_inside_the_retention() {
    let (fake, running) = audited(1).await;
    let client = client_of(&running).build().unwrap();
    let (day, now) = (Duration::from_secs(24 * 3600), UnixMillis::try_from(fake.now()).unwrap());
    // A minute inside the retention, because the clock runs.
    let mut early = client.pages(ListAuditLogEvents::new(UnixMillis(now.0 - 86_400_000 + 60_000)).limit(5));
    let mut retained = client.pages(ListAuditLogEvents::retained(day, now).limit(5));
    assert_eq!(early.next_page().await.unwrap().unwrap().len(), 5);
    let mut pages = Vec::new();
    while let Some(events) = retained.try_next().await.unwrap() {
        pages.push(events.len());
        fake.advance_clock(Duration::from_secs(3 * 60));
    }
    assert_eq!(pages, [5, 5, 5, 5, 0]);
    let error = early.next_page().await.unwrap_err();
    assert_eq!(
        error.code(),
        Some(&ErrorCode::AuditLogsTooOld),
        "a walk from the oldest entries on fails in the middle"
    );
    let starts = starts(&fake);
    let start = format!("from={}", now.0 - 86_400_000 + 900_000);
    assert_eq!(starts[1..6], [&*start; 5].map(str::to_owned));
}

#[tokio::test]
async fn walks_by_page_and_by_item_over_every_route() {
    for route in ROUTES {
        let server = TestServer::start(route, |request| {
            let query = request.uri().query().unwrap_or_default();
            let number: i64 = query.split("cursor=").nth(1).map_or(0, |cursor| cursor.parse().unwrap());
            let next = (number < 4).then(|| (number + 1).to_string());
            // Every second page is empty.
            let times = if number % 2 == 0 { vec![number * 10, number * 10 + 1] } else { Vec::new() };
            page(times, next.as_deref()).unwrap()
        })
        .await;
        let client = server.client().build().unwrap();
        let list = || ListAuditLogEvents::new(UnixMillis(7));
        let sizes: Vec<usize> = client.pages(list()).map_ok(|page| page.len()).try_collect().await.unwrap();
        assert_eq!(sizes, [2, 0, 2, 0, 2], "{route:?}");
        for walk in [client.pages(list()), client.pages(list()).prefetch()] {
            let times: Vec<i64> = walk.items().map_ok(|event| event.create_time.0).try_collect().await.unwrap();
            assert_eq!(times, [0, 1, 20, 21, 40, 41], "{route:?}");
        }
        let requests = server.requests();
        assert_eq!(requests.len(), 15, "{route:?}");
        assert!(requests.iter().all(|request| request.uri().query().unwrap().starts_with("from=7")), "{route:?}");
    }
}

#[tokio::test]
async fn a_page_ahead_is_on_its_way_while_the_caller_does_other_work() {
    for route in ROUTES {
        let server = TestServer::start(route, |request| {
            let is_first = !request.uri().query().unwrap_or_default().contains("cursor");
            page([1], is_first.then_some("a")).unwrap()
        })
        .await;
        let client = server.client().build().unwrap();
        let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(0))).prefetch();
        pages.next_page().await.unwrap().unwrap();
        // The walk is not polled here.
        let arrived = async {
            while server.requests().len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("the request ahead");
        assert_eq!(pages.next_page().await.unwrap().map(|page| page.len()), Some(1), "{route:?}");
        assert!(pages.next_page().await.unwrap().is_none());
        assert_eq!(server.requests().len(), 2, "{route:?}");
    }
}
