//! Deleting a log stream.

use super::list::ListLogStreams;
use crate::types::LogStreamId;

deployment_operation! {
    /// Deletes a log stream. A new stream of the same kind can be created at once.
    ///
    /// ```
    /// use convex_mgmt::deployment::DeleteLogStream;
    /// use convex_mgmt::{DeployKey, Endpoint, Operation};
    ///
    /// # let key = DeployKey::parse("happy-animal-123|01abcd")?;
    /// # let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key)?;
    /// let request = DeleteLogStream::new("a/b").to_request(&endpoint)?;
    /// assert_eq!(request.uri().path(), "/api/v1/delete_log_stream/a%2Fb");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeleteLogStream {
        /// The log stream.
        pub id: LogStreamId,
    }

    id: "delete_log_stream",
    request: POST "/delete_log_stream/{id}",
    path: [id],
    response: empty(),
    idempotency: Idempotent,
    permission: "deployment:integrations:write",
    not_found: LogStreamDoesntExist,
    verify_with: ListLogStreams,
    codes: [InvalidLogStreamId, LogStreamDoesntExist, LogStreamingNotEnabled],
}

impl DeleteLogStream {
    /// Deletes the log stream `id`.
    pub fn new(id: impl Into<LogStreamId>) -> Self {
        Self { id: id.into() }
    }
}
