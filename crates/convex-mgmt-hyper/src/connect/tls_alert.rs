//! [`AlertDetector`]: a plaintext connection that detects a server that expects TLS.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

/// The first bytes of a TLS record with an alert: the record type and the major version, which all versions share.
const ALERT: [u8; 2] = [0x15, 0x03];

/// The server's TLS rejected bytes that were sent in plaintext. No HTTP response begins with an alert.
#[derive(Debug)]
pub(crate) struct TlsAlert;

impl fmt::Display for TlsAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server responded with a TLS alert")
    }
}

impl std::error::Error for TlsAlert {}

/// A connection that inspects its first bytes if it is in plaintext. An alert becomes a read error with [`TlsAlert`]. hyper would
/// only report malformed bytes.
#[derive(Debug)]
pub(crate) struct AlertDetector<S> {
    inner: S,
    /// `true` until the first bytes of a plaintext connection arrive.
    inspects: bool,
}

impl<S> AlertDetector<S> {
    pub(crate) fn new(inner: S, plaintext: bool) -> Self {
        Self { inner, inspects: plaintext }
    }
}

impl<S: Read + Unpin> Read for AlertDetector<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<(), io::Error>> {
        if !self.inspects || buffer.remaining() < ALERT.len() {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let mut first = [0; ALERT.len()];
        let mut first = ReadBuf::new(&mut first);
        ready!(Pin::new(&mut self.inner).poll_read(cx, first.unfilled()))?;
        self.inspects = false;
        if first.filled() == ALERT {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TlsAlert)));
        }
        buffer.put_slice(first.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: Write + Unpin> Write for AlertDetector<S> {
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
