//! The server's rules for changes of environment variables, checked before a request is sent.
//!
//! The limits and the error codes are those of the server. The checks reject nothing that the server accepts. The rules for names
//! and values are in [`environment`](crate::environment), because both APIs share them.
//!
//! Source: convex-backend `crates/common/src/types/environment_variables.rs`, `crates/common/src/knobs.rs` and
//! `crates/model/src/environment_variables/mod.rs`. The number of variables and their total size are settings of the server. The
//! other rules are fixed.

use std::collections::BTreeMap;

use super::{EnvironmentVariableChange, EnvironmentVariables};
use crate::error::{ErrorCode, Violation, Violations};
use crate::operation::environment;
use crate::types::Secret;

/// The maximum number of variables of a deployment.
pub const VARIABLES: usize = 512;
/// The maximum total length of all names and values of a deployment, in bytes of UTF-8.
pub const TOTAL_BYTES: usize = 524_288;
/// The names of the built-in variables. They cannot be set. Deleting one has no effect.
pub const BUILT_IN: &[&str] = &["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"];

/// Checks changes without the current variables.
///
/// # Errors
/// All violations in the order of the changes, each with its field, such as `changes[3].name`, and the server's error code.
pub fn check(changes: &[EnvironmentVariableChange]) -> Result<(), Violations> {
    check_against(changes, &EnvironmentVariables::new())
}

/// Checks changes of the current variables: each change as [`check`] does, and the deployment's limits after all changes.
///
/// # Errors
/// As for [`check`].
pub fn check_against(changes: &[EnvironmentVariableChange], current: &EnvironmentVariables) -> Result<(), Violations> {
    let mut violations = violations_of_each(changes);
    check_totals(changes, current, &mut violations);
    Violations::err_if_any(violations)
}

/// Checks each change on its own, without the deployment's limits.
pub(super) fn check_each(changes: &[EnvironmentVariableChange]) -> Result<(), Violations> {
    Violations::err_if_any(violations_of_each(changes))
}

fn violations_of_each(changes: &[EnvironmentVariableChange]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let (name, value) = (change.name(), change.value());
        if environment::is_permitted(name, value.map_or(0, Secret::len)) && !BUILT_IN.contains(&name) {
            continue;
        }
        violations.extend(environment::name_violation(index, name));
        if let Some(value) = value {
            violations.extend(built_in(index, name));
            violations.extend(environment::value_violation(index, name, value.len()));
        }
    }
    violations
}

fn built_in(index: usize, name: &str) -> Option<Violation> {
    let rule = "must not be set, because it is built in";
    let violation = || Violation::new(environment::field(index, "name", name), ErrorCode::EnvVarNameForbidden, rule);
    BUILT_IN.contains(&name).then(violation)
}

fn check_totals(
    changes: &[EnvironmentVariableChange],
    current: &EnvironmentVariables,
    violations: &mut Vec<Violation>,
) {
    // Names may repeat and variables may be deleted, so this is the most that can be left. It nearly always is within the limits.
    let bytes = |name: &str, value: &Secret| name.len() + value.len();
    let added = changes.iter().filter_map(|change| Some(bytes(change.name(), change.value()?)));
    let all = current.iter().map(|(name, value)| bytes(name, value)).chain(added);
    let (most, most_bytes) = all.fold((0, 0), |(count, total), bytes| (count + 1, total + bytes));
    if most <= VARIABLES && most_bytes <= TOTAL_BYTES {
        return;
    }
    let mut after: BTreeMap<&str, &str> = current.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    // The server applies deletions first, and keeps the greatest of several values for one name.
    for change in changes {
        after.remove(change.name());
    }
    for change in changes {
        if let EnvironmentVariableChange::Set { name, value } = change {
            let kept = after.entry(name).or_insert(value.expose());
            *kept = (*kept).max(value.expose());
        }
    }
    if after.len() > VARIABLES {
        let rule = format!("must leave at most {VARIABLES} variables, and would leave {}", after.len());
        violations.push(Violation::new("changes", ErrorCode::EnvVarLimitMet, rule));
    }
    let total: usize = after.iter().map(|(name, value)| name.len() + value.len()).sum();
    if total > TOTAL_BYTES {
        let rule = format!("must leave at most {TOTAL_BYTES} bytes of names and values, and would leave {total}");
        violations.push(Violation::new("changes", ErrorCode::EnvVarTotalSizeLimitMet, rule));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::UpdateEnvironmentVariables;
    use super::*;
    use crate::types::environment::VALUE_BYTES;

    /// The definition of the totals: the variables after the batch, one by one.
    fn totals_by_definition(changes: &[EnvironmentVariableChange], current: &EnvironmentVariables) -> (usize, usize) {
        let pairs = current.iter().map(|(name, value)| (name.clone(), value.expose().to_owned()));
        let mut after: BTreeMap<String, String> = pairs.collect();
        changes.iter().for_each(|change| drop(after.remove(change.name())));
        for (name, value) in changes.iter().filter_map(|change| Some((change.name(), change.value()?.expose()))) {
            let kept = after.entry(name.to_owned()).or_default();
            *kept = kept.as_str().max(value).to_owned();
        }
        (after.len(), after.iter().map(|(name, value)| name.len() + value.len()).sum())
    }

    /// Groups of changes with the same name or ascending names, and a value of one length.
    fn changes(groups: Vec<(bool, bool, usize, usize)>) -> Vec<EnvironmentVariableChange> {
        let of_group = |(group, (deletes, same_name, count, bytes)): (usize, (bool, bool, usize, usize))| {
            (0..count).map(move |n| {
                let name = format!("N{}", if same_name { group } else { n });
                if deletes {
                    EnvironmentVariableChange::Delete { name }
                } else {
                    (name, char::from(b'a' + (n % 3) as u8).to_string().repeat(bytes)).into()
                }
            })
        };
        groups.into_iter().enumerate().flat_map(of_group).collect()
    }

    fn groups() -> impl Strategy<Value = Vec<(bool, bool, usize, usize)>> {
        let count = prop_oneof![1..20_usize, 250..260_usize, 505..515_usize];
        let bytes = prop_oneof![0..4_usize, 1020..1024_usize, 8190..8193_usize];
        prop::collection::vec((prop::bool::weighted(0.2), any::<bool>(), count, bytes), 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_totals_are_those_of_the_variables_after_the_batch(groups in groups(), before in groups()) {
            let current: EnvironmentVariables = changes(before).iter().filter_map(|change| Some((change.name(), change.value()?.expose()))).collect();
            let changes = changes(groups);
            let (count, bytes) = totals_by_definition(&changes, &current);
            let mut expected = Vec::new();
            if count > VARIABLES {
                expected.push(format!("changes: must leave at most 512 variables, and would leave {count} (EnvVarLimitMet)"));
            }
            if bytes > TOTAL_BYTES {
                expected.push(format!("changes: must leave at most 524288 bytes of names and values, and would leave {bytes} (EnvVarTotalSizeLimitMet)"));
            }
            let violations = check_against(&changes, &current).err();
            let found: Option<Vec<String>> = violations.map(|all| all.iter().map(Violation::to_string).collect());
            prop_assert_eq!(found.unwrap_or_default(), expected);
        }
    }

    fn violations(update: &UpdateEnvironmentVariables) -> Vec<(String, ErrorCode)> {
        match check(&update.changes) {
            Ok(()) => Vec::new(),
            Err(violations) => {
                violations.iter().filter_map(|one| Some((one.field.clone(), one.code.clone()?))).collect()
            }
        }
    }

    fn set(name: &str, value: &str) -> UpdateEnvironmentVariables {
        UpdateEnvironmentVariables::new().set(name, value)
    }

    #[test]
    fn accepts_everything_that_the_server_accepts() {
        for name in ["A", "_A", "_", "a9_", "CONVEX_OTHER", &"N".repeat(256)] {
            assert_eq!(violations(&set(name, "")), [], "{name}");
        }
        for value in ["", "line\nline\0", "é", &"v".repeat(8192), &"é".repeat(4096)] {
            assert_eq!(violations(&set("A", value)), []);
        }
        assert_eq!(violations(&UpdateEnvironmentVariables::new()), []);
        assert_eq!(violations(&UpdateEnvironmentVariables::new().delete("CONVEX_SITE_URL")), []);
        let duplicate = set("A", "z").set("A", "b").delete("A");
        assert_eq!(violations(&duplicate), []);
    }

    #[test]
    fn reports_all_violations_at_once_with_field_and_code() {
        let update = set("OK", "1")
            .set("9BAD", "x")
            .set("N".repeat(257), "x")
            .set("BIG", "v".repeat(8193))
            .set("CONVEX_SITE_URL", "x")
            .set("a b", "v".repeat(8193))
            .delete("")
            .delete("é");
        assert_eq!(
            violations(&update),
            [
                ("changes[1].name (9BAD)".to_owned(), ErrorCode::EnvironmentVariableNameInvalid),
                ("changes[2].name (257 bytes)".to_owned(), ErrorCode::EnvironmentVariableNameTooLong),
                ("changes[3].value (BIG)".to_owned(), ErrorCode::EnvironmentVariableValueTooLarge),
                ("changes[4].name (CONVEX_SITE_URL)".to_owned(), ErrorCode::EnvVarNameForbidden),
                ("changes[5].name (3 bytes)".to_owned(), ErrorCode::EnvironmentVariableNameInvalid),
                ("changes[5].value (3 bytes)".to_owned(), ErrorCode::EnvironmentVariableValueTooLarge),
                ("changes[6].name (0 bytes)".to_owned(), ErrorCode::EnvironmentVariableNameInvalid),
                ("changes[7].name (2 bytes)".to_owned(), ErrorCode::EnvironmentVariableNameInvalid),
            ]
        );
    }

    #[test]
    fn a_message_names_the_rule_and_never_a_value() {
        let text = check(&set("canary=canary", "x").changes).unwrap_err().to_string();
        assert_eq!(
            text,
            "changes[0].name (13 bytes): must consist of letters, digits and underscores, and not begin with a digit \
             (EnvironmentVariableNameInvalid)"
        );
        let text = check(&set("A", &"canary".repeat(2000)).changes).unwrap_err().to_string();
        assert!(!text.contains("canary") && text.contains("at most 8192 bytes, and has 12000"), "{text}");
    }

    #[test]
    fn the_limits_of_a_deployment_hold_after_the_batch() {
        let many = |count| (0..count).fold(UpdateEnvironmentVariables::new(), |all, n| all.set(format!("N{n}"), ""));
        assert_eq!(violations(&many(512)), []);
        assert_eq!(violations(&many(513)), [("changes".to_owned(), ErrorCode::EnvVarLimitMet)]);
        let full: EnvironmentVariables = (0..512).map(|n| (format!("N{n}"), "")).collect();
        let codes = |update: UpdateEnvironmentVariables| {
            check_against(&update.changes, &full)
                .err()
                .map(|all| all.iter().filter_map(|one| one.code.clone()).collect::<Vec<_>>())
        };
        assert_eq!(codes(set("NEW", "x")), Some(vec![ErrorCode::EnvVarLimitMet]));
        assert_eq!(codes(set("NEW", "x").delete("N0")), None);
        assert_eq!(codes(set("N5", "x")), None);
    }

    #[test]
    fn a_deployment_may_be_full_to_the_last_byte() {
        // 64 names of 3 bytes; the values fill the rest.
        let full: usize = TOTAL_BYTES - 64 * 3;
        let filled = |bytes: usize| {
            let lengths = (0..64).map(|n| if n < 63 { VALUE_BYTES } else { bytes - 63 * VALUE_BYTES });
            lengths.enumerate().fold(UpdateEnvironmentVariables::new(), |all, (n, length)| {
                all.set(format!("N{n:02}"), "v".repeat(length))
            })
        };
        assert_eq!(violations(&filled(full)), []);
        assert_eq!(violations(&filled(full + 1)), [("changes".to_owned(), ErrorCode::EnvVarTotalSizeLimitMet)]);
        // Current variables count, unless they are changed or deleted.
        let current: EnvironmentVariables = filled(full).changes.iter().map(pair).collect();
        let count = |update: UpdateEnvironmentVariables| {
            check_against(&update.changes, &current).err().map(|all| all.iter().count())
        };
        assert_eq!(count(set("M", "")), Some(1));
        assert_eq!(count(set("M", "").delete("N00")), None);
        assert_eq!(count(set("N63", "")), None);
    }

    fn pair(change: &EnvironmentVariableChange) -> (String, String) {
        match change {
            EnvironmentVariableChange::Set { name, value } => (name.clone(), value.expose().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_total_counts_the_greatest_value_of_a_name_once() {
        let value = "v".repeat(8192);
        let big = |count: usize| {
            (0..count).fold(UpdateEnvironmentVariables::new(), |all, n| all.set(format!("N{n}"), value.as_str()))
        };
        assert_eq!(violations(&big(63)), []);
        assert_eq!(violations(&big(64)), [("changes".to_owned(), ErrorCode::EnvVarTotalSizeLimitMet)]);
        let again = (0..200).fold(UpdateEnvironmentVariables::new(), |all, _| all.set("A", value.as_str()));
        assert_eq!(violations(&again), []);
    }
}
