//! Makes the calls of a load.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, DeploymentClient};
use convex_mgmt_fake::{Fake, FakeServer, Knobs, Plan};
use tokio::task::JoinSet;

use super::config::{Load, Protocol};
use super::faults::{ATTEMPT_TIMEOUT, faults};
use super::final_state::final_state;
use super::report::Log;
use super::run::Run;
use super::work::{work, workers};
use crate::tls::{Authority, OnReset, TlsFake};
use crate::{client_of, endpoint, fake};

/// A fake on a socket.
enum Server {
    Plain(FakeServer),
    /// Behind TLS, with the PEM of its certificate authority.
    Tls(TlsFake, String),
}

impl Load {
    async fn serve(&self, fake: &Fake) -> Server {
        let on_reset = match self.protocol {
            Protocol::Http1 => return Server::Plain(fake.serve("127.0.0.1:0").await.expect("a free port")),
            Protocol::Http2 => OnReset::BreakStream,
            Protocol::Http2Broken => OnReset::BreakConnection,
        };
        let authority = Authority::new();
        let mut config = authority.valid();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Server::Tls(TlsFake::serve(fake.clone(), config, on_reset).await, authority.pem())
    }

    fn client(&self, server: &Server) -> DeploymentClient {
        let builder = match server {
            Server::Plain(running) => client_of(running),
            Server::Tls(secured, pem) => {
                Client::builder(endpoint(&secured.url)).root_certificates(pem.as_str()).http2(true)
            }
        };
        let builder = builder.max_concurrency(self.connections).attempt_timeout(ATTEMPT_TIMEOUT);
        builder.retry(self.retry.clone()).build().expect("a client")
    }

    /// Makes all calls and waits for them.
    ///
    /// # Panics
    /// If the fake cannot be reached without faults.
    pub async fn run(&self) -> Run {
        let mut knobs = Knobs::default();
        knobs.max_env_vars = self.connections * 8 + 512;
        // No server listens at the URLs of the webhooks.
        knobs.webhook_backoff = (Duration::from_secs(60), Duration::from_secs(60));
        knobs.log_stream_removal_delay = Duration::ZERO;
        // The audit log needs a plan, and a dev deployment rejects limits that warn.
        let mut plan = Plan::default();
        plan.deployment_type = "prod".to_owned();
        let fake = fake().knobs(knobs).plan(plan).build();
        let server = self.serve(&fake).await;
        let client = self.client(&server);
        // Before the first connection, the client does not know that requests can share it.
        client.send(&ListEnvironmentVariables::new()).await.expect("a deployment without faults");
        fake.fault_rate(self.fault_rate, self.seed, faults());

        let started = Instant::now();
        let left = Arc::new(AtomicUsize::new(self.calls));
        let mut running = JoinSet::new();
        // More workers than connections, so that the limit of the client applies.
        for number in 0..(self.connections * 2).max(workers()) {
            running.spawn(work(number, client.clone(), Arc::clone(&left)));
        }
        let mut log = Log::default();
        for worked in running.join_all().await {
            log.merge(worked);
        }
        let elapsed = started.elapsed();
        fake.fault_rate(0.0, 0, []);
        let opened = match &server {
            Server::Plain(running) => running.connections(),
            Server::Tls(secured, _) => secured.connections(),
        };
        let final_state = final_state(&fake).await;
        let (audit, requests) = (fake.audit_log(), fake.requests());
        Run { load: self.clone(), log, audit, requests, final_state, opened, elapsed }
    }
}
