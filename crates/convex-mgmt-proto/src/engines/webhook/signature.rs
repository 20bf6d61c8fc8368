//! [`Signature`]: the value of the header `x-webhook-signature`.

use http::{HeaderMap, HeaderName};
use thiserror::Error;

/// The header with the signature of a delivery.
pub const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("x-webhook-signature");

const PREFIX: &[u8] = b"sha256=";

/// The length of an HMAC-SHA256 in bytes.
pub(super) const LENGTH: usize = 32;

/// The signature that came with a delivery, not verified yet.
///
/// The header has exactly one form: `sha256=` and 64 lower-case hexadecimal digits. Every other form is an error, because the server
/// sends no other. `Debug` does not show the digits.
#[derive(Clone, Copy)]
pub struct Signature([u8; LENGTH]);

impl Signature {
    /// Reads the signature from the headers of a delivery.
    ///
    /// # Errors
    /// A [`SignatureError`] if the header is missing, occurs twice, or has another form.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, SignatureError> {
        Self::from_values(headers.get_all(SIGNATURE_HEADER))
    }

    /// Reads the signature from all values of the header [`SIGNATURE_HEADER`], for frameworks with other types for headers.
    ///
    /// ```
    /// use convex_mgmt::webhook::{Signature, SignatureError};
    ///
    /// assert!(Signature::from_values([format!("sha256={:064}", 7)]).is_ok());
    /// assert_eq!(Signature::from_values([""; 0]).unwrap_err(), SignatureError::Missing);
    /// ```
    ///
    /// # Errors
    /// A [`SignatureError`] if there is not exactly one value, or if it has another form.
    pub fn from_values<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Result<Self, SignatureError> {
        let mut values = values.into_iter();
        let value = values.next().ok_or(SignatureError::Missing)?;
        if values.next().is_some() {
            return Err(SignatureError::Repeated);
        }
        let digits = value.as_ref().strip_prefix(PREFIX).ok_or(SignatureError::Algorithm)?;
        hex(digits).map(Self)
    }

    /// The bytes of the signature.
    pub(super) fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature([redacted])")
    }
}

/// Reads 64 lower-case hexadecimal digits.
pub(super) fn hex(digits: &[u8]) -> Result<[u8; LENGTH], SignatureError> {
    if digits.len() != 2 * LENGTH {
        return Err(SignatureError::Length { digits: digits.len() });
    }
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                b'A'..=b'F' => return Err(SignatureError::UpperCase),
                _ => return Err(SignatureError::Digit),
            };
            *byte = *byte << 4 | value;
        }
    }
    Ok(bytes)
}

/// A delivery without a readable signature. Respond with 401 ([`VerifyError::status`](super::VerifyError::status)).
///
/// The texts contain no part of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The request has no header [`SIGNATURE_HEADER`].
    #[error("the header x-webhook-signature is missing: check that the request comes from a webhook log stream")]
    Missing,
    /// The request has several headers [`SIGNATURE_HEADER`], equal or not.
    #[error("the header x-webhook-signature occurs more than once: check the proxies before the receiver")]
    Repeated,
    /// The header does not begin with `sha256=`.
    #[error("the signature does not begin with `sha256=`: only HMAC-SHA256 is supported")]
    Algorithm,
    /// The signature has too few or too many digits.
    #[error("the signature has {digits} bytes after `sha256=` instead of 64 digits")]
    Length {
        /// The number of bytes after `sha256=`.
        digits: usize,
    },
    /// The signature has upper-case digits. The server sends lower case only.
    #[error("the signature has upper-case digits: check that no proxy changes the header")]
    UpperCase,
    /// The signature has a character that is not a hexadecimal digit.
    #[error("the signature has a character that is not a hexadecimal digit")]
    Digit,
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const DIGITS: &str = "58f17aafbf8427991629e3552fede4bc96af910638e27859edc0a83c005b97f9";

    fn error(value: &str) -> SignatureError {
        Signature::from_values([value]).unwrap_err()
    }

    #[test]
    fn every_other_form_has_its_own_error() {
        for (value, expected) in [
            (String::new(), SignatureError::Algorithm),
            (DIGITS.to_owned(), SignatureError::Algorithm),
            (format!("SHA256={DIGITS}"), SignatureError::Algorithm),
            (format!("sha1={DIGITS}"), SignatureError::Algorithm),
            (format!("sha512={DIGITS}{DIGITS}"), SignatureError::Algorithm),
            (format!(" sha256={DIGITS}"), SignatureError::Algorithm),
            (format!("sha256 ={DIGITS}"), SignatureError::Algorithm),
            ("sha256=".to_owned(), SignatureError::Length { digits: 0 }),
            (format!("sha256={}", &DIGITS[1..]), SignatureError::Length { digits: 63 }),
            (format!("sha256={DIGITS}0"), SignatureError::Length { digits: 65 }),
            (format!("sha256={DIGITS},sha256={DIGITS}"), SignatureError::Length { digits: 136 }),
            (format!("sha256={}", DIGITS.to_uppercase()), SignatureError::UpperCase),
            (format!("sha256=g{}", &DIGITS[1..]), SignatureError::Digit),
            (format!("sha256=0x{}", &DIGITS[2..]), SignatureError::Digit),
            (format!("sha256={} ", &DIGITS[1..]), SignatureError::Digit),
            (format!("sha256=é{}", &DIGITS[2..]), SignatureError::Digit),
        ] {
            assert_eq!(error(&value), expected, "{value}");
        }
    }

    #[test]
    fn a_header_that_is_missing_or_repeated_is_an_error() {
        let mut headers = HeaderMap::new();
        assert_eq!(Signature::from_headers(&headers).unwrap_err(), SignatureError::Missing);
        let value = HeaderValue::from_str(&format!("sha256={DIGITS}")).unwrap();
        headers.append("X-Webhook-Signature", value.clone());
        assert!(Signature::from_headers(&headers).is_ok());
        headers.append(SIGNATURE_HEADER, value);
        assert_eq!(Signature::from_headers(&headers).unwrap_err(), SignatureError::Repeated);
    }

    #[test]
    fn debug_shows_no_digits() {
        let signature = Signature::from_values([format!("sha256={DIGITS}")]).unwrap();
        assert_eq!(format!("{signature:?}"), "Signature([redacted])");
    }

    proptest! {
        #[test]
        fn reads_exactly_the_form_of_the_server(value in prop_oneof![
            ".{0,80}",
            "sha256=[0-9a-f]{62,66}",
            "sha256=[0-9a-fA-Fg]{64}",
            "sha(1|256|512)=[0-9a-f]{64}",
        ]) {
            let digits = value.strip_prefix("sha256=").unwrap_or_default();
            let is_hex = digits.len() == 64 && digits.chars().all(|c| "0123456789abcdef".contains(c));
            let read = Signature::from_values([&value]);
            prop_assert_eq!(read.is_ok(), is_hex);
            if let Ok(signature) = read {
                let written: String = signature.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                prop_assert_eq!(written, digits);
            }
        }
    }
}
