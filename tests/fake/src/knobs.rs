//! [`Knobs`]: the settings of a server that a test may change.

use std::time::Duration;

/// The settings of a server, with the defaults of the real one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Knobs {
    /// How many environment variables there may be.
    pub env_var_count: usize,
    /// How many bytes the names and values of all environment variables may have.
    pub env_var_total_bytes: usize,
    /// How many bytes the value of an environment variable may have.
    pub env_var_value_bytes: usize,
    /// How many bytes the name of an environment variable may have.
    pub env_var_name_bytes: usize,
    /// How many log streams there may be.
    pub log_streams: usize,
    /// How many attributes an Axiom log stream may have.
    pub axiom_attributes: usize,
    /// How many entries a page of the audit log has, and may have.
    pub audit_log_page: (u64, u64),
    /// How many syncs a page of active syncs has, and may have.
    pub active_syncs_page: (u64, u64),
    /// How long after its last page a sync counts as active.
    pub active_sync_window: Duration,
    /// After how many entries a page of a data sync ends.
    pub data_sync_page_entries: usize,
    /// After how many bytes of documents a page of a data sync ends.
    pub data_sync_page_bytes: usize,
    /// After how many rows of the log a page of a data sync ends.
    pub data_sync_page_rows: usize,
    /// How old the snapshot of a walk through a table may be before the log is read first.
    pub data_sync_freshness: Duration,
    /// How often the progress of a sync is written at most.
    pub data_sync_progress_interval: Duration,
    /// How long the history of documents is kept.
    pub document_retention: Duration,
    /// How many bytes the body of a request may have.
    pub body_bytes: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long a write takes from what it reads to its commit. Of those to the same things that overlap, the first to commit
    /// wins, and the others have lost: they are tried again as often as the real server does it by itself, which is twice for
    /// log streams and not at all for the rest.
    pub commit_time: Duration,
    /// How often usage is held against limits.
    pub usage_evaluation: Duration,
    /// How long a deleted log stream is still listed.
    pub log_stream_removal: Duration,
    /// How often batches go to webhooks.
    pub webhook_flush: Duration,
    /// How long a webhook is waited for at most before the second attempt, and before any. The time doubles with each.
    pub webhook_backoff: (Duration, Duration),
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            env_var_count: 512,
            env_var_total_bytes: 524_288,
            env_var_value_bytes: 8192,
            env_var_name_bytes: 256,
            log_streams: 5,
            axiom_attributes: 1024,
            audit_log_page: (15, 100),
            active_syncs_page: (50, 100),
            active_sync_window: Duration::from_secs(3 * 24 * 3600),
            data_sync_page_entries: 16_384,
            data_sync_page_bytes: 64 << 20,
            data_sync_page_rows: 32_768,
            data_sync_freshness: Duration::from_secs(30),
            data_sync_progress_interval: Duration::from_secs(5),
            document_retention: Duration::from_secs(14 * 24 * 3600),
            body_bytes: 2 << 20,
            request_timeout: Duration::from_secs(300),
            commit_time: Duration::ZERO,
            usage_evaluation: Duration::from_secs(10),
            log_stream_removal: Duration::from_secs(5),
            webhook_flush: Duration::from_secs(5),
            webhook_backoff: (Duration::from_secs(1), Duration::from_secs(60)),
        }
    }
}

/// The setting that a name stands for.
enum Place<'a> {
    Number(&'a mut usize),
    /// What it is by default, and at most.
    Page(&'a mut (u64, u64)),
    Time(&'a mut Duration),
    /// What it is at first, and at most.
    Times(&'a mut (Duration, Duration)),
}

impl Knobs {
    /// The names that [`Knobs::set`] knows: those of the fields, with dashes.
    pub const NAMES: [&'static str; 22] = [
        "env-var-count",
        "env-var-total-bytes",
        "env-var-value-bytes",
        "env-var-name-bytes",
        "log-streams",
        "axiom-attributes",
        "audit-log-page",
        "active-syncs-page",
        "active-sync-window",
        "data-sync-page-entries",
        "data-sync-page-bytes",
        "data-sync-page-rows",
        "data-sync-freshness",
        "data-sync-progress-interval",
        "document-retention",
        "body-bytes",
        "request-timeout",
        "commit-time",
        "usage-evaluation",
        "log-stream-removal",
        "webhook-flush",
        "webhook-backoff",
    ];

    /// Changes the setting of this name: a number, a time in milliseconds, or two of them such as `15/100`.
    ///
    /// # Errors
    /// If there is no such name, or the value does not fit; the text tells which.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Some(place) = self.place(name) else {
            return Err(format!("no knob is called '{name}', but {}", Self::NAMES.join(", ")));
        };
        let set = match place {
            Place::Number(number) => value.parse().map(|value| *number = value).ok(),
            Place::Time(time) => value.parse().map(|value| *time = Duration::from_millis(value)).ok(),
            Place::Page(page) => pair(value).map(|pair| *page = pair),
            Place::Times(times) => {
                pair(value).map(|(first, max)| *times = (Duration::from_millis(first), Duration::from_millis(max)))
            }
        };
        set.ok_or_else(|| format!("'{value}' is no value of the knob {name}"))
    }

    fn place(&mut self, name: &str) -> Option<Place<'_>> {
        Some(match name {
            "env-var-count" => Place::Number(&mut self.env_var_count),
            "env-var-total-bytes" => Place::Number(&mut self.env_var_total_bytes),
            "env-var-value-bytes" => Place::Number(&mut self.env_var_value_bytes),
            "env-var-name-bytes" => Place::Number(&mut self.env_var_name_bytes),
            "log-streams" => Place::Number(&mut self.log_streams),
            "axiom-attributes" => Place::Number(&mut self.axiom_attributes),
            "audit-log-page" => Place::Page(&mut self.audit_log_page),
            "active-syncs-page" => Place::Page(&mut self.active_syncs_page),
            "active-sync-window" => Place::Time(&mut self.active_sync_window),
            "data-sync-page-entries" => Place::Number(&mut self.data_sync_page_entries),
            "data-sync-page-bytes" => Place::Number(&mut self.data_sync_page_bytes),
            "data-sync-page-rows" => Place::Number(&mut self.data_sync_page_rows),
            "data-sync-freshness" => Place::Time(&mut self.data_sync_freshness),
            "data-sync-progress-interval" => Place::Time(&mut self.data_sync_progress_interval),
            "document-retention" => Place::Time(&mut self.document_retention),
            "body-bytes" => Place::Number(&mut self.body_bytes),
            "request-timeout" => Place::Time(&mut self.request_timeout),
            "commit-time" => Place::Time(&mut self.commit_time),
            "usage-evaluation" => Place::Time(&mut self.usage_evaluation),
            "log-stream-removal" => Place::Time(&mut self.log_stream_removal),
            "webhook-backoff" => Place::Times(&mut self.webhook_backoff),
            "webhook-flush" => Place::Time(&mut self.webhook_flush),
            _ => return None,
        })
    }
}

/// Two numbers such as `15/100`. The first is not 0, and not the greater one.
fn pair(text: &str) -> Option<(u64, u64)> {
    let (first, max) = text.split_once('/')?;
    let (first, max) = (first.parse().ok()?, max.parse().ok()?);
    (1 <= first && first <= max).then_some((first, max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_place_of_its_own() {
        let mut knobs = Knobs::default();
        for name in Knobs::NAMES {
            let set = knobs.set(name, "4321").or_else(|_| knobs.set(name, "4321/4322"));
            assert_eq!(set, Ok(()), "{name}");
        }
        // The fields are named as the knobs, none is missing, and none of them has its default any more.
        let (text, fields) = (format!("{knobs:?}"), Knobs::NAMES.map(|name| name.replace('-', "_")));
        assert_eq!(text.matches(": ").count(), fields.len(), "{text}");
        for field in fields {
            let values =
                ["4321", "4.321s", "(4321, 4322)", "(4.321s, 4.322s)"].map(|value| format!("{field}: {value}"));
            assert!(values.iter().any(|value| text.contains(value)), "{field}: {text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut knobs = Knobs::default();
        for (name, value) in [
            ("env_var_count", "1"),
            ("", "1"),
            ("env-var-count", "x"),
            ("env-var-count", "-1"),
            ("webhook-flush", "5s"),
            ("audit-log-page", "15"),
            ("audit-log-page", "0/100"),
            ("audit-log-page", "16/15"),
        ] {
            assert!(knobs.set(name, value).is_err(), "{name}={value}");
        }
        assert_eq!(format!("{knobs:?}"), format!("{:?}", Knobs::default()));
    }
}
