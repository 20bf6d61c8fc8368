//! Deploy keys: the keys for one deployment, optionally restricted to some actions.
//!
//! A key is returned once, by the operation that creates it. For an OAuth application, that key has the application's own token as
//! its secret: see [`KeyOrigin`].

mod action;
mod create;
mod delete;
pub(in crate::management) mod list;
mod origin;

pub use self::action::DeployKeyAction;
pub use self::create::{CreateDeployKey, CreatedDeployKey};
pub use self::delete::DeleteDeployKey;
pub use self::list::{DeployKeyInfo, ListDeployKeys};
pub use self::origin::KeyOrigin;
