//! The deployment that is mirrored: at a URL, or in the memory of this program.

use convex_mgmt::proto::Api;
use convex_mgmt::{Client, ConfigError, DeployKey, DeploymentClient, Endpoint};
use convex_mgmt_fake::{Fake, FakeServer, Writes};

use crate::options::Origin;

/// The identity of the deployment in memory. Each run has a new one, so it has no URL that lasts.
const MEMORY: &str = "deployment in memory";
/// The name of the deployment in memory.
const NAME: &str = "happy-animal-123";

/// A deployment to mirror.
#[derive(Debug)]
pub struct Source {
    /// The client.
    pub client: DeploymentClient,
    /// The identity of the deployment in checkpoints, if it is not its URL.
    pub identity: Option<&'static str>,
    /// A description of the deployment, for people.
    pub description: String,
    /// The deployment in memory lives as long as these.
    _fake: Option<(FakeServer, Option<Writes>)>,
}

/// An error of a source. The text names the option to change.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

impl Source {
    /// Creates the client of a deployment, and the deployment itself if it is one in memory. `key` is the deploy key.
    ///
    /// # Errors
    /// A missing or invalid key, or an invalid URL.
    pub async fn open(from: &Origin, key: Option<&str>) -> Result<Self, SourceError> {
        match from {
            Origin::Url(url) => {
                let key = key.ok_or("set CONVEX_DEPLOY_KEY to a deploy key of the deployment")?;
                let key = DeployKey::parse(key).map_err(|error| format!("CONVEX_DEPLOY_KEY: {error}"))?;
                let endpoint = Endpoint::new(url, &key).map_err(|error| format!("--url: {error}"))?;
                let (client, description) = (client(endpoint)?, url.clone());
                Ok(Self { client, identity: None, description, _fake: None })
            }
            Origin::Memory { documents, writes } => {
                let key = format!("{NAME}|01ab");
                let fake = Fake::builder(NAME).admin_key(key.as_str()).build();
                fake.seed(*documents, 1);
                let server = fake.serve("127.0.0.1:0").await?;
                let writes = (*writes > 0.0).then(|| fake.start_writes(*writes, 1));
                let client = client(Endpoint::new(&server.url(), &DeployKey::parse(&format!("prod:{key}"))?)?)?;
                let description = format!("a deployment in memory with made-up data, at {}", server.url());
                Ok(Self { client, identity: Some(MEMORY), description, _fake: Some((server, writes)) })
            }
        }
    }
}

/// Creates the client of an endpoint of either API.
///
/// A page may be large, so a call has no deadline. An attempt that makes no progress still ends.
///
/// # Errors
/// As for [`ClientBuilder::build`](convex_mgmt::ClientBuilder::build).
pub fn client<A: Api>(endpoint: Endpoint<A>) -> Result<Client<A>, ConfigError> {
    Client::builder(endpoint).user_agent("convex-mgmt-mirror").total_timeout(None).build()
}
