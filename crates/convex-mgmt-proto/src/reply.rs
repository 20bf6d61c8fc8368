//! [`Reply`] and [`ResponseError`]: telling a successful answer from every other one.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use serde::Deserialize;
use thiserror::Error;

use crate::code::ErrorCode;
use crate::decode::{DecodeError, DecodeErrorKind};
use crate::printable::Printable;
use crate::retry::Outcome;

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
    /// The status: one of the 2xx, unless `was_gone`.
    pub status: StatusCode,
    /// What the server says about the age of this client, if anything.
    pub deprecation: Option<Deprecation>,
    /// Whether a deletion found nothing to delete, after an attempt that may have been carried out. The status is that of the
    /// answer, 404 then.
    pub was_gone: bool,
}

/// The head of a successful answer.
pub(crate) struct Head {
    status: StatusCode,
    deprecation: Option<Deprecation>,
}

impl Head {
    pub(crate) fn with<T>(self, output: T) -> Reply<T> {
        Reply { output, status: self.status, deprecation: self.deprecation, was_gone: false }
    }

    pub(crate) fn unreadable(self, error: DecodeError, body: Bytes) -> ResponseError {
        ResponseError::Decode(UnreadableReply { status: self.status, error, body: Body::new(body) })
    }
}

impl Reply<()> {
    /// Lets a successful answer through, whatever its operation.
    pub(crate) fn open(response: Response<Bytes>) -> Result<(Head, Bytes), ResponseError> {
        let (parts, body) = response.into_parts();
        let status = parts.status;
        let deprecation = Deprecation::from_headers(&parts.headers);
        if !status.is_success() {
            return Err(refusal(status, &parts.headers, deprecation, body));
        }
        let head = Head { status, deprecation };
        let content_type = ContentType::of(&parts.headers, &body);
        if content_type.html {
            return Err(head.unreadable(DecodeError::new(DecodeErrorKind::Html), body));
        }
        if content_type.other_charset && !body.is_empty() {
            return Err(head.unreadable(DecodeError::new(DecodeErrorKind::Charset), body));
        }
        Ok((head, body))
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, deprecation: Option<Deprecation>, body: Bytes) -> ResponseError {
    if status.is_redirection() {
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let host = location.and_then(|text| text.parse::<Uri>().ok()).and_then(|uri| uri.host().map(str::to_owned));
        let host = host.filter(|host| host.len() <= LONGEST_HOST);
        return ResponseError::Redirect(Redirect { status, host });
    }
    let retry_after = retry_after(headers);
    match error_code(&body) {
        Some((code, message)) => {
            let body = Body::new(body);
            ResponseError::Api(Box::new(ApiError { status, code, message, retry_after, deprecation, body }))
        }
        None => ResponseError::Unexpected(UnexpectedReply {
            status,
            html: ContentType::of(headers, &body).html,
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

/// How long the server asks to wait: a number of seconds, or a date. A date is held against the answer's own `Date`, so that
/// no clock is needed, and none can be wrong; without that one it says nothing.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (until, now) = (http_date(asked)?, http_date(text(DATE)?)?);
    Some(Duration::from_secs(until.saturating_sub(now)))
}

/// The seconds since the year 0 of a date such as `Tue, 24 Nov 2026 07:00:00 GMT`, which is the only form that is written
/// today (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_weekday, text) = text.split_once(", ")?;
    let mut words = text.strip_suffix(" GMT")?.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64;
    let year: u64 = words.next()?.parse().ok().filter(|year| *year <= 9999)?;
    let mut clock = words.next()?.split(':').map(str::parse::<u64>);
    let mut part = |limit: u64| clock.next()?.ok().filter(|part| *part < limit);
    let (hours, minutes, seconds) = (part(24)?, part(60)?, part(61)?);
    if words.next().is_some() || !(1..=31).contains(&day) {
        return None;
    }
    // Counted from March on, the leap day is a year's last one.
    let (months, years) = if month < 2 { (month + 10, year.checked_sub(1)?) } else { (month - 2, year) };
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day;
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

struct ContentType {
    html: bool,
    other_charset: bool,
}

impl ContentType {
    fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let value = value.to_ascii_lowercase();
        let mut parts = value.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let html = match kind {
            "text/html" | "application/xhtml+xml" => true,
            "" => body.trim_ascii_start().starts_with(b"<"),
            _ => false,
        };
        let charset = parts.find_map(|part| part.strip_prefix("charset="));
        let other_charset =
            charset.is_some_and(|name| !matches!(name.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"));
        Self { html, other_charset }
    }
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
    /// A success whose body cannot be read. The operation was done.
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
            Self::Api(error) => Outcome::Refused {
                status: error.status,
                code: Some(error.code.clone()),
                retry_after: error.retry_after,
            },
            Self::Unexpected(reply) => {
                Outcome::Refused { status: reply.status, code: None, retry_after: reply.retry_after }
            }
            Self::Redirect(_) | Self::Decode(_) => Outcome::Settled,
        }
    }

    /// Whether the operation may have been carried out, going by this answer alone.
    pub fn may_be_done(&self) -> bool {
        match self {
            // A web page is none of the server's answers. After any other success it was.
            Self::Decode(reply) => reply.error.kind == DecodeErrorKind::Html,
            _ => self.outcome().may_be_done(),
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
        Head { status: self.status, deprecation: self.deprecation.clone() }
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
        Ok(())
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
        match (self.status, self.body.0.is_empty()) {
            (StatusCode::NOT_FOUND, _) => f.write_str(": check that the URL is that of a deployment or of the API"),
            (StatusCode::REQUEST_TIMEOUT, true) => f.write_str(": the server took too long"),
            _ => f.write_str(": something between here and the server may have answered"),
        }
    }
}

impl std::error::Error for UnexpectedReply {}

/// A successful answer whose body cannot be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnreadableReply {
    /// The status, one of the 2xx.
    pub status: StatusCode,
    /// What is wrong with the body, and where.
    pub error: DecodeError,
    body: Body,
}

impl fmt::Display for UnreadableReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer ({}) cannot be read: {}", self.status.as_u16(), self.error)
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
