//! The exit statuses and texts of failures.

use convex_mgmt_fake::{FakeControlPlane, Fault, SyncQuirk, TokenClass};

use super::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_on_one_database_one_ends_with_a_conflict() {
    let setup = Setup::new(300).await;
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
    let _writes = setup.fake.start_writes(200.0, 2);
    let (mut one, mut two) = (setup.start(&["--poll", "0"]), setup.start(&["--poll", "0"]));
    let (loser, other) = tokio::select! {
        _ = one.child.wait() => (one, two),
        _ = two.child.wait() => (two, one),
    };
    let output = loser.child.wait_with_output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("another sync writes to the same sink"), "{errors}");
    other.signal("-INT").await;
    assert_eq!(other.end().await.0.code(), Some(0));
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_selection_needs_a_decision() {
    let setup = Setup::new(100).await;
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
    let (code, _, errors) = setup.run(&["--once", "--exclude", "orders"]).await;
    assert_eq!(code, Some(4));
    assert!(errors.contains("--on-selection-change restart or continue"), "{errors}");
    let (code, output, _) = setup.run(&["--once", "--exclude", "orders", "--on-selection-change", "restart"]).await;
    assert_eq!(code, Some(0), "{output}");
    let mut expected = setup.documents();
    expected.values_mut().for_each(|table| assert!(!table.is_empty()));
    expected.get_mut(&convex_mgmt::deployment::data_sync::TablePath::new("", "orders")).unwrap().clear();
    assert_eq!(setup.mirrored(), expected, "the table stays, and its rows belong to the old copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_checkpoint_need_a_decision() {
    let setup = Setup::new(100).await;
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
    setup.sink().remove_checkpoint().unwrap();
    let (code, _, errors) = setup.run(&["--once"]).await;
    assert_eq!(code, Some(4));
    assert!(errors.contains("--rows-without-checkpoint"), "{errors}");
    assert_eq!(setup.run(&["--once", "--rows-without-checkpoint", "delete"]).await.0, Some(0));
    assert_eq!(setup.mirrored(), setup.documents());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_deployment_stays_as_it_is() {
    let setup = Setup::new(100).await;
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
    let before = setup.sink().state().unwrap();
    let other = Setup::new(50).await;
    let mut command = other.command(&["--once", "--database"]);
    let output = command.arg(&setup.database).output().await.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(errors.contains("--database") && errors.contains(&other.server.url()), "{errors}");
    assert_eq!((setup.sink().state().unwrap(), other.requests().0), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ignores_the_selection_stops_the_program_before_anything_is_stored() {
    let setup = Setup::new(100).await;
    setup.fake.sync_quirk(SyncQuirk::IgnoresSelection, usize::MAX);
    let (code, _, errors) = setup.run(&["--once", "--tables", "users"]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("which the selection excludes"), "{errors}");
    assert!(setup.mirrored().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_responses_and_half_bodies_only_delay_the_copy() {
    let setup = Setup::new(200).await;
    for fault in [Fault::LostResponse, Fault::HalfBody, Fault::Reset, Fault::status(503)] {
        setup.fake.fault_at("/data/sync", fault);
    }
    let (code, output, _) = setup.run(&["--once"]).await;
    assert_eq!(code, Some(0), "{output}");
    assert_eq!(setup.mirrored(), setup.documents());
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_keys_and_files_that_are_wrong_end_the_program_with_their_name() {
    let setup = Setup::new(0).await;
    let (code, _, errors) = setup.run(&["--tables", "users", "--exclude", "users"]).await;
    assert_eq!(code, Some(2));
    assert!(errors.contains("--exclude"), "{errors}");
    let output = setup.command(&[]).env_remove("CONVEX_DEPLOY_KEY").output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("CONVEX_DEPLOY_KEY"));
    let output = setup.command(&["--once"]).env("CONVEX_DEPLOY_KEY", "prod:happy-animal-123|02").output().await;
    assert_eq!(output.unwrap().status.code(), Some(1), "the deployment rejects the key");
    setup.remove();
    std::fs::write(&setup.database, "text that is no database ".repeat(100)).unwrap();
    let (code, _, errors) = setup.run(&["--once"]).await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("not a database") && errors.contains(&setup.database.display().to_string()), "{errors}");
    let output = setup.command(&["--help"]).output().await.unwrap();
    assert!(output.status.success() && String::from_utf8(output.stdout).unwrap().contains("Exit status"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_deployments_that_cannot_be_read_ends_the_program_at_the_start() {
    let list = std::env::temp_dir().join(format!("convex-mgmt-mirror-list-{}", std::process::id()));
    let run = async || {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_mirror"));
        // Nothing listens there: the list is read before the connection to the database.
        command.arg("--deployments").arg(&list).args(["--database", "postgres://nobody@127.0.0.1:1/none"]);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(60), command.kill_on_drop(true).output());
        let output = ended.await.expect("the program ends").unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::write(&list, "# a comment\nhttps://happy-animal-123.convex.cloud\n").unwrap();
    let (code, errors) = run().await;
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("line 2: write the URL of a deployment, a space, and a deploy key"), "{errors}");
    std::fs::remove_file(&list).unwrap();
    let (code, errors) = run().await;
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("cannot read"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_management_api_rejects_ends_the_program_at_the_start() {
    let plane = FakeControlPlane::builder("acme").token(TokenClass::Team, "the-right-token").build();
    let server = plane.serve("127.0.0.1:0").await.unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_mirror"));
    command.args(["--team", "1", "--management-url", &server.url()]);
    command.args(["--database", "postgres://nobody@127.0.0.1:1/none"]).env("CONVEX_ACCESS_TOKEN", "a-wrong-token");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), command.kill_on_drop(true).output());
    let output = ended.await.expect("the program ends").unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("cannot list the deployments of the team") && !errors.contains("wrong-token"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_checkpoint_needs_a_decision_about_the_rows() {
    let setup = Setup::new(60).await;
    assert_eq!(setup.run(&["--once"]).await.0, Some(0));
    let database = rusqlite::Connection::open(&setup.database).unwrap();
    let damage =
        "UPDATE _convex_checkpoint SET checkpoint = replace(checkpoint, '\"generation\":1', '\"generation\":2')";
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    let (code, _, errors) = setup.run(&["--once"]).await;
    assert_eq!(code, Some(4), "{errors}");
    assert!(errors.contains("use --rows-without-checkpoint keep or delete"), "{errors}");
    let (code, _, errors) = setup.run(&["--once", "--rows-without-checkpoint", "keep"]).await;
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(setup.run(&["--once"]).await.0, Some(0), "the new checkpoint needs no decision");
}
