//! The programs: with their embedded deployments, and with the deployment that the environment names.

#[path = "../../../crates/convex-mgmt/tests/example/mod.rs"]
mod example;

use std::process::Command;

use convex_mgmt_fake::{Fake, Plan};

const KEY: &str = "happy-animal-123|01c0ffee";

const TOUR: &str = "\
variables: GREETING
after an update: CONVEX_MGMT_EXAMPLE = hello
audit log, page 1: create_environment_variable
audit log, page 2: delete_environment_variable
";

/// Runs a program with these variables, and returns its output.
fn run(name: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(example::path(name));
    command.env_remove("CONVEX_URL").env_remove("CONVEX_DEPLOY_KEY").envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a program with its embedded deployment, and compares the output without its first line, which has the port.
fn compare(name: &str, expected: &str) {
    let text = run(name, &[]);
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.starts_with("deployment: http://127.0.0.1:") && first.ends_with(" (embedded, in memory)"), "{text}");
    assert_eq!(rest, expected, "{name}");
}

#[test]
fn each_program_lists_updates_and_walks_pages() {
    for name in ["reqwest", "smol", "local", "fetch"] {
        compare(name, TOUR);
    }
    #[cfg(unix)]
    compare("unix_socket", TOUR);
}

#[test]
fn the_program_in_process_uses_a_router_and_a_function() {
    let text = run("in_process", &[]);
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
    compare("blocking", expected);
}

#[test]
fn a_program_uses_the_deployment_of_the_environment_and_deletes_its_variable() {
    // A self-hosted deployment has no audit log.
    for plan in [Some(Plan::default()), None] {
        let fake = Fake::builder("happy-animal-123").admin_key(KEY).variable("KEPT", "1");
        let fake = plan.into_iter().fold(fake, |fake, plan| fake.plan(plan)).build();
        let server = fake.serve_in_background("127.0.0.1:0").unwrap();
        let url = server.url();
        for name in ["blocking", "smol", "reqwest"] {
            let text = run(name, &[("CONVEX_URL", &url), ("CONVEX_DEPLOY_KEY", KEY)]);
            assert!(text.starts_with(&format!("deployment: {url}\n")) && text.contains("\naudit log"), "{text}");
            assert_eq!(fake.variables(), [("KEPT".to_owned(), "1".to_owned())], "{name}");
        }
    }
}
