//! The three callers. Each prepares everything that a careful program prepares once, and makes one request per call.

use std::hint::black_box;
use std::marker::PhantomData;

use bytes::Bytes;
use convex_mgmt::{Client, Endpoint, Operation};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A request that can be made any number of times, also concurrently.
pub trait Caller: Clone + Send + 'static {
    /// Makes the request, reads the response and drops it.
    fn call(&self) -> impl Future<Output = ()> + Send;
}

/// Method, path and body of a request.
#[derive(Clone, Debug)]
pub struct Target<B> {
    /// The origin of the server.
    pub url: String,
    /// The method.
    pub method: Method,
    /// The path and the query.
    pub path: &'static str,
    /// The body, as a struct.
    pub body: Option<B>,
}

/// The headers that the library sends too.
fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static("Convex happy-animal-123|01c0ffee"));
    headers.insert("user-agent", HeaderValue::from_static("convex-mgmt/0.1.0"));
    headers.insert("convex-client", HeaderValue::from_static("convex-mgmt-rust-0.1.0"));
    headers
}

/// Bare hyper-util: a request that is built once.
#[derive(Debug)]
pub struct Floor<T> {
    pool: Pool<HttpConnector, Full<Bytes>>,
    request: Request<Full<Bytes>>,
    read: PhantomData<fn() -> T>,
}

impl<T> Clone for Floor<T> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), request: self.request.clone(), read: PhantomData }
    }
}

impl<T> Floor<T> {
    /// Builds the request, with its body.
    ///
    /// # Panics
    /// If the target is not that of a request.
    pub fn new<B: Serialize>(target: &Target<B>) -> Self {
        let body = target.body.as_ref().map_or_else(Vec::new, |body| serde_json::to_vec(body).expect("a body"));
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = target.method.clone();
        *request.uri_mut() = format!("{}{}", target.url, target.path).parse().expect("a URL");
        *request.headers_mut() = headers();
        if target.body.is_some() {
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        }
        Self { pool: Pool::builder(TokioExecutor::new()).build_http(), request, read: PhantomData }
    }
}

impl<T: DeserializeOwned + 'static> Caller for Floor<T> {
    async fn call(&self) {
        let response = self.pool.request(self.request.clone()).await.expect("a response");
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        if !body.is_empty() {
            drop(black_box(serde_json::from_slice::<T>(&body).expect("the type of the body")));
        }
    }
}

/// reqwest, with the headers set once on the client.
#[derive(Debug)]
pub struct Reqwest<T, B> {
    client: reqwest::Client,
    url: String,
    target: Target<B>,
    read: PhantomData<fn() -> T>,
}

impl<T, B: Clone> Clone for Reqwest<T, B> {
    fn clone(&self) -> Self {
        let Self { client, url, target, read } = self;
        Self { client: client.clone(), url: url.clone(), target: target.clone(), read: *read }
    }
}

impl<T, B> Reqwest<T, B> {
    /// Creates the client.
    ///
    /// # Panics
    /// If the client cannot be created.
    pub fn new(target: Target<B>) -> Self {
        let client = reqwest::Client::builder().default_headers(headers()).build().expect("a client");
        Self { client, url: format!("{}{}", target.url, target.path), target, read: PhantomData }
    }
}

impl<T, B> Caller for Reqwest<T, B>
where
    T: DeserializeOwned + 'static,
    B: Serialize + Clone + Send + Sync + 'static,
{
    async fn call(&self) {
        let mut request = self.client.request(self.target.method.clone(), &self.url);
        if let Some(body) = &self.target.body {
            request = request.json(body);
        }
        let response = request.send().await.expect("a response").error_for_status().expect("a success");
        if response.content_length() == Some(0) {
            drop(response.bytes().await.expect("a body"));
        } else {
            drop(black_box(response.json::<T>().await.expect("the type of the body")));
        }
    }
}

/// The library's default client.
#[derive(Debug)]
pub struct Ours<O: Operation> {
    client: Client<O::Api>,
    operation: O,
    read: fn(O::Output),
}

impl<O: Operation + Clone> Clone for Ours<O> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), operation: self.operation.clone(), read: self.read }
    }
}

impl<O: Operation> Ours<O> {
    /// Creates the client. `read` gets the output.
    ///
    /// # Panics
    /// If the client cannot be created.
    pub fn new(endpoint: Endpoint<O::Api>, operation: O, read: fn(O::Output)) -> Self {
        Self { client: Client::new(endpoint).expect("a client"), operation, read }
    }
}

impl<O> Caller for Ours<O>
where
    O: Operation + Clone + Send + Sync + 'static,
    O::Output: Send,
{
    async fn call(&self) {
        (self.read)(self.client.send(&self.operation).await.expect("a success"));
    }
}
