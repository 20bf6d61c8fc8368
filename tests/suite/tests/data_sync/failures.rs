//! Runs with failing calls, expired and foreign cursors, and failing sinks.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use convex_mgmt::deployment::data_sync::{DataSyncPage, DataSyncStatus, Snapshot};
use convex_mgmt::sync::{
    MemorySink, OldRows, Sink, SinkState, SyncBatch, SyncConflict, SyncDriver, SyncEngine, SyncError, SyncEvent,
    SyncFailure,
};
use convex_mgmt::{Client, ErrorCode, ErrorKind, TransportError, UnixMillis, UnixNanos};
use convex_mgmt_fake::Fault;
use convex_mgmt_suite::{Script, Step, endpoint, refused, reset};
use http::{Request, Response};
use serde_json::json;
use tokio::time::Instant;
use tower::service_fn;

use crate::source::{PATH, URL, client, copied, copy, documents, insert, line, options, poll_once, source};

#[tokio::test(start_paused = true)]
async fn keeps_trying_with_growing_pauses_while_time_may_help() {
    let fake = source();
    let faults = [Fault::status(503), Fault::Reset, Fault::LostResponse, Fault::code(500, "InternalServerError")];
    for fault in faults.iter().cycle().take(12) {
        fake.fault_at(PATH, fault.clone());
    }
    let mut pauses = Vec::new();
    let mut driver = SyncDriver::new(client(&fake), MemorySink::new()).on_event(|event| {
        if let SyncEvent::Retrying { pause, .. } = event {
            pauses.push(pause.as_secs_f64());
        }
    });
    driver.run_until_up_to_date().await.unwrap();
    assert_eq!(copied(driver.sink()), documents(&fake));
    assert_eq!(pauses.len(), 12);
    for (pause, longest) in pauses.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0, 60.0, 60.0]) {
        assert!((longest / 2.0..=longest).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_the_server_asks_for_and_gives_up_after_the_time_of_its_caller() {
    let fake = source();
    fake.fault_at(PATH, Fault::status(429).retry_after(Duration::from_secs(100)));
    let started = Instant::now();
    let mut driver = SyncDriver::new(client(&fake), MemorySink::new());
    driver.run_until_up_to_date().await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(100));

    (0..100).for_each(|_| fake.fault_at(PATH, Fault::status(503)));
    let started = Instant::now();
    let mut driver = driver.give_up_after(Duration::from_secs(300));
    let failure = driver.run_until_up_to_date().await.unwrap_err();
    assert!((240..=300).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    assert!(matches!(&failure, SyncFailure::Call(error) if error.status().unwrap() == 503), "{failure}");
    assert!(failure.to_string().starts_with("the sync stopped at a call, the copy is as after the last page: "));
    assert_eq!(copied(driver.sink()), documents(&fake));
}

#[tokio::test(start_paused = true)]
async fn the_time_to_give_up_begins_again_after_a_page() {
    let fake = source();
    let mut driver = SyncDriver::new(client(&fake), MemorySink::new()).give_up_after(Duration::from_secs(10));
    for _ in 0..5 {
        // The pauses add up to more than 10 s in all.
        (0..3).for_each(|_| fake.fault_at(PATH, Fault::status(503)));
        insert(&fake, "", "users", 9);
        fake.commit(|tables| tables.delete("", "users", "users9"));
        driver.run_until_up_to_date().await.unwrap();
    }
    assert_eq!(copied(driver.sink()), documents(&fake));
}

#[tokio::test]
async fn ends_at_once_for_a_failure_that_time_does_not_change() {
    let fake = source();
    for (status, code) in [(403, "StreamingExportNotEnabled"), (401, "BadDeployKey"), (400, "InvalidDataSyncCursor")] {
        fake.fault_at(PATH, Fault::code(status, code));
        let failure = SyncDriver::new(client(&fake), MemorySink::new()).run_until_up_to_date().await.unwrap_err();
        let SyncFailure::Call(error) = &failure else { panic!("{failure}") };
        assert_eq!(error.code(), Some(&ErrorCode::from(code)));
        assert_eq!(failure.to_string().contains("SyncOptions::restart"), code == "InvalidDataSyncCursor", "{failure}");
    }
    assert_eq!(fake.requests().len(), 3);
}

fn unresolved() -> Step {
    Step::Fail(TransportError::dns("no such host"))
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_resolve_ends_only_a_run_that_never_reached_the_deployment() {
    let unknown = Client::with_service(endpoint(URL), Script::new([unresolved()]));
    let failure = SyncDriver::new(unknown, MemorySink::new()).run_until_up_to_date().await.unwrap_err();
    assert!(matches!(&failure, SyncFailure::Call(error) if error.kind() == ErrorKind::Dns), "{failure}");

    let fake = source();
    let mut sink = MemorySink::new();
    copy(&fake, &mut sink).await;
    let script = Script::new([unresolved(), refused(), reset(), unresolved()]);
    let known = Client::with_service(endpoint(URL), script.clone());
    let mut errors = Vec::new();
    let mut driver = SyncDriver::new(known, &mut sink).on_event(|event| {
        if let SyncEvent::Retrying { error, .. } = event {
            errors.push(error.kind());
        }
    });
    let failure = driver.run_until_up_to_date().await.unwrap_err();
    assert!(matches!(&failure, SyncFailure::Call(error) if error.kind() == ErrorKind::Tls), "the script has ended");
    assert_eq!(errors, [ErrorKind::Dns, ErrorKind::Connect, ErrorKind::Connection, ErrorKind::Dns]);
}

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(start_paused = true)]
async fn an_expired_cursor_begins_a_new_copy_and_the_old_rows_stay_until_it_is_complete() {
    for old_rows in [OldRows::KeepUntilComplete, OldRows::DeleteFirst] {
        let fake = source();
        let mut sink = MemorySink::new().with_old_rows(old_rows);
        copy(&fake, &mut sink).await;
        fake.advance_clock(15 * DAY);
        fake.commit(|tables| tables.delete("", "users", "users0"));
        let (mut lines, mut counts) = (Vec::new(), Vec::new());
        let sizes = RefCell::new(&mut counts);
        let counting = Counting { sink: &mut sink, sizes: &sizes };
        SyncDriver::new(client(&fake), counting)
            .on_event(|event| lines.push(line(&event)))
            .run_until_up_to_date()
            .await
            .unwrap();
        assert_eq!(copied(&sink), documents(&fake), "{lines:?}");
        assert!(lines[0].ends_with("generation 1") && lines[1] == "restarted with generation 2", "{lines:?}");
        let expected = if old_rows == OldRows::DeleteFirst { 2 } else { 8 };
        assert_eq!(counts.first(), Some(&expected), "the rows after the first page");
        assert_eq!(counts.last(), Some(&7));
    }
}

/// Counts the rows after each commit.
struct Counting<'a, 'b> {
    sink: &'a mut MemorySink,
    sizes: &'a RefCell<&'b mut Vec<usize>>,
}

impl Sink for Counting<'_, '_> {
    type Error = SyncConflict;

    async fn state(&mut self) -> Result<SinkState, SyncConflict> {
        Ok(MemorySink::state(self.sink))
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), SyncConflict> {
        MemorySink::commit(self.sink, batch)?;
        self.sizes.borrow_mut().push(self.sink.tables().map(|(_, rows)| rows.len()).sum());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_rejects_all_its_cursors_does_not_keep_the_sync_busy() {
    let server = service_fn(|request: Request<Bytes>| {
        let response = if request.body().starts_with(b"{\"cursor\"") {
            let body = Bytes::from(r#"{"code":"DataSyncCursorExpired","message":""}"#);
            Response::builder().status(400).body(body).unwrap()
        } else {
            let page = r#"{"status":{"type":"snapshotting"},"truncates":[],"values":[],"syncId":"s","pagination":{"nextCursor":"c"}}"#;
            Response::new(Bytes::from(page))
        };
        std::future::ready(Ok::<_, TransportError>(response))
    });
    let mut restarts = 0;
    let client = Client::with_service(endpoint(URL), server);
    let mut driver = SyncDriver::new(client, MemorySink::new()).on_event(|event| {
        if let SyncEvent::Restarted { .. } = event {
            restarts += 1;
        }
    });
    driver.run(tokio::time::sleep(Duration::from_secs(300))).await.unwrap();
    assert!((7..16).contains(&restarts), "{restarts} restarts in 5 min");
}

#[tokio::test(start_paused = true)]
async fn warns_of_an_expiring_cursor_at_the_start_and_while_calls_fail() {
    let now = UnixMillis::try_from(SystemTime::now()).unwrap();
    let page = |age: Duration| {
        let snapshot = Snapshot::new(UnixNanos((now.0 - age.as_millis() as i64) * 1_000_000));
        DataSyncPage::new(DataSyncStatus::UpToDate(snapshot), "s", "c")
    };
    let mut sink = MemorySink::new();
    let engine = SyncEngine::new(sink.state(), options()).unwrap();
    sink.commit(&engine.accept(page(2 * DAY + DAY / 2), now).unwrap()).unwrap();
    let body = serde_json::to_vec(&json!({
        "status": { "type": "upToDate", "snapshotTs": now.0 * 1_000_000 }, "truncates": [], "values": [],
        "syncId": "s", "pagination": { "hasMore": true, "nextCursor": "d" },
    }));
    let busy = || Step::Status(503, "");
    let script = Script::new([busy(), busy(), Step::Respond(Response::new(body.unwrap().into()))]);
    let mut lines = Vec::new();
    SyncDriver::new(Client::with_service(endpoint(URL), script), &mut sink)
        .on_event(|event| lines.push(line(&event)))
        .run_until_up_to_date()
        .await
        .unwrap();
    let warning = "expiring after 2 days";
    let retrying = "retrying after 503";
    let expected =
        ["started at page 1, generation 1", warning, retrying, warning, retrying, warning, "committed 0 of 0"];
    assert_eq!(lines, expected);
}

/// A sink whose parts fail.
struct Broken {
    sink: MemorySink,
    fails_to_read: bool,
    commits: usize,
}

#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error("the disk is full")]
    Full,
    #[error("the transaction was rolled back")]
    RolledBack(#[source] SyncConflict),
}

impl Sink for Broken {
    type Error = StoreError;

    async fn state(&mut self) -> Result<SinkState, StoreError> {
        if self.fails_to_read { Err(StoreError::Full) } else { Ok(self.sink.state()) }
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), StoreError> {
        self.commits = self.commits.checked_sub(1).ok_or(StoreError::Full)?;
        self.sink.commit(batch).map_err(StoreError::RolledBack)
    }
}

#[tokio::test]
async fn a_failing_sink_ends_the_run_and_a_later_run_continues() {
    let fake = source();
    let mut driver =
        SyncDriver::new(client(&fake), Broken { sink: MemorySink::new(), fails_to_read: true, commits: 0 });
    let failure = driver.run_until_up_to_date().await.unwrap_err();
    assert_eq!(failure.to_string(), "the sync did not begin, the sink cannot be read: the disk is full");
    assert!(failure.conflict().is_none());
    driver.sink_mut().fails_to_read = false;
    for pages in 0..4 {
        driver.sink_mut().commits = 1;
        let failure = driver.run_until_up_to_date().await.unwrap_err();
        assert!(matches!(failure, SyncFailure::Commit(_)), "{failure}");
        assert_eq!(driver.progress().pages, 1, "run {pages}");
    }
    driver.sink_mut().commits = usize::MAX;
    driver.run_until_up_to_date().await.unwrap();
    assert_eq!(copied(&driver.sink().sink), documents(&fake));
}

#[tokio::test]
async fn two_drivers_on_one_sink_conflict_and_the_error_says_so() {
    let fake = source();
    let shared = Shared(Arc::default());
    let mut second = SyncDriver::new(client(&fake), shared.clone());
    let mut first = SyncDriver::new(client(&fake), shared.clone());
    // The second driver stores a page while the first one waits for its page.
    let mut run = Box::pin(first.run_until_up_to_date());
    assert!(poll_once(&mut run).await.is_pending());
    second.run_until_up_to_date().await.unwrap();
    let failure = run.await.unwrap_err();
    assert!(failure.conflict().is_some(), "{failure}");
    assert!(failure.to_string().contains("another sync writes to the same sink"), "{failure}");
    assert_eq!(copied(&shared.0.lock().unwrap()), documents(&fake));
}

/// A sink that two drivers have.
#[derive(Clone)]
struct Shared(Arc<Mutex<MemorySink>>);

impl Sink for Shared {
    type Error = StoreError;

    async fn state(&mut self) -> Result<SinkState, StoreError> {
        Ok(self.0.lock().unwrap().state())
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        self.0.lock().unwrap().commit(batch).map_err(StoreError::RolledBack)
    }
}

#[tokio::test]
async fn a_sink_of_another_deployment_and_rows_without_a_checkpoint_end_the_run_before_a_request() {
    let fake = source();
    let mut sink = MemorySink::new();
    copy(&fake, &mut sink).await;
    let requests = fake.requests().len();
    let mut other = SyncDriver::new(client(&fake), sink.clone()).options(options().deployment("other"));
    let failure = other.run_until_up_to_date().await.unwrap_err();
    assert!(matches!(failure, SyncFailure::Start(SyncError::OtherDeployment { .. })), "{failure}");
    sink.remove_checkpoint();
    let failure = SyncDriver::new(client(&fake), sink).run_until_up_to_date().await.unwrap_err();
    assert!(matches!(failure, SyncFailure::Start(SyncError::RowsWithoutCheckpoint)), "{failure}");
    assert_eq!(fake.requests().len(), requests);
}
