//! The stored form of a [`Meter`].

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::counters::{DeploymentUsage, FunctionUsage};
use super::state::{Counted, Meter};
use super::usage::{DeliveryCounts, FunctionId, MeteredUsage};
use crate::engines::webhook::digest::BatchDigest;
use crate::types::UnixMillis;

/// The version of the stored form. A new counter needs a new version. An older library then names the version in its error.
const VERSION: u32 = 1;

/// The stored form. Keys of maps become fields of lists, because JSON has no other keys than texts.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    horizon_ms: u64,
    capacity: usize,
    total: StoredUsage,
    recent: Vec<StoredBatch>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredBatch {
    digest: BatchDigest,
    received: UnixMillis,
    usage: StoredUsage,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredUsage {
    deliveries: DeliveryCounts,
    deployments: Vec<(String, DeploymentUsage)>,
    functions: Vec<(FunctionId, FunctionUsage)>,
}

impl StoredUsage {
    fn new(usage: &MeteredUsage) -> Self {
        let MeteredUsage { deliveries, deployments, functions } = usage.clone();
        Self { deliveries, deployments: deployments.into_iter().collect(), functions: functions.into_iter().collect() }
    }

    fn into_usage(self) -> MeteredUsage {
        let Self { deliveries, deployments, functions } = self;
        let mut usage = MeteredUsage { deliveries, ..MeteredUsage::default() };
        // A name that occurs twice counts twice, so that no sum is lost.
        deployments.iter().for_each(|(name, deployment)| usage.add_deployment(name, deployment));
        functions.into_iter().for_each(|(id, function)| usage.functions.entry(id).or_default().add(&function));
        usage
    }
}

impl Serialize for Meter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let batch = |(digest, Counted { received, usage }): (&BatchDigest, &Counted)| StoredBatch {
            digest: *digest,
            received: *received,
            usage: StoredUsage::new(usage),
        };
        let stored = Stored {
            horizon_ms: u64::try_from(self.horizon.as_millis()).unwrap_or(u64::MAX),
            capacity: self.capacity,
            total: StoredUsage::new(&self.total),
            recent: self.recent.iter().map(batch).collect(),
        };
        (VERSION, stored).serialize(serializer)
    }
}

/// Fails for a meter that a newer version of the library stored, instead of losing a part of it.
impl<'de> Deserialize<'de> for Meter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = deserializer.deserialize_tuple(2, VersionedVisitor)?;
        let mut meter = Self::new(Duration::from_millis(stored.horizon_ms), stored.capacity);
        meter.total = stored.total.into_usage();
        for StoredBatch { digest, received, usage } in stored.recent {
            meter.insert(digest, Counted { received, usage: usage.into_usage() });
        }
        Ok(meter)
    }
}

/// Reads the version before the rest, so that the error of a newer form names the version.
struct VersionedVisitor;

impl<'de> de::Visitor<'de> for VersionedVisitor {
    type Value = Stored;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stored meter")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut fields: A) -> Result<Stored, A::Error> {
        let version: u32 = fields.next_element()?.ok_or_else(|| de::Error::invalid_length(0, &self))?;
        if version > VERSION {
            return Err(de::Error::custom(format_args!(
                "the meter has version {version}, and this library reads up to {VERSION}: update the library"
            )));
        }
        fields.next_element()?.ok_or_else(|| de::Error::invalid_length(1, &self))
    }
}
