//! Credentials: their grammar, the APIs that accept them, and their compatibility with an operation.

mod compatibility;
mod credential;

pub use self::compatibility::{Acceptance, Compatibility};
pub use self::credential::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialError, DeployKey, DeployKeyKind, Surplus,
};
