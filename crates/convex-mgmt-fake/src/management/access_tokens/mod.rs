//! Access tokens: those of people and teams, and the details of the calling token. A token works at once, for both APIs as far as
//! its class has access. The API returns its text once; lists have ids and names only.

mod details;
mod personal;
mod team;
mod token;

use axum::Router;
use axum::routing::{get, post};

use super::state::Plane;

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/token_details", get(details::details))
        .route("/list_personal_access_tokens", get(personal::list))
        .route("/create_personal_access_token", post(personal::create))
        .route("/delete_personal_access_token", post(personal::delete))
        .route("/teams/{team_id}/list_access_tokens", get(team::list))
        .route("/teams/{team_id}/create_access_token", post(team::create))
        .route("/teams/{team_id}/delete_access_token", post(team::delete))
}
