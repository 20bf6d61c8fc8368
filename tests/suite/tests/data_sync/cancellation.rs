//! Runs that are dropped at any point, and that end while a commit is in progress.

use std::pin::pin;

use bytes::Bytes;
use convex_mgmt::sync::{MemorySink, Sink, SinkState, SyncBatch, SyncConflict, SyncDriver};
use convex_mgmt::{Client, DeploymentClient};
use convex_mgmt_fake::Fake;
use convex_mgmt_suite::endpoint;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::task::yield_now;
use tower::{BoxError, Service, ServiceExt};

use crate::source::{URL, copied, documents, insert, poll_once, source};

/// A sink whose commit awaits before and after it takes effect.
#[derive(Default)]
struct Slow {
    sink: MemorySink,
    commits: usize,
}

impl Sink for Slow {
    type Error = SyncConflict;

    async fn state(&mut self) -> Result<SinkState, SyncConflict> {
        yield_now().await;
        Ok(self.sink.state())
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        yield_now().await;
        self.sink.commit(batch)?;
        self.commits += 1;
        yield_now().await;
        Ok(())
    }
}

/// A transport that awaits before the server handles a request, and before its response arrives.
#[derive(Clone)]
struct Distant(Fake);

impl Service<Request<Bytes>> for Distant {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Bytes>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let fake = self.0.clone();
        Box::pin(async move {
            yield_now().await;
            let response = fake.oneshot(request).await?;
            yield_now().await;
            Ok(response)
        })
    }
}

fn distant(fake: &Fake) -> DeploymentClient<Distant> {
    Client::with_service(endpoint(URL), Distant(fake.clone()))
}

#[tokio::test(flavor = "current_thread")]
async fn a_run_that_is_dropped_at_any_poll_leaves_rows_and_checkpoint_in_step() {
    let mut drops = 0;
    for polls in 0.. {
        let fake = source();
        let mut sink = Slow::default();
        let mut driver = SyncDriver::new(distant(&fake), &mut sink);
        let mut ended = false;
        {
            let mut run = pin!(driver.run_until_up_to_date());
            for _ in 0..polls {
                if poll_once(&mut run.as_mut()).await.is_ready() {
                    ended = true;
                    break;
                }
                yield_now().await;
            }
        }
        // What the interrupted run has read changes before the next run.
        fake.commit(|tables| tables.delete("", "users", "users0"));
        insert(&fake, "", "users", 6);
        fake.commit(|tables| tables.clear_table("shop", "orders"));
        // Both this driver and a new one continue.
        if polls % 2 == 0 {
            driver.run_until_up_to_date().await.unwrap();
        } else {
            SyncDriver::new(distant(&fake), &mut sink).run_until_up_to_date().await.unwrap();
        }
        assert_eq!(copied(&sink.sink), documents(&fake), "dropped after {polls} polls");
        if ended {
            break;
        }
        drops += 1;
    }
    assert!(drops > 20, "the run ended after {drops} polls");
}

#[tokio::test(flavor = "current_thread")]
async fn the_end_of_a_run_never_cancels_a_commit() {
    for polls in 0..40 {
        let fake = source();
        let mut sink = Slow::default();
        let mut driver = SyncDriver::new(distant(&fake), &mut sink);
        let mut left = polls;
        let until = std::future::poll_fn(|cx| {
            if left == 0 {
                return std::task::Poll::Ready(());
            }
            left -= 1;
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        });
        let progress = driver.run(until).await.unwrap();
        let checkpoint = driver.checkpoint();
        assert_eq!(progress.pages, sink.commits as u64, "after {polls} polls");
        assert_eq!(sink.sink.state().checkpoint, checkpoint.map(|checkpoint| checkpoint.to_string()));
    }
}
