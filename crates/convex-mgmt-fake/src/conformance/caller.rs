//! [`Caller`]: the client under test, and [`Failure`], what a check reads of its errors.

use std::error::Error as StdError;
use std::future::Future;

use convex_mgmt_hyper::{Client, Error, ErrorKind, Timer, Transport};
use convex_mgmt_proto::{Applied, CallError, DeploymentApi, ErrorCode, Operation, Sent};

/// A client of the Deployment Platform API.
///
/// [`convex_mgmt_hyper::Client`] implements it over any transport. A client with a loop of its own over
/// [`RetryState`](convex_mgmt_proto::RetryState) implements it in a few lines, with [`CallError`] as the error.
pub trait Caller {
    /// The error of a call.
    type Error: Failure;

    /// Sends an operation with all its attempts and returns its output.
    ///
    /// A blocking client blocks in the future. The future does not have to be `Send`.
    fn call<O: Operation<Api = DeploymentApi>>(
        &self,
        operation: &O,
    ) -> impl Future<Output = Result<O::Output, Self::Error>>;
}

impl<C: Caller> Caller for &C {
    type Error = C::Error;

    fn call<O: Operation<Api = DeploymentApi>>(
        &self,
        operation: &O,
    ) -> impl Future<Output = Result<O::Output, Self::Error>> {
        C::call(self, operation)
    }
}

impl<S: Transport, T: Timer> Caller for Client<DeploymentApi, S, T> {
    type Error = Error;

    fn call<O: Operation<Api = DeploymentApi>>(
        &self,
        operation: &O,
    ) -> impl Future<Output = Result<O::Output, Self::Error>> {
        self.send(operation)
    }
}

/// The facts about a failed call that the checks read.
pub trait Failure: StdError {
    /// Returns the server's error code, if the server sent one.
    fn code(&self) -> Option<&ErrorCode>;

    /// Returns whether the server may have received the request in any attempt.
    fn sent(&self) -> Sent;

    /// Returns the effect of the call on the server, over all attempts.
    fn applied(&self) -> Applied;
}

impl Failure for Error {
    fn code(&self) -> Option<&ErrorCode> {
        Error::code(self)
    }

    fn sent(&self) -> Sent {
        Error::sent(self)
    }

    fn applied(&self) -> Applied {
        match self.kind() {
            ErrorKind::OutcomeUnknown => Applied::Maybe,
            _ if self.is_applied() => Applied::Yes,
            _ => Applied::No,
        }
    }
}

impl<E: StdError + 'static> Failure for CallError<E> {
    fn code(&self) -> Option<&ErrorCode> {
        CallError::code(self)
    }

    fn sent(&self) -> Sent {
        CallError::sent(self)
    }

    fn applied(&self) -> Applied {
        CallError::applied(self)
    }
}
