//! [`Operation`]: a call of one of the APIs, with its request and its response.

pub(crate) mod paging;

use bytes::Bytes;

use crate::error::BuildError;
use crate::metadata::{Api, OperationMeta};
use crate::request::{Endpoint, RequestEncoder};
use crate::response::{DecodeError, Reply, ResponseError};

pub use self::paging::{Page, Paged, Pager, PagingError};

/// One call of one of the APIs: it becomes an [`http::Request`] and reads its answer out of an [`http::Response`].
///
/// [`Operation::to_request`] and [`Operation::from_response`] are all that someone with a transport of their own needs:
///
/// ```
/// use bytes::Bytes;
/// use convex_mgmt::deployment::ListEnvironmentVariables;
/// use convex_mgmt::{DeployKey, Endpoint, Operation};
///
/// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
/// let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
/// let request = ListEnvironmentVariables::new().to_request(&endpoint)?;
/// assert_eq!(request.uri(), "https://happy-animal-123.convex.cloud/api/v1/list_environment_variables");
///
/// // ... any transport sends the request and comes back with the whole answer ...
/// let response = http::Response::new(Bytes::from(r#"{"environmentVariables":{"GREETING":"hi"}}"#));
/// let variables = ListEnvironmentVariables::from_response(response)?;
/// assert_eq!(variables.get("GREETING").map(|value| value.expose()), Some("hi"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # An operation of your own
///
/// The trait can be implemented outside of this crate: for an operation that the API has and this version does not, or to read
/// other fields of a response. Clients, retries and pages take it like any other. [`OperationMeta`] decides what is retried, so
/// declare [`Idempotency::NonIdempotent`] for anything that creates, and the operation's secrets.
///
/// ```
/// use bytes::Bytes;
/// use convex_mgmt::{BuildError, DecodeError, DeployKey, DeploymentApi, Endpoint};
/// use convex_mgmt::proto::decode;
/// use convex_mgmt::{Operation, OperationMeta, Idempotency};
/// use convex_mgmt::proto::RequestEncoder;
/// use serde::{Deserialize, Serialize};
///
/// /// Renames a widget.
/// #[derive(Serialize)]
/// struct RenameWidget {
///     #[serde(skip)]
///     id: String,
///     name: String,
/// }
///
/// #[derive(Debug, Deserialize, PartialEq)]
/// struct Widget {
///     id: String,
///     name: String,
/// }
///
/// impl Operation for RenameWidget {
///     type Api = DeploymentApi;
///     type Output = Widget;
///     const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
///         "rename_widget",
///         http::Method::POST,
///         "/rename_widget/{id}",
///         Idempotency::Idempotent,
///     )
///     .verify_with("get_widget");
///
///     fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
///         request.path("id", &self.id)?;
///         request.json(self)
///     }
///
///     fn decode(body: &Bytes) -> Result<Widget, DecodeError> {
///         decode::object(body)
///     }
/// }
///
/// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
/// let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
/// let rename = RenameWidget { id: "a/b".into(), name: "c".into() };
/// let request = rename.to_request(&endpoint)?;
/// assert_eq!(request.uri().path(), "/api/v1/rename_widget/a%2Fb");
/// assert_eq!(request.body(), r#"{"name":"c"}"#);
///
/// let response = http::Response::new(Bytes::from(r#"{"id":"a/b","name":"c"}"#));
/// assert_eq!(RenameWidget::from_response(response)?, Widget { id: "a/b".into(), name: "c".into() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The required methods are not generic, so that their code is compiled once, here, and not in every user's crate.
pub trait Operation {
    /// The API that offers this operation.
    type Api: Api;
    /// What a successful call gives.
    type Output;
    /// What is known of the operation without performing it.
    const META: &'static OperationMeta;

    /// Writes the path values, the query and the body. Operations that take nothing have nothing to write.
    ///
    /// # Errors
    /// A [`BuildError`] that names the field and the rule that it breaks.
    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        let _ = request;
        Ok(())
    }

    /// Reads the body of a successful answer.
    ///
    /// # Errors
    /// A [`DecodeError`] that says where the body stops being what was expected.
    fn decode(body: &Bytes) -> Result<Self::Output, DecodeError>;

    /// The request for this operation at an endpoint: complete, with its credential, and safe to send again.
    ///
    /// # Errors
    /// A [`BuildError`] that names the field and the rule that it breaks. Nothing was sent then.
    fn to_request(&self, endpoint: &Endpoint<Self::Api>) -> Result<http::Request<Bytes>, BuildError> {
        let mut writer = RequestEncoder::new(Self::META, endpoint.base(), Self::Api::BODY_LIMIT);
        self.encode(&mut writer)?;
        writer.finish(endpoint.headers())
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// A [`ResponseError`]: the server said no, something else than the server answered, or the answer cannot be read.
    fn from_response(response: http::Response<Bytes>) -> Result<Self::Output, ResponseError> {
        Ok(Self::reply_from_response(response)?.output)
    }

    /// Reads the answer together with what its head says beside it, such as a deprecation notice.
    ///
    /// # Errors
    /// As for [`Operation::from_response`].
    fn reply_from_response(response: http::Response<Bytes>) -> Result<Reply<Self::Output>, ResponseError> {
        let (head, body) = Reply::open(Self::META, response)?;
        match Self::decode(&body) {
            Ok(output) => Ok(head.with(output)),
            Err(error) => Err(head.unreadable(error, body)),
        }
    }

    /// Reads the answer to an attempt after one that may have been carried out ([`Outcome::maybe_applied`]): a deletion that
    /// finds nothing has reached what it was for, so it is a success with [`Reply::already_deleted`].
    ///
    /// # Errors
    /// As for [`Operation::from_response`].
    ///
    /// [`Outcome::maybe_applied`]: crate::Outcome::maybe_applied
    fn reply_from_retry(response: http::Response<Bytes>) -> Result<Reply<Self::Output>, ResponseError> {
        match Self::reply_from_response(response) {
            Err(ResponseError::Api(error)) if Self::META.not_found_code == Some(error.code.as_str()) => {
                match Self::decode(&Bytes::new()) {
                    Ok(output) => Ok(Reply { already_deleted: true, ..error.head().with(output) }),
                    Err(_) => Err(ResponseError::Api(error)),
                }
            }
            result => result,
        }
    }
}
