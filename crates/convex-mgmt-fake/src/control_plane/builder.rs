//! [`FakeControlPlaneBuilder`]: the control plane before the first request.

use std::collections::BTreeMap;

use axum::Router;

use super::handle::FakeControlPlane;
use crate::management::{
    Addressing, ControlPlane, LocalDeployment, Member, Membership, NewToken, Plane, Role, Team, TokenKind, add_project,
    register_hooks, routes,
};
use crate::oauth;
use crate::server::with_client_check;
use crate::state::{InvalidSetting, Knobs, secret_of};

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

impl TokenClass {
    /// The texts that [`TokenClass::parse`] accepts.
    pub const NAMES: &[&str] = &["team", "person", "oauth-team", "oauth-project"];

    /// Parses one of [`TokenClass::NAMES`]. `oauth-project` needs the id of a project.
    ///
    /// # Errors
    /// If the text is not a class, or if there is an id for a class that needs none.
    pub fn parse(text: &str, project: Option<u64>) -> Result<Self, InvalidSetting> {
        match (text, project) {
            ("person", None) => Ok(Self::Person),
            ("team", None) => Ok(Self::Team),
            ("oauth-team", None) => Ok(Self::OAuthTeam),
            ("oauth-project", Some(project)) => Ok(Self::OAuthProject(project)),
            ("oauth-project", None) => Err(InvalidSetting::new("an oauth-project token needs the id of a project")),
            ("person" | "team" | "oauth-team", Some(_)) => {
                Err(InvalidSetting::new(format!("a token of the class {text} has no project")))
            }
            _ => Err(InvalidSetting::new(format!("unknown class '{text}'; known classes: {}", Self::NAMES.join(", ")))),
        }
    }
}

/// The ids of the first team and of its member.
const FIRST: (u64, u64) = (1, 2);

/// Builds a [`FakeControlPlane`] with one team, which has one member.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct FakeControlPlaneBuilder(ControlPlane);

impl FakeControlPlane {
    /// Creates a builder of a control plane. Its team has this slug, the id 1, and an admin with the id 2.
    pub fn builder(team_slug: impl Into<String>) -> FakeControlPlaneBuilder {
        let mut state = ControlPlane::default();
        register_hooks(&mut state);
        add_team(&mut state, team_slug.into());
        FakeControlPlaneBuilder(state)
    }

    /// Adds a token of the first team and its member while the control plane runs.
    pub fn add_token(&self, class: TokenClass, text: impl AsRef<str>) {
        self.add_token_of(FIRST.0, FIRST.1, class, text);
    }

    /// Adds a token of a team and a member, by their ids.
    pub fn add_token_of(&self, team: u64, member: u64, class: TokenClass, text: impl AsRef<str>) {
        add_token(&mut self.state.state(), (team, member), class, text.as_ref());
    }

    /// Revokes a token of any class, or a deploy key. Returns `true` if it existed.
    pub fn revoke_token(&self, text: &str) -> bool {
        let mut state = self.state.state();
        let now = state.now();
        state.tokens.delete(now, |token| token.secret == secret_of(text)) > 0
    }

    /// Adds a team with an admin. Returns the id of the team; the id of the admin is the next number.
    pub fn add_team(&self, slug: impl Into<String>) -> u64 {
        add_team(&mut self.state.state(), slug.into())
    }

    /// Adds a developer to a team. Returns the id of the member.
    pub fn add_member(&self, team: u64, email: impl Into<String>) -> u64 {
        add_member(&mut self.state.state(), team, Role::Developer, email.into())
    }

    /// Adds a project to the first team, without an entry in its audit log. Returns the id of the project.
    pub fn add_project(&self, name: &str) -> u64 {
        add_project(&mut self.state.state(), FIRST.0, name)
    }

    /// Adds a local deployment of a member. The control plane lists it but does not run it.
    pub fn add_local_deployment(&self, project: u64, member: u64, name: impl Into<String>, port: u16, is_active: bool) {
        let mut state = self.state.state();
        let created = state.now();
        let (name, device_name) = (name.into(), "laptop".to_owned());
        let local = LocalDeployment { name, project, creator: member, created, port, device_name, is_active };
        state.deployments.local.push(local);
    }
}

fn add_team(state: &mut ControlPlane, slug: String) -> u64 {
    let id = state.next_id();
    let (name, members) = (slug.clone(), BTreeMap::new());
    state.teams.teams.insert(id, Team { id, name, slug, creator: None, default_region: None, members });
    let admin = add_member(state, id, Role::Admin, format!("admin-{id}@example.com"));
    if let Some(team) = state.teams.teams.get_mut(&id) {
        team.creator = Some(admin);
    }
    id
}

fn add_member(state: &mut ControlPlane, team: u64, role: Role, email: String) -> u64 {
    let id = state.next_id();
    let name = email.split('@').next().map(str::to_owned);
    state.teams.members.insert(id, Member { id, name, email });
    if let Some(team) = state.teams.teams.get_mut(&team) {
        team.members.insert(id, Membership { role, custom_roles: Vec::new() });
    }
    id
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
        add_token(&mut self.0, FIRST, class, text.as_ref());
        self
    }

    /// Sets the form of the URLs of new deployments. The default depends on the use: ports while the control plane listens on a
    /// socket, host names in process. So a test in process opens no socket.
    pub fn addressing(mut self, addressing: Addressing) -> Self {
        self.0.addressing = Some(addressing);
        self
    }

    /// Sets the limits, intervals and page sizes of the control plane and of its deployments.
    pub fn knobs(mut self, knobs: Knobs) -> Self {
        self.0.knobs = knobs;
        self
    }

    pub(super) fn state(&mut self) -> &mut ControlPlane {
        &mut self.0
    }

    /// Builds the control plane.
    pub fn build(self) -> FakeControlPlane {
        let state = Plane::new(self.0);
        let router =
            with_client_check(Router::new().nest("/v1", routes()).merge(oauth::routes())).with_state(state.clone());
        FakeControlPlane { state, router }
    }
}
