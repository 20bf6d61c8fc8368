//! A load of calls against a fake with faults. The client's reports are compared with the records of the fake.

mod check;
mod config;
mod drive;
mod faults;
mod final_state;
mod report;
mod run;
mod streams;
mod work;

#[cfg(test)]
mod false_reports;

pub use self::config::{Load, Protocol};
pub use self::faults::faults;
pub use self::run::Run;
