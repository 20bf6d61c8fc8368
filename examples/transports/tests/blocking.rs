//! The blocking client and its errors, against the fake.

use std::time::Duration;

use convex_mgmt::deployment::log_streams::{NewWebhook, WebhookFormat};
use convex_mgmt::deployment::{CreateLogStream, DeleteLogStream, ListLogStreams};
use convex_mgmt::proto::CallErrorCause;
use convex_mgmt::{DeployKey, DeploymentApi, Endpoint, ErrorCode, Sent};
use convex_mgmt_fake::{Fake, FakeServer, Fault, Plan};
use convex_mgmt_transports::blocking::Blocking;

// As in docs/transports.md: begin
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::proto::{Applied, CallError};

fn set_greeting(blocking: &Blocking) -> Result<(), CallError<ureq::Error>> {
    match blocking.call(&UpdateEnvironmentVariables::new().set("GREETING", "hi")) {
        // An attempt may have taken effect. `verify_with` names the operation that shows it.
        Err(error) if error.applied() == Applied::Maybe => {
            assert_eq!(error.verify_with(), Some("list_environment_variables"));
            let variables = blocking.call(&ListEnvironmentVariables::new())?;
            let is_set = variables.get("GREETING").is_some_and(|value| value.expose() == "hi");
            if is_set { Ok(()) } else { Err(error) }
        }
        result => result,
    }
}
// As in docs/transports.md: end

const KEY: &str = "happy-animal-123|01c0ffee";

/// Serves a deployment until the server is dropped.
fn served() -> (Fake, FakeServer, Blocking) {
    let fake = Fake::builder("happy-animal-123").admin_key(KEY).plan(Plan::default()).build();
    let server = fake.serve_in_background("127.0.0.1:0").unwrap();
    let blocking = client(&server.url());
    (fake, server, blocking)
}

fn client(url: &str) -> Blocking {
    let endpoint: Endpoint<DeploymentApi> = Endpoint::new(url, &DeployKey::parse(KEY).unwrap()).unwrap();
    Blocking::new(endpoint, (Duration::from_secs(30), Duration::from_secs(90)))
}

fn greeting(blocking: &Blocking) -> Option<String> {
    let variables = blocking.call(&ListEnvironmentVariables::new()).unwrap();
    variables.get("GREETING").map(|value| value.expose().to_owned())
}

#[test]
fn retries_reads_and_updates() {
    let (fake, _server, blocking) = served();
    fake.fault(Fault::Reset);
    assert_eq!(greeting(&blocking), None);
    fake.fault(Fault::LostResponse);
    set_greeting(&blocking).unwrap();
    assert_eq!(greeting(&blocking).as_deref(), Some("hi"));
}

#[test]
fn verifies_an_update_with_an_unknown_outcome() {
    let (fake, _server, blocking) = served();
    for fault in [Fault::LostResponse, Fault::LostResponse, Fault::LostResponse] {
        fake.fault(fault);
    }
    set_greeting(&blocking).unwrap();
    blocking.call(&UpdateEnvironmentVariables::new().delete("GREETING")).unwrap();
    // These attempts are not executed.
    for fault in [Fault::Reset, Fault::Reset, Fault::Reset] {
        fake.fault(fault);
    }
    let error = set_greeting(&blocking).unwrap_err();
    assert_eq!((error.attempts(), error.sent(), error.applied()), (3, Sent::Maybe, Applied::Maybe));
    assert!(error.to_string().contains("call list_environment_variables to check (3 attempts in "), "{error}");
    assert!(matches!(error.cause(), CallErrorCause::Transport(_)));
}

#[test]
fn retries_a_delete_but_not_a_create_that_may_have_taken_effect() {
    let (fake, _server, blocking) = served();
    let create = CreateLogStream::new(NewWebhook::new("https://example.com/logs", WebhookFormat::Json));
    fake.fault(Fault::LostResponse);
    let error = blocking.call(&create).unwrap_err();
    assert_eq!((error.attempts(), error.applied()), (1, Applied::Maybe));
    assert_eq!(error.verify_with(), Some("list_log_streams"));
    let streams = blocking.call(&ListLogStreams::new()).unwrap();
    assert_eq!(streams.len(), 1);
    // The retry finds nothing, because the first attempt deleted the stream.
    let delete = DeleteLogStream::new(streams[0].id.clone());
    fake.fault(Fault::LostResponse);
    blocking.call(&delete).unwrap();
    assert_eq!(blocking.call(&delete).unwrap_err().code(), Some(&ErrorCode::LogStreamDoesntExist));
}

#[test]
fn an_error_states_the_rejection_or_that_nothing_was_sent() {
    let (fake, server, blocking) = served();
    fake.fault(Fault::code(403, "OperationNotPermitted"));
    let error = blocking.call(&ListEnvironmentVariables::new()).unwrap_err();
    assert_eq!((error.code(), error.attempts()), (Some(&ErrorCode::OperationNotPermitted), 1));
    let error = blocking.call(&UpdateEnvironmentVariables::new().set("9", "x")).unwrap_err();
    assert!(matches!(error.cause(), CallErrorCause::Build(_)), "{error}");
    let update = UpdateEnvironmentVariables::new().set("A", "x");
    let error = client(&server.url().replace("http:", "https:")).call(&update).unwrap_err();
    assert_eq!((error.sent(), error.applied()), (Sent::No, Applied::No), "without TLS: {error:?}");
    let url = server.url();
    drop(server);
    let error = client(&url).call(&ListEnvironmentVariables::new()).unwrap_err();
    assert_eq!((error.attempts(), error.sent(), error.applied()), (3, Sent::No, Applied::No), "{error:?}");
}
