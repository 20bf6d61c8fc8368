//! The target `deliveries`: any signature and body as a delivery to a webhook, and any text as a stored meter.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::UnixMillis;
use convex_mgmt_proto::webhook::{
    BatchDigest, Meter, RecentBatches, Signature, SignatureError, Verified, Verifier, VerifyError, Window,
};
use sha2::{Digest, Sha256};

use crate::inputs::Choices;

/// The secrets of the receiver.
const SECRETS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "an older secret"];

/// The receiver's clock.
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// An event of a function execution.
pub const EXECUTION: &str = concat!(
    r#"{"timestamp":1700000000000,"topic":"function_execution","function":{"path":"messages:list","type":"query","#,
    r#""cached":false,"request_id":"9c4bb0afdad11f60","mutation_queue_length":null,"mutation_retry_count":null},"#,
    r#""execution_time_ms":25,"user_execution_time_ms":0,"status":"failure","error_message":null,"occ_info":null,"#,
    r#""will_retry":false,"scheduler_info":null,"run_reason":"httpApi","usage":{"database_read_bytes":1,"#,
    r#""database_write_bytes":2,"database_io_read_bytes":3,"database_io_write_bytes":4,"database_read_documents":5,"#,
    r#""database_write_documents":6,"file_storage_read_bytes":7,"file_storage_write_bytes":8,"#,
    r#""vector_storage_read_bytes":9,"vector_storage_write_bytes":10,"text_search_query_bytes":11,"#,
    r#""text_search_write_query_bytes":12,"vector_search_query_bytes":13,"vector_search_write_query_bytes":14,"#,
    r#""network_egress_bytes":15,"memory_used_mb":16,"action_memory_used_mb":17,"audit_log_egress_bytes":18,"#,
    r#""function_args_bytes":19,"function_returns_bytes":20},"convex":{"deployment_name":"happy-animal-123","#,
    r#""deployment_type":null,"deployment_ref":null,"project_name":null,"project_slug":null,"#,
    r#""deployment_region":"local"}}"#
);

/// Verifies a delivery. The first letter selects a secret and the length of the chunks. The rest of the first line is the value of
/// the signature header, and the rest is the body.
///
/// * A header is accepted exactly if it has the one form.
/// * A body is accepted exactly if the header is its HMAC, by another implementation, with one of the secrets.
/// * A signed body is accepted as a whole and in chunks, and comes back unchanged, unless it exceeds the limit.
/// * A batch counts once in a meter, however often it is recorded, stored or merged.
/// * A stored meter or set of recent batches that can be read is stored as the same value.
///
/// # Panics
/// If one of these properties does not hold.
pub fn deliveries(data: &[u8]) {
    let DeliveryInput { choice, header, body } = DeliveryInput::parse(data);
    let verifier = verifier();

    let given = Signature::from_values([&header]);
    assert_eq!(given.is_ok(), is_signature(&header), "{header:?}");
    let signatures = SECRETS.map(|secret| hmac(secret, &body));
    let expected = given
        .map_err(VerifyError::from)
        .and_then(|_| signatures.iter().position(|signature| *signature == header).ok_or(VerifyError::Mismatch));
    let verified = given.map_err(VerifyError::from).and_then(|given| verifier.verify(&given, body.clone()));
    assert_eq!(verified.map(|verified| verified.secret()), expected);

    let secret = choice % SECRETS.len();
    let signature = Signature::from_values([&signatures[secret]]).expect("a signature");
    let twice = Signature::from_values([&signatures[secret], &header]);
    assert_eq!(twice.err(), Some(SignatureError::Repeated));
    let whole = verifier.verify(&signature, body.clone()).expect("a signed body");
    let chunks = in_chunks(&verifier, &signature, &body, choice + 1).expect("a signed body");
    for verified in [&whole, &chunks] {
        assert_eq!((verified.body(), verified.secret()), (&body, secret));
    }
    let small = verifier.max_body(choice);
    let too_large = (body.len() > choice).then_some(VerifyError::BodyTooLarge { limit: choice });
    assert_eq!(small.verify(&signature, body.clone()).err(), too_large);
    assert_eq!(in_chunks(&small, &signature, &body, 7).err(), too_large);

    is_counted_once(&whole);
    is_stored_as_it_was(&body);
}

/// Verifies a delivery, and counts its events.
pub fn read(data: &[u8]) {
    let DeliveryInput { choice, header, body } = DeliveryInput::parse(data);
    let _ = black_box(Signature::from_values([&header]));
    let signature = Signature::from_values([hmac(SECRETS[0], &body)]).expect("a signature");
    let verified = in_chunks(&verifier(), &signature, &body, 64 << (choice % 16)).expect("a signed body");
    if let Ok(batch) = verified.read() {
        let _ = black_box(Window::default().check(&batch, NOW));
        let mut meter = Meter::default();
        meter.record(verified.digest(), &batch, NOW);
        black_box(meter.usage());
    }
    if let Ok(meter) = serde_json::from_slice::<Meter>(&body) {
        black_box(meter.usage());
    }
}

/// An input of this target.
struct DeliveryInput {
    choice: usize,
    header: String,
    body: Bytes,
}

impl DeliveryInput {
    fn parse(data: &[u8]) -> Self {
        let mut choices = Choices::new(data);
        let (choice, header) = (choices.below(26), choices.line());
        Self { choice, header, body: Bytes::copy_from_slice(choices.rest()) }
    }
}

fn verifier() -> Verifier {
    Verifier::new(SECRETS).expect("secrets")
}

fn in_chunks(verifier: &Verifier, signature: &Signature, body: &[u8], length: usize) -> Result<Verified, VerifyError> {
    let mut verification = verifier.begin(signature);
    for chunk in body.chunks(length) {
        verification.update(chunk)?;
    }
    verification.finish()
}

fn is_signature(header: &str) -> bool {
    let digits = header.strip_prefix("sha256=").unwrap_or_default();
    digits.len() == 64 && digits.chars().all(|digit| "0123456789abcdef".contains(digit))
}

/// The header with the HMAC-SHA256 of a body, by the definition in RFC 2104.
fn hmac(secret: &str, body: &[u8]) -> String {
    let padded = |pad: u8, rest: &[u8]| {
        let key = secret.bytes().chain(std::iter::repeat(0)).take(64).map(|byte| byte ^ pad);
        Sha256::new().chain_update(key.collect::<Vec<u8>>()).chain_update(rest).finalize()
    };
    let digits: String = padded(0x5c, &padded(0x36, body)).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

fn is_counted_once(verified: &Verified) {
    let Ok(batch) = verified.read() else { return };
    let digest = verified.digest();
    let mut meter = Meter::default();
    assert!(meter.record(digest, &batch, NOW));
    let usage = meter.usage();
    let counts = usage.deliveries;
    assert_eq!((counts.batches, counts.events), (1, batch.len() as u64));
    assert_eq!(counts.unread_events, batch.errors().count() as u64);
    assert!(!meter.record(digest, &batch, UnixMillis(NOW.0 + 1)));
    let mut merged: Meter = serde_json::from_str(&serde_json::to_string(&meter).expect("JSON")).expect("a meter");
    assert_eq!(merged, meter);
    merged.merge(&meter);
    assert_eq!(merged.usage(), usage);
    // Beyond the horizon, the sums are those of two batches.
    merged.set_limits(Duration::ZERO, 0);
    assert!(merged.record(digest, &batch, UnixMillis(NOW.0 + 1)));
    let mut twice = Meter::default();
    twice.record(digest, &batch, NOW);
    twice.record(BatchDigest::from_bytes([0; 32]), &batch, NOW);
    assert_eq!(merged.usage(), twice.usage());
}

fn is_stored_as_it_was(body: &[u8]) {
    if let Ok(meter) = serde_json::from_slice::<Meter>(body) {
        let json = serde_json::to_string(&meter).expect("JSON");
        assert_eq!(serde_json::from_str::<Meter>(&json).expect("a meter"), meter);
        let mut merged = meter.recent(NOW);
        merged.merge(&meter);
        assert_eq!(merged.usage(), meter.usage());
    }
    if let Ok(mut recent) = serde_json::from_slice::<RecentBatches>(body) {
        let json = serde_json::to_string(&recent).expect("JSON");
        assert_eq!(serde_json::from_str::<RecentBatches>(&json).expect("recent batches"), recent);
        let digest = BatchDigest::of(body);
        let was_known = recent.contains(&digest, NOW);
        assert_eq!(recent.insert(digest, NOW), !was_known);
    }
}
