//! Who is calling: the `Authorization` header, the keys, and what an identity may do. As convex-backend's
//! `crates/local_backend/src/authentication.rs`, `crates/keybroker/src` and `crates/roles/src/eval.rs` have it.

use std::net::{Ipv4Addr, SocketAddr};

use axum::extract::{FromRequestParts, Query};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderName;
use http::header::{AUTHORIZATION, USER_AGENT};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Refusal;
use crate::state::Shared;

/// What a read-only key may do.
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

/// The keys that a deployment knows. They are compared as given, not decrypted.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) full: Vec<String>,
    pub(crate) read_only: Vec<String>,
    pub(crate) system: Vec<String>,
    /// With the permitted actions; no actions permit everything. `None` is a revoked token, so that the others keep their
    /// numbers.
    pub(crate) tokens: Vec<Option<(String, Vec<String>)>>,
    pub(crate) end_users: Vec<String>,
}

impl Keys {
    /// Forgets a key, a token or a JWT. Returns whether it was known.
    pub(crate) fn revoke(&mut self, key: &str) -> bool {
        let mut found = false;
        let mut keep = |is_revoked: bool| {
            found |= is_revoked;
            !is_revoked
        };
        for list in [&mut self.full, &mut self.read_only, &mut self.system] {
            list.retain(|known| keep(secret_of(known) == secret_of(key)));
        }
        self.end_users.retain(|known| keep(known == key));
        for token in &mut self.tokens {
            let is_revoked = token.as_ref().is_some_and(|(known, _)| secret_of(known) == secret_of(key));
            if !keep(is_revoked) {
                *token = None;
            }
        }
        found
    }
}

/// Who is calling, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    identity: Identity,
    /// As the audit log tells it.
    pub(crate) actor: Value,
    pub(crate) client_ip: Option<String>,
    pub(crate) user_agent: Option<String>,
}

impl Caller {
    /// The deployment itself.
    pub(crate) fn system() -> Self {
        Self { identity: Identity::System, actor: json!({"kind": "system"}), client_ip: None, user_agent: None }
    }

    /// Refuses what this caller may not do.
    pub(crate) fn require(&self, action: &str) -> Result<(), Refusal> {
        self.identity.require(action)
    }

    /// Refuses what only a plain key may write.
    pub(crate) fn require_plain(&self) -> Result<(), Refusal> {
        self.identity.require_plain()
    }

    /// Refuses who has no key at all, however restricted.
    pub(crate) fn require_key(&self) -> Result<(), Refusal> {
        self.identity.require_key()
    }
}

/// What a caller is.
#[derive(Clone, Debug)]
enum Identity {
    /// No credential.
    Unknown,
    /// An end user of the app, with a JWT.
    EndUser,
    /// A key. It may do what is listed, or everything if nothing is. A cloud token has a number.
    Key { allowed: Vec<String>, acts_as_user: bool, token: Option<usize> },
    /// The system, which may do everything.
    System,
}

impl Identity {
    fn require_key(&self) -> Result<(), Refusal> {
        match self {
            Self::Unknown | Self::EndUser => {
                Err(Refusal::forbidden("BadDeployKey", "this is no key of this deployment"))
            }
            Self::Key { .. } | Self::System => Ok(()),
        }
    }

    fn require(&self, action: &str) -> Result<(), Refusal> {
        self.require_key()?;
        match self {
            Self::Unknown | Self::EndUser | Self::System => Ok(()),
            Self::Key { allowed, .. } if allowed.is_empty() || allowed.iter().any(|one| one == action) => Ok(()),
            Self::Key { .. } => {
                Err(Refusal::forbidden("OperationNotPermitted", format!("this key lacks a permission ({action})")))
            }
        }
    }

    fn require_plain(&self) -> Result<(), Refusal> {
        match self {
            Self::Key { acts_as_user: true, .. } => {
                Err(Refusal::forbidden("SystemIdentityRequired", "a key that acts as a user cannot do this"))
            }
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        let identity = identity(parts, state)?;
        let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let actor = match &identity {
            Identity::Key { token: Some(number), .. } => {
                json!({"kind": "token", "member_id": 0, "token_id": number, "client_id": null})
            }
            Identity::System => json!({"kind": "system"}),
            // The keys that a self-hosted server makes carry member 0.
            _ => json!({"kind": "member", "member_id": 0}),
        };
        let forwarded = text(HeaderName::from_static("x-forwarded-for"));
        let first = forwarded.and_then(|list| list.split(',').next().map(|first| first.trim().to_owned()));
        // Without a socket, the client is this very process.
        let peer = || parts.extensions.get::<SocketAddr>().map_or(Ipv4Addr::LOCALHOST.into(), SocketAddr::ip);
        let client_ip = Some(first.unwrap_or_else(|| peer().to_string()));
        Ok(Self { identity, actor, client_ip, user_agent: text(USER_AGENT) })
    }
}

fn identity(parts: &Parts, state: &Shared) -> Result<Identity, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct AdminKey {
        admin_key: Option<String>,
    }
    let deployment = state.deployment();
    if let Some(value) = parts.headers.get(AUTHORIZATION) {
        return identify(value.as_bytes(), &deployment.name, &deployment.keys);
    }
    let Query(query) = Query::<AdminKey>::try_from_uri(&parts.uri)
        .map_err(|_| Refusal::bad_request("BadQueryArgs", "the query cannot be read"))?;
    match query.admin_key {
        Some(key) => identify_key(&key, false, &deployment.name, &deployment.keys),
        None => Ok(Identity::Unknown),
    }
}

fn identify(header: &[u8], name: &str, keys: &Keys) -> Result<Identity, Refusal> {
    let printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    let Some(text) = std::str::from_utf8(header).ok().filter(|_| header.iter().all(printable)) else {
        return Err(Refusal::bad_request("HeaderParseFailure", "the authorization header is not text"));
    };
    if text.len() < 7 {
        return Err(Refusal::bad_request("InvalidHeaderFailure", "the authorization header is too short"));
    }
    let (scheme, rest) = text.split_at(7);
    if scheme.eq_ignore_ascii_case("convex ") {
        let key = without_type(rest);
        return match key.split_once(':') {
            None => identify_key(&key, false, name, keys),
            Some((key, user)) => {
                let user = STANDARD.decode(user).ok().and_then(|json| serde_json::from_slice::<Value>(&json).ok());
                if !user.is_some_and(|user| user.is_object()) {
                    return Err(Refusal::bad_request("HeaderParseFailure", "the user to act as cannot be read"));
                }
                identify_key(key, true, name, keys)
            }
        };
    }
    if scheme.eq_ignore_ascii_case("bearer ") && !rest.is_empty() {
        return identify_end_user(rest.trim(), keys);
    }
    Err(Refusal::bad_request("InvalidAdminKey", "the authorization header has an unknown scheme"))
}

/// The key without the type of its deployment. What stands before the secret of a preview or project key goes wholly.
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

fn identify_key(key: &str, acts_as_user: bool, name: &str, keys: &Keys) -> Result<Identity, Refusal> {
    let refused = || Refusal::unauthenticated("BadAdminKey", "this is no admin key of this deployment");
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
        // An admin key has to name the deployment.
        return if key_name != Some(name) {
            Err(refused())
        } else if is_system && !acts_as_user {
            Ok(Identity::System)
        } else {
            Ok(Identity::Key { allowed, acts_as_user, token: None })
        };
    }
    for (number, token) in (1..).zip(&keys.tokens) {
        if let Some((_, allowed)) = token.as_ref().filter(|(known, _)| secret_of(known) == secret) {
            return Ok(Identity::Key { allowed: allowed.clone(), acts_as_user, token: Some(number) });
        }
    }
    Err(refused())
}

fn secret_of(key: &str) -> &str {
    key.split_once('|').map_or(key, |(_, secret)| secret)
}

fn identify_end_user(token: &str, keys: &Keys) -> Result<Identity, Refusal> {
    if keys.end_users.iter().any(|known| known == token) {
        return Ok(Identity::EndUser);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let is_json =
        |part: &str| URL_SAFE_NO_PAD.decode(part).is_ok_and(|bytes| serde_json::from_slice::<Value>(&bytes).is_ok());
    match parts[..] {
        [header, payload, _] if is_json(header) && is_json(payload) => {
            Err(Refusal::unauthenticated("NoAuthProvider", "no auth provider knows this token"))
        }
        _ => Err(Refusal::unauthenticated("InvalidAuthHeader", "this is no JWT")),
    }
}
