//! [`Pages`]: walking a list page by page.

use std::fmt;

use bytes::Bytes;
use convex_mgmt_proto::{Api, Page, Paged, Pager};
use http::{Request, Response};
use tower::{BoxError, Service};

use super::handle::Client;
use crate::error::{Cause, Error};

/// The pages of a list, each asked for when it is wanted. See [`Client::pages`].
pub struct Pages<'a, A, S, O> {
    client: &'a Client<A, S>,
    pager: Pager<O>,
}

impl<A, S> Client<A, S>
where
    A: Api,
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
{
    /// Walks the pages of a list, from the one that an operation asks for.
    ///
    /// ```no_run
    /// use convex_mgmt::DeploymentClient;
    /// use convex_mgmt::UnixMillis;
    /// use convex_mgmt::deployment::ListAuditLogEvents;
    ///
    /// # async fn example(client: DeploymentClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(1_700_000_000_000)).limit(100));
    /// while let Some(events) = pages.next().await? {
    ///     for event in events {
    ///         println!("{} {}", event.create_time, event.action);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages<O: Paged<Api = A>>(&self, operation: O) -> Pages<'_, A, S, O> {
        Pages { client: self, pager: Pager::new(operation) }
    }
}

impl<A, S, O> Pages<'_, A, S, O>
where
    A: Api,
    S: Service<Request<Bytes>, Response = Response<Bytes>> + Clone,
    S::Error: Into<BoxError>,
    O: Paged<Api = A>,
{
    /// What is on the next page, which may be nothing although there is more; `None` at the end.
    ///
    /// # Errors
    /// An [`Error`]. After a failed call it may be called again and requests the same page. With the kind
    /// [`ErrorKind::Pagination`](crate::ErrorKind::Pagination) the list cannot be walked further.
    pub async fn next(&mut self) -> Result<Option<Vec<O::Item>>, Error> {
        let url = self.client.endpoint().url();
        let next = self.pager.request().map_err(|error| Error::unsent(O::META, url, Cause::Pagination(error)))?;
        let Some(operation) = next else { return Ok(None) };
        let page: Page<O::Item> = self.client.send(operation).await?;
        Ok(Some(self.pager.accept(page)))
    }

    /// The cursor at which the next page begins, to go on from another time; `None` before the first page.
    pub fn cursor(&self) -> Option<&str> {
        self.pager.cursor()
    }
}

impl<A: Api, S, O: fmt::Debug> fmt::Debug for Pages<'_, A, S, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("pager", &self.pager).finish_non_exhaustive()
    }
}
