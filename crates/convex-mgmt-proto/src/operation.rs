//! [`Operation`]: what every call of both APIs is made of, and [`OperationMeta`]: what is known of it without a call.

use bytes::Bytes;
use http::Method;

use crate::credential::CredentialClass;
use crate::decode::DecodeError;
use crate::endpoint::Endpoint;
use crate::error::BuildError;
use crate::reply::{Reply, ResponseError};
use crate::write::RequestEncoder;

/// One of the two APIs, as a type: [`DeploymentApi`] or [`ManagementApi`].
///
/// It ties an [`Operation`] to the [`Endpoint`] that can serve it, so that using the wrong one does not compile.
pub trait Api: sealed::Sealed + 'static {
    /// The API's name in texts for people.
    const NAME: &'static str;
    /// What stands before the credential in the `Authorization` header, with the space. Source: the published OpenAPI
    /// documents; convex-backend `crates/local_backend/src/authentication.rs`.
    const SCHEME: &'static str;
    /// The path that every operation's path follows.
    const PREFIX: &'static str;
    /// The largest request body in bytes that the server reads, where that is known. Source: convex-backend
    /// `crates/common/src/http/extract.rs` and the default limit of its framework.
    const BODY_LIMIT: Option<usize>;
}

/// The Deployment Platform API, served by each deployment at its own URL.
#[derive(Clone, Copy, Debug)]
pub enum DeploymentApi {}

/// The Management API, served at `https://api.convex.dev`.
#[derive(Clone, Copy, Debug)]
pub enum ManagementApi {}

impl Api for DeploymentApi {
    const NAME: &'static str = "Deployment Platform API";
    const SCHEME: &'static str = "Convex ";
    const PREFIX: &'static str = "/api/v1";
    const BODY_LIMIT: Option<usize> = Some(2 * 1024 * 1024);
}

impl Api for ManagementApi {
    const NAME: &'static str = "Management API";
    const SCHEME: &'static str = "Bearer ";
    const PREFIX: &'static str = "/v1";
    const BODY_LIMIT: Option<usize> = None;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DeploymentApi {}
    impl Sealed for super::ManagementApi {}
}

/// What repeating an operation does, decided for each operation by hand and never by its HTTP method (every delete
/// and every "set" of these APIs is a `POST`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Changes nothing that matters: it reads.
    Safe,
    /// Leaves the same state however often it is done: it may be repeated when its outcome is unknown.
    Idempotent,
    /// A second execution does something else than the first: repeated only if it is known not to have been executed.
    NonIdempotent,
}

/// How an operation hands out long lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// One reply holds everything.
    None,
    /// The cursor travels in the query.
    Query,
    /// The cursor travels in the body.
    Body,
}

/// What is known of an operation without performing it. Retries, span names, credential advice and the conformance
/// check are driven by it.
///
/// A layer of a transport finds it in the request's extensions as `&'static OperationMeta`.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationMeta {
    /// The operation's id in the published document, with `_` for spaces.
    pub id: &'static str,
    /// The name of its API, [`Api::NAME`].
    pub api: &'static str,
    /// Its HTTP method.
    pub method: Method,
    /// Its path after [`Api::PREFIX`], with `{name}` for each path value.
    pub path: &'static str,
    /// The names of its query parameters.
    pub query: &'static [&'static str],
    /// What repeating it does.
    pub idempotency: Idempotency,
    /// The classes of credentials that the published document accepts for it; empty where it lists none.
    pub credentials: &'static [CredentialClass],
    /// The permission that a restricted credential needs, where it needs one. Source: convex-backend
    /// `crates/keybroker/src/operations.rs`.
    pub permission: Option<&'static str>,
    /// How it pages.
    pub paging: Paging,
    /// Whether success comes without a body. [`Operation::reply_from_response`] then takes an answer for a success only if it
    /// has no body, or white space, `null` or `{}` for one, and [`Operation::decode`] is given none.
    pub empty_reply: bool,
    /// Whether its request body holds secrets.
    pub secret_request: bool,
    /// Whether its reply holds secrets.
    pub secret_reply: bool,
    /// Whether its reply may have hundreds of MB: the usual limits for the size and the time of an answer are too low.
    pub large_reply: bool,
    /// For an operation that deletes: the code with which the server says that what is to be deleted is not there.
    pub not_found_code: Option<&'static str>,
    /// The id of the operation that shows what became of this one, for when its outcome is unknown or its reply is lost.
    pub verify_with: Option<&'static str>,
}

impl OperationMeta {
    /// Describes an operation of the API `A`; everything not given here is "none".
    pub const fn new<A: Api>(id: &'static str, method: Method, path: &'static str, idempotency: Idempotency) -> Self {
        Self {
            id,
            api: A::NAME,
            method,
            path,
            query: &[],
            idempotency,
            credentials: &[],
            permission: None,
            paging: Paging::None,
            empty_reply: false,
            secret_request: false,
            secret_reply: false,
            large_reply: false,
            not_found_code: None,
            verify_with: None,
        }
    }

    /// Lists the classes of credentials that are accepted.
    pub const fn credentials(mut self, classes: &'static [CredentialClass]) -> Self {
        self.credentials = classes;
        self
    }

    /// Names the permission that a restricted credential needs.
    pub const fn permission(mut self, permission: &'static str) -> Self {
        self.permission = Some(permission);
        self
    }

    /// Lists the query parameters.
    pub const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    /// Says how the operation pages.
    pub const fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Says that success comes without a body.
    pub const fn empty_reply(mut self) -> Self {
        self.empty_reply = true;
        self
    }

    /// Says that the request body holds secrets.
    pub const fn secret_request(mut self) -> Self {
        self.secret_request = true;
        self
    }

    /// Says that the reply holds secrets.
    pub const fn secret_reply(mut self) -> Self {
        self.secret_reply = true;
        self
    }

    /// Names the code that says that what is to be deleted is not there.
    pub const fn not_found_code(mut self, code: &'static str) -> Self {
        self.not_found_code = Some(code);
        self
    }

    /// Names the operation that shows what became of this one.
    pub const fn verify_with(mut self, id: &'static str) -> Self {
        self.verify_with = Some(id);
        self
    }

    /// Says that the reply may be large.
    pub const fn large_reply(mut self) -> Self {
        self.large_reply = true;
        self
    }
}

/// One call of one of the APIs: it becomes an [`http::Request`] and reads its answer out of an [`http::Response`].
///
/// [`Operation::to_request`] and [`Operation::from_response`] are all that someone with a transport of their own needs:
///
/// ```
/// use bytes::Bytes;
/// use convex_mgmt_proto::deployment::ListEnvironmentVariables;
/// use convex_mgmt_proto::{DeployKey, Endpoint, Operation};
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
/// use convex_mgmt_proto::{BuildError, DecodeError, DeployKey, DeploymentApi, Endpoint, decode};
/// use convex_mgmt_proto::{Operation, OperationMeta, Repeat, RequestEncoder};
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
///         Repeat::Idempotent,
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

/// Every operation of both APIs that this version has, as data.
pub const OPERATIONS: &[&OperationMeta] = &[
    crate::deployment::CreateLogStream::META,
    crate::deployment::CreateUsageLimit::META,
    crate::deployment::DataSync::META,
    crate::deployment::DeleteLogStream::META,
    crate::deployment::DeleteUsageLimit::META,
    crate::deployment::GetCanonicalUrls::META,
    crate::deployment::GetCurrentUsage::META,
    crate::deployment::GetDeploymentInfo::META,
    crate::deployment::GetLogStream::META,
    crate::deployment::ListActiveSyncs::META,
    crate::deployment::ListAuditLogEvents::META,
    crate::deployment::ListEnvironmentVariables::META,
    crate::deployment::ListLogStreams::META,
    crate::deployment::ListUsageLimits::META,
    crate::deployment::PauseDeployment::META,
    crate::deployment::RotateWebhookSecret::META,
    crate::deployment::UnpauseDeployment::META,
    crate::deployment::UpdateCanonicalUrl::META,
    crate::deployment::UpdateEnvironmentVariables::META,
    crate::deployment::UpdateLogStream::META,
    crate::deployment::UpdateUsageLimit::META,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_each_operation_once() {
        let mut ids: Vec<_> = OPERATIONS.iter().map(|meta| meta.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len());
    }

    #[test]
    fn what_may_not_be_repeated_says_where_to_look_and_what_deletes_says_when_it_is_gone() {
        for meta in OPERATIONS {
            assert_eq!(meta.not_found_code.is_some(), meta.id.starts_with("delete_"), "{}", meta.id);
            let place = meta.verify_with.map(|id| OPERATIONS.iter().find(|one| one.id == id));
            assert!(
                place.is_none_or(|found| found.is_some_and(|one| one.idempotency == Idempotency::Safe)),
                "{}",
                meta.id
            );
            assert!(meta.idempotency != Idempotency::NonIdempotent || place.is_some(), "{}", meta.id);
        }
    }

    #[test]
    fn only_reads_are_safe_and_one_of_them_is_a_post() {
        for meta in OPERATIONS {
            let reads = meta.method == Method::GET || meta.id == "data_sync";
            assert_eq!(meta.idempotency == Idempotency::Safe, reads, "{}", meta.id);
        }
    }
}
