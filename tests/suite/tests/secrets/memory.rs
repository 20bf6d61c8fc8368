//! Wiping of memory after the last owner of a secret is dropped, checked in `/proc/self/mem`.

use std::collections::BTreeMap;
use std::fs::{File, read_to_string};
use std::hint::black_box;
use std::os::unix::fs::FileExt;

use convex_mgmt::deployment::data_sync::Document;
use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt::deployment::{ListEnvironmentVariables, RotateWebhookSecret, UpdateEnvironmentVariables};
use convex_mgmt::management::UpdateDefaultEnvironmentVariables;
use convex_mgmt::oauth::{OAuthApp, Randomness, Scope};
use convex_mgmt::proto::Authorizes;
use convex_mgmt::{AccessToken, DeployKey, DeploymentApi, DeploymentType, Endpoint, Operation, ProjectId, Secret};
use http::Response;
use http::header::AUTHORIZATION;

/// The size of the allocator's metadata at the start of freed memory.
const ALLOCATOR_METADATA: usize = 16;

/// Returns the memory of a value's text after the value is dropped, or `None` if the system does not show it.
fn memory_after_drop<T>(value: T, text: impl Fn(&T) -> &[u8]) -> Option<Vec<u8>> {
    let memory = File::open("/proc/self/mem").ok()?;
    let bytes = text(&value);
    let (address, mut left) = (bytes.as_ptr() as u64, vec![0; bytes.len()]);
    memory.read_exact_at(&mut left, address).ok().filter(|()| left == bytes)?;
    // Nothing allocates from here on, so the memory is not reused.
    drop(value);
    memory.read_exact_at(&mut left, address).ok()?;
    Some(left.split_off(ALLOCATOR_METADATA))
}

#[test]
fn wipes_a_dropped_secret() {
    let canary = |kind: &str| format!("happy-animal-123|{kind}{}", "0123456789abcdef".repeat(4));
    let (plain, key, value) = (canary("plain"), DeployKey::parse(&canary("key")).unwrap(), canary("value"));
    match memory_after_drop(plain.clone(), String::as_bytes) {
        None => return eprintln!("SKIPPED: this system does not show a process its memory"),
        Some(left) => {
            assert_eq!(left, &plain.as_bytes()[ALLOCATOR_METADATA..], "the check finds memory that is not wiped")
        }
    }

    let endpoint = Endpoint::<DeploymentApi>::new("https://happy-animal-123.convex.cloud", &key).unwrap();
    let request = ListEnvironmentVariables::new().to_request(&endpoint).unwrap();
    let body = format!(r#"{{"environmentVariables":{{"NAME":"{value}"}}}}"#);
    let variables = ListEnvironmentVariables::from_response(Response::new(body.into())).unwrap();
    let update = UpdateEnvironmentVariables::new().set("NAME", value.repeat(60)).to_request(&endpoint).unwrap();
    for (what, left) in [
        ("a text", memory_after_drop(Secret::new(canary("text")), |secret| secret.expose().as_bytes())),
        ("a copy", memory_after_drop(Secret::new(canary("text")).clone(), |secret| secret.expose().as_bytes())),
        ("a key", memory_after_drop(key, |key| Authorizes::<DeploymentApi>::secret(key).expose().as_bytes())),
        ("a value", memory_after_drop(variables, |variables| variables.get("NAME").unwrap().expose().as_bytes())),
        ("a long body", memory_after_drop(update, |request| request.body())),
        (
            "a header",
            memory_after_drop((endpoint, request), |(_, request)| request.headers()[AUTHORIZATION].as_bytes()),
        ),
    ] {
        let left = left.unwrap();
        assert!(left.len() > 64 && left.iter().all(|byte| *byte == 0), "{what}: {left:?}");
    }
}

#[test]
fn wipes_the_secrets_of_a_dropped_authorization() {
    let authorize = || {
        let app = OAuthApp::new("my-client-id", "0123456789abcdef".repeat(8), "https://app.example/callback").unwrap();
        let (url, pending) = app.authorize(Scope::Team, Randomness::from_bytes([7; 64]));
        let state = url.as_str().split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        (app, pending, state)
    };
    let stored = authorize().1.into_stored();
    let Some(left) = memory_after_drop(stored, |stored| stored.expose().as_bytes()) else {
        return eprintln!("SKIPPED: this system does not show a process its memory");
    };
    assert!(left.len() > 64 && left.iter().all(|byte| *byte == 0), "a stored authorization: {left:?}");
    let (app, pending, state) = authorize();
    let (request, _) = pending.callback(&app, &format!("code=made-up&state={state}")).unwrap().into_request();
    let left = memory_after_drop(request, |request| request.body()).unwrap();
    assert!(left.len() > 64 && left.iter().all(|byte| *byte == 0), "the body of an exchange: {left:?}");
}

/// A search pattern, stored with all bytes changed so that the search does not find itself.
struct Pattern(Vec<u8>);

const PAGE: u64 = 4096;

/// The length of a run of the same letter.
const LETTERS: usize = 24;

/// The mask that changes each byte of a pattern.
const HIDE: u8 = 0x55;

/// Two runs of a letter, with these bytes between them.
fn line(letter: u8, between: &[u8]) -> impl Iterator<Item = u8> + '_ {
    std::iter::repeat_n(letter, LETTERS).chain(between.iter().copied()).chain(std::iter::repeat_n(letter, LETTERS))
}

impl Pattern {
    fn new(letter: u8, between: &[u8]) -> Self {
        Self(line(letter, between).map(|byte| byte ^ HIDE).collect())
    }

    /// The number of copies in the process's memory, or `None` if the system does not show it.
    fn copies(&self) -> Option<usize> {
        let memory = File::open("/proc/self/mem").ok()?;
        let mut found = 0;
        let mut page = [0; 2 * PAGE as usize];
        for region in read_to_string("/proc/self/maps").ok()?.lines().filter(|line| line.contains(" rw-p ")) {
            let (start, end) = region.split(' ').next()?.split_once('-')?;
            let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
            for address in (start..end).step_by(PAGE as usize) {
                // The read buffer itself is skipped.
                let here = page.as_ptr() as u64;
                if (here.saturating_sub(2 * PAGE)..here + 2 * PAGE).contains(&address) {
                    continue;
                }
                let read = memory.read_at(&mut page, address).unwrap_or_default();
                let text = &page[..read.min(PAGE as usize + self.0.len() - 1)];
                // Every run of this length contains one of the sampled bytes.
                if text.iter().step_by(LETTERS).any(|byte| self.0.first() == Some(&(byte ^ HIDE))) {
                    found += text.windows(self.0.len()).filter(|window| self.is(window)).count();
                }
                black_box(&mut page).fill(0);
            }
        }
        Some(found)
    }

    fn is(&self, window: &[u8]) -> bool {
        window.iter().zip(&self.0).all(|(byte, hidden)| byte ^ HIDE == *hidden)
    }
}

/// A text of equal lines in a buffer of its final size, so that building it leaves no copies.
fn lines(letter: u8, between: &[u8], before: &str, after: &str) -> String {
    let mut text = String::with_capacity(4096);
    text.push_str(before);
    (0..10).for_each(|_| text.extend(line(letter, between).map(char::from)));
    text.push_str(after);
    text
}

/// A value with line feeds has to be unescaped to be decoded, and escaped to be encoded.
#[test]
fn decoding_and_encoding_a_secret_leaves_no_copy() {
    let control = lines(b'u', b"\n", "", "");
    if Pattern::new(b'u', b"\n").copies().is_none_or(|copies| copies == 0) {
        return eprintln!("SKIPPED: this system does not show a process its memory");
    }
    drop(control);

    let body = lines(b'v', br"\n", r#"{"environmentVariables":{"NAME":""#, r#""}}"#);
    let variables = ListEnvironmentVariables::from_response(Response::new(body.into())).unwrap();
    assert_eq!(variables.get("NAME").unwrap().len(), 490);
    let pattern = Pattern::new(b'v', b"\n");
    assert_eq!(pattern.copies(), Some(10), "exactly one copy while it is in use");
    drop(variables);
    assert_eq!(pattern.copies(), Some(0), "a value");

    let body = lines(b'w', br"\u000a", r#"{"logStreamType":"webhook","hmacSecret":""#, r#""}"#);
    let rotated = RotateWebhookSecret::from_response(Response::new(body.into())).unwrap();
    assert_eq!(rotated.hmac_secret.len(), 490);
    drop(rotated);
    assert_eq!(Pattern::new(b'w', b"\n").copies(), Some(0), "a webhook's secret");

    let document = Document::parse(lines(b't', br"\n", r#"{"_id":"k1","key":""#, r#""}"#)).unwrap();
    let mut fields: BTreeMap<String, Secret> = document.read().unwrap();
    assert_eq!(fields.remove("key").unwrap().len(), 490);
    drop(fields);
    assert_eq!(Pattern::new(b't', b"\n").copies(), Some(0), "a field of a document");

    let body = lines(b'r', br"\n", r#"{"environmentVariables":{"NAME":""#, r#"\ud83d"}}"#);
    ListEnvironmentVariables::from_response(Response::new(body.into())).unwrap_err();
    assert_eq!(Pattern::new(b'r', b"\n").copies(), Some(0), "a value with half a surrogate pair");

    let key = DeployKey::parse("happy-animal-123|made-up").unwrap();
    let endpoint = Endpoint::<DeploymentApi>::new("https://happy-animal-123.convex.cloud", &key).unwrap();
    let update = UpdateEnvironmentVariables::new().set("NAME", lines(b'x', b"\n", "", "")).set("NEXT", "1");
    let request = update.to_request(&endpoint).unwrap();
    let written = Pattern::new(b'x', br"\n");
    assert_eq!(written.copies(), Some(10), "exactly one copy while it is in use");
    drop((update, request));
    assert_eq!((written.copies(), Pattern::new(b'x', b"\n").copies()), (Some(0), Some(0)), "a request");
}

#[test]
fn replacing_a_secret_and_writing_a_large_body_leave_no_copy() {
    let control = lines(b'p', b"-", "", "");
    if Pattern::new(b'p', b"-").copies().is_none_or(|copies| copies == 0) {
        return eprintln!("SKIPPED: this system does not show a process its memory");
    }
    drop(control);

    let value = |letter| lines(letter, b"-", "", "");
    let mut variables: EnvironmentVariables =
        [("B", value(b'q')), ("A", value(b'q')), ("B", value(b's'))].into_iter().collect();
    variables.extend([("A", value(b'q'))]);
    variables.insert("A", "1");
    let copies = |letter| Pattern::new(letter, b"-").copies();
    assert_eq!((copies(b'q'), copies(b's')), (Some(0), Some(10)), "only the last value of a name is kept");
    variables.remove("B");
    assert_eq!(copies(b's'), Some(0), "a removed value");

    let token = AccessToken::parse("made-up").unwrap();
    let endpoint = Endpoint::new("https://api.convex.dev", &token).unwrap();
    // The control characters need six times the room that was reserved.
    let long = "\u{1}".repeat(4000);
    let update = UpdateDefaultEnvironmentVariables::new(ProjectId(42)).set("A", DeploymentType::Dev, value(b'y')).set(
        "B",
        DeploymentType::Dev,
        long.as_str(),
    );
    let request = update.to_request(&endpoint).unwrap();
    drop(update);
    assert_eq!(copies(b'y'), Some(10), "exactly one copy while it is in use");
    drop(request);
    assert_eq!(copies(b'y'), Some(0), "a request");

    let key = DeployKey::parse("happy-animal-123|made-up").unwrap();
    let endpoint = Endpoint::<DeploymentApi>::new("https://happy-animal-123.convex.cloud", &key).unwrap();
    let update = UpdateEnvironmentVariables::new().set("A", value(b'z'));
    let update = (0..100).fold(update, |update, n| update.set(format!("B{n}"), long.as_str())).unchecked();
    update.to_request(&endpoint).unwrap_err();
    drop(update);
    assert_eq!(copies(b'z'), Some(0), "a body beyond the limit");
}
