//! The pages of the audit log. Source: convex-backend's `crates/local_backend/src/deployment_audit_log.rs`.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{ApiError, Caller, Pagination, QueryArgs};
use crate::state::{AuditEntry, Plan, Shared, hex};

const MS_PER_DAY: u64 = 24 * 3600 * 1000;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/list_audit_log_events", get(list))
}

#[derive(Deserialize)]
struct Args {
    from: u64,
    limit: Option<u64>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<AuditLogItem>,
    pagination: Pagination,
}

/// An entry as the API returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditLogItem {
    actor: Value,
    action: &'static str,
    create_time: u64,
    metadata: Value,
    client_ip: Option<String>,
    client_user_agent: Option<String>,
}

impl From<AuditEntry> for AuditLogItem {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { actor, action, create_time, metadata, client_ip, user_agent } = entry;
        Self { actor, action, create_time, metadata, client_ip, client_user_agent: user_agent }
    }
}

async fn list(
    State(state): State<Shared>,
    caller: Caller,
    QueryArgs(Args { from, limit, cursor }): QueryArgs<Args>,
) -> Result<Json<Page>, ApiError> {
    caller.require("deployment:auditLog:view")?;
    let deployment = state.deployment();
    let (default, max) = deployment.knobs.audit_log_page_size;
    let limit = limit.unwrap_or(default);
    if !(1..=max).contains(&limit) {
        return Err(ApiError::bad_request("LimitOutOfRange", format!("the limit must be from 1 to {max}")));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let invalid_cursor = || ApiError::bad_request("InvalidCursor", "the cursor is not valid for this query");
    let start = match cursor {
        Some(text) => Some(Cursor::parse(&text, &deployment.name).ok_or_else(invalid_cursor)?),
        None => None,
    };
    check_plan(deployment.plan.as_ref(), from, deployment.now().as_millis())?;
    let start = match start {
        Some(cursor) if cursor.from == from => cursor.position,
        Some(_) => return Err(invalid_cursor()),
        None => 0,
    };
    // The log only grows, so positions stay valid.
    let found: Vec<(u64, &AuditEntry)> = (start..)
        .zip(deployment.audit.iter().skip(usize::try_from(start).unwrap_or(usize::MAX)))
        .filter(|(_, entry)| entry.create_time >= from)
        .take(limit)
        .collect();
    // A full page has a cursor even if no entry follows, as on the real server.
    let next =
        found.last().filter(|_| found.len() == limit).map(|(position, _)| Cursor { from, position: position + 1 });
    let next_cursor = next.map(|cursor| cursor.encode(&deployment.name));
    let items = found.into_iter().map(|(_, entry)| entry.clone().into()).collect();
    Ok(Json(Page { items, pagination: Pagination::new(next_cursor) }))
}

/// Checks that the plan permits entries from `from` on, at the time of the request.
fn check_plan(plan: Option<&Plan>, from: u64, now: u128) -> Result<(), ApiError> {
    let Some(plan) = plan else {
        return Err(ApiError::forbidden("AuditLogsDisabled", "the plan does not include the audit log"));
    };
    // A negative number has no bound.
    let Ok(days) = u64::try_from(plan.audit_log_retention_days) else { return Ok(()) };
    if u128::from(from) + u128::from(days) * u128::from(MS_PER_DAY) < now {
        return Err(ApiError::forbidden("AuditLogsTooOld", format!("the plan keeps {days} days of the audit log")));
    }
    Ok(())
}

/// The start of the next page of a query.
#[derive(Debug, PartialEq, Eq)]
struct Cursor {
    from: u64,
    position: u64,
}

impl Cursor {
    /// Encodes the cursor with a checksum that binds it to the query and the deployment.
    fn encode(&self, deployment: &str) -> String {
        hex(&[self.from, self.position, self.checksum(deployment)].map(u64::to_be_bytes).concat())
    }

    fn parse(text: &str, deployment: &str) -> Option<Self> {
        if text.len() != 48 || !text.is_ascii() {
            return None;
        }
        let number = |at: usize| u64::from_str_radix(&text[at..at + 16], 16).ok();
        let cursor = Self { from: number(0)?, position: number(16)? };
        (cursor.encode(deployment) == text).then_some(cursor)
    }

    fn checksum(&self, deployment: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (deployment, self.from, self.position).hash(&mut hasher);
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_for_its_deployment_only() {
        let text = Cursor { from: 1_000, position: 7 }.encode("a-b-1");
        assert_eq!(Cursor::parse(&text, "a-b-1"), Some(Cursor { from: 1_000, position: 7 }));
        assert_eq!(Cursor::parse(&text, "a-b-2"), None);
        let mut other = text.clone();
        other.replace_range(15..16, "9");
        for garbage in ["", "xyz", &text[1..], &text.to_uppercase(), &"é".repeat(24), &other] {
            assert_eq!(Cursor::parse(garbage, "a-b-1"), None, "{garbage}");
        }
    }
}
