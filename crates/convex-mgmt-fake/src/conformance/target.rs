//! [`Target`]: the deployment of a check, and the settings of its client.

use std::cell::Cell;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use convex_mgmt_proto::{DeploymentApi, Endpoint};

use crate::control::Fake;

/// The deployment that a client under test connects to, with the timeouts that the client must have.
///
/// The client also needs retries by the default [`RetryPolicy`](convex_mgmt_proto::RetryPolicy).
pub struct Target {
    pub(super) endpoint: Endpoint<DeploymentApi>,
    pub(super) address: SocketAddr,
    pub(super) attempt_timeout: Duration,
    pub(super) total_timeout: Duration,
    pub(super) fake: Fake,
    /// `true` once the client has asked for the fake.
    pub(super) in_process: Cell<bool>,
}

impl Target {
    /// Returns the endpoint: the URL, which is an IP address with a port, and the key.
    pub fn endpoint(&self) -> &Endpoint<DeploymentApi> {
        &self.endpoint
    }

    /// Returns the address of the endpoint's URL, for a transport that connects by other means, such as a tunnel.
    ///
    /// A tunnel must fail to open while nobody listens at this address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the longest time of one attempt.
    pub fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout
    }

    /// Returns the longest time of a call with all its attempts.
    pub fn total_timeout(&self) -> Duration {
        self.total_timeout
    }

    /// Returns the deployment itself, for a transport in process. It is a tower service.
    ///
    /// A client that uses it skips the checks of sockets, which [`Report::skipped`](super::Report::skipped) names.
    pub fn fake(&self) -> &Fake {
        self.in_process.set(true);
        &self.fake
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("endpoint", &self.endpoint)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("total_timeout", &self.total_timeout)
            .finish_non_exhaustive()
    }
}
