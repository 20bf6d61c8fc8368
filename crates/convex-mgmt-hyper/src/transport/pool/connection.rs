//! [`Connection`]: the sending half of a connection; and [`Unopened`], the reason why there is none.

use hyper::client::conn::http1;
use tower::BoxError;

use crate::transport::body::FullBody;

/// The sending half of a connection.
pub(super) enum Connection {
    Http1(http1::SendRequest<FullBody>),
    #[cfg(feature = "http2")]
    Http2(hyper::client::conn::http2::SendRequest<FullBody>),
}

impl Connection {
    pub(super) fn is_http2(&self) -> bool {
        !matches!(self, Self::Http1(_))
    }

    /// Returns `true` if a request may be sent now.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_ready(),
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.is_ready(),
        }
    }

    pub(super) async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Self::Http1(connection) => connection.ready().await,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => connection.ready().await,
        }
    }

    /// Returns the same connection for another call, if calls can share it.
    pub(super) fn share(&self) -> Option<Self> {
        match self {
            Self::Http1(_) => None,
            #[cfg(feature = "http2")]
            Self::Http2(connection) => Some(Self::Http2(connection.clone())),
        }
    }
}

/// The reason why no connection was opened. Nothing was sent.
#[derive(Debug)]
pub(in crate::transport) enum Unopened {
    /// Opening it failed.
    Connect(BoxError),
    /// It was opened, and broke before it could be used.
    Broken(BoxError),
}

impl Unopened {
    pub(in crate::transport) fn reason(&self) -> &BoxError {
        match self {
            Self::Connect(reason) | Self::Broken(reason) => reason,
        }
    }

    pub(super) fn broken(error: hyper::Error) -> Self {
        Self::Broken(error.into())
    }
}
