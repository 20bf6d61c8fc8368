//! [`Objects`]: the objects that exist in a control plane, according to its ledger. Those that the ledger does not have are listed
//! in process, without faults.

use std::collections::{BTreeMap, BTreeSet};

use convex_mgmt::management::{ListCustomDomains, ListCustomRoles, ListPendingTeamInvites, ListTeamAccessTokens};
use convex_mgmt::{AccessToken, Client, Endpoint};
use convex_mgmt_fake::{FakeControlPlane, LedgerEntry};

use super::work::{Kind, TEAM, place_of_project, place_of_worker};
use crate::load::final_state::FinalState;

/// The made-up token of the workers. Keys that a personal access token creates are minted.
pub(super) const TOKEN: &str = "made-up-person";

/// The reason why a list cannot fail.
const NO_FAULTS: &str = "a fake without faults";

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
    /// Reads the objects. `kinds` are those of the workers.
    pub(super) async fn of(plane: &FakeControlPlane, kinds: &[Kind]) -> Self {
        let object =
            |kind: &str, place: String, value: String| Object { place, name: format!("{kind} {value}"), value };
        let existing = |entries: Vec<LedgerEntry>| entries.into_iter().filter(LedgerEntry::exists);
        let projects = existing(plane.projects())
            .map(|entry| object("project", place_of_worker("project", &entry.name), entry.id.to_string()));
        let deployments = existing(plane.deployments())
            .map(|entry| object("deployment", place_of_project("deployment", entry.project_id), entry.name));
        let keys = existing(plane.deploy_keys())
            .map(|entry| object("key", place_of_project("key", entry.project_id), entry.name));
        let mut all: BTreeSet<_> = projects.chain(deployments).chain(keys).collect();

        let named = |kind: &str, name: String| object(kind, place_of_worker(kind, &name), name);
        let token = AccessToken::personal(TOKEN).expect("a made-up token");
        let endpoint = Endpoint::new("https://api.convex.dev", &token).expect("the URL of an endpoint");
        let client = Client::builder(endpoint).build_on(plane.clone()).expect("a client");
        let roles = client.pages(ListCustomRoles::new(TEAM)).collect(usize::MAX).await.expect(NO_FAULTS);
        all.extend(
            roles.into_iter().map(|role| object("role", place_of_worker("role", &role.name), role.id.to_string())),
        );
        let tokens = client.pages(ListTeamAccessTokens::new(TEAM)).collect(usize::MAX).await.expect(NO_FAULTS);
        all.extend(tokens.into_iter().map(|token| named("token", token.name.into())));
        let invites = client.send(&ListPendingTeamInvites::new(TEAM)).await.expect(NO_FAULTS);
        all.extend(invites.into_iter().map(|invite| named("invitation", invite.email.into())));
        for kind in kinds {
            if let Kind::Domain(deployment) = kind {
                let domains = client.send(&ListCustomDomains::new(deployment)).await.expect(NO_FAULTS);
                all.extend(domains.into_iter().map(|domain| named("domain", domain.domain.into())));
            }
        }
        Self(all)
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
