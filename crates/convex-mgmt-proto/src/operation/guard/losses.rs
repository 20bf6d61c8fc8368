//! [`Losses`]: what a destructive operation would destroy.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::metadata::OperationMeta;
use crate::types::{DeploymentType, Printable, Secret, UnixMillis};

/// The objects that a destructive operation would destroy, as the server listed them.
///
/// A [`Survey`](super::Survey) ends with it. `Display` shows it to a person, in one line for the operation and one for each object. It
/// serializes for other user interfaces. Neither contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Losses {
    #[serde(serialize_with = "serialize_id")]
    operation: &'static OperationMeta,
    target: String,
    /// The secret that selects the object, if the request has one instead of a name.
    #[serde(skip)]
    secret: Option<Secret>,
    items: Vec<Loss>,
}

/// An object that would be destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Loss {
    /// The kind of the object.
    pub kind: LossKind,
    /// The name of the object. `None` if the request selects it by its secret, which no list shows.
    pub name: Option<String>,
    /// The id of the object, if it has one.
    pub id: Option<u64>,
    /// The type of a deployment.
    pub deployment_type: Option<DeploymentType>,
    /// The time of the last deploy to a deployment. `None` if there was none.
    pub last_deploy_time: Option<UnixMillis>,
    /// The time when a key or a token was last used. `None` if it never was. A confirmation does not depend on it.
    pub last_used_time: Option<UnixMillis>,
}

/// The kind of a [`Loss`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossKind {
    /// A project.
    Project,
    /// A deployment, with its data and files.
    Deployment,
    /// A deploy key of a deployment.
    DeployKey,
    /// A preview deploy key of a project.
    PreviewDeployKey,
    /// A personal access token.
    PersonalAccessToken,
    /// A team access token.
    TeamAccessToken,
    /// A custom role.
    CustomRole,
    /// An object of a custom operation.
    Other(&'static str),
}

impl LossKind {
    /// Returns the name for a person, such as `deploy key`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Deployment => "deployment",
            Self::DeployKey => "deploy key",
            Self::PreviewDeployKey => "preview deploy key",
            Self::PersonalAccessToken => "personal access token",
            Self::TeamAccessToken => "team access token",
            Self::CustomRole => "custom role",
            Self::Other(name) => name,
        }
    }

    fn is_credential(self) -> bool {
        matches!(self, Self::DeployKey | Self::PreviewDeployKey | Self::PersonalAccessToken | Self::TeamAccessToken)
    }
}

impl fmt::Display for LossKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Writes the name of [`LossKind::as_str`].
impl Serialize for LossKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn serialize_id<S: Serializer>(operation: &&'static OperationMeta, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(operation.id)
}

impl Loss {
    /// Creates an object with a name.
    pub fn new(kind: LossKind, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::unnamed(kind) }
    }

    /// Creates an object that the request selects by its secret.
    pub fn unnamed(kind: LossKind) -> Self {
        Self { kind, name: None, id: None, deployment_type: None, last_deploy_time: None, last_used_time: None }
    }

    /// Sets the id.
    pub fn id(mut self, id: u64) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the type and the time of the last deploy of a deployment.
    pub fn deployment(mut self, deployment_type: DeploymentType, last_deploy_time: Option<UnixMillis>) -> Self {
        self.deployment_type = Some(deployment_type);
        self.last_deploy_time = last_deploy_time;
        self
    }

    /// Sets the time when a key or a token was last used.
    pub fn last_used(mut self, time: Option<UnixMillis>) -> Self {
        self.last_used_time = time;
        self
    }

    /// Returns `true` if both are the same object, whatever its state is.
    pub(super) fn is_same_object(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id && (self.id.is_some() || self.name == other.name)
    }

    /// Returns `true` if a confirmation of one is a confirmation of the other.
    pub(super) fn is_unchanged(&self, other: &Self) -> bool {
        *self == Self { last_used_time: self.last_used_time, ..other.clone() }
    }
}

/// Writes the kind, the name and the state, such as `deployment happy-animal-123 (prod, never deployed)`.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} {}", self.kind, Printable(name))?,
            None => write!(f, "{} that the request selects by its secret", self.kind)?,
        }
        if let Some(deployment_type) = &self.deployment_type {
            return write!(f, " ({deployment_type}, {})", Time("deployed", self.last_deploy_time));
        }
        if self.kind.is_credential() && self.name.is_some() {
            write!(f, " ({})", Time("used", self.last_used_time))?;
        }
        Ok(())
    }
}

/// The last time of an action.
struct Time(&'static str, Option<UnixMillis>);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(time) => write!(f, "last {} {time}", self.0),
            None => write!(f, "never {}", self.0),
        }
    }
}

impl Losses {
    pub(super) fn new(operation: &'static OperationMeta, target: String) -> Self {
        Self { operation, target, secret: None, items: Vec::new() }
    }

    pub(super) fn set_secret(&mut self, secret: Secret) {
        self.secret = Some(secret);
    }

    /// Adds an object.
    pub fn push(&mut self, loss: Loss) {
        self.items.push(loss);
    }

    /// Returns the destructive operation.
    pub fn operation(&self) -> &'static OperationMeta {
        self.operation
    }

    /// Returns the object that the request names, such as `deploy key ci of deployment happy-animal-123`.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the objects that would be destroyed. The first one is the object that the request names, if the server lists it.
    pub fn items(&self) -> &[Loss] {
        &self.items
    }

    /// Returns `true` if the server lists nothing that would be destroyed. The operation then fails because the object does not exist,
    /// or has nothing to replace.
    ///
    /// A list may be behind, so an object that was created a moment ago may be missing from it.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the name of the first object, for [`Losses::confirm_by_name`].
    pub fn name(&self) -> Option<&str> {
        self.items.first().and_then(|loss| loss.name.as_deref())
    }

    /// Returns `true` if both are of the same operation and the same object.
    pub(super) fn is_same_request(&self, other: &Self) -> bool {
        self.operation == other.operation && self.target == other.target && self.secret == other.secret
    }
}

/// One line for the operation, and one for each object.
impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, target, items, .. } = self;
        let destroys = operation.destroys.unwrap_or("nothing");
        write!(f, "{} of {} destroys {destroys}:", operation.id, Printable(target))?;
        for item in items {
            write!(f, "\n- {item}")?;
        }
        if items.is_empty() {
            f.write_str("\n- nothing that the server lists")?;
        }
        Ok(())
    }
}
