//! Creating a log stream.

use super::kinds::Tagged;
use super::list::ListLogStreams;
use super::new::{NewLogStream, NewStream};

deployment_operation! {
    /// Creates a log stream and returns its id, and the secret of a webhook.
    ///
    /// The output depends on the type of the stream:
    ///
    /// | stream | output |
    /// | --- | --- |
    /// | [`NewWebhook`](super::NewWebhook) | [`CreatedWebhook`](super::CreatedWebhook), with the secret |
    /// | each other kind, such as [`NewDatadog`](super::NewDatadog) | [`Created`](super::Created) |
    /// | [`NewLogStream`], for a kind that is chosen at run time | [`CreatedLogStream`](super::CreatedLogStream) |
    ///
    /// A deployment has at most one stream of each kind, and at most five streams.
    ///
    /// The server sends a test event and sets the stream's status by the result. The test of a webhook is signed with a secret that the
    /// caller does not have yet:
    ///
    /// * A receiver that rejects it with a 4xx status makes the stream [`Failed`](super::LogStreamStatus::Failed) until it is updated.
    /// * After a 5xx status, 408, 425 or 429 the server tries again, with at most 3 attempts within 15 seconds.
    /// * The receiver may accept events of the topic [`Verification`](super::LogTopic::Verification) without a signature check while
    ///   it has no secret.
    /// * Otherwise the caller stores the secret and then sends an empty update ([`WebhookUpdate::new`](super::WebhookUpdate::new)).
    ///   The server then tests again.
    ///
    /// If the outcome is unknown, look for the kind in the list, which also contains the secret of a webhook. List after concurrent
    /// creations, too: the later one may replace the earlier one.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::CreateLogStream;
    /// use convex_mgmt::deployment::log_streams::{LogTopic, LogTopics, NewWebhook, WebhookFormat};
    ///
    /// let webhook = NewWebhook::new("https://logs.example.com/convex", WebhookFormat::Jsonl)
    ///     .topics(LogTopics::only([LogTopic::Console, LogTopic::FunctionExecution]));
    /// let create = CreateLogStream::new(webhook);
    /// assert!(create.check().is_ok());
    ///
    /// // The output of a webhook has its secret.
    /// let body = r#"{"logStreamType":"webhook","id":"some-id","hmacSecret":"made-up"}"#;
    /// let created = CreateLogStream::<NewWebhook>::decode(&body.into())?;
    /// assert_eq!(created.hmac_secret.expose(), "made-up");
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CreateLogStream<S: NewStream = NewLogStream> {
        /// The stream.
        pub stream: S,
    }

    id: "create_log_stream",
    request: POST "/create_log_stream",
    body: |it| &Tagged(&it.stream),
    response: object(S::Created),
    idempotency: NonIdempotent,
    permission: "deployment:integrations:write",
    verify_with: ListLogStreams,
    flags: [secret_request, secret_response],
    codes: [
        EmptyLogTopics, InvalidLogTopic, InvalidWebhookUrl, InvalidAxiomIngestUrl, InvalidSentryDsn, InvalidPostHogHost,
        LogStreamAlreadyExists, LogSinkQuotaExceeded, LogStreamingNotEnabled, CustomAuditLogsInLogStreamsNotEnabled
    ],
    check: |it| it.stream.check(),
}

impl<S: NewStream> CreateLogStream<S> {
    /// Creates the log stream `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream }
    }
}
