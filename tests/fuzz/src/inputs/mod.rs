//! Inputs of the targets: the seeds, what is made of them, and how a target reads one.

mod choices;
mod corpus;
mod derived;
mod mutate;
mod response;
mod stretch;

pub use choices::Choices;
pub use corpus::corpus;
pub use mutate::{Mutator, dictionary};
pub use response::{HEADS, ResponseInput, STATUSES};
pub use stretch::{Stretch, stretches};
