//! [`DeliveryQuirk`]: the fate of a batch, for tests of receivers.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::state::Deployment;

/// The fate of a batch of events. The server promises neither order nor that each event arrives exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeliveryQuirk {
    /// The batch is delivered twice, with the same body and signature.
    Twice,
    /// The batch is delivered after the batches of the next interval or flush.
    Late,
    /// The batch is not delivered.
    Never,
    /// The batch is delivered without a quirk. It keeps its place in the queue.
    Normal,
}

/// The deliveries that are not usual.
#[derive(Debug, Default)]
pub(super) struct Unusual {
    /// The quirks of the next batches.
    pub(super) quirks: VecDeque<DeliveryQuirk>,
    /// The batches that follow those of the next delivery.
    pub(super) late: Vec<(Target, Bytes)>,
}

/// Gives the next batches a quirk.
pub(crate) fn add_delivery_quirk(deployment: &mut Deployment, quirk: DeliveryQuirk, batches: usize) {
    deployment.topics.of::<Unusual>().quirks.extend(std::iter::repeat_n(quirk, batches));
}
