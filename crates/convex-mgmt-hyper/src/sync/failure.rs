//! [`SyncFailure`]: why a sync ended.

use std::error::Error as StdError;

use convex_mgmt_proto::ErrorCode;
use convex_mgmt_proto::sync::{SyncConflict, SyncError};
use thiserror::Error as ThisError;
use tower::BoxError;

use crate::error::{Error, chain};

/// The failure of a sync. Rows and checkpoint of the sink belong together after each of them, so that a later run can continue.
///
/// `Display` includes the text of the error inside, and the texts of its sources if it is the sink's error.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum SyncFailure {
    /// The sync cannot begin with the stored checkpoint, rows and options. Nothing was requested.
    #[error("the sync did not begin, nothing was changed: {0}")]
    Start(SyncError),
    /// A page cannot be used.
    #[error("the sync stopped at a page, nothing of it was stored: {0}")]
    Page(SyncError),
    /// A call failed. Either time does not help ([`Error::advice`]), or it failed for longer than the caller allows.
    #[error("the sync stopped at a call, the copy is as after the last page: {0}{advice}", advice = advice(.0))]
    Call(Error),
    /// The sink cannot return its state. Nothing was requested.
    #[error("the sync did not begin, the sink cannot be read: {text}", text = text(&**.0))]
    State(BoxError),
    /// The sink did not store a batch. It has everything or nothing of the batch.
    #[error("the sync stopped at the sink, which has all or nothing of the page: {text}", text = text(&**.0))]
    Commit(BoxError),
}

impl SyncFailure {
    /// Returns the conflict if another sync writes to the same sink. It also finds the conflict among the sources of the sink's error.
    pub fn conflict(&self) -> Option<&SyncConflict> {
        if let Self::Start(SyncError::Conflict(conflict)) | Self::Page(SyncError::Conflict(conflict)) = self {
            return Some(conflict);
        }
        match self {
            Self::State(error) | Self::Commit(error) => chain(&**error).find_map(|error| error.downcast_ref()),
            _ => None,
        }
    }
}

/// Returns the texts of an error and of its sources. A text that contains that of its source is enough for both.
fn text(error: &(dyn StdError + 'static)) -> String {
    let mut all = String::new();
    for text in chain(error).map(ToString::to_string) {
        if all.is_empty() {
            all = text;
        } else if !all.contains(&text) {
            all = format!("{all}: {text}");
        }
    }
    all
}

/// Returns the next step for a call that a sync knows more about than its error.
fn advice(error: &Error) -> &'static str {
    match error.code() {
        Some(ErrorCode::InvalidDataSyncCursor) => {
            "; check that the URL leads to the same deployment, then set `SyncOptions::restart`"
        }
        _ => "",
    }
}
