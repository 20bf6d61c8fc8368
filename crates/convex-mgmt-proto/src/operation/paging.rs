//! Lists in pages: [`Page`], and [`Pager`], which knows which request comes next and performs none.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

use crate::error::ErrorCode;
use crate::error::Violation;
use crate::operation::Operation;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on it. It may be empty even if there is more.
    pub items: Vec<T>,
    /// Where the next page begins; `None` if the end has been seen.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page.
    pub fn new(items: impl IntoIterator<Item = T>, next_cursor: Option<String>) -> Self {
        Self { items: items.into_iter().collect(), next_cursor }
    }
}

/// As most lists have it on the wire; some have another name for the items.
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

/// What every page says beside its items.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
pub(crate) struct Pagination {
    #[cfg_attr(feature = "serde-all", serde(rename = "hasMore"))]
    has_more: bool,
    #[cfg_attr(feature = "serde-all", serde(rename = "nextCursor", skip_serializing_if = "Option::is_none"))]
    next_cursor: Option<String>,
}

impl Pagination {
    /// Says that a list goes on at a cursor, or ends.
    #[cfg(feature = "serde-all")]
    pub(crate) fn new(next_cursor: Option<String>) -> Self {
        Self { has_more: next_cursor.is_some(), next_cursor }
    }

    /// Where the list goes on, if it does.
    pub(crate) fn next(self) -> Option<String> {
        self.next_cursor.filter(|_| self.has_more)
    }
}

impl<'de> Deserialize<'de> for Pagination {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Fields {
            has_more: bool,
            next_cursor: Option<String>,
        }
        let Fields { has_more, next_cursor } = Fields::deserialize(deserializer)?;
        // Taken for the end, it would cut the list off without a word.
        if has_more && next_cursor.is_none() {
            return Err(de::Error::missing_field("nextCursor"));
        }
        Ok(Self { has_more, next_cursor })
    }
}

/// How many items a page may be asked for. Source: convex-backend `crates/application/src/lib.rs`.
const LIMITS: std::ops::RangeInclusive<u32> = 1..=100;

/// The rules that a limit and a cursor break.
pub(crate) fn violations(limit: Option<u32>, cursor: Option<&str>) -> impl Iterator<Item = Violation> {
    let limit = limit.filter(|limit| !LIMITS.contains(limit));
    let rule = || format!("must be from {} to {}", LIMITS.start(), LIMITS.end());
    let limit = limit.map(|_| Violation::new("limit", ErrorCode::LimitOutOfRange, rule()));
    let cursor = cursor.filter(|cursor| cursor.is_empty());
    let cursor = cursor.map(|_| Violation::new("cursor", ErrorCode::InvalidCursor, "may not be empty"));
    limit.into_iter().chain(cursor)
}

/// An operation that gives a list in pages.
pub trait Paged: Operation<Output = Page<Self::Item>> {
    /// What the list is of.
    type Item;

    /// Where the page begins that this asks for; `None` for the first one.
    fn cursor(&self) -> Option<&str>;

    /// Asks for the page that begins at a cursor, with everything else as it is.
    fn set_cursor(&mut self, cursor: String);
}

/// Walks the pages of a list without performing a request: it gives the operation to perform, and takes the page.
///
/// ```
/// use bytes::Bytes;
/// use convex_mgmt::deployment::ListActiveSyncs;
/// use convex_mgmt::Operation;
/// use convex_mgmt::proto::Pager;
/// # let answers = [
/// #     r#"{"syncs":[],"pagination":{"hasMore":true,"nextCursor":"ab"}}"#,
/// #     r#"{"syncs":[],"pagination":{"hasMore":false}}"#,
/// # ];
/// # let mut answers = answers.into_iter().map(|body| http::Response::new(Bytes::from(body)));
/// # let mut perform = |_: &ListActiveSyncs| answers.next().unwrap();
///
/// let mut pager = Pager::new(ListActiveSyncs::new());
/// while let Some(operation) = pager.request()? {
///     let page = ListActiveSyncs::from_response(perform(operation))?;
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

/// The cursors at which a page began, 8 bytes each.
#[derive(Clone, Default)]
struct Seen(BTreeSet<u64>);

impl Seen {
    /// Notes a cursor. Whether it is new.
    ///
    /// The hash is SipHash with fixed keys: two of 10,000 cursors have the same by chance once in 10^11 lists, and a server
    /// that looked for two such would end its own list only.
    fn insert(&mut self, cursor: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        cursor.hash(&mut hasher);
        self.0.insert(hasher.finish())
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cursors", self.0.len())
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    More,
    Ended,
    Stuck,
}

/// The server gave a cursor that the walk has been at before, so walking on would never end.
///
/// All cursors of the walk count, the one that it began with too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the list does not end: the server returned a cursor for the second time")]
pub struct PagingError;

impl<O: Paged> Pager<O> {
    /// Begins with the page that this operation asks for.
    pub fn new(operation: O) -> Self {
        let mut seen = Seen::default();
        operation.cursor().map(|cursor| seen.insert(cursor));
        Self { operation, state: State::More, seen }
    }

    /// What to perform next; `None` at the end of the list. The same until a page is accepted.
    ///
    /// # Errors
    /// A [`PagingError`] if the list goes round. The pages so far are whole.
    pub fn request(&self) -> Result<Option<&O>, PagingError> {
        match self.state {
            State::More => Ok(Some(&self.operation)),
            State::Ended => Ok(None),
            State::Stuck => Err(PagingError),
        }
    }

    /// Takes the page that was asked for, and gives what is on it.
    pub fn accept(&mut self, page: Page<O::Item>) -> Vec<O::Item> {
        match page.next_cursor {
            None => self.state = State::Ended,
            Some(cursor) if self.seen.insert(&cursor) => self.operation.set_cursor(cursor),
            Some(_) => self.state = State::Stuck,
        }
        page.items
    }

    /// The cursor at which the next page begins, to go on from another time.
    pub fn cursor(&self) -> Option<&str> {
        self.operation.cursor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::ListActiveSyncs;

    fn pagination(json: &str) -> serde_json::Result<Option<String>> {
        serde_json::from_str::<Pagination>(json).map(Pagination::next)
    }

    #[test]
    fn a_cursor_may_be_absent_or_null_at_the_end_only() {
        assert_eq!(pagination(r#"{"hasMore":false}"#).unwrap(), None);
        assert_eq!(pagination(r#"{"hasMore":false,"nextCursor":null}"#).unwrap(), None);
        assert_eq!(pagination(r#"{"hasMore":false,"nextCursor":"ab"}"#).unwrap(), None);
        assert_eq!(pagination(r#"{"hasMore":true,"nextCursor":"ab"}"#).unwrap(), Some("ab".to_owned()));
        for bad in [r#"{"hasMore":true}"#, r#"{"hasMore":true,"nextCursor":null}"#, r#"{"nextCursor":"ab"}"#] {
            assert!(pagination(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn pages_are_walked_to_the_end_and_empty_ones_are_no_end() {
        let mut pager = Pager::new(ListActiveSyncs::new().limit(2));
        assert_eq!(pager.request().unwrap().unwrap().cursor, None);
        assert!(pager.accept(Page::new([], Some("a".to_owned()))).is_empty());
        let next = pager.request().unwrap().unwrap();
        assert_eq!((next.cursor.as_deref(), next.limit), (Some("a"), Some(2)));
        pager.accept(Page::new([], None));
        assert!(pager.request().unwrap().is_none());
    }

    #[test]
    fn the_cursor_of_a_walk_is_where_its_next_page_begins() {
        let mut pager = Pager::new(ListActiveSyncs::new());
        assert_eq!(pager.cursor(), None);
        pager.accept(Page::new([], Some("b".to_owned())));
        assert_eq!(pager.cursor(), Some("b"));
        // Another walk goes on from there.
        let later = Pager::new(ListActiveSyncs::new().cursor(pager.cursor().unwrap()));
        assert_eq!(later.cursor(), Some("b"));
        assert_eq!(later.request().unwrap().unwrap().cursor.as_deref(), Some("b"));
    }

    /// Whether a walk that begins at a cursor, if any, goes on after each of these.
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
    fn a_list_that_goes_round_is_an_error_however_large_the_circle() {
        assert_eq!(goes_on(None, &["a", "a"]), [true, false]);
        assert_eq!(goes_on(None, &["a", "b", "a"]), [true, true, false]);
        assert_eq!(goes_on(None, &["a", "b", "c", "d", "b"]), [true, true, true, true, false]);
        assert_eq!(goes_on(Some("a"), &["a"]), [false]);
        assert_eq!(goes_on(Some("a"), &["b", "a"]), [true, false]);
        assert_eq!(goes_on(Some("a"), &["b", "c", "A", "", " a"]), [true; 5]);
    }

    #[test]
    fn a_list_of_many_pages_is_walked() {
        let cursors: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
        let mut cursors: Vec<&str> = cursors.iter().map(String::as_str).collect();
        cursors.push("5000");
        let goes_on = goes_on(None, &cursors);
        assert_eq!(goes_on.iter().position(|goes_on| !goes_on), Some(10_000));
        let pager = Pager::new(ListActiveSyncs::new().cursor("a"));
        assert!(format!("{pager:?}").contains("seen: 1 cursors"));
    }
}
