//! Whether the client's reports agree with the fake's audit log, with what the fake keeps, and with the requests that came.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use convex_mgmt::Client;
use convex_mgmt::deployment::{ListLogStreams, ListUsageLimits, LogStreamStatus};
use convex_mgmt_fake::{AuditEntry, Fake, Recorded};

use super::report::{Report, Write};
use super::work::{place_of_limit, place_of_stream, request_key};
use super::{ATTEMPT_TIMEOUT, Protocol, Run, answers, refuses};
use crate::{InProcess, endpoint};

/// What a deployment keeps in the end.
#[derive(Debug)]
pub(super) struct Kept {
    /// What is in each place.
    places: BTreeMap<String, String>,
    /// What there is, in the words of [`told`].
    things: BTreeSet<String>,
}

/// Reads what the fake keeps, past all faults and sockets.
pub(super) async fn kept(fake: &Fake) -> Kept {
    let client = Client::builder(endpoint("https://in-process")).build_on(InProcess(fake.clone())).expect("a client");
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
        if !matches!(stream.status, LogStreamStatus::Deleting) {
            kept.things.insert(format!("stream {}", stream.id));
            kept.places.insert(place_of_stream(&stream.config.log_stream_type()), stream.id.to_string());
        }
    }
    kept
}

/// An entry of the audit log: in the words of [`Write::entry`], and what came or went by it.
fn told(entry: &AuditEntry) -> (String, Option<String>, Option<String>) {
    let data = &entry.metadata;
    let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
    let id = || text(data["id"].as_str());
    match entry.action {
        "create_environment_variable" | "update_environment_variable" => {
            let thing = format!("variable {}", text(data["variable_name"].as_str()));
            (thing.clone(), Some(thing), None)
        }
        "delete_environment_variable" => {
            let thing = format!("variable {}", text(data["variable_name"].as_str()));
            (format!("no {thing}"), None, Some(thing))
        }
        "create_usage_limit" => {
            (format!("limit {}", text(data["config"]["limit"].as_str())), Some(format!("limit {}", id())), None)
        }
        "update_usage_limit" => (format!("limit {}", text(data["current"]["limit"].as_str())), None, None),
        "delete_usage_limit" => (format!("no limit {}", id()), None, Some(format!("limit {}", id()))),
        "create_integration" => (format!("stream {}", id()), Some(format!("stream {}", id())), None),
        "update_integration" => (format!("changed stream {}", id()), None, None),
        "delete_integration" => (format!("no stream {}", id()), None, Some(format!("stream {}", id()))),
        other => (format!("{other} {data}"), None, None),
    }
}

/// All that is wrong with a run.
pub(super) fn all(run: &Run) -> Vec<String> {
    let mut problems = Vec::new();
    let (audit, recorded) = (run.fake.audit_log(), run.fake.requests());
    let mut requests: HashMap<String, Vec<&Recorded>> = HashMap::new();
    for one in &recorded {
        let path = one.uri.parse::<http::Uri>().map(|uri| uri.path().to_owned()).unwrap_or_default();
        requests.entry(request_key(&path, &one.body)).or_default().push(one);
    }
    let requests_of = |write: &Write| requests.get(&write.request).map_or(&[][..], Vec::as_slice);
    audited(run, &audit, requests_of, &mut problems);
    for write in &run.log.writes {
        repeated(write, requests_of(write), &mut problems);
        if run.load.protocol != Protocol::Http2Broken {
            justified(write, requests_of(write), &mut problems);
        }
    }
    stayed(run, &audit, &mut problems);
    problems
}

/// What the audit log may and must hold by the reports, and what it holds by the requests that were carried out.
#[derive(Default)]
struct Expected {
    applied: usize,
    unknown: usize,
    /// Whether it may be done more than once.
    repeatable: bool,
    /// How many requests came, and how many of them the fake carried out, whether or not that was heard.
    came: usize,
    done: usize,
}

fn audited<'a>(
    run: &Run,
    audit: &[AuditEntry],
    requests_of: impl Fn(&Write) -> &'a [&'a Recorded],
    problems: &mut Vec<String>,
) {
    let mut entries: BTreeMap<String, usize> = BTreeMap::new();
    for entry in audit {
        *entries.entry(told(entry).0).or_default() += 1;
    }
    let mut expected: BTreeMap<&str, Expected> = BTreeMap::new();
    let mut counted = BTreeSet::new();
    for write in &run.log.writes {
        let requests = requests_of(write);
        let is_done = |request: &&&Recorded| request.status.is_some_and(|status| status.is_success());
        let Some(entry) = &write.entry else {
            // It was looked for, and not found.
            if requests.iter().any(|request| is_done(&request)) {
                problems.push(format!(
                    "{:?} for {}, of which nothing was found, and it was done",
                    write.report, write.request
                ));
            }
            continue;
        };
        let expected = expected.entry(entry).or_default();
        match write.report {
            Report::Applied => expected.applied += 1,
            Report::Unknown => expected.unknown += 1,
            Report::NotApplied => {}
        }
        expected.repeatable |= !write.once;
        // A deletion may have been called for twice, with one and the same request.
        if counted.insert(&write.request) {
            expected.done += requests.iter().filter(is_done).count();
            expected.came += requests.len();
        }
    }
    for (entry, Expected { applied, unknown, repeatable, done, came }) in &expected {
        let (applied, unknown, done, came) = (*applied, *unknown, *done, *came);
        let found = entries.get(*entry).copied().unwrap_or(0);
        let (least, most, done) = match entry.strip_prefix("no ") {
            // What is not there is deleted without a trace, and nothing is deleted twice.
            Some(thing) if thing.starts_with("variable") => {
                let was_there = usize::from(entries.contains_key(thing));
                (applied.min(was_there), (applied + unknown).min(was_there), done.min(was_there))
            }
            Some(_) => (applied.min(1), (applied + unknown).min(1), done.min(1)),
            None if !*repeatable => (applied, applied + unknown, done),
            None => (applied, if applied + unknown == 0 { 0 } else { came }, done),
        };
        if !(least..=most).contains(&found) {
            problems
                .push(format!("'{entry}' is {found} times in the audit log, by the reports {least} to {most} times"));
        }
        if found != done {
            problems.push(format!("'{entry}' is {found} times in the audit log, and was done {done} times"));
        }
    }
    let strange = entries.keys().filter(|entry| !expected.contains_key(entry.as_str()));
    problems.extend(strange.map(|entry| format!("'{entry}' is in the audit log, and nobody reported it")));
}

/// What may not be done twice is sent again only after an answer that proves that nothing was done.
fn repeated(write: &Write, requests: &[&Recorded], problems: &mut Vec<String>) {
    if write.once
        && let Some((_, before)) = requests.split_last()
        && let Some(open) = before.iter().find(|request| !request.fault.as_ref().is_some_and(refuses))
    {
        problems.push(format!("{} was sent again after {:?}", write.request, open.fault));
    }
}

/// A write is unknown only if an answer was lost, or left it open.
fn justified(write: &Write, requests: &[&Recorded], problems: &mut Vec<String>) {
    let open =
        requests.iter().filter_map(|request| request.fault.as_ref()).any(|fault| !refuses(fault) && !answers(fault));
    let late = write.failed_after.is_some_and(|time| time >= ATTEMPT_TIMEOUT);
    if write.report == Report::Unknown && !open && !late {
        problems.push(format!("{} is said to be unknown after answers that tell", write.request));
    }
}

/// What is there in the end is what the reports and the audit log say.
fn stayed(run: &Run, audit: &[AuditEntry], problems: &mut Vec<String>) {
    let Kept { places, things } = &run.kept;
    for (place, cell) in &run.log.cells {
        let value = places.get(place).map(String::as_str);
        if !cell.may_hold(value) {
            problems.push(format!("{place} is {value:?} in the end, by the reports {cell:?}"));
        }
    }
    let strange = places.keys().filter(|place| !run.log.cells.contains_key(*place));
    problems.extend(strange.map(|place| format!("{place} is there in the end, and nobody reported it")));
    let mut left = BTreeSet::new();
    for (_, came, went) in audit.iter().map(told) {
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
