//! [`Reply`] and [`ResponseError`]: telling a successful answer from every other one.

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

/// How much of an answer's body an error keeps, in bytes.
pub const KEPT_BODY: usize = 64 * 1024;

/// The longest name of a host that there can be, in bytes. What is longer is shown to nobody.
const LONGEST_HOST: usize = 253;

const DEPRECATION_STATE: HeaderName = HeaderName::from_static("x-convex-deprecation-state");
const DEPRECATION_MESSAGE: HeaderName = HeaderName::from_static("x-convex-deprecation-message");

/// What a successful call gives, with what the answer's head says beside it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// What the operation gives.
    pub output: T,
    /// The status: one of the 2xx, unless `already_deleted`.
    pub status: StatusCode,
    /// What the server says about the age of this client, if anything.
    pub deprecation: Option<Deprecation>,
    /// Whether a deletion found nothing to delete, after an attempt that may have been carried out. The status is that of the
    /// answer, 404 then.
    pub already_deleted: bool,
}

/// The head of a successful answer.
pub(crate) struct Head {
    status: StatusCode,
    deprecation: Option<Deprecation>,
    /// Whether it says that the body is JSON, or does not say what it is.
    json: bool,
}

impl Head {
    pub(crate) fn with<T>(self, output: T) -> Reply<T> {
        Reply { output, status: self.status, deprecation: self.deprecation, already_deleted: false }
    }

    /// The error for a body that is not what the operation gives.
    pub(crate) fn unreadable(self, error: DecodeError, body: Bytes) -> ResponseError {
        let applied = success::is_the_apis(self.json, &body);
        ResponseError::Decode(UnreadableReply { status: self.status, error, applied, body: Body::new(body) })
    }
}

impl Reply<()> {
    /// Lets a successful answer to an operation through. One without a reply body comes through with none.
    pub(crate) fn open(operation: &OperationMeta, response: Response<Bytes>) -> Result<(Head, Bytes), ResponseError> {
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status, &parts.headers);
        let json = check(operation, status, headers, &body)?.json;
        let head = Head { status, deprecation: Deprecation::from_headers(headers), json };
        Ok((head, if operation.empty_response { Bytes::new() } else { body }))
    }
}

/// Tells a successful answer from every other one, as far as that can be told without reading the body into a type.
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
        ResponseError::Decode(UnreadableReply { status, error, applied: false, body: Body::new(body.clone()) })
    })
}

impl Outcome {
    /// Reads the answer to an operation as far as the decision needs it. [`Outcome::Final`] is a success then, of the API's
    /// own; whether its body fits the operation's type, which says nothing of the server, is not looked at.
    ///
    /// This reads the whole body of an answer with a 2xx status. Such an answer is never tried again, so a caller without a
    /// [`RetryBudget`](crate::RetryBudget) can leave it out.
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
    // "Not modified" answers a condition that was not sent, and leads nowhere.
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let host = location.and_then(|text| text.parse::<Uri>().ok()).and_then(|uri| uri.host().map(str::to_owned));
        let host = host.filter(|host| host.len() <= LONGEST_HOST);
        return ResponseError::Redirect(Redirect { status, host });
    }
    let retry_after = retry_after::read(headers);
    match error_code(&body) {
        Some((code, message)) => {
            let deprecation = Deprecation::from_headers(headers);
            let body = Body::new(body);
            ResponseError::Api(Box::new(ApiError { status, code, message, retry_after, deprecation, body }))
        }
        None => ResponseError::Unexpected(UnexpectedReply {
            status,
            html: ContentType::of(headers, &body).html,
            coding: success::coding(headers),
            retry_after,
            body: Body::new(body),
        }),
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
    let ErrorBody { code, message } = serde_json::from_slice(body).ok()?;
    (!code.as_str().is_empty()).then_some((code, message))
}

/// A notice of the server that this client's version is too old, or soon will be. Source: convex-backend
/// `crates/common/src/version.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deprecation {
    /// `Unsupported` or `UpgradeRequired` today.
    pub state: String,
    /// What the server says about it, in one line.
    pub message: String,
}

impl Deprecation {
    /// Reads the notice from an answer's headers, for layers that see the answer before its operation does.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        headers
            .contains_key(DEPRECATION_STATE)
            .then(|| Self { state: text(DEPRECATION_STATE), message: text(DEPRECATION_MESSAGE) })
    }
}

/// Why an answer is not a success. No text of the answer's body is in its `Display` or `Debug`.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The server said no.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// A redirect. It is never followed: the credential goes only to where it was given for.
    #[error(transparent)]
    Redirect(Redirect),
    /// Not a success, and not the server's kind of error either.
    #[error(transparent)]
    Unexpected(UnexpectedReply),
    /// A success that cannot be read. [`UnreadableReply::applied`] says whether the operation was carried out.
    #[error(transparent)]
    Decode(UnreadableReply),
}

impl ResponseError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Api(error) => error.status,
            Self::Redirect(error) => error.status,
            Self::Unexpected(error) => error.status,
            Self::Decode(error) => error.status,
        }
    }

    /// What the decision on another attempt needs to know.
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

    /// Whether the operation may have been carried out or not, going by this answer alone.
    pub fn maybe_applied(&self) -> bool {
        self.outcome().maybe_applied()
    }

    /// How long the answer asks to wait before the next try, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Unexpected(error) => error.retry_after,
            Self::Redirect(_) | Self::Decode(_) => None,
        }
    }

    /// The first [`KEPT_BODY`] bytes of the answer's body. They may hold secrets.
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Api(error) => &error.body.0,
            Self::Redirect(_) => &[],
            Self::Unexpected(error) => &error.body.0,
            Self::Decode(error) => &error.body.0,
        }
    }
}

/// An error that the server explained with a code.
#[derive(Clone)]
#[non_exhaustive]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// The code.
    pub code: ErrorCode,
    message: String,
    /// How long the server asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// What the server says about the age of this client, if anything.
    pub deprecation: Option<Deprecation>,
    body: Body,
}

impl ApiError {
    /// The head of the answer, for one that turns out to be a success.
    pub(crate) fn head(&self) -> Head {
        Head { status: self.status, deprecation: self.deprecation.clone(), json: true }
    }

    /// What the server says to a person. Not part of `Display` or `Debug`, because it may repeat what was sent, and not
    /// something to match on.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The permission that the credential lacks, such as `deployment:env:write`, if the server names one.
    pub fn missing_permission(&self) -> Option<&str> {
        if self.code != ErrorCode::OperationNotPermitted {
            return None;
        }
        let (_, rest) = self.message.rsplit_once('(')?;
        let (permission, _) = rest.split_once(')')?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b':';
        (permission.contains(':') && permission.bytes().all(word)).then_some(permission)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {} {}", self.status.as_u16(), self.code.printable())?;
        if let Some(remedy) = self.code.remedy() {
            write!(f, ": {remedy}")?;
        }
        if let Some(permission) = self.missing_permission() {
            write!(f, " ({permission})")?;
        }
        write_retry_after(self.retry_after, f)
    }
}

/// Says how long an answer asks to wait.
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

/// A redirect, which was not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Redirect {
    /// The status.
    pub status: StatusCode,
    /// The host it points to, if it names one that can be.
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

/// An answer that is neither a success nor one of the server's errors.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnexpectedReply {
    /// The status.
    pub status: StatusCode,
    /// Whether the body is a web page: something between here and the server answered.
    pub html: bool,
    /// How long the answer asks to wait before the next try.
    pub retry_after: Option<Duration>,
    /// Whether the body is in a coding, which is never asked for, and in which if it is a known one.
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
            Some(None) => f.write_str(", encoded in an unknown way")?,
            None => {}
        }
        match (self.status, self.body.0.is_empty()) {
            (StatusCode::NOT_FOUND, _) => f.write_str(": check that the URL is that of a deployment or of the API"),
            (StatusCode::REQUEST_TIMEOUT, true) => f.write_str(": the server took too long"),
            _ => f.write_str(": something between here and the server may have answered"),
        }?;
        write_retry_after(self.retry_after, f)
    }
}

impl std::error::Error for UnexpectedReply {}

/// An answer with the status of a success that cannot be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnreadableReply {
    /// The status, one of the 2xx.
    pub status: StatusCode,
    /// What is wrong with the answer, and where.
    pub error: DecodeError,
    /// `true` if the answer is the API's own, so that the operation was carried out: its body is missing, is cut off, or is a
    /// JSON object or list with other fields or types than expected. `false` if something between here and the server may have
    /// made it, such as a web page, an error object or bytes that are not JSON: it does not tell what became of the operation.
    pub applied: bool,
    body: Body,
}

impl fmt::Display for UnreadableReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.applied { "cannot be read" } else { "is not the API's" };
        write!(f, "the answer ({}) {what}: {}", self.status.as_u16(), self.error)
    }
}

impl std::error::Error for UnreadableReply {}

/// The kept part of a body. Shows its length only.
#[derive(Clone)]
struct Body(Bytes);

impl Body {
    fn new(mut bytes: Bytes) -> Self {
        bytes.truncate(KEPT_BODY);
        Self(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests;
