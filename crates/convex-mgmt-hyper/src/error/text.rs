//! The texts of an [`Error`]: `Display`, the summary without a remedy, and `Debug`.

use std::fmt;
use std::time::Duration;

use convex_mgmt_proto::{
    Acceptance, AccessTokenKind, Api, ApiError, Compatibility, CredentialClass, CredentialKind, DeploymentApi,
    ErrorCode, ManagementApi, OperationMeta, ResponseError, Sent,
};
use http::StatusCode;

use super::call::{Cause, Error, Inner};
use super::kind::ErrorKind;
use super::transport::TransportErrorKind;

impl Error {
    /// Returns the text of the error without the [remedy](Error::remedy), for callers that show the two separately.
    pub fn summary(&self) -> impl fmt::Display + '_ {
        Text { error: self, has_remedy: false }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text { error: self, has_remedy: true }.fmt(f)
    }
}

/// What failed, what is known about the operation, and the next step.
struct Text<'a> {
    error: &'a Error,
    has_remedy: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, has_remedy } = *self;
        let Inner { operation, url, attempts, elapsed, sent, credential: _, cause } = &*error.0;
        write!(f, "{}: ", operation.id)?;
        match cause {
            Cause::Build(error) => return write!(f, "{error}; nothing was sent"),
            Cause::PlanConflict(error) => return write!(f, "{error}; nothing was changed"),
            Cause::PlanRejected(error) => return write!(f, "{error}; nothing was changed"),
            Cause::Confirmation(error) => return write!(f, "{error}; nothing was changed"),
            Cause::Pagination(error) => return error.fmt(f),
            Cause::TooManyItems(max) => {
                return write!(f, "the list has more than {max} items: raise the limit, or walk it by page");
            }
            Cause::Endpoint(error) => error.fmt(f)?,
            Cause::Transport(error) => error.describe(host(url)).fmt(f)?,
            Cause::Response(ResponseError::Api(error)) if !has_remedy => error.summary().fmt(f)?,
            Cause::Response(error) => error.fmt(f)?,
        }
        match error.compatibility() {
            Some(Compatibility { acceptance: Acceptance::Rejected, reason, .. }) => write!(f, "; {reason}")?,
            Some(Compatibility { acceptance: Acceptance::Unknown, reason, .. }) if kind_may_be_wrong(error) => {
                write!(f, "; {reason}")?;
            }
            Some(Compatibility { permission: Some(permission), .. })
                // The server usually names the permission itself.
                if error.code() == Some(&ErrorCode::OperationNotPermitted)
                    && error.api_error().and_then(ApiError::missing_permission).is_none() =>
            {
                write!(f, "; the operation needs {permission}")?;
            }
            _ => {}
        }
        // `Client::wait_until_ready` makes several attempts.
        if has_remedy && may_be_new(error) && attempts.count < 2 {
            f.write_str("; a new deployment may respond so for some seconds: wait with `Client::wait_until_ready`")?;
        }
        let (known, next) = match (cause, sent) {
            // The text of the cause says it.
            (Cause::Transport(error), Sent::No) if error.kind() == TransportErrorKind::Unprocessed => ("", ""),
            (Cause::Transport(_), Sent::No) => ("; nothing was sent", ""),
            (Cause::Response(_), _) if error.is_applied() && shows_no_secret(operation) => {
                ("; the operation took effect", "to find the result and delete it: its secret is lost")
            }
            _ if error.is_applied() => ("; the operation took effect", "to find the result"),
            _ if error.kind() != ErrorKind::OutcomeUnknown => ("", ""),
            _ if error.last_maybe_applied() => ("; the operation may have taken effect", "to check"),
            _ => ("; an earlier attempt may have taken effect", "to check"),
        };
        f.write_str(known)?;
        if let Some(id) = error.verify_with() {
            write!(f, "; call {id} {next}")?;
        }
        if attempts.count > 1 {
            write!(f, " ({} attempts in {})", attempts.count, Time(*elapsed))?;
        }
        Ok(())
    }
}

/// Returns `true` if a token of a kind that the operation does not list may have been sent. The text of personal and team tokens does
/// not show which of the two they are, so that is of use only if the operation lists one of them.
fn kind_may_be_wrong(error: &Error) -> bool {
    let lists = |class| error.operation().credentials.contains(&class);
    let is_management = error.operation().api == ManagementApi::KEY;
    match error.0.credential {
        Some(CredentialKind::AccessToken(AccessTokenKind::Opaque)) => {
            lists(CredentialClass::PersonalToken) != lists(CredentialClass::TeamToken)
        }
        Some(CredentialKind::AccessToken(AccessTokenKind::Personal)) => !is_management,
        _ => false,
    }
}

/// Returns `true` if the response has a secret that the operation to verify with does not show, such as a new deploy key.
fn shows_no_secret(operation: &OperationMeta) -> bool {
    operation.secret_response && operation.verify_with.is_some_and(|with| !with.secret_response)
}

/// Returns `true` for the response at the URL of a deployment that does not exist everywhere yet.
fn may_be_new(error: &Error) -> bool {
    let is_404 = matches!(error.response_error(), Some(ResponseError::Unexpected(reply)) if reply.status == StatusCode::NOT_FOUND);
    is_404 && error.operation().api == DeploymentApi::KEY
}

/// The host of an endpoint's URL, with its port.
fn host(url: &str) -> &str {
    url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default()
}

/// A duration for a person: in milliseconds below one second, and in seconds above.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            short if short < Duration::from_secs(1) => write!(f, "{} ms", short.as_millis()),
            long => write!(f, "{:.1} s", long.as_secs_f64()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, url, attempts, elapsed, sent, credential, cause } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("operation", &operation.id).field("url", url);
        debug.field("kind", &self.kind()).field("cause_kind", &self.cause_kind());
        debug.field("attempts", &attempts.count).field("elapsed", elapsed).field("sent", sent);
        if let Some(kind) = credential {
            debug.field("credential", &kind.describe());
        }
        match cause {
            Cause::Build(error) => debug.field("cause", error),
            Cause::PlanConflict(error) => debug.field("cause", error),
            Cause::PlanRejected(error) => debug.field("cause", error),
            Cause::Confirmation(error) => debug.field("cause", error),
            Cause::Pagination(error) => debug.field("cause", error),
            Cause::TooManyItems(max) => debug.field("max_items", max),
            Cause::Endpoint(error) => debug.field("cause", error),
            Cause::Transport(error) => debug.field("cause", error),
            Cause::Response(error) => debug.field("cause", error),
        };
        debug.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_times_below_a_second_in_milliseconds() {
        for (time, text) in [(0, "0 ms"), (340, "340 ms"), (999, "999 ms"), (1000, "1.0 s"), (61_240, "61.2 s")] {
            assert_eq!(Time(Duration::from_millis(time)).to_string(), text);
        }
    }

    #[test]
    fn explains_a_credential_of_the_wrong_kind_after_the_cause() {
        use bytes::Bytes;
        use convex_mgmt_proto::management::ListPersonalAccessTokens;
        use convex_mgmt_proto::{AccessTokenKind, CredentialKind, Operation};

        use crate::error::Attempts;

        let response = http::Response::builder().status(403).body(Bytes::from_static(b"{}")).unwrap();
        let cause = Cause::Response(ListPersonalAccessTokens::from_response(response).unwrap_err());
        let (meta, url) = (ListPersonalAccessTokens::META, "https://api.convex.dev".into());
        let error = Error::new(meta, url, Attempts::ONE, Duration::ZERO, Sent::Maybe, cause);
        assert!(!error.to_string().contains("does not accept"), "{error}");
        let error = error.with_credential(CredentialKind::AccessToken(AccessTokenKind::OAuthTeam));
        let reason = "; the operation does not accept an OAuth token of a team: use a personal access token";
        assert!(error.to_string().ends_with(reason), "{error}");
        assert!(format!("{error:?}").contains("an OAuth token of a team"), "{error:?}");
    }

    #[test]
    fn finds_the_host_of_a_url() {
        for (url, expected) in [
            ("https://happy-animal-123.convex.cloud", "happy-animal-123.convex.cloud"),
            ("http://[::1]:3210/convex", "[::1]:3210"),
            ("", ""),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
