//! [`randomness`]: random bytes of the operating system for an authorization.

use std::fmt;

use convex_mgmt_proto::oauth::Randomness;

/// Returns random bytes of the operating system, for [`OAuthApp::authorize`](convex_mgmt_proto::oauth::OAuthApp::authorize).
///
/// ```
/// use convex_mgmt::oauth::{OAuthApp, Scope, randomness};
///
/// let app = OAuthApp::new("my-client-id", "made-up", "https://example.com/callback")?;
/// let (url, pending) = app.authorize(Scope::Team, randomness()?);
/// # drop((url, pending));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A [`RandomnessError`] if the operating system has none.
pub fn randomness() -> Result<Randomness, RandomnessError> {
    let mut bytes = [0; 64];
    getrandom::getrandom(&mut bytes).map_err(|_| RandomnessError)?;
    Ok(Randomness::from_bytes(bytes))
}

/// The operating system has no randomness, for example very early after it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RandomnessError;

impl fmt::Display for RandomnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system has no random bytes: try again later")
    }
}

impl std::error::Error for RandomnessError {}
