//! [`DEPLOYMENT`]: the differences between the real Deployment Platform API and its document.

use convex_mgmt_proto::RequestDestination;
use convex_mgmt_proto::deployment::data_sync::ComponentSelection;
use convex_mgmt_proto::deployment::data_sync::Selection;
use convex_mgmt_proto::deployment::log_streams::{
    AxiomIngestUrl, LogTopic, LogTopics, NewAxiom, NewDatadog, NewLogStream, NewSentry, NewWebhook, WebhookFormat,
};
use convex_mgmt_proto::deployment::usage::UsageLimitWindow;
use convex_mgmt_proto::deployment::usage::UsageMetric;
use convex_mgmt_proto::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt_proto::deployment::{
    CreateLogStream, DataSync, ListActiveSyncs, ListAuditLogEvents, ListEnvironmentVariables, UpdateCanonicalUrl,
    UpdateEnvironmentVariables,
};
use convex_mgmt_proto::{DeployKey, Endpoint, ErrorCode, Operation, UnixMillis, Violations};
use serde_json::{Map, Value, json};

use super::ids::id_as_text;
use super::pages::{cursor_before_the_end, no_cursor_at_the_end};
use super::{Instead, Override, Side, What};
use crate::spec::bodies::request_body;
use crate::spec::samples::Kind;

/// The operations that return a page.
const PAGES: &[&str] = &["list_active_syncs", "list_audit_log_events"];
const SOURCE_OF_PAGES: &str = "crates/local_backend/src/deployment_audit_log.rs, streaming_export.rs";

/// The differences in the Deployment Platform API. Sources are files of convex-backend.
pub(crate) const DEPLOYMENT: &[Override] = &[
    id_as_text(&["get_deployment_info"], "*id"),
    id_as_text(&["get_deployment_info"], "*Id"),
    id_as_text(&["list_audit_log_events"], "*member_id"),
    id_as_text(&["list_audit_log_events"], "*token_id"),
    // Bodies of responses.
    Override {
        operations: &["rotate_webhook_secret"],
        what: What::Body(Side::Response, Instead::Rejected(Kind::UnknownVariant, "")),
        facts: "only webhooks have a secret, so a response without `hmacSecret` is an error",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    cursor_before_the_end(PAGES, SOURCE_OF_PAGES),
    no_cursor_at_the_end(PAGES, SOURCE_OF_PAGES),
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Response, Instead::Repaired(with_document_ids)),
        facts: "every document has an `_id`, which no selection can exclude",
        source: "crates/database/src/streaming_export_selection.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Response, Instead::Repaired(with_cursor)),
        facts: "every page has a cursor, as a sync has no end",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Response, Instead::ReadsAs(never_ending)),
        facts: "`hasMore` is always true, so it is ignored",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Response, Instead::Accepted(Kind::Missing, "pagination.hasMore")),
        facts: "`hasMore` is always true, so it is ignored",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Response, Instead::Accepted(Kind::Null, "pagination.hasMore")),
        facts: "`hasMore` is always true, so it is ignored",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Response, Instead::Accepted(Kind::WrongType, "pagination.hasMore")),
        facts: "`hasMore` is always true, so it is ignored",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["get_log_stream", "list_log_streams"],
        what: What::Body(Side::Response, Instead::Repaired(with_id_and_status)),
        facts: "a stream of any kind has an id and a status, so a stream of a new kind has to have them too",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["get_log_stream", "list_log_streams"],
        what: What::Body(Side::Response, Instead::Repaired(with_url_of_axiom)),
        facts: "the server accepts three URLs for Axiom, which have names here; any other is kept unchanged",
        source: "crates/model/src/log_sinks/types/axiom.rs",
    },
    // Bodies of requests.
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Body(Side::Request, Instead::Repaired(with_url_of_axiom)),
        facts: "the server accepts three URLs for Axiom, which have names here; any other is kept unchanged",
        source: "crates/model/src/log_sinks/types/axiom.rs",
    },
    Override {
        operations: &["create_log_stream"],
        what: What::Body(Side::Request, Instead::ReadsAs(without_nulls)),
        facts: "null is the same as absent when a stream is created, so it is omitted",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["update_log_stream"],
        what: What::Body(Side::Request, Instead::ReadsAs(without_keeping_nulls)),
        facts: "null unsets only optional fields of a stream; it keeps the others, so it is omitted there",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Body(Side::Request, Instead::Rejected(Kind::UnknownVariant, "")),
        facts: "the server rejects unknown kinds too; the library's type has known kinds only",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["update_environment_variables"],
        what: What::Body(Side::Request, Instead::ReadsAs(with_deletions_written_out)),
        facts: "an absent value deletes like null does; an explicit null shows that the deletion is intended",
        source: "crates/local_backend/src/environment_variables.rs",
    },
    Override {
        operations: &["update_canonical_url"],
        what: What::Body(Side::Request, Instead::ReadsAs(with_reset_written_out)),
        facts: "an absent URL resets like null does; the library writes null",
        source: "crates/local_backend/src/canonical_urls.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Request, Instead::ReadsAs(without_nulls)),
        facts: "a null cursor is the same as no cursor, so it is omitted",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Request, Instead::Repaired(with_ids)),
        facts: "a table with selected columns has to include `_id`",
        source: "crates/database/src/streaming_export_selection.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Request, Instead::Rejected(Kind::UnknownEnum, "selection.*")),
        facts: "a value other than included and excluded is rejected; only the client writes these values",
        source: "crates/common/src/types/streaming_export/selection.rs",
    },
    // Parameters and values.
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Behaviour(|| {
            let rejected = [0, 101].into_iter().all(|limit| {
                code(ListActiveSyncs::new().limit(limit).check()) == Some(ErrorCode::LimitOutOfRange)
                    && code(audit_log().limit(limit).check()) == Some(ErrorCode::LimitOutOfRange)
            });
            rejected && [1, 100].into_iter().all(|limit| audit_log().limit(limit).check().is_ok())
        }),
        facts: "a limit outside 1 to 100 is rejected and not clamped",
        source: "crates/application/src/lib.rs, streaming_export.rs",
    },
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Behaviour(|| {
            code(ListActiveSyncs::new().cursor("").check()) == Some(ErrorCode::InvalidCursor)
                && code(audit_log().cursor("").check()) == Some(ErrorCode::InvalidCursor)
        }),
        facts: "an empty cursor is rejected",
        source: "crates/database/src/query/mod.rs",
    },
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Behaviour(|| {
            let page = |field: &str| json!({field: [], "pagination": {"hasMore": false}}).to_string().into();
            ListActiveSyncs::decode(&page("syncs")).is_ok_and(|page| page.next_cursor.is_none())
                && ListAuditLogEvents::decode(&page("items")).is_ok_and(|page| page.next_cursor.is_none())
        }),
        facts: "the cursor of the last page is absent, and not null",
        source: "crates/local_backend/src/deployment_audit_log.rs",
    },
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Behaviour(|| {
            let rejected = [LogTopic::Verification, LogTopic::Exception].into_iter();
            rejected.map(|topic| stream(webhook().topics(LogTopics::only([topic])))).all(is_rejected)
                && LogTopics::from_list(Vec::new())
                    .is_err_and(|problem| problem.code == Some(ErrorCode::EmptyLogTopics))
        }),
        facts: "two of the documented topics cannot be selected, and the list cannot be empty",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["create_log_stream"],
        what: What::Behaviour(|| {
            let sends_none = request_body(&stream(webhook())).is_ok_and(|body| body.get("topics").is_none());
            sends_none
                && !LogTopics::ALL.includes(&LogTopic::CustomAudit)
                && LogTopics::ALL.includes(&LogTopic::Console)
        }),
        facts: "without topics a stream receives all topics but `custom_audit`",
        source: "crates/common/src/log_streaming.rs",
    },
    Override {
        operations: &["create_log_stream"],
        what: What::Behaviour(|| {
            let empty = |body: Result<Value, String>, field: &str| body.is_ok_and(|body| body[field] == json!([]));
            empty(request_body(&stream(NewAxiom::new("k", "d"))), "attributes")
                && empty(request_body(&stream(NewDatadog::new("EU".into(), "k"))), "ddTags")
        }),
        facts: "attributes and tags are required even when empty, contrary to their descriptions",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Behaviour(|| {
            // Axiom's URLs are an open enum: only the server rejects a new one.
            let other = AxiomIngestUrl::from("https://api.axiom.co/");
            request_body(&stream(NewAxiom::new("k", "d").ingest_url(other))).is_ok()
                && is_rejected(stream(NewWebhook::new("a.example", WebhookFormat::Json)))
                && is_rejected(stream(NewSentry::new("a.example")))
        }),
        facts: "the server knows three URLs for Axiom; the other URLs have to be absolute",
        source: "crates/local_backend/src/log_sinks.rs, crates/model/src/log_sinks/types",
    },
    Override {
        operations: &["create_usage_limit", "update_usage_limit"],
        what: What::Behaviour(|| {
            let limit = |limit| {
                let (metric, window) = (UsageMetric::FunctionCalls, UsageLimitWindow::Day);
                code(UsageLimitConfig::new(metric, window, UsageLimitType::Disable, limit).check())
            };
            let most = i64::MAX.unsigned_abs();
            limit(0) == Some(ErrorCode::InvalidUsageLimit)
                && limit(1).is_none()
                && limit(most).is_none()
                && limit(most + 1) == Some(ErrorCode::InternalServerError)
        }),
        facts: "a limit is an unsigned 64-bit number: the response to one above the signed range is an internal error",
        source: "crates/local_backend/src/usage_limits.rs",
    },
    Override {
        operations: &["update_environment_variables"],
        what: What::Behaviour(|| request_body(&UpdateEnvironmentVariables::new().set("_A", "1")).is_ok()),
        facts: "a name may begin with an underscore",
        source: "crates/common/src/types/environment_variables.rs",
    },
    Override {
        operations: &["update_canonical_url"],
        what: What::Behaviour(|| {
            let update = |url| UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, url);
            ["", "not a url"]
                .into_iter()
                .all(|url| request_body(&update(url)).is_ok() && update(url).warning().is_some())
        }),
        facts: "any text is accepted as a URL and stored unchanged; the library warns on request",
        source: "crates/local_backend/src/canonical_urls.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Behaviour(|| {
            let selection = Selection::none().component("a//b", ComponentSelection::all());
            code(DataSync::new().selection(selection).check()) == Some(ErrorCode::InvalidDataSyncSelection)
                && code(DataSync::from_cursor("").check()) == Some(ErrorCode::InvalidDataSyncCursor)
        }),
        facts: "the names in a selection have rules, and a cursor is never empty",
        source: "crates/database/src/streaming_export_selection.rs",
    },
    Override {
        operations: &["*"],
        what: What::Behaviour(|| {
            let key = DeployKey::parse("happy-animal-123|01c0ffee");
            let endpoint = key.ok().and_then(|key| Endpoint::new("https://happy-animal-123.example", &key).ok());
            let request = endpoint.and_then(|endpoint| ListEnvironmentVariables::new().to_request(&endpoint).ok());
            request.is_some_and(|request| {
                request.uri().query().is_none() && request.headers().contains_key("authorization")
            })
        }),
        facts: "the server accepts the key in the query too, which logs show; the library sends it in the header only",
        source: "crates/local_backend/src/authentication.rs",
    },
    // Facts that only a server can show.
    Override {
        operations: &["*"],
        what: What::Noted,
        facts: "every operation can fail, with a code and a text or with an empty body; the document has no errors",
        source: "crates/common/src/http/mod.rs, crates/errors/src/lib.rs",
    },
    Override {
        operations: &["list_log_streams"],
        what: What::Noted,
        facts: "streams that are being deleted are listed for some seconds, while all other operations return not found",
        source: "crates/application/src/log_streaming.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Noted,
        facts: "the lifetime of a cursor depends on how long the deployment keeps documents; the documented days are not exact",
        source: "crates/application/src/streaming_export.rs",
    },
    Override {
        operations: &["update_environment_variables", "update_canonical_url"],
        what: What::Noted,
        facts: "the paths for reading and writing accept both methods; the library uses the documented methods",
        source: "crates/local_backend/src/router.rs",
    },
];

fn audit_log() -> ListAuditLogEvents {
    ListAuditLogEvents::new(UnixMillis(0))
}

fn webhook() -> NewWebhook {
    NewWebhook::new("https://a.example", WebhookFormat::Json)
}

fn stream(new: impl Into<NewLogStream>) -> CreateLogStream {
    CreateLogStream::new(new.into())
}

/// Returns `true` if the operation is rejected, and only by its own checks.
fn is_rejected(create: CreateLogStream) -> bool {
    request_body(&create).is_err() && request_body(&create.unchecked()).is_ok()
}

/// Returns the code of the first violation.
fn code(checked: Result<(), Violations>) -> Option<ErrorCode> {
    checked.err().and_then(|problems| problems.iter().next().and_then(|problem| problem.code.clone()))
}

fn with_document_ids(response: &mut Value) {
    let values = response.get_mut("values").and_then(Value::as_array_mut).into_iter().flatten();
    for document in values.filter_map(|value| value.get_mut("value")).filter_map(Value::as_object_mut) {
        document.entry("_id").or_insert_with(|| "text".into());
    }
}

fn with_cursor(response: &mut Value) {
    if let Some(pagination) = response.get_mut("pagination").and_then(Value::as_object_mut) {
        let cursor = pagination.entry("nextCursor").or_insert(Value::Null);
        if cursor.is_null() {
            *cursor = "text".into();
        }
    }
}

fn never_ending(response: &mut Value) {
    if let Some(pagination) = response.get_mut("pagination").and_then(Value::as_object_mut) {
        pagination.insert("hasMore".to_owned(), true.into());
    }
}

/// Returns the log streams of a body: one, or a list of them.
fn streams(body: &mut Value) -> Vec<&mut Map<String, Value>> {
    match body {
        Value::Array(streams) => streams.iter_mut().filter_map(Value::as_object_mut).collect(),
        stream => stream.as_object_mut().into_iter().collect(),
    }
}

fn with_url_of_axiom(body: &mut Value) {
    for stream in streams(body) {
        if let Some(url) = stream.get_mut("ingestUrl").filter(|url| url.is_string()) {
            *url = AxiomIngestUrl::Default.as_str().into();
        }
    }
}

fn with_id_and_status(response: &mut Value) {
    for stream in streams(response) {
        if !stream.contains_key("id") && !stream.contains_key("status") {
            stream.insert("id".to_owned(), "text".into());
            stream.insert("status".to_owned(), json!({"type": "active"}));
        }
    }
}

fn without_nulls(request: &mut Value) {
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
}

/// The fields of an update that null does not change.
const KEPT: [&str; 9] =
    ["apiKey", "attributes", "datasetName", "ddApiKey", "ddTags", "dsn", "format", "siteLocation", "url"];

fn without_keeping_nulls(request: &mut Value) {
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|name, value| !value.is_null() || !KEPT.contains(&name.as_str()));
    }
}

fn with_deletions_written_out(request: &mut Value) {
    let changes = request.get_mut("changes").and_then(Value::as_array_mut).into_iter().flatten();
    for change in changes.filter_map(Value::as_object_mut) {
        change.entry("value").or_insert(Value::Null);
    }
}

fn with_reset_written_out(request: &mut Value) {
    if let Some(fields) = request.as_object_mut() {
        fields.entry("url").or_insert(Value::Null);
    }
}

fn with_ids(request: &mut Value) {
    fn parts(level: &mut Value) -> impl Iterator<Item = &mut Value> {
        level.as_object_mut().into_iter().flat_map(|level| level.values_mut())
    }
    let Some(selection) = request.get_mut("selection") else { return };
    for table in parts(selection).flat_map(parts).filter_map(Value::as_object_mut) {
        let id = table.get("_id").or(table.get("_other"));
        if id.is_some_and(|inclusion| inclusion == "excluded") {
            table.insert("_id".to_owned(), "included".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_do_not_change_valid_values() {
        let changed = |change: fn(&mut Value), value: Value| {
            let mut after = value.clone();
            change(&mut after);
            (after != value).then_some(after)
        };
        let table = |table: Value| json!({"selection": {"_other": "included", "": {"_other": "included", "t": table}}});
        assert_eq!(
            changed(with_ids, table(json!({"_other": "excluded", "a": "included"}))),
            Some(table(json!({"_other": "excluded", "a": "included", "_id": "included"})))
        );
        for fine in [json!("excluded"), json!({"_other": "included"}), json!({"_other": "excluded", "_id": "included"})]
        {
            assert_eq!(changed(with_ids, table(fine)), None);
        }
        for broken in [json!(null), json!("7"), json!([]), json!({"pagination": "7"}), json!({"selection": 7})] {
            for change in [with_ids, with_cursor, never_ending, without_keeping_nulls] {
                assert_eq!(changed(change, broken.clone()), None, "{broken}");
            }
        }
    }
}
