//! The audit log of a deployment: its entries, and listing them.
//!
//! Source: convex-backend `crates/local_backend/src/deployment_audit_log.rs` and
//! `crates/model/src/deployment_audit_log`.

use std::time::Duration;

use serde::Deserialize;

use crate::error::ErrorCode;
use crate::error::{Violation, Violations};
use crate::operation::paging;
use crate::response::RawJson;
use crate::types::open::{open_enum, open_union};
use crate::types::{MemberActor, Text, TokenActor, UnixMillis};

open_enum! {
    /// The action that an entry of the audit log records.
    pub enum AuditLogAction {
        /// An environment variable was created.
        CreateEnvironmentVariable = "create_environment_variable",
        /// An environment variable was set, to another value or to the same one.
        UpdateEnvironmentVariable = "update_environment_variable",
        /// An environment variable was deleted.
        DeleteEnvironmentVariable = "delete_environment_variable",
        /// An environment variable was renamed or replaced.
        ReplaceEnvironmentVariable = "replace_environment_variable",
        /// A usage limit was created.
        CreateUsageLimit = "create_usage_limit",
        /// A usage limit was replaced.
        UpdateUsageLimit = "update_usage_limit",
        /// A usage limit was deleted.
        DeleteUsageLimit = "delete_usage_limit",
        /// Usage reached a limit.
        UsageLimitExceeded = "usage_limit_exceeded",
        /// A usage limit stopped the deployment, or no longer does.
        ChangeUsageLimitStopState = "change_usage_limit_stop_state",
        /// A canonical URL was set.
        UpdateCanonicalUrl = "update_canonical_url",
        /// A canonical URL was reset.
        DeleteCanonicalUrl = "delete_canonical_url",
        /// An app was deployed.
        PushConfig = "push_config",
        /// An app was deployed, with its components.
        PushConfigWithComponents = "push_config_with_components",
        /// Indexes were built.
        BuildIndexes = "build_indexes",
        /// The deployment's state was changed.
        ChangeDeploymentState = "change_deployment_state",
        /// The deployment was paused.
        PauseDeployment = "pause_deployment",
        /// The deployment was unpaused.
        UnpauseDeployment = "unpause_deployment",
        /// Convex stopped the deployment, or no longer does.
        ChangeSystemStopState = "change_system_stop_state",
        /// Tables were emptied.
        ClearTables = "clear_tables",
        /// A snapshot was imported.
        SnapshotImport = "snapshot_import",
        /// The table of scheduled functions was deleted.
        DeleteScheduledJobsTable = "delete_scheduled_jobs_table",
        /// Tables were deleted.
        DeleteTables = "delete_tables",
        /// A component was deleted.
        DeleteComponent = "delete_component",
        /// All scheduled functions were cancelled.
        CancelAllScheduledFunctions = "cancel_all_scheduled_functions",
        /// A scheduled function was cancelled.
        CancelScheduledFunction = "cancel_scheduled_function",
        /// An export was requested.
        RequestExport = "request_export",
        /// An export was cancelled.
        CancelExport = "cancel_export",
        /// The expiration time of an export was set.
        SetExportExpiration = "set_export_expiration",
        /// A log stream was created.
        CreateIntegration = "create_integration",
        /// A log stream was changed, or its secret was rotated.
        UpdateIntegration = "update_integration",
        /// A log stream was deleted.
        DeleteIntegration = "delete_integration",
        /// Documents were added.
        AddDocuments = "add_documents",
        /// Documents were deleted.
        DeleteDocuments = "delete_documents",
        /// Documents were changed.
        UpdateDocuments = "update_documents",
        /// A table was created.
        CreateTable = "create_table",
        /// Stored files were deleted.
        DeleteFiles = "delete_files",
        /// A URL to upload a file to was generated.
        GenerateUploadUrl = "generate_upload_url",
        /// A data sync was started.
        CreateDataSync = "create_data_sync",
    }
}

open_union! {
    /// The actor of an entry: the identity that performed the action.
    pub enum AuditLogActor by "kind" {
        /// Convex itself.
        System = "system",
        /// A team member, or an admin key.
        Member(MemberActor) = "member",
        /// A deploy key or an access token.
        Token(TokenActor) = "token",
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditLogEvent {
    /// The actor.
    pub actor: AuditLogActor,
    /// The action.
    pub action: AuditLogAction,
    /// The time of the action, in milliseconds since 1970.
    pub create_time: UnixMillis,
    /// The details: an object whose fields depend on the action. 64-bit integers are strings of digits, and bytes are base64.
    /// A number without a JSON form is `"NaN"`, `"Infinity"` or `"-Infinity"`.
    pub metadata: RawJson,
    /// The client's IP address, if the server knows it.
    pub client_ip: Option<Text>,
    /// The request's `User-Agent`, if the server knows it.
    pub client_user_agent: Option<Text>,
}

impl AuditLogEvent {
    /// Creates the value with `None` in both client fields, which are public.
    pub fn new(actor: AuditLogActor, action: AuditLogAction, create_time: UnixMillis, metadata: RawJson) -> Self {
        Self { actor, action, create_time, metadata, client_ip: None, client_user_agent: None }
    }
}

deployment_operation! {
    /// Lists the entries of the audit log since a point in time, in pages, oldest first.
    ///
    /// A cursor is valid only with the `from` of the request that returned it. A page may be empty even if more pages follow. A
    /// [`Pager`](crate::Pager) walks the pages.
    ///
    /// The plan keeps entries for a limited time. The server checks `from` against that time for every page, so start a little later than
    /// the oldest time allowed ([`ListAuditLogEvents::retained`]). A self-hosted server always returns 403
    /// [`AuditLogsDisabled`](crate::ErrorCode::AuditLogsDisabled).
    ///
    /// ```
    /// use convex_mgmt::{Operation, UnixMillis};
    /// use convex_mgmt::deployment::ListAuditLogEvents;
    ///
    /// let operation = ListAuditLogEvents::new(UnixMillis(1_700_000_000_000)).limit(100);
    /// assert!(operation.check().is_ok());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListAuditLogEvents {
        /// The time of the oldest entry, inclusive.
        pub from: UnixMillis,
        /// The maximum number of entries in a page, from 1 to 100. The server defaults to 15.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_audit_log_events",
    request: GET "/list_audit_log_events",
    query: [from, limit, cursor],
    response: page("items", AuditLogEvent),
    paging: Query,
    idempotency: Safe,
    permission: "deployment:auditLog:view",
    codes: [LimitOutOfRange, InvalidCursor, AuditLogsDisabled, AuditLogsTooOld],
    check: |it| {
        let from = Violation::new("from", ErrorCode::BadQueryArgs, "must not be before 1970");
        let from = (it.from.0 < 0).then_some(from);
        Violations::err_if_any(from.into_iter().chain(paging::violations(it.limit, it.cursor.as_deref())).collect())
    },
}

impl ListAuditLogEvents {
    /// The time between the oldest entry that the plan keeps and the beginning of [`retained`](Self::retained): 15 minutes. It covers
    /// the time of a walk, and the difference between two clocks.
    pub const RETENTION_MARGIN: Duration = Duration::from_secs(15 * 60);

    /// Lists the entries since `from`, inclusive.
    pub fn new(from: UnixMillis) -> Self {
        Self { from, limit: None, cursor: None }
    }

    /// Lists the entries that the plan still keeps at the end of a walk: those since `now - retention + RETENTION_MARGIN`.
    ///
    /// `retention` is the time that the plan keeps entries, which the API does not return. The server compares `from` with it for each
    /// page, and `from` is the same for all pages of a walk. A walk from the oldest entry on would fail in the middle, with
    /// [`AuditLogsTooOld`](ErrorCode::AuditLogsTooOld). This one fails only if it takes longer than the margin. For a longer walk,
    /// pass a shorter `retention`.
    ///
    /// With a `retention` below the margin the list begins at `now`. It never begins before 1970.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use convex_mgmt::UnixMillis;
    /// use convex_mgmt::deployment::ListAuditLogEvents;
    ///
    /// let now = UnixMillis(1_700_000_000_000);
    /// let operation = ListAuditLogEvents::retained(Duration::from_secs(7 * 24 * 3600), now).limit(100);
    /// assert_eq!(operation.from, UnixMillis(1_700_000_000_000 - 604_800_000 + 900_000));
    /// ```
    pub fn retained(retention: Duration, now: UnixMillis) -> Self {
        let past = retention.saturating_sub(Self::RETENTION_MARGIN).as_millis();
        let past = i64::try_from(past).unwrap_or(i64::MAX);
        Self::new(UnixMillis(now.0.saturating_sub(past).max(0)))
    }

    /// Sets the maximum number of entries in a page, from 1 to 100. It may differ between pages.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the cursor, which must come from a request with the same `from`.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for ListAuditLogEvents {
    const OPTIONAL: &'static [&'static str] = &["clientIp", "clientUserAgent", "client_id", "member_id"];
    const FREE: &'static [&'static str] = &["/metadata"];

    fn requests() -> Vec<Self> {
        let from = || Self::new(UnixMillis(1_700_000_000_000));
        vec![from(), from().limit(100).cursor("some-cursor")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(UnixMillis(0)).cursor(text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let from = || Self::new(UnixMillis(0));
        vec![
            (Self::new(UnixMillis(-1)), "from"),
            (from().limit(0), "limit"),
            (from().limit(101), "limit"),
            (from().cursor(""), "cursor"),
        ]
    }

    fn responses() -> Vec<serde_json::Value> {
        let page = |actor: serde_json::Value| {
            serde_json::json!({
                "items": [{
                    "actor": actor, "action": "a", "createTime": 5, "metadata": {}, "clientIp": "i", "clientUserAgent": "u"
                }],
                "pagination": {"hasMore": true, "nextCursor": "c"}
            })
        };
        vec![
            page(serde_json::json!({ "kind": "system" })),
            page(serde_json::json!({ "kind": "member", "member_id": 7 })),
            page(serde_json::json!({ "kind": "token", "token_id": 8, "client_id": "c", "member_id": 9 })),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::auth::DeployKey;
    use crate::error::BuildError;
    use crate::metadata::DeploymentApi;
    use crate::operation::Operation;
    use crate::request::Endpoint;
    use crate::types::{AccessTokenId, MemberId};
    use bytes::Bytes;

    fn uri(operation: &impl Operation<Api = DeploymentApi>) -> Result<String, BuildError> {
        let endpoint = Endpoint::new("https://h", &DeployKey::parse("n|01ab").unwrap()).unwrap();
        Ok(operation.to_request(&endpoint)?.uri().to_string())
    }

    #[test]
    fn sends_the_fields_that_are_set_in_the_query() {
        let operation = ListAuditLogEvents::new(UnixMillis(5));
        assert_eq!(uri(&operation).unwrap(), "https://h/api/v1/list_audit_log_events?from=5");
        let operation = operation.limit(100).cursor("a&b/é");
        assert_eq!(
            uri(&operation).unwrap(),
            "https://h/api/v1/list_audit_log_events?from=5&limit=100&cursor=a%26b%2F%C3%A9"
        );
    }

    #[test]
    fn rejects_requests_that_the_server_would_reject_unless_unchecked() {
        for (operation, field, code) in [
            (ListAuditLogEvents::new(UnixMillis(-1)), "from", ErrorCode::BadQueryArgs),
            (ListAuditLogEvents::new(UnixMillis(0)).limit(0), "limit", ErrorCode::LimitOutOfRange),
            (ListAuditLogEvents::new(UnixMillis(0)).limit(101), "limit", ErrorCode::LimitOutOfRange),
            (ListAuditLogEvents::new(UnixMillis(0)).cursor(""), "cursor", ErrorCode::InvalidCursor),
        ] {
            let violations = operation.check().unwrap_err();
            let violation = violations.iter().next().unwrap();
            assert_eq!((violation.field.as_str(), violation.code.as_ref()), (field, Some(&code)));
            assert!(uri(&operation).is_err() && uri(&operation.unchecked()).is_ok(), "{field}");
        }
        assert!(ListAuditLogEvents::new(UnixMillis(0)).limit(1).check().is_ok());
    }

    #[test]
    fn the_retained_entries_begin_a_margin_after_the_oldest_one() {
        let from =
            |retention: u64, now| ListAuditLogEvents::retained(Duration::from_secs(retention), UnixMillis(now)).from.0;
        let (day, now) = (24 * 3600, 1_700_000_000_000);
        assert_eq!(from(90 * day, now), now - 90 * 86_400_000 + 900_000);
        assert_eq!((from(900, now), from(901, now), from(0, now)), (now, now - 1000, now));
        assert_eq!((from(day, 0), from(day, -1), from(u64::MAX, i64::MAX), from(u64::MAX, i64::MIN)), (0, 0, 0, 0));
        assert!(ListAuditLogEvents::retained(Duration::MAX, UnixMillis(now)).check().is_ok());
    }

    #[test]
    fn reads_a_page_with_unknown_actors_and_actions() {
        let body = r#"{"items":[
            {"actor":{"kind":"system"},"action":"pause_deployment","createTime":1,"metadata":{},"clientIp":null,"clientUserAgent":null},
            {"actor":{"kind":"member","member_id":18446744073709551615},"action":"brew","createTime":-2,"metadata":{"limit":"100"}},
            {"actor":{"kind":"token","member_id":null,"token_id":7,"client_id":"c"},"action":"brew","createTime":3,"metadata":1.0,"clientIp":"::1"},
            {"actor":{"kind":"robot","arm":1.50},"action":"brew","createTime":4,"metadata":null}],
            "pagination":{"hasMore":true,"nextCursor":"ab"}}"#;
        let page = ListAuditLogEvents::decode(&Bytes::from(body)).unwrap();
        assert_eq!(page.next_cursor.as_deref(), Some("ab"));
        let [system, member, token, robot] = &page.items[..] else { panic!("{page:?}") };
        let plain = |actor, action: &str, time, metadata: &str| {
            AuditLogEvent::new(actor, action.into(), UnixMillis(time), RawJson::parse(metadata).unwrap())
        };
        assert_eq!(*system, plain(AuditLogActor::System, "pause_deployment", 1, "{}"));
        assert_eq!(system.action, AuditLogAction::PauseDeployment);
        let actor = AuditLogActor::Member(MemberActor::new(MemberId(u64::MAX)));
        assert_eq!(*member, plain(actor, "brew", -2, r#"{"limit":"100"}"#));
        assert_eq!(member.metadata.read::<BTreeMap<String, String>>().unwrap()["limit"], "100");
        let actor = TokenActor { client_id: Some("c".into()), ..TokenActor::new(AccessTokenId(7)) };
        assert_eq!(token.actor, AuditLogActor::Token(actor));
        assert_eq!((token.metadata.as_str(), token.client_ip.as_deref()), ("1.0", Some("::1")));
        let object = robot.actor.unknown().unwrap();
        assert_eq!(object.json(), r#"{"kind":"robot","arm":1.50}"#);
    }

    #[test]
    fn locates_errors_in_a_page() {
        let event = r#"{"actor":{"kind":"system"},"action":"x","createTime":1,"metadata":{}}"#;
        let body = |event: &str| format!(r#"{{"items":[{event}],"pagination":{{"hasMore":false}}}}"#);
        assert!(ListAuditLogEvents::decode(&Bytes::from(body(event))).is_ok());
        for (good, bad, path, expected) in [
            (r#""createTime":1"#, r#""createTime":1.5"#, "items[0].createTime", "i64"),
            (r#""kind":"system""#, r#""kind":"member""#, "items[0].actor", "the field `member_id`"),
            (r#","metadata":{}"#, "", "items[0]", "the field `metadata`"),
        ] {
            let error = ListAuditLogEvents::decode(&Bytes::from(body(&event.replace(good, bad)))).unwrap_err();
            assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected));
        }
    }
}
