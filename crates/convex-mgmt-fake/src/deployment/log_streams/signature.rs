//! The signature of webhook deliveries.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::state::hex;

/// Returns the `x-webhook-signature` of a body. The HMAC key is the secret as text, not decoded from hex.
pub fn webhook_signature(hmac_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(hmac_secret.as_bytes()).expect("HMAC accepts keys of any length");
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_known_signatures() {
        let secret = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            webhook_signature(secret, b"{\"a\":1}\n{\"b\":2}"),
            "sha256=58f17aafbf8427991629e3552fede4bc96af910638e27859edc0a83c005b97f9"
        );
        // RFC 4231, test case 2.
        assert_eq!(
            webhook_signature("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
