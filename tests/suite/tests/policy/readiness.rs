//! Readiness: each layer reports the readiness of its inner service.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::hyper::layers::{
    AttemptTimeoutLayer, ConcurrencyLimitLayer, CredentialRefreshLayer, CredentialSource,
};
use convex_mgmt::{DeployKey, DeploymentApi, TransportError, TransportErrorKind};
use convex_mgmt_suite::ADMIN_KEY;
use http::{Request, Response};
use tower::{BoxError, Layer, Service};

/// A service that becomes ready when it is opened, and wakes the task that polled it before.
#[derive(Clone, Default)]
struct Door(Arc<DoorState>);

#[derive(Default)]
struct DoorState {
    open: AtomicBool,
    broken: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Door {
    fn open(&self) {
        self.0.open.store(true, Ordering::SeqCst);
        let waker = self.0.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        waker.expect("a task polled before").wake();
    }
}

impl Service<Request<Bytes>> for Door {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response<Bytes>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.0.broken.load(Ordering::SeqCst) {
            return Poll::Ready(Err("the door is broken".into()));
        }
        if self.0.open.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        *self.0.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        Poll::Pending
    }

    fn call(&mut self, _request: Request<Bytes>) -> Self::Future {
        assert!(self.0.open.load(Ordering::SeqCst), "called without being ready");
        std::future::ready(Ok(Response::new(Bytes::from_static(crate::LISTED.as_bytes()))))
    }
}

fn refresh() -> CredentialRefreshLayer<DeploymentApi, impl CredentialSource<DeploymentApi, Future: Send>> {
    CredentialRefreshLayer::new(async |_| Ok(DeployKey::parse(ADMIN_KEY)?))
}

/// Returns the readiness of the layer: over a closed door, after it was opened, and over a broken one.
fn readiness<L>(layer: &L) -> [Poll<Result<(), TransportErrorKind>>; 3]
where
    L: Layer<Door>,
    L::Service: Service<Request<Bytes>, Error = TransportError>,
{
    let door = Door::default();
    let mut service = layer.layer(door.clone());
    let mut poll = || {
        let readiness = service.poll_ready(&mut Context::from_waker(Waker::noop()));
        readiness.map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert_eq!(source.as_deref(), Some("the door is broken"));
            error.kind()
        })
    };
    let closed = poll();
    // Panics if the layer did not poll the door.
    door.open();
    let opened = poll();
    door.0.broken.store(true, Ordering::SeqCst);
    [closed, opened, poll()]
}

#[test]
fn a_layer_is_ready_when_its_inner_service_is() {
    let expected = [Poll::Pending, Poll::Ready(Ok(())), Poll::Ready(Err(TransportErrorKind::Layer))];
    for timeout in [None, Some(Duration::from_secs(1))] {
        assert_eq!(readiness(&AttemptTimeoutLayer::new(timeout)), expected, "{timeout:?}");
    }
    for limit in [None, Some(2)] {
        assert_eq!(readiness(&ConcurrencyLimitLayer::new(limit)), expected, "{limit:?}");
    }
    assert_eq!(readiness(&refresh()), expected);
}

/// A whole client. [`Door`] panics if it is called before it is ready.
#[tokio::test(start_paused = true)]
async fn a_call_waits_until_every_inner_service_is_ready() {
    let door = Door::default();
    let client = crate::builder().attempt_layer(refresh()).max_concurrency(1).build_on(door.clone()).unwrap();
    let call =
        tokio::spawn(async move { client.send(&convex_mgmt::deployment::ListEnvironmentVariables::new()).await });
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!call.is_finished());
    door.open();
    call.await.unwrap().unwrap();
}
