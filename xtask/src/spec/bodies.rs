//! The bodies of each operation: functions that decode a response or a request and encode it again.

use std::fmt;
use std::rc::Rc;

use convex_mgmt_proto::Operation;
use convex_mgmt_proto::samples::{SAMPLES, SampleApi, SampleOutput, SampleRequest, Samples};
use http::Response;
use serde_json::Value;

/// Decodes the body of a response as the operation does, and encodes it again.
type ReadResponse = Rc<dyn Fn(&[u8]) -> Result<RoundTrip, String>>;

/// Decodes the body of a request, and encodes what the operation sends.
type ReadRequest = Rc<dyn Fn(&Value) -> Result<RoundTrip, String>>;

/// A body that was decoded and encoded again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RoundTrip {
    /// The encoded body.
    pub(crate) json: Value,
    /// `true` if the types have no name for a value in it. Open enums and unions keep such values, so the body does not show it.
    pub(crate) unknown: bool,
}

impl RoundTrip {
    fn new(json: Value, debug: &str) -> Self {
        // The keys of a map may have any name.
        let is_value = |rest: &str| !rest.split_once("\")").is_some_and(|(_, after)| after.starts_with(": "));
        Self { json, unknown: debug.split("Unknown(").skip(1).any(is_value) }
    }
}

/// The bodies of one operation. `None` if it has no such body.
#[derive(Clone)]
pub(crate) struct Bodies {
    pub(crate) id: &'static str,
    pub(crate) response: Option<ReadResponse>,
    pub(crate) request: Option<ReadRequest>,
}

impl Bodies {
    /// An operation without bodies.
    pub(crate) fn new(id: &'static str) -> Self {
        Self { id, response: None, request: None }
    }

    pub(crate) fn with_response(self, read: impl Fn(&[u8]) -> Result<RoundTrip, String> + 'static) -> Self {
        Self { response: Some(Rc::new(read)), ..self }
    }

    pub(crate) fn with_request(self, read: impl Fn(&Value) -> Result<RoundTrip, String> + 'static) -> Self {
        Self { request: Some(Rc::new(read)), ..self }
    }

    fn of(samples: &'static Samples) -> Self {
        let mut bodies = Self::new(samples.meta.id);
        if !samples.meta.empty_response {
            bodies = bodies.with_response(|body| received(samples, body));
        }
        if (samples.from_body)("").is_some() {
            bodies = bodies.with_request(|body| sent(samples, body));
        }
        bodies
    }
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Returns the bodies of all operations of an API.
pub(crate) fn of_api(api: &str) -> Vec<Bodies> {
    SAMPLES.iter().filter(|samples| samples.meta.api == api).map(Bodies::of).collect()
}

/// A request as a user builds it. Its body has to conform to the document.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) id: &'static str,
    pub(crate) body: Result<Value, String>,
}

/// Returns the sample requests of an API that have a body. Together they use every field.
pub(crate) fn built(api: &str) -> Vec<Built> {
    let mut all = Vec::new();
    for samples in SAMPLES.iter().filter(|samples| samples.meta.api == api) {
        for request in (samples.requests)() {
            if request.checked.as_ref().is_ok_and(|request| request.body().is_empty()) {
                continue;
            }
            all.push(Built { id: samples.meta.id, body: json(request.checked) });
        }
    }
    all
}

fn received(samples: &Samples, body: &[u8]) -> Result<RoundTrip, String> {
    let SampleOutput { debug, body, .. } =
        (samples.read)(Response::new(body.to_vec().into())).map_err(|error| error.to_string())?;
    Ok(RoundTrip::new(body, &debug))
}

fn sent(samples: &Samples, body: &Value) -> Result<RoundTrip, String> {
    // Decoded from text as a server would: a `Value` holds numbers that are already parsed.
    let request = (samples.from_body)(&body.to_string()).ok_or("the operation has no request body")?;
    let SampleRequest { debug, unchecked, .. } = request.map_err(|error| error.to_string())?;
    Ok(RoundTrip::new(json(unchecked)?, &debug))
}

fn json<E: fmt::Display>(request: Result<http::Request<bytes::Bytes>, E>) -> Result<Value, String> {
    let request = request.map_err(|error| error.to_string())?;
    serde_json::from_slice(request.body()).map_err(|error| error.to_string())
}

/// Returns the JSON body that an operation sends.
pub(crate) fn request_body<A: SampleApi>(operation: &impl Operation<Api = A>) -> Result<Value, String> {
    json(operation.to_request(&A::endpoint()))
}
