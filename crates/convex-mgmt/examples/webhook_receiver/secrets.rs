//! [`Secrets`]: the secrets of the log stream, in memory or in a file that may change.

use std::error::Error as StdError;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use convex_mgmt::Secret;
use convex_mgmt::webhook::{SecretError, Verifier};

/// The current secrets. A clone has the same secrets.
#[derive(Clone)]
pub(crate) struct Secrets {
    file: Option<PathBuf>,
    current: Arc<Mutex<Current>>,
}

#[derive(Default)]
struct Current {
    secrets: Vec<Secret>,
    /// `None` while there is no secret.
    verifier: Option<Verifier>,
    /// The number of changes so far.
    version: u64,
}

impl Secrets {
    /// No secrets, until [`Secrets::set`].
    pub(crate) fn in_memory() -> Self {
        Self { file: None, current: Arc::default() }
    }

    /// Reads the secrets of a file. An empty file is accepted: the log stream may not exist yet.
    pub(crate) fn file(path: PathBuf) -> Result<Self, Box<dyn StdError>> {
        let secrets = Self { file: Some(path), current: Arc::default() };
        secrets.reload()?;
        Ok(secrets)
    }

    /// Returns a verifier, and the version of its secrets. There is no verifier while there is no secret.
    pub(crate) fn verifier(&self) -> (Option<Verifier>, u64) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (current.verifier.clone(), current.version)
    }

    /// Replaces the secrets, and returns their version.
    pub(crate) fn set(&self, secrets: Vec<Secret>) -> Result<u64, SecretError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.secrets == secrets {
            return Ok(current.version);
        }
        let verifier = match Verifier::new(secrets.iter().cloned()) {
            Ok(verifier) => Some(verifier),
            Err(SecretError::Missing) => None,
            Err(error) => return Err(error),
        };
        let version = current.version + 1;
        *current = Current { secrets, verifier, version };
        Ok(version)
    }

    /// Reads the file again, if there is one. Returns the version of the secrets.
    pub(crate) fn reload(&self) -> Result<u64, Box<dyn StdError>> {
        let Some(path) = &self.file else { return Ok(self.verifier().1) };
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        self.set(lines.map(Secret::from).collect()).map_err(|error| format!("{}: {error}", path.display()).into())
    }
}
