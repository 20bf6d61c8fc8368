//! The topics of events, and to which of them a log stream is subscribed.

use serde::{Deserialize, Serialize};

use crate::error::Refusal;

/// A topic that the API knows, in the order in which lists of topics are read back.
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

/// None stands for all topics, those of the future too, but not for `custom_audit`.
pub(super) type Topics = Option<Vec<Topic>>;

/// Refuses what cannot be subscribed to, and puts the rest in order.
pub(super) fn validate(topics: &mut Topics) -> Result<(), Refusal> {
    let Some(topics) = topics else { return Ok(()) };
    if topics.is_empty() {
        return Err(Refusal::bad_request("EmptyLogTopics", "the list of topics is empty"));
    }
    if topics.iter().any(|topic| matches!(topic, Topic::Verification | Topic::Exception)) {
        return Err(Refusal::bad_request("InvalidLogTopic", "one of the topics is for the server only"));
    }
    topics.sort();
    topics.dedup();
    Ok(())
}

/// Whether a webhook with these topics gets the events of a topic, which may be one that the API does not know.
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
    fn all_topics_do_not_include_what_has_to_be_asked_for() {
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
