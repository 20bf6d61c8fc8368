//! Calls a deployment on smol, without a tokio runtime.
//!
//! `cargo run -p convex-mgmt-transports --example smol` uses an embedded in-memory deployment. With `CONVEX_URL` and
//! `CONVEX_DEPLOY_KEY` it uses a real one, where it sets and deletes the variable `CONVEX_MGMT_EXAMPLE`. The URL is `http`, as that of a
//! local deployment, because the program is built without TLS.
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "support/place.rs"]
mod place;
#[path = "support/tour.rs"]
mod tour;

use std::error::Error;

use convex_mgmt::Client;
use convex_mgmt_transports::smol::{SmolTimer, send};
use place::Place;

fn main() -> Result<(), Box<dyn Error>> {
    let place = Place::from_env()?;
    let transport = tower::service_fn(send);
    let client = Client::builder(place.endpoint.clone()).timer(SmolTimer).build_on(transport)?;
    print!("{}{}", place.headline(), async_io::block_on(tour::tour(&client))?);
    Ok(())
}
