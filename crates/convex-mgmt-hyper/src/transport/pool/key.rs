//! [`Key`]: identifies the connections that a call can use.

use http::uri::{Authority, Parts, Scheme, Uri};
use http::{HeaderValue, Request, header};
use tokio::runtime;

/// The runtime and the host of a connection. A connection needs the runtime that drives it: on another one a call could wait
/// forever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) runtime: runtime::Id,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

impl Key {
    pub(super) fn uri(&self) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query("/").build()
    }

    /// Addresses a request as HTTP/1.1 requires: the host in a header, and only the path in the request line.
    pub(super) fn address<B>(&self, request: &mut Request<B>) {
        if !request.headers().contains_key(header::HOST) {
            let default_port = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
            let host = match self.authority.port_u16() {
                Some(port) if port != default_port => {
                    HeaderValue::try_from(format!("{}:{port}", self.authority.host()))
                }
                _ => HeaderValue::from_str(self.authority.host()),
            };
            // A host is visible ASCII.
            if let Ok(host) = host {
                request.headers_mut().insert(header::HOST, host);
            }
        }
        let mut parts = Parts::default();
        parts.path_and_query = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    }
}
