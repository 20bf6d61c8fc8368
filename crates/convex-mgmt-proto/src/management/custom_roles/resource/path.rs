//! [`RoleResource`] and the steps of its builder.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::scopes::{self, DeploymentScope, ProjectScope, Selectors, TokenScope};
use crate::types::Printable;
use crate::types::open::UnknownText;
use crate::types::text;

/// The resources that a statement of a custom role applies to.
///
/// On the wire it is a text of pairs such as `project:slug=shop:deployment:type=prod`: the kind of an object, and the selectors of
/// that kind. A text that this version of the library does not know is kept, and sent as it was read.
///
/// ```
/// use convex_mgmt::DeploymentType;
/// use convex_mgmt::management::custom_roles::RoleResource;
/// use convex_mgmt::management::custom_roles::resource::{
///     CreatorScope, DeploymentScope, ProjectScope, TokenScope,
/// };
///
/// let production = RoleResource::project(ProjectScope::slug("shop"))
///     .deployment(DeploymentScope::Type(DeploymentType::Prod));
/// assert_eq!(production.to_string(), "project:slug=shop:deployment:type=prod");
///
/// let own_keys = production.token(TokenScope::Creator(CreatorScope::Caller));
/// assert_eq!(own_keys.to_string(), "project:slug=shop:deployment:type=prod:token:creator=self");
///
/// // Read from the server, it is the same value.
/// assert_eq!(RoleResource::from("project:slug=shop:deployment:type=prod:token:creator=self"), own_keys);
/// assert!(!RoleResource::from("galaxy:*").is_known());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoleResource {
    /// The team.
    Team,
    /// Access tokens of the team.
    TeamToken(Selectors<TokenScope>),
    /// Projects.
    Project(ProjectResource),
    /// Tokens of projects, such as preview deploy keys.
    ProjectToken(ProjectResource, Selectors<TokenScope>),
    /// The default environment variables of projects.
    DefaultEnvironmentVariable(ProjectResource),
    /// Deployments.
    Deployment(DeploymentResource),
    /// Deploy keys of deployments.
    DeploymentToken(DeploymentResource, Selectors<TokenScope>),
    /// All components of deployments.
    Component(DeploymentResource),
    /// The members of the team.
    Member,
    /// The custom roles of the team.
    CustomRole,
    /// The billing of the team.
    Billing,
    /// The OAuth applications of the team.
    OAuthApplication,
    /// The single sign-on of the team.
    Sso,
    /// The integrations of the team.
    Integration,
    #[doc(hidden)]
    _Unknown(UnknownText),
}

/// Projects, and the first step to what belongs to them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ProjectResource {
    /// The projects.
    pub projects: Selectors<ProjectScope>,
}

/// Deployments of projects, and the first step to what belongs to them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeploymentResource {
    /// The projects of the deployments.
    pub projects: Selectors<ProjectScope>,
    /// The deployments of these projects.
    pub deployments: Selectors<DeploymentScope>,
}

impl RoleResource {
    /// Selects access tokens of the team.
    pub fn team_token(tokens: impl Into<Selectors<TokenScope>>) -> Self {
        Self::TeamToken(tokens.into())
    }

    /// Selects projects.
    pub fn project(projects: impl Into<Selectors<ProjectScope>>) -> ProjectResource {
        ProjectResource { projects: projects.into() }
    }

    /// Returns the text that is sent.
    pub fn to_text(&self) -> String {
        match self {
            Self::Team => TEAM.to_owned(),
            Self::TeamToken(tokens) => format!("{TEAM}:token:{tokens}"),
            Self::Project(project) => project.to_string(),
            Self::ProjectToken(project, tokens) => format!("{project}:token:{tokens}"),
            Self::DefaultEnvironmentVariable(project) => format!("{project}:defaultEnvironmentVariable:*"),
            Self::Deployment(deployment) => deployment.to_string(),
            Self::DeploymentToken(deployment, tokens) => format!("{deployment}:token:{tokens}"),
            Self::Component(deployment) => format!("{deployment}:component:*"),
            Self::Member => MEMBER.to_owned(),
            Self::CustomRole => CUSTOM_ROLE.to_owned(),
            Self::Billing => BILLING.to_owned(),
            Self::OAuthApplication => OAUTH_APPLICATION.to_owned(),
            Self::Sso => SSO.to_owned(),
            Self::Integration => INTEGRATION.to_owned(),
            Self::_Unknown(text) => text.as_str().to_owned(),
        }
    }

    /// Returns `true` if this version of the library has a variant for the text.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::_Unknown(_))
    }

    /// Reads a text in the form in which [`to_text`](Self::to_text) writes it. `None` for any other text.
    fn read(text: &str) -> Option<Self> {
        match text {
            TEAM => return Some(Self::Team),
            MEMBER => return Some(Self::Member),
            CUSTOM_ROLE => return Some(Self::CustomRole),
            BILLING => return Some(Self::Billing),
            OAUTH_APPLICATION => return Some(Self::OAuthApplication),
            SSO => return Some(Self::Sso),
            INTEGRATION => return Some(Self::Integration),
            _ => {}
        }
        // The longest known path has six parts.
        let parts: Vec<&str> = text.splitn(7, ':').collect();
        let read = match parts[..] {
            ["team", "*", "token", tokens] => Self::TeamToken(scopes::read(tokens)?),
            ["project", projects, ref rest @ ..] => {
                let project = Self::project(scopes::read::<ProjectScope>(projects)?);
                match *rest {
                    [] => project.into(),
                    ["token", tokens] => project.token(scopes::read(tokens)?),
                    ["defaultEnvironmentVariable", "*"] => project.default_environment_variable(),
                    ["deployment", deployments, ref rest @ ..] => {
                        let deployment = project.deployment(scopes::read::<DeploymentScope>(deployments)?);
                        match *rest {
                            [] => deployment.into(),
                            ["token", tokens] => deployment.token(scopes::read(tokens)?),
                            ["component", "*"] => deployment.component(),
                            _ => return None,
                        }
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        // A resource that is not written as it was read, such as one with `id=007`, is kept as a text.
        (read.broken_rule().is_none() && read.to_text() == text).then_some(read)
    }

    /// Returns the rule that a text within a selector breaks. Such a text could select something else than it says.
    pub(in crate::management::custom_roles) fn broken_rule(&self) -> Option<&'static str> {
        match self {
            Self::Project(project) | Self::ProjectToken(project, _) | Self::DefaultEnvironmentVariable(project) => {
                scopes::broken_rule(&project.projects)
            }
            Self::Deployment(deployment) | Self::DeploymentToken(deployment, _) | Self::Component(deployment) => {
                scopes::broken_rule(&deployment.projects).or_else(|| scopes::broken_rule(&deployment.deployments))
            }
            _ => None,
        }
    }
}

const TEAM: &str = "team:*";
const MEMBER: &str = "member:*";
const CUSTOM_ROLE: &str = "customRole:*";
const BILLING: &str = "billing:*";
const OAUTH_APPLICATION: &str = "oauthApplication:*";
const SSO: &str = "sso:*";
const INTEGRATION: &str = "integration:*";

impl ProjectResource {
    /// Selects deployments of the projects.
    pub fn deployment(self, deployments: impl Into<Selectors<DeploymentScope>>) -> DeploymentResource {
        DeploymentResource { projects: self.projects, deployments: deployments.into() }
    }

    /// Selects tokens of the projects, such as preview deploy keys.
    pub fn token(self, tokens: impl Into<Selectors<TokenScope>>) -> RoleResource {
        RoleResource::ProjectToken(self, tokens.into())
    }

    /// Selects the default environment variables of the projects.
    pub fn default_environment_variable(self) -> RoleResource {
        RoleResource::DefaultEnvironmentVariable(self)
    }
}

impl DeploymentResource {
    /// Selects deploy keys of the deployments.
    pub fn token(self, tokens: impl Into<Selectors<TokenScope>>) -> RoleResource {
        RoleResource::DeploymentToken(self, tokens.into())
    }

    /// Selects all components of the deployments.
    pub fn component(self) -> RoleResource {
        RoleResource::Component(self)
    }
}

impl fmt::Display for ProjectResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "project:{}", self.projects)
    }
}

impl fmt::Display for DeploymentResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "project:{}:deployment:{}", self.projects, self.deployments)
    }
}

impl From<ProjectResource> for RoleResource {
    fn from(project: ProjectResource) -> Self {
        Self::Project(project)
    }
}

impl From<DeploymentResource> for RoleResource {
    fn from(deployment: DeploymentResource) -> Self {
        Self::Deployment(deployment)
    }
}

impl From<&str> for RoleResource {
    fn from(text: &str) -> Self {
        Self::read(text).unwrap_or_else(|| Self::_Unknown(UnknownText::new(text)))
    }
}

impl From<String> for RoleResource {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl FromStr for RoleResource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text))
    }
}

/// Writes [`to_text`](RoleResource::to_text), with invisible characters escaped.
impl fmt::Display for RoleResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printable(&self.to_text()).fmt(f)
    }
}

/// Shows the text.
impl fmt::Debug for RoleResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RoleResource").field(&self.to_text()).finish()
    }
}

impl<'de> Deserialize<'de> for RoleResource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, |text| Self::from(text))
    }
}

impl Serialize for RoleResource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}
