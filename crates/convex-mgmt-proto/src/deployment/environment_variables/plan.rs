//! [`EnvironmentPlan`]: from the environment variables that are there to those that are wanted, without showing a value.

use std::collections::BTreeSet;
use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use thiserror::Error;

use super::rules;
use super::{EnvironmentVariables, UpdateEnvironmentVariables};
use crate::error::Violations;
use crate::operation::{Operation, Unchecked};
use crate::types::Printable;

/// Which variables of a deployment are ours: a plan deletes those of them that are no longer wanted, and leaves all others
/// alone. A variable that is wanted is ours in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership {
    /// None: nothing is deleted.
    #[default]
    None,
    /// All: whatever is not wanted is deleted.
    All,
    /// Those with these names.
    Names(BTreeSet<String>),
    /// Those whose names begin so.
    Prefix(String),
}

impl Ownership {
    /// Whether a variable is ours.
    pub fn owns(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Names(names) => names.contains(name),
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }

    /// Whether variables may be ours that nobody has named.
    fn is_open(&self) -> bool {
        matches!(self, Self::All | Self::Prefix(_))
    }
}

/// What a plan does with one variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is wanted and not there.
    Create,
    /// It is there with another value than the one wanted.
    Update,
    /// It is there, ours, and not wanted.
    Delete,
    /// It is there as wanted. Serialized as `unchanged`.
    #[serde(rename = "unchanged")]
    Unchanged,
    /// It is there, not ours, and not wanted. Serialized as `unmanaged`.
    #[serde(rename = "unmanaged")]
    Unmanaged,
}

/// One variable of a plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The variable's name.
    pub name: String,
    /// What is done with it.
    pub action: Action,
}

/// The way from the variables that are there to those that are wanted.
///
/// A plan is made from what was read, can be shown to people and logs (its `Display` and `Debug` hold names and no
/// values), and is carried out as one batch: wholly or not at all. The API cannot make a write depend on what was read,
/// so a plan is held against a fresh reading just before it is carried out ([`EnvironmentPlan::rebase`]); a client of
/// `convex-mgmt-hyper` does that by itself.
///
/// ```
/// use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
/// use convex_mgmt::deployment::environment_variables::{EnvironmentPlan, Ownership};
///
/// let current: EnvironmentVariables = [("A", "1"), ("B", "2"), ("C", "3")].into_iter().collect();
/// let wanted: EnvironmentVariables = [("A", "1"), ("B", "two"), ("D", "4")].into_iter().collect();
/// let plan = EnvironmentPlan::new(&current, &wanted, Ownership::All);
/// assert_eq!(plan.to_string(), "= A\n~ B\n- C\n+ D\n1 to create, 1 to update, 1 to delete, 1 same, 0 left alone");
/// # Ok::<(), convex_mgmt::Violations>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EnvironmentPlan {
    current: EnvironmentVariables,
    wanted: EnvironmentVariables,
    ownership: Ownership,
    steps: Vec<Step>,
    unchecked: bool,
    may_delete_all: bool,
}

impl EnvironmentPlan {
    /// Plans the way from `current` to `wanted`.
    ///
    /// If `ownership` is [`Ownership::All`] or an [`Ownership::Prefix`], and `wanted` has no variable that is ours, the plan deletes
    /// all that are. An empty or wrong file has the same effect, so such a plan is only carried out with
    /// [`EnvironmentPlan::allow_delete_all`].
    pub fn new(current: &EnvironmentVariables, wanted: &EnvironmentVariables, ownership: Ownership) -> Self {
        let names: BTreeSet<&str> = current.names().chain(wanted.names()).collect();
        let steps = names
            .into_iter()
            .map(|name| {
                let action = match (current.get(name), wanted.get(name)) {
                    (None, _) => Action::Create,
                    (Some(there), Some(wanted)) if there == wanted => Action::Unchanged,
                    (Some(_), Some(_)) => Action::Update,
                    (Some(_), None) if ownership.owns(name) => Action::Delete,
                    (Some(_), None) => Action::Unmanaged,
                };
                Step { name: name.to_owned(), action }
            })
            .collect();
        let (current, wanted) = (current.clone(), wanted.clone());
        Self { current, wanted, ownership, steps, unchecked: false, may_delete_all: false }
    }

    /// Permits the plan to delete every variable that is ours, without one that is wanted.
    pub fn allow_delete_all(self) -> Self {
        Self { may_delete_all: true, ..self }
    }

    /// Leaves all checks of the rules to the server, for one that has others.
    pub fn unchecked(self) -> Self {
        Self { unchecked: true, ..self }
    }

    /// Every variable that is there or wanted, by name.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many variables an action is done with.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.action, Action::Unchanged | Action::Unmanaged))
    }

    /// The one call that carries out the plan, or `None` if there is nothing to change: even an empty batch is a write to
    /// the server.
    ///
    /// # Errors
    /// [`PlanError::Invalid`] with all values that the server would refuse, its limits for the whole deployment included;
    /// [`PlanError::DeletesAll`] as for [`EnvironmentPlan::check`].
    pub fn operation(&self) -> Result<Option<Unchecked<UpdateEnvironmentVariables>>, PlanError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.check_deletions()?;
        let update = self.update();
        if !self.unchecked {
            rules::check_against(&update.changes, &self.current)?;
        }
        // Only the plan knows the current variables, so a check of the update alone would add nothing.
        Ok(Some(update.unchecked()))
    }

    /// Checks what does not depend on when the variables were read: names, lengths of values, and what is deleted. The limits of
    /// the deployment are left out, because a later reading may leave more room.
    ///
    /// # Errors
    /// [`PlanError::Invalid`] with all values that the server would refuse; [`PlanError::DeletesAll`] if every variable that is
    /// ours is deleted and [`EnvironmentPlan::allow_delete_all`] does not permit it.
    pub fn check(&self) -> Result<(), PlanError> {
        self.check_deletions()?;
        if !self.unchecked {
            rules::check_each(&self.update().changes)?;
        }
        Ok(())
    }

    fn check_deletions(&self) -> Result<(), DeletesAll> {
        let count = self.count(Action::Delete);
        let suspicious = self.ownership.is_open() && !self.wanted.names().any(|name| self.ownership.owns(name));
        if count > 0 && suspicious && !self.may_delete_all { Err(DeletesAll { count }) } else { Ok(()) }
    }

    /// The changes of the plan.
    fn update(&self) -> UpdateEnvironmentVariables {
        let mut update = UpdateEnvironmentVariables::new();
        for Step { name, action } in &self.steps {
            update = match (action, self.wanted.get(name)) {
                (Action::Create | Action::Update, Some(value)) => update.set(name.as_str(), value.clone()),
                (Action::Delete, _) => update.delete(name.as_str()),
                _ => update,
            };
        }
        update
    }

    /// Holds the plan against a fresh reading. The plan that comes back has the same effect; what was done meanwhile is
    /// no longer in it.
    ///
    /// # Errors
    /// [`PlanConflict`] if a variable that the plan is about was changed since, other than to what the plan wants.
    pub fn rebase(&self, fresh: &EnvironmentVariables) -> Result<Self, PlanConflict> {
        let renewed = self.replan(fresh);
        let names: Vec<String> = renewed
            .steps
            .iter()
            // Only what would be written, by name: left alone, or already as wanted, is no conflict whoever did it.
            .filter(|step| !matches!(step.action, Action::Unchanged | Action::Unmanaged))
            .filter(|step| !(self.current.get(&step.name) == fresh.get(&step.name)))
            .map(|step| step.name.clone())
            .collect();
        if names.is_empty() { Ok(renewed) } else { Err(PlanConflict { names }) }
    }

    /// Plans again from a fresh reading, whatever has changed: the wanted variables win.
    pub fn replan(&self, fresh: &EnvironmentVariables) -> Self {
        let plan = Self::new(fresh, &self.wanted, self.ownership.clone());
        Self { unchecked: self.unchecked, may_delete_all: self.may_delete_all, ..plan }
    }
}

impl fmt::Display for EnvironmentPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, action } in &self.steps {
            let sign = match action {
                Action::Create => '+',
                Action::Update => '~',
                Action::Delete => '-',
                Action::Unchanged => '=',
                Action::Unmanaged => '.',
            };
            writeln!(f, "{sign} {}", Printable(name))?;
        }
        write!(
            f,
            "{} to create, {} to update, {} to delete, {} same, {} left alone",
            self.count(Action::Create),
            self.count(Action::Update),
            self.count(Action::Delete),
            self.count(Action::Unchanged),
            self.count(Action::Unmanaged)
        )
    }
}

/// Writes `{"steps":[{"name":"A","action":"create"}, ...]}`: names and actions of all variables, and no value.
impl Serialize for EnvironmentPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut plan = serializer.serialize_struct("EnvironmentPlan", 1)?;
        plan.serialize_field("steps", &self.steps)?;
        plan.end()
    }
}

impl fmt::Debug for EnvironmentPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentPlan")
            .field("steps", &self.steps)
            .field("owned", &self.ownership)
            .finish_non_exhaustive()
    }
}

/// Why a plan is not carried out. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The plan has values that the server would refuse. [`EnvironmentPlan::unchecked`] switches the check off.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The plan deletes every variable that is ours.
    #[error(transparent)]
    DeletesAll(#[from] DeletesAll),
}

/// A plan deletes every variable that is ours, because none of them is wanted. [`EnvironmentPlan::allow_delete_all`] permits
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no owned variable is wanted, so the plan would delete all {count}: call `allow_delete_all` if that is meant")]
#[non_exhaustive]
pub struct DeletesAll {
    /// The number of variables that would be deleted.
    pub count: usize,
}

/// Variables that a plan is about were changed since it was made. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("changed since the plan was made: {}", Printable(&names.join(", ")))]
#[non_exhaustive]
pub struct PlanConflict {
    /// The names of the variables.
    pub names: Vec<String>,
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::*;

    use super::super::EnvironmentVariableChange;
    use super::*;
    use crate::error::ErrorCode;

    fn variables<const N: usize>(list: [(&str, &str); N]) -> EnvironmentVariables {
        list.into_iter().collect()
    }

    fn actions(plan: &EnvironmentPlan) -> Vec<(&str, Action)> {
        plan.steps().iter().map(|step| (step.name.as_str(), step.action)).collect()
    }

    #[test]
    fn only_what_is_ours_is_deleted() {
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
    fn a_plan_is_written_without_values() {
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
    fn nothing_to_change_sends_nothing() {
        let there = variables([("A", "1"), ("B", "2")]);
        let plan = EnvironmentPlan::new(&there, &variables([("A", "1")]), Ownership::None);
        assert!(plan.is_empty());
        assert!(plan.operation().unwrap().is_none());
    }

    #[test]
    fn the_rules_are_checked_against_what_is_there() {
        let full: EnvironmentVariables = (0..512).map(|n| (format!("N{n}"), "")).collect();
        let plan = EnvironmentPlan::new(&full, &variables([("NEW", "1"), ("9", "")]), Ownership::None);
        let PlanError::Invalid(problems) = plan.operation().unwrap_err() else { panic!("values are checked") };
        let codes: Vec<_> = problems.iter().map(|problem| problem.code.clone()).collect();
        assert_eq!(codes, [ErrorCode::EnvironmentVariableNameInvalid, ErrorCode::EnvVarLimitMet]);
        // A later reading may leave room for one more, but no name becomes valid.
        let PlanError::Invalid(problems) = plan.check().unwrap_err() else { panic!("values are checked") };
        assert_eq!(problems.iter().count(), 1);
        let unchecked = plan.unchecked().replan(&full);
        assert_eq!(unchecked.check(), Ok(()));
        assert_eq!(unchecked.operation().unwrap().unwrap().0.changes.len(), 2);
    }

    #[test]
    fn a_change_since_the_reading_is_a_conflict_unless_it_does_not_matter() {
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
        // Already as wanted, gone already, or not ours.
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
        let end = "\n1 to create, 0 to update, 0 to delete, 0 same, 1 left alone";
        assert_eq!(plan.to_string(), format!("{}{end}", ". A\\n- B\\u{202e}\n+ C"));
        let conflict = PlanConflict { names: vec![forged.to_owned(), "C".to_owned()] };
        assert_eq!(conflict.to_string(), "changed since the plan was made: A\\n- B\\u{202e}, C");
    }

    #[test]
    fn deleting_all_that_is_ours_has_to_be_permitted() {
        let prefix = |prefix: &str| Ownership::Prefix(prefix.to_owned());
        let there = variables([("APP_A", "1"), ("APP_B", "1"), ("OTHER", "1")]);
        for (owned, wanted, refused) in [
            (Ownership::All, "", Some(3)),
            (prefix(""), "", Some(3)),
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
            let expected = refused.map(|count| PlanError::DeletesAll(DeletesAll { count }));
            assert_eq!(plan.clone().unchecked().operation().err(), expected, "{owned:?}");
            assert_eq!(plan.check().err(), expected, "{owned:?}");
            let permitted = plan.allow_delete_all();
            assert!(permitted.operation().is_ok() && permitted.check().is_ok(), "{owned:?}");
            // A later reading changes nothing about that.
            assert!(permitted.replan(&there).operation().is_ok(), "{owned:?}");
            assert!(EnvironmentPlan::new(&EnvironmentVariables::new(), &wanted, owned).operation().is_ok());
        }
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

    proptest! {
        #[test]
        fn carrying_out_a_plan_reaches_what_is_wanted_and_touches_nothing_else(
            current in any_variables(), wanted in any_variables(), prefix in "[A-E]?",
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
    }
}
