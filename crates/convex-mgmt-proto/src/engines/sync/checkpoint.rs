//! [`Checkpoint`]: the position of a sync, to be stored with the rows of the copy.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::deployment::data_sync::Selection;
use crate::types::json::{self, ErrorKind, Plain};
use crate::types::{UnixMillis, UnixNanos};

/// The version of the text. A change that an older library would misread raises it.
const VERSION: u32 = 1;

/// The position of a sync after a page, with everything that a later run needs to continue.
///
/// `Display` writes it as JSON text and [`FromStr`] reads that. Store the text in the transaction that stores the rows of the page. It
/// contains the cursor, the deployment and the selection, and no credential. `Serialize` and `Deserialize` use the same form, as an
/// object.
///
/// A checksum detects a damaged text. It is no protection against deliberate changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub(super) fields: Fields,
}

/// The content of a checkpoint, in the order in which it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fields {
    pub(super) version: u32,
    pub(super) deployment: String,
    pub(super) selection: Selection,
    pub(super) sync_id: String,
    pub(super) cursor: String,
    /// The number of the copy. Each restart begins a new generation.
    pub(super) generation: u64,
    /// The number of pages of this generation.
    pub(super) pages: u64,
    /// `true` if the generation was up to date once, since the last change of the selection that added tables.
    pub(super) complete: bool,
    /// `true` if the copy may contain rows of earlier generations.
    pub(super) older_rows: bool,
    pub(super) snapshot_ts: Option<UnixNanos>,
    pub(super) received_at: UnixMillis,
}

impl Fields {
    /// Creates the fields of a new generation, before its first page.
    pub(super) fn new(deployment: String, selection: Selection, generation: u64, older_rows: bool) -> Self {
        Self {
            version: VERSION,
            deployment,
            selection,
            sync_id: String::new(),
            cursor: String::new(),
            generation,
            pages: 0,
            complete: false,
            older_rows,
            snapshot_ts: None,
            received_at: UnixMillis(0),
        }
    }

    /// The age of the cursor. See [`Checkpoint::cursor_age`].
    pub(super) fn cursor_age(&self, now: UnixMillis) -> Duration {
        now.saturating_duration_since(self.snapshot_ts.map_or(self.received_at, UnixNanos::to_millis))
    }

    /// A hash of the fields as they are written (FNV-1a, 64 bits).
    fn checksum(&self) -> String {
        // These types always serialize.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{:016x}", text.iter().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

/// An error of a text that is not a usable [`Checkpoint`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A newer version of this library wrote the checkpoint.
    #[error("the checkpoint has version {found}, this library reads up to version {supported}: update the library")]
    NewerVersion {
        /// The version of the text.
        found: u32,
        /// The newest version that this library reads.
        supported: u32,
    },
    /// The text is not a checkpoint, or was damaged.
    #[error("the checkpoint is damaged: {0}; set `rows_without_checkpoint` to begin a new copy")]
    Damaged(&'static str),
}

impl Checkpoint {
    /// Returns the deployment of the copy: the text of [`SyncOptions::deployment`](super::SyncOptions::deployment).
    pub fn deployment(&self) -> &str {
        &self.fields.deployment
    }

    /// Returns the selection of the page.
    pub fn selection(&self) -> &Selection {
        &self.fields.selection
    }

    /// Returns the server's id of the sync. Each generation has another.
    pub fn sync_id(&self) -> &str {
        &self.fields.sync_id
    }

    /// Returns the cursor of the next page.
    pub fn cursor(&self) -> &str {
        &self.fields.cursor
    }

    /// Returns the number of the copy, from 1. Each restart of the sync begins a new generation, and each row carries the generation
    /// that wrote it.
    pub fn generation(&self) -> u64 {
        self.fields.generation
    }

    /// Returns the number of pages of this generation that the copy contains.
    pub fn pages(&self) -> u64 {
        self.fields.pages
    }

    /// Returns `true` if the copy was up to date at least once in this generation and with the tables of this selection, so that it
    /// has all tables.
    pub fn is_complete(&self) -> bool {
        self.fields.complete
    }

    /// Returns `true` if the copy may still have rows of earlier generations.
    pub fn has_older_rows(&self) -> bool {
        self.fields.older_rows
    }

    /// Returns the server's time of the last commit that the copy includes. `None` before the sync has read all tables.
    pub fn snapshot_ts(&self) -> Option<UnixNanos> {
        self.fields.snapshot_ts
    }

    /// Returns the time at which the page was accepted, by the caller's clock.
    pub fn received_at(&self) -> UnixMillis {
        self.fields.received_at
    }

    /// Returns the age of the cursor, which decides about its expiry.
    ///
    /// It is the age of the snapshot as the server dates it. Before the server names a snapshot, it is the time since the page.
    pub fn cursor_age(&self, now: UnixMillis) -> Duration {
        self.fields.cursor_age(now)
    }
}

impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written<'a> {
            #[serde(flatten)]
            fields: &'a Fields,
            checksum: String,
        }
        Written { fields: &self.fields, checksum: self.fields.checksum() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The fields are read after the version, wherever it is.
        serde_json::Value::deserialize(deserializer)?.to_string().parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    #[inline]
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        // Read three times, because other versions may have other fields, and the checksum is no part of what it covers.
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        #[derive(Deserialize)]
        struct Checksum {
            checksum: String,
        }
        let Version { version } = json::read::<Plain, _>(text).map_err(|error| {
            CheckpointError::Damaged(match error.kind() {
                ErrorKind::Shape => "it has no version",
                ErrorKind::Syntax | ErrorKind::Truncated => "it is not JSON",
            })
        })?;
        if version > u64::from(VERSION) {
            let found = u32::try_from(version).unwrap_or(u32::MAX);
            return Err(CheckpointError::NewerVersion { found, supported: VERSION });
        }
        let fields: Fields =
            json::read::<Plain, _>(text).map_err(|_| CheckpointError::Damaged("a field is missing or invalid"))?;
        match json::read::<Plain, _>(text) {
            Ok(Checksum { checksum }) if checksum == fields.checksum() => Ok(Self { fields }),
            _ => Err(CheckpointError::Damaged("the checksum does not match")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::deployment::data_sync::TableSelection;

    fn checkpoint() -> Checkpoint {
        let selection = Selection::only(["users"]).table("orders", TableSelection::all().without("note"));
        let fields = Fields {
            sync_id: "s".to_owned(),
            cursor: "c\"é".to_owned(),
            pages: 7,
            snapshot_ts: Some(UnixNanos(1_755_000_000_000_000_001)),
            received_at: UnixMillis(1_755_000_000_500),
            ..Fields::new("https://h".to_owned(), selection, 3, true)
        };
        Checkpoint { fields }
    }

    #[test]
    fn is_the_same_after_writing_and_reading_it() {
        let text = checkpoint().to_string();
        assert_eq!(text.parse::<Checkpoint>().unwrap(), checkpoint());
        // A store may sort the keys.
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let sorted: std::collections::BTreeMap<_, _> = value.as_object().unwrap().iter().collect();
        assert_eq!(serde_json::to_string(&sorted).unwrap().parse::<Checkpoint>().unwrap(), checkpoint());
        assert_eq!(serde_json::from_value::<Checkpoint>(value).unwrap(), checkpoint());
    }

    #[test]
    fn names_a_newer_version_even_if_its_fields_are_unknown() {
        let error = r#"{"version":2,"position":[1]}"#.parse::<Checkpoint>().unwrap_err();
        assert_eq!(error, CheckpointError::NewerVersion { found: 2, supported: 1 });
        assert!(error.to_string().contains("update the library"));
        let huge = r#"{"version":99999999999}"#.parse::<Checkpoint>().unwrap_err();
        assert!(matches!(huge, CheckpointError::NewerVersion { found: u32::MAX, .. }));
    }

    #[test]
    fn rejects_what_is_no_checkpoint() {
        let text = checkpoint().to_string();
        for bad in ["", "{", "null", "[]", "{}", r#"{"version":"1"}"#, r#"{"version":1}"#, &text[..text.len() - 1]] {
            assert!(matches!(bad.parse::<Checkpoint>(), Err(CheckpointError::Damaged(_))), "{bad}");
        }
        for (old, new) in
            [("\"generation\":3", "\"generation\":4"), ("\"cursor\":\"c", "\"cursor\":\"d"), ("true", "false")]
        {
            assert_ne!(text, text.replace(old, new));
            let error = text.replace(old, new).parse::<Checkpoint>().unwrap_err();
            assert_eq!(error, CheckpointError::Damaged("the checksum does not match"), "{old}");
        }
    }

    #[test]
    fn the_age_of_a_cursor_is_that_of_its_snapshot_or_of_its_page() {
        let mut checkpoint = checkpoint();
        assert_eq!(checkpoint.cursor_age(UnixMillis(1_755_000_060_000)), Duration::from_secs(60));
        checkpoint.fields.snapshot_ts = None;
        assert_eq!(checkpoint.cursor_age(UnixMillis(1_755_000_060_500)), Duration::from_secs(60));
        assert_eq!(checkpoint.cursor_age(UnixMillis(0)), Duration::ZERO, "the clock went back");
    }

    proptest! {
        #[test]
        fn every_flipped_bit_is_an_error_or_changes_nothing(at in 0_usize..4096, bit in 0..7_u32) {
            let text = checkpoint().to_string();
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(damaged) = String::from_utf8(bytes)
                && let Ok(read) = damaged.parse::<Checkpoint>()
            {
                prop_assert_eq!(read, checkpoint(), "{}", damaged);
            }
        }
    }
}
