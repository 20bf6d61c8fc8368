//! The table of advice: every kind of error and every code of the server.

use std::collections::BTreeSet;

use bytes::Bytes;
use convex_mgmt_proto::DeploymentEndpointError as Unusable;
use convex_mgmt_proto::deployment::environment_variables::{EnvironmentPlan, EnvironmentVariables, Ownership};
use convex_mgmt_proto::deployment::{
    CreateLogStream, DataSync, ListAuditLogEvents, ListUsageLimits, UnpauseDeployment, UpdateEnvironmentVariables,
};
use convex_mgmt_proto::guard::{Loss, LossKind, Survey};
use convex_mgmt_proto::{DeploymentApi, Endpoint, EndpointError, Operation, Page, Pager, Sent, UnixMillis};
use http::Response;

use super::*;
use crate::error::{Attempts, ProxyRefusal};

const URL: &str = "https://happy-animal-123.convex.cloud";

/// The advice in one text, with the wait or the operation.
fn advice(error: &Error) -> String {
    match error.advice() {
        Advice::RetryLater { after: Some(after) } => format!("retry_later after {after:?}"),
        Advice::VerifyFirst { with: Some(operation) } => format!("verify_first with {}", operation.id),
        other => other.to_string(),
    }
}

fn error(operation: &'static OperationMeta, cause: Cause) -> Error {
    let sent = match &cause {
        Cause::Transport(error) => error.sent(),
        _ => Sent::Maybe,
    };
    Error::new(operation, URL.into(), Attempts::ONE, Duration::ZERO, sent, cause)
}

fn transport(operation: &'static OperationMeta, kind: TransportErrorKind, sent: Sent) -> Error {
    error(operation, Cause::Transport(TransportError::timeout(kind, sent)))
}

fn response(operation: &'static OperationMeta, status: u16, body: &str) -> Error {
    let response = Response::builder().status(status).header("retry-after", "7").body(Bytes::from(body.to_owned()));
    // Every operation reads its errors alike.
    let failed = ListUsageLimits::from_response(response.unwrap());
    error(operation, Cause::Response(failed.unwrap_err()))
}

fn code(status: u16, code: &str) -> Error {
    response(ListUsageLimits::META, status, &format!(r#"{{"code":"{code}","message":"m"}}"#))
}

fn invalid() -> BuildError {
    let endpoint = Endpoint::<DeploymentApi>::new(URL, &convex_mgmt_proto::DeployKey::parse("a|b").unwrap()).unwrap();
    UpdateEnvironmentVariables::new().set("9", "x").to_request(&endpoint).unwrap_err()
}

/// Errors of a read, each with its kind and its advice.
fn table() -> Vec<(Error, ErrorKind, &'static str)> {
    use TransportErrorKind as T;
    let read = ListUsageLimits::META;
    let of = |kind| transport(read, kind, Sent::Maybe);
    let variables: EnvironmentVariables = [("A", "1")].into_iter().collect();
    let plan = EnvironmentPlan::new(&variables, &EnvironmentVariables::new(), Ownership::All);
    let conflict = plan.rebase(&[("A", "2")].into_iter().collect()).unwrap_err();
    let losses = |target: &str| Survey::<DeploymentApi>::new(read, target);
    let confirmation = losses("a").so_far().confirm();
    let other = confirmation.check(losses("b").so_far()).unwrap_err();
    let new = losses("a").loss(Loss::new(LossKind::Deployment, "happy-animal-123"));
    let stale = confirmation.check(new.so_far()).unwrap_err();
    let mut pager = Pager::new(ListAuditLogEvents::new(UnixMillis(0)).cursor("a"));
    pager.accept(Page::new([], Some("a".to_owned())));
    let list = r#"{"usageLimits":"#;
    let endpoint = |cause| error(read, Cause::Endpoint(cause));
    let local = Unusable::Local { deployment_name: "n".into(), device_name: "d".into(), port: 3210 };
    let unusable = Unusable::Unusable { deployment_name: "n".into(), error: EndpointError::Plaintext };
    vec![
        (error(read, Cause::Build(invalid())), ErrorKind::Build, "fix_request"),
        (error(read, Cause::Build(BuildError::Template { operation: "x" })), ErrorKind::Build, "report_bug"),
        (error(read, Cause::Build(BuildError::Json { operation: "x" })), ErrorKind::Build, "report_bug"),
        (error(read, Cause::PlanConflict(conflict)), ErrorKind::PlanConflict, "start_over"),
        (error(read, Cause::PlanRejected(plan.check().unwrap_err())), ErrorKind::PlanRejected, "fix_request"),
        (error(read, Cause::Confirmation(other)), ErrorKind::NotConfirmed, "fix_request"),
        (error(read, Cause::Confirmation(stale)), ErrorKind::ConfirmationStale, "start_over"),
        (error(read, Cause::Pagination(pager.request().unwrap_err())), ErrorKind::Pagination, "report_bug"),
        (error(read, Cause::TooManyItems(7)), ErrorKind::TooManyItems, "fix_client"),
        (endpoint(local), ErrorKind::Endpoint, "fix_request"),
        (endpoint(Unusable::UnknownKind { kind: "edge".into() }), ErrorKind::Endpoint, "fix_client"),
        (endpoint(unusable), ErrorKind::Endpoint, "fix_url"),
        (of(T::Dns), ErrorKind::Dns, "fix_url"),
        (of(T::Connect), ErrorKind::Connect, "retry_later"),
        (of(T::Tls), ErrorKind::Tls, "fix_client"),
        (of(T::NotTls), ErrorKind::Tls, "fix_url"),
        (of(T::UnexpectedTls), ErrorKind::Tls, "fix_url"),
        (of(T::Proxy(ProxyRefusal::Credentials)), ErrorKind::Proxy, "fix_client"),
        (of(T::Proxy(ProxyRefusal::Reply(2))), ErrorKind::Proxy, "fix_client"),
        (of(T::Proxy(ProxyRefusal::Reply(5))), ErrorKind::Proxy, "retry_later"),
        (of(T::Connection), ErrorKind::Connection, "retry_later"),
        (of(T::Unprocessed), ErrorKind::Unprocessed, "retry_later"),
        (of(T::InvalidResponse), ErrorKind::InvalidResponse, "fix_url"),
        (of(T::AttemptTimeout), ErrorKind::AttemptTimeout, "retry_later"),
        (of(T::DeadlineExceeded), ErrorKind::DeadlineExceeded, "retry_later"),
        (of(T::ResponseTooLarge { limit: 1 }), ErrorKind::ResponseTooLarge, "fix_client"),
        (of(T::Credential), ErrorKind::Credential, "fix_credential"),
        (of(T::NotConfirmed), ErrorKind::NotConfirmed, "fix_request"),
        (of(T::Layer), ErrorKind::Layer, "fix_client"),
        (code(400, "New"), ErrorKind::Api, "fix_request"),
        (code(401, "New"), ErrorKind::Api, "fix_credential"),
        (code(404, "New"), ErrorKind::Api, "fix_request"),
        (code(429, "New"), ErrorKind::Api, "retry_later after 7s"),
        (code(503, "New"), ErrorKind::Api, "retry_later after 7s"),
        (code(501, "New"), ErrorKind::Api, "fix_url"),
        (code(503, "InternalServerError"), ErrorKind::Api, "retry_later after 7s"),
        (
            response(DataSync::META, 503, r#"{"code":"InternalServerError","message":"m"}"#),
            ErrorKind::Api,
            "start_over",
        ),
        (response(read, 308, ""), ErrorKind::Redirect, "fix_url"),
        (response(read, 101, ""), ErrorKind::UnexpectedReply, "fix_url"),
        (response(read, 304, ""), ErrorKind::UnexpectedReply, "fix_url"),
        (response(read, 400, ""), ErrorKind::UnexpectedReply, "fix_url"),
        (response(read, 403, ""), ErrorKind::UnexpectedReply, "fix_credential"),
        (response(read, 403, "<html>"), ErrorKind::UnexpectedReply, "fix_url"),
        (response(read, 404, ""), ErrorKind::UnexpectedReply, "fix_url"),
        (response(read, 407, ""), ErrorKind::UnexpectedReply, "fix_client"),
        (response(read, 408, ""), ErrorKind::UnexpectedReply, "retry_later after 7s"),
        (response(read, 413, ""), ErrorKind::UnexpectedReply, "fix_request"),
        (response(read, 502, "<html>"), ErrorKind::UnexpectedReply, "retry_later after 7s"),
        (response(read, 511, "<html>"), ErrorKind::UnexpectedReply, "fix_url"),
        (response(read, 200, "<html>"), ErrorKind::Decode, "fix_url"),
        (response(read, 200, r#"{"code":"x"}"#), ErrorKind::Decode, "fix_url"),
        (response(read, 200, ""), ErrorKind::Decode, "retry_later"),
        (response(read, 200, list), ErrorKind::Decode, "retry_later"),
        (response(read, 200, r#"{"usageLimits":7}"#), ErrorKind::Decode, "report_bug"),
        (transport(<CreateLogStream>::META, T::Connection, Sent::Maybe), ErrorKind::OutcomeUnknown, {
            "verify_first with list_log_streams"
        }),
    ]
}

#[test]
fn every_kind_has_its_advice() {
    let mut left: BTreeSet<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(left.len(), ErrorKind::ALL.len(), "two kinds have one name");
    for (error, kind, expected) in table() {
        assert_eq!((error.kind(), advice(&error).as_str()), (kind, expected), "{error:?}");
        left.remove(kind.as_str());
    }
    assert!(left.is_empty(), "not in the table: {left:?}");
}

/// The advice for the codes that do not follow from their status.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    ("fix_client", &["InvalidClientVersion", "ClientVersionUnsupported"]),
    ("fix_credential", &["HeaderParseFailure", "InvalidHeaderFailure", "InvalidAdminKey"]),
    ("start_over", &["InvalidCursor", "InvalidDataSyncCursor", "DataSyncCursorExpired"]),
    ("ask_convex", &["PauseDeploymentFailed", "LogStreamingNotEnabled", "CustomAuditLogsInLogStreamsNotEnabled"]),
    (
        "ask_convex",
        &["AuditLogsDisabled", "StreamingExportNotEnabled", "ProjectQuotaReached", "DeploymentQuotaReached"],
    ),
    ("fix_request", &["AuditLogsTooOld"]),
];

#[test]
fn every_code_has_its_advice() {
    for known in ErrorCode::KNOWN {
        let status = known.status().unwrap().as_u16();
        let exception = EXCEPTIONS.iter().find(|(_, codes)| codes.contains(&known.as_str()));
        let expected = match (exception, status) {
            (Some((expected, _)), _) => expected,
            (None, 401 | 403) => "fix_credential",
            (None, 400 | 404 | 409) => "fix_request",
            (None, 408 | 421 | 425 | 429 | 500 | 503) => "retry_later after 7s",
            (None, status) => panic!("{known}: no advice for {status}"),
        };
        let error = code(status, known.as_str());
        assert_eq!(advice(&error), expected, "{known}");
        assert_eq!(error.is_cursor_lost(), known.is_cursor_lost());
    }
    let codes = EXCEPTIONS.iter().flat_map(|(_, codes)| *codes);
    assert!(codes.into_iter().all(|code| ErrorCode::from(*code).is_known()));
}

/// Only a write with another effect the second time has to be verified.
#[test]
fn an_unknown_outcome_is_verified_unless_the_operation_may_be_repeated() {
    use TransportErrorKind::{Connect, Connection};
    for (error, expected) in [
        (transport(<CreateLogStream>::META, Connection, Sent::Maybe), "verify_first with list_log_streams"),
        (transport(<CreateLogStream>::META, Connect, Sent::No), "retry_later"),
        (transport(UpdateEnvironmentVariables::META, Connection, Sent::Maybe), "retry_later"),
        (transport(UnpauseDeployment::META, Connection, Sent::Maybe), "retry_later"),
        (response(<CreateLogStream>::META, 502, ""), "verify_first with list_log_streams"),
        // The result is lost.
        (response(<CreateLogStream>::META, 201, "{}"), "verify_first with list_log_streams"),
        (response(<CreateLogStream>::META, 400, r#"{"code":"InvalidLogTopic"}"#), "fix_request"),
    ] {
        assert_eq!(advice(&error), expected, "{error:?}");
    }
    let rejected = Error(Box::new(crate::error::call::Inner {
        attempts: Attempts::new(2, true),
        ..*code_of(<CreateLogStream>::META).0
    }));
    assert_eq!(advice(&rejected), "verify_first with list_log_streams", "an earlier attempt may have taken effect");
}

fn code_of(operation: &'static OperationMeta) -> Error {
    response(operation, 403, r#"{"code":"BadDeployKey"}"#)
}

#[test]
fn an_error_names_its_deployment_and_the_host_only_where_the_network_failed() {
    let error = transport(ListUsageLimits::META, TransportErrorKind::Connect, Sent::No);
    assert_eq!(error.url(), URL);
    let text = "list_usage_limits: cannot connect to happy-animal-123.convex.cloud; nothing was sent";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.transport_error().unwrap().to_string(), "cannot connect to the server");
    let error = transport(<CreateLogStream>::META, TransportErrorKind::Connection, Sent::Maybe);
    assert!(
        error.to_string().ends_with("; the operation may have taken effect; call list_log_streams to check"),
        "{error}"
    );
    let error = code(403, "OperationNotPermitted");
    let summary = "list_usage_limits: the server returned 403 OperationNotPermitted (retry after 7 s)";
    assert_eq!(error.summary().to_string(), summary);
    let remedy = error.remedy().unwrap();
    assert_eq!(error.to_string(), summary.replace("Permitted", &format!("Permitted: {remedy}")));
}

#[test]
fn texts_are_short_and_begin_in_lower_case() {
    // The text of a rule holds values.
    for (error, ..) in table().into_iter().filter(|(_, kind, _)| *kind != ErrorKind::Build) {
        let summary = error.summary().to_string();
        let (_, text) = summary.split_once(": ").unwrap();
        let known = text.replace("happy-animal-123.convex.cloud", "");
        assert!(known.len() <= 120 && !known.ends_with('.'), "{known}");
        assert!(!known.starts_with(|first: char| first.is_uppercase()), "{known}");
    }
}

#[test]
fn names_honor_a_width() {
    assert_eq!(format!("{:>8}|{:<8}|{:^8}|", ErrorKind::Tls, TransportErrorKind::NotTls, RETRY), {
        "     tls|not_tls |retry_later|"
    });
}
