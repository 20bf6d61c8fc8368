//! The reasons why a deployment runs no functions.

use super::fake::Fake;
use crate::deployment::Stops;

impl Fake {
    /// Returns the reasons why the deployment runs no functions.
    pub fn stops(&self) -> Stops {
        *self.state.deployment().topics.of()
    }

    /// Stops or starts the deployment as its operator would, without an entry in the audit log.
    pub fn set_system_stop(&self, stopped: bool) {
        self.state.deployment().topics.of::<Stops>().system = stopped;
    }

    /// Stops or starts the deployment as a usage limit would, without an entry in the audit log. The next evaluation of the
    /// usage limits overwrites it.
    pub fn set_usage_stop(&self, stopped: bool) {
        self.state.deployment().topics.of::<Stops>().usage_limit = stopped;
    }
}
