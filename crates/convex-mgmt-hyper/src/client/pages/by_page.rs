//! [`Pages`]: a list of several pages as a stream of pages.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use convex_mgmt_proto::{Api, Page, Paged, Pager};
use futures_core::Stream;

use super::super::handle::Client;
use super::super::send::SendFuture;
use crate::error::{Cause, Error, ErrorKind};
use crate::service::{DefaultService, Transport};
use crate::timer::{DefaultTimer, Timer};

/// The number of empty pages that one poll skips. A transport that is always ready would otherwise keep the task from other work.
const EMPTY_PAGES_PER_POLL: u32 = 16;

impl<A: Api, S: Transport, T: Timer> Client<A, S, T> {
    /// Walks the pages of a list, starting with the page that `operation` requests. Nothing is sent before the walk is polled.
    ///
    /// ```no_run
    /// use convex_mgmt::DeploymentClient;
    /// use convex_mgmt::UnixMillis;
    /// use convex_mgmt::deployment::ListAuditLogEvents;
    ///
    /// # async fn example(client: DeploymentClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut events = client.pages(ListAuditLogEvents::new(UnixMillis(1_700_000_000_000)).limit(100)).items();
    /// while let Some(event) = events.next_item().await? {
    ///     println!("{} {}", event.create_time, event.action);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages<O: Paged<Api = A>>(&self, operation: O) -> Pages<O, S, T> {
        Pages {
            client: self.clone(),
            pager: Pager::new(operation),
            last: None,
            call: Box::pin(None),
            result: None,
            is_ahead: false,
            prefetches: false,
            has_failed: false,
        }
    }
}

/// The pages of a list: a stream, and the method [`next_page`](Self::next_page). Each page is requested when it is needed. See
/// [`Client::pages`].
///
/// It owns a clone of the client, so it can be a field of a struct, or move into a task. It is `Unpin`.
///
/// # The stream
/// An item of the stream is a page: the items of the list in it. A page may be empty even if more pages follow.
///
/// After an error, the next poll requests the same page again. Two kinds of errors would repeat forever, so the stream ends after
/// them: [`ErrorKind::Pagination`] and [`ErrorKind::Build`]. Stop at all
/// other errors that [`Error::advice`] does not advise to retry.
///
/// # Cancellation
/// The walk keeps the call in flight. A dropped future of [`next_page`](Self::next_page) or of a stream adapter loses no page: the
/// next poll continues the same call. Dropping the walk cancels the call.
#[must_use = "a page is requested when it is needed"]
pub struct Pages<O: Paged, S: Transport = DefaultService, T: Timer = DefaultTimer> {
    client: Client<O::Api, S, T>,
    /// Its position is the caller's, whatever was requested ahead.
    pager: Pager<O>,
    /// The cursor of the page that was returned last.
    last: Option<String>,
    /// The call for the page at the pager's position. One allocation serves all calls of the walk.
    call: Pin<Box<Option<SendFuture<O, S, T>>>>,
    /// The result of a call that ended before the caller asked for its page.
    result: Option<Result<Page<O::Item>, Error>>,
    /// The call, or the one with the result, started before the caller asked for its page.
    is_ahead: bool,
    prefetches: bool,
    /// The stream returned an error that would repeat.
    has_failed: bool,
}

// The call is in a box of its own, and nothing else is ever pinned.
impl<O: Paged, S: Transport, T: Timer> Unpin for Pages<O, S, T> {}

impl<O: Paged, S: Transport, T: Timer> Pages<O, S, T> {
    /// Requests the next page as soon as a page was returned, while the caller works on that page. It never requests a page beyond
    /// that one. By default a page is requested when the caller asks for it.
    ///
    /// * The walk spawns no task. The request is sent at once if a connection is free, and its response is read when the walk is
    ///   polled, by page or by item.
    /// * An error of that call is returned when the caller asks for the page. If the call timed out, the page is requested once more
    ///   instead, because the caller may have been busy. So a page may take up to twice the total timeout.
    /// * The call counts towards [`max_concurrency`](crate::ClientBuilder::max_concurrency) until its response is read. With a
    ///   maximum of 1, another call of the same client waits in vain until the walk is polled or dropped.
    /// * A walk that ends early has requested one page too many.
    pub fn prefetch(mut self) -> Self {
        self.prefetches = true;
        self
    }

    /// Returns the cursor of the page after the last one that the walk returned, to continue at another time. `None` if that is the
    /// first page of the list. A page that was requested ahead does not count.
    ///
    /// After the last page it stays the cursor of that page, so a later walk reads the last page again.
    pub fn cursor(&self) -> Option<&str> {
        self.pager.cursor()
    }

    /// Returns the cursor of the page that the walk returned last.
    pub(super) fn last_cursor(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// Requests the next page and returns its items, or `None` after the last page. A page may be empty even if more pages
    /// follow.
    ///
    /// The future can be dropped at any time: the next call continues to wait for the same page.
    ///
    /// # Errors
    /// The [`Error`] of the call. The position does not change: the next call requests the same page again.
    /// [`ErrorKind::Pagination`] is final: the server returned a cursor for the second time.
    pub async fn next_page(&mut self) -> Result<Option<Vec<O::Item>>, Error> {
        poll_fn(|cx| self.poll_page(cx)).await
    }

    /// Requests all remaining pages and returns their items, at most `max_items`.
    ///
    /// # Errors
    /// [`ErrorKind::TooManyItems`] if there are more than `max_items`, and the errors of
    /// [`next_page`](Self::next_page). The items so far are dropped: walk by page or by item to keep them.
    pub async fn collect(mut self, max_items: usize) -> Result<Vec<O::Item>, Error> {
        let mut items = Vec::new();
        while let Some(page) = poll_fn(|cx| self.poll_filled_page(cx)).await? {
            if page.len() > max_items - items.len() {
                return Err(self.failed(Cause::TooManyItems(max_items)));
            }
            items.extend(page);
        }
        Ok(items)
    }

    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<O::Item>>, Error>> {
        loop {
            let result = match self.result.take() {
                Some(result) => result,
                None if self.start()? => ready!(self.poll_call(cx)),
                None => return Poll::Ready(Ok(None)),
            };
            let was_ahead = mem::take(&mut self.is_ahead);
            match result {
                Ok(page) => {
                    self.last = self.pager.cursor().map(str::to_owned);
                    let items = self.pager.accept(page);
                    self.poll_ahead(cx);
                    return Poll::Ready(Ok(Some(items)));
                }
                // Its time may have run out while nobody polled it.
                Err(error) if was_ahead && error.is_timeout() => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// As `poll_page`, without empty pages.
    pub(super) fn poll_filled_page(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Vec<O::Item>>, Error>> {
        for _ in 0..EMPTY_PAGES_PER_POLL {
            match ready!(self.poll_page(cx))? {
                Some(page) if page.is_empty() => {}
                page => return Poll::Ready(Ok(page)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Starts the call for the next page if none is in flight. Returns `false` if there is no further page.
    fn start(&mut self) -> Result<bool, Error> {
        if self.call.is_none() {
            let next = self.pager.request().map_err(|error| self.failed(Cause::Pagination(error)))?;
            let Some(operation) = next else { return Ok(false) };
            self.call.set(Some(self.client.send(operation)));
        }
        Ok(true)
    }

    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Result<Page<O::Item>, Error>> {
        let Some(call) = self.call.as_mut().as_pin_mut() else { return Poll::Pending };
        let result = ready!(call.poll(cx));
        self.call.set(None);
        Poll::Ready(result)
    }

    /// Starts or continues the call for the next page before the caller asks for it, if the caller wants that.
    pub(super) fn poll_ahead(&mut self, cx: &mut Context<'_>) {
        if !self.prefetches || self.result.is_some() {
            return;
        }
        // The caller gets an error of `start` by asking for the page.
        if let Ok(true) = self.start() {
            self.is_ahead = true;
            if let Poll::Ready(result) = self.poll_call(cx) {
                self.result = Some(result);
            }
        }
    }

    /// Returns the next item of a stream with the results of `poll`. The stream ends after an error that would repeat.
    pub(super) fn stream_item<I>(&mut self, result: Result<Option<I>, Error>) -> Option<Result<I, Error>> {
        if let Err(error) = &result {
            self.has_failed = matches!(error.kind(), ErrorKind::Build | ErrorKind::Pagination);
        }
        result.transpose()
    }

    /// Returns `true` if the stream returned an error that would repeat.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    fn failed(&self, cause: Cause) -> Error {
        Error::unsent(O::META, self.client.endpoint().url(), cause)
    }
}

impl<O: Paged, S: Transport, T: Timer> Stream for Pages<O, S, T> {
    type Item = Result<Vec<O::Item>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.has_failed {
            return Poll::Ready(None);
        }
        let result = ready!(this.poll_page(cx));
        Poll::Ready(this.stream_item(result))
    }
}

impl<O: Paged + fmt::Debug, S: Transport, T: Timer> fmt::Debug for Pages<O, S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("pager", &self.pager).finish_non_exhaustive()
    }
}
