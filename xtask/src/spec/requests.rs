//! Requests as a user builds them, whose bodies have to be what the documents ask for. Together they use every field.

use convex_mgmt_proto::RequestDestination;
use convex_mgmt_proto::deployment::data_sync::ComponentSelection;
use convex_mgmt_proto::deployment::data_sync::{Selection, TableSelection};
use convex_mgmt_proto::deployment::log_streams::{
    AxiomAttribute, AxiomIngestUrl, AxiomUpdate, DatadogSiteLocation, DatadogUpdate, LogStreamUpdate, LogTopic,
    LogTopics, NewAxiom, NewDatadog, NewLogStream, NewPostHogErrorTracking, NewPostHogLogs, NewSentry, NewWebhook,
    PostHogErrorTrackingUpdate, PostHogLogsUpdate, SentryUpdate, WebhookFormat, WebhookUpdate,
};
use convex_mgmt_proto::deployment::usage::UsageLimitWindow;
use convex_mgmt_proto::deployment::usage::UsageMetric;
use convex_mgmt_proto::deployment::usage_limits::{UsageLimitConfig, UsageLimitType};
use convex_mgmt_proto::deployment::{
    CreateLogStream, CreateUsageLimit, DataSync, UpdateCanonicalUrl, UpdateEnvironmentVariables, UpdateLogStream,
    UpdateUsageLimit,
};
use convex_mgmt_proto::{DeploymentApi, Operation, Patch};
use serde_json::Value;

use super::bodies::request_body;

/// A request that was built.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) id: &'static str,
    pub(crate) body: Result<Value, String>,
}

fn built<O: Operation<Api = DeploymentApi>>(operation: &O) -> Built {
    Built { id: O::META.id, body: request_body(operation) }
}

/// Those of the Deployment Platform API.
pub(crate) fn deployment() -> Vec<Built> {
    let mut all = vec![
        built(&UpdateEnvironmentVariables::new()),
        built(&UpdateEnvironmentVariables::new().set("A", "1").set("B", "").delete("C")),
        built(&UpdateCanonicalUrl::set(RequestDestination::ConvexCloud, "https://a.example")),
        built(&UpdateCanonicalUrl::reset(RequestDestination::ConvexSite)),
        built(&DataSync::new()),
        built(&DataSync::from_cursor("ab").selection(Selection::all())),
    ];
    all.extend(new_log_streams().into_iter().map(|stream| built(&CreateLogStream::new(stream))));
    all.extend(log_stream_updates().into_iter().map(|changes| built(&UpdateLogStream::new("some-id", changes))));
    for config in usage_limits() {
        all.push(built(&CreateUsageLimit::new(config.clone())));
        all.push(built(&UpdateUsageLimit::new("some-id", config)));
    }
    all.extend(selections().into_iter().map(|selection| built(&DataSync::new().selection(selection))));
    all
}

fn topics() -> LogTopics {
    LogTopics::only([LogTopic::Console, LogTopic::CustomAudit])
}

/// Each kind with nothing but what it needs, and with everything.
fn new_log_streams() -> Vec<NewLogStream> {
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

/// Each kind with nothing, with everything set, and with everything reset that can be.
fn log_stream_updates() -> Vec<LogStreamUpdate> {
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

/// Each metric, window and type, and the ends of the range.
fn usage_limits() -> Vec<UsageLimitConfig> {
    let mut all = Vec::new();
    for metric in UsageMetric::KNOWN {
        let limit = |window, kind, limit| UsageLimitConfig::new(metric.clone(), window, kind, limit);
        all.push(limit(UsageLimitWindow::Day, UsageLimitType::Warning, 1));
        all.push(limit(UsageLimitWindow::Month, UsageLimitType::Disable, i64::MAX.unsigned_abs()).enabled(false));
    }
    all
}

/// Each way to choose at each of the three levels.
fn selections() -> Vec<Selection> {
    let tables = || {
        [
            TableSelection::all(),
            TableSelection::none(),
            TableSelection::only(["a", "b"]),
            TableSelection::all().without("a"),
        ]
    };
    let mut all = vec![Selection::all(), Selection::none()];
    for component in [ComponentSelection::all(), ComponentSelection::none()] {
        all.push(Selection::all().component("", component.clone()));
        all.push(Selection::none().component("a/b", component.clone()));
        for table in tables() {
            all.push(Selection::none().component("a", component.clone().table("users", table)));
        }
    }
    all.extend(tables().map(|table| Selection::all().table("users", table)));
    all
}
