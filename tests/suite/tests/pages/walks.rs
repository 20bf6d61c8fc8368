//! Walks without prefetch over a transport that waits for the test.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use convex_mgmt::deployment::ListAuditLogEvents;
use convex_mgmt::hyper::BoxService;
use convex_mgmt::management::{ListProjects, ListTeamAccessTokens};
use convex_mgmt::{ErrorKind, Items, Operation, Pages, Sent, UnixMillis};
use convex_mgmt_suite::reset;
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};

use crate::gate::{Gate, Reply, all, page, poll_once, times};

fn lost() -> Reply {
    match reset() {
        convex_mgmt_suite::Step::Fail(error) => Err(error),
        step => panic!("{step:?}"),
    }
}

#[test]
fn walks_of_the_default_and_of_the_boxed_client_are_streams_that_can_move_into_a_task() {
    fn check<T: Stream + Send + Unpin + 'static>() {}
    check::<Pages<ListAuditLogEvents>>();
    check::<Items<ListAuditLogEvents>>();
    check::<Pages<ListProjects>>();
    check::<Items<ListProjects>>();
    check::<Pages<ListAuditLogEvents, BoxService>>();
    check::<Items<ListTeamAccessTokens, BoxService>>();
}

#[tokio::test]
async fn sends_nothing_before_the_first_poll_and_no_page_before_it_is_needed() {
    let gate = Gate::default();
    let mut items = gate.items();
    let mut next = items.next();
    assert_eq!(gate.count(), 0);
    assert!(poll_once(&mut next).is_pending());
    assert_eq!(gate.cursors(), [""]);
    gate.answer(page([1, 2], Some("a")));
    assert_eq!(next.await.unwrap().unwrap().create_time, UnixMillis(1));
    assert_eq!(items.size_hint(), (1, None));
    assert_eq!(items.next().await.unwrap().unwrap().create_time, UnixMillis(2));
    assert_eq!(gate.count(), 1, "a page is requested when its first item is needed");
    gate.prepare(page([3], None));
    assert_eq!(items.try_next().await.unwrap().unwrap().create_time, UnixMillis(3));
    assert!(items.next().await.is_none() && items.next().await.is_none());
    assert_eq!(gate.cursors(), ["", "a"]);
}

#[tokio::test]
async fn a_dropped_future_loses_no_page_and_sends_no_second_request() {
    let gate = Gate::default();
    let mut pages = gate.pages();
    for _ in 0..3 {
        assert!(poll_once(&mut Box::pin(pages.next_page())).is_pending());
        assert!(poll_once(&mut pages.next()).is_pending());
    }
    assert!(gate.answer(page([1], Some("a"))), "the call is still in flight");
    assert_eq!(times(&pages.next_page().await.unwrap().unwrap()), [1]);
    assert_eq!(gate.count(), 1);

    let mut items = pages.items();
    for _ in 0..3 {
        assert!(poll_once(&mut Box::pin(items.next_item())).is_pending());
    }
    assert!(gate.answer(page([2, 3], None)));
    assert_eq!(all(&mut items).await.unwrap(), [2, 3]);
    assert_eq!(gate.cursors(), ["", "a"]);
}

#[tokio::test]
async fn a_dropped_walk_cancels_its_call() {
    let gate = Gate::default();
    let mut pages = gate.pages();
    assert!(poll_once(&mut pages.next()).is_pending());
    drop(pages);
    assert!(!gate.answer(page([], None)), "the call was dropped");
}

#[tokio::test]
async fn a_cursor_is_the_position_of_the_caller() {
    let gate = Gate::default();
    let mut pages = gate.pages();
    assert_eq!(pages.cursor(), None);
    assert!(poll_once(&mut pages.next()).is_pending());
    gate.answer(page([1], Some("a")));
    assert_eq!(pages.cursor(), None, "the page has not been returned");
    pages.next().await.unwrap().unwrap();
    assert_eq!(pages.cursor(), Some("a"));

    let mut items = pages.items();
    assert_eq!(items.cursor(), Some("a"));
    for reply in [page([], Some("b")), page([2, 3], Some("c")), page([4], None)] {
        gate.prepare(reply);
    }
    let mut cursors = Vec::new();
    while let Some(event) = items.next_item().await.unwrap() {
        cursors.push((event.create_time.0, items.cursor().map(str::to_owned)));
    }
    let cursor = |text: &str| Some(text.to_owned());
    assert_eq!(cursors, [(2, cursor("b")), (3, cursor("c")), (4, cursor("c"))]);
}

#[tokio::test]
async fn a_walk_from_a_stored_cursor_returns_each_item_at_least_once() {
    // Ten items in pages of three. A cursor is the index of an item.
    let reply = |cursor: &str| {
        let start: i64 = if cursor.is_empty() { 0 } else { cursor.parse().unwrap() };
        let end = 10.min(start + 3);
        page(start..end, (end < 10).then(|| end.to_string()).as_deref())
    };
    for stop in 0..=10 {
        let (gate, mut seen, mut cursor) = (Gate::default(), Vec::new(), None);
        for limit in [stop, usize::MAX] {
            let mut list = ListAuditLogEvents::new(UnixMillis(0));
            list.cursor = cursor.take();
            let mut items = gate.client().pages(list).items();
            let mut count = 0;
            while count < limit {
                let mut next = Box::pin(items.next_item());
                let item = match poll_once(&mut next) {
                    Poll::Ready(item) => item,
                    Poll::Pending => {
                        gate.answer(reply(gate.cursors().last().unwrap()));
                        next.await
                    }
                };
                let Some(event) = item.unwrap() else { break };
                seen.push(event.create_time.0);
                count += 1;
            }
            cursor = items.cursor().map(str::to_owned);
        }
        let repeated = i64::try_from(stop % 3).unwrap();
        let first = i64::try_from(stop).unwrap();
        // The first walk ended after the last page if it read all ten items. Its cursor is the one of that page.
        let again = if stop == 10 { 9 } else { first - repeated };
        assert_eq!(seen, (0..first).chain(again..10).collect::<Vec<_>>(), "{stop}");
    }
}

#[tokio::test]
async fn an_error_leaves_the_walk_where_it_was() {
    let gate = Gate::default();
    for reply in [page([1, 2], Some("a")), lost(), lost(), page([3], None)] {
        gate.prepare(reply);
    }
    let mut items = gate.items();
    let mut results = Vec::new();
    while let Some(item) = items.next().await {
        results.push(item.map(|event| event.create_time.0).map_err(|error| error.kind()));
    }
    let failed = Err(ErrorKind::Connection);
    assert_eq!(results, [Ok(1), Ok(2), failed, failed, Ok(3)]);
    assert_eq!(gate.cursors(), ["", "a", "a", "a"]);
}

#[tokio::test]
async fn a_stream_ends_after_an_error_that_would_repeat() {
    let gate = Gate::default();
    for _ in 0..2 {
        gate.prepare(page([1], Some("a")));
    }
    let mut pages = gate.pages();
    assert_eq!(times(&pages.next().await.unwrap().unwrap()), [1]);
    pages.next().await.unwrap().unwrap();
    assert_eq!(pages.next().await.unwrap().unwrap_err().kind(), ErrorKind::Pagination);
    assert!(pages.next().await.is_none() && pages.next().await.is_none());
    let error = pages.next_page().await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Pagination, Sent::No), "a method repeats it");

    let mut items = gate.client().pages(ListAuditLogEvents::new(UnixMillis(0)).limit(0)).items();
    assert_eq!(items.next().await.unwrap().unwrap_err().kind(), ErrorKind::Build);
    assert!(items.next().await.is_none());
    assert_eq!(items.next_item().await.unwrap_err().kind(), ErrorKind::Build);
    assert_eq!(gate.count(), 2);
}

/// Counts the calls of a waker.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_hundred_thousand_empty_pages_use_no_stack_and_leave_the_task_to_others_in_between() {
    const EMPTY: usize = 100_000;
    let gate = Gate::default();
    for number in 0..EMPTY {
        gate.prepare(page([], Some(&number.to_string())));
    }
    gate.prepare(page([7], None));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut items = gate.items();
    let (mut polls, mut before) = (0, 0);
    let item = {
        let mut next = pin!(items.next_item());
        loop {
            polls += 1;
            if let Poll::Ready(item) = next.as_mut().poll(&mut Context::from_waker(&waker)) {
                break item;
            }
            assert_eq!(wakes.0.load(Ordering::SeqCst), polls, "a poll that stops by itself wakes the task");
            assert!(gate.count() - before <= 100, "{} pages in one poll", gate.count() - before);
            before = gate.count();
        }
    };
    assert_eq!(item.unwrap().unwrap().create_time, UnixMillis(7));
    assert_eq!(gate.count(), EMPTY + 1);
}

#[tokio::test]
async fn a_list_that_announces_more_without_a_cursor_is_an_error_that_says_so() {
    let gate = Gate::default();
    for pagination in
        [r#"{"hasMore":true}"#, r#"{"hasMore":true,"nextCursor":null}"#, r#"{"hasMore":true,"nextCursor":""}"#]
    {
        let body = format!(r#"{{"items":[],"pagination":{pagination}}}"#);
        gate.prepare(Ok(http::Response::new(body.into())));
        let error = gate.items().next_item().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.operation().id),
            (ErrorKind::Decode, ListAuditLogEvents::META.id),
            "{pagination}"
        );
        let text = error.to_string();
        assert!(text.contains("the field `nextCursor` with a cursor, because `hasMore` is `true`"), "{text}");
    }
}

#[tokio::test]
async fn a_task_may_wait_between_pages_with_the_cursor() {
    let gate = Gate::default();
    gate.prepare(page([1], Some("a")));
    gate.prepare(page([2], None));
    async fn store(cursor: Option<&str>) -> usize {
        tokio::task::yield_now().await;
        cursor.map_or(0, str::len)
    }
    let mut pages = gate.client().boxed().pages(ListAuditLogEvents::new(UnixMillis(0)));
    let stored = tokio::spawn(async move {
        let mut stored = 0;
        while let Some(events) = pages.try_next().await? {
            stored += events.len() + store(pages.cursor()).await;
        }
        Ok::<usize, convex_mgmt::Error>(stored)
    });
    assert_eq!(stored.await.unwrap().unwrap(), 4);
}
