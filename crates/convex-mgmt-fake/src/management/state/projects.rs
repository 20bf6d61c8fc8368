//! Projects.

use std::time::Duration;

use super::records::Record;

/// A project.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) id: u64,
    pub(crate) team: u64,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) created: Duration,
    pub(crate) deleted: Option<Duration>,
}

impl Record for Project {
    fn deleted_at(&mut self) -> &mut Option<Duration> {
        &mut self.deleted
    }

    fn was_deleted_at(&self) -> Option<Duration> {
        self.deleted
    }
}
