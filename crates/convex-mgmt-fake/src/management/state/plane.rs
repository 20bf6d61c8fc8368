//! [`ControlPlane`]: everything that a control plane knows.

use std::time::Duration;

use serde_json::{Value, json};

use super::audit::TeamAuditEntry;
use super::deployments::{CloudDeployment, DeploymentType, Deployments};
use super::projects::Project;
use super::records::Records;
use super::teams::Teams;
use super::tokens::{NewToken, Token, TokenKind, Tokens, new_secret};
use crate::control::Fake;
use crate::state::{
    Access, AccessTokens, AuditEntry, Clock, Knobs, Origin, Settings, Shared, TopicStates, WeakShared, millis,
};

/// The state that all requests to a control plane share.
///
/// A deployment may be locked while the control plane is locked, but not the other way round.
pub(crate) type Plane = Shared<ControlPlane>;

/// The URLs of the deployments of a control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Addressing {
    /// Each deployment listens on a port of its own: `http://127.0.0.1:PORT`. Deployments are created within a tokio runtime.
    #[cfg(feature = "server")]
    Ports,
    /// All deployments share the port of the control plane and have a host name each: `http://NAME.localhost:PORT`, or
    /// `http://NAME.REGION.localhost:PORT` outside the default region. In process, they have no port.
    Hosts,
}

/// Everything that a control plane knows.
#[derive(Debug, Default)]
pub(crate) struct ControlPlane {
    pub(crate) knobs: Knobs,
    pub(crate) clock: Clock,
    /// `None` for ports if the control plane listens on one, and for host names otherwise.
    pub(crate) addressing: Option<Addressing>,
    /// The port on which the control plane listens.
    pub(crate) port: Option<u16>,
    pub(crate) teams: Teams,
    pub(crate) projects: Records<Project>,
    pub(crate) deployments: Deployments,
    pub(crate) tokens: Tokens,
    /// The state of the other topics.
    pub(crate) topics: TopicStates,
    pub(crate) audit: Vec<TeamAuditEntry>,
    /// Run after a cloud deployment was created. Topics register here, because this module does not know them.
    pub(crate) on_create_deployment: Vec<fn(&mut Self, &CloudDeployment)>,
    last_id: u64,
}

impl ControlPlane {
    /// The time of the clock, since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Returns `true` if each new deployment listens on a port of its own.
    pub(crate) fn has_ports(&self) -> bool {
        match self.addressing {
            #[cfg(feature = "server")]
            Some(Addressing::Ports) => true,
            Some(Addressing::Hosts) => false,
            None => self.port.is_some(),
        }
    }

    /// Listings show what was deleted after this time.
    pub(crate) fn listed_since(&self) -> Duration {
        self.now().saturating_sub(self.knobs.listing_delay)
    }

    /// Returns an id that was not used before. Ids of every kind ascend.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds an entry to the audit log of a team.
    pub(crate) fn record(&mut self, team_id: u64, origin: &Origin, action: &'static str, metadata: Value) {
        let Origin { actor, client_ip, user_agent } = origin.clone();
        let entry = AuditEntry { create_time: millis(self.now()), actor, action, metadata, client_ip, user_agent };
        self.audit.push(TeamAuditEntry { team_id, entry });
    }

    /// Adds a token with this text, or with a new one.
    pub(crate) fn add_token(&mut self, new: NewToken, secret: Option<String>, client_id: Option<String>) -> Token {
        let NewToken { name, kind, member, expires_at } = new;
        let token = Token {
            id: self.next_id(),
            secret: secret.unwrap_or_else(new_secret),
            name,
            kind,
            member,
            client_id,
            created: self.now(),
            last_used: None,
            expires_at,
            revoked: None,
        };
        self.tokens.push(token.clone());
        token
    }

    /// Finds a project that exists.
    pub(crate) fn project(&self, id: u64) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    /// The team of a project, which may be deleted.
    pub(crate) fn team_of_project(&self, id: u64) -> Option<u64> {
        self.projects.all().find(|project| project.id == id).map(|project| project.team)
    }

    /// The URL of a deployment.
    pub(crate) fn deployment_url(&self, deployment: &CloudDeployment) -> String {
        if let Some(port) = deployment.port {
            return format!("http://127.0.0.1:{port}");
        }
        let region = deployment.region.label().map(|label| format!(".{label}")).unwrap_or_default();
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("http://{}{region}.localhost{port}", deployment.name)
    }

    /// Deletes the matching cloud deployments with their keys. Their listeners close.
    pub(crate) fn delete_deployments(&mut self, origin: &Origin, matches: impl Fn(&CloudDeployment) -> bool) {
        let now = self.now();
        let deleted: Vec<CloudDeployment> =
            self.deployments.cloud.iter().filter(|deployment| matches(deployment)).cloned().collect();
        for CloudDeployment { id, name, project, kind, .. } in deleted {
            // Its record stays for the ledger, without its data.
            for deployment in self.deployments.cloud.iter_mut().filter(|deployment| deployment.id == id) {
                deployment.fake = Fake::empty(name.as_str());
            }
            self.deployments.cloud.delete(now, |deployment| deployment.id == id);
            self.deployments.servers.remove(&name);
            self.tokens.delete(
                now,
                |token| matches!(&token.kind, TokenKind::DeployKey { deployment, .. } if *deployment == name),
            );
            if let Some(team) = self.team_of_project(project) {
                let metadata = json!({"projectId": project, "deploymentName": name, "deploymentType": kind});
                self.record(team, origin, "deployment:delete", metadata);
            }
        }
    }

    /// Deletes the deployments that have expired.
    pub(crate) fn expire(&mut self) {
        let now = millis(self.now());
        self.delete_deployments(&Origin::system(), |deployment| {
            deployment.expires_at.is_some_and(|expires_at| now >= expires_at)
        });
    }

    /// The access of a token to a deployment.
    fn access(&mut self, secret: &str, name: &str) -> Option<Access> {
        let (now, delay) = (self.now(), self.knobs.revocation_delay);
        let deployment = self.deployments.by_name(name)?;
        let (project, kind) = (deployment.project, deployment.kind);
        let team = self.team_of_project(project)?;
        let token = self.tokens.valid_for(secret, now, delay)?;
        let allowed = match &token.kind {
            // The document of the Deployment API does not list personal access tokens.
            TokenKind::Personal => return None,
            TokenKind::Team { team: id } | TokenKind::OAuthTeam { team: id } => (*id == team).then(Vec::new)?,
            TokenKind::OAuthProject { project: id } => (*id == project).then(Vec::new)?,
            TokenKind::DeployKey { deployment, allowed } => (deployment == name).then(|| allowed.clone())?,
            TokenKind::PreviewDeployKey { project: id } => {
                (*id == project && kind == DeploymentType::Preview).then(Vec::new)?
            }
        };
        token.last_used = Some(now);
        let actor = json!({
            "kind": "token", "member_id": token.member, "token_id": token.id, "client_id": token.client_id,
        });
        Some(Access { allowed, actor })
    }
}

impl Settings for ControlPlane {
    fn knobs(&self) -> &Knobs {
        &self.knobs
    }
}

/// A deployment has this handle of its control plane. The control plane may be gone.
impl AccessTokens for WeakShared<ControlPlane> {
    fn access(&self, secret: &str, deployment: &str) -> Option<Access> {
        self.upgrade()?.state().access(secret, deployment)
    }
}
