//! The rule for `expiresAt`: the time has to be at least 30 minutes ahead.

use super::interface::Operation;
use crate::error::{Violation, Violations};
use crate::types::UnixMillis;

/// The shortest lifetime that the document allows, in milliseconds.
const SHORTEST: i128 = 30 * 60 * 1000;

/// Returns the violation of an expiry that is too close to `now`. `None` never expires, and violates nothing.
pub(crate) fn violation(field: &str, expires_at: Option<UnixMillis>, now: UnixMillis) -> Option<Violation> {
    let lifetime = i128::from(expires_at?.0) - i128::from(now.0);
    (lifetime < SHORTEST).then(|| Violation::new(field, None, "must be at least 30 minutes ahead"))
}

/// Checks an operation as [`Operation::check`] does, and its expiry. All violations are in one error.
pub(crate) fn check_at(
    operation: &impl Operation,
    field: &str,
    expires_at: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<(), Violations> {
    let mut violations: Vec<_> = operation.check().err().iter().flatten().cloned().collect();
    violations.extend(violation(field, expires_at, now));
    Violations::err_if_any(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejects(expires_at: i64, now: i64) -> bool {
        violation("expiresAt", Some(UnixMillis(expires_at)), UnixMillis(now)).is_some()
    }

    #[test]
    fn an_expiry_is_at_least_thirty_minutes_ahead() {
        assert!(!rejects(1_800_000, 0) && rejects(1_799_999, 0));
        assert!(!rejects(0, -1_800_000) && rejects(0, 0) && rejects(-1, 0));
        assert!(!rejects(i64::MAX, i64::MIN) && rejects(i64::MIN, i64::MAX));
        assert_eq!(violation("expiresAt", None, UnixMillis(0)), None);
    }
}
