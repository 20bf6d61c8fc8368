//! Pauses a deployment: the smallest program with one operation.
//!
//! ```console
//! $ CONVEX_DEPLOY_KEY='prod:happy-animal-123|...' cargo run --example pause -- https://happy-animal-123.convex.cloud
//! ```

use convex_mgmt::deployment::PauseDeployment;
use convex_mgmt::{Client, DeployKey, Endpoint};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: pause URL")?;
    let key = DeployKey::parse(&std::env::var("CONVEX_DEPLOY_KEY")?)?;
    let client = Client::new(Endpoint::new(&url, &key)?)?;
    client.send(&PauseDeployment::new()).await?;
    Ok(())
}
