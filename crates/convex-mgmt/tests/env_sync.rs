//! The example `env_sync` as a program: its output, its changes, and its exit status.

mod example;

use std::path::Path;
use std::process::{Command, Output};

use convex_mgmt_fake::{Fake, FakeServer};

const KEY: &str = "happy-animal-123|01c0ffee";
const READ_ONLY_KEY: &str = "happy-animal-123|01decade";

fn run(key: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(example::path("env_sync"));
    command.args(arguments).env_remove("CONVEX_DEPLOY_KEY");
    if let Some(key) = key {
        command.env("CONVEX_DEPLOY_KEY", key);
    }
    command.output().unwrap()
}

fn texts(output: &Output) -> (String, String, Option<i32>) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

/// A listening deployment.
struct Deployment {
    fake: Fake,
    running: FakeServer,
}

fn deployment() -> Deployment {
    let fake = Fake::builder("happy-animal-123").admin_key(KEY).read_only_key(READ_ONLY_KEY);
    let fake = fake.variable("OLD", "old value").build();
    let running = fake.serve_in_background("127.0.0.1:0").unwrap();
    Deployment { fake, running }
}

/// Writes a file for one test.
fn file(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn names(fake: &Fake) -> Vec<String> {
    fake.variables().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn uses_an_embedded_deployment_without_arguments() {
    let (stdout, stderr, code) = texts(&run(None, &[]));
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
    for line in [
        "~ GREETING",
        "+ API_TOKEN",
        "= API_BASE",
        ". SET_BY_HAND",
        "changed in one transaction: 3",
        "a second plan is empty",
    ] {
        assert!(stdout.lines().any(|printed| printed == line), "{line} is missing in:\n{stdout}");
    }
    assert!(!stdout.contains("made-up-token") && !stdout.contains("hello"), "values are not shown:\n{stdout}");
}

#[test]
fn syncs_a_real_deployment_with_the_file() {
    let deployment = deployment();
    let url = deployment.running.url();
    let file = file("good.env", "NEW='new value'\n");
    let run = |more: &[&str]| texts(&run(Some(KEY), &[&["--url", &url, "--file", &file], more].concat()));

    let (stdout, _, code) = run(&["--dry-run", "--prune"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("- OLD") && stdout.contains("nothing was changed"), "{stdout}");
    assert_eq!(names(&deployment.fake), ["OLD"]);

    assert_eq!(run(&[]).2, Some(0));
    assert_eq!(names(&deployment.fake), ["NEW", "OLD"]);
    let (stdout, _, code) = run(&["--prune"]);
    assert_eq!(code, Some(0));
    assert!(!stdout.contains("value"), "values are not shown:\n{stdout}");
    assert_eq!(names(&deployment.fake), ["NEW"]);
}

#[test]
fn a_file_without_variables_deletes_nothing_unless_permitted() {
    let deployment = deployment();
    let url = deployment.running.url();
    for (name, text) in [("empty.env", ""), ("comment.env", "# A=1\n"), ("managed.env", "CONVEX_DEPLOY_KEY=secret\n")] {
        let file = file(name, text);
        let run = |more: &[&str]| texts(&run(Some(KEY), &[&["--url", &url, "--file", &file], more].concat()));
        for more in [&["--prune"][..], &["--prune", "--dry-run"]] {
            let (_, stderr, code) = run(more);
            assert_eq!(code, Some(1), "{name}: {stderr}");
            assert!(stderr.contains("has no variables") && stderr.contains("--allow-empty"), "{stderr}");
            assert!(!stderr.contains("secret"), "{stderr}");
        }
        assert_eq!(run(&[]).2, Some(0), "{name}: nothing is deleted without --prune");
        let (stdout, _, code) = run(&["--prune", "--allow-empty", "--dry-run"]);
        assert_eq!((code, stdout.contains("- OLD")), (Some(0), true), "{stdout}");
        assert_eq!(names(&deployment.fake), ["OLD"]);
    }
    let file = file("empty.env", "");
    let allowed = run(Some(KEY), &["--url", &url, "--file", &file, "--prune", "--allow-empty"]);
    assert_eq!((allowed.status.code(), names(&deployment.fake).len()), (Some(0), 0));
}

#[test]
fn ambiguous_text_gives_warnings_and_is_sent_as_parsed() {
    let deployment = deployment();
    let file = file("warned.env", "A=1\nQUOTE=\"canary\nCUT=cana#ry\n");
    let (stdout, stderr, code) = texts(&run(Some(KEY), &["--url", &deployment.running.url(), "--file", &file]));
    assert_eq!(code, Some(0), "{stderr}");
    for (line, expected) in stderr.lines().zip(["line 2: QUOTE begins with a quote", "line 3: CUT ends before a `#`"]) {
        assert!(line.starts_with("warning: ") && line.contains("warned.env: ") && line.contains(expected), "{line}");
    }
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    assert!(!stderr.contains("cana") && !stdout.contains("cana"), "{stdout}{stderr}");
    let value = |name: &str| deployment.fake.variables().into_iter().find(|(one, _)| one == name).unwrap().1;
    assert_eq!((value("QUOTE").as_str(), value("CUT").as_str()), ("\"canary", "cana"));
}

#[test]
fn a_name_on_the_deployment_cannot_forge_a_line() {
    let deployment = deployment();
    deployment.fake.set_variable("A\n- B\u{202e}", "1");
    let file = file("one.env", "OLD='old value'\n");
    let (stdout, stderr, code) = texts(&run(Some(KEY), &["--url", &deployment.running.url(), "--file", &file]));
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.lines().any(|line| line == r". A\n- B\u{202e}"), "{stdout}");
    let (_, stderr, _) = texts(&run(Some(KEY), &["--url", "http://127.0.0.1:1", "--file", "no\n- B\u{202e}"]));
    assert!(stderr.starts_with(r"env_sync: no\n- B\u{202e}: "), "{stderr}");
}

#[test]
fn failures_exit_with_1_and_name_the_next_step() {
    let deployment = deployment();
    let url = deployment.running.url();
    let good = file("good.env", "A=1\n");
    let malformed = file("malformed.env", "A=1\n\nB secret value\n");
    let forbidden = file("forbidden.env", "9A=1\nCONVEX_CLOUD_URL=x\n");
    for (key, url, file, expected) in [
        (READ_ONLY_KEY, &*url, &*good, "lacks the permission for this operation (deployment:env:write)"),
        ("prod:other-one-1|secret", &url, &good, "401 BadAdminKey"),
        ("<ignore_deploy_key>", &url, &good, "leave the variable unset"),
        ("", &url, &good, "CONVEX_DEPLOY_KEY: the credential is empty"),
        (KEY, "http://example.com", &good, "--url: the URL must begin with `https://`"),
        (KEY, "http://127.0.0.1:1", &good, "nothing was sent"),
        (KEY, &url, &malformed, "line 3: is not of the form NAME=value"),
        (KEY, &url, &forbidden, "2 violations"),
        (KEY, &url, "no-such-file.env", "no-such-file.env: "),
    ] {
        let (_, stderr, code) = texts(&run(Some(key), &["--url", url, "--file", file]));
        assert_eq!(code, Some(1), "{expected}: {stderr}");
        assert!(stderr.contains(expected), "{expected} is missing in: {stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
    assert_eq!(names(&deployment.fake), ["OLD"], "nothing is half applied");
}

#[test]
fn the_sample_is_never_sent_to_a_real_deployment() {
    let deployment = deployment();
    let (_, stderr, code) = texts(&run(Some(KEY), &["--url", &deployment.running.url()]));
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--url requires --file"), "{stderr}");
    assert_eq!(names(&deployment.fake), ["OLD"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [&["--bogus"][..], &["--allow-empty"], &["--url"], &["--url", "http://127.0.0.1:1"], &["value"]] {
        let (_, stderr, code) = texts(&run(None, arguments));
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(stderr.contains("usage: env_sync"), "{stderr}");
    }
    assert_eq!(run(None, &["--help"]).status.code(), Some(0));
}
