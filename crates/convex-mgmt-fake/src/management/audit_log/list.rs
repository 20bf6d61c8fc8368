//! The pages of the audit log. Inferred: the newest entries come first, both bounds belong to the range, and the errors.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::actions::ACTIONS;
use crate::api::{ApiError, PathArg, QueryArgs};
use crate::management::api::{Caller, P, PageArgs, T, page};
use crate::management::state::{Plane, TeamAuditEntry};
use crate::state::AuditEntry;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    from: i64,
    to: i64,
    member_id: Option<u64>,
    #[serde(default, deserialize_with = "known_action")]
    action: Option<String>,
    limit: Option<i64>,
    cursor: Option<String>,
}

fn known_action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let action = String::deserialize(deserializer)?;
    match ACTIONS.contains(&action.as_str()) {
        true => Ok(Some(action)),
        false => Err(serde::de::Error::custom(format!("unknown action '{action}'"))),
    }
}

impl Filter {
    fn matches(&self, entry: &AuditEntry) -> bool {
        let time = i64::try_from(entry.create_time).unwrap_or(i64::MAX);
        let is_by = |member: u64| entry.actor["member_id"].as_u64() == Some(member);
        (self.from..=self.to).contains(&time)
            && self.member_id.is_none_or(is_by)
            && self.action.as_ref().is_none_or(|action| action == entry.action)
    }
}

/// An entry as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventResponse {
    team_id: u64,
    actor: Value,
    action: &'static str,
    create_time: u64,
    metadata: Value,
    client_ip: Option<String>,
    client_user_agent: Option<String>,
}

impl From<&TeamAuditEntry> for EventResponse {
    fn from(TeamAuditEntry { team_id, entry }: &TeamAuditEntry) -> Self {
        let AuditEntry { actor, action, create_time, metadata, client_ip, user_agent } = entry.clone();
        Self { team_id: *team_id, actor, action, create_time, metadata, client_ip, client_user_agent: user_agent }
    }
}

pub(super) async fn list(
    State(plane): State<Plane>,
    Caller(caller): Caller<{ P | T }>,
    PathArg(team): PathArg<u64>,
    QueryArgs(mut filter): QueryArgs<Filter>,
) -> Result<Json<Value>, ApiError> {
    let state = plane.state();
    let team = caller.team(&state, team)?.id;
    if filter.from > filter.to {
        return Err(ApiError::bad_request("InvalidTimeRange", "the range ends before it begins"));
    }
    let args = PageArgs { limit: filter.limit, cursor: filter.cursor.take() };
    let list = ("audit log", team, filter.from, filter.to, filter.member_id, filter.action.clone());
    // The log only grows, so the position of an entry is its key.
    let found = state
        .audit
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, event)| event.team_id == team && filter.matches(&event.entry))
        .map(|(position, event)| (Reverse(position), event));
    let (items, pagination) = page(list, found, args, state.knobs.audit_log_page_size)?;
    let items: Vec<EventResponse> = items.into_iter().map(EventResponse::from).collect();
    Ok(Json(json!({"items": items, "pagination": pagination})))
}
