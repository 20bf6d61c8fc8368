//! Spans for calls and attempts, with the field names of OpenTelemetry's conventions. Feature `tracing`; without it all of
//! this is nothing.
//!
//! A span holds the operation, the path's template and the host: never a filled path, a query, a header or a body.

#[cfg(feature = "tracing")]
mod spans {
    use std::time::Duration;

    use bytes::Bytes;
    use convex_mgmt_proto::{Deprecation, OperationMeta, Outcome};
    use http::{Request, Response};
    use tracing::instrument::Instrumented;
    use tracing::span::Entered;
    use tracing::{Instrument, Span, field};

    use crate::error::Error;

    /// The span of a call, around all its attempts.
    #[derive(Clone, Debug)]
    pub(crate) struct CallSpan(Span);

    impl CallSpan {
        pub(crate) fn new(operation: &OperationMeta, request: &Request<Bytes>) -> Self {
            Self(tracing::info_span!(
                "convex_mgmt.call",
                "otel.name" = operation.id,
                "otel.kind" = "client",
                "http.request.method" = operation.method.as_str(),
                "url.template" = operation.path,
                "server.address" = request.uri().host().unwrap_or_default(),
                "http.response.status_code" = field::Empty,
                "error.type" = field::Empty,
            ))
        }

        pub(crate) fn enter(&self) -> Entered<'_> {
            self.0.enter()
        }

        pub(crate) fn answered(&self, response: &Response<Bytes>) {
            self.0.record("http.response.status_code", response.status().as_u16());
            if let Some(Deprecation { state, message, .. }) = Deprecation::from_headers(response.headers()) {
                self.0.in_scope(|| tracing::warn!(state, message, "the server says that this client is too old"));
            }
        }

        pub(crate) fn failed(&self, error: &Error) {
            self.0.record("error.type", field::debug(error.kind()));
        }
    }

    pub(crate) type Attempt<F> = Instrumented<F>;

    /// The span of one attempt.
    pub(crate) fn attempt<F: Future>(future: F, attempt: u32) -> Attempt<F> {
        future.instrument(tracing::debug_span!("convex_mgmt.attempt", "http.request.resend_count" = attempt - 1))
    }

    pub(crate) fn retry(attempt: u32, delay: Duration, outcome: &Outcome) {
        let status = match outcome {
            Outcome::ErrorResponse { status, .. } => Some(status.as_u16()),
            _ => None,
        };
        tracing::debug!(attempt, ?delay, status, "trying again");
    }
}

#[cfg(not(feature = "tracing"))]
mod spans {
    use std::time::Duration;

    use bytes::Bytes;
    use convex_mgmt_proto::{OperationMeta, Outcome};
    use http::{Request, Response};

    use crate::error::Error;

    #[derive(Clone, Debug)]
    pub(crate) struct CallSpan;

    pub(crate) struct Entered;

    impl CallSpan {
        pub(crate) fn new(_operation: &OperationMeta, _request: &Request<Bytes>) -> Self {
            Self
        }

        pub(crate) fn enter(&self) -> Entered {
            Entered
        }

        pub(crate) fn answered(&self, _response: &Response<Bytes>) {}

        pub(crate) fn failed(&self, _error: &Error) {}
    }

    pub(crate) type Attempt<F> = F;

    pub(crate) fn attempt<F>(future: F, _attempt: u32) -> Attempt<F> {
        future
    }

    pub(crate) fn retry(_attempt: u32, _delay: Duration, _outcome: &Outcome) {}
}

pub(crate) use spans::{Attempt, CallSpan, attempt, retry};
