//! One client for many deployments: its connections and its memory.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use allocation_counter::measure;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::hyper::defaults::MAX_IDLE_CONNECTIONS;
use convex_mgmt::{Client, ClientBuilder, DeploymentApi, DeploymentClient};
use convex_mgmt_suite::endpoint;
use http::Uri;
use tokio::runtime::{Builder, Runtime};
use tower::service_fn;

/// A server for all deployments, on threads of its own: only the client's memory is counted.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    /// The next request to this host gets the status 421.
    misdirected: Arc<Mutex<Option<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { address, open: Arc::default(), accepted: Arc::default(), misdirected: Arc::default() };
        let accepting = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let server = accepting.clone();
                server.accepted.fetch_add(1, Ordering::SeqCst);
                server.open.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    let _ = server.answer(&stream.unwrap());
                    server.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    /// Answers the requests of one connection.
    fn answer(&self, stream: &TcpStream) -> io::Result<()> {
        let mut host = String::new();
        for line in BufReader::new(stream).lines() {
            let line = line?;
            if let Some(value) = line.strip_prefix("host: ") {
                host = value.to_owned();
            } else if line.is_empty() {
                let is_misdirected = self.misdirected.lock().unwrap().take_if(|one| *one == host).is_some();
                let status = if is_misdirected { "421 Misdirected Request" } else { "200 OK" };
                let body = r#"{"environmentVariables":{}}"#;
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
                (&*stream).write_all((head + body).as_bytes())?;
            }
        }
        Ok(())
    }

    fn client(&self) -> ClientBuilder<DeploymentApi> {
        let address = self.address;
        let connector = service_fn(move |_: Uri| tokio::net::TcpStream::connect(address));
        Client::builder(endpoint("https://happy-animal-0.convex.cloud")).connector(connector)
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Makes one call to each deployment.
async fn call(client: &DeploymentClient, deployments: impl Iterator<Item = usize>) {
    for n in deployments {
        let there = client.at(endpoint(&format!("https://happy-animal-{n}.convex.cloud")));
        there.send(&ListEnvironmentVariables::new()).await.unwrap();
    }
    // The tasks of closed connections end.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_client_for_5000_deployments_keeps_a_bounded_number_of_connections_and_no_memory_for_the_others() {
    let (server, runtime) = (Server::start(), runtime());
    let client = server.client().build().unwrap();
    let memory_of = |deployments| measure(|| runtime.block_on(call(&client, deployments))).bytes_current;
    let full = memory_of(0..1000);
    let further = memory_of(1000..5000);
    assert!(full > 0 && further < 32 * 4000, "{full} bytes for 1000 deployments, {further} more for 4000 more");
    assert_eq!(server.accepted(), 5000);

    // The most recently used ones are kept.
    runtime.block_on(call(&client, (5000 - MAX_IDLE_CONNECTIONS)..5000));
    assert_eq!(server.accepted(), 5000);
    runtime.block_on(async {
        while server.open.load(Ordering::SeqCst) > MAX_IDLE_CONNECTIONS {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(server.open.load(Ordering::SeqCst), MAX_IDLE_CONNECTIONS);
}

#[test]
fn a_421_of_one_deployment_leaves_the_connections_of_all_others() {
    let (server, runtime) = (Server::start(), runtime());
    let client = server.client().build().unwrap();
    runtime.block_on(call(&client, 0..50));
    assert_eq!(server.accepted(), 50);
    *server.misdirected.lock().unwrap() = Some("happy-animal-7.convex.cloud".to_owned());
    // The call to this deployment is retried on a new connection.
    runtime.block_on(call(&client, 0..50));
    assert_eq!((server.accepted(), server.misdirected.lock().unwrap().as_deref()), (51, None));
    runtime.block_on(call(&client, 0..50));
    assert_eq!(server.accepted(), 51);
}
