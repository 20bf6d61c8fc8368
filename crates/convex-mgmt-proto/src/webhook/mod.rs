//! Receiving the events of webhook log streams: verification, events, and metering.

mod digest;
mod recent;
mod signature;
mod verify;

pub use self::digest::{BatchDigest, BatchDigestError};
pub use self::recent::RecentBatches;
pub use self::signature::{SIGNATURE_HEADER, Signature, SignatureError};
pub use self::verify::{DEFAULT_MAX_BODY, SecretError, BodyVerifier, Verified, Verifier, VerifyError};
