//! The spans and events of the feature `tracing`, which [`layers`](crate::layers) documents. Without the feature they are empty.
//!
//! They hold the operation, the template of its path, the host and the server's code: never a filled path, a query, a header or
//! a body.

#[cfg(feature = "tracing")]
mod spans {
    use std::borrow::Cow;
    use std::time::Duration;

    use bytes::Bytes;
    use convex_mgmt_proto::{Deprecation, ErrorCode, OperationMeta, Outcome};
    use http::uri::Scheme;
    use http::{Request, Response, Uri};
    use tracing::instrument::Instrumented;
    use tracing::span::Entered;
    use tracing::{Instrument, Span, field};

    use crate::error::{Attempts, Error, TransportError};

    /// The span of a call, around all its attempts.
    #[derive(Clone, Debug)]
    pub(crate) struct CallSpan(Span);

    impl CallSpan {
        /// The span before the call starts.
        pub(crate) fn none() -> Self {
            Self(Span::none())
        }

        pub(crate) fn new(operation: &OperationMeta, request: &Request<Bytes>) -> Self {
            Self(tracing::info_span!(
                target: "convex_mgmt",
                "convex_mgmt.call",
                "otel.name" = operation.id,
                "otel.kind" = "client",
                "otel.status_code" = field::Empty,
                "http.request.method" = operation.method.as_str(),
                "url.template" = %format_args!("{}{}", operation.prefix, operation.path),
                "server.address" = request.uri().host().unwrap_or_default(),
                "server.port" = port(request.uri()),
                "http.request.resend_count" = field::Empty,
                "http.response.status_code" = field::Empty,
                "error.type" = field::Empty,
                "convex.error.code" = field::Empty,
            ))
        }

        pub(crate) fn enter(&self) -> Entered<'_> {
            self.0.enter()
        }

        pub(crate) fn responded(&self, response: &Response<Bytes>, attempts: Attempts) {
            self.0.record("http.response.status_code", response.status().as_u16());
            self.resent(attempts.count);
            if let Some(Deprecation { state, message, .. }) = Deprecation::from_headers(response.headers()) {
                self.0.in_scope(|| {
                    tracing::warn!(
                        target: "convex_mgmt",
                        { "convex.deprecation.state" = state, "convex.deprecation.message" = message },
                        "the server deprecates this version of the library"
                    );
                });
            }
        }

        pub(crate) fn failed(&self, error: &Error) {
            self.0.record("otel.status_code", "ERROR");
            self.0.record("error.type", error.kind().as_str());
            if let Some(code) = error.code() {
                self.0.record("convex.error.code", code.printable());
            }
            self.resent(error.attempts());
        }

        fn resent(&self, attempts: u32) {
            if attempts > 1 {
                self.0.record("http.request.resend_count", attempts - 1);
            }
        }
    }

    fn port(uri: &Uri) -> u16 {
        uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 })
    }

    pub(crate) type Attempt<F> = Instrumented<F>;

    /// Puts an attempt into a span. `number` counts from 1.
    pub(crate) fn attempt<F: Future>(future: F, number: u32) -> Attempt<F> {
        future.instrument(tracing::debug_span!(
            target: "convex_mgmt",
            "convex_mgmt.attempt",
            "http.request.resend_count" = number.saturating_sub(1),
            "http.response.status_code" = field::Empty,
            "error.type" = field::Empty,
        ))
    }

    /// Records the end of an attempt in its span.
    pub(crate) fn attempt_ended<F>(attempt: &Attempt<F>, result: Result<&Response<Bytes>, &TransportError>) {
        let span = attempt.span();
        if let Ok(response) = result {
            span.record("http.response.status_code", response.status().as_u16());
        }
        if let Some(error) = error_type(result) {
            span.record("error.type", &*error);
        }
    }

    /// Returns the reason why an attempt failed: the status of its response, or the kind of the transport error.
    fn error_type(result: Result<&Response<Bytes>, &TransportError>) -> Option<Cow<'static, str>> {
        match result {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().as_str().to_owned().into()),
            Err(error) => Some(error.kind().as_str().into()),
        }
    }

    /// Reports that an attempt is followed by another one after `delay`, and why. `number` counts from 1.
    pub(crate) fn retry(
        number: u32,
        delay: Duration,
        result: Result<&Response<Bytes>, &TransportError>,
        outcome: &Outcome,
    ) {
        let code = match outcome {
            Outcome::ErrorResponse { code, .. } => code.as_ref().map(ErrorCode::printable),
            _ => None,
        };
        let outcome = match outcome {
            Outcome::ErrorResponse { .. } if outcome.is_conflict() => "write_conflict",
            Outcome::ErrorResponse { .. } => "error_response",
            Outcome::Unprocessed => "unprocessed",
            _ => "no_response",
        };
        tracing::debug!(
            target: "convex_mgmt",
            attempt = number,
            delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            outcome,
            "error.type" = error_type(result).as_deref(),
            "convex.error.code" = code,
            "retrying"
        );
    }
}

#[cfg(not(feature = "tracing"))]
mod spans {
    use std::time::Duration;

    use bytes::Bytes;
    use convex_mgmt_proto::{OperationMeta, Outcome};
    use http::{Request, Response};

    use crate::error::{Attempts, Error, TransportError};

    #[derive(Clone, Debug)]
    pub(crate) struct CallSpan;

    pub(crate) struct Entered;

    impl CallSpan {
        pub(crate) fn none() -> Self {
            Self
        }

        pub(crate) fn new(_operation: &OperationMeta, _request: &Request<Bytes>) -> Self {
            Self
        }

        pub(crate) fn enter(&self) -> Entered {
            Entered
        }

        pub(crate) fn responded(&self, _response: &Response<Bytes>, _attempts: Attempts) {}

        pub(crate) fn failed(&self, _error: &Error) {}
    }

    pub(crate) type Attempt<F> = F;

    pub(crate) fn attempt<F>(future: F, _number: u32) -> Attempt<F> {
        future
    }

    pub(crate) fn attempt_ended<F>(_attempt: &Attempt<F>, _result: Result<&Response<Bytes>, &TransportError>) {}

    pub(crate) fn retry(
        _number: u32,
        _delay: Duration,
        _result: Result<&Response<Bytes>, &TransportError>,
        _outcome: &Outcome,
    ) {
    }
}

pub(crate) use spans::{Attempt, CallSpan, attempt, attempt_ended, retry};
