//! The differences in the Management API. Its server is closed source, so most rows are inferred.

mod deployments;
mod keys;
mod teams;

use super::Override;
use super::ids::id_as_text;

/// The differences, by group of topics.
pub(crate) const MANAGEMENT: &[&[Override]] = &[IDS, teams::ROWS, deployments::ROWS, keys::ROWS];

// Some fields with similar names hold texts: `client_id` and `ssoLoginId`. `*eamId` is for `teamId` and `ssoTeamId`.
const IDS: &[Override] = &[
    id_as_text(&["*"], "id"),
    id_as_text(&["*"], "*.id"),
    id_as_text(&["*"], "*eamId"),
    id_as_text(&["*"], "*projectId"),
];
