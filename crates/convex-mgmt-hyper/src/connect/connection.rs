//! [`Connection`]: an open connection of any type.

use std::fmt;

use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// An open connection to a server. A connector of your own returns it
/// ([`ClientBuilder::connector`](crate::ClientBuilder::connector)).
///
/// Any stream of bytes with tokio's traits converts into it. It carries HTTP/1.1, unless [`Connection::http2`] says otherwise.
pub struct Connection {
    io: Box<dyn Io>,
    is_http2: bool,
}

impl Connection {
    /// Creates a connection over a stream that is ready for HTTP.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::from_hyper(TokioIo::new(stream), false)
    }

    /// Sets the protocol to HTTP/2, which client and server must have agreed on, for example with ALPN in TLS.
    ///
    /// Only for a client that enables HTTP/2 ([`ClientBuilder::http2`](crate::ClientBuilder::http2)). Other clients speak
    /// HTTP/1.1 over it. Feature `http2`.
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn http2(self) -> Self {
        Self { is_http2: true, ..self }
    }

    pub(super) fn from_hyper(io: impl Read + Write + Send + Unpin + 'static, is_http2: bool) -> Self {
        Self { io: Box::new(io), is_http2 }
    }

    pub(super) fn into_io(self) -> Box<dyn Io> {
        self.io
    }

    pub(super) fn is_http2(&self) -> bool {
        self.is_http2
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> From<T> for Connection {
    fn from(stream: T) -> Self {
        Self::new(stream)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("is_http2", &self.is_http2).finish_non_exhaustive()
    }
}

/// The traits that hyper needs. [`Connection`] does not implement them, so that they stay out of the public API.
pub(crate) trait Io: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Io for T {}
