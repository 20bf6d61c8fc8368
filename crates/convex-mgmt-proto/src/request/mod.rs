//! HTTP requests: the endpoint, and the encoder of path, query and body.

mod encoder;
pub(crate) mod endpoint;
pub(crate) mod json_text;
pub(crate) mod secret_body;

pub use self::encoder::RequestEncoder;
pub use self::endpoint::{CONVEX_CLIENT, Endpoint, EndpointError, UserAgent, is_loopback};
