//! The target `cursors`: any text as a cursor or id that is sent back to the server, in the path, in the query and in the body.

use std::hint::black_box;
use std::sync::LazyLock;

use bytes::Bytes;
use convex_mgmt_proto::deployment::{DataSync, ListActiveSyncs, ListAuditLogEvents};
use convex_mgmt_proto::samples::{SAMPLES, SampleApi, SampleRequest, Samples};
use convex_mgmt_proto::{BuildError, DeploymentApi, Operation, Page, Pager, PagingError, UnixMillis};
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::json;
use url::Url;

use crate::inputs::Choices;

/// Texts with more bytes together can make a URL too long, because each byte can become three.
const SHORT: usize = 20_000;

/// A text with more bytes is tested with one operation only.
const LONG: usize = 1000;

/// The text of the requests that others are compared with.
const PLAIN: &str = "text-for-a-url";

/// Builds requests with a text as a cursor or id. The first byte of the input selects what is set, and whether the request is
/// checked. Eight bytes are a time, eight a limit; the rest is the text.
///
/// * A checked request is rejected exactly if a value breaks a rule. The text is no reason for any other error.
/// * Another reader of URLs and JSON finds the text in the request as it was set, and nothing else that depends on it.
/// * A pager continues at the text, and fails when the text comes a second time.
///
/// # Panics
/// If one of these properties does not hold.
pub fn cursors(data: &[u8]) {
    let Some(input) = CursorInput::parse(data) else { return };
    in_every_url(input.text);
    in_the_lists(&input);
    in_the_body(&input);
    is_walked(input.text);
}

/// Builds each request with the text, and continues a list at it.
pub fn read(data: &[u8]) {
    let Some(input) = CursorInput::parse(data) else { return };
    let (syncs, events) = input.lists();
    let _ = black_box(input.build(syncs));
    let _ = black_box(input.build(events));
    let _ = black_box(input.build(input.sync()));
    SAMPLES.iter().for_each(|samples| drop(black_box((samples.with_url_text)(input.text))));
    let mut pager = Pager::new(ListActiveSyncs::new());
    for _ in 0..2 {
        pager.accept(Page::new([], Some(input.text.to_owned())));
        let _ = black_box(pager.request());
    }
}

/// An input of this target.
struct CursorInput<'a> {
    from: UnixMillis,
    limit: Option<u32>,
    text: &'a str,
    /// The text, if it is set as the cursor.
    cursor: Option<&'a str>,
    unchecked: bool,
}

impl<'a> CursorInput<'a> {
    fn parse(data: &'a [u8]) -> Option<Self> {
        let mut choices = Choices::new(data);
        let flags = choices.byte();
        let from = UnixMillis(choices.number() as i64 >> (flags >> 4));
        let limit = (choices.number() >> (flags >> 4)) as u32;
        let text = std::str::from_utf8(choices.rest()).ok()?;
        Some(Self {
            from,
            limit: (flags & 4 == 4).then_some(limit),
            text,
            cursor: (flags & 2 == 2).then_some(text),
            unchecked: flags & 1 == 1,
        })
    }

    fn lists(&self) -> (ListActiveSyncs, ListAuditLogEvents) {
        let (mut syncs, mut events) = (ListActiveSyncs::new(), ListAuditLogEvents::new(self.from));
        (syncs.limit, events.limit) = (self.limit, self.limit);
        let cursor = || self.cursor.map(str::to_owned);
        (syncs.cursor, events.cursor) = (cursor(), cursor());
        (syncs, events)
    }

    fn sync(&self) -> DataSync {
        self.cursor.map_or_else(DataSync::new, DataSync::from_cursor)
    }

    fn build(&self, operation: impl Operation<Api = DeploymentApi>) -> Result<Request<Bytes>, BuildError> {
        let endpoint = DeploymentApi::endpoint();
        if self.unchecked { operation.unchecked().to_request(&endpoint) } else { operation.to_request(&endpoint) }
    }

    /// Builds a request. Returns `None` if it breaks a rule (`is_bad`), or is too long because of a cursor in its URL.
    fn built(
        &self,
        operation: impl Operation<Api = DeploymentApi>,
        is_bad: bool,
        in_url: Option<&str>,
    ) -> Option<Request<Bytes>> {
        let is_bad = is_bad && !self.unchecked;
        match self.build(operation) {
            Ok(request) => {
                assert!(!is_bad, "a value that breaks a rule is sent: {}", request.uri());
                Some(request)
            }
            Err(BuildError::Invalid(violations)) => {
                assert!(is_bad, "{violations}");
                None
            }
            Err(BuildError::Url { .. }) => {
                assert!(in_url.is_some_and(|text| text.len() > SHORT), "the URL of a short text is too long");
                None
            }
            Err(BuildError::BodyTooLarge { .. }) if in_url.is_none() => None,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A request with [`PLAIN`] as its text.
struct PlainRequest {
    request: Request<Bytes>,
    url: UrlParts,
    /// `true` if the text is a segment of the path.
    in_path: bool,
    /// The number of values in the URL that are the text.
    places: usize,
}

/// The requests with [`PLAIN`] as their text, of each operation that has such requests.
static PLAIN_REQUESTS: LazyLock<Vec<(&Samples, Vec<PlainRequest>)>> = LazyLock::new(|| {
    let built = |request: SampleRequest| {
        let request = request.checked.unwrap_or_else(|error| panic!("{}: {error}", request.debug));
        let url = UrlParts::of(&request);
        let segments = url.segments.iter().filter(|segment| *segment == PLAIN).count();
        let places = segments + url.query.iter().filter(|(_, value)| value == PLAIN).count();
        PlainRequest { request, url, in_path: segments > 0, places }
    };
    let requests = |samples: &Samples| (samples.with_url_text)(PLAIN).into_iter().map(built).collect::<Vec<_>>();
    let all = SAMPLES.iter().map(|samples| (samples, requests(samples)));
    all.filter(|(_, requests)| !requests.is_empty()).collect()
});

/// Sets the text in every operation that has a text in its URL. Sets a long text in one of them only, to save time.
fn in_every_url(text: &str) {
    let only = (text.len() > LONG).then_some(text.len() % PLAIN_REQUESTS.len());
    for (_, (samples, plain)) in PLAIN_REQUESTS.iter().enumerate().filter(|(at, _)| only.is_none_or(|only| only == *at))
    {
        let requests = (samples.with_url_text)(text);
        assert_eq!(requests.len(), plain.len(), "{}", samples.meta);
        for (request, plain) in requests.into_iter().zip(plain) {
            check_url_text(samples, request, plain, text);
        }
    }
}

/// Compares a request with the same request that has another text.
fn check_url_text(samples: &Samples, request: SampleRequest, plain: &PlainRequest, text: &str) {
    let meta = samples.meta;
    let is_no_segment = plain.in_path && ["", ".", ".."].contains(&text);
    match (&request.checked, &request.unchecked) {
        (Ok(checked), Ok(unchecked)) => assert_eq!(checked.uri(), unchecked.uri(), "{meta}"),
        // The checks of an operation may have further rules.
        (Err(BuildError::Invalid(_)), _) => {}
        (checked, unchecked) => {
            assert_eq!(checked.as_ref().err(), unchecked.as_ref().err(), "{meta}: {text:?}");
        }
    }
    let request = match request.unchecked {
        Err(BuildError::PathValue { .. }) => {
            assert!(is_no_segment, "{meta} rejects {text:?}");
            return;
        }
        Err(BuildError::Url { .. }) => {
            assert!(text.len() * plain.places > SHORT, "{meta}: {} bytes are too long", text.len());
            return;
        }
        Err(error) => panic!("{meta}: {error}"),
        Ok(request) => request,
    };
    assert!(!is_no_segment, "{meta} sends {text:?} as a segment of the path");
    let url = UrlParts::of(&request);
    assert_eq!(url.origin, plain.url.origin, "{meta}");
    let expected = |plain: &str| if plain == PLAIN { text.to_owned() } else { plain.to_owned() };
    assert_eq!(url.segments, plain.url.segments.iter().map(|plain| expected(plain)).collect::<Vec<_>>(), "{meta}");
    let query = plain.url.query.iter().map(|(name, plain)| (name.clone(), expected(plain)));
    assert_eq!(url.query, query.collect::<Vec<_>>(), "{meta}");
    assert_eq!((request.body(), request.headers()), (plain.request.body(), plain.request.headers()), "{meta}");
}

/// Sets the time, the limit and the cursor of the lists.
fn in_the_lists(input: &CursorInput<'_>) {
    let CursorInput { from, limit, cursor, .. } = *input;
    let is_bad = limit.is_some_and(|limit| !(1..=100).contains(&limit)) || cursor == Some("");
    let (syncs, events) = input.lists();

    let mut expected = Vec::new();
    expected.extend(limit.map(|limit| ("limit".to_owned(), limit.to_string())));
    expected.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor.to_owned())));
    if let Some(request) = input.built(syncs, is_bad, cursor) {
        has_url(&request, &["data", "list_active_syncs"], &expected);
        has_no_body(&request);
    }

    expected.insert(0, ("from".to_owned(), from.0.to_string()));
    if let Some(request) = input.built(events, is_bad || from.0 < 0, cursor) {
        has_url(&request, &["list_audit_log_events"], &expected);
        has_no_body(&request);
    }
}

/// Sets the cursor of a data sync.
fn in_the_body(input: &CursorInput<'_>) {
    let cursor = input.cursor;
    if let Some(request) = input.built(input.sync(), cursor == Some(""), None) {
        let expected = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(request.body()).ok(), Some(expected));
        assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
        has_url(&request, &["data", "sync"], &[]);
    }
}

/// Walks a list with the text as a cursor.
fn is_walked(cursor: &str) {
    let mut pager = Pager::new(ListActiveSyncs::new());
    pager.accept(Page::new([], Some(cursor.to_owned())));
    let next = pager.request().expect("another page").expect("not the end");
    assert_eq!(next.cursor.as_deref(), Some(cursor));
    let mut ended = pager.clone();
    ended.accept(Page::new([], None));
    assert!(matches!(ended.request(), Ok(None)));
    // With another page between the two.
    let another = format!("{cursor}!");
    let mut longer = pager.clone();
    longer.accept(Page::new([], Some(another.clone())));
    assert_eq!(longer.request().expect("another page").expect("not the end").cursor, Some(another));
    for mut pager in [pager, longer] {
        pager.accept(Page::new([], Some(cursor.to_owned())));
        assert!(matches!(pager.request(), Err(PagingError)));
    }
}

/// The parts of a URL, as another reader of URLs finds them.
struct UrlParts {
    origin: String,
    segments: Vec<String>,
    query: Vec<(String, String)>,
}

impl UrlParts {
    fn of(request: &Request<Bytes>) -> Self {
        let url = Url::parse(&request.uri().to_string()).expect("a URL");
        assert!(url.fragment().is_none() && url.username().is_empty());
        // Another decoder than ours reads each segment as the value of a form. It would read `+` as a space, but `+` is never
        // sent.
        let decoded = |segment: &str| {
            let text = format!("x={segment}");
            let values = url::form_urlencoded::parse(text.as_bytes()).map(|(_, value)| value.into_owned());
            values.collect::<Vec<_>>().concat()
        };
        Self {
            origin: url.origin().ascii_serialization(),
            segments: url.path_segments().expect("a path").map(decoded).collect(),
            query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        }
    }
}

fn has_url(request: &Request<Bytes>, path: &[&str], query: &[(String, String)]) {
    let url = UrlParts::of(request);
    assert_eq!(url.origin, "https://happy-animal-123.convex.cloud");
    assert_eq!(url.segments, [&["api", "v1"], path].concat());
    assert_eq!(url.query, query);
}

fn has_no_body(request: &Request<Bytes>) {
    assert!(request.body().is_empty() && !request.headers().contains_key(CONTENT_TYPE));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests of convex-mgmt-proto check that these requests cover each text of a URL.
    #[test]
    fn every_request_with_url_text_has_the_text_in_its_url() {
        let requests = PLAIN_REQUESTS.iter().flat_map(|(samples, all)| all.iter().map(|one| (samples.meta, one)));
        for (meta, plain) in requests {
            assert!(plain.places > 0, "{meta}: `with_url_text` does not set the text in {}", plain.request.uri());
        }
        assert!(PLAIN_REQUESTS.iter().any(|(_, all)| all.iter().any(|plain| plain.in_path)));
        assert!(PLAIN_REQUESTS.iter().any(|(_, all)| all.iter().any(|plain| !plain.in_path)));
    }
}
