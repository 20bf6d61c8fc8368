//! The reading of losses, and operations that are sent with a confirmation.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use convex_mgmt::guard::{Confirmation, ConfirmationError, LossChange, Losses};
use convex_mgmt::{DeploymentClient, Error, ErrorKind, Sent, TransportError};
use convex_mgmt_suite::{Script, Step, reset};
use http::{Request, Response};
use tower::Service;

use super::*;

const LIMITS: &str = r#"{"usageLimits":[]}"#;
const FIRST: &str = r#"{"items":[],"pagination":{"hasMore":true,"nextCursor":"c"}}"#;
const LAST: &str = r#"{"items":[],"pagination":{"hasMore":false}}"#;
const ONE: &str = r#"{"items":[{"action":"push_config","actor":{"kind":"system"},"createTime":1,"metadata":{}}],
    "pagination":{"hasMore":false}}"#;

/// The three reads of a survey, the last with this body.
fn reads(last: &'static str) -> [Step; 3] {
    [Step::Status(200, LIMITS), Step::Status(200, FIRST), Step::Status(200, last)]
}

/// Reads losses with these reads.
async fn losses(last: &'static str) -> Losses {
    builder().build_on(Script::new(reads(last))).unwrap().losses(&drop_thing()).await.unwrap()
}

/// Sends with a confirmation through a client that requires one. Returns the result and the paths of the requests.
async fn send(
    operation: &DropThing,
    confirmation: &Confirmation,
    steps: impl IntoIterator<Item = Step>,
) -> (Result<(), Error>, Vec<String>) {
    let script = Script::new(steps);
    let client = builder().require_confirmation().build_on(script.clone()).unwrap();
    let result = client.send_confirmed(operation, confirmation).await;
    assert_eq!(script.remaining(), 0);
    let paths = script.requests().iter().map(|request| request.uri().path()[8..].to_owned()).collect();
    (result, paths)
}

const READS: [&str; 3] = ["list_usage_limits", "list_audit_log_events", "list_audit_log_events"];

#[tokio::test]
async fn reads_all_pages_of_what_would_be_lost() {
    let losses = losses(ONE).await;
    assert_eq!(losses.to_string(), "drop_thing of thing a destroys the thing:\n- event push_config");
    assert_eq!((losses.operation(), losses.target(), losses.name()), (DropThing::META, "thing a", Some("push_config")));
}

#[tokio::test]
async fn reads_again_and_sends_what_is_confirmed() {
    let confirmation = losses(ONE).await.confirm();
    let steps = reads(ONE).into_iter().chain([Step::Status(200, "")]);
    let (result, paths) = send(&drop_thing(), &confirmation, steps).await;
    result.unwrap();
    assert_eq!(paths[..3], READS);
    assert_eq!(paths[3..], ["drop_thing/a"]);
}

#[tokio::test(start_paused = true)]
async fn retries_a_confirmed_operation() {
    let confirmation = losses(LAST).await.confirm();
    let steps = reads(LAST).into_iter().chain([reset(), Step::Status(200, "")]);
    let (result, paths) = send(&drop_thing(), &confirmation, steps).await;
    result.unwrap();
    assert_eq!(paths[3..], ["drop_thing/a", "drop_thing/a"]);
}

#[tokio::test]
async fn sends_nothing_if_the_losses_have_changed() {
    let confirmation = losses(LAST).await.confirm();
    let (result, paths) = send(&drop_thing(), &confirmation, reads(ONE)).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::ConfirmationStale, Sent::No));
    assert_eq!(error.operation(), DropThing::META);
    assert_eq!(paths, READS);
    let Some(ConfirmationError::Stale(stale)) = error.confirmation_error() else { panic!("{error:?}") };
    let new = Loss::new(LossKind::Other("event"), "push_config");
    assert_eq!(stale.changes, [LossChange::Added(new)]);
    assert_eq!(
        error.to_string(),
        "drop_thing: the confirmation is out of date: event push_config is new; show the losses and ask again; \
         nothing was changed"
    );
    // The current losses can be confirmed without another reading.
    let steps = reads(ONE).into_iter().chain([Step::Status(200, "")]);
    send(&drop_thing(), &stale.losses.confirm(), steps).await.0.unwrap();
}

#[tokio::test]
async fn rejects_the_confirmation_of_another_object_before_it_reads() {
    let confirmation = losses(LAST).await.confirm();
    let (result, paths) = send(&DropThing { name: "b", ..drop_thing() }, &confirmation, []).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.sent(), paths.len()), (ErrorKind::NotConfirmed, Sent::No, 0));
}

#[tokio::test]
async fn a_request_that_destroys_nothing_is_sent_without_reads() {
    let rehearsal = DropThing { rehearsal: true, ..drop_thing() };
    let script = Script::new([]);
    let losses = builder().build_on(script.clone()).unwrap().losses(&rehearsal).await.unwrap();
    assert!(losses.is_empty() && script.requests().is_empty());
    let (result, paths) = send(&rehearsal, &losses.confirm(), [Step::Status(200, "")]).await;
    result.unwrap();
    assert_eq!(paths, ["drop_thing/a"]);
}

#[tokio::test]
async fn an_operation_that_breaks_a_rule_is_not_shown_to_anybody() {
    let wrong = DropThing { name: "", ..drop_thing() };
    let script = Script::new([]);
    let client = builder().build_on(script.clone()).unwrap();
    let error = client.losses(&wrong).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Build, DropThing::META));
    assert_eq!(script.requests().len(), 0);
    // Without the checks, the path value is still wrong.
    let error = client.losses(&wrong.unchecked()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Build, Sent::No));
}

#[tokio::test]
async fn a_failed_read_names_its_operation_and_sends_nothing_else() {
    let forbidden = || Step::Status(403, r#"{"code":"OperationNotPermitted","message":"m"}"#);
    let (result, paths) =
        send(&drop_thing(), &losses(LAST).await.confirm(), [Step::Status(200, LIMITS), forbidden()]).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.operation(), paths.len()), (ErrorKind::Api, ListAuditLogEvents::META, 2));
    let endless = [Step::Status(200, LIMITS), Step::Status(200, FIRST), Step::Status(200, FIRST)];
    let (result, paths) = send(&drop_thing(), &losses(LAST).await.confirm(), endless).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.operation(), paths.len()), (ErrorKind::Pagination, ListAuditLogEvents::META, 3));
}

/// A service that is not `Sync`.
#[derive(Clone)]
struct NotSync(Script, Cell<()>);

impl Service<Request<Bytes>> for NotSync {
    type Response = Response<Bytes>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.0.call(request)
    }
}

#[tokio::test]
async fn both_calls_can_be_spawned_over_a_service_that_is_not_sync() {
    let steps = reads(LAST).into_iter().chain(reads(LAST)).chain([Step::Status(200, "")]);
    let service = NotSync(Script::new(steps), Cell::new(()));
    let client = DeploymentClient::with_service(endpoint("https://happy-animal-123.convex.cloud"), service);
    let losses = tokio::spawn(client.losses(&drop_thing())).await.unwrap().unwrap();
    tokio::spawn(client.send_confirmed(&drop_thing(), &losses.confirm())).await.unwrap().unwrap();
}
