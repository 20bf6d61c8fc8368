//! The workers of a load. Each has places of its own to write to, and looks there when a write leaves it open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use convex_mgmt::deployment::{
    AxiomUpdate, CreateLogStream, CreateUsageLimit, DatadogSiteLocation, DatadogUpdate, DeleteLogStream,
    DeleteUsageLimit, ListEnvironmentVariables, ListLogStreams, ListUsageLimits, LogStreamStatus, LogStreamType,
    LogTopic, LogTopics, NewAxiom, NewDatadog, NewLogStream, NewWebhook, RotateWebhookSecret,
    UpdateEnvironmentVariables, UpdateLogStream, UpdateUsageLimit, UsageLimit, UsageLimitConfig, UsageLimitType,
    UsageLimitWindow, UsageMetric, WebhookFormat,
};
use convex_mgmt::{Deployment, DeploymentClient, Error, LogStreamId, Operation, Repeat, UsageLimitId};

use super::report::{Log, Report, Write};

/// What log streams there are workers for.
const STREAMS: [LogStreamType; 3] = [LogStreamType::Datadog, LogStreamType::Webhook, LogStreamType::Axiom];

/// What usage limits there are workers for.
const LIMITS: usize = UsageMetric::KNOWN.len() * UsageLimitWindow::KNOWN.len() * UsageLimitType::KNOWN.len();

/// How many workers do something else than to set environment variables.
pub(super) const SPECIAL: usize = LIMITS + STREAMS.len();

struct Worker {
    number: usize,
    client: DeploymentClient,
    left: Arc<AtomicUsize>,
    log: Log,
}

/// Works until no calls are left.
pub(super) async fn work(number: usize, client: DeploymentClient, left: Arc<AtomicUsize>) -> Log {
    let mut worker = Worker { number, client, left, log: Log::default() };
    match number {
        0..LIMITS => worker.limits().await,
        LIMITS..SPECIAL => worker.streams(STREAMS[number - LIMITS].clone()).await,
        _ => worker.variables().await,
    }
    worker.log
}

/// What tells one request from all others.
pub(super) fn request_key(path: &str, body: &Bytes) -> String {
    format!("{path} {}", String::from_utf8_lossy(body))
}

/// Where a usage limit is, since there is one for each metric, window and type.
pub(super) fn place_of_limit(limit: &UsageLimitConfig) -> String {
    format!("limit {:?} {:?} {:?}", limit.metric, limit.window, limit.limit_type)
}

/// Where a log stream is, since there is one of each type.
pub(super) fn place_of_stream(kind: &LogStreamType) -> String {
    format!("stream {kind:?}")
}

/// Which limit a worker has, under the number that is told from all others.
fn limit_of(worker: usize, limit: u64) -> UsageLimitConfig {
    let (windows, types) = (UsageLimitWindow::KNOWN, UsageLimitType::KNOWN);
    let metric = UsageMetric::KNOWN[worker / windows.len() / types.len()].clone();
    let window = windows[worker / types.len() % windows.len()].clone();
    UsageLimitConfig::new(metric, window, types[worker % types.len()].clone(), limit)
}

impl Worker {
    /// Whether there is a call left to make.
    fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    async fn write<O>(&mut self, entry: Option<String>, operation: &O) -> (Report, Result<O::Output, Error>)
    where
        O: Operation<Api = Deployment>,
    {
        let request = operation.to_request(self.client.endpoint()).expect("a request that can be built");
        let request = request_key(request.uri().path(), request.body());
        let result = self.client.send(operation).await;
        let report = Report::of(&result);
        let failed_after = result.as_ref().err().map(Error::elapsed);
        self.log.writes.push(Write { request, entry, once: O::META.repeat == Repeat::Never, report, failed_after });
        (report, result)
    }

    async fn read<O: Operation<Api = Deployment>>(&mut self, operation: &O) -> Option<O::Output> {
        let read = self.client.send(operation).await.ok();
        *if read.is_some() { &mut self.log.reads } else { &mut self.log.failed_reads } += 1;
        read
    }

    /// Reads until there is an answer.
    async fn look<O: Operation<Api = Deployment>>(&mut self, operation: &O) -> O::Output {
        loop {
            if let Some(read) = self.read(operation).await {
                return read;
            }
        }
    }

    /// One variable of which the value changes, and others that come and go.
    async fn variables(&mut self) {
        let kept = format!("KEPT_{}", self.number);
        for round in 0_u64.. {
            let passing = format!("PASSING_{}_{round}", self.number);
            for name in [&kept, &passing] {
                if !self.take() {
                    return;
                }
                self.set(name, format!("{}_{round}", self.number)).await;
            }
            if round % 4 == 0 {
                if !self.take() {
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
                if !self.take() {
                    return;
                }
                // The server takes no such name.
                let name = format!("0_{}_{round}", self.number);
                let update = UpdateEnvironmentVariables::new().set(&name, "").unchecked();
                let _ = self.write(Some(format!("variable {name}")), &update).await;
            }
            if !self.take() {
                return;
            }
            let delete = UpdateEnvironmentVariables::new().delete(&passing);
            let (report, _) = self.write(Some(format!("no variable {passing}")), &delete).await;
            self.log.wrote(&format!("variable {passing}"), None, report);
        }
    }

    async fn set(&mut self, name: &str, value: String) {
        let place = format!("variable {name}");
        let update = UpdateEnvironmentVariables::new().set(name, value.as_str());
        let (report, _) = self.write(Some(place.clone()), &update).await;
        self.log.wrote(&place, Some(value), report);
    }

    /// Creates a usage limit, replaces it, and deletes it.
    async fn limits(&mut self) {
        let place = place_of_limit(&limit_of(self.number, 1));
        let mut there: Option<(UsageLimitId, bool)> = None;
        let mut next = self.number as u64 + 1;
        while self.take() {
            let limit = limit_of(self.number, next);
            let value = Some(next.to_string());
            next += LIMITS as u64;
            let (report, answer) = match there.take() {
                None => {
                    let entry = Some(format!("limit {}", limit.limit));
                    let (report, created) = self.write(entry, &CreateUsageLimit::new(limit)).await;
                    self.log.wrote(&place, value, report);
                    (report, created.ok().map(|created| Some((created.id, false))))
                }
                Some((id, false)) => {
                    let entry = Some(format!("limit {}", limit.limit));
                    let (report, updated) = self.write(entry, &UpdateUsageLimit::new(&id, limit)).await;
                    self.log.wrote(&place, value, report);
                    (report, updated.ok().map(|_| Some((id, true))))
                }
                Some((id, true)) => {
                    let entry = Some(format!("no limit {id}"));
                    let (report, deleted) = self.write(entry, &DeleteUsageLimit::new(&id)).await;
                    self.log.wrote(&place, None, report);
                    (report, deleted.ok().map(|()| None))
                }
            };
            there = match answer {
                Some(there) if report == Report::Applied => there,
                _ => self.look_for_limit(&place).await.map(|limit| (limit.id, true)),
            };
        }
    }

    async fn look_for_limit(&mut self, place: &str) -> Option<UsageLimit> {
        let limits = self.look(&ListUsageLimits::new()).await;
        let found = limits.into_iter().find(|limit| place_of_limit(&limit.config()) == place);
        let value = found.as_ref().map(|limit| limit.limit.to_string());
        self.log.saw(place, value.as_deref());
        found
    }

    /// Creates a log stream, changes it, and deletes it.
    async fn streams(&mut self, kind: LogStreamType) {
        let place = place_of_stream(&kind);
        let mut there: Option<(LogStreamId, bool)> = None;
        for round in 0_u64.. {
            if !self.take() {
                return;
            }
            there = match there.take() {
                None => self.create_stream(&kind, &place, round).await.map(|id| (id, false)),
                Some((id, false)) => {
                    let entry = Some(format!("changed stream {id}"));
                    match kind {
                        LogStreamType::Webhook => drop(self.write(entry, &RotateWebhookSecret::new(&id)).await),
                        LogStreamType::Datadog => {
                            let changes = DatadogUpdate::new().dd_tags([format!("round:{round}")]);
                            drop(self.write(entry, &UpdateLogStream::new(&id, changes)).await);
                        }
                        _ => {
                            let changes = AxiomUpdate::new().dataset_name(format!("changed-{round}"));
                            drop(self.write(entry, &UpdateLogStream::new(&id, changes)).await);
                        }
                    }
                    Some((id, true))
                }
                Some((id, true)) => {
                    let entry = Some(format!("no stream {id}"));
                    let (report, _) = self.write(entry, &DeleteLogStream::new(&id)).await;
                    self.log.wrote(&place, None, report);
                    match report {
                        Report::Applied => None,
                        _ => self.look_for_stream(&kind, &place).await.map(|id| (id, true)),
                    }
                }
            };
        }
    }

    /// Creates a log stream. Its id is not known if no answer tells it, and then it is looked for.
    async fn create_stream(&mut self, kind: &LogStreamType, place: &str, round: u64) -> Option<LogStreamId> {
        let topics = LogTopics::only([LogTopic::Console]);
        let stream: NewLogStream = match kind {
            LogStreamType::Webhook => {
                NewWebhook::new(format!("http://127.0.0.1:9/{round}"), WebhookFormat::Json).topics(topics).into()
            }
            LogStreamType::Datadog => NewDatadog::new(DatadogSiteLocation::Eu, format!("k{round}")).into(),
            _ => NewAxiom::new("k", format!("d{round}")).into(),
        };
        let (report, created) = self.write(None, &CreateLogStream::new(stream)).await;
        let told = created.ok().and_then(|created| created.id().cloned());
        if let Some(id) = &told {
            self.log.wrote(place, Some(id.to_string()), report);
        }
        let id = match told {
            Some(id) => Some(id),
            None => {
                let found = self.find_stream(kind).await;
                match (report, &found) {
                    (Report::Applied, None) => self.log.problems.push(format!("{place} was created, and is not there")),
                    (Report::NotApplied, Some(_)) => {
                        self.log.problems.push(format!("{place} was not created, and is there"))
                    }
                    _ => self.log.wrote(place, found.as_ref().map(ToString::to_string), Report::Applied),
                }
                found
            }
        };
        if let (Some(id), Some(write)) = (&id, self.log.writes.last_mut()) {
            write.entry = Some(format!("stream {id}"));
        }
        id
    }

    async fn find_stream(&mut self, kind: &LogStreamType) -> Option<LogStreamId> {
        let streams = self.look(&ListLogStreams::new()).await;
        let alive = streams.into_iter().filter(|stream| !matches!(stream.status, LogStreamStatus::Deleting));
        alive.into_iter().find(|stream| stream.config.log_stream_type() == *kind).map(|stream| stream.id)
    }

    async fn look_for_stream(&mut self, kind: &LogStreamType, place: &str) -> Option<LogStreamId> {
        let found = self.find_stream(kind).await;
        self.log.saw(place, found.as_ref().map(LogStreamId::as_str));
        found
    }
}
