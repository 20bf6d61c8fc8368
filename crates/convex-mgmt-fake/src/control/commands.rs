//! [`Commands`]: the JSON bodies of control requests.

use axum::Json;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A failed control request: the status, and the reason as text.
pub(crate) type Rejection = (StatusCode, String);

pub(crate) fn rejection(reason: impl Into<String>) -> Rejection {
    (StatusCode::BAD_REQUEST, format!("{}\n", reason.into()))
}

/// The body of a control request: one JSON object, or a list of objects that are applied in order. All of them are parsed
/// before the first is applied. The content type is ignored.
pub(crate) struct Commands<T> {
    commands: Vec<T>,
    /// `true` if the body is a list. Then the reply is a list, too.
    is_list: bool,
}

impl<T> Commands<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.commands.iter()
    }

    /// Applies each command. The reply has the result of each.
    pub(crate) fn apply(self, mut apply: impl FnMut(T) -> Value) -> Json<Value> {
        let mut results = self.commands.into_iter().map(&mut apply);
        Json(if self.is_list { results.collect() } else { results.next().unwrap_or_default() })
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Commands<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Rejection> {
        let body = request.into_body().collect().await.map_err(|error| rejection(error.to_string()))?.to_bytes();
        let json =
            serde_json::from_slice(&body).map_err(|error| rejection(format!("the body is not JSON: {error}")))?;
        let read = |json| serde_json::from_value(json).map_err(|error| error.to_string());
        match json {
            Value::Array(items) => {
                let read = |(index, item)| read(item).map_err(|error| rejection(format!("at index {index}: {error}")));
                let commands = (0_usize..).zip(items).map(read).collect::<Result<_, _>>()?;
                Ok(Self { commands, is_list: true })
            }
            Value::Object(_) => Ok(Self { commands: vec![read(json).map_err(rejection)?], is_list: false }),
            _ => Err(rejection("the body is neither an object nor a list of objects")),
        }
    }
}
