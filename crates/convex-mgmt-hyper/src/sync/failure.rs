//! [`SyncFailure`]: why a sync ended.

use std::error::Error as StdError;

use convex_mgmt_proto::ErrorCode;
use convex_mgmt_proto::sync::{SyncConflict, SyncError};
use thiserror::Error as ThisError;
use tower::BoxError;

use crate::error::Error;

/// The failure of a sync. Rows and checkpoint of the sink belong together after each of them, so that a later run can continue.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum SyncFailure {
    /// The sync cannot begin with the stored checkpoint, rows and options. Nothing was requested.
    #[error("the sync did not begin, nothing was changed: {0}")]
    Start(#[source] SyncError),
    /// A page cannot be used.
    #[error("the sync stopped at a page, nothing of it was stored: {0}")]
    Page(#[source] SyncError),
    /// A call failed. Either time does not help ([`Error::advice`]), or it failed for longer than the caller allows.
    #[error("the sync stopped at a call, the copy is as after the last page: {0}{advice}", advice = advice(.0))]
    Call(#[source] Error),
    /// The sink cannot return its state. Nothing was requested.
    #[error("the sync did not begin, the sink cannot be read: {0}")]
    State(#[source] BoxError),
    /// The sink did not store a batch. It has everything or nothing of the batch.
    #[error("the sync stopped at the sink, which has all or nothing of the page: {0}")]
    Commit(#[source] BoxError),
}

impl SyncFailure {
    /// Returns the conflict if another sync writes to the same sink. It also finds the conflict among the sources of the sink's error.
    pub fn conflict(&self) -> Option<&SyncConflict> {
        if let Self::Start(SyncError::Conflict(conflict)) | Self::Page(SyncError::Conflict(conflict)) = self {
            return Some(conflict);
        }
        let mut next: Option<&(dyn StdError + 'static)> = match self {
            Self::State(error) | Self::Commit(error) => Some(&**error),
            _ => None,
        };
        while let Some(error) = next {
            match error.downcast_ref() {
                Some(conflict) => return Some(conflict),
                None => next = error.source(),
            }
        }
        None
    }
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
