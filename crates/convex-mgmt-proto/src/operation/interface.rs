//! [`Operation`]: a call of one of the APIs, with its request and its response.

use bytes::Bytes;

use super::destructive::{self, Harmless};
use crate::error::{BuildError, Violations};
use crate::metadata::{Api, OperationMeta};
use crate::request::{Endpoint, RequestEncoder};
use crate::response::{DecodeError, Head, Reply, ResponseError};

/// A call of one of the APIs. It builds an [`http::Request`] and reads an [`http::Response`].
///
/// [`Operation::to_request`] and [`Operation::from_response`] are all that a transport needs:
///
/// ```
/// use convex_mgmt::bytes::Bytes;
/// use convex_mgmt::http;
/// use convex_mgmt::deployment::ListEnvironmentVariables;
/// use convex_mgmt::{DeployKey, Endpoint, Operation};
///
/// let key = DeployKey::parse("prod:happy-animal-123|made-up")?;
/// let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
/// let request = ListEnvironmentVariables::new().to_request(&endpoint)?;
/// assert_eq!(request.uri(), "https://happy-animal-123.convex.cloud/api/v1/list_environment_variables");
///
/// // ... any transport sends the request and returns the whole response ...
/// let response = http::Response::new(Bytes::from(r#"{"environmentVariables":{"GREETING":"hi"}}"#));
/// let variables = ListEnvironmentVariables::from_response(response)?;
/// assert_eq!(variables.get("GREETING").map(|value| value.expose()), Some("hi"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Custom operations
///
/// Implement the trait for an operation that this version lacks, or to decode other fields of a response. Clients, retries and
/// pages work with it. [`OperationMeta`] decides what is retried: declare [`Idempotency::NonIdempotent`] for anything that
/// creates, and declare which bodies contain secrets. Declare what it destroys, too ([`OperationMeta::destroys`]): a client that
/// requires confirmations recognizes nothing else.
///
/// [`Idempotency::NonIdempotent`]: crate::Idempotency::NonIdempotent
///
/// ```
/// use convex_mgmt::bytes::Bytes;
/// use convex_mgmt::http;
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
///     );
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
/// The methods of this crate's operations are `#[inline]`: the compiler translates them in the programs that use the operation, and
/// not in this crate. So the build of this crate does not pay for operations that nobody sends.
pub trait Operation {
    /// The API that serves the operation.
    type Api: Api;
    /// The output of a successful call.
    type Output;
    /// The static description of the operation.
    const META: &'static OperationMeta;

    /// Checks the rules of the server that do not depend on the state of the deployment or team. Values of open enums that this
    /// version does not know are left to the server.
    ///
    /// [`Operation::to_request`] calls it. [`Operation::unchecked`] switches it off.
    ///
    /// # Errors
    /// All violations, with the error codes that the server would return.
    fn check(&self) -> Result<(), Violations> {
        Ok(())
    }

    /// Checks the rules that depend on the endpoint's credential, such as not to delete that credential. The default checks nothing.
    ///
    /// [`Operation::to_request`] calls it. [`Operation::unchecked`] switches it off.
    ///
    /// # Errors
    /// All violations.
    fn check_for(&self, endpoint: &Endpoint<Self::Api>) -> Result<(), Violations> {
        let _ = endpoint;
        Ok(())
    }

    /// Returns `true` if this request may cause the loss that [`OperationMeta::destroys`] names. The default returns `true` for every
    /// request of such an operation.
    ///
    /// Override it for an operation that destroys something with some of its requests only. An operation without
    /// [`OperationMeta::destroys`] is never destructive.
    fn is_destructive(&self) -> bool {
        Self::META.destroys.is_some()
    }

    /// Encodes the path parameters, the query and the body. The default encodes nothing.
    ///
    /// # Errors
    /// A [`BuildError`] that names the field and the rule.
    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        let _ = request;
        Ok(())
    }

    /// Decodes the body of a success response.
    ///
    /// # Errors
    /// A [`DecodeError`] with the position in the body.
    fn decode(body: &Bytes) -> Result<Self::Output, DecodeError>;

    /// Wraps the operation so that it is sent without [`Operation::check`] and [`Operation::check_for`].
    fn unchecked(self) -> Unchecked<Self>
    where
        Self: Sized,
    {
        Unchecked(self)
    }

    /// Builds the request for an endpoint, complete with its credential. The request can be sent any number of times.
    ///
    /// # Errors
    /// A [`BuildError`] that names the field and the rule.
    fn to_request(&self, endpoint: &Endpoint<Self::Api>) -> Result<http::Request<Bytes>, BuildError> {
        build(self, endpoint, true)
    }

    /// Reads a response.
    ///
    /// # Errors
    /// A [`ResponseError`]: an error of the server, a response that the API did not make, or one that cannot be decoded.
    fn from_response(response: http::Response<Bytes>) -> Result<Self::Output, ResponseError> {
        Ok(Self::reply_from_response(response)?.output)
    }

    /// Reads a response, including what its head says, such as a deprecation notice.
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

    /// Reads a response after an earlier attempt that may have taken effect ([`Outcome::maybe_applied`]). A deletion that finds
    /// nothing has then reached its goal: it is a success with [`Reply::already_deleted`].
    ///
    /// # Errors
    /// As for [`Operation::from_response`].
    ///
    /// [`Outcome::maybe_applied`]: crate::Outcome::maybe_applied
    fn reply_from_retry(response: http::Response<Bytes>) -> Result<Reply<Self::Output>, ResponseError> {
        // Most operations have no such code, and the compiler then removes this part.
        if const { Self::META.not_found_code.is_some() }
            && let Some(head) = Head::already_deleted(Self::META, &response)
            && let Ok(output) = Self::decode(&Bytes::new())
        {
            return Ok(head.with(output));
        }
        Self::reply_from_response(response)
    }
}

/// Builds a request, with the checks or without.
fn build<O: Operation + ?Sized>(
    operation: &O,
    endpoint: &Endpoint<O::Api>,
    checks: bool,
) -> Result<http::Request<Bytes>, BuildError> {
    let is_harmless = const { O::META.destroys.is_some() } && !operation.is_destructive();
    encode(endpoint, O::META, is_harmless, &|encoder| {
        if checks {
            operation.check()?;
            operation.check_for(endpoint)?;
        }
        operation.encode(encoder)
    })
}

/// The part of [`build`] that does not depend on the operation's type, so that it is compiled once.
fn encode<A: Api>(
    endpoint: &Endpoint<A>,
    operation: &'static OperationMeta,
    is_harmless: bool,
    parts: &dyn Fn(&mut RequestEncoder) -> Result<(), BuildError>,
) -> Result<http::Request<Bytes>, BuildError> {
    let mut encoder = endpoint.encoder(operation);
    parts(&mut encoder)?;
    let mut request = endpoint.finish(encoder)?;
    if is_harmless {
        request.extensions_mut().insert(Harmless);
    }
    Ok(request)
}

/// An operation that is sent without [`Operation::check`] and [`Operation::check_for`], so that only the server checks it. Created by
/// [`Operation::unchecked`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unchecked<O>(pub O);

impl<O: Operation> Operation for Unchecked<O> {
    type Api = O::Api;
    type Output = O::Output;
    const META: &'static OperationMeta = O::META;

    fn is_destructive(&self) -> bool {
        self.0.is_destructive()
    }

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        self.0.encode(request)
    }

    fn to_request(&self, endpoint: &Endpoint<Self::Api>) -> Result<http::Request<Bytes>, BuildError> {
        let mut request = build(self, endpoint, false)?;
        if const { Self::META.destroys.is_some() } {
            request.extensions_mut().insert(destructive::Unchecked);
        }
        Ok(request)
    }

    fn decode(body: &Bytes) -> Result<Self::Output, DecodeError> {
        O::decode(body)
    }
}
