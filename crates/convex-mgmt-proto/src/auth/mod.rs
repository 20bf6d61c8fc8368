//! Credentials: their grammar, the APIs that accept them, and their compatibility with an operation.

mod compatibility;
mod credential;

pub use self::compatibility::{Acceptance, Compatibility};
pub(crate) use self::credential::is_quote;
pub use self::credential::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialError, DeployKey, DeployKeyKind, Surplus,
};
