//! A transport over reqwest, for a program that has a `reqwest::Client` anyway. It runs on tokio.

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::{Sent, Transport, TransportError};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use reqwest::{Client, redirect, retry};

/// The maximum size of a response body in bytes. Pages of a data sync are large.
const LIMIT: usize = 256 << 20;

/// Creates a transport. Pass it to `ClientBuilder::build_on`, which adds timeouts and retries.
///
/// # Errors
/// If reqwest cannot build its client.
pub fn transport() -> Result<impl Transport<Future: Send> + Send, reqwest::Error> {
    // The library reads redirects itself, and decides about retries.
    let client = Client::builder().redirect(redirect::Policy::none()).retry(retry::never()).build()?;
    Ok(tower::service_fn(move |request| send(client.clone(), request)))
}

async fn send(client: Client, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
    let request = reqwest::Request::try_from(request).map_err(|error| TransportError::connection(Sent::No, error))?;
    let response = client.execute(request).await.map_err(failure)?;
    let (parts, body) = Response::<reqwest::Body>::from(response).into_parts();
    let body = Limited::new(body, LIMIT).collect().await.map_err(|error| match error.downcast::<reqwest::Error>() {
        Ok(error) => failure(*error),
        Err(error) if error.is::<LengthLimitError>() => TransportError::response_too_large(LIMIT),
        Err(error) => TransportError::connection(Sent::Maybe, error),
    })?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

/// Reports what reqwest knows about a failure: only before the connection is open, nothing was sent.
fn failure(error: reqwest::Error) -> TransportError {
    if error.is_connect() { TransportError::connect(error) } else { TransportError::connection(Sent::Maybe, error) }
}
