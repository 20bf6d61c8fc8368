//! The differences in projects, deployments, custom domains and default variables.

use super::Override;

pub(super) const ROWS: &[Override] = &[];
