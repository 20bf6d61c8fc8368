//! [`Confirmation`]: the approval of certain losses.

use std::fmt;

use thiserror::Error;

use super::losses::{Loss, Losses};
use crate::types::Printable;

/// The approval of the losses of one destructive operation. [`Losses::confirm`] and [`Losses::confirm_by_name`] create it.
///
/// It is valid for the same operation on the same object, while everything that would be destroyed has the same id, name, deployment
/// type and time of the last deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation(Losses);

impl Losses {
    /// Confirms exactly these losses. Call it after a person has approved them.
    #[must_use = "send the operation with the confirmation"]
    pub fn confirm(&self) -> Confirmation {
        Confirmation(self.clone())
    }

    /// Confirms exactly these losses, if `typed` is the name of the first object ([`Losses::name`]), or the name as `Display` shows it,
    /// with invisible characters escaped. White space around it is ignored.
    ///
    /// # Errors
    /// [`WrongName`] if it is another name, if the object has no name, or if nothing is typed. An object whose name is white space
    /// needs [`Losses::confirm`].
    pub fn confirm_by_name(&self, typed: &str) -> Result<Confirmation, WrongName> {
        // A name may itself begin or end with white space.
        let typed = typed.trim();
        let is_typed = |name: &str| typed == name.trim() || typed == Printable(name).to_string().trim();
        match self.name() {
            Some(name) if !typed.is_empty() && is_typed(name) => Ok(self.confirm()),
            _ => Err(WrongName),
        }
    }
}

impl Confirmation {
    /// Returns the confirmed losses.
    pub fn losses(&self) -> &Losses {
        &self.0
    }

    /// Compares the confirmed losses with the current ones. The order of the objects does not matter.
    ///
    /// # Errors
    /// * [`ConfirmationError::OtherRequest`] if the confirmation is for another operation or another object.
    /// * [`ConfirmationError::Stale`] if the objects have changed.
    pub fn check(&self, current: &Losses) -> Result<(), ConfirmationError> {
        if !self.0.is_same_request(current) {
            return Err(ConfirmationError::OtherRequest);
        }
        let changes = changes(self.0.items(), current.items());
        if changes.is_empty() {
            return Ok(());
        }
        Err(ConfirmationError::Stale(StaleConfirmation { losses: current.clone(), changes }))
    }
}

fn changes(confirmed: &[Loss], current: &[Loss]) -> Vec<LossChange> {
    let mut left: Vec<&Loss> = current.iter().collect();
    let mut changes = Vec::new();
    for before in confirmed {
        match left.iter().position(|loss| loss.is_same_object(before)) {
            Some(index) => {
                let now = left.swap_remove(index);
                if !now.is_unchanged(before) {
                    changes.push(LossChange::Changed { confirmed: before.clone(), current: now.clone() });
                }
            }
            None => changes.push(LossChange::Removed(before.clone())),
        }
    }
    // In the order of the list.
    let added = current.iter().filter(|loss| left.iter().any(|other| std::ptr::eq(*other, *loss)));
    changes.extend(added.cloned().map(LossChange::Added));
    changes
}

/// A difference between confirmed and current losses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossChange {
    /// An object that would be destroyed, too, and that was not confirmed.
    Added(Loss),
    /// A confirmed object that no longer exists.
    Removed(Loss),
    /// An object with another name, another type or a later deploy.
    Changed {
        /// The object as it was confirmed.
        confirmed: Loss,
        /// The object as it is now.
        current: Loss,
    },
}

/// Writes the kind and the name of the object, and the change, such as `deployment happy-animal-123 is new`.
impl fmt::Display for LossChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (loss, change) = match self {
            Self::Added(loss) => (loss, "is new"),
            Self::Removed(loss) => (loss, "is gone"),
            Self::Changed { confirmed, current } => (confirmed, difference(confirmed, current)),
        };
        write!(f, "{} {} {change}", loss.kind, Printable(loss.name.as_deref().unwrap_or("without a name")))
    }
}

/// The most important difference between two states of one object.
fn difference(confirmed: &Loss, current: &Loss) -> &'static str {
    if confirmed.name != current.name {
        "has another name"
    } else if confirmed.deployment_type != current.deployment_type {
        "has another type"
    } else {
        "was deployed to"
    }
}

/// The error of a confirmation that does not fit what would be destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfirmationError {
    /// The confirmation is for another operation or another object.
    #[error("the confirmation is for another operation or object: confirm the losses of this one")]
    OtherRequest,
    /// The objects have changed since they were confirmed.
    #[error(transparent)]
    Stale(StaleConfirmation),
}

/// Losses that have changed since they were confirmed. `Display` names up to three changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleConfirmation {
    /// The current losses. Show them and ask again.
    pub losses: Losses,
    /// The changes. Never empty.
    pub changes: Vec<LossChange>,
}

impl fmt::Display for StaleConfirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        f.write_str("the confirmation is out of date: ")?;
        for (index, change) in self.changes.iter().take(SHOWN).enumerate() {
            write!(f, "{}{change}", if index == 0 { "" } else { ", " })?;
        }
        match self.changes.len().saturating_sub(SHOWN) {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        f.write_str("; show the losses and ask again")
    }
}

impl std::error::Error for StaleConfirmation {}

/// The error of [`Losses::confirm_by_name`]. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the text is not the name of the first object: type it as the losses show it, or use `Losses::confirm` if they show none"
)]
#[non_exhaustive]
pub struct WrongName;
