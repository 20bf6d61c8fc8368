//! The CPU time of a command with all processes that it starts.

use std::process::Command;

use crate::Failure;
use crate::shell::output;

/// Runs a command, and returns the CPU time of all its processes in seconds: of the user and of the system. The shell's `times`
/// prints it in its second line.
pub(super) fn seconds_of(command: &Command) -> Result<f64, Failure> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$@\" && times", "sh"]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let printed = output(&mut shell)?;
    let of_children = printed.lines().last().unwrap_or_default();
    seconds(of_children).ok_or_else(|| format!("`times` of the shell printed {printed:?}").into())
}

/// The sum of times such as `1m2.500s 0m0.250s`.
fn seconds(times: &str) -> Option<f64> {
    let time = |text: &str| {
        let (minutes, seconds) = text.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let all: Option<Vec<f64>> = times.split_whitespace().map(time).collect();
    all.filter(|all| all.len() == 2).map(|all| all.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_shell_are_added() {
        assert_eq!(seconds("1m2.500s 0m0.250s"), Some(62.75));
        assert_eq!(seconds("1m2.500s"), None);
        assert_eq!(seconds(""), None);
    }
}
