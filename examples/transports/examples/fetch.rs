//! Calls a deployment through the functions of a host, as in WebAssembly.
//!
//! `cargo run -p convex-mgmt-transports --example fetch` uses an embedded in-memory deployment. With `CONVEX_URL` and
//! `CONVEX_DEPLOY_KEY` it uses a real one, where it sets and deletes the variable `CONVEX_MGMT_EXAMPLE`. The URL is `http`, as that of a
//! local deployment, because the program is built without TLS.
#![allow(clippy::print_stdout, reason = "a program prints its results")]

#[path = "support/host.rs"]
mod host;
#[path = "support/place.rs"]
mod place;
#[path = "support/tour.rs"]
mod tour;

use std::error::Error;
use std::rc::Rc;

use convex_mgmt::Client;
use convex_mgmt_transports::fetch::{HostTimer, transport};
use host::ThreadHost;
use place::Place;

fn main() -> Result<(), Box<dyn Error>> {
    let place = Place::from_env()?;
    let host = Rc::new(ThreadHost::new());
    let builder = Client::builder(place.endpoint.clone()).timer(HostTimer(host.clone()));
    let client = builder.build_on(transport(host))?;
    print!("{}{}", place.headline(), futures_lite::future::block_on(tour::tour(&client))?);
    Ok(())
}
