//! [`OperationMeta`]: the static description of an operation, and the vocabulary that it uses.

use std::fmt;

use http::uri::PathAndQuery;
use http::{Method, Uri};

use super::api::Api;
use crate::error::ErrorCode;

/// A class of credentials, as the published OpenAPI documents list them for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialClass {
    /// A deploy key: a key for one deployment.
    DeployKey,
    /// A member's personal access token.
    PersonalToken,
    /// A team access token.
    TeamToken,
    /// An OAuth application's token for a team.
    OAuthTeamToken,
    /// An OAuth application's token for a project.
    OAuthProjectToken,
}

/// The name of a class for a person, as a literal: for `Display`, and for the docs of operations.
macro_rules! class_text {
    (DeployKey) => {
        "deploy key"
    };
    (PersonalToken) => {
        "personal access token"
    };
    (TeamToken) => {
        "team access token"
    };
    (OAuthTeamToken) => {
        "OAuth token of a team"
    };
    (OAuthProjectToken) => {
        "OAuth token of a project"
    };
}
pub(crate) use class_text;

impl fmt::Display for CredentialClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DeployKey => class_text!(DeployKey),
            Self::PersonalToken => class_text!(PersonalToken),
            Self::TeamToken => class_text!(TeamToken),
            Self::OAuthTeamToken => class_text!(OAuthTeamToken),
            Self::OAuthProjectToken => class_text!(OAuthProjectToken),
        })
    }
}

/// The idempotency of an operation. It is declared per operation and never derived from the HTTP method, because these APIs
/// use `POST` for every write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// The operation only reads.
    Safe,
    /// Repeating the operation leaves the same state. It is retried, even when its outcome is unknown.
    Idempotent,
    /// Repeating the operation has another effect. It is retried only when the server provably did not execute it.
    NonIdempotent,
}

impl Idempotency {
    /// Returns the name for logs: `safe`, `idempotent` or `non_idempotent`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Idempotent => "idempotent",
            Self::NonIdempotent => "non_idempotent",
        }
    }
}

impl fmt::Display for Idempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The place of the cursor in a request for one page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// The operation is not paginated.
    None,
    /// The cursor is a query parameter.
    Query,
    /// The cursor is a field of the request body.
    Body,
}

/// The static description of an operation. It drives retries, span names, [`Credential::compatibility`], the generated docs
/// and the conformance checks.
///
/// Layers of a transport find it in the request's extensions, as a `&'static OperationMeta`.
///
/// [`Credential::compatibility`]: crate::Credential::compatibility
#[non_exhaustive]
pub struct OperationMeta {
    /// The operation's id in the published document, with `_` for spaces. It is unique within its API.
    pub id: &'static str,
    /// The API, as [`Api::KEY`]: `deployment` or `management`.
    pub api: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The prefix of all paths of the API, [`Api::PREFIX`].
    pub prefix: &'static str,
    /// The path after `prefix`, with a `{name}` for each path parameter.
    pub path: &'static str,
    /// Returns the prefix and the path, if it has no parameters. Requests then share the text, and do not parse it.
    pub(crate) fixed_path: Option<fn() -> PathAndQuery>,
    /// The names of the query parameters.
    pub query: &'static [&'static str],
    /// The idempotency.
    pub idempotency: Idempotency,
    /// The classes of credentials that the published document accepts. Empty if the document lists none.
    pub credentials: &'static [CredentialClass],
    /// The permission that a restricted credential needs. Source: convex-backend `crates/keybroker/src/operations.rs`.
    pub permission: Option<&'static str>,
    /// The place of the cursor.
    pub paging: Paging,
    /// `true` if the success response has no body. A body is then accepted only if it is white space, `null` or `{}`, and
    /// [`Operation::decode`](crate::Operation::decode) gets an empty one.
    pub empty_response: bool,
    /// `true` if the request body contains secrets.
    pub secret_request: bool,
    /// `true` if the response body contains secrets.
    pub secret_response: bool,
    /// `true` if the response can be hundreds of MB large, so that the usual limit for the size is too low.
    pub large_response: bool,
    /// For deletions: the error code of the server if the object does not exist.
    pub not_found_code: Option<&'static ErrorCode>,
    /// The operation that shows whether this one took effect, if its outcome is unknown or its response is lost.
    pub verify_with: Option<&'static OperationMeta>,
    /// The loss that the operation causes: a clause for a person, such as `the deployment with its data and
    /// files`. `None` if the operation destroys nothing.
    pub destroys: Option<&'static str>,
    /// The error codes of this operation, besides the general ones. Those of the Management API are inferred.
    pub codes: &'static [ErrorCode],
}

impl OperationMeta {
    /// Describes an operation of the API `A`, with `None`, `false` or an empty list for everything else.
    pub const fn new<A: Api>(id: &'static str, method: Method, path: &'static str, idempotency: Idempotency) -> Self {
        Self {
            id,
            api: A::KEY,
            method,
            prefix: A::PREFIX,
            path,
            fixed_path: None,
            query: &[],
            idempotency,
            credentials: &[],
            permission: None,
            paging: Paging::None,
            empty_response: false,
            secret_request: false,
            secret_response: false,
            large_response: false,
            not_found_code: None,
            verify_with: None,
            destroys: None,
            codes: &[],
        }
    }

    /// Sets the prefix and the path as they are in a request, parsed by the compiler. It has no effect on a path with parameters.
    pub(crate) const fn parsed_path(mut self, parsed: fn() -> PathAndQuery) -> Self {
        let mut rest = self.path.as_bytes();
        let mut fixed = matches!(rest, [b'/', ..]);
        while let [byte, after @ ..] = rest {
            fixed = fixed && !matches!(byte, b'{' | b'?' | b'#');
            rest = after;
        }
        self.fixed_path = if fixed { Some(parsed) } else { None };
        self
    }

    /// Returns the URL of the endpoint that a request of this operation goes to: the origin and the path prefix, as
    /// `Endpoint::url` returns it. `None` if `uri` does not end with a path of this operation.
    pub fn endpoint_url(&self, uri: &Uri) -> Option<String> {
        // A path value is one segment: a `/` in it is encoded.
        let last = self.path.matches('/').count().checked_sub(1)?;
        let (end, _) = uri.path().rmatch_indices('/').nth(last)?;
        let prefix = uri.path().get(..end)?.strip_suffix(self.prefix)?;
        Some(format!("{}://{}{prefix}", uri.scheme_str()?, uri.authority()?))
    }

    /// Sets [`OperationMeta::credentials`].
    pub const fn credentials(mut self, classes: &'static [CredentialClass]) -> Self {
        self.credentials = classes;
        self
    }

    /// Sets [`OperationMeta::permission`].
    pub const fn permission(mut self, permission: &'static str) -> Self {
        self.permission = Some(permission);
        self
    }

    /// Sets [`OperationMeta::query`].
    pub const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    /// Sets [`OperationMeta::paging`].
    pub const fn paging(mut self, paging: Paging) -> Self {
        self.paging = paging;
        self
    }

    /// Sets [`OperationMeta::empty_response`].
    pub const fn empty_response(mut self) -> Self {
        self.empty_response = true;
        self
    }

    /// Sets [`OperationMeta::secret_request`].
    pub const fn secret_request(mut self) -> Self {
        self.secret_request = true;
        self
    }

    /// Sets [`OperationMeta::secret_response`].
    pub const fn secret_response(mut self) -> Self {
        self.secret_response = true;
        self
    }

    /// Sets [`OperationMeta::large_response`].
    pub const fn large_response(mut self) -> Self {
        self.large_response = true;
        self
    }

    /// Sets [`OperationMeta::not_found_code`].
    pub const fn not_found_code(mut self, code: &'static ErrorCode) -> Self {
        self.not_found_code = Some(code);
        self
    }

    /// Sets [`OperationMeta::verify_with`].
    pub const fn verify_with(mut self, operation: &'static OperationMeta) -> Self {
        self.verify_with = Some(operation);
        self
    }

    /// Sets [`OperationMeta::destroys`].
    pub const fn destroys(mut self, loss: &'static str) -> Self {
        self.destroys = Some(loss);
        self
    }

    /// Sets [`OperationMeta::codes`].
    pub const fn codes(mut self, codes: &'static [ErrorCode]) -> Self {
        self.codes = codes;
        self
    }
}

/// Compares the API and the id.
impl PartialEq for OperationMeta {
    fn eq(&self, other: &Self) -> bool {
        (self.api, self.id) == (other.api, other.id)
    }
}

impl Eq for OperationMeta {}

/// Writes the API and the id, such as `deployment/data_sync`: unique among all operations.
impl fmt::Display for OperationMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.api, self.id)
    }
}

/// Shows the API and the id only.
impl fmt::Debug for OperationMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationMeta({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn names_for_logs_are_snake_case_and_honor_a_width() {
        let names = [Idempotency::Safe, Idempotency::Idempotent, Idempotency::NonIdempotent].map(Idempotency::as_str);
        assert_eq!(names, ["safe", "idempotent", "non_idempotent"]);
        assert_eq!(format!("{:>6}|", Idempotency::Safe), "  safe|");
    }
}
