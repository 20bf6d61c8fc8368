//! [`Sample`]: sample requests and responses of an operation, for the tests that cover every operation.
//!
//! Compiled with the hidden feature `samples` only.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use super::interface::Operation;
use crate::auth::{AccessToken, DeployKey};
use crate::error::BuildError;
use crate::metadata::{Api, DeploymentApi, ManagementApi, OperationMeta};
use crate::request::Endpoint;
use crate::response::ResponseError;

/// Sample requests and responses of an operation. Each operation implements it beside its declaration.
pub trait Sample: Operation + Clone + fmt::Debug {
    /// The names of the response fields that may be missing or `null` in at least one shape of the response.
    const OPTIONAL: &'static [&'static str] = &[];
    /// The names of the response fields that may be missing, but not `null`: keys of maps.
    const REMOVABLE: &'static [&'static str] = &[];
    /// The names of the response fields that hold a text, or an object or list in its place. Another text or object there is an
    /// unknown value.
    const MIXED: &'static [&'static str] = &[];
    /// Parts of JSON pointers to response fields that accept any JSON.
    const FREE: &'static [&'static str] = &[];
    /// The names of the response fields whose text `Debug` never shows: secrets, and URLs that may contain one.
    const SECRET: &'static [&'static str] = &[];

    /// Valid requests. Together they set every field of the body, in each of its forms.
    fn requests() -> Vec<Self>;

    /// Requests with `text` as each path parameter and each text of the query.
    fn with_url_text(text: &str) -> Vec<Self> {
        let _ = text;
        Vec::new()
    }

    /// Requests with `text` in each place for a secret, or for a URL that may contain one.
    fn with_secret(text: &str) -> Vec<Self> {
        let _ = text;
        Vec::new()
    }

    /// Requests that break one rule, each with the field that [`Operation::check`] has to name, or its beginning.
    fn invalid() -> Vec<(Self, &'static str)> {
        Vec::new()
    }

    /// The operation that sends this request body. `None` for operations without a body.
    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        let _ = body;
        None
    }

    /// Complete response bodies, one for each shape. Empty for operations whose response has no body.
    fn responses() -> Vec<Value> {
        Vec::new()
    }
}

/// The fields of a value, at any depth: JSON pointer and name of each.
pub fn fields(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut below = |step: &str, child: &Value| {
        found.extend(fields(child).into_iter().map(|(pointer, name)| (format!("/{step}{pointer}"), name)));
    };
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, child)| below(name, child));
            found.extend(object.keys().map(|name| (format!("/{name}"), name.clone())));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(index, child)| below(&index.to_string(), child)),
        _ => {}
    }
    found
}

/// Encodes an output as the response body that it was decoded from. Implemented by the `operation!` macro.
pub trait EncodeOutput: Operation {
    /// Returns the response body, empty for a response without a body.
    #[cfg(feature = "serde-all")]
    fn encode_output(output: &Self::Output) -> serde_json::Result<String>;
}

/// A request of a [`Sample`], at a made-up endpoint of its API.
#[derive(Debug)]
pub struct SampleRequest {
    /// The `Debug` text of the operation.
    pub debug: String,
    /// The request, with the checks.
    pub checked: Result<Request<Bytes>, BuildError>,
    /// The request, without the checks.
    pub unchecked: Result<Request<Bytes>, BuildError>,
}

/// A response that was decoded.
#[derive(Debug)]
pub struct SampleOutput {
    /// The `Debug` text of the output.
    pub debug: String,
    /// The output, encoded again as a response body. Empty if there is no body, or if encoding failed.
    #[cfg(feature = "serde-all")]
    pub text: String,
    /// The same as a value. It has lost the spelling of numbers, and is `null` for what a value cannot hold.
    #[cfg(feature = "serde-all")]
    pub body: Value,
}

/// The [`Sample`] of one operation, without its type.
#[derive(Debug)]
#[allow(clippy::type_complexity, reason = "one row of a table")]
pub struct Samples {
    /// The operation.
    pub meta: &'static OperationMeta,
    /// [`Sample::OPTIONAL`].
    pub optional: &'static [&'static str],
    /// [`Sample::REMOVABLE`].
    pub removable: &'static [&'static str],
    /// [`Sample::MIXED`].
    pub mixed: &'static [&'static str],
    /// [`Sample::FREE`].
    pub free: &'static [&'static str],
    /// [`Sample::SECRET`].
    pub secret: &'static [&'static str],
    /// [`Sample::requests`].
    pub requests: fn() -> Vec<SampleRequest>,
    /// [`Sample::with_url_text`].
    pub with_url_text: fn(&str) -> Vec<SampleRequest>,
    /// [`Sample::with_secret`].
    pub with_secret: fn(&str) -> Vec<SampleRequest>,
    /// [`Sample::invalid`].
    pub invalid: fn() -> Vec<(SampleRequest, &'static str)>,
    /// [`Sample::from_body`].
    #[cfg(feature = "serde-all")]
    pub from_body: fn(&str) -> Option<serde_json::Result<SampleRequest>>,
    /// [`Sample::responses`].
    pub responses: fn() -> Vec<Value>,
    /// Reads a response.
    pub read: fn(Response<Bytes>) -> Result<SampleOutput, ResponseError>,
}

impl Samples {
    /// The samples of an operation.
    pub const fn of<O: Sample<Api: SampleApi, Output: fmt::Debug> + EncodeOutput>() -> Self {
        Self {
            meta: O::META,
            optional: O::OPTIONAL,
            removable: O::REMOVABLE,
            mixed: O::MIXED,
            free: O::FREE,
            secret: O::SECRET,
            requests: || O::requests().iter().map(request).collect(),
            with_url_text: |text| O::with_url_text(text).iter().map(request).collect(),
            with_secret: |text| O::with_secret(text).iter().map(request).collect(),
            invalid: || O::invalid().iter().map(|(operation, field)| (request(operation), *field)).collect(),
            #[cfg(feature = "serde-all")]
            from_body: |body| O::from_body(body).map(|read| read.map(|operation| request(&operation))),
            responses: O::responses,
            read: |response| Ok(output::<O>(&O::from_response(response)?)),
        }
    }
}

/// An API with a made-up endpoint.
pub trait SampleApi: Api + Sized {
    /// The endpoint `https://happy-animal-123.convex.cloud` or `https://api.convex.dev`, with a made-up credential.
    fn endpoint() -> Endpoint<Self>;
}

#[allow(clippy::expect_used, reason = "the values are constants")]
impl SampleApi for DeploymentApi {
    fn endpoint() -> Endpoint<Self> {
        let key = DeployKey::parse("prod:happy-animal-123|made-up").expect("a valid key");
        Endpoint::new("https://happy-animal-123.convex.cloud", &key).expect("a valid endpoint")
    }
}

#[allow(clippy::expect_used, reason = "the values are constants")]
impl SampleApi for ManagementApi {
    fn endpoint() -> Endpoint<Self> {
        let token = AccessToken::parse("team:made-up|made-up").expect("a valid token");
        Endpoint::new("https://api.convex.dev", &token).expect("a valid endpoint")
    }
}

fn request<O: Sample<Api: SampleApi>>(operation: &O) -> SampleRequest {
    let endpoint = O::Api::endpoint();
    SampleRequest {
        debug: format!("{operation:?}"),
        checked: operation.to_request(&endpoint),
        unchecked: operation.clone().unchecked().to_request(&endpoint),
    }
}

fn output<O: EncodeOutput<Output: fmt::Debug>>(output: &O::Output) -> SampleOutput {
    #[cfg(feature = "serde-all")]
    let text = O::encode_output(output).unwrap_or_default();
    SampleOutput {
        debug: format!("{output:?}"),
        #[cfg(feature = "serde-all")]
        body: serde_json::from_str(&text).unwrap_or_default(),
        #[cfg(feature = "serde-all")]
        text,
    }
}
