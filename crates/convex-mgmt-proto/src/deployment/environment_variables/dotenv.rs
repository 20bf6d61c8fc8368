//! Reading `.env` text. Feature `dotenv`.

use dotenvor::{Error, ParseErrorKind};
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

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
        let entries = dotenvor::parse_str(&without_comments(text)).map_err(DotenvError::of)?;
        Ok(entries.into_iter().map(|entry| (entry.key, entry.value)).collect())
    }
}

/// The text with its comment lines emptied. For the reader a quote behind a `=` in one of them begins a value, so that it would
/// pass over all lines up to the next such quote, as part of the comment.
fn without_comments(text: &str) -> Zeroizing<String> {
    // Of the three ends of lines, one is left: a return and a line feed that a comment stood between would become one end.
    let text = Zeroizing::new(text.replace("\r\n", "\n"));
    let text = Zeroizing::new(text.replace('\r', "\n"));
    let mut kept = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let line = length_of_line(rest);
        let end = if rest[..line].trim_start().starts_with('#') {
            line
        } else {
            let end = length_of_statement(rest, line);
            kept.push_str(&rest[..end]);
            end
        };
        let next = rest.len().min(end + 1);
        kept.push_str(&rest[end..next]);
        rest = &rest[next..];
    }
    kept
}

fn length_of_line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// How far the text's first line goes, with those after it if its value is in quotes.
fn length_of_statement(text: &str, line: usize) -> usize {
    let value = text[..line].split_once('=').map_or("", |(_, value)| value.trim_ascii_start());
    let Some(quote @ (b'"' | b'\'' | b'`')) = value.bytes().next() else { return line };
    let (mut end, mut escaped) = (line - value.len() + 1, false);
    for byte in text[end..].bytes() {
        if byte == quote && !escaped {
            break;
        }
        escaped = byte == b'\\' && !escaped;
        end += 1;
    }
    end + length_of_line(&text[end..])
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
    fn a_comment_may_hold_anything_and_what_looks_like_one_in_quotes_is_none() {
        let text = "# A=\"\r\nB=1\n  # it's='x\nC=\"2\n# D='\n\\\"\n#\" # '\nE=3";
        assert_eq!(read(text), pairs(&[("B", "1"), ("C", "2\n# D='\n\"\n#"), ("E", "3")]));
        let error = EnvironmentVariables::from_dotenv("#='\r# =\"\nA\n").unwrap_err();
        assert_eq!(error.line, 3);
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
