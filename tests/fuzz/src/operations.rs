//! Every operation as a row of a table, so that a number can stand for it.

use bytes::Bytes;
use convex_mgmt_proto::deployment::{
    canonical_urls::*, data_sync::*, environment_variables::*, log_streams::*, usage::*, usage_limits::*, *,
};

use convex_mgmt_proto::{Operation, OperationMeta, ResponseError};
use http::Response;

/// What is asked of the answer to one operation.
#[derive(Debug)]
pub struct Answer {
    /// What `Debug` shows of it.
    pub debug: String,
    /// The body that it is written as.
    #[cfg(feature = "serde-all")]
    pub body: String,
}

/// One operation.
#[derive(Debug)]
pub struct Row {
    /// What is known of it.
    pub meta: &'static OperationMeta,
    /// Reads an answer to it.
    pub read: fn(Response<Bytes>) -> Result<Answer, ResponseError>,
}

macro_rules! rows {
    ($($operation:ident($output:ident): $body:expr),+ $(,)?) => { &[$( Row {
        meta: $operation::META,
        read: |response| {
            let $output = $operation::from_response(response)?;
            Ok(Answer {
                debug: format!("{:?}", $output),
                #[cfg(feature = "serde-all")]
                body: $body,
            })
        },
    } ),+] };
}

/// All of them. The corpus picks them by their place, so new ones go to the end.
pub const ROWS: &[Row] = rows![
    CreateLogStream(created): whole(&created),
    CreateUsageLimit(limit): field("usageLimit", &limit),
    DataSync(page): whole(&page),
    DeleteLogStream(_nothing): String::new(),
    DeleteUsageLimit(_nothing): String::new(),
    GetCanonicalUrls(urls): whole(&urls),
    GetCurrentUsage(usage): whole(&usage),
    GetDeploymentInfo(info): whole(&info),
    GetLogStream(stream): whole(&stream),
    ListActiveSyncs(page): list("syncs", &page),
    ListAuditLogEvents(page): list("items", &page),
    ListEnvironmentVariables(variables): field("environmentVariables", &variables),
    ListLogStreams(streams): whole(&streams),
    ListUsageLimits(limits): field("usageLimits", &limits),
    PauseDeployment(_nothing): String::new(),
    RotateWebhookSecret(secret): whole(&secret),
    UnpauseDeployment(_nothing): String::new(),
    UpdateCanonicalUrl(_nothing): String::new(),
    UpdateEnvironmentVariables(_nothing): String::new(),
    UpdateLogStream(_nothing): String::new(),
    UpdateUsageLimit(limit): field("usageLimit", &limit),
];

#[cfg(feature = "serde-all")]
fn whole(output: &impl serde::Serialize) -> String {
    serde_json::to_string(output).expect("what was read can be written")
}

#[cfg(feature = "serde-all")]
fn field(name: &str, output: &impl serde::Serialize) -> String {
    format!(r#"{{"{name}":{}}}"#, whole(output))
}

#[cfg(feature = "serde-all")]
fn list<T: serde::Serialize>(name: &str, page: &convex_mgmt_proto::Page<T>) -> String {
    let (more, cursor) = (page.next_cursor.is_some(), whole(&page.next_cursor));
    format!(r#"{{"{name}":{},"pagination":{{"hasMore":{more},"nextCursor":{cursor}}}}}"#, whole(&page.items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_operation() {
        let sorted = |mut ids: Vec<&'static str>| {
            ids.sort_unstable();
            ids
        };
        let rows = sorted(ROWS.iter().map(|row| row.meta.id).collect());
        assert_eq!(rows, sorted(convex_mgmt_proto::OPERATIONS.iter().map(|meta| meta.id).collect()));
    }
}
