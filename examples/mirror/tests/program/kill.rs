//! The program continues after `kill -9` at any moment.

use std::time::Duration;

use super::Setup;

/// A fixed sequence of pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn continues_where_it_stopped_after_kill_9_at_random_moments() {
    let setup = Setup::new(2000).await;
    let writes = setup.fake.start_writes(100.0, 2);
    let mut random = Random(5);
    let mut pages = Vec::new();
    for _ in 0..8 {
        let before = setup.requests().0;
        let mut mirror = setup.start(&["--poll", "0"]);
        mirror.line("mirrors").await;
        // A number of pages, and then any moment of the next one.
        let more = 2 + random.below(8) as usize;
        while setup.requests().0 < before + more {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(random.below(6000))).await;
        mirror.child.kill().await.unwrap();
        let state = setup.sink().state().unwrap();
        pages.push(state.checkpoint.map(|text| text.parse::<convex_mgmt::sync::Checkpoint>().unwrap().pages()));
    }
    assert!(pages.is_sorted() && pages[0] < pages[7], "a kill undoes no page: {pages:?}");
    drop(writes);
    let (code, output, errors) = setup.run(&["--once"]).await;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{output}");
    assert!(output.contains("continues generation 1"), "{output}");
    let documents = setup.documents();
    assert!(documents.values().map(|table| table.len()).sum::<usize>() > 1000);
    assert_eq!(setup.mirrored(), documents);
    let (all, without_cursor) = setup.requests();
    assert!(all > 40 && without_cursor == 1, "{without_cursor} of {all} requests began a new sync");
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_the_old_rows_readable_and_replaces_them_after_the_cursor_expired() {
    let setup = Setup::new(300).await;
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
    setup.fake.commit(|tables| {
        let id = tables.ids("", "users").remove(0);
        tables.delete("", "users", &id);
    });
    setup.fake.expire_sync_cursors();
    let (code, output, _) = setup.run(&["--once"]).await;
    assert_eq!(code, Some(0));
    assert!(output.contains("warning: the cursor has expired; begins a new copy, generation 2"), "{output}");
    assert_eq!(setup.mirrored(), setup.documents());
}
