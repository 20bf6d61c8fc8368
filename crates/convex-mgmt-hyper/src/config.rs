//! [`ConfigError`], an invalid setting of a client, and the defaults of the settings.

use convex_mgmt_proto::EndpointError;
use thiserror::Error;

/// Defaults and fixed limits of a client.
pub mod defaults {
    use std::time::Duration;

    /// Longest time to open a connection: name lookup, TCP, the proxy and TLS together.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// Longest wait of one attempt for the head of the response, and then for more of its body.
    pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
    /// Deadline of a call with all its attempts.
    pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(90);
    /// Time that an idle connection stays in the pool: less than the 60 s after which common servers close it.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
    /// Maximum number of idle connections of a client, to all hosts together.
    pub const MAX_IDLE_CONNECTIONS: usize = 256;
    /// Time without a frame from the server after which the client pings an HTTP/2 connection, even if it is idle.
    pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
    /// Time in which the server has to respond to such a ping. Otherwise the client closes the connection as dead.
    pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
    /// Maximum size of a response body, in bytes.
    pub const RESPONSE_LIMIT: usize = 8 * 1024 * 1024;
    /// Maximum size of a response body for operations with large responses, such as a page of a data sync, in bytes.
    pub const LARGE_RESPONSE_LIMIT: usize = 256 * 1024 * 1024;
    /// Maximum size of the head of a response, in bytes. Over HTTP/2 each header counts 32 bytes more, as in HTTP/2 settings. A
    /// larger head is an invalid response.
    pub const HEAD_LIMIT: usize = 256 * 1024;
    /// Maximum number of headers of a response over HTTP/1.1. More headers are an invalid response.
    pub const MAX_HEADERS: usize = 100;
}

/// A setting with which a client cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL of the endpoint or proxy is `https`, but TLS is not built in.
    #[error("an `https` URL needs TLS: enable the feature `tls-ring` or `tls-aws-lc`")]
    NoTls,
    /// The URL of the endpoint or proxy is `https`, and TLS is built in without a crypto provider.
    #[error("TLS has no crypto provider: enable the feature `tls-ring` or `tls-aws-lc`")]
    NoCryptoProvider,
    /// The platform has no readable certificates.
    #[error("the platform has no readable certificates: install them, or use the bundled ones")]
    NoNativeRoots,
    /// A text passed to `root_certificates` has no certificate, or one that is not readable.
    #[error("root certificates {index} (counted from 0) are not readable PEM certificates")]
    RootCertificate {
        /// The index of the text in the order of the calls, from 0.
        index: usize,
    },
    /// `resolve` has an address that is not loopback for `localhost` or a name below it.
    #[error(
        "`localhost` and names below it must resolve to loopback addresses: use another name for a server elsewhere"
    )]
    NotLoopback,
    /// The product for the `User-Agent` cannot be sent.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}
