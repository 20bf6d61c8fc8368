//! The differences in the Management API. Its server is closed source, so most rows are inferred.

mod deployments;
mod keys;
mod teams;

use super::Override;
use super::ids::id_as_text;
use super::pages::{cursor_before_the_end, no_cursor_at_the_end};

/// The differences, by group of topics.
pub(crate) const MANAGEMENT: &[&[Override]] = &[IDS, PAGES, teams::ROWS, deployments::ROWS, keys::ROWS];

// Some fields with similar names hold texts: `client_id` and `ssoLoginId`. `*eamId` is for `teamId` and `ssoTeamId`.
const IDS: &[Override] = &[
    id_as_text(&["*"], "id"),
    id_as_text(&["*"], "*.id"),
    id_as_text(&["*"], "*eamId"),
    id_as_text(&["*"], "*projectId"),
];

const PAGES: &[Override] = &[
    cursor_before_the_end(LISTS, "inferred from the Deployment Platform API"),
    no_cursor_at_the_end(LISTS, "inferred from the Deployment Platform API"),
];

/// The operations that return a page.
const LISTS: &[&str] = &[
    "list_audit_log_events",
    "list_custom_roles",
    "list_deployments_for_team",
    "list_personal_access_tokens",
    "list_projects",
    "list_team_access_tokens",
];
