//! The data of the deployment, and how its data sync behaves.

mod imports;
mod quirks;
mod sample;
mod tables;
mod writes;

use axum::Router;

use super::fake::Fake;

pub use imports::Import;
pub use writes::Writes;

pub(super) fn routes() -> Router<Fake> {
    tables::routes().merge(quirks::routes())
}
