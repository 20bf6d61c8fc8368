//! [`Reply`] and [`ResponseError`]: separates success responses from errors.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, LOCATION};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::Deserialize;
use thiserror::Error;

use super::decode::DecodeError;
use super::success::{self, ContentType};
use super::{Outcome, retry_after};
use crate::error::ErrorCode;
use crate::metadata::OperationMeta;
use crate::types::Printable;
use crate::types::json::{self, Plain};

/// The part of a response's body that an error keeps, in bytes.
pub const KEPT_BODY: usize = 64 * 1024;

/// The longest valid host name, in bytes. Longer ones are not shown.
const LONGEST_HOST: usize = 253;

const DEPRECATION_STATE: HeaderName = HeaderName::from_static("x-convex-deprecation-state");
const DEPRECATION_MESSAGE: HeaderName = HeaderName::from_static("x-convex-deprecation-message");

/// The output of a successful call, with the facts in the head of its response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The operation's output.
    pub output: T,
    /// The status: one of the 2xx, unless `already_deleted`.
    pub status: StatusCode,
    /// The server's notice that this client's version is too old, if there is one. Boxed, because it is rare.
    pub deprecation: Option<Box<Deprecation>>,
    /// `true` if a deletion found nothing to delete after an earlier attempt that may have taken effect. `status` is 404 then.
    pub already_deleted: bool,
}

/// The head of a success response.
pub(crate) struct Head {
    status: StatusCode,
    deprecation: Option<Box<Deprecation>>,
    /// `true` if it declares a JSON body, or no content type.
    json: bool,
    /// `true` for a deletion that found nothing.
    already_deleted: bool,
}

impl Head {
    /// Returns the head of a deletion that found nothing, if the response shows that.
    pub(crate) fn already_deleted(operation: &OperationMeta, response: &Response<Bytes>) -> Option<Self> {
        let not_found = operation.not_found_code?;
        match check(operation, response.status(), response.headers(), response.body()) {
            Err(ResponseError::Api(error)) if error.code == *not_found => {
                Some(Self { status: error.status, deprecation: error.deprecation, json: true, already_deleted: true })
            }
            _ => None,
        }
    }

    pub(crate) fn with<T>(self, output: T) -> Reply<T> {
        let Self { status, deprecation, already_deleted, .. } = self;
        Reply { output, status, deprecation, already_deleted }
    }

    /// The error for a body that does not fit the operation's output.
    pub(crate) fn unreadable(self, error: DecodeError, body: Bytes) -> ResponseError {
        let applied = success::is_the_apis(self.json, &body);
        ResponseError::Decode(Box::new(UnreadableReply { status: self.status, error, applied, body: Body::new(body) }))
    }
}

impl Reply<()> {
    /// Separates success responses from errors, for any operation. The body is empty for an operation without a reply body.
    pub(crate) fn open(operation: &OperationMeta, response: Response<Bytes>) -> Result<(Head, Bytes), ResponseError> {
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, &parts.headers);
        let json = check(operation, status, headers, &body)?.json;
        let deprecation = Deprecation::from_headers(headers).map(Box::new);
        let head = Head { status, deprecation, json, already_deleted: false };
        Ok((head, if operation.empty_response { Bytes::new() } else { body }))
    }
}

/// Separates success responses from errors, as far as that is possible without reading the body into a type.
fn check(
    operation: &OperationMeta,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<ContentType, ResponseError> {
    if !status.is_success() {
        return Err(refusal(status, headers, body.clone()));
    }
    success::check(operation, status, headers, body).map_err(|error| {
        ResponseError::Decode(Box::new(UnreadableReply {
            status,
            error,
            applied: false,
            body: Body::new(body.clone()),
        }))
    })
}

impl Outcome {
    /// Reads a response as far as the retry decision needs it. [`Outcome::Final`] is then a success that the API itself sent.
    /// Its body may still not fit the operation's type, which says nothing about the server.
    ///
    /// This reads the whole body of a response with a 2xx status. Such a response is never retried, so a caller without a
    /// [`RetryBudget`](crate::RetryBudget) can skip it.
    pub fn of(operation: &OperationMeta, response: &Response<Bytes>) -> Self {
        let (status, headers, body) = (response.status(), response.headers(), response.body());
        match check(operation, status, headers, body) {
            Err(error) => error.outcome(),
            Ok(content_type) if operation.empty_response || success::is_the_apis(content_type.json, body) => {
                Self::Final
            }
            Ok(_) => Self::ErrorResponse { status, code: None, retry_after: None },
        }
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: Bytes) -> ResponseError {
    // "Not modified" answers a conditional request, which is never sent, and names no location.
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let host = location.and_then(|text| text.parse::<Uri>().ok()).and_then(|uri| uri.host().map(str::to_owned));
        let host = host.filter(|host| host.len() <= LONGEST_HOST);
        return ResponseError::Redirect(Box::new(Redirect { status, host }));
    }
    let retry_after = retry_after::read(headers);
    match error_code(&body) {
        Some((code, message)) => {
            let deprecation = Deprecation::from_headers(headers).map(Box::new);
            let body = Body::new(body);
            ResponseError::Api(Box::new(ApiError { status, code, message, retry_after, deprecation, body }))
        }
        None => ResponseError::Unexpected(Box::new(UnexpectedReply {
            status,
            html: ContentType::of(headers, &body).html,
            coding: success::coding(headers),
            retry_after,
            body: Body::new(body),
        })),
    }
}

/// The code and the message of an error body, if it is one.
fn error_code(body: &[u8]) -> Option<(ErrorCode, String)> {
    #[derive(Deserialize)]
    struct ErrorBody {
        code: ErrorCode,
        #[serde(default)]
        message: String,
    }
    // Without the first check a list of two texts would do for the object.
    if !body.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let ErrorBody { code, message } = json::read::<Plain, _>(std::str::from_utf8(body).ok()?).ok()?;
    (!code.as_str().is_empty()).then_some((code, message))
}

/// The server's notice that this client's version is too old, or soon will be. Source: convex-backend
/// `crates/common/src/version.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deprecation {
    /// `Unsupported` or `UpgradeRequired` today.
    pub state: String,
    /// The server's message, in one line.
    pub message: String,
}

impl Deprecation {
    /// Reads the notice from a response's headers, for layers that see the response before its operation does.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        success::has(headers, &DEPRECATION_STATE)
            .then(|| Self { state: text(DEPRECATION_STATE), message: text(DEPRECATION_MESSAGE) })
    }
}

/// A response that is not a success. `Display` and `Debug` show no text of its body.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The server returned an error with a code.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// A redirect. It is never followed, because the credential is for this endpoint only.
    #[error(transparent)]
    Redirect(Box<Redirect>),
    /// Neither a success nor one of the server's errors.
    #[error(transparent)]
    Unexpected(Box<UnexpectedReply>),
    /// A success that cannot be read. [`UnreadableReply::applied`] is `true` if the operation took effect.
    #[error(transparent)]
    Decode(Box<UnreadableReply>),
}

impl ResponseError {
    /// Returns the status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Api(error) => error.status,
            Self::Redirect(error) => error.status,
            Self::Unexpected(error) => error.status,
            Self::Decode(error) => error.status,
        }
    }

    /// Returns the part that the retry decision needs.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Api(error) => Outcome::ErrorResponse {
                status: error.status,
                code: Some(error.code.clone()),
                retry_after: error.retry_after,
            },
            Self::Unexpected(reply) => {
                Outcome::ErrorResponse { status: reply.status, code: None, retry_after: reply.retry_after }
            }
            Self::Decode(reply) if reply.applied => Outcome::Final,
            Self::Redirect(_) | Self::Decode(_) => {
                Outcome::ErrorResponse { status: self.status(), code: None, retry_after: None }
            }
        }
    }

    /// Returns `true` if the operation may have taken effect, judging by this response alone.
    pub fn maybe_applied(&self) -> bool {
        self.outcome().maybe_applied()
    }

    /// Returns the wait that the response asks for before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Unexpected(error) => error.retry_after,
            Self::Redirect(_) | Self::Decode(_) => None,
        }
    }

    /// Returns the first [`KEPT_BODY`] bytes of the response's body. They may hold secrets.
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Api(error) => &error.body.0,
            Self::Redirect(_) => &[],
            Self::Unexpected(error) => &error.body.0,
            Self::Decode(error) => &error.body.0,
        }
    }
}

/// An error response with a code.
#[derive(Clone)]
#[non_exhaustive]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// The code.
    pub code: ErrorCode,
    message: String,
    /// The wait that the server asks for before the next attempt.
    pub retry_after: Option<Duration>,
    /// The server's notice that this client's version is too old, if there is one. Boxed, because it is rare.
    pub deprecation: Option<Box<Deprecation>>,
    body: Body,
}

impl ApiError {
    /// Returns the server's message for a person. It is not part of `Display` or `Debug`, because it may repeat what was sent.
    /// Do not match on it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the permission that the credential lacks, such as `deployment:env:write`, if the server names one.
    pub fn missing_permission(&self) -> Option<&str> {
        if self.code != ErrorCode::OperationNotPermitted {
            return None;
        }
        let (_, rest) = self.message.rsplit_once('(')?;
        let (permission, _) = rest.split_once(')')?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':';
        (permission.contains(':') && permission.bytes().all(word)).then_some(permission)
    }

    /// Returns `true` if the server's message is the only source of the next step: the request is wrong, and the library knows no remedy.
    fn explains_itself(&self) -> bool {
        self.status.is_client_error() && !self.message.is_empty()
    }

    /// Returns the text of the error without the [remedy](ErrorCode::remedy), for callers that show the two apart.
    pub fn summary(&self) -> impl fmt::Display + '_ {
        Text { error: self, remedy: None, has_remedy: false }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text { error: self, remedy: self.code.remedy(), has_remedy: true }.fmt(f)
    }
}

/// The text of an [`ApiError`], with a remedy or without.
struct Text<'a> {
    error: &'a ApiError,
    remedy: Option<&'static str>,
    has_remedy: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApiError { status, code, retry_after, .. } = self.error;
        write!(f, "the server returned {} {}", status.as_u16(), code.printable())?;
        match self.remedy {
            Some(remedy) => write!(f, ": {remedy}")?,
            None if self.has_remedy && self.error.explains_itself() => {
                f.write_str(": read the server's message with `ApiError::message`")?;
            }
            None => {}
        }
        if let Some(permission) = self.error.missing_permission() {
            write!(f, " ({permission})")?;
        }
        write_retry_after(*retry_after, f)
    }
}

/// Writes the wait that a response asks for.
fn write_retry_after(asked: Option<Duration>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match asked {
        Some(asked) => write!(f, " (retry after {} s)", asked.as_secs()),
        None => Ok(()),
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code.printable())
            .field("retry_after", &self.retry_after)
            .field("deprecation", &self.deprecation)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ApiError {}

/// A redirect. It was not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirect {
    /// The status.
    pub status: StatusCode,
    /// The host that it points to, if the response names a valid one.
    pub host: Option<String>,
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        match &self.host {
            Some(host) => write!(f, "a redirect ({status}) to {} was not followed: check the URL", Printable(host)),
            None => write!(f, "a redirect ({status}) was not followed: check the URL"),
        }
    }
}

impl std::error::Error for Redirect {}

/// A response that is neither a success nor one of the server's errors.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnexpectedReply {
    /// The status.
    pub status: StatusCode,
    /// `true` if the body is a web page, so that a proxy or gateway sent it.
    pub html: bool,
    /// The wait that the response asks for before the next attempt.
    pub retry_after: Option<Duration>,
    /// The `content-encoding` of the body, which is never asked for: `Some(None)` if it is not a known one.
    coding: Option<Option<&'static str>>,
    body: Body,
}

impl fmt::Display for UnexpectedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.body.0.len(), self.html) {
            (0, _) => "with an empty body",
            (_, true) => "with a web page",
            _ => "with a body that is not the API's",
        };
        write!(f, "got {} {what}", self.status.as_u16())?;
        match self.coding {
            Some(Some(name)) => write!(f, ", encoded with `{name}`")?,
            Some(None) => f.write_str(", in an unknown encoding")?,
            None => {}
        }
        match (self.status, self.body.0.is_empty()) {
            (StatusCode::NOT_FOUND, _) => f.write_str(": check that the URL belongs to a deployment or to the API"),
            (StatusCode::REQUEST_TIMEOUT, true) => f.write_str(": the server took too long"),
            _ => f.write_str(": a proxy or gateway may have sent it"),
        }?;
        write_retry_after(self.retry_after, f)
    }
}

impl std::error::Error for UnexpectedReply {}

/// A response with the status of a success that cannot be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnreadableReply {
    /// The status, one of the 2xx.
    pub status: StatusCode,
    /// The defect of the response, and its place.
    pub error: DecodeError,
    /// `true` if the API itself sent the response, so that the operation took effect. The body is then missing or cut off, or a
    /// JSON object or list with other fields or types than expected. `false` if a proxy or gateway may have sent it, such as a
    /// web page, an error object or bytes that are not JSON. The outcome of the operation is unknown then.
    pub applied: bool,
    body: Body,
}

impl fmt::Display for UnreadableReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.applied { "cannot be read" } else { "is not the API's" };
        write!(f, "the response ({}) {what}: {}", self.status.as_u16(), self.error)
    }
}

impl std::error::Error for UnreadableReply {}

/// The kept part of a body. `Debug` shows its length only.
#[derive(Clone)]
struct Body(Bytes);

impl Body {
    fn new(bytes: Bytes) -> Self {
        match bytes.split_at_checked(KEPT_BODY) {
            // A copy: a part of `Bytes` would keep the whole body in memory.
            Some((kept, rest)) if !rest.is_empty() => Self(Bytes::copy_from_slice(kept)),
            _ => Self(bytes),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests;
