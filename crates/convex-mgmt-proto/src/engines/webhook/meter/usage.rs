//! [`MeteredUsage`]: the sums of a meter, by deployment and by function.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::counters::{DeploymentUsage, FunctionUsage};
use super::storage::StorageReading;
use crate::engines::webhook::event::{Batch, Event, EventKind, FunctionType};

/// A function of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[non_exhaustive]
pub struct FunctionId {
    /// The name of the deployment, such as `happy-animal-123`.
    pub deployment: String,
    /// The path of the component. Empty for the root component.
    pub component: String,
    /// The path of the function in its component, such as `messages:list`.
    pub path: String,
    /// The type of the function.
    #[serde(rename = "type")]
    pub function_type: FunctionType,
}

/// Number of metered batches and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct DeliveryCounts {
    /// Number of batches.
    pub batches: u64,
    /// Number of their events, including those without billing counters and those that cannot be read.
    pub events: u64,
    /// Number of events that cannot be read. Their counters are missing from the sums.
    pub unread_events: u64,
}

impl DeliveryCounts {
    fn add(&mut self, other: Self) {
        let Self { batches, events, unread_events } = self;
        *batches = batches.saturating_add(other.batches);
        *events = events.saturating_add(other.events);
        *unread_events = unread_events.saturating_add(other.unread_events);
    }
}

/// Metered usage, by function and by deployment. [`Meter::usage`](super::Meter::usage) returns it.
///
/// All sums only grow. The usage of a billing period is the difference between the values at its end and at its start. Events of
/// a batch that arrives late count in the next period.
///
/// Serialized, it has the fields `deliveries`, `deployments` and `functions`. The last two are lists, with the names and the sums
/// of each row in one object. Sums are integers of up to 128 bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeteredUsage {
    /// Number of batches and events.
    pub deliveries: DeliveryCounts,
    /// The usage of each deployment as a whole, by name. The usage of its functions is not in it.
    pub deployments: BTreeMap<String, DeploymentUsage>,
    /// The usage of each function.
    pub functions: BTreeMap<FunctionId, FunctionUsage>,
}

impl MeteredUsage {
    /// Returns the usage of all functions of a deployment together.
    pub fn functions_of(&self, deployment: &str) -> FunctionUsage {
        let mut all = FunctionUsage::default();
        let functions = self.functions.iter().filter(|(function, _)| function.deployment == deployment);
        functions.for_each(|(_, usage)| all.add(usage));
        all
    }

    /// The usage of one batch.
    pub(super) fn of(batch: &Batch) -> Self {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let (events, unread_events) = (count(batch.len()), count(batch.errors().count()));
        let deliveries = DeliveryCounts { batches: 1, events, unread_events };
        let mut usage = Self { deliveries, ..Self::default() };
        batch.events().for_each(|event| usage.add_event(event));
        usage
    }

    fn add_event(&mut self, event: &Event) {
        let deployment = &event.deployment().name;
        match event.kind() {
            EventKind::FunctionExecution(execution) => {
                let function = &execution.function;
                let id = FunctionId {
                    deployment: deployment.clone(),
                    component: function.component_path.clone().unwrap_or_default(),
                    path: function.path.clone(),
                    function_type: function.function_type.clone(),
                };
                self.functions.entry(id).or_default().add_execution(execution);
            }
            EventKind::StorageApiBandwidth(bandwidth) => self.add_deployment(
                deployment,
                &DeploymentUsage {
                    storage_api_egress_bytes: bandwidth.egress_bytes.into(),
                    ..DeploymentUsage::default()
                },
            ),
            EventKind::LogStreamEgress(egress) => self.add_deployment(
                deployment,
                &DeploymentUsage { log_stream_egress_bytes: egress.egress_bytes.into(), ..DeploymentUsage::default() },
            ),
            EventKind::CurrentStorageUsage(storage) => self.add_deployment(
                deployment,
                &DeploymentUsage {
                    storage: Some(StorageReading::new(event.timestamp(), storage)),
                    ..DeploymentUsage::default()
                },
            ),
            _ => {}
        }
    }

    pub(super) fn add_deployment(&mut self, name: &str, usage: &DeploymentUsage) {
        self.deployments.entry(name.to_owned()).or_default().add(usage);
    }

    /// Adds the usage of other batches.
    pub(super) fn add(&mut self, other: &Self) {
        self.deliveries.add(other.deliveries);
        other.deployments.iter().for_each(|(name, usage)| self.add_deployment(name, usage));
        for (id, usage) in &other.functions {
            match self.functions.get_mut(id) {
                Some(sum) => sum.add(usage),
                None => drop(self.functions.insert(id.clone(), usage.clone())),
            }
        }
    }
}

impl Serialize for MeteredUsage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Deployment<'a> {
            deployment: &'a str,
            #[serde(flatten)]
            usage: &'a DeploymentUsage,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            #[serde(flatten)]
            id: &'a FunctionId,
            #[serde(flatten)]
            usage: &'a FunctionUsage,
        }
        #[derive(Serialize)]
        struct Usage<'a> {
            deliveries: DeliveryCounts,
            deployments: Vec<Deployment<'a>>,
            functions: Vec<Function<'a>>,
        }
        let deployments = self.deployments.iter().map(|(deployment, usage)| Deployment { deployment, usage });
        let functions = self.functions.iter().map(|(id, usage)| Function { id, usage });
        let usage =
            Usage { deliveries: self.deliveries, deployments: deployments.collect(), functions: functions.collect() };
        usage.serialize(serializer)
    }
}
