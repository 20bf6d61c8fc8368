//! Rows and checkpoint are stored together or not at all.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use convex_mgmt::ErrorCode;
use convex_mgmt::deployment::data_sync::DataSyncStatus;
use convex_mgmt::sync::{OldRows, Sink, SyncEngine, SyncError};
use convex_mgmt_mirror::postgres::PostgresError;

use crate::support::{Schema, batch, engine, options, page, step, up_to_date};

const SNAPSHOTTING: DataSyncStatus = DataSyncStatus::Snapshotting;

#[tokio::test]
async fn a_later_run_continues_at_the_stored_page() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    assert_eq!(sink.state().await.unwrap(), Default::default());
    let mut first = engine(&mut sink).await;
    step(&mut first, &mut sink, page(SNAPSHOTTING, "c1", "-t t=a t=b -empty")).await;
    step(&mut first, &mut sink, page(up_to_date(), "c2", "t!a t!unknown other!x u=c")).await;
    // Also a page without changes moves the checkpoint.
    step(&mut first, &mut sink, page(up_to_date(), "c3", "")).await;
    drop(sink.close().await.unwrap());

    let mut sink = schema.open().await.unwrap();
    let second = engine(&mut sink).await;
    assert_eq!(second.checkpoint(), first.checkpoint());
    assert_eq!((second.request().cursor.as_deref(), second.generation()), (Some("c3"), 1));
    assert_eq!(schema.rows().await, "t=b@1 u=c@1");
    let tables: Vec<String> = schema.names().await.into_values().collect();
    assert_eq!(tables, ["empty", "t", "u"], "a deletion creates no table");
    let checkpoint = format!(
        "SELECT deployment || ' ' || generation || ' ' || complete || ' ' || snapshot_ts || ' ' || received_at FROM {}",
        schema.table("_convex_checkpoint")
    );
    let stored = schema.text(&checkpoint).await.unwrap();
    assert_eq!(stored, "https://happy-animal-123.convex.cloud 1 true 1755000000000000000 1755000000000");
    schema.end().await;
}

#[tokio::test]
async fn a_dropped_commit_leaves_all_or_nothing_at_every_await() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(&mut engine, &mut sink, page(up_to_date(), "c", "-t t=a t=b")).await;
    let (mut dropped, mut stored_of_dropped) = (0, 0);
    for polls in 0.. {
        let cursor = format!("d{polls}");
        let batch =
            batch(&engine, page(up_to_date(), &cursor, &format!("-u{polls} t=c{polls} t!c{} u{polls}=x", polls - 1)));
        let done = {
            let mut commit = pin!(sink.commit(&batch));
            let mut left = polls;
            poll_fn(|context| {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
                commit.as_mut().poll(context).map(Some)
            })
            .await
        };
        let before = engine.checkpoint();
        // The next run on the same sink.
        engine.reload(sink.state().await.unwrap()).unwrap();
        let is_stored = engine.checkpoint().as_ref() == Some(batch.checkpoint());
        assert!(is_stored || engine.checkpoint() == before);
        let rows = schema.rows().await;
        assert_eq!(rows.contains(&format!("t=c{polls}@1")), is_stored, "{polls}: {rows}");
        assert_eq!(rows.contains(&format!("u{polls}=x@1")), is_stored, "{polls}: {rows}");
        assert!(!is_stored || !rows.contains(&format!("t=c{}@", polls - 1)), "{polls}: {rows}");
        match done {
            Some(result) => {
                result.unwrap();
                assert!(is_stored);
                break;
            }
            None => {
                dropped += 1;
                stored_of_dropped += i32::from(is_stored);
            }
        }
    }
    // A commit that was dropped while it waited for the answer to COMMIT is stored, the earlier ones are not.
    assert!(dropped - stored_of_dropped >= 4, "{dropped} {stored_of_dropped}");
    schema.end().await;
}

#[tokio::test]
async fn a_batch_that_does_not_follow_the_stored_checkpoint_stores_nothing() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut winner = engine(&mut sink).await;
    let loser = engine(&mut sink).await;
    step(&mut winner, &mut sink, page(up_to_date(), "c1", "-t t=a")).await;
    for changes in ["", "-t t=b", "-v v=x"] {
        let error = sink.commit(&batch(&loser, page(up_to_date(), "x", changes))).await.unwrap_err();
        assert!(matches!(error, PostgresError::Conflict(_)), "{error}");
    }
    assert_eq!(schema.rows().await, "t=a@1");
    assert_eq!(schema.names().await.len(), 1);
    // The loser's failures do not disturb the winner.
    step(&mut winner, &mut sink, page(up_to_date(), "c2", "v=a t!a")).await;
    assert_eq!(schema.rows().await, "v=a@1");
    schema.end().await;
}

#[tokio::test]
async fn a_page_that_fails_in_the_middle_stores_nothing_and_the_next_run_repeats_it() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(&mut engine, &mut sink, page(up_to_date(), "c1", "-t -u t=a")).await;
    // Another program's constraint.
    schema.execute(&format!("ALTER TABLE {} ADD CHECK (_id <> 'bad')", schema.table("u"))).await;
    let failing = batch(&engine, page(up_to_date(), "c2", "-new u=bad t=b t!a new=x"));
    let error = sink.commit(&failing).await.unwrap_err().to_string();
    assert!(error.contains("write documents of the table u") && error.contains("SQLSTATE 23514"), "{error}");
    assert_eq!(schema.rows().await, "t=a@1");
    engine.reload(sink.state().await.unwrap()).unwrap();
    assert_eq!(engine.request().cursor.as_deref(), Some("c1"));
    step(&mut engine, &mut sink, page(up_to_date(), "c2", "-new t=b t!a new=x u=good")).await;
    assert_eq!(schema.rows().await, "new=x@1 t=b@1 u=good@1");
    schema.end().await;
}

#[tokio::test]
async fn a_new_copy_keeps_or_drops_the_old_rows_as_the_sink_prefers() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(&mut engine, &mut sink, page(up_to_date(), "c", "-gone -t gone=x t=a t=b")).await;
    assert!(engine.recover(&ErrorCode::DataSyncCursorExpired));
    let mut first = page(SNAPSHOTTING, "d1", "-t t=a");
    first.sync_id = "s2".to_owned();
    step(&mut engine, &mut sink, first).await;
    assert_eq!(schema.rows().await, "gone=x@1 t=a@2 t=b@1", "old rows are readable");
    // The import of a table begins again: only the rows of this copy go.
    let mut again = page(SNAPSHOTTING, "d2", "-t t=c");
    again.sync_id = "s2".to_owned();
    step(&mut engine, &mut sink, again).await;
    assert_eq!(schema.rows().await, "gone=x@1 t=b@1 t=c@2");
    // The checkpoint survives a new connection.
    drop(sink.close().await.unwrap());
    let mut sink = schema.open().await.unwrap();
    let mut engine = SyncEngine::new(sink.state().await.unwrap(), options()).unwrap();
    assert_eq!(engine.generation(), 2);
    let mut last = page(up_to_date(), "d3", "t=d");
    last.sync_id = "s2".to_owned();
    step(&mut engine, &mut sink, last).await;
    assert_eq!(schema.rows().await, "t=c@2 t=d@2");

    let mut sink = sink.with_old_rows(OldRows::DeleteFirst);
    let mut engine = SyncEngine::new(sink.state().await.unwrap(), options().restart()).unwrap();
    step(&mut engine, &mut sink, page(SNAPSHOTTING, "e1", "-u u=a")).await;
    assert_eq!(schema.rows().await, "u=a@3");
    schema.end().await;
}

#[tokio::test]
async fn an_empty_copy_without_a_checkpoint_begins_with_the_first_generation_again() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut old = engine(&mut sink).await;
    step(&mut old, &mut sink, page(up_to_date(), "c", "-t t=a -u u=b")).await;
    let mut restarted = SyncEngine::new(sink.state().await.unwrap(), options().restart()).unwrap();
    step(&mut restarted, &mut sink, page(up_to_date(), "d", "-t t=a -u u=b")).await;
    step(&mut restarted, &mut sink, page(up_to_date(), "e", "t!a u!b")).await;
    schema.execute(&format!("UPDATE {} SET checkpoint = NULL", schema.table("_convex_checkpoint"))).await;
    for (cursor, first) in [("f", ""), ("g", "-t t=a t=b")] {
        let mut again = engine(&mut sink).await;
        step(&mut again, &mut sink, page(DataSyncStatus::Snapshotting, cursor, first)).await;
    }
    let mut later = engine(&mut sink).await;
    step(&mut later, &mut sink, page(up_to_date(), "h", "-t t=c")).await;
    assert_eq!(schema.rows().await, "t=c@1");
    schema.end().await;
}

#[tokio::test]
async fn rows_without_a_checkpoint_need_a_decision_and_empty_tables_need_none() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(&mut engine, &mut sink, page(up_to_date(), "c", "-t t=a")).await;
    // With the row and without it.
    let checkpoint = schema.table("_convex_checkpoint");
    for removal in [format!("UPDATE {checkpoint} SET checkpoint = NULL"), format!("DELETE FROM {checkpoint}")] {
        schema.execute(&removal).await;
        let lost = sink.commit(&batch(&engine, page(up_to_date(), "d", "t=b"))).await.unwrap_err();
        assert!(matches!(lost, PostgresError::Conflict(_)), "{lost}");
        let state = sink.state().await.unwrap();
        assert_eq!((state.checkpoint.as_deref(), state.newest_generation), (None, Some(1)));
        assert_eq!(SyncEngine::new(state, options()).unwrap_err(), SyncError::RowsWithoutCheckpoint);
    }
    let keep = options().rows_without_checkpoint(OldRows::KeepUntilComplete);
    let mut second = SyncEngine::new(sink.state().await.unwrap(), keep).unwrap();
    step(&mut second, &mut sink, page(up_to_date(), "e", "-t t=b")).await;
    assert_eq!(schema.rows().await, "t=b@2");

    schema.execute(&format!("DELETE FROM {}; DELETE FROM {checkpoint}", schema.table("t"))).await;
    assert_eq!(sink.state().await.unwrap(), Default::default());
    schema.end().await;
}

#[tokio::test]
async fn a_damaged_checkpoint_that_of_another_deployment_and_a_newer_format_are_errors() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(&mut engine, &mut sink, page(up_to_date(), "c", "-t t=a")).await;
    let state = sink.state().await.unwrap();
    let other = SyncEngine::new(state, options().deployment("other")).unwrap_err();
    assert!(matches!(other, SyncError::OtherDeployment { .. }), "{other}");
    let checkpoint = schema.table("_convex_checkpoint");
    schema.execute(&format!("UPDATE {checkpoint} SET checkpoint = replace(checkpoint, '\"c\"', '\"d\"')")).await;
    let damaged = SyncEngine::new(sink.state().await.unwrap(), options()).unwrap_err();
    assert!(matches!(damaged, SyncError::Checkpoint(_)), "{damaged}");
    schema.execute(&format!("UPDATE {checkpoint} SET format = 2")).await;
    let newer = sink.state().await.unwrap_err();
    assert!(matches!(newer, PostgresError::NewerFormat { found: 2, supported: 1, .. }), "{newer}");
    assert!(newer.to_string().contains("update the program"));
    assert_eq!(schema.rows().await, "t=a@1");
    schema.end().await;
}
