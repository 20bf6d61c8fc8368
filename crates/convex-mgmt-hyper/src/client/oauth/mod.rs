//! The OAuth flow with a client: the exchange of a code, and the client for the token.

mod client;
mod error;
#[cfg(feature = "oauth-random")]
mod randomness;

pub use self::client::{EXCHANGE_TIMEOUT, ExchangeFuture, OAuthClient};
pub use self::error::ExchangeError;
#[cfg(feature = "oauth-random")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth-random")))]
pub use self::randomness::{RandomnessError, randomness};
