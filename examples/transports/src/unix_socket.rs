//! The default stack over connectors: one for a Unix socket, and one for pipes in memory.

use std::convert::Infallible;
use std::future::ready;
use std::path::PathBuf;

use convex_mgmt::http::Uri;
use convex_mgmt::{ClientBuilder, ConfigError, DeploymentApi, DeploymentClient};
use tokio::io::{DuplexStream, duplex};
use tokio::net::UnixStream;
use tower::service_fn;

/// Builds a client whose connections lead to the Unix socket at `path`.
///
/// The pool, the timeouts and the retries are the default ones. The URL of the endpoint appears in the requests only.
///
/// # Errors
/// As for `ClientBuilder::build`.
pub fn over_unix_socket(builder: ClientBuilder<DeploymentApi>, path: PathBuf) -> Result<DeploymentClient, ConfigError> {
    builder.connector(service_fn(move |_: Uri| UnixStream::connect(path.clone()))).build()
}

/// Builds a client whose connections are pipes in memory. `accept` receives the server's end of each.
///
/// # Errors
/// As for `ClientBuilder::build`.
pub fn over_pipes(
    builder: ClientBuilder<DeploymentApi>,
    accept: impl Fn(DuplexStream) + Clone + Send + 'static,
) -> Result<DeploymentClient, ConfigError> {
    let connect = move |_: Uri| {
        let (client, server) = duplex(64 << 10);
        accept(server);
        ready(Ok::<_, Infallible>(client))
    };
    builder.connector(service_fn(connect)).build()
}
