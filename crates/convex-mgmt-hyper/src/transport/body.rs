//! Bodies: [`Whole`] of a request, [`Read`] of a response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use super::progress::Progress;

/// A request's body: one piece, known before.
#[derive(Debug)]
pub(crate) struct Whole {
    data: Option<Bytes>,
    progress: Arc<Progress>,
    /// Whether the end of an empty body is told only when it is asked for.
    late_end: bool,
}

impl Whole {
    pub(super) fn new(data: Bytes, progress: Arc<Progress>) -> Self {
        Self { data: Some(data), progress, late_end: false }
    }

    /// Makes the end of a body a step of its own, even of an empty one, so that the progress tells whether it was taken. Over
    /// HTTP/2 it is a frame of its own then.
    #[cfg(feature = "http2")]
    pub(super) fn ends_late(&mut self) {
        self.late_end = true;
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        self.progress.taken();
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

/// The frames of a body. One alone, which is the rule, is passed on without copying it.
#[derive(Default)]
pub(super) struct Read {
    first: Bytes,
    more: BytesMut,
}

impl Read {
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    pub(super) fn push(&mut self, data: Bytes) {
        if self.first.is_empty() && self.more.is_empty() {
            self.first = data;
        } else {
            self.more.extend_from_slice(&std::mem::take(&mut self.first));
            self.more.extend_from_slice(&data);
        }
    }

    pub(super) fn whole(self) -> Bytes {
        if self.more.is_empty() { self.first } else { self.more.freeze() }
    }
}
