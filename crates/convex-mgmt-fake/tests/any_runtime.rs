//! A fake in process needs no tokio: neither for its handlers nor for what takes time.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use convex_mgmt_fake::{Fake, FakeControlPlane, Fault, Knobs, TokenClass};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor: it has neither timers nor sockets.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

const KEY: &str = "happy-animal-123|01ab";

fn fake() -> Fake {
    let mut knobs = Knobs::default();
    knobs.commit_time = Duration::from_millis(1);
    Fake::builder("happy-animal-123").admin_key(KEY).knobs(knobs).build()
}

fn post(fake: &Fake, path: &str, body: &Value) -> Response<Bytes> {
    let request = Request::post(format!("https://happy-animal-123.convex.cloud/api/v1/{path}"))
        .header("authorization", format!("Convex {KEY}"))
        .header("content-type", "application/json");
    block_on(fake.clone().oneshot(request.body(Bytes::from(body.to_string())).unwrap())).unwrap()
}

#[test]
fn writes_and_delays_take_time_on_any_executor() {
    let fake = fake();
    fake.fault(Fault::delay(Duration::from_millis(30)));
    let started = Instant::now();
    let change = json!({"changes": [{"name": "GREETING", "value": "hello"}]});
    assert_eq!(post(&fake, "update_environment_variables", &change).status(), StatusCode::OK);
    assert!(started.elapsed() >= Duration::from_millis(31));
    assert_eq!(fake.variables(), [("GREETING".to_owned(), "hello".to_owned())]);
}

#[test]
fn a_log_stream_stays_pending_without_tokio() {
    let fake = fake();
    let webhook = json!({"logStreamType": "webhook", "url": "http://127.0.0.1:1", "format": "json"});
    assert_eq!(post(&fake, "create_log_stream", &webhook).status(), StatusCode::OK);
    let request = Request::get("/api/v1/list_log_streams").header("authorization", format!("Convex {KEY}"));
    let listed = block_on(fake.oneshot(request.body(Bytes::new()).unwrap())).unwrap();
    let listed = String::from_utf8_lossy(listed.body()).into_owned();
    assert!(listed.contains(r#""type":"pending""#), "{listed}");
}

/// Without the feature there is no connection, so the stream fails with a reason that names the feature.
#[cfg(not(feature = "server"))]
#[tokio::test]
async fn a_webhook_fails_with_the_missing_feature_as_its_reason() {
    let fake = fake();
    let body = json!({"logStreamType": "webhook", "url": "http://127.0.0.1:1", "format": "json"}).to_string();
    let request = Request::post("/api/v1/create_log_stream")
        .header("authorization", format!("Convex {KEY}"))
        .header("content-type", "application/json");
    fake.clone().oneshot(request.body(Bytes::from(body)).unwrap()).await.unwrap();
    fake.log_streams_settled().await;
    let request = Request::get("/api/v1/list_log_streams").header("authorization", format!("Convex {KEY}"));
    let listed = fake.oneshot(request.body(Bytes::new()).unwrap()).await.unwrap();
    let listed = String::from_utf8_lossy(listed.body()).into_owned();
    assert!(listed.contains(r#""type":"failed""#) && listed.contains("the feature `server`"), "{listed}");
}

#[test]
fn a_control_plane_creates_deployments_with_host_names() {
    let plane = FakeControlPlane::builder("acme").token(TokenClass::Team, "secret").build();
    let project = plane.add_project("Shop");
    let request = Request::post(format!("https://api.convex.dev/v1/projects/{project}/create_deployment"))
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json");
    let request = request.body(Bytes::from_static(br#"{"type":"prod"}"#)).unwrap();
    let response = block_on(plane.clone().oneshot(request)).unwrap();
    let created: Value = serde_json::from_slice(response.body()).unwrap();
    let name = plane.deployments()[0].name.clone();
    assert_eq!(created["deploymentUrl"], format!("http://{name}.localhost"));
}
