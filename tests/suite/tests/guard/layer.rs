//! The guard: which requests it rejects, and where it can be put.

use convex_mgmt::deployment::PauseDeployment;
use convex_mgmt::hyper::layers::GuardLayer;
use convex_mgmt::{Advice, Error, ErrorKind, Sent, TransportErrorKind};
use convex_mgmt_suite::{Script, Step, reset};
use tower::{Layer, ServiceExt};

use super::*;

fn not_confirmed(result: Result<(), Error>) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::NotConfirmed, Sent::No, 0), "{error:?}");
    assert_eq!(error.advice(), Advice::FixRequest);
    let text = error.to_string();
    assert!(text.contains("`Client::losses`") && text.ends_with("; nothing was sent"), "{text}");
}

#[tokio::test]
async fn rejects_destructive_operations_and_sends_nothing() {
    let script = Script::new([]);
    let client = builder().require_confirmation().build_on(script.clone()).unwrap();
    not_confirmed(client.send(&drop_thing()).await);
    not_confirmed(client.send(&drop_thing().unchecked()).await);
    not_confirmed(client.send(&DropAll).await);
    not_confirmed(client.send_for_reply(&drop_thing()).await.map(drop));
    not_confirmed(client.at(client.endpoint().clone()).send(&drop_thing()).await);
    not_confirmed(client.boxed().send(&drop_thing()).await);
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn passes_everything_else_with_its_retries() {
    let script = Script::new([Step::Status(200, ""), reset(), Step::Status(200, "")]);
    let client = builder().require_confirmation().build_on(script.clone()).unwrap();
    client.send(&DropThing { rehearsal: true, ..drop_thing() }).await.unwrap();
    client.send(&PauseDeployment::new()).await.unwrap();
    assert_eq!(script.remaining(), 0);
}

#[tokio::test]
async fn is_off_unless_it_is_required() {
    let script = Script::new([Step::Status(200, ""), Step::Status(200, "")]);
    let client = builder().build_on(script.clone()).unwrap();
    client.send(&drop_thing()).await.unwrap();
    client.send(&DropAll).await.unwrap();
    assert_eq!(script.remaining(), 0);
}

/// Around each attempt the guard is inside the retries, which must not repeat its rejection.
#[tokio::test]
async fn works_at_every_place_of_the_stack() {
    let script = Script::new([]);
    let inside = builder().attempt_layer(GuardLayer::new(true)).build_on(script.clone()).unwrap();
    let error = inside.send(&drop_thing()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::NotConfirmed, Sent::No, 1));
    let outside = builder().call_layer(GuardLayer::new(true)).build_on(script.clone()).unwrap();
    not_confirmed(outside.send(&drop_thing()).await);
    let alone = Client::with_service(inside.endpoint().clone(), GuardLayer::new(true).layer(script.clone()));
    not_confirmed(alone.send(&drop_thing()).await);
    assert_eq!(script.requests().len(), 0);
}

#[tokio::test]
async fn rejects_a_request_whose_operation_a_layer_has_removed() {
    let script = Script::new([]);
    let guarded = GuardLayer::new(true).layer(script.clone());
    let stripped = guarded.clone().map_request(|mut request: http::Request<Bytes>| {
        request.extensions_mut().clear();
        request
    });
    let client = Client::with_service(endpoint("https://happy-animal-123.convex.cloud"), stripped);
    not_confirmed(client.send(&PauseDeployment::new()).await);
    let error = guarded.oneshot(http::Request::new(Bytes::new())).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::NotConfirmed, Sent::No));
    assert_eq!(script.requests().len(), 0);
}

/// A layer of the caller outside the guard sees the proof, and could use it for something else.
#[tokio::test]
async fn a_proof_counts_for_its_own_request_only() {
    type Change = fn(&mut http::Request<Bytes>);
    let changes: [(Change, usize); 5] = [
        (|_| {}, 1),
        (|request| *request.uri_mut() = "https://happy-animal-123.convex.cloud/api/v1/drop_other".parse().unwrap(), 0),
        (|request| *request.uri_mut() = "https://calm-cow-456.convex.cloud/api/v1/drop_all".parse().unwrap(), 0),
        (|request| *request.method_mut() = Method::DELETE, 0),
        (|request| *request.body_mut() = Bytes::from_static(b"{}"), 0),
    ];
    for (change, sent) in changes {
        let script = Script::new([Step::Status(200, "")]);
        let guarded = GuardLayer::new(true).layer(script.clone());
        let changed = guarded.map_request(move |mut request: http::Request<Bytes>| {
            change(&mut request);
            request
        });
        let client = Client::with_service(endpoint("https://happy-animal-123.convex.cloud"), changed);
        let confirmation = client.losses(&DropAll).await.unwrap().confirm();
        let result = client.send_confirmed(&DropAll, &confirmation).await;
        match sent {
            1 => result.unwrap(),
            _ => not_confirmed(result),
        }
        assert_eq!(script.requests().len(), sent);
    }
}
