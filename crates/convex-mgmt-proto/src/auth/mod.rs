//! Credentials: what their text says, which API takes them, and whether they fit an operation.

mod compatibility;
mod credential;

pub use self::compatibility::{Acceptance, Compatibility};
pub use self::credential::{
    AccessToken, AccessTokenKind, Authorizes, Credential, CredentialError, DeployKey, DeployKeyKind, Surplus,
};
