//! [`ErrorKind`]: the kinds of [`Error`](super::Error).

use std::fmt;

/// Declares an enum without fields whose variants have names for logs.
macro_rules! named_kinds {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$meta])*
        pub enum $name { $( $(#[$variant_meta])* $variant, )+ }

        impl $name {
            /// Every kind.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Returns the name for logs and metrics: the variant's name in snake case. Names do not change.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $text, )+
                }
            }
        }
    };
}

named_kinds! {
    /// The kinds of [`Error`](crate::Error).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum ErrorKind {
        /// The request was not built: a value breaks a rule. Nothing was sent. [`Error::build_error`](crate::Error::build_error)
        /// returns the rules.
        Build = "build",
        /// The plan for environment variables is out of date: variables changed after it was made. Nothing was changed.
        /// [`Error::conflicting_variables`](crate::Error::conflicting_variables) returns their names.
        PlanConflict = "plan_conflict",
        /// The plan for environment variables is probably a mistake. It deletes every owned variable without permission, or
        /// owns an empty prefix or name. Nothing was changed. [`Error::plan_error`](crate::Error::plan_error) returns the reason.
        PlanRejected = "plan_rejected",
        /// The operation is destructive, and it has no confirmation or that of another operation. Nothing was sent. Read the losses with
        /// [`Client::losses`](crate::Client::losses), then call [`Client::send_confirmed`](crate::Client::send_confirmed).
        NotConfirmed = "not_confirmed",
        /// The losses of a destructive operation changed after they were confirmed. The operation was not sent.
        /// [`Error::confirmation_error`](crate::Error::confirmation_error) returns the changes and the current losses.
        ConfirmationStale = "confirmation_stale",
        /// The server returned the same cursor twice, so the list cannot be walked further. All pages so far are valid.
        Pagination = "pagination",
        /// The list has more items than [`Pages::collect`](crate::Pages::collect) was allowed to collect.
        TooManyItems = "too_many_items",
        /// The Management API returned a deployment without a usable URL, or a deploy key that is not a credential.
        /// [`Error::endpoint_error`](crate::Error::endpoint_error) returns the reason.
        Endpoint = "endpoint",
        /// The host name of the URL does not resolve. Nothing was sent.
        Dns = "dns",
        /// Could not connect: the connection was refused, the network is unreachable, or connecting timed out. Nothing was sent.
        Connect = "connect",
        /// The TLS handshake failed, for example because the certificate is not trusted, or only one of client and server speaks
        /// TLS. The operation was not executed.
        Tls = "tls",
        /// The proxy rejected the connection. Nothing was sent.
        Proxy = "proxy",
        /// The connection broke before the response ended.
        Connection = "connection",
        /// The server did not process the request: it refused the HTTP/2 stream, or closed the connection before it.
        Unprocessed = "unprocessed",
        /// The response is not valid HTTP. The server speaks another protocol at this port, the head is malformed or larger than
        /// [`HEAD_LIMIT`](crate::defaults::HEAD_LIMIT), or the framing of the body is malformed.
        InvalidResponse = "invalid_response",
        /// The last attempt waited too long for the head of the response, or for more of its body.
        AttemptTimeout = "attempt_timeout",
        /// The call with all its attempts took too long.
        DeadlineExceeded = "deadline_exceeded",
        /// The response body is larger than the client's limit.
        ResponseTooLarge = "response_too_large",
        /// The server rejected the credential, and the source of new credentials failed. The operation was not executed.
        Credential = "credential",
        /// The server returned an error with a code ([`Error::code`](crate::Error::code)).
        Api = "api",
        /// The response is a redirect. It was not followed.
        Redirect = "redirect",
        /// The response is neither a success nor one of the server's errors.
        UnexpectedReply = "unexpected_reply",
        /// The response has the status of a success, but cannot be read. For a write,
        /// [`Error::is_applied`](crate::Error::is_applied) is then `true`: if that is uncertain, the kind is
        /// [`ErrorKind::OutcomeUnknown`].
        Decode = "decode",
        /// A layer or transport of the integrator failed.
        Layer = "layer",
        /// The outcome of a write is unknown: there was no conclusive response.
        /// [`Error::verify_with`](crate::Error::verify_with) returns the operation that shows the current state,
        /// [`Error::cause_kind`](crate::Error::cause_kind) the failure.
        OutcomeUnknown = "outcome_unknown",
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
