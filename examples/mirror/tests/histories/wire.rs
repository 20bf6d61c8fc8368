//! [`Wire`]: the transport of the clients in a history.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use convex_mgmt_fake::ConnectionReset;
use http::{Request, Response};
use tower::{Service, ServiceExt};

use crate::world::Shared;

/// Waits for one poll, so that a history can stop a future there.
pub(crate) async fn pause() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The fake as a transport. It records which state of the deployment each page describes.
#[derive(Clone)]
pub(crate) struct Wire(pub(crate) Shared);

impl Service<Request<Bytes>> for Wire {
    type Response = Response<Bytes>;
    type Error = ConnectionReset;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, ConnectionReset>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ConnectionReset>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let world = self.0.clone();
        Box::pin(async move {
            pause().await;
            let body = request.body().clone();
            let old = world.borrow_mut().duplicate(&body);
            let response = match old {
                Some(old) => Ok(old),
                None => {
                    let fake = world.borrow().fake.clone();
                    fake.oneshot(request).await
                }
            };
            if let Ok(response) = &response {
                world.borrow_mut().answered(body, response);
            }
            pause().await;
            response
        })
    }
}
