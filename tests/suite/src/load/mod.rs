//! A load of calls against a fake that fails now and then, of which the client's reports are held against what the fake did.

mod check;
mod report;
mod streams;
mod work;

#[cfg(test)]
mod lies;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, DeploymentClient, RetryPolicy};
use convex_mgmt_fake::{AuditEntry, Fake, FakeServer, Fault, Knobs, Plan, RecordedRequest};
use tokio::task::JoinSet;

use crate::tls::{Authority, OnReset, Secured};
use crate::{client_of, endpoint, fake};
use report::{Log, Report};

/// How long an attempt may take. Only an attempt that meets a long delay should need it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Over which protocol the calls go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 without TLS, one request at a time on each connection.
    Http1,
    /// HTTP/2 over TLS, all on one connection, until an attempt times out on it.
    Http2,
    /// The same, but a reset breaks the connection with all that is under way on it.
    Http2Broken,
}

/// A load: how much of it, and how.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many calls.
    pub calls: usize,
    /// How many of them at once.
    pub connections: usize,
    /// Over which protocol.
    pub protocol: Protocol,
    /// When the client tries again.
    pub retry: RetryPolicy,
    /// The probability that a request meets a fault.
    pub fault_rate: f64,
    /// Which faults come when.
    pub seed: u64,
}

impl Default for Load {
    /// 10,000 calls over 64 connections, of whose requests one in a hundred meets a fault.
    fn default() -> Self {
        Self {
            calls: 10_000,
            connections: 64,
            protocol: Protocol::Http1,
            retry: RetryPolicy::default(),
            fault_rate: 0.01,
            seed: 1,
        }
    }
}

/// A fault of every kind: those that refuse, those that leave it open, and those that lose the answer of what was done.
pub fn faults() -> Vec<Fault> {
    vec![
        Fault::Response { status: 429, code: None, retry_after: Some(0) },
        Fault::code(503, "OptimisticConcurrencyControlFailure"),
        Fault::code(503, "CommitterFullError"),
        Fault::status(408),
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::status(524),
        Fault::status(307),
        Fault::Reset,
        Fault::LostResponse,
        Fault::EmptyBody,
        // Beyond the time of any attempt, and well within it.
        Fault::delay(ATTEMPT_TIMEOUT * 20),
        Fault::delay(Duration::from_millis(20)),
    ]
}

/// Whether a fault proves that nothing was done.
fn refuses(fault: &Fault) -> bool {
    matches!(fault, Fault::Response { status: 429, .. } | Fault::Response { status: 503, code: Some(_), .. })
}

/// Whether an answer comes all the same, after what was asked for was done.
fn answers(fault: &Fault) -> bool {
    match fault {
        Fault::EmptyBody => true,
        Fault::Delay { milliseconds } => u128::from(*milliseconds) < ATTEMPT_TIMEOUT.as_millis(),
        Fault::Response { .. } | Fault::Reset | Fault::LostResponse => false,
    }
}

/// A fake that listens, in plain text or behind TLS.
enum Server {
    Plain(FakeServer),
    /// With the certificate of its authority.
    Secured(Secured, String),
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
        Server::Secured(Secured::serve(fake.clone(), config, on_reset).await, authority.pem())
    }

    fn client(&self, server: &Server) -> DeploymentClient {
        let builder = match server {
            Server::Plain(running) => client_of(running),
            Server::Secured(secured, pem) => {
                Client::builder(endpoint(&secured.url)).root_certificates(pem.as_str()).http2(true)
            }
        };
        let builder = builder.max_concurrency(self.connections).attempt_timeout(ATTEMPT_TIMEOUT);
        builder.retry(self.retry.clone()).build().expect("a client")
    }

    /// Makes the calls, and waits until all have ended.
    ///
    /// # Panics
    /// If the fake cannot be reached without faults.
    pub async fn run(&self) -> Run {
        let mut knobs = Knobs::default();
        knobs.max_env_vars = self.connections * 8 + 512;
        // Nobody listens where the webhooks go.
        knobs.webhook_backoff = (Duration::from_secs(60), Duration::from_secs(60));
        knobs.log_stream_removal_delay = Duration::ZERO;
        // Who reads the audit log needs a plan, and of a deployment in development it takes no warnings.
        let mut plan = Plan::default();
        plan.deployment_type = "prod".to_owned();
        let fake = fake().knobs(knobs).plan(plan).build();
        let server = self.serve(&fake).await;
        let client = self.client(&server);
        // Until it has a connection, a client does not know that others may share it.
        client.send(&ListEnvironmentVariables::new()).await.expect("a deployment without faults");
        fake.fault_rate(self.fault_rate, self.seed, faults());

        let started = Instant::now();
        let left = Arc::new(AtomicUsize::new(self.calls));
        let mut workers = JoinSet::new();
        // More than have a place at once, so that the client is what holds them back.
        for number in 0..(self.connections * 2).max(work::workers()) {
            workers.spawn(work::work(number, client.clone(), Arc::clone(&left)));
        }
        let mut log = Log::default();
        for worked in workers.join_all().await {
            log.merge(worked);
        }
        let elapsed = started.elapsed();
        fake.fault_rate(0.0, 0, []);
        let opened = match &server {
            Server::Plain(running) => running.connections(),
            Server::Secured(secured, _) => secured.connections(),
        };
        let kept = check::kept(&fake).await;
        let (audit, requests) = (fake.audit_log(), fake.requests());
        Run { load: self.clone(), log, audit, requests, kept, opened, elapsed }
    }
}

/// What came of a load.
#[derive(Clone, Debug)]
pub struct Run {
    load: Load,
    log: Log,
    audit: Vec<AuditEntry>,
    requests: Vec<RecordedRequest>,
    kept: check::Kept,
    opened: usize,
    elapsed: Duration,
}

impl Run {
    /// Where the client's reports and what the fake did disagree.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.log.problems.clone();
        problems.extend(check::all(self));
        problems
    }

    /// How many writes were reported as done, as not done, and as unknown.
    pub fn reports(&self) -> [usize; 3] {
        [Report::Applied, Report::NotApplied, Report::Unknown]
            .map(|report| self.log.writes.iter().filter(|write| write.report == report).count())
    }

    /// How many connections were opened.
    pub fn opened(&self) -> usize {
        self.opened
    }

    /// How many requests met each of the [`faults`].
    pub fn met(&self) -> Vec<(Fault, usize)> {
        let count =
            |fault: &Fault| self.requests.iter().filter(|request| request.fault.as_ref() == Some(fault)).count();
        faults().into_iter().map(|fault| (fault.clone(), count(&fault))).collect()
    }

    /// How many connections the client may have opened. Over HTTP/1.1 it begins a connection when it finds none idle, and then
    /// takes whichever is free first, so that for each one that is needed there may be one that came too late.
    pub fn may_open(&self) -> usize {
        let too_long = |fault: &Fault| matches!(fault, Fault::Delay { .. }) && !answers(fault);
        let resets = |fault: &Fault| matches!(fault, Fault::Reset | Fault::LostResponse);
        let count = |breaks: &dyn Fn(&Fault) -> bool| -> usize {
            self.met().iter().filter(|(fault, _)| breaks(fault)).map(|(_, met)| met).sum()
        };
        let (timed_out, broken) = (count(&too_long), count(&|fault| too_long(fault) || resets(fault)));
        match self.load.protocol {
            Protocol::Http1 => 2 * (self.load.connections + broken),
            // After an attempt timeout the connection is left. Until there is another, each request that waits opens one.
            Protocol::Http2 => 1 + self.load.connections * timed_out,
            Protocol::Http2Broken => self.load.connections * (1 + broken),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { load, log, opened, elapsed, .. } = self;
        let [applied, not_applied, unknown] = self.reports();
        let met: usize = self.met().iter().map(|(_, count)| count).sum();
        let (reads, failed) = (log.reads, log.failed_reads);
        let calls = log.writes.len() + reads + failed;
        writeln!(
            f,
            "{:?}: {calls} calls in {:.1} s, {:.0} a second",
            load.protocol,
            elapsed.as_secs_f64(),
            calls as f64 / elapsed.as_secs_f64()
        )?;
        writeln!(f, "  requests {}, of which {met} met a fault; connections opened {opened}", self.requests.len())?;
        writeln!(f, "  writes: applied {applied}, not applied {not_applied}, unknown {unknown}")?;
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for write in &log.writes {
            *kinds.entry(write.operation).or_default() += 1;
        }
        for (operation, count) in kinds {
            writeln!(f, "    {count} {operation}")?;
        }
        writeln!(
            f,
            "  reads: answered {reads}, failed {failed}; audit log entries {}, of which read {}",
            self.audit.len(),
            log.events.len()
        )
    }
}
