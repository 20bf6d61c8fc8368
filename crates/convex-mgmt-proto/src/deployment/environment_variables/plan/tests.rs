//! Plans: what they delete, when they conflict, and what they show.

use proptest::collection::btree_map;
use proptest::prelude::*;

use super::*;
use crate::deployment::environment_variables::EnvironmentVariableChange;
use crate::error::ErrorCode;

fn variables<const N: usize>(list: [(&str, &str); N]) -> EnvironmentVariables {
    list.into_iter().collect()
}

fn actions(plan: &EnvironmentPlan) -> Vec<(&str, Action)> {
    plan.steps().iter().map(|step| (step.name.as_str(), step.action)).collect()
}

#[test]
fn deletes_owned_variables_only() {
    let current = variables([("APP_OLD", "1"), ("OTHER", "2"), ("THIRD", "3")]);
    let plan = |owned| EnvironmentPlan::new(&current, &EnvironmentVariables::new(), owned);
    use Action::{Delete, Unmanaged};
    for (owned, expected) in [
        (Ownership::None, [Unmanaged, Unmanaged, Unmanaged]),
        (Ownership::All, [Delete, Delete, Delete]),
        (Ownership::Prefix("APP_".into()), [Delete, Unmanaged, Unmanaged]),
        (Ownership::Names(["OTHER".to_owned()].into()), [Unmanaged, Delete, Unmanaged]),
    ] {
        let plan = plan(owned);
        assert_eq!(plan.steps().iter().map(|step| step.action).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn serializes_names_and_no_values() {
    let (current, wanted) = ([("A", "canary"), ("B", "2"), ("C", "canary"), ("X", "canary")], [("A", "canary")]);
    let wanted = variables(wanted).into_iter().chain(variables([("B", "canary"), ("D", "canary")])).collect();
    let plan = EnvironmentPlan::new(&variables(current), &wanted, Ownership::Prefix("C".into()));
    assert_eq!(
        serde_json::to_string(&plan).unwrap(),
        r#"{"steps":[{"name":"A","action":"unchanged"},{"name":"B","action":"update"},{"name":"C","action":"delete"},"#
            .to_owned()
            + r#"{"name":"D","action":"create"},{"name":"X","action":"unmanaged"}]}"#
    );
}

#[test]
fn a_plan_is_one_batch_of_what_differs() {
    let plan = EnvironmentPlan::new(
        &variables([("A", "1"), ("B", "2"), ("C", "3")]),
        &variables([("A", "1"), ("B", "x"), ("D", "4")]),
        Ownership::All,
    );
    let update = plan.operation().unwrap().unwrap();
    let expected = UpdateEnvironmentVariables::new().set("B", "x").delete("C").set("D", "4");
    assert_eq!(update.0.changes, expected.changes);
}

#[test]
fn a_plan_without_changes_is_no_operation() {
    let there = variables([("A", "1"), ("B", "2")]);
    let plan = EnvironmentPlan::new(&there, &variables([("A", "1")]), Ownership::None);
    assert!(plan.is_empty());
    assert!(plan.operation().unwrap().is_none());
}

#[test]
fn checks_the_rules_with_the_current_variables() {
    let full: EnvironmentVariables = (0..512).map(|n| (format!("N{n}"), "")).collect();
    let plan = EnvironmentPlan::new(&full, &variables([("NEW", "1"), ("9", "")]), Ownership::None);
    let PlanError::Invalid(violations) = plan.operation().unwrap_err() else { panic!("the rules are checked") };
    let codes: Vec<_> = violations.iter().filter_map(|one| one.code.clone()).collect();
    assert_eq!(codes, [ErrorCode::EnvironmentVariableNameInvalid, ErrorCode::EnvVarLimitMet]);
    // A later read may leave room for one more, but no name becomes valid.
    let PlanError::Invalid(violations) = plan.check().unwrap_err() else { panic!("the rules are checked") };
    assert_eq!(violations.iter().count(), 1);
    let unchecked = plan.unchecked().replan(&full);
    assert_eq!(unchecked.check(), Ok(()));
    assert_eq!(unchecked.operation().unwrap().unwrap().0.changes.len(), 2);
}

#[test]
fn a_change_since_the_read_is_a_conflict_if_the_plan_is_about_it() {
    let read = variables([("MINE", "1"), ("OLD", "1"), ("THEIRS", "1"), ("SAME", "1")]);
    let wanted = variables([("MINE", "2"), ("NEW", "1"), ("SAME", "1")]);
    let plan = EnvironmentPlan::new(&read, &wanted, Ownership::Names(["OLD".to_owned(), "LATE".to_owned()].into()));
    let conflict = |change: &dyn Fn(&mut EnvironmentVariables)| {
        let mut fresh = read.clone();
        change(&mut fresh);
        plan.rebase(&fresh).map(|plan| plan.count(Action::Update)).map_err(|conflict| conflict.names)
    };
    assert_eq!(conflict(&|_| ()), Ok(1));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("MINE", "3"))), Err(vec!["MINE".to_owned()]));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("NEW", "3"))), Err(vec!["NEW".to_owned()]));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("OLD", "3"))), Err(vec!["OLD".to_owned()]));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("SAME", "3"))), Err(vec!["SAME".to_owned()]));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("LATE", "3"))), Err(vec!["LATE".to_owned()]));
    assert_eq!(conflict(&|fresh| drop(fresh.remove("SAME"))), Err(vec!["SAME".to_owned()]));
    // Has the wanted value already, is deleted already, or is not owned.
    assert_eq!(conflict(&|fresh| drop(fresh.insert("MINE", "2"))), Ok(0));
    assert_eq!(conflict(&|fresh| drop(fresh.remove("OLD"))), Ok(1));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("THEIRS", "3"))), Ok(1));
    assert_eq!(conflict(&|fresh| drop(fresh.insert("UNSEEN", "3"))), Ok(1));
}

#[test]
fn a_plan_shows_names_and_no_values() {
    let plan = EnvironmentPlan::new(&variables([("A", "canary")]), &variables([("A", "canary2")]), Ownership::None);
    assert!(!format!("{plan} {plan:?} {:?}", plan.operation()).contains("canary"));
    assert_eq!(actions(&plan), [("A", Action::Update)]);
}

#[test]
fn a_name_forges_no_line_of_a_plan() {
    let forged = "A\n- B\u{202e}";
    let plan = EnvironmentPlan::new(&variables([(forged, "1")]), &variables([("C", "1")]), Ownership::None);
    let end = "\n1 to create, 0 to update, 0 to delete, 0 unchanged, 1 unmanaged";
    assert_eq!(plan.to_string(), format!("{}{end}", ". A\\n- B\\u{202e}\n+ C"));
    let conflict = PlanConflict { names: vec![forged.to_owned(), "C".to_owned()] };
    assert_eq!(
        conflict.to_string(),
        "these variables changed since the plan was made, so plan again: A\\n- B\\u{202e}, C"
    );
}

#[test]
fn deletes_every_owned_variable_only_if_permitted() {
    let prefix = |prefix: &str| Ownership::Prefix(prefix.to_owned());
    let there = variables([("APP_A", "1"), ("APP_B", "1"), ("OTHER", "1")]);
    for (owned, wanted, rejected) in [
        (Ownership::All, "", Some(3)),
        (prefix("APP_"), "", Some(2)),
        (prefix("APP_"), "OTHER", Some(2)),
        (prefix("NEW_"), "", None),
        (prefix("APP_"), "APP_NEW", None),
        (Ownership::All, "NEW", None),
        (Ownership::Names(["OTHER".to_owned()].into()), "", None),
        (Ownership::None, "", None),
    ] {
        let wanted: EnvironmentVariables = wanted.split_whitespace().map(|name| (name, "1")).collect();
        let plan = EnvironmentPlan::new(&there, &wanted, owned.clone());
        let expected = rejected.map(|count| PlanError::DeletesAll(DeletesAll { count }));
        assert_eq!(plan.clone().unchecked().operation().err(), expected, "{owned:?}");
        assert_eq!(plan.check().err(), expected, "{owned:?}");
        let permitted = plan.allow_delete_all();
        assert!(permitted.operation().is_ok() && permitted.check().is_ok(), "{owned:?}");
        // A later read does not withdraw the permission.
        assert!(permitted.replan(&there).operation().is_ok(), "{owned:?}");
        assert!(EnvironmentPlan::new(&EnvironmentVariables::new(), &wanted, owned).operation().is_ok());
    }
}

#[test]
fn a_new_owned_variable_is_kept_unless_its_deletion_is_allowed() {
    let (read, wanted) = (variables([("APP_OLD", "1"), ("APP_KEPT", "1")]), variables([("APP_KEPT", "2")]));
    let fresh = variables([("APP_OLD", "2"), ("APP_KEPT", "1"), ("APP_LATE", "1"), ("OTHER", "1")]);
    use Action::{Delete, Unmanaged, Unplanned, Update};
    for (owned, other, other_with_leave) in [
        (Ownership::All, Unplanned, Delete),
        (Ownership::Prefix("APP_".into()), Unmanaged, Unmanaged),
        (Ownership::Names(["APP_OLD", "APP_LATE"].map(String::from).into()), Unmanaged, Unmanaged),
    ] {
        let plan = EnvironmentPlan::new(&read, &wanted, owned);
        let late = plan.replan(&fresh);
        let [kept, old, late_one] = [("APP_KEPT", Update), ("APP_OLD", Delete), ("APP_LATE", Unplanned)];
        assert_eq!(actions(&late), [kept, late_one, old, ("OTHER", other)]);
        let deleted: Vec<_> = late.operation().unwrap().unwrap().0.changes.into_iter().filter(is_deletion).collect();
        assert_eq!(deleted, [EnvironmentVariableChange::Delete { name: "APP_OLD".to_owned() }]);
        // The bound is that of the first plan: reading the variables twice does not lift it.
        assert_eq!(late.replan(&fresh), late);
        let allowed = plan.clone().allow_new_deletions().replan(&fresh);
        assert_eq!(actions(&allowed), [kept, ("APP_LATE", Delete), old, ("OTHER", other_with_leave)]);
        // Without overwriting, both are a conflict.
        for plan in [plan.clone(), plan.allow_new_deletions()] {
            assert!(plan.rebase(&fresh).unwrap_err().names.contains(&"APP_LATE".to_owned()));
        }
    }
}

#[test]
fn shows_the_variables_that_no_one_has_planned_to_delete() {
    let plan = EnvironmentPlan::new(&variables([]), &variables([("A", "1")]), Ownership::All);
    let late = plan.replan(&variables([("LATE", "1")]));
    let summary = "1 to create, 0 to update, 0 to delete, 0 unchanged, 0 unmanaged, 1 unplanned";
    assert_eq!(late.to_string(), format!("+ A\n! LATE\n{summary}"));
    let json = r#"{"steps":[{"name":"A","action":"create"},{"name":"LATE","action":"unplanned"}]}"#;
    assert_eq!(serde_json::to_string(&late).unwrap(), json);
    // There is nothing else to do, so nothing is sent.
    let done = late.replan(&variables([("A", "1"), ("LATE", "1")]));
    assert!(done.is_empty() && done.operation().unwrap().is_none());
}

#[test]
fn rejects_an_empty_prefix_and_an_empty_name() {
    let names = |names: &[&str]| Ownership::Names(names.iter().map(ToString::to_string).collect());
    let there = variables([("A", "1")]);
    for (owned, expected) in [
        (Ownership::Prefix(String::new()), Some(OwnershipError::EmptyPrefix)),
        (names(&["A", ""]), Some(OwnershipError::EmptyName)),
        (names(&[]), None),
        (Ownership::All, None),
    ] {
        for current in [&there, &variables([])] {
            // Reported even if the plan changes nothing, and whatever it permits.
            let plan = EnvironmentPlan::new(current, &there, owned.clone()).allow_delete_all().unchecked();
            let expected = expected.map(PlanError::Ownership);
            assert_eq!((plan.check().err(), plan.operation().err()), (expected.clone(), expected), "{owned:?}");
        }
    }
    let text = "prefix must not be empty; use Ownership::All to own every variable";
    assert_eq!(PlanError::from(OwnershipError::EmptyPrefix).to_string(), text);
}

fn is_deletion(change: &EnvironmentVariableChange) -> bool {
    matches!(change, EnvironmentVariableChange::Delete { .. })
}

fn any_variables() -> impl Strategy<Value = EnvironmentVariables> {
    btree_map("[A-E]", "[xy]", 0..5).prop_map(|map| map.into_iter().collect())
}

fn applied(current: &EnvironmentVariables, update: Option<&UpdateEnvironmentVariables>) -> EnvironmentVariables {
    let mut after = current.clone();
    for change in update.iter().flat_map(|update| &update.changes) {
        match change {
            EnvironmentVariableChange::Set { name, value } => drop(after.insert(name.as_str(), value.clone())),
            EnvironmentVariableChange::Delete { name } => drop(after.remove(name)),
        }
    }
    after
}

#[test]
fn names_of_actions_are_those_of_their_json_and_honor_a_width() {
    for action in
        [Action::Create, Action::Update, Action::Delete, Action::Unchanged, Action::Unmanaged, Action::Unplanned]
    {
        assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
    }
    assert_eq!(format!("{:^8}|", Action::Create), " create |");
}

proptest! {
    #[test]
    fn applying_a_plan_sets_every_wanted_variable_and_keeps_others(
        current in any_variables(), wanted in any_variables(), prefix in "[A-E]",
    ) {
        let owned = Ownership::Prefix(prefix);
        let plan = EnvironmentPlan::new(&current, &wanted, owned.clone()).allow_delete_all();
        let after = applied(&current, plan.operation().unwrap().as_ref().map(|update| &update.0));
        for (name, value) in &wanted {
            prop_assert_eq!(after.get(name), Some(value));
        }
        for (name, value) in &current {
            if wanted.get(name).is_none() {
                prop_assert_eq!(after.get(name), Some(value).filter(|_| !owned.owns(name)));
            }
        }
        prop_assert!(EnvironmentPlan::new(&after, &wanted, owned).is_empty());
    }

    #[test]
    fn a_plan_deletes_only_what_it_showed(
        read in any_variables(), wanted in any_variables(), fresh in any_variables(), all in any::<bool>(),
    ) {
        let owned = if all { Ownership::All } else { Ownership::Prefix("A".to_owned()) };
        let plan = EnvironmentPlan::new(&read, &wanted, owned).allow_delete_all();
        let after = applied(&fresh, plan.replan(&fresh).operation().unwrap().as_ref().map(|update| &update.0));
        for name in fresh.names().filter(|name| after.get(name).is_none()) {
            prop_assert!(actions(&plan).contains(&(name, Action::Delete)), "{name}");
        }
    }
}
