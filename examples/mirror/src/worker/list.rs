//! [`DeploymentList`]: the deployments to mirror, from a file or from the Management API.

use std::collections::BTreeMap;
use std::path::PathBuf;

use convex_mgmt::management::ListDeploymentsForTeam;
use convex_mgmt::{Advice, Credential, DeploymentAccess, DeploymentClient, Endpoint, Error, ManagementClient, TeamId};
use thiserror::Error;

use crate::postgres::schema_name;
use crate::source::client;

/// A deployment to mirror.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deployment {
    /// The schema of its mirror.
    pub schema: String,
    /// The client.
    pub client: DeploymentClient,
}

impl Deployment {
    /// Creates a deployment whose schema has the usual name.
    pub fn new(client: DeploymentClient) -> Self {
        Self { schema: schema_name(client.endpoint().url()), client }
    }
}

/// The source of the list of deployments. A worker reads it each minute.
#[derive(Debug)]
pub struct DeploymentList(Source);

#[derive(Debug)]
enum Source {
    File { path: PathBuf, shared: Option<DeploymentClient> },
    Team { management: ManagementClient, team: TeamId },
    Fixed(Vec<Deployment>),
}

/// An error of a list. It does not repeat the content of a file, which has credentials.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: std::io::Error,
    },
    /// A line of the file is invalid.
    #[error("{} line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// The problem.
        problem: String,
    },
    /// The Management API cannot be asked.
    #[error("cannot list the deployments of the team: {0}")]
    Call(#[source] Box<Error>),
    /// Two deployments have the same schema.
    #[error("the deployments {0} and {1} have the same schema: mirror them to different databases")]
    SameSchema(String, String),
}

impl ListError {
    /// Returns `true` if time may help: the Management API failed, and its error advises to retry.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Call(error) if matches!(error.advice(), Advice::RetryLater { .. }))
    }
}

impl DeploymentList {
    /// A file with a line for each deployment: its URL, a space, and a credential such as a deploy key. Empty lines and lines that begin
    /// with `#` are ignored.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Source::File { path: path.into(), shared: None })
    }

    /// The cloud deployments of a team, now and in the future. Their credential is the token of the client.
    pub fn team(management: ManagementClient, team: TeamId) -> Self {
        Self(Source::Team { management, team })
    }

    /// These deployments.
    pub fn fixed(deployments: Vec<Deployment>) -> Self {
        Self(Source::Fixed(deployments))
    }

    /// Reads the list.
    ///
    /// # Errors
    /// A [`ListError`].
    pub async fn read(&mut self) -> Result<Vec<Deployment>, ListError> {
        let deployments = match &mut self.0 {
            Source::Fixed(deployments) => deployments.clone(),
            Source::File { path, shared } => {
                let text =
                    std::fs::read_to_string(&*path).map_err(|error| ListError::File { path: path.clone(), error })?;
                let mut deployments = Vec::new();
                for (at, line) in text.lines().enumerate() {
                    if let Some(result) = read_line(line, shared).transpose() {
                        let error = |problem| ListError::Line { path: path.clone(), line: at + 1, problem };
                        deployments.push(result.map_err(error)?);
                    }
                }
                deployments
            }
            Source::Team { management, team } => {
                let mut items = management.pages(ListDeploymentsForTeam::new(*team)).items();
                let mut deployments = Vec::new();
                while let Some(one) = items.next_item().await.map_err(|error| ListError::Call(Box::new(error)))? {
                    // A local deployment has no URL.
                    deployments.extend(management.deployment(&one, DeploymentAccess::SameToken).ok());
                }
                deployments.into_iter().map(Deployment::new).collect()
            }
        };
        let mut schemas = BTreeMap::new();
        for one in &deployments {
            let url = one.client.endpoint().url();
            if let Some(other) = schemas.insert(one.schema.as_str(), url) {
                return Err(ListError::SameSchema(other.to_owned(), url.to_owned()));
            }
        }
        Ok(deployments)
    }
}

/// Reads a line. `shared` is a client whose connections all deployments share.
fn read_line(line: &str, shared: &mut Option<DeploymentClient>) -> Result<Option<Deployment>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(url), Some(credential), None) = (words.next(), words.next(), words.next()) else {
        return Err("write the URL of a deployment, a space, and a deploy key".to_owned());
    };
    let credential = Credential::parse(credential).map_err(|error| error.to_string())?;
    let endpoint = Endpoint::new(url, &credential).map_err(|error| error.to_string())?;
    let client = match shared {
        Some(shared) => shared.at(endpoint),
        None => {
            let client = client(endpoint).map_err(|error| error.to_string())?;
            shared.insert(client).clone()
        }
    };
    Ok(Some(Deployment::new(client)))
}
