//! [`ConfigError`]: why a client cannot be built; and the defaults of its settings.

use convex_mgmt_proto::EndpointError;
use thiserror::Error;

/// The defaults of a client's settings.
pub mod defaults {
    use std::time::Duration;

    /// How long opening a connection may take: its name, TCP, the proxy and TLS together.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
    /// The longest wait of one attempt for the head of the response, and then for more of its body.
    pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
    /// How long a call may take with all its attempts.
    pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(90);
    /// How long a connection is kept that nothing goes over: less than the 60 s after which common servers close it.
    pub const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
    /// The most idle connections of a client, all hosts together.
    pub const MAX_IDLE_CONNECTIONS: usize = 256;
    /// The time without a frame from the server after which an HTTP/2 connection is pinged, whether or not it is in use.
    pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
    /// The time in which the server has to answer such a ping. Otherwise the connection counts as dead and is closed.
    pub const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
    /// The largest body of an answer, in bytes.
    pub const RESPONSE_LIMIT: usize = 8 * 1024 * 1024;
    /// The largest body of an answer to an operation that may have large ones, such as a page of a data sync, in bytes.
    pub const LARGE_RESPONSE_LIMIT: usize = 256 * 1024 * 1024;
    /// The largest head of a response, in bytes; over HTTP/2 with 32 for each header, as its settings count. A larger one is an
    /// invalid response.
    pub const HEAD_LIMIT: usize = 256 * 1024;
    /// The most headers of a response over HTTP/1.1. More are an invalid response.
    pub const MAX_HEADERS: usize = 100;
}

/// Why a client cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL of the endpoint or proxy is `https`, and TLS is not built in.
    #[error("an `https` URL needs TLS: enable the feature `tls-ring` or `tls-aws-lc`")]
    NoTls,
    /// The URL of the endpoint or proxy is `https`, and TLS is built in, but no crypto provider is.
    #[error("TLS has no crypto provider: enable the feature `tls-ring` or `tls-aws-lc`")]
    NoCryptoProvider,
    /// The platform has no certificates that can be read.
    #[error("no certificates of the platform can be read")]
    NoNativeRoots,
    /// A text given to `root_certificates` holds no certificate, or one that cannot be read.
    #[error("root certificates {index} (counted from 0) are not readable PEM certificates")]
    RootCertificate {
        /// Which of them, in the order they were given, from 0.
        index: usize,
    },
    /// `resolve` was given an address elsewhere for `localhost` or a name below it.
    #[error(
        "`localhost` and names below it must resolve to loopback addresses: use another name for a server elsewhere"
    )]
    NotLoopback,
    /// The product for the `User-Agent` cannot be sent.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}
