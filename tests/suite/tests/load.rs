//! Load test: many calls with faults, where the client's reports agree exactly with the fake's records.
//!
//! `cargo bench -p convex-mgmt-suite --bench load -- --help` runs it with other settings.

use convex_mgmt::RetryPolicy;
use convex_mgmt_suite::load::{Load, Protocol, Run};

async fn agreed(load: Load) -> Run {
    check(load.run().await)
}

/// Asserts that the reports of a run agree with the fake, and that there are reports of every kind.
fn check(run: Run) -> Run {
    let load = run.load();
    let problems = run.problems();
    assert!(problems.is_empty(), "{run}{} problems: {:#?}", problems.len(), &problems[..problems.len().min(20)]);
    let [applied, not_applied, unknown] = run.reports();
    assert!(applied > load.calls / 2 && not_applied > 0 && unknown > 0, "{run}");
    assert!(run.opened() <= run.may_open(), "{} connections, at most {}", run.opened(), run.may_open());
    run
}

fn assert_every_fault_was_met(run: &Run) {
    let missed: Vec<_> = run.met().into_iter().filter(|(_, met)| *met == 0).collect();
    assert!(missed.is_empty(), "{missed:?} was never met");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_agree_with_the_fake_over_http1() {
    assert_every_fault_was_met(&agreed(Load::default()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_agree_with_the_fake_over_http2() {
    assert_every_fault_was_met(&agreed(Load { protocol: Protocol::Http2, seed: 2, ..Load::default() }).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_agree_over_http2_when_each_reset_breaks_the_connection() {
    let run = agreed(Load { calls: 4000, protocol: Protocol::Http2Broken, seed: 3, ..Load::default() }).await;
    assert!(run.opened() > 1, "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_agree_with_the_fake_without_retries() {
    let retry = RetryPolicy::never();
    assert_every_fault_was_met(
        &agreed(Load { calls: 4000, retry, fault_rate: 0.05, seed: 4, ..Load::default() }).await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_creates_and_deletes_agree_with_the_ledger_of_the_control_plane() {
    let load = Load { calls: 2000, fault_rate: 0.1, seed: 5, ..Load::default() };
    assert_every_fault_was_met(&check(load.run_on_control_plane().await));
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_creates_and_deletes_agree_with_the_ledger_without_retries() {
    let load = Load { calls: 1200, retry: RetryPolicy::never(), fault_rate: 0.15, seed: 6, ..Load::default() };
    assert_every_fault_was_met(&check(load.run_on_control_plane().await));
}
