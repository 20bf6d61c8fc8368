//! [`ConnectionSettings`]: the settings of connections over hyper, and their defaults.

use std::time::Duration;

use crate::config::defaults;
use crate::connect::ConnectSettings;
use crate::transport::{HyperTransport, ResponseLimits};

/// The settings of connections.
pub(super) struct ConnectionSettings {
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_idle_per_host: usize,
    pub(super) max_idle: usize,
    pub(super) response_limits: ResponseLimits,
    pub(super) connect: ConnectSettings,
    /// A transport whose connections the client uses instead of its own.
    pub(super) transport: Option<HyperTransport>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Some(defaults::IDLE_TIMEOUT),
            max_idle_per_host: usize::MAX,
            max_idle: defaults::MAX_IDLE_CONNECTIONS,
            response_limits: ResponseLimits { usual: defaults::RESPONSE_LIMIT, large: defaults::LARGE_RESPONSE_LIMIT },
            connect: ConnectSettings::default(),
            transport: None,
        }
    }
}
