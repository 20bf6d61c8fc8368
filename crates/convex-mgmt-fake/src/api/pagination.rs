//! [`Pagination`]: the `pagination` object of a response that is one page of a list.

use serde::Serialize;

/// The position of a page in its list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    has_more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Pagination {
    /// A page that `next_cursor` continues; the last page if there is none.
    pub(crate) fn new(next_cursor: Option<String>) -> Self {
        Self { has_more: next_cursor.is_some(), next_cursor }
    }

    /// A page that is not the last one and has no cursor, which no correct server returns.
    pub(crate) fn without_cursor() -> Self {
        Self { has_more: true, next_cursor: None }
    }
}
