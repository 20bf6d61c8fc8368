//! Reading `.env` text as the Convex command line tool does. Feature `dotenv`.

mod reader;
mod warnings;

use std::collections::BTreeSet;

use thiserror::Error;
use zeroize::Zeroizing;

use self::reader::Statement;
pub use self::warnings::{DotenvWarning, DotenvWarningKind};
use super::EnvironmentVariables;
use crate::types::Secret;

impl EnvironmentVariables {
    /// Reads the text of an `.env` file like [`EnvironmentVariables::from_dotenv_with_warnings`], without the warnings.
    ///
    /// # Errors
    /// [`DotenvError`] with the number of the first malformed line.
    pub fn from_dotenv(text: &str) -> Result<Self, DotenvError> {
        Self::from_dotenv_with_warnings(text).map(|(variables, _)| variables)
    }

    /// Reads the text of an `.env` file. Also returns warnings about values that their author may have meant in another way.
    ///
    /// The values are the same as those of the Convex command line tool, which uses npm's `dotenv` 16.6.1. A line is
    /// `NAME=value` or `NAME: value`, with or without `export` before it.
    ///
    /// * A value without quotes ends at `#` and at the end of the line.
    /// * A value in double quotes, single quotes or backticks may contain `#` and line ends. Only in double quotes, `\n` and
    ///   `\r` are replaced. Every other backslash stays.
    /// * A quote that is not closed is part of the value. A value may contain its own quote.
    /// * If a name has several values, the last one is used.
    /// * `$` has no meaning, and the process's environment is not read.
    ///
    /// The warnings are in the order of the text. Each names a line and a variable, and no value.
    ///
    /// # Errors
    /// [`DotenvError`] with the number of the first malformed line. The command line tool ignores such lines.
    ///
    /// ```
    /// use convex_mgmt::deployment::environment_variables::EnvironmentVariables;
    ///
    /// let text = "PATTERN=\"^\\d+$\"\nPASSWORD=abc#def\n";
    /// let (variables, warnings) = EnvironmentVariables::from_dotenv_with_warnings(text)?;
    /// assert_eq!(variables.get("PATTERN").map(|value| value.expose()), Some(r"^\d+$"));
    /// assert_eq!(variables.get("PASSWORD").map(|value| value.expose()), Some("abc"));
    /// assert_eq!(warnings[0].to_string(), "line 2: PASSWORD ends before a `#`: put the value in quotes if `#` belongs to it");
    /// # Ok::<(), convex_mgmt::deployment::environment_variables::dotenv::DotenvError>(())
    /// ```
    pub fn from_dotenv_with_warnings(text: &str) -> Result<(Self, Vec<DotenvWarning>), DotenvError> {
        let other_ends = text.contains('\r').then(|| with_line_feeds(text));
        let text = other_ends.as_deref().map_or(text, String::as_str);
        let (mut variables, mut names, mut warnings) = (Vec::new(), BTreeSet::new(), Vec::new());
        for statement in reader::statements(text) {
            let assignment = match statement {
                Statement::Assignment(assignment) => assignment,
                Statement::Malformed { line, text } => return Err(DotenvError { line, problem: problem(text) }),
            };
            let (line, name) = (assignment.line, assignment.name);
            if name == IGNORED_NAME {
                return Err(DotenvError { line, problem: "has a name that the command line tool ignores" });
            }
            warnings.extend(warnings::of(&assignment));
            variables.push((name, Secret::new(assignment.value())));
            if !names.insert(name) {
                warnings.push(DotenvWarning { line, name: name.to_owned(), kind: DotenvWarningKind::SetAgain });
            }
        }
        Ok((variables.into_iter().collect(), warnings))
    }
}

/// In JavaScript, assigning a string to this field of an object has no effect.
const IGNORED_NAME: &str = "__proto__";

/// Replaces all line ends by `\n`, also in values, as the command line tool does.
fn with_line_feeds(text: &str) -> Zeroizing<String> {
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    for (number, piece) in text.split('\r').enumerate() {
        if number > 0 {
            kept.push('\n');
        }
        kept.push_str(if number > 0 { piece.strip_prefix('\n').unwrap_or(piece) } else { piece });
    }
    kept
}

/// Returns the error text for a malformed line.
fn problem(text: &str) -> &'static str {
    match text.split_once('=') {
        None => "is not of the form NAME=value",
        Some(("", _)) => "has no name before `=`",
        Some(_) => "has a name with other characters than letters, digits, `_`, `.`, `-`",
    }
}

/// A malformed line in the text of an `.env` file. Contains nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
#[non_exhaustive]
pub struct DotenvError {
    /// The number of the line, from 1.
    pub line: u32,
    /// The rule that the line breaks.
    pub problem: &'static str,
}

#[cfg(test)]
mod tests;
