//! [`Caller`]: authentication by the `Authorization` header, and permissions. Source: convex-backend's
//! `crates/local_backend/src/authentication.rs`, `crates/keybroker/src` and `crates/roles/src/eval.rs`.

use std::net::{Ipv4Addr, SocketAddr};

use axum::extract::{FromRequestParts, Query};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderName;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use crate::state::{Access, Keys, Origin, Shared, secret_of};

/// The permissions of a read-only key.
const READ_ONLY: &[&str] = &[
    "deployment:env:view",
    "deployment:logs:view",
    "deployment:metrics:view",
    "deployment:integrations:view",
    "deployment:data:view",
    "deployment:backups:view",
    "deployment:backups:download",
    "deployment:functions:runInternalQueries",
    "deployment:functions:runTestQuery",
    "deployment:auditLog:view",
    "deployment:usageLimits:view",
    "deployment:usage:view",
];

/// The identity of a request, and its origin for the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    identity: Identity,
    pub(crate) origin: Origin,
}

impl Caller {
    /// Fails unless the caller has a permission.
    pub(crate) fn require(&self, action: &str) -> Result<(), ApiError> {
        self.identity.require(action)
    }

    /// Fails if the caller's key acts as a user.
    pub(crate) fn reject_impersonation(&self) -> Result<(), ApiError> {
        self.identity.reject_impersonation()
    }

    /// Fails unless the caller has a key, which may be restricted.
    pub(crate) fn require_key(&self) -> Result<(), ApiError> {
        self.identity.require_key()
    }
}

/// An authenticated identity.
#[derive(Clone, Debug)]
enum Identity {
    /// No credential.
    Unknown,
    /// An end user of the app, with a JWT.
    EndUser,
    /// A key with its permissions; an empty list permits everything. A token has its actor for the audit log.
    Key { allowed: Vec<String>, acts_as_user: bool, token: Option<Value> },
    /// A key that the deployment does not know. The control plane decides.
    Unchecked { secret: String, acts_as_user: bool },
    /// The system, which has every permission.
    System,
}

impl Identity {
    fn require_key(&self) -> Result<(), ApiError> {
        match self {
            Self::Unknown | Self::EndUser | Self::Unchecked { .. } => {
                Err(ApiError::forbidden("BadDeployKey", "the request has no key of this deployment"))
            }
            Self::Key { .. } | Self::System => Ok(()),
        }
    }

    fn require(&self, action: &str) -> Result<(), ApiError> {
        self.require_key()?;
        match self {
            Self::Unknown | Self::EndUser | Self::Unchecked { .. } | Self::System => Ok(()),
            Self::Key { allowed, .. } if allowed.is_empty() || allowed.iter().any(|one| one == action) => Ok(()),
            Self::Key { .. } => {
                Err(ApiError::forbidden("OperationNotPermitted", format!("the key lacks a permission ({action})")))
            }
        }
    }

    fn reject_impersonation(&self) -> Result<(), ApiError> {
        match self {
            Self::Key { acts_as_user: true, .. } => {
                Err(ApiError::forbidden("SystemIdentityRequired", "a key that acts as a user is not allowed here"))
            }
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, ApiError> {
        let identity = identity(parts, state)?;
        let actor = match &identity {
            Identity::Key { token: Some(actor), .. } => actor.clone(),
            Identity::System => json!({"kind": "system"}),
            // The keys of a self-hosted server belong to member 0.
            _ => json!({"kind": "member", "member_id": 0}),
        };
        Ok(Self { identity, origin: origin(parts, actor) })
    }
}

/// The actor of a request and its client.
pub(crate) fn origin(parts: &Parts, actor: Value) -> Origin {
    let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let forwarded = text(HeaderName::from_static("x-forwarded-for"));
    let first = forwarded.and_then(|list| list.split(',').next().map(|first| first.trim().to_owned()));
    // Without a socket, the client is this process.
    let peer = || parts.extensions.get::<SocketAddr>().map_or(Ipv4Addr::LOCALHOST.into(), SocketAddr::ip);
    let client_ip = Some(first.unwrap_or_else(|| peer().to_string()));
    Origin { actor, client_ip, user_agent: text(USER_AGENT) }
}

fn identity(parts: &Parts, state: &Shared) -> Result<Identity, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct AdminKey {
        admin_key: Option<String>,
    }
    let from_query = || {
        let Query(query) = Query::<AdminKey>::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::bad_request("BadQueryArgs", "invalid query"))?;
        Ok(query.admin_key)
    };
    let (identity, name, access_tokens) = {
        let deployment = state.deployment();
        let (name, keys) = (&deployment.name, &deployment.keys);
        let identity = match parts.headers.get(AUTHORIZATION) {
            Some(value) => identify(value.as_bytes(), name, keys)?,
            None => from_query()?.map_or(Ok(Identity::Unknown), |key| identify_key(&key, false, name, keys))?,
        };
        (identity, name.clone(), deployment.access_tokens.clone())
    };
    let Identity::Unchecked { secret, acts_as_user } = identity else { return Ok(identity) };
    // Without the lock: the control plane has a lock of its own.
    match access_tokens.and_then(|tokens| tokens.access(&secret, &name)) {
        Some(Access { allowed, actor }) => Ok(Identity::Key { allowed, acts_as_user, token: Some(actor) }),
        None => Err(unknown_key()),
    }
}

fn unknown_key() -> ApiError {
    ApiError::unauthenticated("BadAdminKey", "the key is not an admin key of this deployment")
}

fn identify(header: &[u8], name: &str, keys: &Keys) -> Result<Identity, ApiError> {
    let printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    let Some(text) = std::str::from_utf8(header).ok().filter(|_| header.iter().all(printable)) else {
        return Err(ApiError::bad_request("HeaderParseFailure", "the authorization header is not text"));
    };
    if text.len() < 7 {
        return Err(ApiError::bad_request("InvalidHeaderFailure", "the authorization header is too short"));
    }
    let (scheme, rest) = text.split_at(7);
    if scheme.eq_ignore_ascii_case("convex ") {
        let key = without_type(rest);
        return match key.split_once(':') {
            None => identify_key(&key, false, name, keys),
            Some((key, user)) => {
                let user = STANDARD.decode(user).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok());
                if !user.is_some_and(|user| user.is_object()) {
                    return Err(ApiError::bad_request("HeaderParseFailure", "the user to act as is invalid"));
                }
                identify_key(key, true, name, keys)
            }
        };
    }
    if scheme.eq_ignore_ascii_case("bearer ") && !rest.is_empty() {
        return identify_end_user(rest.trim(), keys);
    }
    Err(ApiError::bad_request("InvalidAdminKey", "the authorization header has an unknown scheme"))
}

/// Removes the deployment type from a key. For a preview or project key, removes everything before the secret.
fn without_type(key: &str) -> String {
    let Some((prefix, secret)) = key.split_once('|') else { return key.to_owned() };
    match prefix.split_once(':') {
        Some((kind, _)) if kind.eq_ignore_ascii_case("preview") || kind.eq_ignore_ascii_case("project") => {
            secret.to_owned()
        }
        Some((_, name)) => format!("{name}|{secret}"),
        None => key.to_owned(),
    }
}

fn identify_key(key: &str, acts_as_user: bool, name: &str, keys: &Keys) -> Result<Identity, ApiError> {
    let key = without_type(key);
    let (key_name, secret) = match key.split_once('|') {
        Some((key_name, secret)) => (Some(key_name), secret),
        None => (None, key.as_str()),
    };
    let known = |list: &[String]| list.iter().any(|known| secret_of(known) == secret);
    let is_system = known(&keys.system);
    let admin = if is_system || known(&keys.full) {
        Some(Vec::new())
    } else if known(&keys.read_only) {
        Some(READ_ONLY.iter().map(|action| (*action).to_owned()).collect())
    } else {
        None
    };
    if let Some(allowed) = admin {
        // An admin key must name the deployment.
        return if key_name != Some(name) {
            Err(unknown_key())
        } else if is_system && !acts_as_user {
            Ok(Identity::System)
        } else {
            Ok(Identity::Key { allowed, acts_as_user, token: None })
        };
    }
    for (number, token) in (1_usize..).zip(&keys.tokens) {
        if let Some((_, allowed)) = token.as_ref().filter(|(known, _)| secret_of(known) == secret) {
            let actor = json!({"kind": "token", "member_id": 0, "token_id": number, "client_id": null});
            return Ok(Identity::Key { allowed: allowed.clone(), acts_as_user, token: Some(actor) });
        }
    }
    Ok(Identity::Unchecked { secret: secret.to_owned(), acts_as_user })
}

fn identify_end_user(token: &str, keys: &Keys) -> Result<Identity, ApiError> {
    if keys.end_users.iter().any(|known| known == token) {
        return Ok(Identity::EndUser);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let is_json =
        |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| serde_json::from_slice::<Value>(&bytes).is_ok());
    match parts[..] {
        [header, payload, _] if is_json(header) && is_json(payload) => {
            Err(ApiError::unauthenticated("NoAuthProvider", "no auth provider accepts the token"))
        }
        _ => Err(ApiError::unauthenticated("InvalidAuthHeader", "the token is not a JWT")),
    }
}
