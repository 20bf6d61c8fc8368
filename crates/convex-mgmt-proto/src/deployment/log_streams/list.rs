//! Listing and reading log streams.

use super::stream::LogStream;
use crate::types::LogStreamId;

deployment_operation! {
    /// Lists the log streams of the deployment, webhooks with their secrets. Their order has no meaning. A deleted stream is listed for
    /// some seconds more.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::ListLogStreams;
    /// use convex_mgmt::deployment::log_streams::LogStreamStatus;
    ///
    /// let body = r#"[{"logStreamType":"sentry","id":"x","status":{"type":"active"}}]"#;
    /// let streams = ListLogStreams::decode(&body.into())?;
    /// assert!(streams.iter().all(|stream| stream.status == LogStreamStatus::Active));
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct ListLogStreams {}

    id: "list_log_streams",
    request: GET "/list_log_streams",
    response: list(LogStream),
    idempotency: Safe,
    permission: "deployment:integrations:view",
    flags: [secret_response],
    codes: [],
}

impl ListLogStreams {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

deployment_operation! {
    /// Reads one log stream, a webhook with its secret.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::GetLogStream;
    /// use convex_mgmt::deployment::log_streams::LogStreamType;
    ///
    /// let body = r#"{"logStreamType":"sentry","id":"x","status":{"type":"pending"}}"#;
    /// let stream = GetLogStream::decode(&body.into())?;
    /// assert_eq!(stream.config.log_stream_type(), LogStreamType::Sentry);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct GetLogStream {
        /// The log stream.
        pub id: LogStreamId,
    }

    id: "get_log_stream",
    request: GET "/get_log_stream/{id}",
    path: [id],
    response: object(LogStream),
    idempotency: Safe,
    permission: "deployment:integrations:view",
    flags: [secret_response],
    codes: [InvalidLogStreamId, LogStreamDoesntExist, UnsupportedLogStreamType],
}

impl GetLogStream {
    /// Reads the log stream `id`.
    pub fn new(id: impl Into<LogStreamId>) -> Self {
        Self { id: id.into() }
    }
}
