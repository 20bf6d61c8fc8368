//! Paginated lists: [`Page`], and [`Pager`], which walks the pages without IO.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;

use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

use super::interface::{Operation, Unchecked};
use crate::error::{ErrorCode, Violation};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page. May be empty even if more pages follow.
    pub items: Vec<T>,
    /// The cursor of the next page. `None` for the last page.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Creates a page.
    pub fn new(items: impl IntoIterator<Item = T>, next_cursor: Option<String>) -> Self {
        Self { items: items.into_iter().collect(), next_cursor }
    }
}

/// Writes the JSON form of most lists. Some lists have another name for the items.
#[cfg(feature = "serde-all")]
impl<T: serde::Serialize> serde::Serialize for Page<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Fields<'a, T> {
            items: &'a [T],
            pagination: Pagination,
        }
        Fields { items: &self.items, pagination: Pagination::new(self.next_cursor.clone()) }.serialize(serializer)
    }
}

/// The fields of a page besides its items.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
pub(crate) struct Pagination {
    #[cfg_attr(feature = "serde-all", serde(rename = "hasMore"))]
    has_more: bool,
    #[cfg_attr(feature = "serde-all", serde(rename = "nextCursor", skip_serializing_if = "Option::is_none"))]
    next_cursor: Option<String>,
}

impl Pagination {
    /// Creates the fields of a page that is followed by `next_cursor`, or is the last one.
    #[cfg(feature = "serde-all")]
    pub(crate) fn new(next_cursor: Option<String>) -> Self {
        Self { has_more: next_cursor.is_some(), next_cursor }
    }

    /// Returns the cursor of the next page; `None` for the last page.
    pub(crate) fn next(self) -> Option<String> {
        self.next_cursor.filter(|_| self.has_more)
    }
}

/// The expectation in the error of a page that announces more pages and does not lead to them.
const NEXT_CURSOR: &str = "the field `nextCursor` with a cursor, because `hasMore` is `true`";

impl<'de> Deserialize<'de> for Pagination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            has_more: bool,
            next_cursor: Option<String>,
        }
        let Fields { has_more, next_cursor } = Fields::deserialize(deserializer)?;
        // Treating it as the last page would truncate the list silently. The server rejects an empty cursor.
        if has_more && next_cursor.as_ref().is_none_or(String::is_empty) {
            return Err(de::Error::invalid_value(
                de::Unexpected::Other("a list without its next cursor"),
                &NEXT_CURSOR,
            ));
        }
        Ok(Self { has_more, next_cursor })
    }
}

/// The number of items that a request for a page may set as its limit. Source: convex-backend `crates/application/src/lib.rs`.
const LIMITS: std::ops::RangeInclusive<u32> = 1..=100;

/// Returns the violations of the rules for a limit and a cursor.
pub(crate) fn violations(limit: Option<u32>, cursor: Option<&str>) -> impl Iterator<Item = Violation> {
    let limit = limit.filter(|limit| !LIMITS.contains(limit));
    let rule = || format!("must be from {} to {}", LIMITS.start(), LIMITS.end());
    let limit = limit.map(|_| Violation::new("limit", ErrorCode::LimitOutOfRange, rule()));
    let cursor = cursor.filter(|cursor| cursor.is_empty());
    let cursor = cursor.map(|_| Violation::new("cursor", ErrorCode::InvalidCursor, "must not be empty"));
    limit.into_iter().chain(cursor)
}

/// An operation that returns a list in pages.
///
/// Other operations have no pages to walk:
///
/// ```compile_fail,E0277
/// use convex_mgmt::proto::Pager;
/// use convex_mgmt::deployment::ListEnvironmentVariables;
///
/// let pager = Pager::new(ListEnvironmentVariables::new());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not return a list in pages",
    label = "not a paged operation",
    note = "send it with `Client::send`, which returns the whole result"
)]
pub trait Paged: Operation<Output = Page<Self::Item>> {
    /// The type of the items.
    type Item;

    /// Returns the cursor of the page that the operation requests; `None` for the first page.
    fn cursor(&self) -> Option<&str>;

    /// Sets the cursor of the page to request, and keeps all other parameters.
    fn set_cursor(&mut self, cursor: String);
}

impl<T, O: Paged<Item = T> + Operation<Output = Page<T>>> Paged for Unchecked<O> {
    type Item = T;

    fn cursor(&self) -> Option<&str> {
        self.0.cursor()
    }

    fn set_cursor(&mut self, cursor: String) {
        self.0.set_cursor(cursor);
    }
}

/// Walks the pages of a list without IO. [`Pager::request`] returns the operation to send, and [`Pager::accept`] takes its page.
///
/// ```
/// use convex_mgmt::bytes::Bytes;
/// # use convex_mgmt::http;
/// use convex_mgmt::deployment::ListActiveSyncs;
/// use convex_mgmt::Operation;
/// use convex_mgmt::proto::Pager;
/// # let responses = [
/// #     r#"{"syncs":[],"pagination":{"hasMore":true,"nextCursor":"ab"}}"#,
/// #     r#"{"syncs":[],"pagination":{"hasMore":false}}"#,
/// # ];
/// # let mut responses = responses.into_iter().map(|body| http::Response::new(Bytes::from(body)));
/// # let mut send = |_: &ListActiveSyncs| responses.next().unwrap();
///
/// let mut pager = Pager::new(ListActiveSyncs::new());
/// while let Some(operation) = pager.request()? {
///     let page = ListActiveSyncs::from_response(send(operation))?;
///     for sync in pager.accept(page) {
///         println!("{}", sync.sync_id);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pager<O> {
    operation: O,
    state: State,
    seen: Seen,
}

/// The number of pages whose cursors a walk is certain to remember.
const REMEMBERED: usize = 5000;

/// The cursors that were used: as hashes, and in memory that does not grow with the number of pages.
///
/// A hash is SipHash with fixed keys. Two of 10,000 cursors have the same hash by chance once in 10^11 lists. A server that
/// searches for a collision can only end its own list.
#[derive(Clone, Default)]
struct Seen {
    count: u64,
    /// Up to [`REMEMBERED`] of the last cursors.
    recent: BTreeSet<u64>,
    /// The [`REMEMBERED`] cursors before them.
    older: BTreeSet<u64>,
    /// One cursor, replaced whenever the count is a power of two. A longer loop leads back to it.
    anchor: Option<u64>,
}

impl Seen {
    /// Adds a cursor and returns `true` if it is new, as far as the walk remembers.
    fn insert(&mut self, cursor: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        cursor.hash(&mut hasher);
        let hash = hasher.finish();
        if self.anchor == Some(hash) || self.older.contains(&hash) || !self.recent.insert(hash) {
            return false;
        }
        self.count += 1;
        if self.count.is_power_of_two() {
            self.anchor = Some(hash);
        }
        if self.recent.len() == REMEMBERED {
            self.older = mem::take(&mut self.recent);
        }
        true
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cursors", self.count)
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    More,
    Ended,
    Stuck,
}

/// The server returned the same cursor twice, so the list cannot be walked further.
///
/// The cursor that the walk started with counts, too. A cursor that returns after more than 5000 other pages is found later: the
/// walk may repeat pages until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the list does not end: the server returned a cursor for the second time")]
pub struct PagingError;

impl<O: Paged> Pager<O> {
    /// Starts a walk with the page that `operation` requests.
    pub fn new(operation: O) -> Self {
        let mut seen = Seen::default();
        operation.cursor().map(|cursor| seen.insert(cursor));
        Self { operation, state: State::More, seen }
    }

    /// Returns the operation to send next; `None` at the end of the list. It stays the same until a page is accepted.
    ///
    /// # Errors
    /// A [`PagingError`] if the server returned the same cursor twice. All pages so far are complete.
    pub fn request(&self) -> Result<Option<&O>, PagingError> {
        match self.state {
            State::More => Ok(Some(&self.operation)),
            State::Ended => Ok(None),
            State::Stuck => Err(PagingError),
        }
    }

    /// Takes the page of the last request and returns its items.
    pub fn accept(&mut self, page: Page<O::Item>) -> Vec<O::Item> {
        match page.next_cursor {
            None => self.state = State::Ended,
            Some(cursor) if self.seen.insert(&cursor) => self.operation.set_cursor(cursor),
            Some(_) => self.state = State::Stuck,
        }
        page.items
    }

    /// Returns the cursor of the next page, from which a later walk can continue. `None` if that is the first page of the list.
    ///
    /// After the last page it stays the cursor of that page, so a later walk reads the last page again.
    pub fn cursor(&self) -> Option<&str> {
        self.operation.cursor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::ListActiveSyncs;
    use crate::metadata::Paging;
    use crate::response::DecodeError;

    fn pagination(json: &str) -> serde_json::Result<Option<String>> {
        serde_json::from_str::<Pagination>(json).map(Pagination::next)
    }

    #[test]
    fn only_the_last_page_may_lack_a_cursor() {
        assert_eq!(pagination(r#"{"hasMore":false}"#).unwrap(), None);
        assert_eq!(pagination(r#"{"hasMore":false,"nextCursor":null}"#).unwrap(), None);
        assert_eq!(pagination(r#"{"hasMore":false,"nextCursor":"ab"}"#).unwrap(), None);
        assert_eq!(pagination(r#"{"hasMore":true,"nextCursor":"ab"}"#).unwrap(), Some("ab".to_owned()));
        assert_eq!(pagination(r#"{"hasMore":false,"nextCursor":""}"#).unwrap(), None);
        for bad in [
            r#"{"hasMore":true}"#,
            r#"{"hasMore":true,"nextCursor":null}"#,
            r#"{"hasMore":true,"nextCursor":""}"#,
            r#"{"nextCursor":"ab"}"#,
        ] {
            assert!(pagination(bad).is_err(), "{bad}");
        }
    }

    /// Returns the error of a page of the operation, if the operation returns a list in pages.
    fn page_error<O: Operation>(pagination: &str) -> Option<DecodeError> {
        // Both lists have the name of their items in their operation only.
        let pages = ["items", "syncs"].map(|items| format!(r#"{{"{items}":[],"pagination":{pagination}}}"#));
        let decoded = pages.map(|body| O::decode(&body.into()).err());
        decoded.into_iter().find_map(|error| error.filter(|error| error.path.starts_with("pagination")))
    }

    #[test]
    fn every_list_names_the_missing_cursor_of_a_page_that_announces_more() {
        let mut lists = Vec::new();
        macro_rules! check {
            ($($api:ident::$topic:ident::$operation:ident,)+) => { $({
                type O = crate::$api::$operation;
                if O::META.paging == Paging::Query {
                    lists.push(O::META.to_string());
                    for bad in ["", r#","nextCursor":null"#, r#","nextCursor":"""#] {
                        let error = page_error::<O>(&format!(r#"{{"hasMore":true{bad}}}"#)).expect("an error");
                        assert_eq!(error.expected, NEXT_CURSOR, "{} {bad}", O::META);
                    }
                }
            })+ };
        }
        crate::for_each_operation!(check);
        assert_eq!(lists.len(), 8, "{lists:?}");
        let error = page_error::<ListActiveSyncs>(r#"{"hasMore":true}"#).unwrap().to_string();
        let expected = "the body has another shape at `pagination` (line 1, column 26): \
                        expected the field `nextCursor` with a cursor, because `hasMore` is `true`";
        assert_eq!(error, expected);
    }

    #[test]
    fn walks_to_the_last_page_and_past_empty_pages() {
        let mut pager = Pager::new(ListActiveSyncs::new().limit(2));
        assert_eq!(pager.request().unwrap().unwrap().cursor, None);
        assert!(pager.accept(Page::new([], Some("a".to_owned()))).is_empty());
        let next = pager.request().unwrap().unwrap();
        assert_eq!((next.cursor.as_deref(), next.limit), (Some("a"), Some(2)));
        pager.accept(Page::new([], None));
        assert!(pager.request().unwrap().is_none());
        assert_eq!(pager.cursor(), Some("a"), "a later walk reads the last page again");
    }

    #[test]
    fn another_walk_continues_from_the_cursor() {
        let mut pager = Pager::new(ListActiveSyncs::new());
        assert_eq!(pager.cursor(), None);
        pager.accept(Page::new([], Some("b".to_owned())));
        assert_eq!(pager.cursor(), Some("b"));
        let later = Pager::new(ListActiveSyncs::new().cursor(pager.cursor().unwrap()));
        assert_eq!(later.cursor(), Some("b"));
        assert_eq!(later.request().unwrap().unwrap().cursor.as_deref(), Some("b"));
    }

    /// Walks from a cursor over pages with these next cursors. Returns for each page whether the walk continues after it.
    fn goes_on(start: Option<&str>, cursors: &[&str]) -> Vec<bool> {
        let mut pager =
            Pager::new(start.map_or_else(ListActiveSyncs::new, |start| ListActiveSyncs::new().cursor(start)));
        let goes_on = cursors.iter().map(|cursor| {
            pager.accept(Page::new([], Some((*cursor).to_owned())));
            match pager.request() {
                Ok(next) => next.unwrap().cursor.as_deref() == Some(cursor),
                Err(PagingError) => false,
            }
        });
        goes_on.collect()
    }

    #[test]
    fn rejects_a_repeated_cursor_after_any_number_of_pages() {
        assert_eq!(goes_on(None, &["a", "a"]), [true, false]);
        assert_eq!(goes_on(None, &["a", "b", "a"]), [true, true, false]);
        assert_eq!(goes_on(None, &["a", "b", "c", "d", "b"]), [true, true, true, true, false]);
        assert_eq!(goes_on(Some("a"), &["a"]), [false]);
        assert_eq!(goes_on(Some("a"), &["b", "a"]), [true, false]);
        assert_eq!(goes_on(Some("a"), &["b", "c", "A", "", " a"]), [true; 5]);
    }

    #[test]
    fn detects_a_loop_of_any_length_with_bounded_memory() {
        for length in [1, REMEMBERED, 3 * REMEMBERED, 4 * REMEMBERED + 1] {
            let mut seen = Seen::default();
            let pages = (0..).take_while(|n| seen.insert(&(n % length).to_string())).count();
            assert!(pages >= length && pages <= 3 * length, "{pages} pages of a loop of {length}");
            assert!(length > REMEMBERED || pages == length, "{pages} pages of a loop of {length}");
            assert!(seen.recent.len() + seen.older.len() <= 2 * REMEMBERED);
        }
    }

    #[test]
    fn walks_an_unchecked_operation() {
        let mut pager = Pager::new(ListActiveSyncs::new().limit(1000).cursor("a").unchecked());
        assert_eq!(pager.cursor(), Some("a"));
        pager.accept(Page::new([], Some("b".to_owned())));
        assert_eq!(pager.request().unwrap().unwrap().0, ListActiveSyncs::new().limit(1000).cursor("b"));
    }

    #[test]
    fn walks_a_list_of_many_pages() {
        let cursors: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
        let mut cursors: Vec<&str> = cursors.iter().map(String::as_str).collect();
        cursors.push("5000");
        let goes_on = goes_on(None, &cursors);
        assert_eq!(goes_on.iter().position(|goes_on| !goes_on), Some(10_000));
        let pager = Pager::new(ListActiveSyncs::new().cursor("a"));
        assert!(format!("{pager:?}").contains("seen: 1 cursors"));
    }
}
