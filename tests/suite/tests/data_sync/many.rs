//! Many deployments with a bound on the pages in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::Client;
use convex_mgmt::sync::{MemorySink, Sink, SinkState, SyncBatch, SyncBatches, SyncConflict, SyncDriver, SyncLimit};
use convex_mgmt_fake::Fake;
use convex_mgmt_suite::endpoint;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::task::{JoinSet, yield_now};
use tower::{BoxError, Service, ServiceExt};

use crate::source::{URL, client, copied, documents, options, poll_once, source};

/// Counts the pages from their request until they are stored.
#[derive(Clone, Default)]
struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

impl Gauge {
    fn begin(&self) {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
    }

    fn end(&self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Clone)]
struct Measured(Fake, Gauge);

impl Service<Request<Bytes>> for Measured {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Bytes>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let Self(fake, gauge) = self.clone();
        Box::pin(async move {
            gauge.begin();
            yield_now().await;
            Ok(fake.oneshot(request).await?)
        })
    }
}

struct Store(MemorySink, Gauge);

impl Sink for Store {
    type Error = SyncConflict;

    async fn state(&mut self) -> Result<SinkState, SyncConflict> {
        Ok(self.0.state())
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        yield_now().await;
        self.1.end();
        self.0.commit(batch)
    }
}

/// Runs a driver for each of some deployments, and returns the maximum number of pages at the same time.
async fn most_pages(deployments: usize, limit: Option<usize>) -> usize {
    let gauge = Gauge::default();
    let limit = limit.map(SyncLimit::new);
    let mut runs = JoinSet::new();
    for _ in 0..deployments {
        let (fake, gauge, limit) = (source(), gauge.clone(), limit.clone());
        runs.spawn(async move {
            let client = Client::with_service(endpoint(URL), Measured(fake.clone(), gauge.clone()));
            let driver = SyncDriver::new(client, Store(MemorySink::new(), gauge));
            let mut driver = match limit {
                Some(limit) => driver.limit(limit),
                None => driver,
            };
            driver.run_until_up_to_date().await.unwrap();
            assert_eq!(copied(&driver.into_sink().0), documents(&fake));
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
    gauge.0.1.load(Ordering::SeqCst)
}

#[tokio::test]
async fn two_hundred_drivers_hold_at_most_as_many_pages_as_their_limit() {
    assert_eq!(most_pages(200, Some(4)).await, 4);
    assert!(most_pages(10, None).await > 4, "the measurement sees more pages without a limit");
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_pauses_leaves_its_permit_to_others() {
    let (limit, fakes) = (SyncLimit::new(1), [source(), source(), source()]);
    let mut runs = JoinSet::new();
    for fake in fakes.clone() {
        let limit = limit.clone();
        runs.spawn(async move {
            let mut driver = SyncDriver::new(client(&fake), MemorySink::new()).limit(limit);
            driver.run(tokio::time::sleep(Duration::from_secs(60))).await.unwrap();
            assert_eq!(copied(driver.sink()), documents(&fake));
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_holds_its_permit_and_a_dropped_run_returns_it() {
    let (limit, fake) = (SyncLimit::new(0), source());
    let batches = || SyncBatches::new(client(&fake), SinkState::new(), options()).unwrap().limit(limit.clone());
    let (mut first, mut second) = (batches(), batches());
    let pending = first.next_batch().await.unwrap().unwrap();
    assert!(poll_once(&mut Box::pin(second.next_batch())).await.is_pending());
    pending.confirm();
    let pending = second.next_batch().await.unwrap().unwrap();
    drop(second);
    drop(pending);

    let hanging = Client::with_service(endpoint(URL), convex_mgmt_suite::Script::new([convex_mgmt_suite::Step::Hang]));
    let mut driver = SyncDriver::new(hanging, MemorySink::new()).limit(limit.clone());
    assert!(poll_once(&mut Box::pin(driver.run_until_up_to_date())).await.is_pending());
    first.next_batch().await.unwrap().unwrap().confirm();
}
