//! Extractors of paths, queries and JSON bodies. Source: convex-backend's `crates/common/src/http/extract.rs`.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::state::{Settings, Shared};

/// The parameter of a path, or a tuple of them.
pub(crate) struct PathArg<T = String>(pub(crate) T);

impl<S: Settings, T: DeserializeOwned + Send> FromRequestParts<Shared<S>> for PathArg<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Shared<S>) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(error) => Err(ApiError::bad_request("BadPathArgs", format!("invalid path: {error}"))),
        }
    }
}

/// The query. Unknown parameters are ignored; known ones may occur once.
pub(crate) struct QueryArgs<T>(pub(crate) T);

impl<S: Settings, T: DeserializeOwned> FromRequestParts<Shared<S>> for QueryArgs<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &Shared<S>) -> Result<Self, ApiError> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(args)) => Ok(Self(args)),
            Err(error) => Err(ApiError::bad_request("BadQueryArgs", format!("invalid query: {error}"))),
        }
    }
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Settings, T: DeserializeOwned> FromRequest<Shared<S>> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &Shared<S>) -> Result<Self, ApiError> {
        let limit = state.state().knobs().max_body_bytes;
        check_content_type(request.headers())?;
        parse(&read(request, limit).await?).map(Self)
    }
}

/// A JSON body that may be absent or `null`. Both are `None`. An absent body needs no content type.
pub(crate) struct OptionalJsonBody<T>(pub(crate) Option<T>);

impl<S: Settings, T: DeserializeOwned> FromRequest<Shared<S>> for OptionalJsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &Shared<S>) -> Result<Self, ApiError> {
        let limit = state.state().knobs().max_body_bytes;
        let content_type = check_content_type(request.headers());
        let body = read(request, limit).await?;
        if body.is_empty() {
            return Ok(Self(None));
        }
        content_type?;
        parse(&body).map(Self)
    }
}

fn bad_body(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("BadJsonBody", message)
}

async fn read(request: Request, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(bad_body(format!("the body exceeds {limit} bytes"))),
        Err(_) => Err(bad_body("the body is incomplete")),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|cause| bad_body(format!("invalid JSON body: {cause}")))
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_json(headers) { Ok(()) } else { Err(bad_body("the content type is not JSON")) }
}

/// Returns `true` for `application/json` and `application/*+json`, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}
