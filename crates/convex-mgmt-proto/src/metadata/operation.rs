//! [`OperationMeta`]: the static description of an operation, and its vocabulary.

use std::fmt;

use http::{Method, Uri};

use super::api::Api;

/// A class of credentials, as the published documents list them for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialClass {
    /// A key for one deployment.
    DeployKey,
    /// A member's personal access token.
    PersonalToken,
    /// A team access token.
    TeamToken,
    /// A token that an OAuth application got for a team.
    OAuthTeamToken,
    /// A token that an OAuth application got for a project.
    OAuthProjectToken,
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

/// How an operation hands out long lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// The path that its own path follows, [`Api::PREFIX`].
    pub prefix: &'static str,
    /// Its path after `prefix`, with `{name}` for each path value.
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
            prefix: A::PREFIX,
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

    /// Returns the URL of the endpoint that a request of this operation goes to: the origin and the path prefix, as
    /// `Endpoint::url` returns it. `None` if `uri` does not end with a path of this operation.
    pub fn endpoint_url(&self, uri: &Uri) -> Option<String> {
        // A path value is one segment: a `/` in it is encoded.
        let last = self.path.matches('/').count().checked_sub(1)?;
        let (end, _) = uri.path().rmatch_indices('/').nth(last)?;
        let prefix = uri.path().get(..end)?.strip_suffix(self.prefix)?;
        Some(format!("{}://{}{prefix}", uri.scheme_str()?, uri.authority()?))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::environment_variables::Action;
    use crate::response::Sent;

    #[test]
    fn names_for_logs_are_snake_case_and_honor_a_width() {
        let names = [Idempotency::Safe, Idempotency::Idempotent, Idempotency::NonIdempotent].map(Idempotency::as_str);
        assert_eq!(names, ["safe", "idempotent", "non_idempotent"]);
        assert_eq!([Sent::No, Sent::Maybe].map(Sent::as_str), ["no", "maybe"]);
        let actions =
            [Action::Create, Action::Update, Action::Delete, Action::Unchanged, Action::Unmanaged, Action::Unplanned];
        for action in actions {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        let shown = format!("{:>6}|{:<5}|{:^8}|", Idempotency::Safe, Sent::No, Action::Create);
        assert_eq!(shown, "  safe|no   | create |");
    }
}
