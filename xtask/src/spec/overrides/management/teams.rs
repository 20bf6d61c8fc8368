//! The differences in teams, members, custom roles and the audit log.

use super::Override;

pub(super) const ROWS: &[Override] = &[];
