//! A receiver of webhooks on a loopback port, with scripted responses and a record of the deliveries.
#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A received delivery.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) target: String,
    /// In the order of arrival.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The status of the response.
    pub(crate) status: u16,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// The events of either format.
    pub(crate) fn events(&self) -> Vec<Value> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Array(events)) => events,
            _ => self.body.split(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect(),
        }
    }

    pub(crate) fn is_verification(&self) -> bool {
        self.events()[0]["topic"] == "verification"
    }
}

/// The statuses of the next responses to verifications and to batches. After those, the status is 200.
#[derive(Debug, Default)]
struct Script {
    verifications: VecDeque<u16>,
    batches: VecDeque<u16>,
}

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    received: mpsc::UnboundedReceiver<Received>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start(
        verifications: impl IntoIterator<Item = u16>,
        batches: impl IntoIterator<Item = u16>,
    ) -> Self {
        let script =
            Script { verifications: verifications.into_iter().collect(), batches: batches.into_iter().collect() };
        let script = Arc::new(Mutex::new(script));
        let (sender, received) = mpsc::unbounded_channel();
        let receive = move |request: Request| {
            let (script, sender) = (script.clone(), sender.clone());
            async move {
                let target = request.uri().to_string();
                let headers = request.headers().iter();
                let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                let headers = headers.collect();
                let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
                let mut received = Received { target, headers, body, status: 200 };
                let scripted = {
                    let mut script = script.lock().unwrap();
                    let Script { verifications, batches } = &mut *script;
                    if received.is_verification() { verifications.pop_front() } else { batches.pop_front() }
                };
                received.status = scripted.unwrap_or(200);
                let status = StatusCode::from_u16(received.status).unwrap();
                sender.send(received).unwrap();
                status
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(receive);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { port, received, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Returns the next delivery. Fails the test after 30 s without one.
    pub(crate) async fn next(&mut self) -> Received {
        let received = tokio::time::timeout(Duration::from_secs(30), self.received.recv()).await;
        received.expect("a delivery in time").expect("a running receiver")
    }

    /// Returns the deliveries received so far.
    pub(crate) fn so_far(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
