//! Reading `.env` text. Feature `dotenv`.

use dotenvor::{Error, ParseErrorKind};
use thiserror::Error as ThisError;

use super::EnvironmentVariables;

impl EnvironmentVariables {
    /// Reads the text of an `.env` file.
    ///
    /// The format is the one of the `dotenv` package that the Convex command line tool reads: `NAME=value` lines,
    /// comments behind `#` (in an unquoted value too), `export`, single, double and backtick quotes over several lines,
    /// `\n` in double quotes. `$` has no meaning, the process's environment is not looked at, and of several values for
    /// one name the last is kept.
    ///
    /// # Errors
    /// [`DotenvError`] with the number of the first malformed line.
    pub fn from_dotenv(text: &str) -> Result<Self, DotenvError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let entries = dotenvor::parse_str(text).map_err(DotenvError::of)?;
        Ok(entries.into_iter().map(|entry| (entry.key, entry.value)).collect())
    }
}

/// Why a text is not that of an `.env` file. Holds no text of it.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("line {line}: {problem}")]
#[non_exhaustive]
pub struct DotenvError {
    /// The number of the line, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl DotenvError {
    fn of(error: Error) -> Self {
        match error {
            Error::Parse(error) => Self {
                line: error.line,
                problem: match error.kind {
                    ParseErrorKind::InvalidSyntax => "is not of the form NAME=value",
                    ParseErrorKind::MissingKey => "has no name before `=`",
                    ParseErrorKind::InvalidKey => {
                        "has a name with other characters than letters, digits, `_`, `.`, `-`"
                    }
                    ParseErrorKind::UnterminatedQuote => "opens a quote that is not closed",
                },
            },
            // Neither can happen with text in memory.
            Error::Io(_) | Error::InvalidEncoding(_) => Self { line: 1, problem: "cannot be read" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let variables = EnvironmentVariables::from_dotenv(text).unwrap();
        variables.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_usual_forms() {
        let text = "\u{feff}# comment\r\nA=1\r\nexport B = two # tail\r\nC='x # y'\r\nD=\"l1\\nl2\"\r\nE=\n\nF=`a\"'b`\nG=\"l1\nl2\"\n";
        let expected =
            [("A", "1"), ("B", "two"), ("C", "x # y"), ("D", "l1\nl2"), ("E", ""), ("F", "a\"'b"), ("G", "l1\nl2")];
        assert_eq!(read(text), pairs(&expected));
    }

    #[test]
    fn dollars_and_the_environment_mean_nothing() {
        assert!(std::env::vars_os().any(|(name, _)| name == "PATH"), "the test needs a variable that is set");
        assert_eq!(
            read("A=$PATH\nB=\"${PATH}\"\nC=pa$$word"),
            pairs(&[("A", "$PATH"), ("B", "${PATH}"), ("C", "pa$$word")])
        );
    }

    #[test]
    fn the_last_of_several_values_is_kept() {
        assert_eq!(read("A=1\nA=2"), pairs(&[("A", "2")]));
    }

    #[test]
    fn a_malformed_line_is_named_by_its_number_and_not_shown() {
        for (text, line, problem) in [
            ("A=1\n\ncanary\n", 3, "NAME=value"),
            ("A=1\n=canary", 2, "no name"),
            ("A=1\nB C=canary", 2, "other characters"),
            ("A=1\nB=\"x\ny\nC=canary", 2, "not closed"),
            ("A='x'canary", 1, "NAME=value"),
        ] {
            let error = EnvironmentVariables::from_dotenv(text).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.to_string().contains(problem), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}
