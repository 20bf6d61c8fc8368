//! Confirmations for destructive operations: what an operation would destroy, and the approval of exactly that.
//!
//! Destructive operations have [`OperationMeta::destroys`](crate::OperationMeta::destroys). Their way to the server has four steps:
//!
//! 1. A [`Survey`] reads what the operation would destroy, and ends with [`Losses`]. [`Destructive::survey`] creates it.
//! 2. The program shows the losses to a person.
//! 3. [`Losses::confirm`] or [`Losses::confirm_by_name`] makes a [`Confirmation`] of them.
//! 4. A second survey shows that nothing has changed: [`Confirmation::check`].
//!
//! The client of `convex-mgmt` performs the surveys and step 4, and has a layer that rejects destructive requests without a
//! confirmation. For another transport, [`is_destructive`] recognizes the requests.
//!
//! A change between the second survey and the operation stays undetected, because the API has no conditional deletion.

mod confirmation;
mod losses;
mod survey;

pub use self::confirmation::{Confirmation, ConfirmationError, LossChange, StaleConfirmation, WrongName};
pub use self::losses::{Loss, LossKind, Losses};
pub use self::survey::{Destructive, Survey, SurveyError, SurveyErrorReason, SurveyStep};
pub use super::destructive::{destroys_own_credential, is_destructive};

#[cfg(test)]
mod tests;
