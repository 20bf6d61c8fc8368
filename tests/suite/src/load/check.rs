//! Whether the client's reports agree with the fake's audit log, with what the fake keeps, and with the requests that came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use convex_mgmt::Client;
use convex_mgmt::deployment::{GetCanonicalUrls, ListLogStreams, ListUsageLimits};
use convex_mgmt_fake::{AuditEntry, Fake, RecordedRequest};
use http::HeaderValue;
use http::header::USER_AGENT;

use super::report::{Report, Write};
use super::streams::{Stream, place_of_stream};
use super::work::{PAUSE, place_of_limit, urls_set};
use super::{ATTEMPT_TIMEOUT, Protocol, Run, answers, refuses};
use crate::endpoint;

/// What a deployment keeps in the end.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// What is in each place.
    pub(super) places: BTreeMap<String, String>,
    /// What there is, in the words of [`told`].
    things: BTreeSet<String>,
}

/// Reads what the fake keeps, past all faults and sockets.
pub(super) async fn kept(fake: &Fake) -> Kept {
    let client = Client::builder(endpoint("https://in-process")).build_on(fake.clone()).expect("a client");
    let mut kept = Kept { places: BTreeMap::new(), things: BTreeSet::new() };
    for (name, value) in fake.variables() {
        kept.things.insert(format!("variable {name}"));
        kept.places.insert(format!("variable {name}"), value);
    }
    for limit in client.send(&ListUsageLimits::new()).await.expect("no faults any more") {
        kept.things.insert(format!("limit {}", limit.id));
        kept.places.insert(place_of_limit(&limit.config()), limit.limit.to_string());
    }
    for stream in client.send(&ListLogStreams::new()).await.expect("no faults any more") {
        let place = place_of_stream(&stream.config.log_stream_type());
        if let Some(stream) = Stream::of(stream) {
            kept.things.insert(format!("stream {}", stream.id));
            kept.places.insert(place, stream.to_string());
        }
    }
    let urls = urls_set(client.send(&GetCanonicalUrls::new()).await.expect("no faults any more"));
    let paused = (PAUSE.to_owned(), fake.stops().paused.then(|| "paused".to_owned()));
    for (place, value) in urls.into_iter().chain([paused]) {
        if let Some(value) = value {
            kept.things.insert(place.clone());
            kept.places.insert(place, value);
        }
    }
    kept
}

/// An entry of the audit log: what was done, in the words of [`Change::entry`](super::report::Change::entry), and what came
/// or went by it.
pub(super) fn told(entry: &AuditEntry) -> (String, Option<String>, Option<String>) {
    let data = &entry.metadata;
    let text = |text: &serde_json::Value| text.as_str().unwrap_or("?").to_owned();
    let id = || text(&data["id"]);
    let limit = |config: &serde_json::Value| {
        let part = |name: &str| text(&config[name]);
        format!("limit {} {} {} {}", part("metric"), part("window"), part("limitType"), part("limit"))
    };
    match entry.action {
        "create_environment_variable" | "update_environment_variable" => {
            let thing = format!("variable {}", text(&data["variable_name"]));
            (thing.clone(), Some(thing), None)
        }
        "delete_environment_variable" => {
            let thing = format!("variable {}", text(&data["variable_name"]));
            (format!("no {thing}"), None, Some(thing))
        }
        "create_usage_limit" => (limit(&data["config"]), Some(format!("limit {}", id())), None),
        "update_usage_limit" => (limit(&data["current"]), None, None),
        "delete_usage_limit" => (format!("no limit {}", id()), None, Some(format!("limit {}", id()))),
        "create_integration" => (format!("new stream {}", text(&data["type"])), Some(format!("stream {}", id())), None),
        "update_integration" => (format!("changed stream {}", id()), None, None),
        "delete_integration" => (format!("no stream {}", id()), None, Some(format!("stream {}", id()))),
        "update_canonical_url" => {
            let thing = format!("url {}", text(&data["request_destination"]));
            (format!("{thing} {}", text(&data["url"])), Some(thing), None)
        }
        "delete_canonical_url" => {
            let thing = format!("url {}", text(&data["request_destination"]));
            (format!("no {thing}"), None, Some(thing))
        }
        "pause_deployment" => ("paused".to_owned(), Some(PAUSE.to_owned()), None),
        "unpause_deployment" => ("no longer paused".to_owned(), None, Some(PAUSE.to_owned())),
        other => (format!("{other} {data}"), None, None),
    }
}

/// What a `User-Agent` says before the library's own part.
fn product(agent: Option<&str>) -> String {
    agent.and_then(|agent| agent.split(' ').next()).unwrap_or_default().to_owned()
}

/// All that is wrong with a run.
pub(super) fn all(run: &Run) -> Vec<String> {
    let mut problems = Vec::new();
    let mut requests: HashMap<String, Vec<&RecordedRequest>> = HashMap::new();
    for one in &run.requests {
        let agent = one.headers.get(USER_AGENT).map(HeaderValue::to_str);
        requests.entry(product(agent.and_then(Result::ok))).or_default().push(one);
    }
    let mut entries: HashMap<String, Vec<String>> = HashMap::new();
    for entry in &run.audit {
        entries.entry(product(entry.user_agent.as_deref())).or_default().push(told(entry).0);
    }
    // What is in each place by the requests that were carried out.
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    for write in &run.log.writes {
        let requests = requests.get(&write.agent).map_or(&[][..], Vec::as_slice);
        let done = requests.iter().filter(|request| request.status.is_some_and(|status| status.is_success())).count();
        reported(write, done, &mut problems);
        repeated(run, write, requests, &mut problems);
        if run.load.protocol != Protocol::Http2Broken {
            justified(write, requests, &mut problems);
        }
        let change = &write.change;
        let (before, after) = (places.get(change.place.as_str()).copied(), change.value.as_deref());
        let leaves = match change.quiet {
            true => usize::from(done > 0 && before != after),
            false => done,
        };
        let found = entries.remove(&write.agent).unwrap_or_default();
        if found.len() != leaves || found.iter().any(|entry| *entry != change.entry) {
            problems.push(format!("{write:?} has {found:?} in the audit log, instead of {leaves} entries"));
        }
        match after.filter(|_| done > 0) {
            Some(after) => drop(places.insert(&change.place, after)),
            None if done > 0 => drop(places.remove(change.place.as_str())),
            None => {}
        }
    }
    problems.extend(entries.into_values().map(|strange| format!("{strange:?} in the audit log has no call")));
    stayed(run, &places, &mut problems);
    read(run, &mut problems);
    problems
}

/// What the client says of a write is what was done.
fn reported(write: &Write, done: usize, problems: &mut Vec<String>) {
    let agrees = match write.report {
        Report::Applied => done > 0,
        Report::NotApplied => done == 0,
        Report::Unknown => true,
    };
    if !agrees || (write.once && done > 1) {
        problems.push(format!("{write:?} was done {done} times"));
    }
}

/// A write is sent again only after an answer that leaves something open, and if it may not be done twice, only after one
/// that proves that nothing was done.
fn repeated(run: &Run, write: &Write, requests: &[&RecordedRequest], problems: &mut Vec<String>) {
    let Some((_, before)) = requests.split_last() else { return };
    // What breaks with others, or is too slow, meets no fault.
    let may_break = run.load.protocol == Protocol::Http2Broken || write.took >= ATTEMPT_TIMEOUT;
    let may_be_sent_again = |request: &&RecordedRequest| match &request.fault {
        Some(fault) if write.once => refuses(fault),
        Some(fault) => may_break || !answers(fault),
        None => may_break && !write.once,
    };
    if let Some(request) = before.iter().find(|request| !may_be_sent_again(request)) {
        problems.push(format!("{write:?} was sent again after {:?}, {:?}", request.fault, request.status));
    }
}

/// A write is unknown only if an answer was lost, or left it open.
fn justified(write: &Write, requests: &[&RecordedRequest], problems: &mut Vec<String>) {
    let open =
        requests.iter().filter_map(|request| request.fault.as_ref()).any(|fault| !refuses(fault) && !answers(fault));
    if write.report == Report::Unknown && !open && write.took < ATTEMPT_TIMEOUT {
        problems.push(format!("{write:?} is said to be unknown after answers that tell"));
    }
}

/// What is there in the end is what the reports, the requests and the audit log say.
fn stayed(run: &Run, places: &BTreeMap<&str, &str>, problems: &mut Vec<String>) {
    let Kept { places: kept, things } = &run.kept;
    for (place, cell) in &run.log.cells {
        let value = kept.get(place).map(String::as_str);
        if !cell.may_hold(value) {
            problems.push(format!("{place} is {value:?} in the end, by the reports {cell:?}"));
        }
    }
    let all: BTreeSet<&str> = places.keys().copied().chain(kept.keys().map(String::as_str)).collect();
    for place in all {
        let (done, value) = (places.get(place).copied(), kept.get(place).map(String::as_str));
        if done != value {
            problems.push(format!("{place} is {value:?} in the end, by the requests {done:?}"));
        }
    }
    let mut left = BTreeSet::new();
    for (_, came, went) in run.audit.iter().map(told) {
        left.extend(came);
        if let Some(went) = went {
            left.remove(&went);
        }
    }
    if left != *things {
        let odd: Vec<_> = left.symmetric_difference(things).collect();
        problems.push(format!("the audit log and what is there in the end differ in {odd:?}"));
    }
}

/// What was read of the audit log is how it begins.
fn read(run: &Run, problems: &mut Vec<String>) {
    let mut audit = run.audit.iter();
    for (n, read) in run.log.events.iter().enumerate() {
        let there = audit.next().map(|entry| {
            let time = i64::try_from(entry.create_time).unwrap_or(i64::MAX);
            (time, entry.action.to_owned(), entry.user_agent.clone(), entry.metadata.to_string())
        });
        if there.as_ref() != Some(read) {
            problems.push(format!("entry {n} of the audit log was read as {read:?}, and is {there:?}"));
        }
    }
}
