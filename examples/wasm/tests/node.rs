//! The module in Node.js, against the fake.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use convex_mgmt_fake::{Fake, Fault, Plan};

const TARGET: &str = "wasm32-unknown-unknown";
const KEY: &str = "happy-animal-123|01c0ffee";

/// Returns why the test cannot run here.
fn missing() -> Option<&'static str> {
    let sysroot = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let is_installed = sysroot.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists());
    match Command::new("node").arg("--version").output() {
        _ if !is_installed => Some("the target wasm32-unknown-unknown is not installed: rustup target add it"),
        Err(_) => Some("node is not installed"),
        Ok(_) => None,
    }
}

#[test]
fn a_client_in_webassembly_lists_updates_retries_walks_pages_and_observes_its_deadline() {
    if let Some(reason) = missing() {
        // Also seen without `--nocapture`.
        std::io::Write::write_all(&mut std::io::stderr(), format!("SKIPPED: {reason}\n").as_bytes()).unwrap();
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "convex-mgmt-wasm", "--lib", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    let messages = String::from_utf8(build.stdout).unwrap();
    let module = messages.split('"').find(|text| text.ends_with("convex_mgmt_wasm.wasm")).unwrap();

    let fake =
        Fake::builder("happy-animal-123").admin_key(KEY).plan(Plan::default()).variable("GREETING", "hi").build();
    let server = fake.serve_in_background("127.0.0.1:0").unwrap();
    fake.fault_at("/list_environment_variables", Fault::status(503));
    fake.fault_at("/update_environment_variables", Fault::LostResponse);
    fake.fault_at("/list_usage_limits", Fault::delay(Duration::from_secs(60)));
    let host = folder.join("host/host.mjs");
    let run = Command::new("node").arg(host).args([module, &server.url(), KEY]).output().unwrap();
    let expected = "\
variables: GREETING
after an update: CONVEX_MGMT_EXAMPLE = hello
audit log, page 1: create_environment_variable
audit log, page 2: update_environment_variable
usage limits: deadline_exceeded
";
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected, "{}", String::from_utf8_lossy(&run.stderr));
    let requests = fake.requests();
    let count = |path: &str| requests.iter().filter(|request| request.uri.contains(path)).count();
    assert_eq!(count("/list_environment_variables"), 3, "one of them is a retry");
    assert_eq!(count("/update_environment_variables"), 3, "one of them is a retry");
    assert!(requests.iter().all(|request| request.headers.get_all("authorization").iter().count() == 1));
}
