//! The audit log of a team: its entries, and listing them.

mod action;
mod event;
mod list;

pub use self::action::TeamAuditLogAction;
pub use self::event::{IntegrationActor, TeamAuditLogActor, TeamAuditLogEvent};
pub use self::list::ListAuditLogEvents;
