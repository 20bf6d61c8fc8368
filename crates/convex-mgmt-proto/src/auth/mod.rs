//! Credentials: their grammar, the APIs that accept them, and their compatibility with an operation.

mod compatibility;
mod credential;
mod kind;

pub use self::compatibility::{Acceptance, Compatibility};
pub use self::credential::{AccessToken, Authorizes, Credential, CredentialError, DeployKey, Surplus};
pub use self::kind::{AccessTokenKind, CredentialKind, DeployKeyKind};
