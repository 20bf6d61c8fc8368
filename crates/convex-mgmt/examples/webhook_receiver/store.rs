//! [`Store`]: the state of the receiver, in memory or in a file.

use std::error::Error as StdError;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use convex_mgmt::webhook::{Meter, RecentBatches};
use serde::{Deserialize, Serialize};

/// What a restart must not lose. Both parts change together, in one write.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(crate) struct State {
    /// The batches that were processed.
    pub(crate) recent: RecentBatches,
    /// The sums. A meter recognises repeated batches itself. `recent` does so for everything else that a receiver does.
    pub(crate) meter: Meter,
}

/// The state, and the file that keeps it.
pub(crate) struct Store {
    file: Option<PathBuf>,
    state: State,
}

impl Store {
    /// An empty state that no file keeps.
    pub(crate) fn in_memory() -> Self {
        Self { file: None, state: State::default() }
    }

    /// Reads the state of a file, or begins an empty one. A damaged file is an error, and stays as it is.
    pub(crate) fn file(path: PathBuf) -> Result<Self, Box<dyn StdError>> {
        match Self::existing(path.clone()) {
            Err(error)
                if error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::NotFound) =>
            {
                Ok(Self { file: Some(path), state: State::default() })
            }
            result => result,
        }
    }

    /// Reads the state of a file.
    pub(crate) fn existing(path: PathBuf) -> Result<Self, Box<dyn StdError>> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(named)?;
        let state = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { file: Some(path), state })
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Replaces the state after it is stored. If that fails, the previous state remains valid, in memory and in the file.
    pub(crate) fn replace(&mut self, state: State) -> io::Result<()> {
        if let Some(path) = &self.file {
            write(path, &serde_json::to_vec(&state)?)?;
        }
        self.state = state;
        Ok(())
    }
}

/// Writes a file completely or not at all: a crash leaves the old or the new content.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

/// Makes the new name durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Other platforms cannot sync a folder.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
