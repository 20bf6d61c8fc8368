//! A load of calls against a fake with faults, and the comparison of the client's reports with the fake's records.

mod check;
mod config;
mod control_plane;
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
