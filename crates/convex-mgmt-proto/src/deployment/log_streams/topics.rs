//! Topics: which events a log stream delivers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ErrorCode;
use crate::error::Violation;
use crate::types::open::open_enum;

open_enum! {
    /// What an event is about. Source: convex-backend `crates/common/src/log_streaming.rs`.
    pub enum LogTopic {
        /// The test of a stream that was created or updated. It comes whatever the topics, and cannot be asked for.
        Verification = "verification",
        /// What functions write to the console.
        Console = "console",
        /// Functions that ended.
        FunctionExecution = "function_execution",
        /// Errors of functions. For Sentry and PostHog error tracking only, which get nothing else; it cannot be asked for.
        Exception = "exception",
        /// The deployment's audit log.
        AuditLog = "audit_log",
        /// Scheduled functions that wait or run.
        SchedulerStats = "scheduler_stats",
        /// How late scheduled functions are.
        ScheduledJobLag = "scheduled_job_lag",
        /// How much is stored.
        CurrentStorageUsage = "current_storage_usage",
        /// How many functions run and wait.
        ConcurrencyStats = "concurrency_stats",
        /// Downloads of stored files.
        StorageApiBandwidth = "storage_api_bandwidth",
        /// What the log streams themselves send.
        LogStreamEgress = "log_stream_egress",
        /// The app's own audit events. The only topic that "all" does not include; it depends on the plan.
        CustomAudit = "custom_audit",
    }
}

/// An array of 1 to 32 topics. A bound, so that `cargo check` rejects an empty one: it does not evaluate constants.
#[diagnostic::on_unimplemented(
    message = "a log stream has at least one topic",
    label = "a list of 1 to 32 topics is needed here",
    note = "`LogTopics::from_list` takes a list of any length"
)]
pub trait AtLeastOne {}

macro_rules! at_least_one {
    ($($length:literal)+) => { $( impl AtLeastOne for [LogTopic; $length] {} )+ };
}

at_least_one! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 }

/// Which topics a log stream has: all there are and will be, or some, and never none.
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
/// convex_mgmt::deployment::LogTopics::only([]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LogTopics(Option<Vec<LogTopic>>);

impl LogTopics {
    /// All topics, those of the future too, but not [`LogTopic::CustomAudit`].
    pub const ALL: Self = Self(None);

    /// These topics, at most 32. The server gives them back each once and in an order of its own.
    pub fn only<const N: usize>(topics: [LogTopic; N]) -> Self
    where
        [LogTopic; N]: AtLeastOne,
    {
        Self(Some(topics.into()))
    }

    /// The topics of a list that is not known before.
    ///
    /// # Errors
    /// A [`Violation`] with the code `EmptyLogTopics` if there are none.
    pub fn from_list(topics: Vec<LogTopic>) -> Result<Self, Violation> {
        if topics.is_empty() { Err(empty()) } else { Ok(Self(Some(topics))) }
    }

    /// The topics, if they are listed; `None` for all.
    pub fn list(&self) -> Option<&[LogTopic]> {
        self.0.as_deref()
    }

    /// Whether these are all.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// Whether events of a topic are delivered.
    pub fn includes(&self, topic: &LogTopic) -> bool {
        match &self.0 {
            None => *topic != LogTopic::CustomAudit,
            Some(topics) => topics.contains(topic),
        }
    }

    /// What the server would refuse. Topics that this version does not know are left to it.
    pub(super) fn problems(&self) -> Vec<Violation> {
        let Some(topics) = &self.0 else { return Vec::new() };
        if topics.is_empty() {
            return vec![empty()];
        }
        let refused = |topic: &LogTopic| matches!(topic, LogTopic::Verification | LogTopic::Exception);
        let refused = topics.iter().enumerate().filter(|(_, topic)| refused(topic));
        let problem = |(index, topic): (usize, &LogTopic)| {
            Violation::new(
                format!("topics[{index}]"),
                ErrorCode::InvalidLogTopic,
                format!("`{topic}` cannot be asked for"),
            )
        };
        refused.map(problem).collect()
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
    Violation::new("topics", ErrorCode::EmptyLogTopics, "must be at least one, or all")
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
    fn all_is_null_and_some_is_a_list() {
        let json = |topics: &LogTopics| serde_json::to_string(topics).unwrap();
        assert_eq!(json(&LogTopics::ALL), "null");
        let some = LogTopics::only([LogTopic::AuditLog, "new".into()]);
        assert_eq!(json(&some), r#"["audit_log","new"]"#);
        assert_eq!(serde_json::from_str::<LogTopics>(r#"["audit_log","new"]"#).unwrap(), some);
        assert!(serde_json::from_str::<LogTopics>("null").unwrap().is_all());
        assert_eq!(format!("{:?} {some:?}", LogTopics::ALL), r#"All [AuditLog, Unknown("new")]"#);
    }

    #[test]
    fn an_empty_list_fails_a_bound_and_not_only_a_constant() {
        struct Array<const N: usize>;
        trait Otherwise {
            const TAKEN: bool = false;
        }
        impl<const N: usize> Otherwise for Array<N> {}
        // Where the bound holds, this one hides the other.
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
    fn all_topics_are_no_list_and_leave_out_the_custom_audit_alone() {
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
    fn none_and_what_cannot_be_asked_for_are_problems() {
        assert_eq!(LogTopics::from_list(vec![]).unwrap_err().code, ErrorCode::EmptyLogTopics);
        let problems = LogTopics::only([LogTopic::Console, LogTopic::Exception, "new".into()]).problems();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].field.as_str(), &problems[0].code), ("topics[1]", &ErrorCode::InvalidLogTopic));
        // Only a reply can hold an empty list; sent back, it is refused here.
        let empty: LogTopics = serde_json::from_str("[]").unwrap();
        assert_eq!(empty.problems(), [super::empty()]);
    }
}
