//! HTTP responses: their outcome, their errors and the decoding of their bodies.

pub mod decode;
mod outcome;
mod raw_json;
mod reply;
mod retry_after;
mod success;

pub use self::decode::{DecodeError, DecodeErrorKind};
pub use self::outcome::{NOT_COMMITTED_CODES, Outcome, Sent};
pub use self::raw_json::RawJson;
pub(crate) use self::reply::Head;
pub use self::reply::{
    ApiError, Deprecation, KEPT_BODY, Redirect, Reply, ResponseError, UnexpectedReply, UnreadableReply,
};
