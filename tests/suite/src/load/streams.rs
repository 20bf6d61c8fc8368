//! The workers that write log streams.

use std::fmt;

use convex_mgmt::deployment::log_streams::{
    AxiomUpdate, DatadogSiteLocation, DatadogUpdate, LogStream, LogStreamConfig, LogStreamStatus, LogStreamType,
    LogStreamUpdate, LogTopic, LogTopics, NewAxiom, NewDatadog, NewLogStream, NewWebhook, WebhookFormat, WebhookUpdate,
};
use convex_mgmt::deployment::{CreateLogStream, DeleteLogStream, ListLogStreams, RotateWebhookSecret, UpdateLogStream};
use convex_mgmt::{LogStreamId, Secret};

use super::report::{Change, Report};
use super::work::Worker;

/// The place of a log stream. There is one stream of each type.
pub(super) fn place_of_stream(kind: &LogStreamType) -> String {
    format!("stream {kind}")
}

/// The state of a log stream.
#[derive(Clone)]
pub(super) struct Stream {
    pub(super) id: LogStreamId,
    /// The part that updates change.
    content: String,
    /// The secret that a rotation changes. Empty if the stream has none.
    secret: String,
}

impl Stream {
    /// Returns `None` for a stream that is being deleted.
    pub(super) fn of(stream: LogStream) -> Option<Self> {
        let (content, secret) = match stream.config {
            LogStreamConfig::Datadog(config) => (config.dd_tags.concat(), String::new()),
            LogStreamConfig::Webhook(config) => (config.url.into(), config.hmac_secret.expose().to_owned()),
            LogStreamConfig::Axiom(config) => (config.dataset_name.into(), String::new()),
            _ => return None,
        };
        (stream.status != LogStreamStatus::Deleting).then_some(Self { id: stream.id, content, secret })
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.id, self.content, self.secret)
    }
}

/// A request to create a log stream, and an update, with this content.
fn requests_for(kind: &LogStreamType, content: &str) -> (NewLogStream, LogStreamUpdate) {
    match kind {
        LogStreamType::Datadog => {
            let new = NewDatadog::new(DatadogSiteLocation::Eu, "k").dd_tags([content]);
            (new.into(), DatadogUpdate::new().dd_tags([content]).into())
        }
        LogStreamType::Webhook => {
            let new = NewWebhook::new(content, WebhookFormat::Json).topics(LogTopics::only([LogTopic::Console]));
            (new.into(), WebhookUpdate::new().url(content).into())
        }
        _ => (NewAxiom::new("k", content).into(), AxiomUpdate::new().dataset_name(content).into()),
    }
}

impl Worker {
    /// Creates a log stream, changes it, rotates its secret if it has one, reads it, and deletes it.
    pub(super) async fn streams(&mut self, kind: LogStreamType) {
        let place = place_of_stream(&kind);
        let mut current: Option<Stream> = None;
        let mut step = 0;
        for round in 0_u64.. {
            if !self.take_call() {
                return;
            }
            // No server listens at this port.
            let content = match kind {
                LogStreamType::Webhook => format!("http://127.0.0.1:9/{round}"),
                _ => format!("round-{round}"),
            };
            let (new, update) = requests_for(&kind, &content);
            let change_to =
                |value: Option<&Stream>, entry: String| Change::new(&place, value.map(Stream::to_string), entry);
            // The stream after the change, if the response shows it.
            let (report, now) = match (current.take(), step) {
                (None, _) => {
                    let change = change_to(None, format!("new {place}"));
                    let (report, created) = self.write(change, &CreateLogStream::new(new)).await;
                    let created = created.ok().and_then(|created| {
                        let secret = created.hmac_secret().map(Secret::expose).unwrap_or_default().to_owned();
                        Some(Stream { id: created.id()?.clone(), content, secret })
                    });
                    step = 0;
                    (report, created.map(Some))
                }
                (Some(stream), 1) => {
                    let changed = Stream { content, ..stream };
                    let change = change_to(Some(&changed), format!("changed stream {}", changed.id));
                    let (report, updated) = self.write(change, &UpdateLogStream::new(&changed.id, update)).await;
                    (report, updated.ok().map(|()| Some(changed)))
                }
                (Some(stream), 2) if kind == LogStreamType::Webhook => {
                    let change = change_to(None, format!("changed stream {}", stream.id));
                    let (report, rotated) = self.write(change, &RotateWebhookSecret::new(&stream.id)).await;
                    let secret = rotated.ok().map(|rotated| rotated.hmac_secret.expose().to_owned());
                    (report, secret.map(|secret| Some(Stream { secret, ..stream })))
                }
                (Some(_), 2 | 3) => {
                    step = 4;
                    current = self.observe_stream(&kind, &place).await;
                    continue;
                }
                (Some(stream), _) => {
                    let change = change_to(None, format!("no stream {}", stream.id));
                    let (report, deleted) = self.write(change, &DeleteLogStream::new(&stream.id)).await;
                    (report, deleted.ok().map(|()| None))
                }
            };
            step += 1;
            current = self.state_after(&kind, &place, report, now).await;
        }
    }

    /// Returns the state after a write: from its response if it shows the state, otherwise from a read.
    async fn state_after(
        &mut self,
        kind: &LogStreamType,
        place: &str,
        report: Report,
        known: Option<Option<Stream>>,
    ) -> Option<Stream> {
        let now = match known {
            Some(now) => now,
            None => self.find_stream(kind).await,
        };
        let value = now.as_ref().map(Stream::to_string);
        match report {
            Report::NotApplied => self.log.saw(place, value.as_deref()),
            Report::Applied | Report::Unknown => {
                if let Some(value) = &value {
                    self.log.set_last_value(value);
                }
                self.log.found(place, value);
            }
        }
        now
    }

    async fn find_stream(&mut self, kind: &LogStreamType) -> Option<Stream> {
        let mut streams = self.read_until_success(&ListLogStreams::new()).await.into_iter();
        streams.find_map(|stream| (stream.config.log_stream_type() == *kind).then(|| Stream::of(stream))?)
    }

    async fn observe_stream(&mut self, kind: &LogStreamType, place: &str) -> Option<Stream> {
        let found = self.find_stream(kind).await;
        self.log.saw(place, found.as_ref().map(Stream::to_string).as_deref());
        found
    }
}
