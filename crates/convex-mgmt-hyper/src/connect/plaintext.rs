//! [`Noticing`]: a connection that notices that the server wants TLS.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

/// How a record of TLS begins that holds an alert: its type, and the major version, which never changed.
const ALERT: [u8; 2] = [0x15, 0x03];

/// The server's TLS rejected what was sent in plaintext. No response of HTTP begins like this.
#[derive(Debug)]
pub(crate) struct TlsAlert;

impl fmt::Display for TlsAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server answered with an alert of TLS")
    }
}

impl std::error::Error for TlsAlert {}

/// A connection whose first bytes are looked at if it is in plaintext: a [`TlsAlert`] becomes an error of reading, where HTTP
/// would only find them malformed.
#[derive(Debug)]
pub(crate) struct Noticing<S> {
    inner: S,
    /// Whether the first bytes are still to come.
    looking: bool,
}

impl<S> Noticing<S> {
    pub(crate) fn new(inner: S, plaintext: bool) -> Self {
        Self { inner, looking: plaintext }
    }
}

impl<S: Read + Unpin> Read for Noticing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<(), io::Error>> {
        if !self.looking || buffer.remaining() < ALERT.len() {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let mut first = [0; ALERT.len()];
        let mut first = ReadBuf::new(&mut first);
        ready!(Pin::new(&mut self.inner).poll_read(cx, first.unfilled()))?;
        self.looking = false;
        if first.filled() == ALERT {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TlsAlert)));
        }
        buffer.put_slice(first.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: Write + Unpin> Write for Noticing<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize, io::Error>> {
        Pin::new(&mut self.inner).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<Result<usize, io::Error>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: Connection> Connection for Noticing<S> {
    fn connected(&self) -> Connected {
        self.inner.connected()
    }
}
