//! Checks that the checker detects a false report of every kind.
//!
//! For every kind of write, one thing is changed in a run without disagreements.

use std::collections::BTreeMap;

use http::header::USER_AGENT;

use super::config::Load;
use super::report::Report;
use super::run::Run;

/// A change to the run at a write that was applied and reported as applied.
type Mutation = fn(&mut Run, at: usize);

fn is_of(run: &Run, at: usize, agent: Option<&str>) -> bool {
    agent.is_some_and(|agent| agent.split(' ').next() == Some(run.log.writes[at].agent.as_str()))
}

fn requests_of(run: &Run, at: usize) -> Vec<usize> {
    let agent = |n: usize| run.requests[n].headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    (0..run.requests.len()).filter(|n| is_of(run, at, agent(*n))).collect()
}

fn entries_of(run: &Run, at: usize) -> Vec<usize> {
    (0..run.audit.len()).filter(|n| is_of(run, at, run.audit[*n].user_agent.as_deref())).collect()
}

const MUTATIONS: [(&str, Mutation); 6] = [
    ("reported as not applied", |run, at| run.log.writes[at].report = Report::NotApplied),
    ("not executed, but reported as applied", |run, at| {
        for n in requests_of(run, at) {
            run.requests[n].status = None;
        }
        for n in entries_of(run, at) {
            run.audit.remove(n);
        }
    }),
    ("reported as unknown after a response", |run, at| run.log.writes[at].report = Report::Unknown),
    ("executed twice by one request", |run, at| {
        let n = entries_of(run, at)[0];
        run.audit.insert(n, run.audit[n].clone());
    }),
    ("sent twice", |run, at| {
        let n = requests_of(run, at)[0];
        run.requests.push(run.requests[n].clone());
    }),
    ("missing in the audit log", |run, at| {
        let n = entries_of(run, at)[0];
        run.audit.remove(n);
    }),
];

/// Asserts that each mutation of one write of each kind is detected, and each missing object.
fn assert_detects_each(run: &Run, kinds_of_writes: usize) {
    assert_eq!(run.problems(), Vec::<String>::new());
    // One write of each kind with an entry in the audit log.
    let mut kinds = BTreeMap::new();
    for (at, write) in run.log.writes.iter().enumerate() {
        let kind = (write.operation, write.change.entry.starts_with("no "));
        if !kinds.contains_key(&kind) && entries_of(run, at).len() == 1 {
            kinds.insert(kind, at);
        }
    }
    assert_eq!(kinds.len(), kinds_of_writes, "{kinds:?}");
    for (kind, at) in kinds {
        for (mutation, mutate) in MUTATIONS {
            let mut run = run.clone();
            mutate(&mut run, at);
            assert_ne!(run.problems(), Vec::<String>::new(), "{kind:?}: {mutation}");
        }
    }
    // One place of each kind that has a value.
    let places = run.final_state.places.keys().map(|place| (place.split(' ').next(), place));
    for place in BTreeMap::from_iter(places).into_values() {
        let mut run = run.clone();
        run.final_state.places.remove(place);
        assert_ne!(run.problems(), Vec::<String>::new(), "{place} is empty");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn detects_each_false_report_for_every_kind_of_write() {
    let mut run = Load { calls: 1500, fault_rate: 0.0, ..Load::default() }.run().await;
    // There are eleven kinds of writes, and two of them have two effects.
    assert_detects_each(&run, 11 + 2);
    run.log.events.remove(0);
    assert_ne!(run.problems(), Vec::<String>::new(), "a missing entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn detects_each_false_report_about_a_control_plane() {
    let load = Load { calls: 400, connections: 9, fault_rate: 0.0, ..Load::default() };
    let run = load.run_on_control_plane().await;
    // Creates and deletes of eight kinds of objects. A preview is a deployment.
    assert_detects_each(&run, 8 * 2);
    for thing in &run.final_state.things {
        let mut run = run.clone();
        run.final_state.things.remove(thing);
        assert_ne!(run.problems(), Vec::<String>::new(), "{thing} is missing in the ledger");
    }
}
