//! Batches as a stream.

use std::time::Duration;

use convex_mgmt::sync::{MemorySink, PendingBatch, SyncBatches, SyncError, SyncFailure};
use convex_mgmt_fake::Fault;
use futures_core::Stream;
use futures_util::StreamExt;
use tokio::time::Instant;

use crate::source::{PATH, client, copied, documents, insert, options, poll_once, source};

#[tokio::test(start_paused = true)]
async fn a_consumer_stores_each_batch_and_confirms_it() {
    let fake = source();
    let mut sink = MemorySink::new();
    let mut batches = SyncBatches::new(client(&fake), sink.state(), options()).unwrap();
    assert_eq!(fake.requests().len(), 0, "nothing is requested before the first poll");
    let started = Instant::now();
    for round in 0..3 {
        loop {
            let pending = batches.next().await.unwrap().unwrap();
            sink.commit(pending.batch()).unwrap();
            let is_up_to_date = pending.batch().is_up_to_date();
            pending.confirm();
            assert_eq!(batches.checkpoint().map(|it| it.to_string()), sink.state().checkpoint);
            if is_up_to_date {
                break;
            }
        }
        assert_eq!(copied(&sink), documents(&fake));
        insert(&fake, "", "users", 10 + round);
    }
    let pauses = started.elapsed().as_secs_f64();
    assert!((12.0..=20.0).contains(&pauses), "2 pauses of 6 s to 10 s: {pauses}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_dropped_comes_again_and_one_that_is_held_holds_the_stream() {
    let fake = source();
    let mut sink = MemorySink::new();
    let mut batches = SyncBatches::new(client(&fake), sink.state(), options()).unwrap();
    let first = batches.next_batch().await.unwrap().unwrap();
    let requests = fake.requests().len();
    let mut next = batches.next();
    assert!(poll_once(&mut next).await.is_pending());
    assert_eq!(fake.requests().len(), requests, "no page is requested before the batch is confirmed");
    let expected = first.batch().page().values.clone();
    let held = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(first);
    });
    let again = next.await.unwrap().unwrap();
    held.await.unwrap();
    assert_eq!(again.batch().page().values, expected);
    sink.commit(again.batch()).unwrap();
    again.confirm();
    for turn in 0.. {
        let pending = batches.next_batch().await.unwrap().unwrap();
        // Every second batch is not stored.
        if turn % 2 == 0 {
            drop(pending);
            continue;
        }
        sink.commit(pending.batch()).unwrap();
        let is_up_to_date = pending.batch().is_up_to_date();
        pending.confirm();
        if is_up_to_date {
            break;
        }
    }
    assert_eq!(copied(&sink), documents(&fake));
}

#[tokio::test]
async fn a_dropped_future_keeps_the_call_and_a_failure_ends_the_stream() {
    let fake = source();
    let mut batches = SyncBatches::new(client(&fake), MemorySink::new().state(), options()).unwrap();
    fake.fault_at(PATH, Fault::delay(Duration::from_millis(20)));
    for _ in 0..3 {
        assert!(poll_once(&mut Box::pin(batches.next_batch())).await.is_pending());
    }
    batches.next_batch().await.unwrap().unwrap().confirm();
    assert_eq!(fake.requests().len(), 1);
    fake.fault_at(PATH, Fault::code(403, "StreamingExportNotEnabled"));
    let failure = batches.next().await.unwrap().unwrap_err();
    assert!(matches!(failure, SyncFailure::Call(_)), "{failure}");
    assert!(batches.next().await.is_none());
    assert!(batches.next_batch().await.unwrap().is_none());
}

#[test]
fn a_stream_can_move_into_a_task_and_rejects_a_bad_start_at_once() {
    fn check<T: Stream + Send + Unpin + 'static>(_: &T) {}
    fn check_batch<T: Send + Sync + 'static>() {}
    check_batch::<PendingBatch>();
    let state = MemorySink::new().state();
    check(&SyncBatches::new(client(&source()), state.clone(), options()).unwrap());
    let error = SyncBatches::new(client(&source()), state.newest_generation(Some(1)), options()).unwrap_err();
    assert_eq!(error, SyncError::RowsWithoutCheckpoint);
}
