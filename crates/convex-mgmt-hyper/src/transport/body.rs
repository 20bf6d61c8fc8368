//! [`FullBody`], the body of a request, and [`BodyBuffer`], the body of a response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::error::TransportError;
use crate::progress::Progress;

/// A request's body, which is complete before it is sent.
#[derive(Debug)]
pub(crate) struct FullBody {
    data: Option<Bytes>,
    progress: Arc<Progress>,
    /// `true` if a connection may have sent the whole request.
    begun: bool,
    /// `true` if an empty body reports its end only when it is polled.
    late_end: bool,
}

impl FullBody {
    pub(super) fn new(data: Bytes, progress: Arc<Progress>) -> Self {
        Self { data: Some(data), progress, begun: false, late_end: false }
    }

    /// Permits the connection to send the whole request. Returns `false` if the attempt's time has run out. Polling the body
    /// calls it too.
    pub(super) fn begin(&mut self) -> bool {
        self.begun = self.begun || self.progress.begin();
        self.begun
    }

    /// Returns the progress of the attempt.
    #[cfg(feature = "http2")]
    pub(super) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Records that a connection returned the request untouched.
    pub(super) fn returned(&mut self) {
        if std::mem::take(&mut self.begun) {
            self.progress.returned();
        }
    }

    /// Makes the end of the body a separate step, even of an empty body. The progress then shows whether the connection polled
    /// it. Over HTTP/2 the end becomes a frame of its own.
    #[cfg(feature = "http2")]
    pub(super) fn end_late(&mut self) {
        self.late_end = true;
    }
}

impl Body for FullBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        if !self.begin() {
            // The connection drops the request as soon as it sees that the attempt has ended.
            return Poll::Pending;
        }
        self.late_end = false;
        let data = self.data.take().filter(|data| !data.is_empty());
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        !self.late_end && self.data.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

/// Maximum size in bytes of a buffer that has the declared length before much of the body has arrived.
const SMALL: usize = 64 * 1024;

/// The maximum ratio of a buffer above [`SMALL`] to the bytes that have arrived.
const AHEAD: usize = 16;

/// Collects the frames of a response's body. A single frame, which is the usual case, is not copied.
///
/// A body of declared length ends in one buffer of that length. A peer may declare a length that it never sends, so the buffer
/// grows in steps: its size is the length divided by a power of [`AHEAD`]. Memory peaks at 1.0625 times the body, and the buffer is
/// at most [`AHEAD`] times as large as the bytes that have arrived.
pub(super) struct BodyBuffer {
    first: Bytes,
    more: Vec<u8>,
    declared: Option<usize>,
    limit: usize,
}

impl BodyBuffer {
    /// Creates an empty buffer for a body of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { first: Bytes::new(), more: Vec::new(), declared: None, limit }
    }

    /// Sets the expected length. Fails if it exceeds the limit.
    pub(super) fn expect(&mut self, length: &SizeHint) -> Result<(), TransportError> {
        if length.lower() > self.limit as u64 {
            return Err(TransportError::response_too_large(self.limit));
        }
        self.declared = length.exact().and_then(|length| usize::try_from(length).ok());
        Ok(())
    }

    /// Adds a frame. Fails if the body then exceeds the limit.
    pub(super) fn push(&mut self, data: Bytes) -> Result<(), TransportError> {
        let length = self.first.len() + self.more.len();
        if data.len() > self.limit - length {
            return Err(TransportError::response_too_large(self.limit));
        }
        if data.is_empty() {
            return Ok(());
        }
        if length == 0 {
            self.first = data;
            return Ok(());
        }
        let room = self.room_for(length + data.len());
        self.more.reserve_exact(room - self.more.len());
        self.more.extend_from_slice(&std::mem::take(&mut self.first));
        self.more.extend_from_slice(&data);
        Ok(())
    }

    /// Returns the size of the buffer for a body of `bytes` so far.
    fn room_for(&self, bytes: usize) -> usize {
        let capacity = self.more.capacity();
        if bytes <= capacity {
            return capacity;
        }
        let Some(mut room) = self.declared.filter(|declared| *declared >= bytes) else {
            return bytes.max(2 * capacity).min(self.limit);
        };
        while room / AHEAD >= bytes.max(SMALL) {
            room /= AHEAD;
        }
        room
    }

    /// Takes the body out. The unused part of the buffer is freed, because documents may keep the body for long.
    pub(super) fn take(&mut self) -> Bytes {
        match std::mem::take(&mut self.more) {
            more if more.is_empty() => std::mem::take(&mut self.first),
            more => more.into_boxed_slice().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn expecting(declared: Option<usize>, limit: usize) -> BodyBuffer {
        let mut read = BodyBuffer::new(limit);
        let length = declared.map_or_else(SizeHint::new, |length| SizeHint::with_exact(length as u64));
        read.expect(&length).unwrap();
        read
    }

    /// Returns the body that is read, and the sizes that the buffer had.
    fn read(declared: Option<usize>, limit: usize, frames: &[&[u8]]) -> (Bytes, Vec<usize>) {
        let (mut read, mut sizes) = (expecting(declared, limit), Vec::new());
        for frame in frames {
            read.push(Bytes::copy_from_slice(frame)).unwrap();
            sizes.push(read.more.capacity());
        }
        sizes.dedup();
        (read.take(), sizes)
    }

    #[test]
    fn a_single_frame_is_not_copied() {
        for declared in [None, Some(5)] {
            let mut read = expecting(declared, 5);
            let frame = Bytes::from(b"hello".to_vec());
            let address = frame.as_ptr();
            for frame in [Bytes::new(), frame, Bytes::new()] {
                read.push(frame).unwrap();
            }
            assert_eq!(read.take().as_ptr(), address);
        }
    }

    #[test]
    fn a_body_of_declared_length_gets_one_buffer_of_that_length_in_few_steps() {
        let frame = [b'x'; 7000];
        for length in [3 * MIB, 8 * MIB, 8 * MIB + 1, 33 * MIB - 1] {
            let mut frames = vec![&frame[..]; length / frame.len()];
            frames.push(&frame[..length % frame.len()]);
            let (body, sizes) = read(Some(length), 40 * MIB, &frames);
            assert_eq!((body.len(), sizes.last()), (length, Some(&length)));
            assert!(
                sizes.iter().all(|size| *size == 0 || (0..4).any(|step| *size == length >> (4 * step))),
                "{sizes:?}"
            );
            assert!(sizes.len() <= 5, "{sizes:?}");
        }
    }

    #[test]
    fn a_declared_length_is_not_trusted_before_a_part_of_it_has_arrived() {
        for (declared, arrived) in [(256 * MIB, 2), (256 * MIB, 100_000), (usize::MAX, 2)] {
            let frame = vec![b'x'; arrived - 1];
            let (_, sizes) = read(Some(declared), declared, &[&frame, b"x"]);
            assert!(sizes.iter().all(|size| *size <= AHEAD * arrived.max(SMALL)), "{declared}, {arrived}: {sizes:?}");
        }
        assert_eq!(read(Some(AHEAD * SMALL - 1), MIB, &[b"x", b"x"]).1, [0, AHEAD * SMALL - 1]);
    }

    #[test]
    fn a_body_of_unknown_length_keeps_no_spare_memory() {
        let frame = [b'x'; 10_000];
        let frames = vec![&frame[..]; 33];
        let (body, sizes) = read(None, MIB / 3, &frames);
        assert_eq!(body.len(), 330_000);
        assert!(sizes.iter().all(|size| *size <= MIB / 3), "{sizes:?}");
        // A buffer with one owner is returned as it is.
        assert_eq!(Vec::from(body).capacity(), 330_000);
    }

    #[test]
    fn the_limit_is_exact_to_the_byte() {
        for declared in [None, Some(5)] {
            let mut read = expecting(declared, 5);
            for frame in ["ab", "", "cde", ""] {
                read.push(Bytes::from(frame)).unwrap();
            }
            read.push(Bytes::from("f")).unwrap_err();
            assert_eq!(read.take(), "abcde");
        }
        BodyBuffer::new(5).expect(&SizeHint::with_exact(6)).unwrap_err();
        BodyBuffer::new(0).push(Bytes::new()).unwrap();
        BodyBuffer::new(0).push(Bytes::from("a")).unwrap_err();
    }
}
