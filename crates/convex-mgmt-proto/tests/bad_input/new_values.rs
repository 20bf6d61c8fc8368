//! Values of open enums that are newer than this version, in every field of a request that holds one.

use bytes::Bytes;
use convex_mgmt_proto::deployment::{canonical_urls::*, log_streams::*, usage::*, usage_limits::*};
use convex_mgmt_proto::{BuildError, Operation};
use http::Request;
use serde_json::{Value, json};

use super::endpoint;

/// Every field of a request that holds an open enum, with a value that this version does not know, and where it is sent.
fn with_new_values() -> Vec<(&'static str, Result<Request<Bytes>, BuildError>)> {
    let at = endpoint();
    let new = "something-new";
    let limit = |metric: UsageMetric, window: UsageLimitWindow, limit_type: UsageLimitType| {
        UsageLimitConfig::new(metric, window, limit_type, 5)
    };
    let limits = || {
        [
            ("/metric", limit(new.into(), UsageLimitWindow::Day, UsageLimitType::Disable)),
            ("/window", limit(UsageMetric::FunctionCalls, new.into(), UsageLimitType::Disable)),
            ("/limitType", limit(UsageMetric::FunctionCalls, UsageLimitWindow::Day, new.into())),
        ]
    };
    let topics = || LogTopics::only([LogTopic::Console, new.into()]);
    let creates: [(&str, NewLogStream); 6] = [
        ("/siteLocation", NewDatadog::new(new.into(), "k").into()),
        ("/topics/1", NewDatadog::new(DatadogSiteLocation::Eu, "k").topics(topics()).into()),
        ("/format", NewWebhook::new("https://h", new.into()).into()),
        ("/topics/1", NewWebhook::new("https://h", WebhookFormat::Json).topics(topics()).into()),
        ("/ingestUrl", NewAxiom::new("k", "d").ingest_url(new.into()).into()),
        ("/topics/1", NewPostHogLogs::new("k").topics(topics()).into()),
    ];
    let updates: [(&str, LogStreamUpdate); 6] = [
        ("/siteLocation", DatadogUpdate::new().site_location(new).into()),
        ("/topics/1", DatadogUpdate::new().topics(topics()).into()),
        ("/format", WebhookUpdate::new().format(new).into()),
        ("/topics/1", WebhookUpdate::new().topics(topics()).into()),
        ("/ingestUrl", AxiomUpdate::new().ingest_url(AxiomIngestUrl::from(new)).into()),
        ("/topics/1", PostHogLogsUpdate::new().topics(topics()).into()),
    ];
    let mut requests = vec![("/requestDestination", UpdateCanonicalUrl::set(new.into(), "https://h").to_request(&at))];
    requests.extend(limits().map(|(place, limit)| (place, CreateUsageLimit::new(limit).to_request(&at))));
    requests.extend(limits().map(|(place, limit)| (place, UpdateUsageLimit::new("x", limit).to_request(&at))));
    requests.extend(creates.map(|(place, stream)| (place, CreateLogStream::new(stream).to_request(&at))));
    requests.extend(updates.map(|(place, changes)| (place, UpdateLogStream::new("x", changes).to_request(&at))));
    requests
}

#[test]
fn a_value_that_is_new_is_sent_as_it_is_whichever_field_it_stands_in() {
    let mut places = Vec::new();
    for (place, request) in with_new_values() {
        let body: Value =
            serde_json::from_slice(request.unwrap_or_else(|error| panic!("{place}: {error}")).body()).unwrap();
        assert_eq!(body.pointer(place), Some(&json!("something-new")), "{place}: {body}");
        places.push(place);
    }
    // All open enums that requests can hold.
    for place in [
        "/requestDestination",
        "/metric",
        "/window",
        "/limitType",
        "/siteLocation",
        "/format",
        "/ingestUrl",
        "/topics/1",
    ] {
        assert!(places.contains(&place), "{place}");
    }
}
