//! Log streams: create, read, update, rotate and delete.

use std::time::Duration;

use convex_mgmt::deployment::log_streams::{
    AxiomUpdate, DatadogSiteLocation, DatadogUpdate, LogStreamConfig, LogStreamStatus, LogStreamType, LogTopic,
    LogTopics, NewAxiom, NewDatadog, NewLogStream, NewPostHogErrorTracking, NewPostHogLogs, NewSentry, NewWebhook,
    PostHogLogsUpdate, SentryUpdate, WebhookFormat, WebhookUpdate,
};
use convex_mgmt::deployment::{
    CreateLogStream, DeleteLogStream, GetLogStream, ListLogStreams, RotateWebhookSecret, UpdateLogStream,
};
use convex_mgmt::{DeploymentClient, ErrorCode, ErrorKind, LogStreamId, Operation, Patch, Sent};
use convex_mgmt_fake::{Fault, Knobs, Plan};
use convex_mgmt_suite::fake;

use crate::{deployment, started};

async fn create(client: &DeploymentClient, stream: impl Into<NewLogStream>) -> LogStreamId {
    let created = client.send(&CreateLogStream::new(stream.into())).await.unwrap();
    created.id().unwrap().clone()
}

async fn config(client: &DeploymentClient, id: &LogStreamId) -> LogStreamConfig {
    client.send(&GetLogStream::new(id)).await.unwrap().config
}

fn webhook() -> NewWebhook {
    NewWebhook::new("https://hooks.example", WebhookFormat::Json)
}

#[tokio::test]
async fn creates_and_reads_every_kind_of_stream_without_its_key() {
    let (_fake, _running, client) = deployment().await;
    let streams: [NewLogStream; 6] = [
        NewDatadog::new(DatadogSiteLocation::Us1Fed, "k").dd_tags(["a:b"]).service("s").into(),
        webhook().topics(LogTopics::only([LogTopic::AuditLog, LogTopic::Console, LogTopic::Console])).into(),
        NewAxiom::new("k", "logs").attribute("a", "b").into(),
        NewSentry::new("https://k@sentry.example/1").tag("a", "b").into(),
        NewPostHogLogs::new("k").host("https://p.example").service_name("s").into(),
        NewPostHogErrorTracking::new("k").into(),
    ];
    let mut kinds = Vec::new();
    for stream in streams {
        match client.send(&CreateLogStream::new(stream)).await {
            Ok(created) => kinds.push(config(&client, created.id().unwrap()).await),
            Err(error) => assert_eq!(error.code(), Some(&ErrorCode::LogSinkQuotaExceeded)),
        }
    }
    let [datadog, webhook, axiom, sentry, logs] = &kinds[..] else { panic!("{kinds:?}") };
    assert!(matches!(datadog, LogStreamConfig::Datadog(config)
        if config.site_location == DatadogSiteLocation::Us1Fed && config.dd_tags == ["a:b"] && config.service.as_deref() == Some("s")));
    let LogStreamConfig::Webhook(webhook) = webhook else { panic!("{webhook:?}") };
    assert_eq!((webhook.url.as_str(), webhook.hmac_secret.len()), ("https://hooks.example/", 32));
    assert_eq!(webhook.topics, LogTopics::only([LogTopic::Console, LogTopic::AuditLog]), "each once, in another order");
    assert!(matches!(axiom, LogStreamConfig::Axiom(config)
        if config.dataset_name == "logs" && config.attributes.len() == 1 && config.topics.is_all()));
    assert!(matches!(sentry, LogStreamConfig::Sentry(config) if config.tags.as_ref().unwrap()["a"] == "b"));
    assert!(matches!(logs, LogStreamConfig::PostHogLogs(config) if config.service_name.as_deref() == Some("s")));
    let listed = client.send(&ListLogStreams::new()).await.unwrap();
    assert_eq!(listed.len(), 5);
    assert!(listed.iter().all(|stream| kinds.contains(&stream.config)));
}

#[tokio::test]
async fn updates_keep_set_and_clear_fields() {
    let (_fake, _running, client) = deployment().await;
    let id = create(&client, NewDatadog::new(DatadogSiteLocation::Eu, "k").dd_tags(["t"]).service("s")).await;
    let datadog = async |update: DatadogUpdate| {
        client.send(&UpdateLogStream::new(&id, update)).await.unwrap();
        let LogStreamConfig::Datadog(config) = config(&client, &id).await else { panic!() };
        (config.site_location, config.dd_tags.concat(), config.service, config.topics)
    };
    let before = (DatadogSiteLocation::Eu, "t".to_owned(), Some("s".into()), LogTopics::ALL);
    assert_eq!(datadog(DatadogUpdate::new()).await, before);
    let console = LogTopics::only([LogTopic::Console]);
    let set = DatadogUpdate::new().site_location(DatadogSiteLocation::Ap1).dd_tags([""; 0]).topics(console.clone());
    let after = (DatadogSiteLocation::Ap1, String::new(), Some("s".into()), console);
    assert_eq!(datadog(set).await, after);
    let reset = DatadogUpdate::new().service(Patch::Clear).topics(LogTopics::ALL);
    assert_eq!(datadog(reset).await, (DatadogSiteLocation::Ap1, String::new(), None, LogTopics::ALL));

    let id = create(&client, NewSentry::new("https://k@sentry.example/1").tag("a", "b")).await;
    client.send(&UpdateLogStream::new(&id, SentryUpdate::new().tags(Patch::Clear))).await.unwrap();
    assert!(matches!(config(&client, &id).await, LogStreamConfig::Sentry(config) if config.tags.is_none()));

    let id = create(&client, NewPostHogLogs::new("k").host("https://p.example").service_name("s")).await;
    client.send(&UpdateLogStream::new(&id, PostHogLogsUpdate::new().host(Patch::Clear))).await.unwrap();
    let LogStreamConfig::PostHogLogs(logs) = config(&client, &id).await else { panic!() };
    assert_eq!((logs.host, logs.service_name.as_deref()), (None, Some("s")));
}

#[tokio::test]
async fn rotates_a_secret_and_reads_the_new_one() {
    let (_fake, _running, client) = deployment().await;
    let created = client.send(&CreateLogStream::new(webhook())).await.unwrap();
    let (id, first) = (&created.id, &created.hmac_secret);
    let rotated = client.send(&RotateWebhookSecret::new(id)).await.unwrap();
    let second = &rotated.hmac_secret;
    assert_ne!(first, second);
    assert!(matches!(config(&client, id).await, LogStreamConfig::Webhook(webhook) if webhook.hmac_secret == *second));
    let axiom = create(&client, NewAxiom::new("k", "d")).await;
    let error = client.send(&RotateWebhookSecret::new(axiom)).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::NoSecretToRotate));
}

#[tokio::test]
async fn an_unreachable_stream_fails_with_a_reason() {
    let mut knobs = Knobs::default();
    knobs.webhook_backoff = (Duration::from_millis(1), Duration::from_millis(1));
    let (fake, _running, client) = started(fake().knobs(knobs)).await;
    let id = create(&client, NewWebhook::new("http://127.0.0.1:1/", WebhookFormat::Json)).await;
    fake.log_streams_settled().await;
    let stream = client.send(&GetLogStream::new(&id)).await.unwrap();
    let LogStreamStatus::Failed(failure) = stream.status else { panic!("{stream:?}") };
    assert!(!failure.reason.is_empty());
}

#[tokio::test]
async fn a_deleted_stream_is_not_found_while_the_list_still_shows_it() {
    let (fake, _running, client) = deployment().await;
    let id = create(&client, webhook()).await;
    client.send(&DeleteLogStream::new(&id)).await.unwrap();
    let listed = client.send(&ListLogStreams::new()).await.unwrap();
    assert!(matches!(&listed[..], [stream] if stream.id == id && stream.status == LogStreamStatus::Deleting));
    for error in [
        client.send(&DeleteLogStream::new(&id)).await.unwrap_err(),
        client.send(&GetLogStream::new(&id)).await.unwrap_err(),
        client.send(&UpdateLogStream::new(&id, WebhookUpdate::new())).await.unwrap_err(),
        client.send(&RotateWebhookSecret::new(&id)).await.unwrap_err(),
    ] {
        assert!(error.is_not_found() && error.code() == Some(&ErrorCode::LogStreamDoesntExist), "{error:?}");
    }
    create(&client, webhook()).await;
    fake.remove_deleted_log_streams();
    assert_eq!(client.send(&ListLogStreams::new()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn rejects_invalid_requests_with_their_codes() {
    let (fake, _running, client) = deployment().await;
    let id = create(&client, webhook()).await;
    let error = client.send(&CreateLogStream::new(webhook())).await.unwrap_err();
    assert_eq!((error.code(), error.status().unwrap().as_u16()), (Some(&ErrorCode::LogStreamAlreadyExists), 409));
    let error = client.send(&UpdateLogStream::new(&id, AxiomUpdate::new())).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::LogStreamTypeMismatch));
    for id in ["xyz", "a/b", "%2e", "é", "a b", "…", "..."] {
        let error = client.send(&GetLogStream::new(id)).await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::InvalidLogStreamId), "{id}");
    }
    for id in ["", ".", ".."] {
        let before = fake.requests().len();
        assert_eq!(client.send(&GetLogStream::new(id)).await.unwrap_err().kind(), ErrorKind::Build, "{id}");
        assert_eq!(fake.requests().len(), before);
    }
    // The server checks the same rules as the client.
    let unchecked = UpdateLogStream::new(&id, WebhookUpdate::new().url("hooks.example")).unchecked();
    assert_eq!(client.send(&unchecked).await.unwrap_err().code(), Some(&ErrorCode::InvalidWebhookUrl));
    let unchecked = WebhookUpdate::new().topics(LogTopics::only([LogTopic::Exception]));
    let unchecked = UpdateLogStream::new(&id, unchecked).unchecked();
    assert_eq!(client.send(&unchecked).await.unwrap_err().code(), Some(&ErrorCode::InvalidLogTopic));
}

#[tokio::test]
async fn names_the_log_stream_feature_that_the_plan_lacks() {
    let mut plan = Plan::default();
    plan.custom_audit_logs_in_log_streams_config_enabled = false;
    let (_fake, _running, client) = started(fake().plan(plan.clone())).await;
    let custom = webhook().topics(LogTopics::only([LogTopic::CustomAudit]));
    let error = client.send(&CreateLogStream::new(custom)).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::CustomAuditLogsInLogStreamsNotEnabled));
    plan.log_streaming_enabled = false;
    let (_fake, _running, client) = started(fake().plan(plan)).await;
    let error = client.send(&CreateLogStream::new(webhook())).await.unwrap_err();
    assert!(error.is_auth() && error.code() == Some(&ErrorCode::LogStreamingNotEnabled), "{error:?}");
    assert!(client.send(&ListLogStreams::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn does_not_retry_a_lost_create_or_rotation_and_retries_the_rest() {
    let (fake, _running, client) = deployment().await;
    fake.fault(Fault::LostResponse);
    let error = client.send(&CreateLogStream::new(webhook())).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.sent()), (ErrorKind::OutcomeUnknown, 1, Sent::Maybe));
    assert_eq!(error.verify_with(), Some(ListLogStreams::META.id));
    let listed = client.send(&ListLogStreams::new()).await.unwrap();
    let found = listed.iter().find(|stream| stream.config.log_stream_type() == LogStreamType::Webhook).unwrap();
    fake.fault(Fault::LostResponse);
    let error = client.send(&RotateWebhookSecret::new(&found.id)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.sent()), (ErrorKind::OutcomeUnknown, 1, Sent::Maybe));
    assert_eq!(error.verify_with(), Some(GetLogStream::META.id));
    let LogStreamConfig::Webhook(before) = &found.config else { panic!("{found:?}") };
    assert!(
        matches!(config(&client, &found.id).await, LogStreamConfig::Webhook(now) if now.hmac_secret != before.hmac_secret)
    );
    fake.fault(Fault::LostResponse);
    client.send(&UpdateLogStream::new(&found.id, WebhookUpdate::new())).await.unwrap();
    fake.fault(Fault::LostResponse);
    let reply = client.send_for_reply(&DeleteLogStream::new(&found.id)).await.unwrap();
    assert!(reply.already_deleted);
    let reply = client.send_for_reply(&DeleteLogStream::new(&create(&client, webhook()).await)).await.unwrap();
    assert!(!reply.already_deleted);
}

/// Eight writers start at once. The server tries each of them three times, so five of them get a conflict and are retried.
#[tokio::test]
async fn concurrent_writers_of_one_log_stream_all_succeed() {
    let mut knobs = Knobs::default();
    knobs.commit_time = Duration::from_millis(20);
    let (fake, _running, client) = started(fake().knobs(knobs)).await;
    let id = create(&client, webhook()).await;
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let (client, id) = (client.clone(), id.clone());
            tokio::spawn(async move {
                if n % 2 == 0 {
                    return client.send(&RotateWebhookSecret::new(&id)).await.map(drop);
                }
                let update = WebhookUpdate::new().url(format!("https://hooks.example/{n}"));
                client.send(&UpdateLogStream::new(&id, update)).await
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(fake.audit_log().len(), 9, "each write was committed once");
    let lost = fake.requests().iter().filter(|request| request.status.is_some_and(|status| status == 503)).count();
    assert!(lost >= 5, "only {lost} writes lost: too little contention");
}
