//! The questions before a deletion.

use std::io::{Read, Write};

use super::*;

#[test]
fn asks_before_it_deletes_anything() {
    let plane = plane();
    let (stdout, stderr, code) = plane.answer("no\n", &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.ends_with("deploy key: kept (name: provision)\n"), "{stdout}");
    assert!(stderr.contains("delete_deploy_key of ") && stderr.contains("Type yes to delete: "), "{stderr}");
    plane.assert_provisioned(&stdout);

    // The key of the first run is in the way.
    let (_, stderr, code) = plane.answer("no\n", &[]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("- deploy key provision (last used "), "{stderr}");
    assert!(stderr.contains("provision: old deploy key: ") && stderr.contains("agree to delete it"), "{stderr}");
    plane.assert_provisioned(&stderr);

    let (_, stderr, code) = plane.answer("yes\n", &["--keep"]);
    assert_eq!((code, stderr.matches("Type yes").count()), (Some(0), 1), "{stderr}");
    plane.assert_provisioned(&stderr);

    let (stdout, stderr, code) = plane.answer("yes\nyes\nno\n", &[]);
    assert_eq!(code, Some(0), "{stderr}");
    let name = existing(&plane.fake.deployments()).pop().unwrap();
    assert!(stderr.contains("- project provision example\n"), "{stderr}");
    assert!(stderr.contains(&format!("- deployment {name} (dev, never deployed)\n")), "{stderr}");
    assert!(stdout.ends_with(&format!(", deployment: {name})\n")) && stdout.contains("project: kept"), "{stdout}");

    let (stdout, stderr, code) = plane.answer("yes\n yes \n", &[]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    plane.assert_removed(&stdout);
}

#[test]
fn deletes_nothing_if_nobody_answers() {
    let plane = plane();
    let (_, stderr, code) = plane.answer("", &[]);
    assert_eq!(code, Some(1), "{stderr}");
    for text in
        ["nobody has answered", "--yes", "--keep", "this run has created: project (name: provision example, id: "]
    {
        assert!(stderr.contains(text), "{text} is missing in: {stderr}");
    }
    plane.assert_provisioned(&stderr);

    // The question about the old key does not end with `--keep`, so its text does not advise it.
    let (_, stderr, code) = plane.answer("", &["--keep"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("old deploy key: nobody has answered: add --yes to replace the key"), "{stderr}");
    assert!(!stderr.contains("--keep"), "{stderr}");
}

#[test]
fn a_deploy_after_the_question_prevents_the_deletion() {
    let plane = plane();
    let mut child = plane.start(TEAM, &[]);
    let (mut stdin, mut stderr) = (child.stdin.take().unwrap(), child.stderr.take().unwrap());
    let mut asked = Vec::new();
    for question in 1..=2 {
        while String::from_utf8_lossy(&asked).matches("Type yes to delete: ").count() < question {
            let mut byte = [0];
            stderr.read_exact(&mut byte).unwrap();
            asked.extend(byte);
        }
        if question == 2 {
            assert!(plane.fake.record_deploy(&existing(&plane.fake.deployments())[0]));
        }
        stdin.write_all(b"yes\n").unwrap();
    }
    let mut failure = String::new();
    stderr.read_to_string(&mut failure).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{failure}");
    assert!(failure.starts_with("provision: project: delete_project: "), "{failure}");
    assert_eq!(existing(&plane.fake.deployments()).len(), 1, "{failure}");

    let (_, stderr, code) = plane.answer("yes\nyes\n", &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains(" (dev, last deployed "), "{stderr}");
    plane.assert_removed(&stderr);
}

#[test]
fn yes_does_not_delete_a_deployment_with_deployed_code() {
    let plane = plane();
    plane.answer("", &["--keep"]);
    let name = existing(&plane.fake.deployments())[0].clone();
    assert!(plane.fake.record_deploy(&name));
    let (_, stderr, code) = plane.answer("", &["--yes"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(" (dev, last deployed ") && stderr.contains("nobody has answered"), "{stderr}");
    assert_eq!(existing(&plane.fake.deployments()), [name]);
    let (_, stderr, code) = plane.answer("yes\n", &["--yes"]);
    assert_eq!(code, Some(0), "{stderr}");
    plane.assert_removed(&stderr);
}
