//! [`Error`]: the failure of a call, with the facts that a caller decides on.
//!
//! [`Error::kind`] is for code that reacts to one failure, [`Error::advice`] for code that decides what to do next, and `Display`
//! for a person.

mod advice;
mod attempts;
mod call;
mod chain;
mod incomplete;
mod kind;
mod proxy;
mod text;
mod transport;

pub use self::advice::Advice;
pub use self::attempts::Attempts;
pub(crate) use self::call::Cause;
pub use self::call::Error;
pub(crate) use self::chain::chain;
pub use self::incomplete::Incomplete;
pub use self::kind::ErrorKind;
pub use self::proxy::ProxyRefusal;
pub(crate) use self::transport::SharedError;
pub use self::transport::{TransportError, TransportErrorKind};
