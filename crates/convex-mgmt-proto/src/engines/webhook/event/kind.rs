//! [`EventKind`]: an event by its topic.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::audit::{AuditLogEntry, CustomAudit};
use super::console::{ConsoleLog, Verification};
use super::function::FunctionExecution;
use super::gauges::{
    ConcurrencyStats, LogStreamEgress, ScheduledJobLag, SchedulerStats, StorageBandwidth, StorageUsage,
};
use crate::deployment::log_streams::LogTopic;

macro_rules! kinds {
    ($( $(#[$meta:meta])* $variant:ident($content:ty), )+) => {
        /// The content of an event, by its topic.
        ///
        /// An event of a topic without a variant is kept: [`EventKind::topic`] returns its topic, and
        /// [`Event::as_str`](super::Event::as_str) its text. Match the topics that you handle and a `_` arm. Streams of all topics
        /// get new topics without notice.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum EventKind {
            $( $(#[$meta])* $variant($content), )+
            #[doc(hidden)]
            _Unknown(LogTopic),
        }

        impl EventKind {
            /// Returns the topic as it is on the wire, known or not.
            pub fn topic(&self) -> &str {
                match self {
                    $( Self::$variant(_) => LogTopic::$variant.as_str(), )+
                    Self::_Unknown(topic) => topic.as_str(),
                }
            }

            /// Reads the fields of a topic. Those of a topic without a variant are skipped.
            #[inline]
            pub(super) fn read<'de, D: Deserializer<'de>>(topic: LogTopic, fields: D) -> Result<Self, D::Error> {
                match topic {
                    $( LogTopic::$variant => <$content>::deserialize(fields).map(Self::$variant), )+
                    _ => fields.deserialize_map(IgnoredAny).map(|_| Self::_Unknown(topic)),
                }
            }
        }
    };
}

kinds! {
    /// The test event after a stream is created or updated.
    Verification(Verification),
    /// A line of console output.
    Console(ConsoleLog),
    /// A function execution that ended, with its billing counters.
    FunctionExecution(Box<FunctionExecution>),
    /// An entry of the deployment's audit log.
    AuditLog(AuditLogEntry),
    /// Statistics of the scheduler.
    SchedulerStats(SchedulerStats),
    /// The lag of scheduled functions.
    ScheduledJobLag(ScheduledJobLag),
    /// The size of stored data.
    CurrentStorageUsage(StorageUsage),
    /// The number of running and waiting functions.
    ConcurrencyStats(ConcurrencyStats),
    /// A download of a stored file.
    StorageApiBandwidth(StorageBandwidth),
    /// The traffic of the log streams.
    LogStreamEgress(LogStreamEgress),
    /// An audit event of the app itself.
    CustomAudit(CustomAudit),
}

impl EventKind {
    /// Returns `true` if this version of the library has no variant for the topic.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::_Unknown(_))
    }
}
