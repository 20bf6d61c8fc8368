//! [`Knobs`]: the limits, intervals and page sizes of a server, which a test may change.

use std::fmt;
use std::time::Duration;

/// The error of a setting as text: the name is unknown or the value is invalid. Its text names both, and the known names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting(String);

impl InvalidSetting {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSetting {}

/// The settings that every request reads from the state of a server.
pub(crate) trait Settings: Send + 'static {
    fn knobs(&self) -> &Knobs;

    /// Returns `false` while every request gets an empty 404.
    fn is_routable(&self) -> bool {
        true
    }
}

/// Declares [`Knobs`]: each field once, with its default.
macro_rules! knobs {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*) => {
        /// The settings of a server. The defaults are those of the real server.
        ///
        /// Later versions add fields, so a test changes a default:
        ///
        /// ```
        /// use convex_mgmt_fake::{Fake, Knobs};
        ///
        /// let mut knobs = Knobs::default();
        /// knobs.max_env_vars = 8;
        /// let fake = Fake::builder("happy-animal-123").knobs(knobs).build();
        /// ```
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Knobs {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Default for Knobs {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl Knobs {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn setting(&mut self, field: &str) -> Option<&mut dyn Setting> {
                match field {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

knobs! {
    /// Maximum number of environment variables.
    max_env_vars: usize = 512;
    /// Maximum total size of the names and values of all environment variables, in bytes.
    max_env_var_total_bytes: usize = 524_288;
    /// Maximum size of the value of an environment variable, in bytes.
    max_env_var_value_bytes: usize = 8192;
    /// Maximum size of the name of an environment variable, in bytes.
    max_env_var_name_bytes: usize = 256;
    /// Maximum number of log streams.
    max_log_streams: usize = 5;
    /// Maximum number of attributes of an Axiom log stream.
    max_axiom_attributes: usize = 1024;
    /// Default and maximum number of entries on a page of the audit log.
    audit_log_page_size: (u64, u64) = (15, 100);
    /// Default and maximum number of syncs on a page of active syncs.
    active_syncs_page_size: (u64, u64) = (50, 100);
    /// Time for which a sync is active after its last page.
    active_sync_window: Duration = Duration::from_secs(3 * 24 * 3600);
    /// Number of entries after which a page of a data sync ends.
    data_sync_page_entries: usize = 16_384;
    /// Size of the documents after which a page of a data sync ends, in bytes.
    data_sync_page_bytes: usize = 64 << 20;
    /// Number of rows of the commit log after which a page of a data sync ends.
    data_sync_page_rows: usize = 32_768;
    /// Maximum age of a table snapshot. With an older one, a data sync reads the commit log before it continues the table.
    data_sync_max_snapshot_age: Duration = Duration::from_secs(30);
    /// Minimum time between two writes of the progress of a sync.
    data_sync_progress_interval: Duration = Duration::from_secs(5);
    /// Retention of the history of documents.
    document_retention: Duration = Duration::from_secs(14 * 24 * 3600);
    /// Maximum size of a request body, in bytes.
    max_body_bytes: usize = 2 << 20;
    /// Number of recorded requests that are kept, the latest.
    recorded_requests: usize = 1_000_000;
    /// Maximum duration of a request.
    request_timeout: Duration = Duration::from_secs(300);
    /// Time between the read and the commit of a write. Of overlapping writes to the same data, the first to commit wins.
    /// The server repeats a lost write of a log stream twice and other writes not at all. After that it responds with 503 and
    /// `OptimisticConcurrencyControlFailure`. Zero disables write conflicts.
    commit_time: Duration = Duration::ZERO;
    /// Time between two checks of usage against the usage limits.
    usage_evaluation_interval: Duration = Duration::from_secs(10);
    /// Time for which a deleted log stream is still listed.
    log_stream_removal_delay: Duration = Duration::from_secs(5);
    /// Time between two deliveries to webhooks.
    webhook_flush_interval: Duration = Duration::from_secs(5);
    /// Maximum backoff before the second delivery attempt, and before any attempt. It doubles with each attempt.
    webhook_backoff: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
    /// Control plane: maximum number of projects of a team. Inferred.
    max_projects: usize = 100;
    /// Control plane: maximum number of cloud deployments of a team. Inferred.
    max_deployments: usize = 300;
    /// Control plane: default and maximum number of projects on a page.
    projects_page_size: (u64, u64) = (100, 100);
    /// Control plane: default and maximum number of deployments on a page.
    deployments_page_size: (u64, u64) = (100, 100);
    /// Control plane: default and maximum number of access tokens on a page.
    access_tokens_page_size: (u64, u64) = (10, 100);
    /// Control plane: default and maximum number of custom roles on a page.
    custom_roles_page_size: (u64, u64) = (100, 100);
    /// Control plane: maximum number of default environment variables in a list, which has no further page. Inferred.
    max_listed_default_variables: usize = 10_000;
    /// Control plane: lifetime of an invitation. Inferred.
    invitation_lifetime: Duration = Duration::from_secs(7 * 24 * 3600);
    /// Control plane: default lifetime of a preview deployment, and the latest expiry of any deployment. Inferred.
    preview_retention: Duration = Duration::from_secs(14 * 24 * 3600);
    /// Control plane: time for which a revoked key or token still works on a deployment. About 30 s on the real service.
    revocation_delay: Duration = Duration::ZERO;
    /// Control plane: time for which a new deployment responds to every request with an empty 404.
    new_deployment_delay: Duration = Duration::ZERO;
    /// Control plane: time for which deleted projects, deployments, keys and tokens are still listed.
    listing_delay: Duration = Duration::ZERO;
}

impl Knobs {
    /// The names that [`Knobs::set`] accepts: the names of the fields, with dashes.
    pub fn names() -> Vec<String> {
        Self::FIELDS.iter().map(|field| field.replace('_', "-")).collect()
    }

    /// Sets a knob by name. The value is a number, a time in milliseconds, or two of them such as `15/100`.
    ///
    /// # Errors
    /// If there is no such name or the value is invalid.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidSetting> {
        let field = Some(name.replace('-', "_")).filter(|_| !name.contains('_'));
        match field.and_then(|field| self.setting(&field)) {
            Some(setting) => setting.parse(value).ok_or_else(|| {
                InvalidSetting::new(format!(
                    "'{value}' is not a valid value of the knob {name}; pass a number, milliseconds, or DEFAULT/MAX"
                ))
            }),
            None => {
                Err(InvalidSetting::new(format!("unknown knob '{name}'; known knobs: {}", Self::names().join(", "))))
            }
        }
    }
}

/// A value that can be set from text.
trait Setting {
    fn parse(&mut self, text: &str) -> Option<()>;
}

impl Setting for usize {
    fn parse(&mut self, text: &str) -> Option<()> {
        *self = text.parse().ok()?;
        Some(())
    }
}

impl Setting for Duration {
    fn parse(&mut self, text: &str) -> Option<()> {
        *self = Self::from_millis(text.parse().ok()?);
        Some(())
    }
}

/// A default and a maximum such as `15/100`. The default is at least 1 and at most the maximum.
impl Setting for (u64, u64) {
    fn parse(&mut self, text: &str) -> Option<()> {
        let (first, max) = text.split_once('/')?;
        let (first, max) = (first.parse().ok()?, max.parse().ok()?);
        (1 <= first && first <= max).then(|| *self = (first, max))
    }
}

impl Setting for (Duration, Duration) {
    fn parse(&mut self, text: &str) -> Option<()> {
        let mut millis = (0_u64, 0_u64);
        millis.parse(text)?;
        *self = (Duration::from_millis(millis.0), Duration::from_millis(millis.1));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_can_be_set_by_name() {
        let mut knobs = Knobs::default();
        for name in Knobs::names() {
            let set = knobs.set(&name, "4321").or_else(|_| knobs.set(&name, "4321/4322"));
            assert_eq!(set, Ok(()), "{name}");
        }
        let text = format!("{knobs:?}");
        for field in Knobs::FIELDS {
            let values =
                ["4321", "4.321s", "(4321, 4322)", "(4.321s, 4.322s)"].map(|value| format!("{field}: {value}"));
            assert!(values.iter().any(|value| text.contains(value)), "{field}: {text}");
        }
    }

    #[test]
    fn rejects_unknown_names_and_invalid_values() {
        let mut knobs = Knobs::default();
        for (name, value) in [
            ("max_env_vars", "1"),
            ("", "1"),
            ("max-env-vars", "x"),
            ("max-env-vars", "-1"),
            ("webhook-flush-interval", "5s"),
            ("audit-log-page-size", "15"),
            ("audit-log-page-size", "0/100"),
            ("audit-log-page-size", "16/15"),
        ] {
            assert!(knobs.set(name, value).is_err(), "{name}={value}");
        }
        assert_eq!(format!("{knobs:?}"), format!("{:?}", Knobs::default()));
    }
}
