//! The workers of a load. Each writes to its own places, and reads them when the outcome of a write is unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use convex_mgmt::RequestDestination;
use convex_mgmt::deployment::canonical_urls::CanonicalUrls;
use convex_mgmt::deployment::log_streams::LogStreamType;
use convex_mgmt::deployment::usage::UsageLimitWindow;
use convex_mgmt::deployment::usage::UsageMetric;
use convex_mgmt::deployment::usage_limits::{UsageLimit, UsageLimitConfig, UsageLimitType};
use convex_mgmt::deployment::{
    CreateUsageLimit, DeleteUsageLimit, GetCanonicalUrls, ListAuditLogEvents, ListEnvironmentVariables,
    ListUsageLimits, PauseDeployment, UnpauseDeployment, UpdateCanonicalUrl, UpdateEnvironmentVariables,
    UpdateUsageLimit,
};
use convex_mgmt::proto::Api;
use convex_mgmt::{
    Client, DeploymentApi, DeploymentClient, Error, ErrorCode, Idempotency, Operation, UnixMillis, UsageLimitId,
};

use super::report::{Change, Log, Report, Write};

/// The place of the deployment's pause state.
pub(super) const PAUSE: &str = "pause";

/// The prefix of the canonical URLs of a load. No default URL has it.
const URL: &str = "https://load.example/";

/// What a worker does until no calls are left.
enum Work {
    /// Creates, replaces and deletes a usage limit of this metric, window and type.
    Limit(UsageMetric, UsageLimitWindow, UsageLimitType),
    /// Creates, changes and deletes a log stream of this type.
    Stream(LogStreamType),
    /// Sets and resets this canonical URL.
    Url(RequestDestination),
    /// Pauses and unpauses the deployment.
    Pause,
    /// Reads the audit log as it grows.
    AuditLog,
    /// Sets and deletes environment variables.
    Variables,
}

/// The kinds of work that have exactly one worker. All other workers write environment variables.
fn single() -> Vec<Work> {
    let mut all = vec![Work::Pause, Work::AuditLog];
    all.extend(RequestDestination::KNOWN.iter().cloned().map(Work::Url));
    all.extend([LogStreamType::Datadog, LogStreamType::Webhook, LogStreamType::Axiom].map(Work::Stream));
    for metric in UsageMetric::KNOWN {
        for window in UsageLimitWindow::KNOWN {
            let limit = |kind: &UsageLimitType| Work::Limit(metric.clone(), window.clone(), kind.clone());
            all.extend(UsageLimitType::KNOWN.iter().map(limit));
        }
    }
    all
}

pub(super) struct Worker<A: Api = DeploymentApi> {
    number: usize,
    client: Client<A>,
    left: Arc<AtomicUsize>,
    pub(super) log: Log,
}

/// The number of workers, chosen so that half of them write environment variables.
pub(super) fn workers() -> usize {
    single().len() * 2
}

/// Works until no calls are left.
pub(super) async fn work(number: usize, client: DeploymentClient, left: Arc<AtomicUsize>) -> Log {
    let mut worker = Worker::new(number, client, left);
    match single().into_iter().nth(number).unwrap_or(Work::Variables) {
        Work::Limit(metric, window, kind) => worker.limits(UsageLimitConfig::new(metric, window, kind, 0)).await,
        Work::Stream(kind) => worker.streams(kind).await,
        Work::Url(destination) => worker.urls(destination).await,
        Work::Pause => worker.pauses().await,
        Work::AuditLog => worker.audit_log().await,
        Work::Variables => worker.variables().await,
    }
    worker.log
}

/// The place of a usage limit. There is one limit for each metric, window and type.
pub(super) fn place_of_limit(limit: &UsageLimitConfig) -> String {
    format!("limit {} {} {}", limit.metric, limit.window, limit.limit_type)
}

/// The place of a canonical URL.
pub(super) fn place_of_url(destination: &RequestDestination) -> String {
    format!("url {destination}")
}

/// The canonical URLs by their places. A default URL counts as `None`.
pub(super) fn urls_set(urls: CanonicalUrls) -> [(String, Option<String>); 2] {
    [(RequestDestination::ConvexCloud, urls.convex_cloud_url), (RequestDestination::ConvexSite, urls.convex_site_url)]
        .map(|(destination, url)| {
            (place_of_url(&destination), Some(url).filter(|url| url.starts_with(URL)).map(String::from))
        })
}

impl<A: Api> Worker<A> {
    pub(super) fn new(number: usize, client: Client<A>, left: Arc<AtomicUsize>) -> Self {
        Self { number, client, left, log: Log::default() }
    }

    /// Takes one of the remaining calls. Returns `false` if none is left.
    pub(super) fn take_call(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Sends a write with its own `User-Agent`, and records its report.
    pub(super) async fn write<O>(&mut self, change: Change, operation: &O) -> (Report, Result<O::Output, Error>)
    where
        O: Operation<Api = A>,
    {
        let product = format!("load/{}.{}", self.number, self.log.writes.len());
        let endpoint = self.client.endpoint().clone().with_user_agent(&product).expect("a product");
        let started = Instant::now();
        let result = self.client.at(endpoint).send(operation).await;
        let (report, once) = (Report::of(&result), O::META.idempotency == Idempotency::NonIdempotent);
        let (operation, took) = (O::META.id, started.elapsed());
        self.log.writes.push(Write { agent: product, operation, change, once, report, took });
        (report, result)
    }

    /// Sends a write, and records the value of its place.
    async fn change<O>(&mut self, change: Change, operation: &O) -> (Report, Result<O::Output, Error>)
    where
        O: Operation<Api = A>,
    {
        let (place, value) = (change.place.clone(), change.value.clone());
        let (report, result) = self.write(change, operation).await;
        self.log.wrote(&place, value, report);
        (report, result)
    }

    async fn read<O: Operation<Api = A>>(&mut self, operation: &O) -> Option<O::Output> {
        let read = self.client.send(operation).await.ok();
        *if read.is_some() { &mut self.log.reads } else { &mut self.log.failed_reads } += 1;
        read
    }

    /// Repeats a read until it succeeds.
    pub(super) async fn read_until_success<O: Operation<Api = A>>(&mut self, operation: &O) -> O::Output {
        loop {
            if let Some(read) = self.read(operation).await {
                return read;
            }
        }
    }
}

impl Worker {
    /// Changes the value of one variable, and sets and deletes others.
    async fn variables(&mut self) {
        let kept = format!("KEPT_{}", self.number);
        for round in 0_u64.. {
            let passing = format!("PASSING_{}_{round}", self.number);
            for name in [&kept, &passing] {
                if !self.take_call() {
                    return;
                }
                let (place, value) = (format!("variable {name}"), format!("{}_{round}", self.number));
                let update = UpdateEnvironmentVariables::new().set(name, value.as_str());
                drop(self.change(Change::new(&place, Some(value), &place), &update).await);
            }
            if round % 4 == 0 {
                if !self.take_call() {
                    return;
                }
                if let Some(variables) = self.read(&ListEnvironmentVariables::new()).await {
                    for name in [&kept, &passing] {
                        let value = variables.get(name).map(|value| value.expose());
                        self.log.saw(&format!("variable {name}"), value);
                    }
                }
            }
            if round % 4 == 1 {
                if !self.take_call() {
                    return;
                }
                // The server rejects this name.
                let place = format!("variable 0_{}_{round}", self.number);
                let update = UpdateEnvironmentVariables::new().set(&place["variable ".len()..], "").unchecked();
                drop(self.change(Change::new(&place, Some(String::new()), &place), &update).await);
            }
            if !self.take_call() {
                return;
            }
            let place = format!("variable {passing}");
            let delete = UpdateEnvironmentVariables::new().delete(&passing);
            drop(self.change(Change::new(&place, None, format!("no {place}")).quiet(), &delete).await);
        }
    }

    /// Creates a usage limit, replaces it, reads it, and deletes it.
    async fn limits(&mut self, mut limit: UsageLimitConfig) {
        let place = place_of_limit(&limit);
        let mut current: Option<(UsageLimitId, u8)> = None;
        while self.take_call() {
            limit.limit += 1;
            let set = Change::new(&place, Some(limit.limit.to_string()), format!("{place} {}", limit.limit));
            let (report, response) = match current.take() {
                None => {
                    let (report, created) = self.change(set, &CreateUsageLimit::new(limit.clone())).await;
                    (report, created.ok().map(|created| Some((created.id, 1))))
                }
                Some((id, 1)) => {
                    let (report, updated) = self.change(set, &UpdateUsageLimit::new(&id, limit.clone())).await;
                    (report, updated.ok().map(|_| Some((id, 2))))
                }
                Some((_, 2)) => {
                    current = self.observe_limit(&place).await.map(|limit| (limit.id, 3));
                    continue;
                }
                Some((id, _)) => {
                    let delete = Change::new(&place, None, format!("no limit {id}"));
                    let (report, deleted) = self.change(delete, &DeleteUsageLimit::new(&id)).await;
                    (report, deleted.ok().map(|()| None))
                }
            };
            current = match response {
                Some(current) if report == Report::Applied => current,
                _ => self.observe_limit(&place).await.map(|limit| (limit.id, 3)),
            };
        }
    }

    async fn observe_limit(&mut self, place: &str) -> Option<UsageLimit> {
        let limits = self.read_until_success(&ListUsageLimits::new()).await;
        let found = limits.into_iter().find(|limit| place_of_limit(&limit.config()) == place);
        let value = found.as_ref().map(|limit| limit.limit.to_string());
        self.log.saw(place, value.as_deref());
        found
    }

    /// Sets a canonical URL twice to the same value, and resets it twice, with reads in between.
    async fn urls(&mut self, destination: RequestDestination) {
        let place = place_of_url(&destination);
        for round in 0_u64.. {
            if !self.take_call() {
                return;
            }
            let url = format!("{URL}{}", round / 6);
            match round % 6 {
                0 | 2 => {
                    let update = UpdateCanonicalUrl::set(destination.clone(), url.as_str());
                    let entry = format!("{place} {url}");
                    drop(self.change(Change::new(&place, Some(url), entry), &update).await);
                }
                3 | 5 => {
                    let update = UpdateCanonicalUrl::reset(destination.clone());
                    drop(self.change(Change::new(&place, None, format!("no {place}")), &update).await);
                }
                _ => {
                    if let Some(urls) = self.read(&GetCanonicalUrls::new()).await {
                        for (_, value) in urls_set(urls).into_iter().filter(|(of, _)| *of == place) {
                            self.log.saw(&place, value.as_deref());
                        }
                    }
                }
            }
        }
    }

    /// Pauses the deployment twice and unpauses it twice. Only a rejected unpause shows the state.
    async fn pauses(&mut self) {
        for round in 0_u64.. {
            if !self.take_call() {
                return;
            }
            if round % 4 < 2 {
                let pause = Change::new(PAUSE, Some("paused".to_owned()), "paused").quiet();
                drop(self.change(pause, &PauseDeployment::new()).await);
                continue;
            }
            let (report, result) =
                self.change(Change::new(PAUSE, None, "no longer paused"), &UnpauseDeployment::new()).await;
            let rejected = |error: &Error| error.code() == Some(&ErrorCode::UnpauseDeploymentFailed);
            if report == Report::NotApplied && result.is_err_and(|error| rejected(&error)) {
                self.log.saw(PAUSE, None);
            }
        }
    }

    /// Reads the audit log from its beginning.
    async fn audit_log(&mut self) {
        const PAGE: u32 = 100;
        let mut next = ListAuditLogEvents::new(UnixMillis(0)).limit(PAGE);
        while self.take_call() {
            let Some(page) = self.read(&next).await else { continue };
            next = match page.next_cursor {
                Some(cursor) => {
                    let events = page.items.into_iter().map(|event| {
                        let action = event.action.as_str().to_owned();
                        let agent = event.client_user_agent.map(String::from);
                        (event.create_time.0, action, agent, event.metadata.as_str().to_owned())
                    });
                    self.log.events.extend(events);
                    next.cursor(cursor).limit(PAGE)
                }
                // Only a full page has a cursor.
                None => next.limit((page.items.len() as u32).max(1)),
            };
        }
    }
}
