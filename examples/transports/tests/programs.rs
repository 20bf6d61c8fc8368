//! The programs, against their embedded deployments.

#[path = "../examples/blocking.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod blocking;
#[path = "../examples/fetch.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod fetch;
#[path = "../examples/in_process.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod in_process;
#[path = "../examples/local.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod local;
#[path = "../examples/reqwest.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod reqwest;
#[path = "../examples/smol.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod smol;
#[cfg(unix)]
#[path = "../examples/unix_socket.rs"]
#[allow(dead_code, reason = "`main` is not called")]
mod unix_socket;

const TOUR: &str = "\
variables: GREETING
after an update: CONVEX_MGMT_EXAMPLE = hello
audit log, page 1: create_environment_variable
audit log, page 2: delete_environment_variable
";

/// Compares the output without its first line, which has the port.
fn compare(text: &str, expected: &str) {
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("deployment: http://127.0.0.1:") && first.ends_with(" (embedded, in memory)"), "{text}");
    assert_eq!(rest, expected);
}

#[test]
fn programs_without_tokio_list_update_and_walk_pages() {
    compare(&smol::run().unwrap(), TOUR);
    compare(&local::run().unwrap(), TOUR);
    compare(&fetch::run().unwrap(), TOUR);
}

#[tokio::test]
async fn programs_on_tokio_list_update_and_walk_pages() {
    compare(&reqwest::run().await.unwrap(), TOUR);
    #[cfg(unix)]
    compare(&unix_socket::run().await.unwrap(), TOUR);
}

#[tokio::test]
async fn the_program_in_process_uses_a_router_and_a_function() {
    let text = in_process::run().await.unwrap();
    let expected = "a router\nvariables: GREETING\nafter an update: CONVEX_MGMT_EXAMPLE = hello\naudit log: ";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("a function\nvariables: FIXED\n"), "{text}");
}

#[test]
fn the_blocking_program_plans_walks_pages_and_copies_documents() {
    let expected = "\
plan:
+ CONVEX_MGMT_EXAMPLE
. GREETING
1 to create, 0 to update, 0 to delete, 0 unchanged, 1 unmanaged
after the plan, changes left: no
audit log: events 1, pages 2
documents: users 2
";
    compare(&blocking::run().unwrap(), expected);
}
