//! [`EnvironmentPlan`]: from the environment variables that are there to those that are wanted, without showing a value.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::rules;
use super::{EnvironmentVariables, UpdateEnvironmentVariables};
use crate::error::Problems;

/// Which variables of a deployment are ours: a plan deletes those of them that are no longer wanted, and leaves all others
/// alone. A variable that is wanted is ours in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owned {
    /// None: nothing is deleted.
    #[default]
    Nothing,
    /// All: whatever is not wanted is deleted.
    Everything,
    /// Those with these names.
    Names(BTreeSet<String>),
    /// Those whose names begin so.
    Prefix(String),
}

impl Owned {
    /// Whether a variable is ours.
    pub fn owns(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Names(names) => names.contains(name),
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }
}

/// What a plan does with one variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is wanted and not there.
    Create,
    /// It is there with another value than the one wanted.
    Update,
    /// It is there, ours, and not wanted.
    Delete,
    /// It is there as wanted.
    Same,
    /// It is there, not ours, and not wanted.
    LeftAlone,
}

/// One variable of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
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
/// so a plan is held against a fresh reading just before it is carried out ([`EnvironmentPlan::confirm`]); a client of
/// `convex-mgmt-hyper` does that by itself.
///
/// ```
/// use convex_mgmt_proto::deployment::EnvironmentVariables;
/// use convex_mgmt_proto::deployment::environment_variables::plan::{EnvironmentPlan, Owned};
///
/// let current: EnvironmentVariables = [("A", "1"), ("B", "2"), ("C", "3")].into_iter().collect();
/// let wanted: EnvironmentVariables = [("A", "1"), ("B", "two"), ("D", "4")].into_iter().collect();
/// let plan = EnvironmentPlan::new(&current, &wanted, Owned::Everything);
/// assert_eq!(plan.to_string(), "= A\n~ B\n- C\n+ D\n1 to create, 1 to update, 1 to delete, 1 same, 0 left alone");
/// # Ok::<(), convex_mgmt_proto::Problems>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EnvironmentPlan {
    current: EnvironmentVariables,
    wanted: EnvironmentVariables,
    owned: Owned,
    steps: Vec<Step>,
    unchecked: bool,
}

impl EnvironmentPlan {
    /// Plans the way from `current` to `wanted`.
    pub fn new(current: &EnvironmentVariables, wanted: &EnvironmentVariables, owned: Owned) -> Self {
        let names: BTreeSet<&str> = current.names().chain(wanted.names()).collect();
        let steps = names
            .into_iter()
            .map(|name| {
                let action = match (current.get(name), wanted.get(name)) {
                    (None, _) => Action::Create,
                    (Some(there), Some(wanted)) if there == wanted => Action::Same,
                    (Some(_), Some(_)) => Action::Update,
                    (Some(_), None) if owned.owns(name) => Action::Delete,
                    (Some(_), None) => Action::LeftAlone,
                };
                Step { name: name.to_owned(), action }
            })
            .collect();
        Self { current: current.clone(), wanted: wanted.clone(), owned, steps, unchecked: false }
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
        self.steps.iter().all(|step| matches!(step.action, Action::Same | Action::LeftAlone))
    }

    /// The one call that carries out the plan, or `None` if there is nothing to change: even an empty batch is a write to
    /// the server.
    ///
    /// # Errors
    /// All values that the server would refuse, its limits for the whole deployment included.
    pub fn operation(&self) -> Result<Option<UpdateEnvironmentVariables>, Problems> {
        if self.is_empty() {
            return Ok(None);
        }
        // What is checked here need not be checked again; only here is it known what is there.
        let mut update = UpdateEnvironmentVariables::new().unchecked();
        for Step { name, action } in &self.steps {
            update = match (action, self.wanted.get(name)) {
                (Action::Create | Action::Update, Some(value)) => update.set(name.as_str(), value.clone()),
                (Action::Delete, _) => update.delete(name.as_str()),
                _ => update,
            };
        }
        if !self.unchecked {
            rules::check_against(&update.changes, &self.current)?;
        }
        Ok(Some(update))
    }

    /// Holds the plan against a fresh reading. The plan that comes back has the same effect; what was done meanwhile is
    /// no longer in it.
    ///
    /// # Errors
    /// [`PlanConflict`] if a variable that the plan is about was changed since, other than to what the plan wants.
    pub fn confirm(&self, fresh: &EnvironmentVariables) -> Result<Self, PlanConflict> {
        let renewed = self.renew(fresh);
        let names: Vec<String> = renewed
            .steps
            .iter()
            // Only what would be written, by name: left alone, or already as wanted, is no conflict whoever did it.
            .filter(|step| !matches!(step.action, Action::Same | Action::LeftAlone))
            .filter(|step| !(self.current.get(&step.name) == fresh.get(&step.name)))
            .map(|step| step.name.clone())
            .collect();
        if names.is_empty() { Ok(renewed) } else { Err(PlanConflict { names }) }
    }

    /// Plans again from a fresh reading, whatever has changed: the wanted variables win.
    pub fn renew(&self, fresh: &EnvironmentVariables) -> Self {
        Self { unchecked: self.unchecked, ..Self::new(fresh, &self.wanted, self.owned.clone()) }
    }
}

impl fmt::Display for EnvironmentPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step { name, action } in &self.steps {
            let sign = match action {
                Action::Create => '+',
                Action::Update => '~',
                Action::Delete => '-',
                Action::Same => '=',
                Action::LeftAlone => '.',
            };
            writeln!(f, "{sign} {name}")?;
        }
        write!(
            f,
            "{} to create, {} to update, {} to delete, {} same, {} left alone",
            self.count(Action::Create),
            self.count(Action::Update),
            self.count(Action::Delete),
            self.count(Action::Same),
            self.count(Action::LeftAlone)
        )
    }
}

impl fmt::Debug for EnvironmentPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentPlan")
            .field("steps", &self.steps)
            .field("owned", &self.owned)
            .finish_non_exhaustive()
    }
}

/// Variables that a plan is about were changed since it was made. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("changed since the plan was made: {}", names.join(", "))]
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
    use crate::code::ErrorCode;

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
        use Action::{Delete, LeftAlone};
        for (owned, expected) in [
            (Owned::Nothing, [LeftAlone, LeftAlone, LeftAlone]),
            (Owned::Everything, [Delete, Delete, Delete]),
            (Owned::Prefix("APP_".into()), [Delete, LeftAlone, LeftAlone]),
            (Owned::Names(["OTHER".to_owned()].into()), [LeftAlone, Delete, LeftAlone]),
        ] {
            let plan = plan(owned);
            assert_eq!(plan.steps().iter().map(|step| step.action).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_plan_is_one_batch_of_what_differs() {
        let plan = EnvironmentPlan::new(
            &variables([("A", "1"), ("B", "2"), ("C", "3")]),
            &variables([("A", "1"), ("B", "x"), ("D", "4")]),
            Owned::Everything,
        );
        let update = plan.operation().unwrap().unwrap();
        let expected = UpdateEnvironmentVariables::new().set("B", "x").delete("C").set("D", "4");
        assert_eq!(update.changes, expected.changes);
    }

    #[test]
    fn nothing_to_change_sends_nothing() {
        let there = variables([("A", "1"), ("B", "2")]);
        let plan = EnvironmentPlan::new(&there, &variables([("A", "1")]), Owned::Nothing);
        assert!(plan.is_empty());
        assert!(plan.operation().unwrap().is_none());
    }

    #[test]
    fn the_rules_are_checked_against_what_is_there() {
        let full: EnvironmentVariables = (0..512).map(|n| (format!("N{n}"), "")).collect();
        let plan = EnvironmentPlan::new(&full, &variables([("NEW", "1"), ("9", "")]), Owned::Nothing);
        let codes: Vec<_> = plan.operation().unwrap_err().iter().map(|problem| problem.code.clone()).collect();
        assert_eq!(codes, [ErrorCode::EnvironmentVariableNameInvalid, ErrorCode::EnvVarLimitMet]);
        let unchecked = plan.unchecked().renew(&full);
        assert_eq!(unchecked.operation().unwrap().unwrap().changes.len(), 2);
    }

    #[test]
    fn a_change_since_the_reading_is_a_conflict_unless_it_does_not_matter() {
        let read = variables([("MINE", "1"), ("OLD", "1"), ("THEIRS", "1"), ("SAME", "1")]);
        let wanted = variables([("MINE", "2"), ("NEW", "1"), ("SAME", "1")]);
        let plan = EnvironmentPlan::new(&read, &wanted, Owned::Names(["OLD".to_owned(), "LATE".to_owned()].into()));
        let conflict = |change: &dyn Fn(&mut EnvironmentVariables)| {
            let mut fresh = read.clone();
            change(&mut fresh);
            plan.confirm(&fresh).map(|plan| plan.count(Action::Update)).map_err(|conflict| conflict.names)
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
        let plan = EnvironmentPlan::new(&variables([("A", "canary")]), &variables([("A", "canary2")]), Owned::Nothing);
        assert!(!format!("{plan} {plan:?} {:?}", plan.operation()).contains("canary"));
        assert_eq!(actions(&plan), [("A", Action::Update)]);
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
            let owned = Owned::Prefix(prefix);
            let plan = EnvironmentPlan::new(&current, &wanted, owned.clone());
            let after = applied(&current, plan.operation().unwrap().as_ref());
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
