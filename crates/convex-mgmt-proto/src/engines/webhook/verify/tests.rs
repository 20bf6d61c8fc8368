//! Tests of verification: known signatures, another implementation of HMAC, and bodies and signatures that are changed.

use proptest::prelude::*;
use sha2::Digest;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Bodies with their signatures by [`SECRET`]. Source: facts of the API, computed with another implementation.
const SIGNED: [(&str, &str); 2] = [
    ("{\"a\":1}\n{\"b\":2}", "58f17aafbf8427991629e3552fede4bc96af910638e27859edc0a83c005b97f9"),
    (
        concat!(
            r#"[{"timestamp":1700000000000,"topic":"verification","message":"Convex connection test","#,
            r#""convex":{"deployment_name":"happy-animal-123","deployment_type":"dev","deployment_ref":null,"#,
            r#""project_name":null,"project_slug":null,"deployment_region":null}}]"#
        ),
        "e89e993b4234b7d8987b92dc8e0a465ba9572600d28f680e9fce90337940133d",
    ),
];

fn signature(digits: &str) -> Signature {
    Signature::from_values([format!("sha256={digits}")]).unwrap()
}

/// HMAC-SHA256 by its definition in RFC 2104, without the crate under test.
fn hmac_by_hand(secret: &str, body: &[u8]) -> String {
    let mut key = secret.as_bytes().to_vec();
    if key.len() > 64 {
        key = Sha256::digest(&key).to_vec();
    }
    key.resize(64, 0);
    let padded = |pad: u8, rest: &[u8]| {
        let mut bytes: Vec<u8> = key.iter().map(|byte| byte ^ pad).collect();
        bytes.extend_from_slice(rest);
        Sha256::digest(&bytes)
    };
    padded(0x5c, &padded(0x36, body)).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn in_chunks(verifier: &Verifier, signature: &Signature, chunks: &[&[u8]]) -> Result<Verified, VerifyError> {
    let mut verification = verifier.begin(signature);
    for chunk in chunks {
        verification.update(chunk)?;
    }
    verification.finish()
}

#[test]
fn accepts_known_signatures() {
    let verifier = Verifier::new([SECRET]).unwrap();
    for (body, digits) in SIGNED {
        let verified = verifier.verify(&signature(digits), body).unwrap();
        assert_eq!((verified.body().as_ref(), verified.secret()), (body.as_bytes(), 0));
        assert_eq!(verified.digest(), BatchDigest::of(body.as_bytes()));
        let verified = in_chunks(&verifier, &signature(digits), &[body.as_bytes()]).unwrap();
        assert_eq!(verified.body().as_ref(), body.as_bytes());
    }
}

#[test]
fn the_key_is_the_text_of_the_secret_and_not_its_decoded_digits() {
    let decoded: String = SECRET
        .as_bytes()
        .chunks(2)
        .map(|pair| char::from(u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()))
        .collect();
    let (body, digits) = SIGNED[0];
    assert_eq!(Verifier::new([decoded]).unwrap().verify(&signature(digits), body).unwrap_err(), VerifyError::Mismatch);
}

#[test]
fn a_rotation_accepts_both_secrets_and_names_the_matching_one() {
    let (body, _) = SIGNED[0];
    let verifier = Verifier::new(["new", "old", "old"]).unwrap();
    assert_eq!(verifier.secrets(), 3);
    for (secret, expected) in [("new", Ok(0)), ("old", Ok(1)), ("older", Err(VerifyError::Mismatch))] {
        let signature = signature(&hmac_by_hand(secret, body.as_bytes()));
        assert_eq!(verifier.verify(&signature, body).map(|verified| verified.secret()), expected, "{secret}");
        let chunks = in_chunks(&verifier, &signature, &[body.as_bytes()]);
        assert_eq!(chunks.map(|verified| verified.secret()), expected, "{secret}");
    }
}

#[test]
fn secrets_that_would_never_match_or_always_match_are_errors() {
    let error = |secrets: &[&str]| Verifier::new(secrets.iter().copied()).unwrap_err();
    assert_eq!(error(&[]), SecretError::Missing);
    assert_eq!(error(&[SECRET, ""]), SecretError::Empty { index: 1 });
    assert_eq!(error(&[&format!("{SECRET}\n")]), SecretError::WhiteSpace { index: 0 });
    assert_eq!(error(&[" "]), SecretError::WhiteSpace { index: 0 });
}

#[test]
fn a_body_above_the_limit_is_an_error_before_it_is_kept() {
    let verifier = Verifier::new([SECRET]).unwrap().max_body(15);
    let (body, digits) = SIGNED[0];
    let signature = signature(digits);
    assert!(verifier.verify(&signature, body).is_ok());
    let too_large = VerifyError::BodyTooLarge { limit: 15 };
    assert_eq!(verifier.verify(&signature, format!("{body}\n")).unwrap_err(), too_large);

    let mut verification = verifier.begin(&signature);
    verification.update(body.as_bytes()).unwrap();
    assert_eq!(verification.update(b"\n"), Err(too_large));
    // The limit stays exceeded, although the bytes are gone.
    assert_eq!(verification.body.capacity(), 0);
    assert_eq!(verification.update(b""), Err(too_large));
    assert_eq!(verification.finish().unwrap_err(), too_large);
}

#[test]
fn fifty_megabytes_are_never_in_memory_at_once() {
    let verifier = Verifier::new([SECRET]).unwrap();
    let mut verification = verifier.begin(&signature(SIGNED[0].1));
    let chunk = vec![b' '; 1 << 20];
    let accepted = (0..50).take_while(|_| verification.update(&chunk).is_ok()).count();
    assert_eq!(accepted, DEFAULT_MAX_BODY / chunk.len());
    assert_eq!(verification.finish().unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn debug_shows_neither_secrets_nor_bodies() {
    let (body, digits) = SIGNED[0];
    let verifier = Verifier::new([SECRET]).unwrap();
    let mut verification = verifier.begin(&signature(digits));
    verification.update(body.as_bytes()).unwrap();
    let verified = verification.clone().finish().unwrap();
    assert_eq!(
        format!("{verifier:?} {verification:?} {verified:?}"),
        "Verifier { secrets: 1, max_body: 16777216 } BodyVerifier { bytes: 15, .. } Verified { bytes: 15, secret: 0 }"
    );
}

proptest! {
    #[test]
    fn accepts_any_signed_body_in_any_chunks(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        secrets in proptest::collection::vec("[!-~]{1,100}", 1..4),
        signer in any::<prop::sample::Index>(),
        splits in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let secret = signer.get(&secrets);
        let first = secrets.iter().position(|one| one == secret).unwrap();
        let signature = signature(&hmac_by_hand(secret, &body));
        let verifier = Verifier::new(secrets.iter()).unwrap();
        prop_assert_eq!(verifier.verify(&signature, body.clone()).unwrap().secret(), first);

        let mut ends: Vec<usize> = splits.iter().map(|split| split.index(body.len() + 1)).collect();
        ends.sort_unstable();
        let mut chunks = Vec::new();
        let mut start = 0;
        for end in ends.into_iter().chain([body.len()]) {
            chunks.push(&body[start..end]);
            start = end;
        }
        let verified = in_chunks(&verifier, &signature, &chunks).unwrap();
        prop_assert_eq!((verified.secret(), verified.body().as_ref()), (first, body.as_slice()));
    }

    #[test]
    fn rejects_every_change_of_one_bit(
        body in proptest::collection::vec(any::<u8>(), 1..300),
        bit in any::<prop::sample::Index>(),
    ) {
        let verifier = Verifier::new([SECRET, "old"]).unwrap();
        let digits = hmac_by_hand(SECRET, &body);
        let mut changed = body.clone();
        let at = bit.index(8 * body.len());
        changed[at / 8] ^= 1 << (at % 8);
        let mismatch = VerifyError::Mismatch;
        prop_assert_eq!(verifier.verify(&signature(&digits), changed.clone()).unwrap_err(), mismatch);
        prop_assert_eq!(in_chunks(&verifier, &signature(&digits), &[&changed]).unwrap_err(), mismatch);

        let mut bytes = *signature(&digits).as_bytes();
        let at = bit.index(8 * bytes.len());
        bytes[at / 8] ^= 1 << (at % 8);
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(verifier.verify(&signature(&digits), body).unwrap_err(), mismatch);
    }
}
