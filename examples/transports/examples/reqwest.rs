//! Calls a deployment through reqwest.
//!
//! `cargo run -p convex-mgmt-transports --example reqwest` uses an embedded in-memory deployment. With `CONVEX_URL` and
//! `CONVEX_DEPLOY_KEY` it uses a real one, where it sets and deletes the variable `CONVEX_MGMT_EXAMPLE`. The URL is `http`, as that of a
//! local deployment, because the program is built without TLS.
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "support/place.rs"]
mod place;
#[path = "support/tour.rs"]
mod tour;

use std::error::Error;

use convex_mgmt::Client;
use convex_mgmt_transports::reqwest;
use place::Place;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let place = Place::from_env()?;
    let client = Client::builder(place.endpoint.clone()).build_on(reqwest::transport()?)?;
    print!("{}{}", place.headline(), tour::tour(&client).await?);
    Ok(())
}
