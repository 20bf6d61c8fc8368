//! [`Client`], its builder, its calls, and its walk over lists.

mod builder;
mod call;
mod confirmed;
mod deployments;
mod environment;
mod handle;
#[cfg(feature = "oauth")]
pub mod oauth;
mod pages;
mod ready;
mod send;

pub use self::builder::ClientBuilder;
pub use self::deployments::{DeploymentFuture, KeyedDeployment};
pub use self::environment::OnConflict;
pub use self::handle::{BoxClient, Client, DeploymentClient, ManagementClient};
pub use self::pages::{Items, Pages};
pub use self::send::{ReplyFuture, SendFuture};
