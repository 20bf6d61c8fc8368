//! [`RecordedRequest`]: a request that the fake received, and [`Requests`], the latest of them.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use super::faults::Fault;

/// A request that the fake received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// The request target: an absolute URL in process, a path and a query over a socket.
    pub uri: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The fault that was injected into this request.
    pub fault: Option<Fault>,
    /// The status of the handler's response, even if the client did not receive it. `None` if no handler ran because of
    /// a fault.
    pub status: Option<StatusCode>,
}

/// The requests that a server received. The number of a request stays the same when older ones are forgotten.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    forgotten: usize,
    kept: VecDeque<RecordedRequest>,
}

impl Requests {
    /// Adds a request and returns its number. Only the latest `most` are kept, and always this one.
    pub(crate) fn push(&mut self, request: RecordedRequest, most: usize) -> usize {
        self.kept.push_back(request);
        while self.kept.len() > most.max(1) {
            self.kept.pop_front();
            self.forgotten += 1;
        }
        self.forgotten + self.kept.len() - 1
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut RecordedRequest> {
        self.kept.get_mut(number.checked_sub(self.forgotten)?)
    }

    /// The kept requests with their numbers, from a number on.
    pub(crate) fn since(&self, number: usize) -> impl Iterator<Item = (usize, &RecordedRequest)> {
        (self.forgotten..).zip(&self.kept).skip(number.saturating_sub(self.forgotten))
    }
}
