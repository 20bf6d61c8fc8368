//! The conformance run of each transport.

#[path = "../examples/support/host.rs"]
mod host;
#[cfg(unix)]
#[path = "../examples/support/relay.rs"]
mod relay;
mod served;

use std::rc::Rc;

use convex_mgmt::proto::CallError;
use convex_mgmt::{Client, ClientBuilder, DeploymentApi, Operation};
use convex_mgmt_fake::conformance::{Caller, Check, ConformanceError, Report, Target, conformance};
use convex_mgmt_transports::blocking::Blocking;
use convex_mgmt_transports::fetch::HostTimer;
use convex_mgmt_transports::local::MonoioTimer;
use convex_mgmt_transports::smol::SmolTimer;
use convex_mgmt_transports::{fetch, in_process, local, reqwest, smol, unix_socket};
use futures_lite::future::block_on;
use host::ThreadHost;
use tokio::runtime::Handle;

/// A builder with the settings of the run.
fn builder(target: &Target) -> ClientBuilder<DeploymentApi> {
    Client::builder(target.endpoint().clone())
        .attempt_timeout(target.attempt_timeout())
        .total_timeout(target.total_timeout())
}

/// Asserts that every check passed.
fn complete(result: Result<Report, ConformanceError>) {
    let report = result.unwrap();
    assert_eq!(report.passed(), Check::ALL, "{report}");
}

/// Asserts that every check passed, without those of sockets.
fn complete_in_process(result: Result<Report, ConformanceError>) {
    let report = result.unwrap();
    assert_eq!(report.skipped(), [Check::Redirect, Check::TruncatedBody, Check::NobodyListens]);
}

impl Caller for BlockingCaller {
    type Error = CallError<ureq::Error>;

    async fn call<O: Operation<Api = DeploymentApi>>(&self, operation: &O) -> Result<O::Output, Self::Error> {
        self.0.call(operation)
    }
}

struct BlockingCaller(Blocking);

#[test]
fn blocking_passes_every_check() {
    let timeouts = |target: &Target| (target.attempt_timeout(), target.total_timeout());
    complete(block_on(conformance(|target| {
        BlockingCaller(Blocking::new(target.endpoint().clone(), timeouts(target)))
    })));
}

#[tokio::test]
async fn reqwest_passes_every_check() {
    complete(conformance(|target| builder(target).build_on(reqwest::transport().unwrap()).unwrap()).await);
}

#[test]
fn smol_passes_every_check_without_a_tokio_runtime() {
    let transport = tower::service_fn(|request| {
        assert!(Handle::try_current().is_err(), "a tokio runtime drives the transport");
        smol::send(request)
    });
    let run = conformance(|target| builder(target).timer(SmolTimer).build_on(transport).unwrap());
    complete(async_io::block_on(run));
}

#[test]
fn local_passes_every_check_without_a_tokio_runtime() {
    let mut runtime = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new().enable_timer().build().unwrap();
    complete(runtime.block_on(async {
        assert!(Handle::try_current().is_err(), "a tokio runtime drives the transport");
        let transport = tower::service_fn(local::send);
        conformance(|target| builder(target).timer(MonoioTimer).build_on(transport).unwrap()).await
    }));
}

#[test]
fn fetch_passes_every_check_on_a_thread_without_sockets() {
    let host = Rc::new(ThreadHost::new());
    complete(block_on(conformance(|target| {
        builder(target).timer(HostTimer(host.clone())).build_on(fetch::transport(host.clone())).unwrap()
    })));
}

#[tokio::test]
async fn an_axum_router_passes_every_check_without_a_socket() {
    let run = conformance(|target| {
        builder(target).build_on(in_process::over_router(served::router(target.fake().clone()))).unwrap()
    });
    complete_in_process(run.await);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_passes_every_check() {
    let folder = relay::Folder::new().unwrap();
    let run = conformance(|target| {
        unix_socket::over_unix_socket(builder(target), folder.relay(target.address()).unwrap()).unwrap()
    });
    complete(run.await);
}

#[tokio::test]
async fn pipes_pass_every_check_without_a_socket() {
    let run = conformance(|target| {
        let fake = target.fake().clone();
        unix_socket::over_pipes(builder(target), move |pipe| served::serve(fake.clone(), pipe)).unwrap()
    });
    complete_in_process(run.await);
}
