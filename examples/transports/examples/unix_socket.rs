//! Calls a deployment through a Unix socket, with the default stack.
//!
//! `cargo run -p convex-mgmt-transports --example unix_socket` uses an embedded in-memory deployment. With `CONVEX_URL` and
//! `CONVEX_DEPLOY_KEY` it uses a real one, where it sets and deletes the variable `CONVEX_MGMT_EXAMPLE`. The URL is `http`, as that of a
//! local deployment, because the program is built without TLS.
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "support/place.rs"]
mod place;
#[path = "support/relay.rs"]
mod relay;
#[path = "support/tour.rs"]
mod tour;

use std::error::Error;

use convex_mgmt::Client;
use convex_mgmt_transports::unix_socket::over_unix_socket;
use place::Place;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let place = Place::from_env()?;
    let folder = relay::Folder::new()?;
    // In place of a proxy or a sidecar that listens on a Unix socket.
    let authority = place.endpoint.url().trim_start_matches("http://").parse()?;
    let client = over_unix_socket(Client::builder(place.endpoint.clone()), folder.relay(authority)?)?;
    print!("{}{}", place.headline(), tour::tour(&client).await?);
    Ok(())
}
