//! [`Caller`]: authentication by a bearer token, and the access of its class. Inferred: the errors, because the server is
//! closed source. The classes of each operation are those of its document.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::json;

use crate::api::{ApiError, origin};
use crate::management::state::{CloudDeployment, ControlPlane, Plane, Project, Team, Token, TokenKind};
use crate::state::Origin;

/// A personal access token.
pub(crate) const P: u8 = 1;
/// A team token of an OAuth application.
pub(crate) const OT: u8 = 2;
/// A team access token.
pub(crate) const T: u8 = 4;
/// A project token of an OAuth application.
pub(crate) const OP: u8 = 8;

/// The caller of an operation that accepts these classes of tokens, such as `Caller<{ P | OT | T }>`.
pub(crate) struct Caller<const CLASSES: u8>(pub(crate) Bearer);

/// An authenticated token, and the origin of its request for the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) token: Token,
    pub(crate) origin: Origin,
}

impl<const CLASSES: u8> FromRequestParts<Plane> for Caller<CLASSES> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, plane: &Plane) -> Result<Self, ApiError> {
        let token = authenticate(parts, &mut plane.state())?;
        let class = match token.kind {
            TokenKind::Personal => P,
            TokenKind::OAuthTeam { .. } => OT,
            TokenKind::Team { .. } => T,
            TokenKind::OAuthProject { .. } => OP,
            TokenKind::DeployKey { .. } | TokenKind::PreviewDeployKey { .. } => 0,
        };
        if class & CLASSES == 0 {
            return Err(not_permitted("this operation does not accept this class of token"));
        }
        let actor = match token.kind {
            TokenKind::Personal => json!({"kind": "member", "member_id": token.member}),
            _ => {
                let client_id = &token.client_id;
                json!({"kind": "token", "member_id": token.member, "token_id": token.id, "client_id": client_id})
            }
        };
        Ok(Self(Bearer { token, origin: origin(parts, actor) }))
    }
}

fn authenticate(parts: &Parts, plane: &mut ControlPlane) -> Result<Token, ApiError> {
    let missing = || ApiError::unauthenticated("InvalidIdentity", "the request has no bearer token");
    let header = parts.headers.get(AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let (scheme, text) = header.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let now = plane.now();
    let Some(token) = plane.tokens.valid(text.trim(), now) else {
        return Err(ApiError::unauthenticated("AccessTokenInvalid", "the token is unknown, revoked or expired"));
    };
    token.last_used = Some(now);
    Ok(token.clone())
}

fn not_permitted(message: &str) -> ApiError {
    ApiError::forbidden("OperationNotPermitted", message)
}

impl Bearer {
    /// Finds a team that the caller has access to.
    pub(crate) fn team(&self, plane: &ControlPlane, id: u64) -> Result<Team, ApiError> {
        self.permitted_team(plane.teams.by_id(id))
    }

    /// Finds a team that the caller has access to, by its id or slug.
    pub(crate) fn team_by_id_or_slug(&self, plane: &ControlPlane, text: &str) -> Result<Team, ApiError> {
        self.permitted_team(plane.teams.by_id_or_slug(text))
    }

    fn permitted_team(&self, team: Option<&Team>) -> Result<Team, ApiError> {
        let team = team.ok_or_else(|| ApiError::not_found("TeamNotFound", "the team does not exist"))?;
        match self.token.kind {
            TokenKind::Personal if team.members.contains_key(&self.token.member) => Ok(team.clone()),
            TokenKind::Team { team: id } | TokenKind::OAuthTeam { team: id } if id == team.id => Ok(team.clone()),
            _ => Err(not_permitted("the token has no access to this team")),
        }
    }

    /// Finds a project that the caller has access to.
    pub(crate) fn project(&self, plane: &ControlPlane, id: u64) -> Result<Project, ApiError> {
        self.permitted_project(plane, plane.project(id))
    }

    /// Finds a project that the caller has access to, by slugs. The team may have its id instead.
    pub(crate) fn project_by_slug(&self, plane: &ControlPlane, team: &str, slug: &str) -> Result<Project, ApiError> {
        let team = self.team_by_id_or_slug(plane, team)?;
        let project = plane.projects.iter().find(|project| project.team == team.id && project.slug == slug);
        self.permitted_project(plane, project)
    }

    fn permitted_project(&self, plane: &ControlPlane, project: Option<&Project>) -> Result<Project, ApiError> {
        let project = project.ok_or_else(|| ApiError::not_found("ProjectNotFound", "the project does not exist"))?;
        match self.token.kind {
            TokenKind::OAuthProject { project: id } if id == project.id => Ok(project.clone()),
            TokenKind::OAuthProject { .. } => Err(not_permitted("the token has no access to this project")),
            _ => self.team(plane, project.team).map(|_| project.clone()),
        }
    }

    /// Finds a cloud deployment that the caller has access to, and its project.
    pub(crate) fn deployment(&self, plane: &ControlPlane, name: &str) -> Result<(CloudDeployment, Project), ApiError> {
        let missing = || ApiError::not_found("DeploymentNotFound", "the deployment does not exist");
        let deployment = plane.deployments.by_name(name).ok_or_else(missing)?;
        let project = self.project(plane, deployment.project)?;
        Ok((deployment.clone(), project))
    }

    /// Returns `true` for a token of an OAuth application.
    pub(crate) fn is_oauth(&self) -> bool {
        matches!(self.token.kind, TokenKind::OAuthTeam { .. } | TokenKind::OAuthProject { .. })
    }
}
