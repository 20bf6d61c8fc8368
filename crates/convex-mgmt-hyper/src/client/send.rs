//! [`Client::send`] and its futures.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use convex_mgmt_proto::{Api, BuildError, CredentialKind, Operation, OperationMeta, Reply};
use http::Request;
use pin_project_lite::pin_project;

use super::call::CallFuture;
use super::handle::Client;
use crate::error::{Cause, Error};
use crate::service::Transport;
use crate::timer::{DefaultTimer, Timer};

impl<A: Api, S, T: Timer> Client<A, S, T> {
    /// Sends an operation and returns its output.
    ///
    /// The future owns the request and a clone of the service. It borrows neither the client nor the operation, so it can be
    /// spawned:
    ///
    /// ```no_run
    /// use convex_mgmt::deployment::{GetCanonicalUrls, ListEnvironmentVariables};
    /// use convex_mgmt::DeploymentClient;
    ///
    /// # async fn example(client: DeploymentClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let variables = tokio::spawn(client.send(&ListEnvironmentVariables::new()));
    /// let urls = client.send(&GetCanonicalUrls::new()).await?;
    /// let variables = variables.await??;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Nothing is sent before the first poll. A future that is dropped cancels the call: the server may or may not have
    /// received the request.
    ///
    /// # Errors
    /// The future fails with an [`Error`] in these cases:
    ///
    /// * The request breaks a rule, so it was not built.
    /// * No complete response was received.
    /// * The server rejected the request.
    /// * The response cannot be decoded.
    pub fn send<O>(&self, operation: &O) -> SendFuture<O, S, T>
    where
        O: Operation<Api = A>,
        S: Transport,
    {
        SendFuture { reply: self.send_for_reply(operation) }
    }

    /// Sends an operation and returns its output with facts about the response.
    ///
    /// They are a deprecation notice, and whether a deletion found that an earlier attempt had succeeded. See [`Reply`].
    ///
    /// The future owns the request and a clone of the service, like the future of [`Client::send`].
    ///
    /// # Errors
    /// As for [`Client::send`].
    pub fn send_for_reply<O>(&self, operation: &O) -> ReplyFuture<O, S, T>
    where
        O: Operation<Api = A>,
        S: Transport,
    {
        ReplyFuture { call: self.call(O::META, operation.to_request(self.endpoint())), operation: PhantomData }
    }

    /// Creates the call of a request: the part of [`Client::send`] that does not depend on the operation's types.
    fn call(&self, operation: &'static OperationMeta, request: Result<Request<Bytes>, BuildError>) -> CallFuture<S, T>
    where
        S: Transport,
    {
        let endpoint = self.endpoint();
        let request = request.map_err(|error| Error::unsent(operation, endpoint.url(), Cause::Build(error)));
        CallFuture::new(self.service(), self.timer().clone(), operation, endpoint.credential_kind(), request)
    }
}

pin_project! {
    /// The future of [`Client::send`](crate::Client::send).
    #[must_use = "futures do nothing unless polled"]
    pub struct SendFuture<O, S: Transport, T: Timer = DefaultTimer> {
        #[pin]
        reply: ReplyFuture<O, S, T>,
    }
}

impl<O: Operation, S: Transport, T: Timer> Future for SendFuture<O, S, T> {
    type Output = Result<O::Output, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().reply.poll(cx).map_ok(|reply| reply.output)
    }
}

impl<O: Operation, S: Transport, T: Timer> fmt::Debug for SendFuture<O, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture").field("operation", &O::META.id).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Client::send_for_reply`](crate::Client::send_for_reply).
    #[must_use = "futures do nothing unless polled"]
    pub struct ReplyFuture<O, S: Transport, T: Timer = DefaultTimer> {
        #[pin]
        call: CallFuture<S, T>,
        operation: PhantomData<fn() -> O>,
    }
}

impl<O: Operation, S: Transport, T: Timer> ReplyFuture<O, S, T> {
    /// Creates the future of a request of the operation `O`.
    pub(super) fn new(
        service: S,
        timer: T,
        credential: CredentialKind,
        request: Result<Request<Bytes>, Error>,
    ) -> Self {
        Self { call: CallFuture::new(service, timer, O::META, credential, request), operation: PhantomData }
    }
}

impl<O: Operation, S: Transport, T: Timer> Future for ReplyFuture<O, S, T> {
    type Output = Result<Reply<O::Output>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut call = self.project().call;
        let reply = match ready!(call.as_mut().poll(cx)) {
            Ok(response) if call.maybe_applied() => O::reply_from_retry(response),
            Ok(response) => O::reply_from_response(response),
            Err(error) => return Poll::Ready(Err(error)),
        };
        Poll::Ready(reply.map_err(|error| call.rejected(error)))
    }
}

impl<O: Operation, S: Transport, T: Timer> fmt::Debug for ReplyFuture<O, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyFuture").field("operation", &O::META.id).finish_non_exhaustive()
    }
}
