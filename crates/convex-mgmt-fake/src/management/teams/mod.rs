//! Teams, their members and invitations. The roles of members are kept but not enforced: every member has all permissions.

mod create;
mod invitations;
mod members;
mod role;

use axum::Router;
use axum::routing::{get, post};

use super::state::Plane;

pub(crate) use invitations::accept as accept_invitation;

pub(super) fn routes() -> Router<Plane> {
    Router::new()
        .route("/teams/create_team", post(create::create))
        .route("/teams/{team_id}/list_members", get(members::list))
        .route("/teams/{team_id}/update_team_member_role", post(members::update_role))
        .route("/teams/{team_id}/invite_team_member", post(invitations::invite))
        .route("/teams/{team_id}/list_pending_invites", get(invitations::list))
        .route("/teams/{team_id}/cancel_team_member_invite", post(invitations::cancel))
}
