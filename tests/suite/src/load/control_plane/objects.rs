//! [`Objects`]: the objects that exist in a control plane, according to its ledger.

use std::collections::{BTreeMap, BTreeSet};

use convex_mgmt_fake::{FakeControlPlane, LedgerEntry};

use super::work::{place_of_project, place_of_project_worker};
use crate::load::final_state::FinalState;

/// An object with its place, its value and its name in the audit log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    place: String,
    value: String,
    name: String,
}

/// The objects that exist.
pub(super) struct Objects(BTreeSet<Object>);

impl Objects {
    pub(super) fn of(plane: &FakeControlPlane) -> Self {
        let object =
            |kind: &str, place: String, value: String| Object { place, name: format!("{kind} {value}"), value };
        let existing = |entries: Vec<LedgerEntry>| entries.into_iter().filter(LedgerEntry::exists);
        let projects = existing(plane.projects())
            .map(|entry| object("project", place_of_project_worker(&entry.name), entry.id.to_string()));
        let deployments = existing(plane.deployments())
            .map(|entry| object("deployment", place_of_project("deployment", entry.project_id), entry.name));
        let keys = existing(plane.deploy_keys())
            .map(|entry| object("key", place_of_project("key", entry.project_id), entry.name));
        Self(projects.chain(deployments).chain(keys).collect())
    }

    /// Leaves the objects that existed before.
    pub(super) fn without(self, before: &Self) -> Self {
        Self(self.0.difference(&before.0).cloned().collect())
    }
}

/// Two objects in one place are a defect of a client. They remain in `things`.
impl From<Objects> for FinalState {
    fn from(objects: Objects) -> Self {
        let mut state = Self { places: BTreeMap::new(), things: BTreeSet::new() };
        for Object { place, value, name } in objects.0 {
            state.things.insert(name);
            state.places.insert(place, value);
        }
        state
    }
}
