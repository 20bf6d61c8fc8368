//! Reading paths, queries and JSON bodies, as convex-backend's `crates/common/src/http/extract.rs` does.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::error::Refusal;
use crate::state::Shared;

/// The one parameter of a path.
pub(crate) struct PathArg(pub(crate) String);

impl FromRequestParts<Shared> for PathArg {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(error) => Err(Refusal::bad_request("BadPathArgs", format!("the path cannot be read: {error}"))),
        }
    }
}

/// The query. Unknown parameters are ignored, known ones may stand there once.
pub(crate) struct QueryArgs<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for QueryArgs<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &Shared) -> Result<Self, Refusal> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(args)) => Ok(Self(args)),
            Err(error) => Err(Refusal::bad_request("BadQueryArgs", format!("the query cannot be read: {error}"))),
        }
    }
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Refusal> {
        let limit = state.deployment().knobs.body_bytes;
        let refused = |message: String| Refusal::bad_request("BadJsonBody", message);
        if !is_json(request.headers()) {
            return Err(refused("the content type is not JSON".to_owned()));
        }
        let body: Bytes = match Limited::new(request.into_body(), limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(refused(format!("the body has more than {limit} bytes")));
            }
            Err(_) => return Err(refused("the body broke off".to_owned())),
        };
        serde_json::from_slice(&body)
            .map(JsonBody)
            .map_err(|error| refused(format!("the body cannot be read: {error}")))
    }
}

/// `application/json` or `application/*+json`, whatever parameters follow.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}
