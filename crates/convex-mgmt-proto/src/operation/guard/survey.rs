//! [`Survey`]: reads what a destructive operation would destroy, without IO.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use thiserror::Error;

use super::super::interface::{Operation, Unchecked};
use super::super::paging::{Paged, Pager, PagingError};
use super::losses::{Loss, Losses};
use crate::error::BuildError;
use crate::metadata::{Api, OperationMeta};
use crate::request::Endpoint;
use crate::response::ResponseError;
use crate::types::Secret;

/// A destructive operation whose losses can be read before it is sent.
///
/// Every operation of this library with [`OperationMeta::destroys`] implements it. Implement it for a custom operation to send it through a
/// client that requires confirmations.
pub trait Destructive: Operation {
    /// Creates the reading of what this request would destroy. It reads nothing if the request destroys nothing
    /// ([`Operation::is_destructive`]).
    fn survey(&self) -> Survey<Self::Api>;
}

impl<O: Destructive> Destructive for Unchecked<O> {
    fn survey(&self) -> Survey<O::Api> {
        self.0.survey()
    }
}

/// The reading of what a destructive operation would destroy: a few reads, one after the other. It performs no IO.
///
/// The caller sends the request of [`Survey::step`] and passes the response to [`Survey::accept`], until the survey has ended.
///
/// ```
/// use convex_mgmt::guard::{Losses, Survey, SurveyStep};
/// use convex_mgmt::bytes::Bytes;
/// use convex_mgmt::http::{Request, Response};
/// use convex_mgmt::{Endpoint, ManagementApi};
///
/// fn read(
///     mut survey: Survey<ManagementApi>,
///     endpoint: &Endpoint<ManagementApi>,
///     send: impl Fn(Request<Bytes>) -> Response<Bytes>,
/// ) -> Result<Losses, Box<dyn std::error::Error>> {
///     loop {
///         match survey.step(endpoint)? {
///             SurveyStep::Read { request, .. } => survey.accept(send(request))?,
///             SurveyStep::Ended(losses) => return Ok(losses),
///         }
///     }
/// }
/// ```
pub struct Survey<A> {
    losses: Losses,
    reads: VecDeque<Box<dyn Read<A> + Send>>,
}

/// The next step of a survey.
#[derive(Debug)]
pub enum SurveyStep {
    /// A request to send.
    Read {
        /// The operation of the request.
        operation: &'static OperationMeta,
        /// The request.
        request: Request<Bytes>,
    },
    /// There is no further request.
    Ended(Losses),
}

/// An error of a survey before its next request. The survey cannot be completed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}: {reason}", operation.id)]
#[non_exhaustive]
pub struct SurveyError {
    /// The read whose request cannot be built.
    pub operation: &'static OperationMeta,
    /// The reason.
    pub reason: SurveyErrorReason,
}

/// The reason of a [`SurveyError`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SurveyErrorReason {
    /// The request cannot be built.
    #[error(transparent)]
    Build(BuildError),
    /// The server returned the same cursor twice, so the list cannot be walked to its end.
    #[error(transparent)]
    Paging(PagingError),
}

impl<A: Api> Survey<A> {
    /// Begins the survey of an operation. `target` names the object of the request for a person, such as `project 7`, with everything
    /// that distinguishes it from other requests of the operation. It contains no secret.
    pub fn new(operation: &'static OperationMeta, target: impl Into<String>) -> Self {
        Self { losses: Losses::new(operation, target.into()), reads: VecDeque::new() }
    }

    /// Adds the secret that selects the object. A confirmation is for this secret only.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.losses.set_secret(secret.into());
        self
    }

    /// Adds an object that is known without reading.
    pub fn loss(mut self, loss: Loss) -> Self {
        self.losses.push(loss);
        self
    }

    /// Adds a read. `take` adds the objects of its output to the losses.
    pub fn read<O>(mut self, operation: O, take: impl FnMut(O::Output, &mut Losses) + Send + 'static) -> Self
    where
        O: Operation<Api = A> + Send + 'static,
    {
        self.reads.push_back(Box::new(Single { operation, take }));
        self
    }

    /// Adds the walk over all pages of a list. `take` adds an item to the losses, if it would be destroyed.
    pub fn pages<O>(mut self, operation: O, take: impl FnMut(O::Item, &mut Losses) + Send + 'static) -> Self
    where
        O: Paged<Api = A> + Send + 'static,
    {
        self.reads.push_back(Box::new(Walk { pager: Pager::new(operation), take }));
        self
    }

    /// Returns the next step. It returns the same request again until [`Survey::accept`] accepts its response.
    ///
    /// # Errors
    /// A [`SurveyError`] if the next request cannot be built.
    pub fn step(&self, endpoint: &Endpoint<A>) -> Result<SurveyStep, SurveyError> {
        let Some(read) = self.reads.front() else { return Ok(SurveyStep::Ended(self.losses.clone())) };
        let operation = read.operation();
        match read.request(endpoint) {
            Ok(request) => Ok(SurveyStep::Read { operation, request }),
            Err(reason) => Err(SurveyError { operation, reason }),
        }
    }

    /// Reads the response to the last request.
    ///
    /// # Errors
    /// A [`ResponseError`]. The next request is then the same one.
    pub fn accept(&mut self, response: Response<Bytes>) -> Result<(), ResponseError> {
        let Some(read) = self.reads.front_mut() else { return Ok(()) };
        if read.accept(response, &mut self.losses)? {
            self.reads.pop_front();
        }
        Ok(())
    }

    /// Returns the losses so far. Before the first response they show the operation and the object, which is enough to reject a
    /// confirmation for another one.
    pub fn so_far(&self) -> &Losses {
        &self.losses
    }
}

impl<A> fmt::Debug for Survey<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Survey").field("losses", &self.losses).field("reads", &self.reads.len()).finish()
    }
}

/// A read of a survey, without the types of its operation.
trait Read<A> {
    fn operation(&self) -> &'static OperationMeta;
    fn request(&self, endpoint: &Endpoint<A>) -> Result<Request<Bytes>, SurveyErrorReason>;
    /// Returns `true` after the last response.
    fn accept(&mut self, response: Response<Bytes>, losses: &mut Losses) -> Result<bool, ResponseError>;
}

/// One call.
struct Single<O, F> {
    operation: O,
    take: F,
}

impl<O, F> Read<O::Api> for Single<O, F>
where
    O: Operation,
    F: FnMut(O::Output, &mut Losses),
{
    fn operation(&self) -> &'static OperationMeta {
        O::META
    }

    fn request(&self, endpoint: &Endpoint<O::Api>) -> Result<Request<Bytes>, SurveyErrorReason> {
        self.operation.to_request(endpoint).map_err(SurveyErrorReason::Build)
    }

    fn accept(&mut self, response: Response<Bytes>, losses: &mut Losses) -> Result<bool, ResponseError> {
        (self.take)(O::from_response(response)?, losses);
        Ok(true)
    }
}

/// The walk over a list.
struct Walk<O: Paged, F> {
    pager: Pager<O>,
    take: F,
}

impl<O, F> Read<O::Api> for Walk<O, F>
where
    O: Paged,
    F: FnMut(O::Item, &mut Losses),
{
    fn operation(&self) -> &'static OperationMeta {
        O::META
    }

    fn request(&self, endpoint: &Endpoint<O::Api>) -> Result<Request<Bytes>, SurveyErrorReason> {
        match self.pager.request() {
            Ok(Some(operation)) => operation.to_request(endpoint).map_err(SurveyErrorReason::Build),
            // A walk that has ended is no longer in the queue.
            Ok(None) => Err(SurveyErrorReason::Build(BuildError::Template { operation: O::META.id })),
            Err(error) => Err(SurveyErrorReason::Paging(error)),
        }
    }

    fn accept(&mut self, response: Response<Bytes>, losses: &mut Losses) -> Result<bool, ResponseError> {
        let page = O::from_response(response)?;
        self.pager.accept(page).into_iter().for_each(|item| (self.take)(item, losses));
        Ok(matches!(self.pager.request(), Ok(None)))
    }
}
