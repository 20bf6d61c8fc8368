//! [`CredentialRefresh`]: replaces a credential that the server rejects, and sends the request once more.
//!
//! `source` has the credential of one endpoint, and `endpoints` has the sources of all endpoints. `waiting` is the wait of one call.

mod credential_source;
mod endpoints;
mod layer;
mod service;
mod source;
mod waiting;

pub use self::credential_source::CredentialSource;
pub use self::layer::CredentialRefreshLayer;
pub(crate) use self::service::RefreshedCredential;
pub use self::service::{CredentialRefresh, CredentialRefreshFuture};
