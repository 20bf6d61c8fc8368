//! Reading JSON bodies and path values, as convex-backend's `crates/common/src/http/extract.rs` does.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::error::Refusal;
use crate::state::Shared;

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

/// The one value of a path.
pub(crate) struct PathValue(pub(crate) String);

impl FromRequestParts<Shared> for PathValue {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(_) => Err(Refusal::bad_request("BadPathArgs", "the path cannot be read")),
        }
    }
}

/// `application/json` or `application/*+json`, whatever parameters follow.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}
