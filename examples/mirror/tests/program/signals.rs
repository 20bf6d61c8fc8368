//! The program stops on Ctrl-C, and writes plain lines to a pipe.

use std::time::Duration;

use super::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn stops_on_ctrl_c_with_a_summary_and_continues_later() {
    let setup = Setup::new(300).await;
    for (signal, expected) in [("-INT", "begins a copy"), ("-TERM", "continues generation 1")] {
        let mut mirror = setup.start(&["--poll", "0.01"]);
        mirror.line(expected).await;
        mirror.line("up to date").await;
        mirror.signal(signal).await;
        let (status, rest) = mirror.end().await;
        assert_eq!(status.code(), Some(0));
        assert!(rest.ends_with("; stopped\n"), "{rest}");
        assert_eq!(setup.mirrored(), setup.documents());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_that_is_not_up_to_date_says_so() {
    let setup = Setup::new(50).await;
    setup.fake.fault_at("/data/sync", convex_mgmt_fake::Fault::delay(Duration::from_secs(60)));
    let mut mirror = setup.start(&["--once"]);
    mirror.line("begins a copy").await;
    mirror.signal("-INT").await;
    let (status, rest) = mirror.end().await;
    assert_eq!(status.code(), Some(5));
    assert!(rest.ends_with("stopped before the copy was up to date\n"), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_stops_at_once_although_the_database_is_locked() {
    let setup = Setup::new(50).await;
    drop(setup.sink());
    let lock = rusqlite::Connection::open(&setup.database).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut mirror = setup.start(&[]);
    mirror.line("mirrors").await;
    // Two signals that arrive together are one signal, so the second is repeated.
    let status = loop {
        mirror.signal("-INT").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if let Some(status) = mirror.child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_plain_lines_to_a_pipe() {
    let setup = Setup::new(300).await;
    let (code, output, errors) = setup.run(&["--once"]).await;
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    assert!(output.lines().count() >= 4 && output.contains("\nsnapshotting: "), "{output}");
    assert!(!output.contains(['\r', '\x1b']), "{output:?}");
}
