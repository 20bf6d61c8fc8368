//! Tables of all operations: their descriptions, their samples, and the surveys of the destructive ones.

mod list;
mod surveys;

pub use self::list::OPERATIONS;
#[cfg(feature = "samples")]
pub use self::list::SAMPLES;
