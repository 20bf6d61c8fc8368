//! Where the real Deployment Platform API differs from its document.

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

use super::{Instead, Override, Side, What};
use crate::spec::bodies::request_body;
use crate::spec::samples::Kind;

/// The table of the Deployment Platform API. Sources are files of convex-backend.
pub(crate) const DEPLOYMENT: &[Override] = &[
    // Bodies of replies.
    Override {
        operations: &["rotate_webhook_secret"],
        what: What::Body(Side::Reply, Instead::Refused(Kind::UnknownVariant, "")),
        facts: "only webhooks have a secret, so a reply without `hmacSecret` is an error",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Body(Side::Reply, Instead::Mended(ended)),
        facts: "more to come always has a cursor; without one we would end the list too early and say nothing",
        source: "crates/local_backend/src/deployment_audit_log.rs, streaming_export.rs",
    },
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Body(Side::Reply, Instead::Reads(without_cursor_at_the_end)),
        facts: "the last page has no cursor; one that is there all the same leads nowhere, so it is dropped",
        source: "crates/local_backend/src/deployment_audit_log.rs, streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Reply, Instead::Mended(with_document_ids)),
        facts: "every document has an `_id`, which no selection can leave out",
        source: "crates/database/src/streaming_export_selection.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Reply, Instead::Mended(with_cursor)),
        facts: "every page has a cursor, as a sync has no end",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Reply, Instead::Reads(never_ending)),
        facts: "`hasMore` is always true, so it is not looked at",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Reply, Instead::Taken(Kind::Missing, "pagination.hasMore")),
        facts: "`hasMore` is always true, so it is not looked at",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Reply, Instead::Taken(Kind::Null, "pagination.hasMore")),
        facts: "`hasMore` is always true, so it is not looked at",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Reply, Instead::Taken(Kind::WrongType, "pagination.hasMore")),
        facts: "`hasMore` is always true, so it is not looked at",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["get_log_stream", "list_log_streams"],
        what: What::Body(Side::Reply, Instead::Mended(with_id_and_status)),
        facts: "a stream of any kind has an id and a status, so one of a kind that is new has to have them too",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["get_log_stream", "list_log_streams"],
        what: What::Body(Side::Reply, Instead::Mended(with_url_of_axiom)),
        facts: "only three URLs are taken for Axiom, which have names here; any other is kept as it is",
        source: "crates/model/src/log_sinks/types/axiom.rs",
    },
    // Bodies of requests.
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Body(Side::Request, Instead::Mended(with_url_of_axiom)),
        facts: "only three URLs are taken for Axiom, which have names here; any other is kept as it is",
        source: "crates/model/src/log_sinks/types/axiom.rs",
    },
    Override {
        operations: &["create_log_stream"],
        what: What::Body(Side::Request, Instead::Reads(without_nulls)),
        facts: "null is the same as absent when a stream is created, so it is left out",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["update_log_stream"],
        what: What::Body(Side::Request, Instead::Reads(without_keeping_nulls)),
        facts: "null unsets only the fields that a stream can be without; for the others it keeps, so it is left out",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Body(Side::Request, Instead::Refused(Kind::UnknownVariant, "")),
        facts: "a kind that the server does not know is refused there too; ours can only hold kinds that have a type",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["update_environment_variables"],
        what: What::Body(Side::Request, Instead::Reads(with_deletions_written_out)),
        facts: "an absent value deletes as null does; written out, a deletion is never an accident",
        source: "crates/local_backend/src/environment_variables.rs",
    },
    Override {
        operations: &["update_canonical_url"],
        what: What::Body(Side::Request, Instead::Reads(with_reset_written_out)),
        facts: "an absent URL resets as null does, which is written out",
        source: "crates/local_backend/src/canonical_urls.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Request, Instead::Reads(without_nulls)),
        facts: "a null cursor is the same as none, so it is left out",
        source: "crates/local_backend/src/streaming_export.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Request, Instead::Mended(with_ids)),
        facts: "a table of which columns are chosen has to keep `_id`",
        source: "crates/database/src/streaming_export_selection.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Body(Side::Request, Instead::Refused(Kind::UnknownEnum, "selection.*")),
        facts: "what is neither included nor excluded is refused; no later server can answer it, as only we write it",
        source: "crates/common/src/types/streaming_export/selection.rs",
    },
    // Parameters and values.
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Behaviour(|| {
            let refused = [0, 101].into_iter().all(|limit| {
                code(ListActiveSyncs::new().limit(limit).check()) == Some(ErrorCode::LimitOutOfRange)
                    && code(audit_log().limit(limit).check()) == Some(ErrorCode::LimitOutOfRange)
            });
            refused && [1, 100].into_iter().all(|limit| audit_log().limit(limit).check().is_ok())
        }),
        facts: "a limit outside of 1 to 100 is refused and not cut down",
        source: "crates/application/src/lib.rs, streaming_export.rs",
    },
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Behaviour(|| {
            code(ListActiveSyncs::new().cursor("").check()) == Some(ErrorCode::InvalidCursor)
                && code(audit_log().cursor("").check()) == Some(ErrorCode::InvalidCursor)
        }),
        facts: "an empty cursor is refused",
        source: "crates/database/src/query/mod.rs",
    },
    Override {
        operations: &["list_active_syncs", "list_audit_log_events"],
        what: What::Behaviour(|| {
            let page = |field: &str| json!({field: [], "pagination": {"hasMore": false}}).to_string().into();
            ListActiveSyncs::decode(&page("syncs")).is_ok_and(|page| page.next_cursor.is_none())
                && ListAuditLogEvents::decode(&page("items")).is_ok_and(|page| page.next_cursor.is_none())
        }),
        facts: "the cursor of the last page is left out, and not null",
        source: "crates/local_backend/src/deployment_audit_log.rs",
    },
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Behaviour(|| {
            let refused = [LogTopic::Verification, LogTopic::Exception].into_iter();
            refused.map(|topic| stream(webhook().topics(LogTopics::only([topic])))).all(is_refused)
                && LogTopics::from_list(Vec::new()).is_err_and(|problem| problem.code == ErrorCode::EmptyLogTopics)
        }),
        facts: "two of the documented topics cannot be asked for, nor can none at all",
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
        facts: "without topics a stream gets all but `custom_audit`",
        source: "crates/common/src/log_streaming.rs",
    },
    Override {
        operations: &["create_log_stream"],
        what: What::Behaviour(|| {
            let empty = |body: Result<Value, String>, field: &str| body.is_ok_and(|body| body[field] == json!([]));
            empty(request_body(&stream(NewAxiom::new("k", "d"))), "attributes")
                && empty(request_body(&stream(NewDatadog::new("EU".into(), "k"))), "ddTags")
        }),
        facts: "attributes and tags are lists that are asked for even when empty, whatever their descriptions say",
        source: "crates/local_backend/src/log_sinks.rs",
    },
    Override {
        operations: &["create_log_stream", "update_log_stream"],
        what: What::Behaviour(|| {
            // Axiom's are an open enum: one that is new is for the server to refuse.
            let other = AxiomIngestUrl::from("https://api.axiom.co/");
            request_body(&stream(NewAxiom::new("k", "d").ingest_url(other))).is_ok()
                && is_refused(stream(NewWebhook::new("a.example", WebhookFormat::Json)))
                && is_refused(stream(NewSentry::new("a.example")))
        }),
        facts: "not every text is a URL: Axiom has three, of which the server knows, the others have to be absolute",
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
        facts: "a limit is read without sign in 64 bits: one too large for the sign is answered with an internal error",
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
        facts: "any text is taken for a URL and kept as it is; we warn on request",
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
        facts: "the key could be in the query too, where logs show it: we have it in the header only",
        source: "crates/local_backend/src/authentication.rs",
    },
    // What only a server can show.
    Override {
        operations: &["*"],
        what: What::Noted,
        facts: "every operation can fail, with a code and a text or with nothing at all; the document has no errors",
        source: "crates/common/src/http/mod.rs, crates/errors/src/lib.rs",
    },
    Override {
        operations: &["list_log_streams"],
        what: What::Noted,
        facts: "streams that are being deleted are listed for some seconds, while every other operation knows them no more",
        source: "crates/application/src/log_streaming.rs",
    },
    Override {
        operations: &["data_sync"],
        what: What::Noted,
        facts: "how long a cursor lives depends on how long the deployment keeps documents; days are a promise, no rule",
        source: "crates/application/src/streaming_export.rs",
    },
    Override {
        operations: &["update_environment_variables", "update_canonical_url"],
        what: What::Noted,
        facts: "the paths to read and to write answer to both methods; only the documented ones are used",
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

/// Whether it is refused, but only by the rules.
fn is_refused(create: CreateLogStream) -> bool {
    request_body(&create).is_err() && request_body(&create.unchecked()).is_ok()
}

/// The code of the first problem.
fn code(checked: Result<(), Violations>) -> Option<ErrorCode> {
    checked.err().and_then(|problems| problems.iter().next().map(|problem| problem.code.clone()))
}

fn ended(reply: &mut Value) {
    if let Some(pagination) = reply.get_mut("pagination")
        && pagination["hasMore"] == true
        && pagination["nextCursor"].is_null()
    {
        pagination["hasMore"] = false.into();
    }
}

fn without_cursor_at_the_end(reply: &mut Value) {
    if let Some(pagination) = reply.get_mut("pagination").and_then(Value::as_object_mut)
        && pagination.get("hasMore") == Some(&false.into())
    {
        pagination.remove("nextCursor");
    }
}

fn with_document_ids(reply: &mut Value) {
    let values = reply.get_mut("values").and_then(Value::as_array_mut).into_iter().flatten();
    for document in values.filter_map(|value| value.get_mut("value")).filter_map(Value::as_object_mut) {
        document.entry("_id").or_insert_with(|| "text".into());
    }
}

fn with_cursor(reply: &mut Value) {
    if let Some(pagination) = reply.get_mut("pagination").and_then(Value::as_object_mut) {
        let cursor = pagination.entry("nextCursor").or_insert(Value::Null);
        if cursor.is_null() {
            *cursor = "text".into();
        }
    }
}

fn never_ending(reply: &mut Value) {
    if let Some(pagination) = reply.get_mut("pagination").and_then(Value::as_object_mut) {
        pagination.insert("hasMore".to_owned(), true.into());
    }
}

/// One log stream or a list of them.
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

fn with_id_and_status(reply: &mut Value) {
    for stream in streams(reply) {
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

/// The fields of an update that null keeps.
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
    fn mending_leaves_alone_what_needs_none() {
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
        let page = |pagination: Value| json!({ "pagination": pagination });
        assert_eq!(changed(ended, page(json!({"hasMore": true}))), Some(page(json!({"hasMore": false}))));
        assert_eq!(changed(ended, page(json!({"hasMore": true, "nextCursor": "a"}))), None);
        for broken in [json!(null), json!("7"), json!([]), json!({"pagination": "7"}), json!({"selection": 7})] {
            for change in [with_ids, ended_or_not, with_cursor, never_ending, without_keeping_nulls] {
                assert_eq!(changed(change, broken.clone()), None, "{broken}");
            }
        }
    }

    fn ended_or_not(value: &mut Value) {
        ended(value);
        without_cursor_at_the_end(value);
    }
}
