//! [`Upcoming`]: the request of the next attempt.

use bytes::Bytes;
use convex_mgmt_proto::OperationMeta;
use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// The request of the next attempt: the original for the first one, and then a copy.
#[derive(Debug)]
pub(super) enum Upcoming {
    Original(Request<Bytes>),
    Copy(RequestCopy),
}

/// A copy of a request. Nearly all calls make one and never send it, so it has lists where a request has maps.
#[derive(Debug)]
pub(super) struct RequestCopy {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: KeptExtensions,
    body: Bytes,
}

#[derive(Debug)]
enum KeptExtensions {
    /// The usual extensions.
    Operation(&'static OperationMeta),
    All(Extensions),
}

impl Upcoming {
    /// Copies a request that is about to be sent.
    pub(super) fn copy_of(request: &Request<Bytes>) -> Self {
        let mut headers = Vec::with_capacity(request.headers().len());
        headers.extend(request.headers().iter().map(|(name, value)| (name.clone(), value.clone())));
        let all = request.extensions();
        let operation = all.get().copied().filter(|_| all.len() == 1);
        Self::Copy(RequestCopy {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers,
            extensions: operation.map_or_else(|| KeptExtensions::All(all.clone()), KeptExtensions::Operation),
            body: request.body().clone(),
        })
    }

    /// Returns the request.
    pub(super) fn into_request(self) -> Request<Bytes> {
        let copy = match self {
            Self::Original(request) => return request,
            Self::Copy(copy) => copy,
        };
        let mut request = Request::new(copy.body);
        *request.method_mut() = copy.method;
        *request.uri_mut() = copy.uri;
        *request.version_mut() = copy.version;
        for (name, value) in copy.headers {
            request.headers_mut().append(name, value);
        }
        match copy.extensions {
            KeptExtensions::Operation(operation) => drop(request.extensions_mut().insert(operation)),
            KeptExtensions::All(extensions) => *request.extensions_mut() = extensions,
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use convex_mgmt_proto::deployment::PauseDeployment;
    use convex_mgmt_proto::{DeployKey, Endpoint, Operation};

    use super::*;

    #[test]
    fn a_copy_is_the_same_request() {
        let key = DeployKey::parse("prod:happy-animal-123|made-up").unwrap();
        let endpoint = Endpoint::new("https://happy-animal-123.convex.cloud", &key).unwrap();
        let mut request = PauseDeployment::new().to_request(&endpoint).unwrap();
        for own in ["a", "b"] {
            request.headers_mut().append("own", HeaderValue::from_static(own));
        }
        *request.version_mut() = Version::HTTP_2;
        *request.body_mut() = Bytes::from_static(b"body");
        for layer in [false, true] {
            if layer {
                request.extensions_mut().insert(7_u8);
            }
            let copy = Upcoming::copy_of(&request).into_request();
            assert_eq!((copy.method(), copy.uri(), copy.version()), (request.method(), request.uri(), Version::HTTP_2));
            assert_eq!((copy.headers(), copy.body()), (request.headers(), request.body()));
            let authorization = copy.headers().get("authorization").unwrap();
            assert!(authorization.is_sensitive());
            let operation = copy.extensions().get::<&'static OperationMeta>();
            assert_eq!(operation, Some(&PauseDeployment::META));
            assert_eq!(
                (copy.extensions().get::<u8>().is_some(), copy.extensions().len()),
                (layer, 1 + usize::from(layer))
            );
        }
    }
}
