//! [`FakeControlPlaneBuilder`]: the control plane before the first request.

use std::collections::BTreeMap;

use axum::Router;

use super::handle::FakeControlPlane;
use crate::management::{
    Addressing, ControlPlane, LocalDeployment, Member, Membership, NewToken, Plane, Role, Team, TokenKind,
    register_hooks, routes,
};
use crate::server::with_client_check;
use crate::state::{Knobs, secret_of};

/// The class of a token of the Management API, and what it gives access to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenClass {
    /// A personal access token, with the access of the member.
    Person,
    /// A team access token.
    Team,
    /// A token that an OAuth application has for the team.
    OAuthTeam,
    /// A token that an OAuth application has for the project with this id.
    OAuthProject(u64),
}

/// Builds a [`FakeControlPlane`] with one team, which has one member.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct FakeControlPlaneBuilder {
    state: ControlPlane,
    team: u64,
    member: u64,
}

impl FakeControlPlane {
    /// Creates a builder of a control plane. Its team has this slug, the id 1, and one member with the id 2.
    pub fn builder(team_slug: impl Into<String>) -> FakeControlPlaneBuilder {
        let mut state = ControlPlane::default();
        register_hooks(&mut state);
        let (team, member) = (state.next_id(), state.next_id());
        let slug = team_slug.into();
        let members = BTreeMap::from([(member, Membership { role: Role::Admin, custom_roles: Vec::new() })]);
        let creator = Some(member);
        state
            .teams
            .teams
            .insert(team, Team { id: team, name: slug.clone(), slug, creator, default_region: None, members });
        let (name, email) = (Some("Ada".to_owned()), "ada@example.com".to_owned());
        state.teams.members.insert(member, Member { id: member, name, email });
        FakeControlPlaneBuilder { state, team, member }
    }

    /// Adds a token of the first member while the control plane runs.
    pub fn add_token(&self, class: TokenClass, text: impl AsRef<str>) {
        add_token(&mut self.state.state(), (1, 2), class, text.as_ref());
    }

    /// Adds a local deployment of the first member. The control plane lists it but does not run it.
    pub fn add_local_deployment(&self, project: u64, name: impl Into<String>, port: u16, is_active: bool) {
        let mut state = self.state.state();
        let created = state.now();
        let (name, device_name) = (name.into(), "laptop".to_owned());
        let local = LocalDeployment { name, project, creator: 2, created, port, device_name, is_active };
        state.deployments.local.push(local);
    }
}

fn add_token(state: &mut ControlPlane, (team, member): (u64, u64), class: TokenClass, text: &str) {
    let (kind, client_id) = match class {
        TokenClass::Person => (TokenKind::Personal, None),
        TokenClass::Team => (TokenKind::Team { team }, None),
        TokenClass::OAuthTeam => (TokenKind::OAuthTeam { team }, Some("app")),
        TokenClass::OAuthProject(project) => (TokenKind::OAuthProject { project }, Some("app")),
    };
    let new = NewToken { name: format!("{class:?}"), kind, member, expires_at: None };
    state.add_token(new, Some(secret_of(text).to_owned()), client_id.map(str::to_owned));
}

impl FakeControlPlaneBuilder {
    /// Adds a token of the member. The part before `|`, if there is one, is not significant.
    pub fn token(mut self, class: TokenClass, text: impl AsRef<str>) -> Self {
        add_token(&mut self.state, (self.team, self.member), class, text.as_ref());
        self
    }

    /// Sets how deployments are addressed. The default is a port for each.
    pub fn addressing(mut self, addressing: Addressing) -> Self {
        self.state.addressing = addressing;
        self
    }

    /// Sets the limits, intervals and page sizes of the control plane and of its deployments.
    pub fn knobs(mut self, knobs: Knobs) -> Self {
        self.state.knobs = knobs;
        self
    }

    /// Builds the control plane.
    pub fn build(self) -> FakeControlPlane {
        let state = Plane::new(self.state);
        let router = with_client_check(Router::new().nest("/v1", routes())).with_state(state.clone());
        FakeControlPlane { state, router }
    }
}
