//! [`Gate`]: a transport with a list of pages that responds when a test lets it, and records the requests.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt::deployment::ListAuditLogEvents;
use convex_mgmt::{Client, DeploymentClient, Error, Items, Pages, TransportError, UnixMillis};
use convex_mgmt_suite::endpoint;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::oneshot;
use tower::Service;

/// The result of a call.
pub(crate) type Reply = Result<Response<Bytes>, TransportError>;

/// A transport whose calls wait until a test answers them. A clone is the same transport.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// The query of each request.
    queries: Vec<String>,
    /// The calls that wait, oldest first.
    waiting: VecDeque<oneshot::Sender<Reply>>,
    /// The replies to calls that do not wait.
    ready: VecDeque<Reply>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a reply for a later call, which then does not wait.
    pub(crate) fn prepare(&self, reply: Reply) {
        self.lock().ready.push_back(reply);
    }

    /// Answers the oldest call that waits. Returns `false` if its caller dropped it.
    pub(crate) fn answer(&self, reply: Reply) -> bool {
        let waiting = self.lock().waiting.pop_front().expect("a call that waits");
        waiting.send(reply).is_ok()
    }

    /// The number of requests so far.
    pub(crate) fn count(&self) -> usize {
        self.lock().queries.len()
    }

    /// The cursors of the requests so far.
    pub(crate) fn cursors(&self) -> Vec<String> {
        let cursor = |query: &String| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| *name == "cursor").map(|(_, value)| value.to_owned()).collect()
        };
        self.lock().queries.iter().map(cursor).collect()
    }

    /// A client without layers over this transport.
    pub(crate) fn client(&self) -> DeploymentClient<Self> {
        Client::with_service(endpoint("http://127.0.0.1:1"), self.clone())
    }

    /// The pages of an audit log.
    pub(crate) fn pages(&self) -> Pages<ListAuditLogEvents, Self> {
        self.client().pages(ListAuditLogEvents::new(UnixMillis(0)))
    }

    /// The entries of an audit log.
    pub(crate) fn items(&self) -> Items<ListAuditLogEvents, Self> {
        self.pages().items()
    }
}

impl Service<Request<Bytes>> for Gate {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Reply>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let mut inner = self.lock();
        inner.queries.push(request.uri().query().unwrap_or_default().to_owned());
        if let Some(reply) = inner.ready.pop_front() {
            return Box::pin(std::future::ready(reply));
        }
        let (sender, receiver) = oneshot::channel();
        inner.waiting.push_back(sender);
        Box::pin(async move { receiver.await.expect("an answer") })
    }
}

/// A page with entries at these times, and the cursor of the next page.
pub(crate) fn page(times: impl IntoIterator<Item = i64>, next: Option<&str>) -> Reply {
    let entry = |time| format!(r#"{{"actor":{{"kind":"system"}},"action":"x","createTime":{time},"metadata":{{}}}}"#);
    let entries: Vec<_> = times.into_iter().map(entry).collect();
    let next =
        next.map_or_else(|| r#""hasMore":false"#.to_owned(), |next| format!(r#""hasMore":true,"nextCursor":"{next}""#));
    Ok(Response::new(format!(r#"{{"items":[{}],"pagination":{{{next}}}}}"#, entries.join(",")).into()))
}

/// The times of the entries of a page.
pub(crate) fn times(page: &[convex_mgmt::deployment::audit_log::AuditLogEvent]) -> Vec<i64> {
    page.iter().map(|event| event.create_time.0).collect()
}

/// Polls a future once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
}

/// The times of a whole walk.
pub(crate) async fn all(items: &mut Items<ListAuditLogEvents, Gate>) -> Result<Vec<i64>, Error> {
    let mut times = Vec::new();
    while let Some(event) = items.next_item().await? {
        times.push(event.create_time.0);
    }
    Ok(times)
}
