//! Tests of the reader: comparison with npm's `dotenv` by a table, and by random texts where it is installed, and tests of errors,
//! warnings and line numbers.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::DotenvWarningKind::{BackslashKept, CutOff, HoldsAssignment, OverLines, QuoteKept, SetAgain};
use super::reader::{Statement, statements};
use super::*;

type Pairs = BTreeMap<String, String>;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Reads a text like `dotenv`, which skips malformed lines.
fn read_on(text: &str) -> Pairs {
    let text = with_line_feeds(text);
    let assignment = |statement| match statement {
        Statement::Assignment(assignment) => Some((assignment.name.to_owned(), assignment.value())),
        Statement::Malformed { .. } => None,
    };
    statements(&text).filter_map(assignment).filter(|(name, _)| name != IGNORED_NAME).collect()
}

/// Describes the shortest text that is read differently from `dotenv`, with the number of such texts.
fn differences(readings: &[(String, Pairs)]) -> String {
    let different: Vec<_> = readings.iter().filter(|(text, expected)| read_on(text) != *expected).collect();
    let shortest = different.iter().min_by_key(|(text, _)| text.len());
    shortest.map_or_else(String::new, |(text, expected)| {
        let read = read_on(text);
        format!("{} of {}: {text:?} is {expected:?}, not {read:?}", different.len(), readings.len())
    })
}

#[test]
fn reads_every_input_of_the_table_as_dotenv_does() {
    let table = std::fs::read(root().join("tests/dotenv/table.json")).unwrap();
    let table: Vec<(String, Pairs)> = serde_json::from_slice(&table).unwrap();
    assert!(table.len() > 1000, "only {} inputs", table.len());
    assert_eq!(differences(&table), "");
    for (text, expected) in &table {
        // Reading without an error finds all variables.
        if let Ok(variables) = EnvironmentVariables::from_dotenv(text) {
            let read: Pairs = variables.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
            assert_eq!(read, *expected, "{text:?}");
        }
    }
}

/// Pieces of random texts.
const PIECES: &[&str] = &[
    "A", "B", "=", "=", ": ", ":", " ", "\n", "\n", "\r", "\r\n", "\"", "\"", "'", "'", "`", "`", "#", "#", "\\", "\\",
    "n", "r", "x", "export ", "export", "A=", "\nB=", "\\n", "\\'", "\\\"", "\\`", "\u{2028}", "\u{2029}", "\u{feff}",
    "\u{85}", "\u{a0}", "\u{200b}", "é", "\t", ".", "-", "\0",
];

#[test]
fn reads_random_texts_as_dotenv_does() {
    let mut runner = TestRunner::deterministic();
    let texts = vec(select(PIECES), 1..30).prop_map(|pieces| pieces.concat());
    let texts: Vec<String> = (0..50_000).map(|_| texts.new_tree(&mut runner).unwrap().current()).collect();
    let Some(readings) = oracle(&texts) else {
        // Writes past the captured output, so that a passing test shows it, too.
        let why = "node or dotenv is missing (`cargo xtask dotenv` installs dotenv), so no random text was compared";
        return drop(writeln!(std::io::stderr(), "SKIPPED: {why}"));
    };
    assert_eq!(readings.len(), texts.len());
    assert_eq!(differences(&texts.into_iter().zip(readings).collect::<Vec<_>>()), "");
}

/// Returns what `dotenv` itself reads, if it is installed.
fn oracle(texts: &[String]) -> Option<Vec<Pairs>> {
    let installed = root().join("target/dotenv-16.6.1");
    if !installed.join("node_modules/dotenv").exists() {
        return None;
    }
    let mut node = Command::new("node");
    node.arg(root().join("tests/dotenv/oracle.js")).arg(&installed).arg("read");
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    // The script reads all of its input before it writes, so the pipes cannot deadlock.
    serde_json::to_writer(node.stdin.take().unwrap(), texts).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node ended with {}", output.status);
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn read(text: &str) -> Vec<(String, String)> {
    let variables = EnvironmentVariables::from_dotenv(text).unwrap();
    variables.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn reads_the_usual_forms() {
    let text = "\u{feff}# comment\r\nA=1\r\nexport B = two # tail\r\nC='x # y'\r\nD=\"l1\\nl2\"\r\nE=\n\nF=`a\"'b`\nG=\"l1\nl2\"\nH: 1\n";
    let expected = [
        ("A", "1"),
        ("B", "two"),
        ("C", "x # y"),
        ("D", "l1\nl2"),
        ("E", ""),
        ("F", "a\"'b"),
        ("G", "l1\nl2"),
        ("H", "1"),
    ];
    assert_eq!(read(text), pairs(&expected));
}

#[test]
fn ignores_dollars_and_the_environment() {
    assert!(std::env::vars_os().any(|(name, _)| name == "PATH"), "the test needs a variable that is set");
    assert_eq!(
        read("A=$PATH\nB=\"${PATH}\"\nC=pa$$word"),
        pairs(&[("A", "$PATH"), ("B", "${PATH}"), ("C", "pa$$word")])
    );
}

#[test]
fn reports_the_number_of_a_malformed_line_without_its_text() {
    for (text, line, problem) in [
        ("A=1\n\ncanary\n", 3, "NAME=value"),
        ("A=1\n=canary", 2, "no name"),
        ("A=1\nB C=canary", 2, "other characters"),
        ("A=1\r\rB=\"x\r\ny\"\r\n# c\rcanary=canary é\ncanary", 7, "NAME=value"),
        ("A=\n'x' canary", 2, "NAME=value"),
        ("A\n\n\n# c\nB=canary", 1, "NAME=value"),
        ("\n\n export\n\nB C=canary", 3, "NAME=value"),
        ("A=1 # c\u{2028}canary", 1, "NAME=value"),
        ("A='x\n# \"'\n\ncanary", 4, "NAME=value"),
        ("A='x\ncanary", 2, "NAME=value"),
        ("A=1\n__proto__=canary", 2, "ignores"),
    ] {
        let error = EnvironmentVariables::from_dotenv(text).unwrap_err();
        assert_eq!(error.line, line, "{text}");
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

fn warnings(text: &str) -> Vec<(u32, String, DotenvWarningKind)> {
    let (_, warnings) = EnvironmentVariables::from_dotenv_with_warnings(text).unwrap();
    for warning in &warnings {
        assert!(!format!("{warning} {warning:?}").contains("canary"), "{warning:?}");
    }
    warnings.into_iter().map(|warning| (warning.line, warning.name, warning.kind)).collect()
}

#[test]
fn warns_about_values_that_may_be_mistakes() {
    for (text, expected) in [
        ("A=\"canary\nB=2", vec![(1, "A", QuoteKept)]),
        ("A='canary' x", vec![(1, "A", QuoteKept)]),
        ("A=\"ca#nary\" x", vec![(1, "A", QuoteKept), (1, "A", CutOff)]),
        ("A='", vec![(1, "A", QuoteKept)]),
        ("A=canary#canary", vec![(1, "A", CutOff)]),
        ("A=#canary", vec![(1, "A", CutOff)]),
        ("A=\"{\\\"canary\\\":1}\"", vec![(1, "A", BackslashKept)]),
        ("A=\"ca\\tnary\"", vec![(1, "A", BackslashKept)]),
        ("A=\"a\\\\b\"\nB=\"a\\$b\"", vec![(1, "A", BackslashKept), (2, "B", BackslashKept)]),
        ("A='it\\'s'", vec![(1, "A", BackslashKept)]),
        ("A=\n\n'canary'", vec![(1, "A", OverLines)]),
        ("A\n=canary", vec![(1, "A", OverLines)]),
        ("\n\nexport\nA=canary", vec![(3, "A", OverLines)]),
        ("A:\nB=canary", vec![(1, "A", OverLines)]),
        ("A='canary\nB=canary\nC='\nD=1", vec![(1, "A", HoldsAssignment)]),
        ("A=\"canary\nexport B='canary'\n\"", vec![(1, "A", HoldsAssignment)]),
        ("A=canary\n\nA=canary\nA='x'", vec![(3, "A", SetAgain), (4, "A", SetAgain)]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(line, name, kind)| (line, name.to_owned(), kind)).collect();
        assert_eq!(warnings(text), expected, "{text:?}");
    }
}

#[test]
fn does_not_warn_about_ordinary_values() {
    for text in [
        "A=1\nB=\nC= # c\nD=x # c\nE='x'# c\n",
        "NX_DAEMON=\"\"\nVERCEL=\"1\"\nURL=\"postgres://u:p%40@h:1/x?y=1#z\"\n",
        "KEY=\"-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabcd==\n-----END PRIVATE KEY-----\n\"",
        "KEY=\"-----BEGIN PRIVATE KEY-----\\nMIIEvQ\\n\"",
        "J=\"{\"a\":\"b\"}\"\nA='it's'",
        "P=\"^\\d+$\"\nW=\"C:\\Users\\x\"\nD='C:\\dir\\'\nE=1",
        "J='{\n  \"a\": \"b=c\"\n}'",
        "N=a\\\\b\\tc\\\"d",
        "A: 1\nB: x",
        "S='a\\\\b\\t\\$'",
    ] {
        assert_eq!(warnings(text), [], "{text:?}");
    }
}

#[test]
fn a_warning_names_the_line_the_variable_and_the_effect() {
    let (_, warnings) = EnvironmentVariables::from_dotenv_with_warnings("\n  A='canary").unwrap();
    assert_eq!(
        warnings[0].to_string(),
        "line 2: A begins with a quote that does not end the value: the quote is part of it"
    );
}
