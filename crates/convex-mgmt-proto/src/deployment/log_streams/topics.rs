//! [`LogTopics`]: the topics of the events that a log stream delivers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::{ErrorCode, Violation};
use crate::types::open::open_enum;

open_enum! {
    /// The topic of an event. Source: convex-backend `crates/common/src/log_streaming.rs`.
    pub enum LogTopic {
        /// The test event after a stream is created or updated. Every stream gets it. It cannot be selected.
        Verification = "verification",
        /// Console output of functions.
        Console = "console",
        /// Function executions that ended.
        FunctionExecution = "function_execution",
        /// Errors of functions. Sentry and PostHog error tracking get these only, and other kinds never. It cannot be selected.
        Exception = "exception",
        /// Entries of the deployment's audit log.
        AuditLog = "audit_log",
        /// Statistics of scheduled functions that wait or run.
        SchedulerStats = "scheduler_stats",
        /// The lag of scheduled functions.
        ScheduledJobLag = "scheduled_job_lag",
        /// The size of stored data.
        CurrentStorageUsage = "current_storage_usage",
        /// The number of running and waiting functions.
        ConcurrencyStats = "concurrency_stats",
        /// Downloads of stored files.
        StorageApiBandwidth = "storage_api_bandwidth",
        /// The traffic of the log streams themselves.
        LogStreamEgress = "log_stream_egress",
        /// The app's own audit events. The only topic that [`LogTopics::ALL`] does not include. It depends on the plan.
        CustomAudit = "custom_audit",
    }
}

/// An array of 1 to 32 topics. It is a trait bound because `cargo check` evaluates bounds but not constants.
#[diagnostic::on_unimplemented(
    message = "a log stream must have at least one topic",
    label = "must be an array of 1 to 32 topics",
    note = "`LogTopics::from_list` accepts a list of any length and checks it at run time"
)]
pub trait AtLeastOne {}

macro_rules! at_least_one {
    ($($length:literal)+) => { $( impl AtLeastOne for [LogTopic; $length] {} )+ };
}

at_least_one! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 }

/// The topics of a log stream: all topics, including future ones, or a list of at least one.
///
/// ```
/// use convex_mgmt::deployment::log_streams::{LogTopic, LogTopics};
///
/// let topics = LogTopics::only([LogTopic::Console, LogTopic::AuditLog]);
/// assert!(topics.includes(&LogTopic::Console) && !topics.includes(&LogTopic::FunctionExecution));
/// assert!(LogTopics::ALL.includes(&LogTopic::from("a_topic_of_next_year")));
/// assert!(!LogTopics::ALL.includes(&LogTopic::CustomAudit));
/// ```
///
/// An empty list does not compile:
///
/// ```compile_fail
/// convex_mgmt::deployment::log_streams::LogTopics::only([]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LogTopics(Option<Vec<LogTopic>>);

impl LogTopics {
    /// All topics, including future ones, except for [`LogTopic::CustomAudit`].
    pub const ALL: Self = Self(None);

    /// Selects 1 to 32 topics. The server returns them without duplicates and in another order.
    pub fn only<const N: usize>(topics: [LogTopic; N]) -> Self
    where
        [LogTopic; N]: AtLeastOne,
    {
        Self(Some(topics.into()))
    }

    /// Selects the topics of a list whose length is known at run time only.
    ///
    /// # Errors
    /// A [`Violation`] with the code `EmptyLogTopics` if the list is empty.
    pub fn from_list(topics: Vec<LogTopic>) -> Result<Self, Violation> {
        if topics.is_empty() { Err(empty()) } else { Ok(Self(Some(topics))) }
    }

    /// Returns the list of topics; `None` for [`LogTopics::ALL`].
    pub fn list(&self) -> Option<&[LogTopic]> {
        self.0.as_deref()
    }

    /// Returns `true` for [`LogTopics::ALL`].
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Returns `true` if the stream delivers events of this topic.
    pub fn includes(&self, topic: &LogTopic) -> bool {
        match &self.0 {
            None => *topic != LogTopic::CustomAudit,
            Some(topics) => topics.contains(topic),
        }
    }

    /// Returns the violations of the server's rules. Unknown topics are left to the server.
    pub(super) fn violations(&self) -> Vec<Violation> {
        let Some(topics) = &self.0 else { return Vec::new() };
        if topics.is_empty() {
            return vec![empty()];
        }
        let reserved = |topic: &LogTopic| matches!(topic, LogTopic::Verification | LogTopic::Exception);
        let reserved = topics.iter().enumerate().filter(|(_, topic)| reserved(topic));
        let violation = |(index, topic): (usize, &LogTopic)| {
            Violation::new(
                format!("topics[{index}]"),
                ErrorCode::InvalidLogTopic,
                format!("must not be `{topic}`, which cannot be selected"),
            )
        };
        reserved.map(violation).collect()
    }
}

impl fmt::Debug for LogTopics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("All"),
            Some(topics) => topics.fmt(f),
        }
    }
}

fn empty() -> Violation {
    Violation::new("topics", ErrorCode::EmptyLogTopics, "must have at least one topic")
}

impl<'de> Deserialize<'de> for LogTopics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_all_topics_as_null_and_others_as_a_list() {
        let json = |topics: &LogTopics| serde_json::to_string(topics).unwrap();
        assert_eq!(json(&LogTopics::ALL), "null");
        let some = LogTopics::only([LogTopic::AuditLog, "new".into()]);
        assert_eq!(json(&some), r#"["audit_log","new"]"#);
        assert_eq!(serde_json::from_str::<LogTopics>(r#"["audit_log","new"]"#).unwrap(), some);
        assert!(serde_json::from_str::<LogTopics>("null").unwrap().is_all());
        assert_eq!(format!("{:?} {some:?}", LogTopics::ALL), r#"All [AuditLog, Unknown("new")]"#);
    }

    #[test]
    fn rejects_an_empty_array_by_a_trait_bound() {
        struct Array<const N: usize>;
        trait Otherwise {
            const TAKEN: bool = false;
        }
        impl<const N: usize> Otherwise for Array<N> {}
        // If the bound holds, this constant shadows the trait's.
        impl<const N: usize> Array<N>
        where
            [LogTopic; N]: AtLeastOne,
        {
            const TAKEN: bool = true;
        }
        let taken =
            [Array::<0>::TAKEN, Array::<1>::TAKEN, Array::<{ LogTopic::KNOWN.len() }>::TAKEN, Array::<33>::TAKEN];
        assert_eq!(taken, [false, true, true, false]);
    }

    #[test]
    fn all_topics_include_every_topic_but_custom_audit() {
        let new = LogTopic::from("a_topic_of_next_year");
        assert_eq!(LogTopics::ALL.list(), None);
        for topic in LogTopic::KNOWN.iter().chain([&new]) {
            assert_eq!(LogTopics::ALL.includes(topic), *topic != LogTopic::CustomAudit, "{topic}");
        }
        let some = [LogTopic::CustomAudit, new.clone()];
        let listed = LogTopics::only(some.clone());
        assert_eq!(listed.list(), Some(&some[..]));
        assert!(!listed.is_all() && listed.includes(&LogTopic::CustomAudit) && listed.includes(&new));
        assert!(!listed.includes(&LogTopic::Console) && !listed.includes(&LogTopic::from("another")));
        assert_eq!(LogTopics::from_list(some.to_vec()), Ok(listed));
    }

    #[test]
    fn rejects_an_empty_list_and_topics_that_cannot_be_selected() {
        assert_eq!(LogTopics::from_list(vec![]).unwrap_err().code, Some(ErrorCode::EmptyLogTopics));
        let violations = LogTopics::only([LogTopic::Console, LogTopic::Exception, "new".into()]).violations();
        assert_eq!(violations.len(), 1);
        assert_eq!(
            (violations[0].field.as_str(), violations[0].code.as_ref()),
            ("topics[1]", Some(&ErrorCode::InvalidLogTopic))
        );
        // Only a response can contain an empty list. Sending it back is a violation.
        let empty: LogTopics = serde_json::from_str("[]").unwrap();
        assert_eq!(empty.violations(), [super::empty()]);
    }
}
