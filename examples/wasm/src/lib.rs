//! A client in WebAssembly: the transport `fetch` over the functions of a JavaScript host, which are in `host/host.mjs`.
//!
//! A program for browsers uses `wasm-bindgen` in place of the module `host`. This crate needs no tool beyond a Rust target and a host.
#![cfg(target_arch = "wasm32")]

mod host;
#[path = "../../transports/examples/support/tour.rs"]
mod tour;

use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use convex_mgmt::deployment::ListUsageLimits;
use convex_mgmt::{Client, Credential, DeploymentApi, Endpoint};
use convex_mgmt_transports::fetch::{HostTimer, transport};
use host::JavaScript;

/// Calls a deployment and prints the results. The last call times out if the deployment delays it for more than a second.
async fn program(url: &str, key: &str) -> Result<(), Box<dyn Error>> {
    let endpoint: Endpoint<DeploymentApi> = Endpoint::new(url, &Credential::parse(key)?)?;
    let host = Rc::new(JavaScript);
    let builder = Client::builder(endpoint).timer(HostTimer(host.clone())).total_timeout(Duration::from_secs(10));
    let client = builder.build_on(transport(host.clone()))?;
    host::print(&tour::tour(&client).await?);

    let builder = Client::builder(client.endpoint().clone()).timer(HostTimer(host.clone()));
    let impatient = builder.total_timeout(Duration::from_secs(1)).build_on(transport(host))?;
    match impatient.send(&ListUsageLimits::new()).await {
        Ok(limits) => host::print(&format!("usage limits: {}\n", limits.len())),
        Err(error) => host::print(&format!("usage limits: {}\n", error.kind())),
    }
    Ok(())
}

/// Starts the program. The text is the URL and the key of a deployment, on a line each.
#[unsafe(no_mangle)]
pub extern "C" fn start(text: usize, length: usize) {
    // SAFETY: the host passes the allocation once, with its length.
    let text = unsafe { host::take(text, length) };
    let text = String::from_utf8_lossy(&text).into_owned();
    host::run(async move {
        let (url, key) = text.split_once('\n').unwrap_or_default();
        if let Err(error) = program(url, key).await {
            host::print(&format!("failed: {error}\n"));
        }
    });
}
