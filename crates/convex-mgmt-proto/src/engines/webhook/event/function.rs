//! [`FunctionExecution`]: a function execution that ended, with its function and its cause.

use std::fmt;

use serde::Deserialize;

use super::Hidden;
use super::usage::Usage;
use crate::types::open::open_enum;

open_enum! {
    /// The type of a function.
    pub enum FunctionType {
        /// A query.
        Query = "query",
        /// A mutation.
        Mutation = "mutation",
        /// An action.
        Action = "action",
        /// An HTTP action.
        HttpAction = "http_action",
    }
}

open_enum! {
    /// The result of a function execution.
    pub enum ExecutionStatus {
        /// The function returned.
        Success = "success",
        /// The function failed.
        Failure = "failure",
    }
}

open_enum! {
    /// The cause of a function execution.
    pub enum RunReason {
        /// A client subscribed to a query.
        InitialSubscription = "initialSubscription",
        /// Data that a query had read was changed.
        DataChange = "dataChange",
        /// The identity of a client changed.
        IdentityChange = "identityChange",
        /// A client called the function over its WebSocket.
        WebSocket = "webSocket",
        /// A client called the function through the HTTP API.
        HttpApi = "httpApi",
        /// A request reached an HTTP action.
        HttpEndpoint = "httpEndpoint",
        /// A cron job.
        Cron = "cron",
        /// The scheduler.
        Scheduler = "scheduler",
        /// An action called the function.
        Action = "action",
        /// The function tester of the dashboard.
        Tester = "tester",
    }
}

/// A function, and the request that executed it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Function {
    /// The path of the function in its component, such as `messages:list`.
    pub path: String,
    /// The type of the function.
    #[serde(rename = "type")]
    pub function_type: FunctionType,
    /// `true` if the result of a query came from the cache. `None` unless the function is a query.
    pub cached: Option<bool>,
    /// The id of the request.
    pub request_id: String,
    /// Number of mutations that waited before this one. `None` if the server does not send it.
    pub mutation_queue_length: Option<u64>,
    /// Number of earlier attempts of this mutation. `None` unless the function is a mutation.
    pub mutation_retry_count: Option<u64>,
    /// The path of the component. `None` for the root component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_path: Option<String>,
}

/// The write conflict that made a mutation fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OccInfo {
    /// The table of the document.
    pub table_name: Option<String>,
    /// The id of the document.
    pub document_id: Option<String>,
    /// The function that wrote the document.
    pub write_source: Option<String>,
    /// The path of the component.
    pub component_path: Option<String>,
    /// Number of earlier attempts.
    pub retry_count: Option<u64>,
}

/// The scheduled job that executed a function.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SchedulerInfo {
    /// The id of the job.
    pub job_id: String,
}

/// A function execution that ended. Topic `function_execution`.
///
/// `Debug` shows the length of the error message only.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct FunctionExecution {
    /// The function.
    pub function: Function,
    /// The duration of the execution, in milliseconds.
    pub execution_time_ms: u64,
    /// The duration of the function's own code, in milliseconds. `None` for an action that failed before it ran.
    pub user_execution_time_ms: Option<u64>,
    /// The result.
    pub status: ExecutionStatus,
    /// The error of a failed execution. It may end with a newline.
    pub error_message: Option<String>,
    /// The write conflict, if there was one.
    pub occ_info: Option<OccInfo>,
    /// `true` if the server will execute the function again. `None` if the server does not send it: the published document
    /// lacks the field.
    pub will_retry: Option<bool>,
    /// The scheduled job, if one executed the function.
    pub scheduler_info: Option<SchedulerInfo>,
    /// The cause of the execution.
    pub run_reason: RunReason,
    /// The billing counters.
    pub usage: Usage,
}

impl fmt::Debug for FunctionExecution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Destructured, so that a new field does not compile until it is listed.
        let Self {
            function,
            execution_time_ms,
            user_execution_time_ms,
            status,
            error_message,
            occ_info,
            will_retry,
            scheduler_info,
            run_reason,
            usage,
        } = self;
        f.debug_struct("FunctionExecution")
            .field("function", function)
            .field("execution_time_ms", execution_time_ms)
            .field("user_execution_time_ms", user_execution_time_ms)
            .field("status", status)
            .field("error_message", &error_message.as_deref().map(Hidden))
            .field("occ_info", occ_info)
            .field("will_retry", will_retry)
            .field("scheduler_info", scheduler_info)
            .field("run_reason", run_reason)
            .field("usage", usage)
            .finish()
    }
}
