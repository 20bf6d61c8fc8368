//! Members of a team: listing them, their invitations, and their roles.

mod invites;
mod list;
mod role;

pub use self::invites::{CancelTeamMemberInvite, InviteTeamMember, ListPendingTeamInvites, TeamInvite};
pub use self::list::{ListTeamMembers, TeamMember, UpdateTeamMemberRole};
pub use self::role::{MemberCustomRole, Role, RoleAssignment};

#[cfg(feature = "samples")]
mod samples;

#[cfg(test)]
mod tests;
