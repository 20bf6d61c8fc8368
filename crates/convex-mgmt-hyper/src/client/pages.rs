//! [`Pages`] and [`Items`]: a list of several pages, by page and by item.

use std::fmt;
use std::vec;

use convex_mgmt_proto::{Api, Page, Paged, Pager};

use super::handle::Client;
use crate::error::{Cause, Error};
use crate::service::{DefaultService, Transport};

impl<A: Api, S: Clone> Client<A, S> {
    /// Walks the pages of a list, starting with the page that `operation` requests.
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
    pub fn pages<O: Paged<Api = A>>(&self, operation: O) -> Pages<O, S> {
        Pages { client: self.clone(), pager: Pager::new(operation) }
    }
}

/// The pages of a list. Each page is requested when it is needed. See [`Client::pages`].
///
/// It owns a clone of the client, so it can be a field of a struct, or move into a task.
#[must_use = "a page is requested when it is needed"]
pub struct Pages<O: Paged, S = DefaultService> {
    client: Client<O::Api, S>,
    pager: Pager<O>,
}

impl<O: Paged, S> Pages<O, S> {
    /// Returns the cursor of the next page, to continue at another time. `None` if that is the first page of the list.
    ///
    /// After the last page it stays the cursor of that page, so a later walk reads the last page again.
    pub fn cursor(&self) -> Option<&str> {
        self.pager.cursor()
    }

    /// Walks the items of the remaining pages, one by one.
    pub fn items(self) -> Items<O, S> {
        Items { pages: self, page: Vec::new().into_iter() }
    }
}

impl<O: Paged, S: Transport> Pages<O, S> {
    /// Requests the next page and returns its items, or `None` after the last page. A page may be empty even if more pages
    /// follow.
    ///
    /// # Errors
    /// The [`Error`] of the call. The position does not change: the next call requests the same page again. That also holds if
    /// the future is dropped. [`ErrorKind::Pagination`](crate::ErrorKind::Pagination) is final: the server returned a cursor for
    /// the second time.
    pub async fn next_page(&mut self) -> Result<Option<Vec<O::Item>>, Error> {
        let next = self.pager.request().map_err(|error| self.failed(Cause::Pagination(error)))?;
        let Some(operation) = next else { return Ok(None) };
        let page: Page<O::Item> = self.client.send(operation).await?;
        Ok(Some(self.pager.accept(page)))
    }

    /// Requests all remaining pages and returns their items, at most `max_items`.
    ///
    /// # Errors
    /// [`ErrorKind::TooManyItems`](crate::ErrorKind::TooManyItems) if there are more than `max_items`, and the errors of
    /// [`next_page`](Self::next_page). The items so far are dropped: walk by page or by item to keep them.
    pub async fn collect(mut self, max_items: usize) -> Result<Vec<O::Item>, Error> {
        let mut items = Vec::new();
        while let Some(page) = self.next_page().await? {
            if page.len() > max_items - items.len() {
                return Err(self.failed(Cause::TooManyItems(max_items)));
            }
            items.extend(page);
        }
        Ok(items)
    }

    fn failed(&self, cause: Cause) -> Error {
        Error::unsent(O::META, self.client.endpoint().url(), cause)
    }
}

impl<O: Paged + fmt::Debug, S> fmt::Debug for Pages<O, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("pager", &self.pager).finish_non_exhaustive()
    }
}

/// The items of a list, one by one. A page is requested when the items of the previous page are used up. See
/// [`Pages::items`].
///
/// A walk by item cannot be resumed in the middle of a page. To store a cursor, walk by page ([`Pages::next_page`]).
#[must_use = "a page is requested when it is needed"]
pub struct Items<O: Paged, S = DefaultService> {
    pages: Pages<O, S>,
    /// The rest of the last page.
    page: vec::IntoIter<O::Item>,
}

impl<O: Paged, S: Transport> Items<O, S> {
    /// Returns the next item, or `None` after the last one.
    ///
    /// # Errors
    /// As for [`Pages::next_page`]. No item is skipped or repeated if it is called again.
    pub async fn next_item(&mut self) -> Result<Option<O::Item>, Error> {
        loop {
            if let Some(item) = self.page.next() {
                return Ok(Some(item));
            }
            match self.pages.next_page().await? {
                Some(page) => self.page = page.into_iter(),
                None => return Ok(None),
            }
        }
    }
}

impl<O: Paged + fmt::Debug, S> fmt::Debug for Items<O, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("pages", &self.pages).field("left", &self.page.len()).finish_non_exhaustive()
    }
}
