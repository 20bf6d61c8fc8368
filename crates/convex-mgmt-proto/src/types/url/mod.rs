//! URLs: a strict parser for those of endpoints, and the text of a value in the URL of a request.

mod parse;
mod text;

#[cfg(test)]
pub(crate) use self::parse::PREFIX_LIMIT;
pub use self::parse::{EndpointError, is_loopback};
pub(crate) use self::parse::{HTTP_ACTIONS, Parts, is_quote};
pub(crate) use self::text::{QueryValue, UrlText, push_encoded};
