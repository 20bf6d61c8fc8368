//! All operations between a client and a fake deployment, over sockets.

use convex_mgmt::DeploymentClient;
use convex_mgmt_fake::{Fake, FakeBuilder, FakeServer};
use convex_mgmt_suite::{client_of, fake};

mod addressing;
mod audit_log;
mod data_sync;
mod deployment;
mod environment;
mod faults;
mod log_streams;
mod responses;

/// Starts a deployment, and a client for it.
async fn started(builder: FakeBuilder) -> (Fake, FakeServer, DeploymentClient) {
    let fake = builder.build();
    let running = fake.serve("127.0.0.1:0").await.unwrap();
    let client = client_of(&running).user_agent("suite/1").build().unwrap();
    (fake, running, client)
}

/// A self-hosted deployment.
async fn deployment() -> (Fake, FakeServer, DeploymentClient) {
    started(fake()).await
}
