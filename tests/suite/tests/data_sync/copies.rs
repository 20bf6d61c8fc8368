//! Runs without failures: copies, continuation, options, totals.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use convex_mgmt::deployment::data_sync::{ActiveSyncStatus, Selection, TablePath};
use convex_mgmt::sync::{MemorySink, Sink, SinkState, SyncBatch, SyncDriver, SyncEvent, find_active_sync};
use tokio::time::Instant;

use crate::source::{client, copied, copy, documents, insert, line, options, source};

#[tokio::test]
async fn copies_a_deployment_and_continues_where_the_last_run_ended() {
    let fake = source();
    let mut sink = MemorySink::new();
    copy(&fake, &mut sink).await;
    assert_eq!(copied(&sink), documents(&fake));
    let requests = fake.requests().len();
    fake.commit(|tables| tables.delete("", "users", "users1"));
    insert(&fake, "", "users", 7);
    copy(&fake, &mut sink).await;
    assert_eq!(copied(&sink), documents(&fake));
    assert!(fake.requests().len() - requests < 4, "the run began again");
}

#[tokio::test(start_paused = true)]
async fn follows_changes_until_its_caller_ends_the_run() {
    let fake = source();
    let mut lines = Vec::new();
    let mut driver =
        SyncDriver::new(client(&fake), MemorySink::new()).options(options()).on_event(|event| lines.push(line(&event)));
    let started = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        insert(&fake, "", "users", 8);
        tokio::time::sleep(Duration::from_secs(8)).await;
    };
    let progress = driver.run(later).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(13), "the end of a run interrupts its pause");
    assert!(progress.is_up_to_date() && progress.complete && progress == *driver.progress());
    assert_eq!((progress.written, progress.deleted, progress.tables.len(), progress.generation), (9, 0, 2, 1));
    assert_eq!(progress.tables[&TablePath::new("shop", "orders")].written, 3);
    let expected: usize = documents(&fake).values().flatten().map(|(_, document)| document.to_string().len()).sum();
    assert_eq!(progress.bytes, expected as u64);
    assert_eq!(copied(driver.sink()), documents(&fake));
    let checkpoint = driver.checkpoint().unwrap();
    assert_eq!(driver.into_sink().state().checkpoint, Some(checkpoint.to_string()));
    assert_eq!((lines[0].as_str(), lines[1].as_str()), ("started at page 0, generation 1", "committed 2 of 2"));
    assert!(lines.contains(&"committed 1 of 9".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn a_run_that_is_over_before_it_begins_requests_nothing() {
    let fake = source();
    let progress = SyncDriver::new(client(&fake), MemorySink::new()).run(async {}).await.unwrap();
    assert_eq!((progress.pages, fake.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_restart_begins_one_new_copy_however_many_runs_follow() {
    let fake = source();
    let mut sink = MemorySink::new();
    copy(&fake, &mut sink).await;
    let mut driver = SyncDriver::new(client(&fake), &mut sink).options(options().restart());
    for _ in 0..3 {
        assert_eq!(driver.run_until_up_to_date().await.unwrap().generation, 2);
    }
    assert!(sink.tables().flat_map(|(_, rows)| rows.values()).all(|row| row.generation == 2));
    assert_eq!(copied(&sink), documents(&fake));
}

#[tokio::test]
async fn copies_only_the_selected_tables() {
    let fake = source();
    let options = options().selection(Selection::only(["users"]));
    let mut driver = SyncDriver::new(client(&fake), MemorySink::new()).options(options);
    driver.run_until_up_to_date().await.unwrap();
    let mut expected = documents(&fake);
    expected.remove("shop:orders");
    assert_eq!(copied(driver.sink()), expected);
}

/// A sink that cannot leave its thread.
struct Local(Rc<RefCell<MemorySink>>);

impl Sink for Local {
    type Error = convex_mgmt::sync::SyncConflict;

    async fn state(&mut self) -> Result<SinkState, Self::Error> {
        Ok(self.0.borrow().state())
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), Self::Error> {
        self.0.borrow_mut().commit(batch)
    }
}

#[tokio::test]
async fn a_sink_need_not_be_send_and_a_run_is_send_if_its_parts_are() {
    let fake = source();
    let sink = Rc::new(RefCell::new(MemorySink::new()));
    SyncDriver::new(client(&fake), Local(Rc::clone(&sink))).run_until_up_to_date().await.unwrap();
    assert_eq!(copied(&sink.borrow()), documents(&fake));
    let mut driver = SyncDriver::new(client(&fake), MemorySink::new());
    let run = tokio::spawn(async move { driver.run_until_up_to_date().await.map(|progress| progress.written) });
    assert_eq!(run.await.unwrap().unwrap(), 8);
}

#[tokio::test]
async fn the_server_counts_all_documents_while_it_reads_the_tables() {
    let fake = source();
    let mut fractions = Vec::new();
    let mut driver = SyncDriver::new(client(&fake), MemorySink::new()).totals().on_event(|event| {
        if let SyncEvent::Committed { progress, .. } = event {
            fractions.extend(progress.fraction());
        }
    });
    driver.run_until_up_to_date().await.unwrap();
    let id = driver.checkpoint().unwrap().sync_id().to_owned();
    // The record is that of the first page, and the run has written the documents of two.
    assert_eq!(fractions.first(), Some(&0.5), "4 of 8 documents: {fractions:?}");
    let asked = fake.requests().iter().filter(|request| request.uri.to_string().contains("list_active_syncs")).count();
    assert_eq!(asked, 1, "at most every 5 s");

    let active = find_active_sync(&client(&fake), &id).await.unwrap().unwrap();
    assert!(matches!(active.status, ActiveSyncStatus::UpToDate(_)), "{active:?}");
    assert_eq!(find_active_sync(&client(&fake), "other").await.unwrap(), None);
}
