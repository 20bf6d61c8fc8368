//! [`Items`]: a list of several pages as a stream of its items.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use convex_mgmt_proto::Paged;
use futures_core::Stream;

use super::by_page::Pages;
use crate::error::Error;
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, Timer};

impl<O: Paged, S: Transport, T: Timer> Pages<O, S, T> {
    /// Walks the items of the remaining pages, one by one.
    pub fn items(self) -> Items<O, S, T> {
        Items { pages: self, page: Vec::new().into_iter() }
    }
}

/// The items of a list, one by one: a stream, and the method [`next_item`](Self::next_item). A page is requested when the items of
/// the previous page are used up, or one page earlier with [`Pages::prefetch`]. See [`Pages::items`].
///
/// Errors, their end of the stream, and cancellation are as for [`Pages`]. No item is skipped or repeated after an error. It is
/// `Unpin`.
#[must_use = "a page is requested when it is needed"]
pub struct Items<O: Paged, S: Transport = DefaultService, T: Timer = DefaultTimer> {
    pages: Pages<O, S, T>,
    /// The rest of the last page.
    page: vec::IntoIter<O::Item>,
}

// No item is ever pinned.
impl<O: Paged, S: Transport, T: Timer> Unpin for Items<O, S, T> {}

impl<O: Paged, S: Transport, T: Timer> Items<O, S, T> {
    /// Returns the next item, or `None` after the last one.
    ///
    /// The future can be dropped at any time: the next call continues to wait for the same item.
    ///
    /// # Errors
    /// As for [`Pages::next_page`]. No item is skipped or repeated if it is called again.
    pub async fn next_item(&mut self) -> Result<Option<O::Item>, Error> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// Returns the cursor of the page that contains the next item, to continue at another time. `None` if that is the first page of
    /// the list.
    ///
    /// A cursor leads to the beginning of a page. A later walk returns the items of that page again that this walk returned
    /// already: each item at least once. Walk by page ([`Pages::cursor`]) to store a cursor after whole pages.
    pub fn cursor(&self) -> Option<&str> {
        if self.page.len() == 0 { self.pages.cursor() } else { self.pages.last_cursor() }
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<O::Item>, Error>> {
        if let Some(item) = self.page.next() {
            self.pages.poll_ahead(cx);
            return Poll::Ready(Ok(Some(item)));
        }
        self.page = ready!(self.pages.poll_filled_page(cx))?.unwrap_or_default().into_iter();
        Poll::Ready(Ok(self.page.next()))
    }
}

impl<O: Paged, S: Transport, T: Timer> Stream for Items<O, S, T> {
    type Item = Result<O::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.pages.has_failed() {
            return Poll::Ready(None);
        }
        let result = ready!(this.poll_item(cx));
        Poll::Ready(this.pages.stream_item(result))
    }

    /// Counts the items that are already here.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.page.len(), None)
    }
}

impl<O: Paged + fmt::Debug, S: Transport, T: Timer> fmt::Debug for Items<O, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("left", &self.page.len()).finish_non_exhaustive()
    }
}
