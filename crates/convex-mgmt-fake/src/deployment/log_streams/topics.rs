//! The topics of events, and the subscriptions of log streams to them.

use serde::{Deserialize, Serialize};

use crate::api::ApiError;

/// A topic that the API knows. The variants are in the order in which the API returns topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Topic {
    Verification,
    Console,
    FunctionExecution,
    Exception,
    AuditLog,
    SchedulerStats,
    ScheduledJobLag,
    CurrentStorageUsage,
    ConcurrencyStats,
    StorageApiBandwidth,
    LogStreamEgress,
    CustomAudit,
}

/// The topics of a log stream. `None` is all topics, including unknown ones, except `custom_audit` and `exception`.
pub(super) type Topics = Option<Vec<Topic>>;

/// Rejects topics that cannot be subscribed to, and sorts the others.
pub(super) fn validate(topics: &mut Topics) -> Result<(), ApiError> {
    let Some(topics) = topics else { return Ok(()) };
    if topics.is_empty() {
        return Err(ApiError::bad_request("EmptyLogTopics", "the list of topics is empty"));
    }
    if topics.iter().any(|topic| matches!(topic, Topic::Verification | Topic::Exception)) {
        return Err(ApiError::bad_request("InvalidLogTopic", "the topics include one that is reserved for the server"));
    }
    topics.sort();
    topics.dedup();
    Ok(())
}

/// Returns `true` if a webhook with these topics receives the events of `topic`, which may be unknown to the API.
pub(super) fn subscribed(topics: &Topics, topic: &str) -> bool {
    let known = serde_json::from_value::<Topic>(topic.into()).ok();
    match topics {
        None => !matches!(known, Some(Topic::CustomAudit | Topic::Exception)),
        Some(topics) => known.is_some_and(|topic| topics.contains(&topic)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_topics_exclude_custom_audit_and_exception() {
        for (topic, expected) in
            [("console", true), ("of_the_future", true), ("custom_audit", false), ("exception", false)]
        {
            assert_eq!(subscribed(&None, topic), expected, "{topic}");
        }
        let some = Some(vec![Topic::CustomAudit]);
        assert!(subscribed(&some, "custom_audit"));
        assert!(!subscribed(&some, "console") && !subscribed(&some, "of_the_future"));
    }
}
