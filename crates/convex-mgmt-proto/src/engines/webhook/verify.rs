//! [`Verifier`]: checks that the deployment's server signed the body of a delivery.

use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use thiserror::Error;

use super::digest::BatchDigest;
use super::event::{Batch, read};
use super::signature::{Signature, SignatureError};
use crate::response::DecodeError;
use crate::types::Secret;

/// The default of [`Verifier::max_body`]: 16 MiB. A batch has at most 128 events.
pub const DEFAULT_MAX_BODY: usize = 16 << 20;

/// Verifies deliveries with the secrets of one log stream.
///
/// * The key of the HMAC is the secret as text. The secret looks like hexadecimal digits, and the server does not decode them.
/// * Several secrets are valid at once, because running deliveries keep the old secret after a rotation. The server signs with the
///   new secret after the next update or restart. [`Verified::secret`] is the index of the secret that matched.
/// * The time of a verification depends on the length of the body and on the number of secrets. It does not depend on which secret
///   matches, or on how much of a signature is correct.
/// * `Debug` shows no secrets. The prepared keys are wiped on drop.
///
/// Use one verifier, and one URL, per log stream: each further secret costs another pass over the body.
///
/// ```
/// use convex_mgmt::webhook::{Signature, Verifier};
///
/// let verifier = Verifier::new(["0123456789abcdef0123456789abcdef"])?;
/// let header = "sha256=58f17aafbf8427991629e3552fede4bc96af910638e27859edc0a83c005b97f9";
/// let signature = Signature::from_values([header])?;
///
/// let verified = verifier.verify(&signature, "{\"a\":1}\n{\"b\":2}")?;
/// assert_eq!(verified.secret(), 0);
/// assert!(verifier.verify(&signature, "{\"a\":1}\n{\"b\":3}").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Hmac<Sha256>>,
    max_body: usize,
}

impl Verifier {
    /// Creates a verifier. `secrets` are the values of `hmacSecret`, for example the newest one and its predecessor.
    ///
    /// # Errors
    /// A [`SecretError`] if there is no secret, or if one is empty or begins or ends with white space.
    pub fn new<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Result<Self, SecretError> {
        let keys: Vec<_> =
            secrets.into_iter().enumerate().map(|(at, secret)| key(at, &secret.into())).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(SecretError::Missing);
        }
        Ok(Self { keys, max_body: DEFAULT_MAX_BODY })
    }

    /// Sets the maximum length of a body in bytes. Defaults to [`DEFAULT_MAX_BODY`].
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Returns the number of secrets.
    pub fn secrets(&self) -> usize {
        self.keys.len()
    }

    /// Verifies a body that is in memory. The bytes must be those of the request, without any change of encoding.
    ///
    /// # Errors
    /// A [`VerifyError`] if the body is too large, or if no secret matches.
    pub fn verify(&self, signature: &Signature, body: impl Into<Bytes>) -> Result<Verified, VerifyError> {
        let body = body.into();
        if body.len() > self.max_body {
            return Err(VerifyError::BodyTooLarge { limit: self.max_body });
        }
        let keys = self.keys.iter().map(|key| key.clone().chain_update(&body));
        let secret = matching(keys, signature).ok_or(VerifyError::Mismatch)?;
        Ok(Verified { body, secret })
    }

    /// Starts to verify a body that arrives in chunks. It never keeps more than [`Verifier::max_body`] bytes.
    ///
    /// ```
    /// use convex_mgmt::webhook::{Signature, Verifier};
    ///
    /// # let verifier = Verifier::new(["0123456789abcdef0123456789abcdef"])?;
    /// # let header = "sha256=58f17aafbf8427991629e3552fede4bc96af910638e27859edc0a83c005b97f9";
    /// # let signature = Signature::from_values([header])?;
    /// let mut verification = verifier.begin(&signature);
    /// for chunk in ["{\"a\":1}\n", "{\"b\":2}"] {
    ///     verification.update(chunk.as_bytes())?;
    /// }
    /// assert_eq!(verification.finish()?.body().len(), 15);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin(&self, signature: &Signature) -> BodyVerifier {
        BodyVerifier {
            signature: *signature,
            keys: self.keys.clone(),
            body: Vec::new(),
            max_body: self.max_body,
            too_large: false,
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keys, max_body } = self;
        f.debug_struct("Verifier").field("secrets", &keys.len()).field("max_body", max_body).finish()
    }
}

/// Prepares the key of a secret.
fn key(index: usize, secret: &Secret) -> Result<Hmac<Sha256>, SecretError> {
    let text = secret.expose();
    if text.is_empty() {
        return Err(SecretError::Empty { index });
    }
    if text.trim() != text {
        return Err(SecretError::WhiteSpace { index });
    }
    // HMAC accepts keys of any length.
    Hmac::new_from_slice(text.as_bytes()).map_err(|_| SecretError::Empty { index })
}

/// Returns the first key whose HMAC is the signature. It compares all of them, in constant time.
fn matching(keys: impl IntoIterator<Item = Hmac<Sha256>>, signature: &Signature) -> Option<usize> {
    let (mut found, mut at) = (Choice::from(0), 0);
    for (index, key) in (0_u64..).zip(keys) {
        let is_equal = key.finalize().into_bytes().as_slice().ct_eq(signature.as_bytes());
        at.conditional_assign(&index, is_equal & !found);
        found |= is_equal;
    }
    // The outcome itself is no secret.
    bool::from(found).then_some(usize::try_from(at).ok()?)
}

/// A delivery whose body arrives in chunks. [`Verifier::begin`] creates it.
///
/// `Debug` shows the number of bytes, and neither them nor the signature.
#[derive(Clone)]
pub struct BodyVerifier {
    signature: Signature,
    keys: Vec<Hmac<Sha256>>,
    body: Vec<u8>,
    max_body: usize,
    too_large: bool,
}

impl BodyVerifier {
    /// Adds the next chunk of the body.
    ///
    /// # Errors
    /// [`VerifyError::BodyTooLarge`] as soon as the body exceeds [`Verifier::max_body`]. Stop reading the request then: the
    /// verification fails, and has already freed the bytes.
    pub fn update(&mut self, chunk: &[u8]) -> Result<(), VerifyError> {
        self.too_large |= chunk.len() > self.max_body.saturating_sub(self.body.len());
        if self.too_large {
            self.body = Vec::new();
            return Err(VerifyError::BodyTooLarge { limit: self.max_body });
        }
        self.keys.iter_mut().for_each(|key| key.update(chunk));
        self.body.extend_from_slice(chunk);
        Ok(())
    }

    /// Compares the signature with that of the whole body.
    ///
    /// # Errors
    /// A [`VerifyError`] if the body is too large, or if no secret matches.
    pub fn finish(self) -> Result<Verified, VerifyError> {
        if self.too_large {
            return Err(VerifyError::BodyTooLarge { limit: self.max_body });
        }
        let secret = matching(self.keys, &self.signature).ok_or(VerifyError::Mismatch)?;
        Ok(Verified { body: self.body.into(), secret })
    }
}

impl fmt::Debug for BodyVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyVerifier").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// A delivery with a correct signature.
///
/// Only a [`Verifier`] creates this value, so code that takes one never parses bytes of a stranger. `Debug` shows no part of the
/// body.
#[derive(Clone)]
pub struct Verified {
    body: Bytes,
    secret: usize,
}

impl Verified {
    /// Returns the signed bytes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the index of the secret that matched, in the order of [`Verifier::new`]. If equal secrets match, it is the first one.
    ///
    /// Once the newest secret matches, its predecessor is no longer needed. Attempts that started earlier may still use it for some
    /// minutes.
    pub fn secret(&self) -> usize {
        self.secret
    }

    /// Reads the events.
    ///
    /// # Errors
    /// A [`DecodeError`] if the body as a whole cannot be read: see [`read`]. An event that cannot be read is an error in the batch.
    pub fn read(&self) -> Result<Batch, DecodeError> {
        read(&self.body)
    }

    /// Computes the digest that identifies the batch, for [`RecentBatches`](super::RecentBatches). Each call hashes the body once.
    pub fn digest(&self) -> BatchDigest {
        BatchDigest::of(&self.body)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("bytes", &self.body.len()).field("secret", &self.secret).finish()
    }
}

/// A secret that no log stream has. The texts contain no part of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There is no secret.
    #[error("there is no webhook secret: pass the `hmacSecret` of the log stream")]
    Missing,
    /// A secret is empty. Anyone can sign with it.
    #[error("webhook secret {index} is empty: pass the `hmacSecret` of the log stream")]
    Empty {
        /// The index of the secret.
        index: usize,
    },
    /// A secret begins or ends with white space, for example because it was read from a file with a line feed at its end.
    #[error("webhook secret {index} begins or ends with white space: trim it")]
    WhiteSpace {
        /// The index of the secret.
        index: usize,
    },
}

/// A delivery that is not accepted. Nothing of its body may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The signature is missing or has another form.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The body is longer than [`Verifier::max_body`].
    #[error("the body has more than {limit} bytes: raise `Verifier::max_body` if the sender is genuine")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// No secret matches the signature: the body is not the signed one, or the secret is another one.
    #[error(
        "the signature matches no secret: check that the receiver has the log stream's newest secret and the raw body"
    )]
    Mismatch,
}

impl VerifyError {
    /// Returns the status for the response: 413 for [`VerifyError::BodyTooLarge`], and 401 for all others.
    ///
    /// The server does not retry after either, and drops the batch. While a new secret is on its way to the receiver, respond to a
    /// [`VerifyError::Mismatch`] with 503 instead, and the server retries.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Signature(_) | Self::Mismatch => StatusCode::UNAUTHORIZED,
        }
    }
}

#[cfg(test)]
mod tests;
