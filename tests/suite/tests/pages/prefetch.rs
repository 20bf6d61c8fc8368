//! Walks with prefetch: what is requested when, and where its errors go.

use std::time::Duration;

use convex_mgmt::deployment::ListAuditLogEvents;
use convex_mgmt::{Client, ErrorKind, Pages, RetryPolicy, Sent, Transport, TransportError, UnixMillis};
use convex_mgmt_suite::endpoint;
use futures_util::{FutureExt, StreamExt};

use crate::gate::{Gate, all, page, poll_once, times};

fn lost() -> TransportError {
    TransportError::connection(Sent::Maybe, "the connection was lost")
}

#[tokio::test]
async fn requests_the_next_page_with_the_return_of_a_page_and_never_the_one_after_it() {
    let gate = Gate::default();
    let mut pages = gate.pages().prefetch();
    assert_eq!(gate.count(), 0);
    assert!(poll_once(&mut pages.next()).is_pending());
    assert_eq!(gate.cursors(), [""], "the first page was not returned yet");
    gate.answer(page([1], Some("a")));
    assert_eq!(times(&pages.next().await.unwrap().unwrap()), [1]);
    assert_eq!((gate.cursors(), pages.cursor()), (vec![String::new(), "a".to_owned()], Some("a")));
    // The page that was requested ahead arrives before the caller asks for it.
    gate.answer(page([2], Some("b")));
    assert_eq!((gate.count(), pages.cursor()), (2, Some("a")), "the caller has not received the second page");
    assert_eq!(times(&pages.next().await.unwrap().unwrap()), [2]);
    assert_eq!((gate.count(), pages.cursor()), (3, Some("b")));
    gate.answer(page([3], None));
    assert_eq!(times(&pages.next_page().await.unwrap().unwrap()), [3]);
    assert!(pages.next_page().await.unwrap().is_none() && pages.next().await.is_none());
    assert_eq!(gate.cursors(), ["", "a", "b"], "nothing follows the last page");
}

#[tokio::test]
async fn by_item_the_page_ahead_makes_progress_while_the_current_page_lasts() {
    let gate = Gate::default();
    let mut items = gate.pages().prefetch().items();
    gate.prepare(page([1, 2, 3, 4], Some("a")));
    assert_eq!(items.next().await.unwrap().unwrap().create_time, UnixMillis(1));
    assert_eq!((gate.count(), items.cursor()), (2, None));
    gate.answer(page([5, 6], Some("b")));
    for time in 2..=4 {
        assert_eq!(items.next_item().await.unwrap().unwrap().create_time, UnixMillis(time));
        assert_eq!(gate.count(), 2, "one page ahead is enough");
    }
    assert_eq!(items.cursor(), Some("a"));
    // The page was read with the items before it, so it is here without another response.
    assert_eq!(items.next().now_or_never().unwrap().unwrap().unwrap().create_time, UnixMillis(5));
    assert_eq!((gate.count(), items.cursor()), (3, Some("a")));
    gate.answer(page([], Some("c")));
    gate.prepare(page([7], None));
    assert_eq!(all(&mut items).await.unwrap(), [6, 7]);
    assert_eq!(gate.cursors(), ["", "a", "b", "c"]);
}

#[tokio::test]
async fn an_error_ahead_is_returned_when_its_page_is_asked_for_and_the_page_is_requested_again() {
    let gate = Gate::default();
    for reply in [page([1, 2], Some("a")), Err(lost()), Err(lost()), page([3], None)] {
        gate.prepare(reply);
    }
    let mut items = gate.pages().prefetch().items();
    let mut results = Vec::new();
    while let Some(item) = items.next().await {
        results.push((item.map(|event| event.create_time.0).map_err(|error| error.kind()), gate.count()));
    }
    let failed = Err(ErrorKind::Connection);
    assert_eq!(results, [(Ok(1), 2), (Ok(2), 2), (failed, 2), (failed, 3), (Ok(3), 4)]);
    assert_eq!(gate.cursors(), ["", "a", "a", "a"]);
}

#[tokio::test]
async fn a_repeated_cursor_is_an_error_after_the_page_that_returned_it() {
    let gate = Gate::default();
    for next in ["a", "b", "a"] {
        gate.prepare(page([1], Some(next)));
    }
    let mut pages = gate.pages().prefetch();
    for _ in 0..3 {
        assert_eq!(times(&pages.next().await.unwrap().unwrap()), [1]);
    }
    assert_eq!(pages.next().await.unwrap().unwrap_err().kind(), ErrorKind::Pagination);
    assert!(pages.next().await.is_none());
    assert_eq!(gate.count(), 3);
}

#[tokio::test]
async fn dropped_futures_and_walks_request_no_page_twice() {
    let gate = Gate::default();
    gate.prepare(page([1], Some("a")));
    let mut pages = gate.pages().prefetch();
    pages.next().await.unwrap().unwrap();
    for _ in 0..3 {
        assert!(poll_once(&mut pages.next()).is_pending());
    }
    assert_eq!(gate.count(), 2);
    drop(pages);
    assert!(!gate.answer(page([2], None)), "the call ahead was dropped with the walk");
}

fn with_layers(gate: &Gate) -> Pages<ListAuditLogEvents, impl Transport + use<>> {
    let builder = Client::builder(endpoint("http://127.0.0.1:1")).retry(RetryPolicy::never());
    let client = builder.total_timeout(Duration::from_secs(90)).build_on(gate.clone()).unwrap();
    client.pages(ListAuditLogEvents::new(UnixMillis(0))).prefetch()
}

#[tokio::test(start_paused = true)]
async fn a_busy_caller_still_gets_the_page_that_arrived_in_the_meantime() {
    let gate = Gate::default();
    gate.prepare(page([1], Some("a")));
    let mut pages = with_layers(&gate);
    pages.next_page().await.unwrap().unwrap();
    gate.answer(page([2], None));
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(times(&pages.next_page().await.unwrap().unwrap()), [2]);
    assert_eq!(gate.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_ahead_that_timed_out_is_replaced_once() {
    let gate = Gate::default();
    gate.prepare(page([1], Some("a")));
    let mut pages = with_layers(&gate);
    pages.next_page().await.unwrap().unwrap();
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(gate.count(), 2);
    let started = tokio::time::Instant::now();
    let error = pages.next_page().await.unwrap_err();
    assert!(error.is_timeout() && started.elapsed() > Duration::from_secs(1), "{error:?}");
    assert_eq!(gate.count(), 3, "the caller waited for a call of its own");
    gate.prepare(page([2], None));
    assert_eq!(times(&pages.next_page().await.unwrap().unwrap()), [2]);
    assert_eq!(gate.cursors(), ["", "a", "a", "a"]);
}
