//! [`exchange`]: one request to a webhook.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;

/// Sends a request, and returns the status of the response. Returns `None` if there is no response.
#[cfg(feature = "server")]
pub(super) async fn exchange(request: Request<Full<Bytes>>) -> Option<StatusCode> {
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;

    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    client.request(request).await.ok().map(|response| response.status())
}

/// Without sockets there is no response.
#[cfg(not(feature = "server"))]
pub(super) async fn exchange(_request: Request<Full<Bytes>>) -> Option<StatusCode> {
    None
}
