//! [`Key`]: identifies the connections that a call can use.

use std::hash::{Hash, Hasher};

use http::uri::{Authority, Parts, Scheme, Uri};
use http::{HeaderValue, Request, header};
use tokio::runtime;

/// The runtime and the host of a connection. A connection needs the runtime that drives it: on another one a call could wait
/// forever.
#[derive(Clone, Debug, Eq)]
pub(super) struct Key {
    pub(super) runtime: runtime::Id,
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

/// Compares texts. The types of URLs ignore case, which an endpoint's URL has lost already, and each call would pay for it.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.runtime == other.runtime
            && self.authority.as_str() == other.authority.as_str()
            && self.scheme.as_str() == other.scheme.as_str()
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authority.as_str().hash(state);
    }
}

impl Key {
    pub(super) fn uri(&self) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone()).path_and_query("/").build()
    }

    /// Addresses a request as HTTP/1.1 requires: the host in a header, and only the path in the request line.
    pub(super) fn address<B>(&self, request: &mut Request<B>) {
        // The first header of requests to an endpoint.
        if !request.headers().keys().any(|name| *name == header::HOST) {
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
