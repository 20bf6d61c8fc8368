//! Compares the client's reports with the fake's audit log, with its final state, and with the requests that it received.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use convex_mgmt_fake::{AuditEntry, RecordedRequest};
use http::HeaderValue;
use http::header::USER_AGENT;

use super::config::Protocol;
use super::control_plane;
use super::faults::{ATTEMPT_TIMEOUT, delivers_response, is_rejection};
use super::final_state::FinalState;
use super::report::{Report, Write};
use super::run::Run;
use super::work::PAUSE;

impl Run {
    /// The disagreements between the client's reports and the records of the fake.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.log.problems.clone();
        problems.extend(all(self));
        problems
    }
}

/// The effect of an entry of the audit log: the change, as in [`Change::entry`](super::report::Change::entry), and the object
/// that it created or deleted.
fn effect(entry: &AuditEntry) -> (String, Option<String>, Option<String>) {
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
        other => control_plane::effect(entry).unwrap_or_else(|| (format!("{other} {data}"), None, None)),
    }
}

/// The product in a `User-Agent`, before the library's own.
fn product(agent: Option<&str>) -> String {
    agent.and_then(|agent| agent.split(' ').next()).unwrap_or_default().to_owned()
}

/// Returns all disagreements of a run.
fn all(run: &Run) -> Vec<String> {
    let mut problems = Vec::new();
    let mut requests: HashMap<String, Vec<&RecordedRequest>> = HashMap::new();
    for one in &run.requests {
        let agent = one.headers.get(USER_AGENT).map(HeaderValue::to_str);
        requests.entry(product(agent.and_then(Result::ok))).or_default().push(one);
    }
    let mut entries: HashMap<String, Vec<String>> = HashMap::new();
    for entry in &run.audit {
        entries.entry(product(entry.user_agent.as_deref())).or_default().push(effect(entry).0);
    }
    // The value in each place, according to the executed requests.
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    for write in &run.log.writes {
        let requests = requests.get(&write.agent).map_or(&[][..], Vec::as_slice);
        let done = requests.iter().filter(|request| request.status.is_some_and(|status| status.is_success())).count();
        check_report(write, done, &mut problems);
        check_retries(run, write, requests, &mut problems);
        if run.load.protocol != Protocol::Http2Broken {
            check_unknown(write, requests, &mut problems);
        }
        let change = &write.change;
        let (before, after) = (places.get(change.place.as_str()).copied(), change.value.as_deref());
        let leaves = match change.quiet {
            true => usize::from(done > 0 && before != after),
            false => done,
        };
        let mut found = entries.remove(&write.agent).unwrap_or_default();
        // A preview that was replaced has an entry of its own.
        found.retain(|entry| !(write.operation == "create_deployment" && entry.starts_with("no deployment ")));
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
    check_final_state(run, &places, &mut problems);
    check_audit_reads(run, &mut problems);
    problems
}

/// Checks that the report of a write agrees with the requests.
fn check_report(write: &Write, done: usize, problems: &mut Vec<String>) {
    let agrees = match write.report {
        Report::Applied => done > 0,
        Report::NotApplied => done == 0,
        Report::Unknown => true,
    };
    if !agrees || (write.once && done > 1) {
        problems.push(format!("{write:?} was executed {done} times"));
    }
}

/// Checks that a write was retried only after an unknown outcome. A write that is not idempotent is retried only if the
/// server provably did not execute it.
fn check_retries(run: &Run, write: &Write, requests: &[&RecordedRequest], problems: &mut Vec<String>) {
    let Some((_, before)) = requests.split_last() else { return };
    // A request that breaks together with others, or is too slow, has no fault of its own.
    let may_break = run.load.protocol == Protocol::Http2Broken || write.took >= ATTEMPT_TIMEOUT;
    let may_be_retried = |request: &&RecordedRequest| match &request.fault {
        Some(fault) if write.once => is_rejection(fault),
        Some(fault) => may_break || !delivers_response(fault),
        None => may_break && !write.once,
    };
    if let Some(request) = before.iter().find(|request| !may_be_retried(request)) {
        problems.push(format!("{write:?} was retried after {:?}, {:?}", request.fault, request.status));
    }
}

/// Checks that the outcome of a write is unknown only if a response was lost or inconclusive.
fn check_unknown(write: &Write, requests: &[&RecordedRequest], problems: &mut Vec<String>) {
    let open = requests
        .iter()
        .filter_map(|request| request.fault.as_ref())
        .any(|fault| !is_rejection(fault) && !delivers_response(fault));
    if write.report == Report::Unknown && !open && write.took < ATTEMPT_TIMEOUT {
        problems.push(format!("{write:?} is reported as unknown after conclusive responses"));
    }
}

/// Checks that the final state agrees with the reports, the requests and the audit log.
fn check_final_state(run: &Run, places: &BTreeMap<&str, &str>, problems: &mut Vec<String>) {
    let FinalState { places: kept, things } = &run.final_state;
    for (place, values) in &run.log.places {
        let value = kept.get(place).map(String::as_str);
        if !values.may_hold(value) {
            problems.push(format!("{place} is {value:?} at the end, according to the reports {values:?}"));
        }
    }
    let all: BTreeSet<&str> = places.keys().copied().chain(kept.keys().map(String::as_str)).collect();
    for place in all {
        let (done, value) = (places.get(place).copied(), kept.get(place).map(String::as_str));
        if done != value {
            problems.push(format!("{place} is {value:?} at the end, according to the requests {done:?}"));
        }
    }
    let mut left = BTreeSet::new();
    for (_, came, went) in run.audit.iter().map(effect) {
        left.extend(came);
        if let Some(went) = went {
            left.remove(&went);
        }
    }
    if left != *things {
        let odd: Vec<_> = left.symmetric_difference(things).collect();
        problems.push(format!("the audit log and the final state differ in {odd:?}"));
    }
}

/// Checks that the entries that were read are the first ones of the audit log.
fn check_audit_reads(run: &Run, problems: &mut Vec<String>) {
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
