//! The differences in deploy keys and access tokens.

use super::Override;

pub(super) const ROWS: &[Override] = &[];
