//! Cursors and ids: any text on its way back to the server, in the query, in the body and in the path.

use std::hint::black_box;

use bytes::Bytes;
use convex_mgmt_proto::deployment::log_streams::WebhookUpdate;
use convex_mgmt_proto::deployment::usage_limits::UsageLimitConfig;
use convex_mgmt_proto::deployment::{
    DataSync, DeleteLogStream, DeleteUsageLimit, GetLogStream, ListActiveSyncs, ListAuditLogEvents,
    RotateWebhookSecret, UpdateLogStream, UpdateUsageLimit,
};
use convex_mgmt_proto::{
    BuildError, DeployKey, DeploymentApi, Endpoint, Operation, OperationMeta, Page, Pager, PagingError, UnixMillis,
};
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::json;
use url::Url;

use crate::input::Input;

/// More bytes than that may make a URL too long, when each becomes three.
const SHORT: usize = 20_000;

/// Writes requests with a text for a cursor or id. The first byte says what is set and whether the checks are off, eight are
/// a time, eight a limit; the rest is the text.
///
/// * A request is refused exactly if its values break a rule, and a text is never the reason of another refusal.
/// * What is sent is read back, by another reader of URLs and JSON, as exactly what was given, and nothing beside it.
/// * A pager goes on at the text, and stops when it comes back to it.
///
/// # Panics
/// If one of that does not hold.
pub fn cursors(data: &[u8]) {
    let Some(Given { from, limit, text, cursor, unchecked }) = Given::of(data) else { return };
    in_the_query(from, limit, cursor, unchecked);
    in_the_body(cursor, unchecked);
    in_the_path(text);
    goes_on(text);
}

/// Writes each request with the text, and goes on at it.
pub fn read(data: &[u8]) {
    let Some(Given { from, limit, text, cursor, unchecked }) = Given::of(data) else { return };
    let (syncs, events) = lists(from, limit, cursor, unchecked);
    let _ = black_box(syncs.to_request(&endpoint()));
    let _ = black_box(events.to_request(&endpoint()));
    let _ = black_box(sync(cursor, unchecked).to_request(&endpoint()));
    BY_ID.iter().for_each(|(_, build)| drop(black_box(build(text))));
    let mut pager = Pager::new(ListActiveSyncs::new());
    for _ in 0..2 {
        pager.accept(Page::new([], Some(text.to_owned())));
        let _ = black_box(pager.request());
    }
}

/// What an input says.
struct Given<'a> {
    from: UnixMillis,
    limit: Option<u32>,
    text: &'a str,
    /// The text, if it is a cursor too.
    cursor: Option<&'a str>,
    unchecked: bool,
}

impl<'a> Given<'a> {
    fn of(data: &'a [u8]) -> Option<Self> {
        let mut input = Input::new(data);
        let flags = input.byte();
        let from = UnixMillis(input.number() as i64 >> (flags >> 4));
        let limit = (input.number() >> (flags >> 4)) as u32;
        let text = std::str::from_utf8(input.rest()).ok()?;
        Some(Self {
            from,
            limit: (flags & 4 == 4).then_some(limit),
            text,
            cursor: (flags & 2 == 2).then_some(text),
            unchecked: flags & 1 == 1,
        })
    }
}

fn endpoint() -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    Endpoint::new("https://happy-animal-123.convex.cloud", &key).expect("an endpoint")
}

fn lists(
    from: UnixMillis,
    limit: Option<u32>,
    cursor: Option<&str>,
    unchecked: bool,
) -> (ListActiveSyncs, ListAuditLogEvents) {
    let (mut syncs, mut events) = (ListActiveSyncs::new(), ListAuditLogEvents::new(from));
    (syncs.limit, events.limit) = (limit, limit);
    (syncs.cursor, events.cursor) = (cursor.map(str::to_owned), cursor.map(str::to_owned));
    if unchecked { (syncs.unchecked(), events.unchecked()) } else { (syncs, events) }
}

fn sync(cursor: Option<&str>, unchecked: bool) -> DataSync {
    let sync = cursor.map_or_else(DataSync::new, DataSync::from_cursor);
    if unchecked { sync.unchecked() } else { sync }
}

fn in_the_query(from: UnixMillis, limit: Option<u32>, cursor: Option<&str>, unchecked: bool) {
    let bad = limit.is_some_and(|limit| !(1..=100).contains(&limit)) || cursor == Some("");
    let (syncs, events) = lists(from, limit, cursor, unchecked);

    let mut expected = Vec::new();
    expected.extend(limit.map(|limit| ("limit", limit.to_string())));
    expected.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
    if let Some(request) = built(&syncs, bad && !unchecked, cursor) {
        assert_eq!(query(&request), expected);
        assert_eq!(segments(&request), ["api", "v1", "data", "list_active_syncs"]);
        is_empty(&request);
    }

    expected.insert(0, ("from", from.0.to_string()));
    if let Some(request) = built(&events, (bad || from.0 < 0) && !unchecked, cursor) {
        assert_eq!(query(&request), expected);
        assert_eq!(segments(&request), ["api", "v1", "list_audit_log_events"]);
        is_empty(&request);
    }
}

fn in_the_body(cursor: Option<&str>, unchecked: bool) {
    if let Some(request) = built(&sync(cursor, unchecked), cursor == Some("") && !unchecked, None) {
        let expected = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(request.body()).ok(), Some(expected));
        assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(
            (segments(&request), query(&request).len()),
            (vec!["api".into(), "v1".into(), "data".into(), "sync".into()], 0)
        );
    }
}

/// Builds the request of an operation of which only the id is of interest.
type ById = (&'static OperationMeta, fn(&str) -> Result<Request<Bytes>, BuildError>);

/// Every operation with an id in its path.
const BY_ID: &[ById] = &[
    (GetLogStream::META, |id| GetLogStream::new(id).to_request(&endpoint())),
    (DeleteLogStream::META, |id| DeleteLogStream::new(id).to_request(&endpoint())),
    (RotateWebhookSecret::META, |id| RotateWebhookSecret::new(id).to_request(&endpoint())),
    (UpdateLogStream::META, |id| UpdateLogStream::new(id, WebhookUpdate::new()).to_request(&endpoint())),
    (DeleteUsageLimit::META, |id| DeleteUsageLimit::new(id).to_request(&endpoint())),
    (UpdateUsageLimit::META, |id| {
        let config = UsageLimitConfig::new("functionCalls".into(), "day".into(), "warning".into(), 1);
        UpdateUsageLimit::new(id, config).to_request(&endpoint())
    }),
];

fn in_the_path(id: &str) {
    for (meta, build) in BY_ID {
        match build(id) {
            Err(BuildError::PathValue { field: "id", .. }) => assert!(["", ".", ".."].contains(&id), "{id:?}"),
            Err(BuildError::Url { .. }) => assert!(id.len() > SHORT, "{} bytes are too long", id.len()),
            Err(error) => panic!("{}: {error}", meta.id),
            Ok(request) => {
                assert!(!["", ".", ".."].contains(&id));
                let path =
                    meta.path.trim_start_matches('/').split('/').map(|part| if part == "{id}" { id } else { part });
                let expected: Vec<&str> = ["api", "v1"].into_iter().chain(path).collect();
                assert_eq!(segments(&request), expected, "{}", meta.id);
                assert_eq!(query(&request), [], "{}", meta.id);
                // The id is in the path and nowhere else.
                let other = build("some-id").expect("a request with another id");
                assert_eq!(request.body(), other.body(), "{}", meta.id);
            }
        }
    }
}

fn goes_on(cursor: &str) {
    let mut pager = Pager::new(ListActiveSyncs::new());
    pager.accept(Page::new([], Some(cursor.to_owned())));
    let next = pager.request().expect("another page").expect("not the end");
    assert_eq!(next.cursor.as_deref(), Some(cursor));
    let mut ended = pager.clone();
    ended.accept(Page::new([], None));
    assert!(matches!(ended.request(), Ok(None)));
    // However large the circle.
    let another = format!("{cursor}!");
    let mut larger = pager.clone();
    larger.accept(Page::new([], Some(another.clone())));
    assert_eq!(larger.request().expect("another page").expect("not the end").cursor, Some(another));
    for mut pager in [pager, larger] {
        pager.accept(Page::new([], Some(cursor.to_owned())));
        assert!(matches!(pager.request(), Err(PagingError)));
    }
}

/// The request, unless it has to be refused or its text is too long for a URL.
fn built(operation: &impl Operation<Api = DeploymentApi>, bad: bool, in_url: Option<&str>) -> Option<Request<Bytes>> {
    match operation.to_request(&endpoint()) {
        Ok(request) => {
            assert!(!bad, "a bad value was let through: {}", request.uri());
            Some(request)
        }
        Err(BuildError::Invalid(problems)) => {
            assert!(bad, "{problems}");
            None
        }
        Err(BuildError::Url { .. }) => {
            assert!(in_url.is_some_and(|text| text.len() > SHORT), "a short text was too long");
            None
        }
        Err(BuildError::BodyTooLarge { .. }) if in_url.is_none() => None,
        Err(error) => panic!("{error}"),
    }
}

fn url(request: &Request<Bytes>) -> Url {
    let url = Url::parse(&request.uri().to_string()).expect("a URL");
    assert_eq!(url.origin().ascii_serialization(), "https://happy-animal-123.convex.cloud");
    assert!(url.fragment().is_none() && url.username().is_empty());
    url
}

fn segments(request: &Request<Bytes>) -> Vec<String> {
    let url = url(request);
    let segments = url.path_segments().expect("a path");
    // As the value of a form it is decoded by another reader than ours; `+`, which would become a space, is never written.
    let decoded = |segment: &str| {
        let text = format!("x={segment}");
        url::form_urlencoded::parse(text.as_bytes()).map(|(_, value)| value.into_owned()).collect::<Vec<_>>().concat()
    };
    segments.map(decoded).collect()
}

fn query(request: &Request<Bytes>) -> Vec<(&'static str, String)> {
    let names = ["from", "limit", "cursor"];
    let known = |name: &str| names.into_iter().find(|known| *known == name).expect("a name that was given");
    url(request).query_pairs().map(|(name, value)| (known(&name), value.into_owned())).collect()
}

fn is_empty(request: &Request<Bytes>) {
    assert!(request.body().is_empty() && !request.headers().contains_key(CONTENT_TYPE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_with_an_id_is_tried() {
        let with_id = convex_mgmt_proto::OPERATIONS.iter().filter(|meta| meta.path.contains('{'));
        let missing: Vec<_> = with_id.filter(|meta| !BY_ID.iter().any(|(tried, _)| tried.id == meta.id)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
