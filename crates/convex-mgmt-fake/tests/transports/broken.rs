//! [`Broken`]: a transport with one defect that a transport of an integrator may have.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_hyper::{HyperTransport, TransportError, TransportErrorKind};
use convex_mgmt_proto::Sent;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use tokio::time::{sleep, timeout};
use tower::{BoxError, Service, ServiceExt};

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    AsciiBodies,
    RejectsEmptyBodies,
    TwoCredentials,
    OtherCredential,
    DecodesUrls,
    DropsContentType,
    ShortResponses,
    ShortRequests,
    DropsQueries,
    DropsErrorBodies,
    DropsResponseHeaders,
    OwnErrors,
    RetriesItself,
    ClaimsNothingWasSent,
    FollowsRedirects,
    FollowsRedirectsOfTheServer,
    ClaimsThatItConnected,
    LowLimit,
    LowLimitOfPages,
    RetriesUnavailable,
    TimesOutAsUnsent,
}

/// A transport with a defect.
#[derive(Clone)]
pub(crate) struct Broken {
    inner: HyperTransport,
    defect: Defect,
    /// For a transport that has its own.
    attempt_timeout: Duration,
}

impl Broken {
    pub(crate) fn new(inner: HyperTransport, defect: Defect, attempt_timeout: Duration) -> Self {
        Self { inner, defect, attempt_timeout }
    }

    async fn send(self, mut request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let Self { inner, defect, attempt_timeout } = self;
        change_request(defect, &mut request);
        let again = request.clone();
        let call = inner.clone().oneshot(request);
        let mut result = if defect == Defect::TimesOutAsUnsent {
            // A moment earlier than the library, as a transport is whose timeout began earlier.
            let limit = attempt_timeout * 9 / 10;
            let timed_out = |_| Err(TransportError::connection(Sent::No, "it took too long"));
            timeout(limit, call).await.unwrap_or_else(timed_out)
        } else {
            call.await
        };
        if defect == Defect::RetriesItself && result.is_err() {
            result = inner.clone().oneshot(again.clone()).await;
        }
        let mut response = result.map_err(|error| other_error(defect, error))?;
        let same_server = |location: &HeaderValue| location.as_bytes().starts_with(b"/");
        if let Some(location) = response.headers().get(LOCATION)
            && (defect == Defect::FollowsRedirects && !same_server(location)
                || defect == Defect::FollowsRedirectsOfTheServer && same_server(location))
        {
            let mut request = again;
            let uri = request.uri();
            *request.uri_mut() = match same_server(location) {
                true => format!("http://{}{}", uri.authority().unwrap(), location.to_str()?).parse()?,
                false => location.to_str()?.parse()?,
            };
            response = inner.oneshot(request).await?;
        } else if defect == Defect::RetriesUnavailable && response.status() == StatusCode::SERVICE_UNAVAILABLE {
            let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            sleep(Duration::from_secs(after.unwrap_or_default())).await;
            response = inner.oneshot(again).await?;
        }
        change_response(defect, &mut response)?;
        Ok(response)
    }
}

fn change_request(defect: Defect, request: &mut Request<Bytes>) {
    match defect {
        Defect::TwoCredentials => {
            let credential = request.headers()[AUTHORIZATION].clone();
            request.headers_mut().append(AUTHORIZATION, credential);
        }
        Defect::OtherCredential => {
            let key = "Convex prod:happy-animal-123|01c0ffee";
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static(key));
        }
        Defect::DecodesUrls => {
            let url = request.uri().to_string().replace("%2F", "/");
            *request.uri_mut() = url.parse().unwrap();
        }
        Defect::DropsContentType => {
            request.headers_mut().remove(CONTENT_TYPE);
        }
        Defect::ShortRequests => {
            let length = request.body().len().min(64 << 10);
            *request.body_mut() = request.body().slice(..length);
        }
        Defect::DropsQueries => {
            // The list requires its first argument.
            let url = request.uri().to_string();
            if let Some((path, _)) = url.split_once("&cursor=") {
                *request.uri_mut() = Uri::try_from(path).unwrap();
            }
        }
        _ => {}
    }
}

fn change_response(defect: Defect, response: &mut Response<Bytes>) -> Result<(), BoxError> {
    match defect {
        Defect::AsciiBodies => {
            let ascii = response.body().iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' });
            *response.body_mut() = ascii.collect();
        }
        Defect::RejectsEmptyBodies if response.body().is_empty() => return Err("the body is not JSON".into()),
        Defect::ShortResponses => {
            let length = response.body().len().min(64 << 10);
            *response.body_mut() = response.body().slice(..length);
        }
        Defect::DropsErrorBodies if !response.status().is_success() => *response.body_mut() = Bytes::new(),
        Defect::DropsResponseHeaders => response.headers_mut().clear(),
        Defect::LowLimit if response.body().len() > 1 << 20 => {
            return Err(TransportError::response_too_large(1 << 20).into());
        }
        Defect::LowLimitOfPages if response.body().len() > 8 << 20 => {
            return Err(TransportError::response_too_large(8 << 20).into());
        }
        _ => {}
    }
    Ok(())
}

fn other_error(defect: Defect, error: TransportError) -> BoxError {
    match defect {
        Defect::OwnErrors if error.sent() == Sent::Maybe => "it did not work".into(),
        Defect::ClaimsNothingWasSent => TransportError::connection(Sent::No, "it did not work").into(),
        Defect::ClaimsThatItConnected if error.kind() == TransportErrorKind::Connect => {
            TransportError::connection(Sent::Maybe, "it did not work").into()
        }
        _ => error.into(),
    }
}

impl Service<Request<Bytes>> for Broken {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}
