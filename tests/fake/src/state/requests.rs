//! [`RecordedRequest`]: a request that the fake received.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use super::faults::Fault;

/// A request that the fake received.
#[derive(Clone, Debug, PartialEq, Eq)]
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
