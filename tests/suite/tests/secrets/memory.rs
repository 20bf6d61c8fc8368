//! Memory that held a secret is wiped when the last owner is gone. The system shows what safe code cannot see.

use std::fs::File;
use std::os::unix::fs::FileExt;

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Authorizes, DeployKey, Deployment, Endpoint, Operation, Secret};
use http::Response;
use http::header::AUTHORIZATION;

/// Where the allocator keeps its own notes once memory is free.
const NOTES: usize = 16;

/// What lies where the text of a value was, once the value is gone; `None` where the system does not show it.
fn left_of<T>(value: T, text: impl Fn(&T) -> &[u8]) -> Option<Vec<u8>> {
    let memory = File::open("/proc/self/mem").ok()?;
    let bytes = text(&value);
    let (address, mut left) = (bytes.as_ptr() as u64, vec![0; bytes.len()]);
    memory.read_exact_at(&mut left, address).ok().filter(|()| left == bytes)?;
    // Nothing is allocated from here on, so nobody takes the memory over.
    drop(value);
    memory.read_exact_at(&mut left, address).ok()?;
    Some(left.split_off(NOTES))
}

#[test]
fn a_dropped_secret_is_wiped() {
    let canary = |kind: &str| format!("happy-animal-123|{kind}{}", "0123456789abcdef".repeat(4));
    let (plain, key, value) = (canary("plain"), DeployKey::parse(&canary("key")).unwrap(), canary("value"));
    match left_of(plain.clone(), String::as_bytes) {
        None => return eprintln!("SKIPPED: this system does not show a process its memory"),
        Some(left) => assert_eq!(left, &plain.as_bytes()[NOTES..], "what is not wiped is seen"),
    }

    let endpoint = Endpoint::<Deployment>::new("https://happy-animal-123.convex.cloud", &key).unwrap();
    let request = ListEnvironmentVariables::new().to_request(&endpoint).unwrap();
    let body = format!(r#"{{"environmentVariables":{{"NAME":"{value}"}}}}"#);
    let variables = ListEnvironmentVariables::from_response(Response::new(body.into())).unwrap();
    for (what, left) in [
        ("a text", left_of(Secret::new(canary("text")), |secret| secret.expose().as_bytes())),
        ("a copy", left_of(Secret::new(canary("text")).clone(), |secret| secret.expose().as_bytes())),
        ("a key", left_of(key, |key| Authorizes::<Deployment>::secret(key).expose().as_bytes())),
        ("a value", left_of(variables, |variables| variables.get("NAME").unwrap().expose().as_bytes())),
        ("a header", left_of((endpoint, request), |(_, request)| request.headers()[AUTHORIZATION].as_bytes())),
    ] {
        let left = left.unwrap();
        assert!(left.len() > 64 && left.iter().all(|byte| *byte == 0), "{what}: {left:?}");
    }
}
