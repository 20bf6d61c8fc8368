//! The counterparts of the documents' bodies: how a reply and a request of each operation are read and written again.

use std::fmt;

use convex_mgmt_proto::deployment::log_streams::{LogStreamUpdate, NewLogStream};
use convex_mgmt_proto::deployment::{
    CreateLogStream, CreateUsageLimit, DataSync, DeleteLogStream, DeleteUsageLimit, GetCanonicalUrls, GetCurrentUsage,
    GetDeploymentInfo, GetLogStream, ListActiveSyncs, ListAuditLogEvents, ListEnvironmentVariables, ListLogStreams,
    ListUsageLimits, PauseDeployment, RotateWebhookSecret, UnpauseDeployment, UpdateCanonicalUrl,
    UpdateEnvironmentVariables, UpdateLogStream, UpdateUsageLimit,
};
use convex_mgmt_proto::{DeployKey, DeploymentApi, Endpoint, Operation, Paged};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads the body of a reply as the operation does, and writes it again. The text is the name of the field that the
/// operation takes its output out of, or empty.
type Reply = fn(&[u8], &str) -> Result<Through, String>;

/// Reads the body of a request, and gives what the operation around it would send.
type Request = fn(&Value) -> Result<Through, String>;

/// What became of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Through {
    /// The body, written again.
    pub(crate) json: Value,
    /// Whether something in it was kept without a name for it. An enum or a union keeps what it does not know, so what
    /// comes back does not tell.
    pub(crate) unknown: bool,
}

impl Through {
    fn new(json: Value, read: &impl fmt::Debug) -> Self {
        Self { json, unknown: format!("{read:?}").contains("Unknown(") }
    }
}

/// The bodies of one operation. One that has no body is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bodies {
    pub(crate) id: &'static str,
    pub(crate) reply: Option<(Reply, &'static str)>,
    pub(crate) request: Option<Request>,
}

impl Bodies {
    /// An operation without bodies.
    pub(crate) const fn new(id: &'static str) -> Self {
        Self { id, reply: None, request: None }
    }

    const fn of<O: Operation>() -> Self {
        Self::new(O::META.id)
    }

    pub(crate) const fn gives(mut self, reply: Reply, field: &'static str) -> Self {
        self.reply = Some((reply, field));
        self
    }

    pub(crate) const fn takes(mut self, request: Request) -> Self {
        self.request = Some(request);
        self
    }
}

/// The Deployment Platform API.
pub(crate) const DEPLOYMENT: &[Bodies] = &[
    Bodies::of::<CreateLogStream>()
        .gives(whole::<CreateLogStream>, "")
        .takes(|body| sent(body, |stream: NewLogStream| CreateLogStream::new(stream).unchecked())),
    Bodies::of::<CreateUsageLimit>()
        .gives(field::<CreateUsageLimit>, "usageLimit")
        .takes(|body| sent(body, |config| CreateUsageLimit::new(config).unchecked())),
    Bodies::of::<DataSync>().gives(whole::<DataSync>, "").takes(|body| sent(body, DataSync::unchecked)),
    Bodies::of::<DeleteLogStream>(),
    Bodies::of::<DeleteUsageLimit>(),
    Bodies::of::<GetCanonicalUrls>().gives(whole::<GetCanonicalUrls>, ""),
    Bodies::of::<GetCurrentUsage>().gives(whole::<GetCurrentUsage>, ""),
    Bodies::of::<GetDeploymentInfo>().gives(whole::<GetDeploymentInfo>, ""),
    Bodies::of::<GetLogStream>().gives(whole::<GetLogStream>, ""),
    Bodies::of::<ListActiveSyncs>().gives(page::<ListActiveSyncs>, "syncs"),
    Bodies::of::<ListAuditLogEvents>().gives(page::<ListAuditLogEvents>, "items"),
    Bodies::of::<ListEnvironmentVariables>().gives(field::<ListEnvironmentVariables>, "environmentVariables"),
    Bodies::of::<ListLogStreams>().gives(whole::<ListLogStreams>, ""),
    Bodies::of::<ListUsageLimits>().gives(field::<ListUsageLimits>, "usageLimits"),
    Bodies::of::<PauseDeployment>(),
    Bodies::of::<RotateWebhookSecret>().gives(whole::<RotateWebhookSecret>, ""),
    Bodies::of::<UnpauseDeployment>(),
    Bodies::of::<UpdateCanonicalUrl>().takes(|body| sent(body, |operation: UpdateCanonicalUrl| operation)),
    Bodies::of::<UpdateEnvironmentVariables>().takes(|body| sent(body, UpdateEnvironmentVariables::unchecked)),
    Bodies::of::<UpdateLogStream>()
        .takes(|body| sent(body, |changes: LogStreamUpdate| UpdateLogStream::new("some-id", changes).unchecked())),
    Bodies::of::<UpdateUsageLimit>()
        .gives(field::<UpdateUsageLimit>, "usageLimit")
        .takes(|body| sent(body, |config| UpdateUsageLimit::new("some-id", config).unchecked())),
];

/// A reply that is the output.
fn whole<O: Operation<Output: Serialize + fmt::Debug>>(body: &[u8], _: &str) -> Result<Through, String> {
    let output = read::<O>(body)?;
    Ok(Through::new(written(&output)?, &output))
}

/// A reply that holds the output in a field.
fn field<O: Operation<Output: Serialize + fmt::Debug>>(body: &[u8], field: &str) -> Result<Through, String> {
    let output = read::<O>(body)?;
    Ok(Through::new(json!({field: written(&output)?}), &output))
}

/// A reply that is a page, with its items in a field.
fn page<O: Paged<Item: Serialize + fmt::Debug>>(body: &[u8], field: &str) -> Result<Through, String> {
    let page = read::<O>(body)?;
    let Value::Object(mut fields) = written(&page)? else { return Err("a page is written as no object".to_owned()) };
    let items = fields.remove("items").ok_or("a page is written without items")?;
    fields.insert(field.to_owned(), items);
    Ok(Through::new(Value::Object(fields), &page.items))
}

fn read<O: Operation>(body: &[u8]) -> Result<O::Output, String> {
    O::decode(&body.to_vec().into()).map_err(|error| error.to_string())
}

fn written(output: &impl Serialize) -> Result<Value, String> {
    serde_json::to_value(output).map_err(|error| error.to_string())
}

/// What an operation sends whose body is read from JSON.
fn sent<B, O>(body: &Value, around: impl FnOnce(B) -> O) -> Result<Through, String>
where
    B: DeserializeOwned,
    O: Operation<Api = DeploymentApi> + fmt::Debug,
{
    // Read from text as a server would: the numbers of a `Value` are already read.
    let body = serde_json::from_str(&body.to_string()).map_err(|error| error.to_string())?;
    let operation = around(body);
    Ok(Through::new(request_body(&operation)?, &operation))
}

/// The JSON body that an operation sends.
pub(crate) fn request_body(operation: &impl Operation<Api = DeploymentApi>) -> Result<Value, String> {
    let key = DeployKey::parse("happy-animal-123|01c0ffee").map_err(|error| error.to_string())?;
    let endpoint = Endpoint::new("https://happy-animal-123.example", &key).map_err(|error| error.to_string())?;
    let request = operation.to_request(&endpoint).map_err(|error| error.to_string())?;
    serde_json::from_slice(request.body()).map_err(|error| error.to_string())
}
