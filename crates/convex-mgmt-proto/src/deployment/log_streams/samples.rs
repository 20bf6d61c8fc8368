//! Sample requests and responses of the operations on log streams.

use serde_json::{Value, json};

use super::*;
use crate::operation::sample::Sample;
use crate::types::Patch;

fn topics() -> LogTopics {
    LogTopics::only([LogTopic::Console, LogTopic::CustomAudit])
}

/// Each kind with its required fields only, and with all fields.
fn new_streams() -> Vec<NewLogStream> {
    let datadog = || NewDatadog::new(DatadogSiteLocation::Us1Fed, "k");
    let webhook = |format| NewWebhook::new("https://a.example", format);
    let axiom = || NewAxiom::new("k", "d");
    let sentry = || NewSentry::new("https://k@a.example/1");
    let logs = || NewPostHogLogs::new("k");
    let errors = || NewPostHogErrorTracking::new("k");
    vec![
        datadog().into(),
        datadog().dd_tags(["a:b", "c:d"]).service("s").topics(topics()).into(),
        webhook(WebhookFormat::Json).into(),
        webhook(WebhookFormat::Jsonl).topics(topics()).into(),
        axiom().into(),
        axiom().attribute("a", "b").ingest_url(AxiomIngestUrl::EuCentral1).topics(topics()).into(),
        sentry().into(),
        sentry().tag("a", "b").into(),
        logs().into(),
        logs().host("https://a.example").service_name("s").topics(topics()).into(),
        errors().into(),
        errors().host("https://a.example").into(),
    ]
}

/// Each kind without changes, with all fields set, and with all fields cleared that can be.
fn updates() -> Vec<LogStreamUpdate> {
    let attributes = || vec![AxiomAttribute::new("a", "b")];
    vec![
        DatadogUpdate::new().into(),
        DatadogUpdate::new()
            .site_location(DatadogSiteLocation::Ap1)
            .dd_api_key("k")
            .dd_tags(["a:b"])
            .service("s")
            .topics(topics())
            .into(),
        DatadogUpdate::new().dd_tags([""; 0]).service(Patch::Clear).topics(LogTopics::ALL).into(),
        WebhookUpdate::new().into(),
        WebhookUpdate::new().url("https://a.example").format(WebhookFormat::Json).topics(topics()).into(),
        WebhookUpdate::new().topics(LogTopics::ALL).into(),
        AxiomUpdate::new().into(),
        AxiomUpdate::new()
            .api_key("k")
            .dataset_name("d")
            .attributes(attributes())
            .ingest_url(AxiomIngestUrl::UsEast1)
            .topics(topics())
            .into(),
        AxiomUpdate::new().attributes([]).ingest_url(Patch::Clear).topics(LogTopics::ALL).into(),
        SentryUpdate::new().into(),
        SentryUpdate::new()
            .dsn("https://k@a.example/1")
            .tags(Patch::Set([("a".to_owned(), "b".to_owned())].into()))
            .into(),
        SentryUpdate::new().tags(Patch::Clear).into(),
        PostHogLogsUpdate::new().into(),
        PostHogLogsUpdate::new().api_key("k").host("https://a.example").service_name("s").topics(topics()).into(),
        PostHogLogsUpdate::new().host(Patch::Clear).service_name(Patch::Clear).topics(LogTopics::ALL).into(),
        PostHogErrorTrackingUpdate::new().into(),
        PostHogErrorTrackingUpdate::new().api_key("k").host("https://a.example").into(),
        PostHogErrorTrackingUpdate::new().host(Patch::Clear).into(),
    ]
}

/// One stream of each kind.
fn streams() -> Vec<Value> {
    let status = || json!({"type": "failed", "reason": "r"});
    vec![
        json!({
            "logStreamType": "datadog", "id": "i", "status": status(), "siteLocation": "EU", "ddTags": ["t"],
            "service": "s", "topics": ["console"]
        }),
        json!({
            "logStreamType": "webhook", "id": "i", "status": status(), "url": "u", "format": "json", "hmacSecret": "s",
            "topics": null
        }),
        json!({
            "logStreamType": "axiom", "id": "i", "status": status(), "datasetName": "d",
            "attributes": [{"key": "k", "value": "v"}], "ingestUrl": "u", "topics": null
        }),
        json!({"logStreamType": "sentry", "id": "i", "status": status(), "tags": {"k": "v"}}),
        json!({
            "logStreamType": "postHogLogs", "id": "i", "status": status(), "host": "h", "serviceName": "s", "topics": null
        }),
        json!({"logStreamType": "postHogErrorTracking", "id": "i", "status": status(), "host": "h"}),
    ]
}

/// The fields of a stream that may be missing or `null`.
const OPTIONAL: &[&str] = &["service", "topics", "ingestUrl", "tags", "host", "serviceName"];

impl Sample for ListLogStreams {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    const FREE: &'static [&'static str] = &["/tags/k"];

    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }

    fn responses() -> Vec<Value> {
        vec![streams().into()]
    }
}

impl Sample for GetLogStream {
    const OPTIONAL: &'static [&'static str] = OPTIONAL;
    const FREE: &'static [&'static str] = &["/tags/k"];

    fn requests() -> Vec<Self> {
        vec![Self::new("some-id")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text)]
    }

    fn responses() -> Vec<Value> {
        streams()
    }
}

impl Sample for CreateLogStream {
    fn requests() -> Vec<Self> {
        new_streams().into_iter().map(Self::new).collect()
    }

    fn with_secret(text: &str) -> Vec<Self> {
        let streams: [NewLogStream; 6] = [
            NewDatadog::new(DatadogSiteLocation::Eu, text).into(),
            NewWebhook::new(text, WebhookFormat::Json).into(),
            NewAxiom::new(text, "d").ingest_url(text.into()).into(),
            NewSentry::new(text).into(),
            NewPostHogLogs::new(text).host(text).into(),
            NewPostHogErrorTracking::new(text).host(text).into(),
        ];
        streams.map(Self::new).into()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let webhook = |url| NewWebhook::new(url, WebhookFormat::Json);
        let attributes = (0..=rules::AXIOM_ATTRIBUTES).map(|n| (n.to_string(), "v"));
        let axiom = attributes.fold(NewAxiom::new("k", "d"), |new, (key, value)| new.attribute(key, value));
        vec![
            (Self::new(webhook("a.example")), "url"),
            (Self::new(axiom), "attributes"),
            (Self::new(NewSentry::new("a.example")), "dsn"),
            (Self::new(NewPostHogLogs::new("k").host("a.example")), "host"),
            (Self::new(NewPostHogErrorTracking::new("k").host("a.example")), "host"),
        ]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str::<NewLogStream>(body).map(Self::new))
    }

    fn responses() -> Vec<Value> {
        vec![
            json!({"logStreamType": "webhook", "id": "i", "hmacSecret": "s"}),
            json!({"logStreamType": "axiom", "id": "i"}),
        ]
    }
}

impl Sample for UpdateLogStream {
    fn requests() -> Vec<Self> {
        updates().into_iter().map(|changes| Self::new("some-id", changes)).collect()
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text, WebhookUpdate::new())]
    }

    fn with_secret(text: &str) -> Vec<Self> {
        let updates: [LogStreamUpdate; 6] = [
            DatadogUpdate::new().dd_api_key(text).into(),
            WebhookUpdate::new().url(text).into(),
            AxiomUpdate::new().api_key(text).ingest_url(AxiomIngestUrl::from(text)).into(),
            SentryUpdate::new().dsn(text).into(),
            PostHogLogsUpdate::new().api_key(text).host(text).into(),
            PostHogErrorTrackingUpdate::new().api_key(text).host(text).into(),
        ];
        updates.map(|changes| Self::new("some-id", changes)).into()
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        vec![
            (Self::new("some-id", WebhookUpdate::new().url("a.example")), "url"),
            (Self::new("some-id", SentryUpdate::new().dsn("a.example")), "dsn"),
            (Self::new("some-id", PostHogLogsUpdate::new().host("a.example")), "host"),
        ]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str::<LogStreamUpdate>(body).map(|changes| Self::new("some-id", changes)))
    }
}

impl Sample for DeleteLogStream {
    fn requests() -> Vec<Self> {
        vec![Self::new("some-id")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text)]
    }
}

impl Sample for RotateWebhookSecret {
    fn requests() -> Vec<Self> {
        vec![Self::new("some-id")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(text)]
    }

    fn responses() -> Vec<Value> {
        vec![json!({"logStreamType": "webhook", "hmacSecret": "s"})]
    }
}
