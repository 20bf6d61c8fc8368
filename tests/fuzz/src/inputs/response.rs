//! [`ResponseInput`]: an input of the target `replies`, which means a response to an operation.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use convex_mgmt_proto::OperationMeta;
use convex_mgmt_proto::samples::{SAMPLES, Samples};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::choices::Choices;

/// The statuses that an input chooses from.
pub const STATUSES: &[u16] = &[
    200, 201, 204, 299, 400, 401, 403, 404, 408, 409, 421, 425, 429, 500, 502, 503, 504, 100, 304, 301, 302, 308, 600,
    // Add new ones at the end: the corpus chooses by place.
    101, 203, 205, 206, 207, 520, 530, 599,
];

/// The heads that an input chooses from.
pub const HEADS: &[&[(&str, &[u8])]] = &[
    &[],
    &[("content-type", b"application/json")],
    &[("content-type", b"application/json; charset=UTF-8"), ("retry-after", b"3")],
    &[("content-type", b"application/json;charset=\"latin1\"")],
    &[("content-type", b"text/html"), ("retry-after", b"99999999999999999999")],
    &[("content-type", b"text/plain; charset="), ("retry-after", b"-1")],
    &[("content-type", b"\xff;;="), ("location", b"\xff")],
    &[("x-convex-deprecation-state", b"UpgradeRequired"), ("x-convex-deprecation-message", b"soon \xe9")],
];

/// A response to an operation, read from an input:
///
/// 1. The first line names the operation, such as `deployment/list_log_streams`. Any other line chooses one by its hash, so
///    that mutated inputs reach all operations.
/// 2. A letter chooses the status from [`STATUSES`]: `a` is the first.
/// 3. A letter chooses the head from [`HEADS`]. The letter after the last one means that the head is written out after the
///    mask, one header per line, up to an empty line.
/// 4. A byte is the mask.
/// 5. The rest is the body.
#[derive(Debug)]
pub struct ResponseInput {
    /// The operation.
    pub samples: &'static Samples,
    /// The response.
    pub response: Response<Bytes>,
    /// The texts of the body that get the canary, one bit each. The bits repeat after eight texts.
    pub mask: u8,
}

impl ResponseInput {
    /// Reads an input. Every input is valid.
    pub fn parse(data: &[u8]) -> Self {
        let mut choices = Choices::new(data);
        let samples = operation(&choices.line());
        let status = StatusCode::from_u16(choices.one_of(STATUSES)).expect("a status");
        let head = choices.below(HEADS.len() + 1);
        let mask = choices.byte();
        let headers = HEADS.get(head).map_or_else(|| written_head(&mut choices), |head| known_head(head));
        let mut response = Response::new(Bytes::copy_from_slice(choices.rest()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Self { samples, response, mask }
    }

    /// Returns the beginning of an input: everything before the head that is written out, or before the body. The mask selects
    /// all texts.
    ///
    /// # Panics
    /// If the status is not in [`STATUSES`].
    pub fn head(meta: &OperationMeta, status: u16, head: usize) -> String {
        let letter = |place: usize| char::from(b'a' + place as u8);
        let status = STATUSES.iter().position(|one| *one == status).expect("a status of the table");
        format!("{meta}\n{}{}\x7f", letter(status), letter(head))
    }

    /// Returns the response with another body.
    pub fn with_body(&self, body: Vec<u8>) -> Response<Bytes> {
        self.response.clone().map(|_| body.into())
    }
}

fn operation(name: &str) -> &'static Samples {
    // Without formatting: the benchmark counts these instructions too.
    let parts = name.split_once('/');
    SAMPLES.iter().find(|samples| parts == Some((samples.meta.api, samples.meta.id))).unwrap_or_else(|| {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        &SAMPLES[(hasher.finish() % SAMPLES.len() as u64) as usize]
    })
}

fn known_head(head: &[(&'static str, &[u8])]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &[u8])| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value).expect("a header"))
    };
    head.iter().map(header).collect()
}

/// Reads the headers at the front of an input. Lines that are not headers are left out.
fn written_head(choices: &mut Choices<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    loop {
        let line = choices.line();
        if line.is_empty() {
            return headers;
        }
        if let Some((name, value)) = line.split_once(':')
            && let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.trim()))
        {
            // A full map takes no more headers.
            drop(headers.try_append(name, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_first_line_chooses_the_operation() {
        for samples in SAMPLES {
            let input = ResponseInput::head(samples.meta, 404, HEADS.len()) + "a: b\n: c\n\n[]";
            let ResponseInput { samples: found, response, mask } = ResponseInput::parse(input.as_bytes());
            assert_eq!(found.meta.to_string(), samples.meta.to_string());
            assert_eq!((response.status().as_u16(), mask), (404, 0x7f));
            assert_eq!((response.headers().len(), &response.headers()["a"]), (1, &HeaderValue::from_static("b")));
            assert_eq!(response.body(), "[]");
        }
    }

    #[test]
    fn other_lines_reach_every_operation() {
        let reached = |count| {
            let inputs = (0..count).map(|number: usize| ResponseInput::parse(number.to_string().as_bytes()));
            inputs.map(|input| input.samples.meta.to_string()).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(reached(20 * SAMPLES.len()), SAMPLES.len());
    }
}
