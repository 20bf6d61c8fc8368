//! [`EnvironmentPlan`]: the changes from the current environment variables to the wanted ones, shown without values.

use std::collections::BTreeSet;
use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use thiserror::Error;

use super::rules;
use super::{EnvironmentVariables, UpdateEnvironmentVariables};
use crate::error::Violations;
use crate::operation::{Operation, Unchecked};
use crate::types::Printable;

/// The variables of a deployment that a plan may delete.
///
/// A plan deletes owned variables that are not wanted, and keeps all others. It may create and update every wanted variable,
/// owned or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ownership {
    /// Owns no variable: the plan deletes nothing.
    #[default]
    None,
    /// Owns every variable.
    All,
    /// Owns the variables with these names. An empty set owns none. An empty name is an error ([`EnvironmentPlan::check`]).
    Names(BTreeSet<String>),
    /// Owns the variables whose names begin with this prefix. An empty prefix is an error ([`EnvironmentPlan::check`]).
    Prefix(String),
}

impl Ownership {
    /// Returns `true` if the variable is owned.
    #[inline]
    pub fn owns(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Names(names) => names.contains(name),
            Self::Prefix(prefix) => name.starts_with(prefix.as_str()),
        }
    }

    /// Returns `true` if it may own variables that nobody has named.
    fn is_open(&self) -> bool {
        matches!(self, Self::All | Self::Prefix(_))
    }

    fn check(&self) -> Result<(), OwnershipError> {
        match self {
            Self::Prefix(prefix) if prefix.is_empty() => Err(OwnershipError::EmptyPrefix),
            Self::Names(names) if names.contains("") => Err(OwnershipError::EmptyName),
            _ => Ok(()),
        }
    }
}

/// The effect of a plan on one variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Action {
    /// Creates the variable: it is wanted and does not exist.
    Create,
    /// Updates the variable: it exists with another value than the wanted one.
    Update,
    /// Deletes the variable: it exists, is owned and is not wanted.
    Delete,
    /// Keeps the variable: it exists with the wanted value.
    Unchanged,
    /// Keeps the variable: it exists, is not owned and is not wanted.
    Unmanaged,
    /// Keeps the variable: it exists, is owned and is not wanted, but was created after the plan was made
    /// ([`EnvironmentPlan::replan`]). A new plan would delete it.
    Unplanned,
}

impl Action {
    /// Returns the name for logs, which is also the serialized form: the variant's name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Unchanged => "unchanged",
            Self::Unmanaged => "unmanaged",
            Self::Unplanned => "unplanned",
        }
    }

    fn is_change(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One variable of a plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The variable's name.
    pub name: String,
    /// The plan's effect on it.
    pub action: Action,
}

/// The changes from the current environment variables to the wanted ones.
///
/// A plan is made from the variables that were read. It can be shown to people and logs: its `Display` and `Debug` contain names
/// and no values. It is applied as one batch, so either all changes are made or none.
///
/// The API has no conditional write. A plan is therefore compared with freshly read variables just before it is applied
/// ([`EnvironmentPlan::rebase`], [`EnvironmentPlan::replan`]). A client of `convex-mgmt-hyper` does that itself. Neither deletes
/// a variable whose deletion the plan did not show, except with [`EnvironmentPlan::allow_new_deletions`].
///
/// ```
/// use convex_mgmt::deployment::environment_variables::{EnvironmentPlan, EnvironmentVariables, Ownership};
///
/// let current: EnvironmentVariables = [("A", "1"), ("B", "2"), ("C", "3")].into_iter().collect();
/// let wanted: EnvironmentVariables = [("A", "1"), ("B", "two"), ("D", "4")].into_iter().collect();
/// let plan = EnvironmentPlan::new(&current, &wanted, Ownership::All);
/// assert_eq!(plan.to_string(), "= A\n~ B\n- C\n+ D\n1 to create, 1 to update, 1 to delete, 1 unchanged, 0 unmanaged");
/// # Ok::<(), convex_mgmt::Violations>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EnvironmentPlan {
    current: EnvironmentVariables,
    wanted: EnvironmentVariables,
    ownership: Ownership,
    steps: Vec<Step>,
    /// The names that the plan deleted when it was made: people saw and approved these.
    shown_deletions: BTreeSet<String>,
    unchecked: bool,
    may_delete_all: bool,
    may_delete_new: bool,
}

// `#[inline]`: only programs that use it compile it (docs/architecture.md).
impl EnvironmentPlan {
    /// Plans the changes from `current` to `wanted`.
    ///
    /// With [`Ownership::All`] or an [`Ownership::Prefix`], and no owned variable in `wanted`, the plan deletes every owned
    /// variable. An empty or wrong file has the same effect. Such a plan can be shown, and is applied only after
    /// [`EnvironmentPlan::allow_delete_all`].
    #[inline]
    pub fn new(current: &EnvironmentVariables, wanted: &EnvironmentVariables, ownership: Ownership) -> Self {
        let surplus = |name: &str| if ownership.owns(name) { Action::Delete } else { Action::Unmanaged };
        let steps = steps(current, wanted, surplus);
        let deletions = steps.iter().filter(|step| step.action == Action::Delete);
        Self {
            shown_deletions: deletions.map(|step| step.name.clone()).collect(),
            current: current.clone(),
            wanted: wanted.clone(),
            ownership,
            steps,
            unchecked: false,
            may_delete_all: false,
            may_delete_new: false,
        }
    }

    /// Permits the plan to delete every owned variable when `wanted` contains no owned variable.
    pub fn allow_delete_all(self) -> Self {
        Self { may_delete_all: true, ..self }
    }

    /// Permits [`EnvironmentPlan::replan`] to delete owned variables that were created after the plan was made.
    ///
    /// Nobody has seen these deletions. Without this setting such variables are kept and reported as [`Action::Unplanned`].
    pub fn allow_new_deletions(self) -> Self {
        Self { may_delete_new: true, ..self }
    }

    /// Leaves all checks of the rules to the server, for a server with other rules.
    pub fn unchecked(self) -> Self {
        Self { unchecked: true, ..self }
    }

    /// Returns every variable that exists or is wanted, by name.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the number of variables with this action.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }

    /// Returns `true` if the plan changes nothing.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|step| step.action.is_change())
    }

    /// Returns the one operation that applies the plan, or `None` if nothing changes: the server runs all subscriptions again
    /// even for an empty batch.
    ///
    /// # Errors
    /// As for [`EnvironmentPlan::check`]. [`PlanError::Invalid`] also covers the limits of the whole deployment.
    #[inline]
    pub fn operation(&self) -> Result<Option<Unchecked<UpdateEnvironmentVariables>>, PlanError> {
        self.check_deletions()?;
        if self.is_empty() {
            return Ok(None);
        }
        let update = self.update();
        if !self.unchecked {
            rules::check_against(&update.changes, &self.current)?;
        }
        // The plan has checked the update with the current variables, which the update does not know.
        Ok(Some(update.unchecked()))
    }

    /// Checks everything that does not depend on the time of the read: names, lengths of values, and deletions. The limits of the
    /// deployment are left out, because a later read may leave more room.
    ///
    /// # Errors
    /// * [`PlanError::Ownership`] if the prefix or a name of the [`Ownership`] is empty.
    /// * [`PlanError::DeletesAll`] if the plan deletes every owned variable without
    ///   [`EnvironmentPlan::allow_delete_all`].
    /// * [`PlanError::Invalid`] with all names and values that the server would reject.
    #[inline]
    pub fn check(&self) -> Result<(), PlanError> {
        self.check_deletions()?;
        if !self.unchecked {
            rules::check_each(&self.update().changes)?;
        }
        Ok(())
    }

    fn check_deletions(&self) -> Result<(), PlanError> {
        self.ownership.check()?;
        let count = self.count(Action::Delete);
        let suspicious = self.ownership.is_open() && !self.wanted.names().any(|name| self.ownership.owns(name));
        if count > 0 && suspicious && !self.may_delete_all { Err(DeletesAll { count }.into()) } else { Ok(()) }
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

    /// Compares the plan with freshly read variables and returns the changes that remain. Changes that someone else has made
    /// already are no longer in it.
    ///
    /// # Errors
    /// [`PlanConflict`] if a variable that the plan is about changed to something else than the plan wants. A new owned variable
    /// that is not wanted is a conflict too, whatever [`EnvironmentPlan::allow_new_deletions`] says.
    #[inline]
    pub fn rebase(&self, fresh: &EnvironmentVariables) -> Result<Self, PlanConflict> {
        let rebased = self.replan(fresh);
        let names: Vec<String> = rebased
            .steps
            .iter()
            // A variable that is unmanaged, or has the wanted value, is no conflict, whoever wrote it.
            .filter(|step| step.action.is_change() || step.action == Action::Unplanned)
            .filter(|step| self.current.get(&step.name) != fresh.get(&step.name))
            .map(|step| step.name.clone())
            .collect();
        if names.is_empty() { Ok(rebased) } else { Err(PlanConflict { names }) }
    }

    /// Plans again from freshly read variables. The wanted values overwrite changes by others.
    ///
    /// The new plan deletes only variables that this plan deleted when it was made. An owned variable that was created since is
    /// kept as [`Action::Unplanned`], except with [`EnvironmentPlan::allow_new_deletions`].
    #[inline]
    pub fn replan(&self, fresh: &EnvironmentVariables) -> Self {
        let surplus = |name: &str| {
            if !self.ownership.owns(name) {
                Action::Unmanaged
            } else if self.may_delete_new || self.shown_deletions.contains(name) {
                Action::Delete
            } else {
                Action::Unplanned
            }
        };
        Self { current: fresh.clone(), steps: steps(fresh, &self.wanted, surplus), ..self.clone() }
    }
}

/// Lists all variables by name, with `surplus` for those that are not wanted.
fn steps(current: &EnvironmentVariables, wanted: &EnvironmentVariables, surplus: impl Fn(&str) -> Action) -> Vec<Step> {
    let names: BTreeSet<&str> = current.names().chain(wanted.names()).collect();
    let step = |name: &str| {
        let action = match (current.get(name), wanted.get(name)) {
            (None, _) => Action::Create,
            (Some(there), Some(wanted)) if there == wanted => Action::Unchanged,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => surplus(name),
        };
        Step { name: name.to_owned(), action }
    };
    names.into_iter().map(step).collect()
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
                Action::Unplanned => '!',
            };
            writeln!(f, "{sign} {}", Printable(name))?;
        }
        write!(
            f,
            "{} to create, {} to update, {} to delete, {} unchanged, {} unmanaged",
            self.count(Action::Create),
            self.count(Action::Update),
            self.count(Action::Delete),
            self.count(Action::Unchanged),
            self.count(Action::Unmanaged)
        )?;
        match self.count(Action::Unplanned) {
            0 => Ok(()),
            count => write!(f, ", {count} unplanned"),
        }
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
            .field("ownership", &self.ownership)
            .finish_non_exhaustive()
    }
}

/// The reason why a plan cannot be applied. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The server would reject names or values of the plan. [`EnvironmentPlan::unchecked`] skips the check.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// The plan deletes every owned variable.
    #[error(transparent)]
    DeletesAll(#[from] DeletesAll),
    /// The plan's [`Ownership`] has an empty prefix or an empty name.
    #[error(transparent)]
    Ownership(#[from] OwnershipError),
}

/// A plan deletes every owned variable, because no owned variable is wanted. [`EnvironmentPlan::allow_delete_all`] permits that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no owned variable is wanted, so the plan would delete all {count}; call `allow_delete_all` to permit that")]
#[non_exhaustive]
pub struct DeletesAll {
    /// The number of variables that would be deleted.
    pub count: usize,
}

/// An [`Ownership`] that is probably a mistake, such as a prefix from an empty setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OwnershipError {
    /// The prefix is empty, so it would own every variable.
    #[error("prefix must not be empty; use Ownership::All to own every variable")]
    EmptyPrefix,
    /// One of the names is empty. No variable has an empty name.
    #[error("owned names must not be empty; use Ownership::None to own no variable")]
    EmptyName,
}

/// Variables of a plan changed after the plan was made. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("these variables changed since the plan was made, so plan again: {}", Printable(&names.join(", ")))]
#[non_exhaustive]
pub struct PlanConflict {
    /// The names of the variables.
    pub names: Vec<String>,
}

#[cfg(test)]
mod tests;
