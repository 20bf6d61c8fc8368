//! [`Check`]: the names of the checks.

use std::fmt;

/// Declares [`Check`]: each check with its name, its docs, and the advice for a transport that fails it.
macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $advice:literal;)+) => {
        /// A check of the conformance run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Check {
            /// Every check, in the order of the run.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name: the variant's name in snake case. Names do not change.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Returns the usual reason for a failure of this check, and what to do.
            pub const fn advice(self) -> &'static str {
                match self {
                    $(Self::$variant => $advice,)+
                }
            }
        }
    };
}

checks! {
    /// A list arrives as the server sent it.
    List = "list",
        "return the response's body as it arrived, and send the whole URL, with its port and path";
    /// An update with a JSON body takes effect once, and its success without a body is a success.
    Update = "update",
        "send the request's body once, and return a response without a body as a response with an empty body";
    /// Method, path, query, headers and body arrive unchanged, with exactly one `Authorization` header.
    ///
    /// The `User-Agent` is not compared, because browsers replace it.
    Request = "request",
        "copy every header once, also `Host` and `Authorization`, and do not decode or encode the URL again";
    /// Bodies of 480 kB arrive whole in both directions. So do responses of 8 MiB, and pages of a data sync of 16 MiB.
    LargeBodies = "large_bodies",
        "read the body to its end, and set its limit to at least 8 MiB, and to 256 MiB for pages of a data sync";
    /// A list of several pages is complete and in order.
    Pages = "pages",
        "send the query of the URL unchanged";
    /// An error response becomes an error with the server's code, after one attempt.
    ErrorCode = "error_code",
        "return responses of every status with their body: most HTTP clients have a setting for that";
    /// After a 503, the call is repeated.
    Unavailable = "unavailable",
        "put the retries around the transport: `ClientBuilder::build_on`, or a loop over `RetryState`";
    /// The wait that a `Retry-After` header asks for is observed.
    RetryAfter = "retry_after",
        "copy every header of the response, and switch off the retries of the HTTP client";
    /// An idempotent call whose response is lost is repeated.
    LostResponse = "lost_response",
        "return the error of a broken connection as `TransportError::connection`, or `Outcome::NoResponse`, with `Sent::Maybe`";
    /// A create whose response is lost, or has status 503, is sent once, and its error states that it may have taken effect.
    LostCreate = "lost_create",
        "switch off the retries of the HTTP client, and report `Sent::Maybe` for every error after the request was sent";
    /// An attempt without a response ends after the attempt timeout, and the call is repeated. A create is sent once, and its error states
    /// that it may have taken effect.
    AttemptTimeout = "attempt_timeout",
        "bound each attempt: `ClientBuilder::build_on` does so; a blocking client sets its own timeout, and reports `Sent::Maybe` after it";
    /// A call ends at its deadline, and the error of a create states that it may have taken effect.
    Deadline = "deadline",
        "bound the call: `ClientBuilder::total_timeout`, or the total timeout of `RetryState`";
    /// A redirect is an error. The client does not send the request, nor its credential, to another URL.
    Redirect = "redirect",
        "switch off redirects in the HTTP client";
    /// A response whose body ends early is an error, with either framing of HTTP/1.1.
    TruncatedBody = "truncated_body",
        "fail if the body ends before its `Content-Length`, or before its last chunk";
    /// If nobody listens at the address, the error states that nothing was sent.
    NobodyListens = "nobody_listens",
        "return `TransportError::connect`, or `Outcome::NoResponse(Sent::No)`, for errors before the request is sent";
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
