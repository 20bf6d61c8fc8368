//! The program of `program.rs` with one operation, over reqwest.

use std::collections::BTreeMap;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    environment_variables: BTreeMap<String, String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: program URL")?;
    let key = std::env::var("CONVEX_DEPLOY_KEY")?;
    let client = reqwest::Client::builder().build()?;
    let request = client.get(format!("{url}/api/v1/list_environment_variables"));
    let response = request.header("authorization", format!("Convex {key}")).send().await?.error_for_status()?;
    let response: Response = response.json().await?;
    println!("{}", response.environment_variables.len());
    Ok(())
}
