//! `.env` text: any text, read into variables, and these made into a change of a deployment.

use std::collections::BTreeMap;
use std::hint::black_box;

use convex_mgmt_proto::deployment::UpdateEnvironmentVariables;
use convex_mgmt_proto::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt_proto::deployment::environment_variables::dotenv::{DotenvError, DotenvWarning};
use convex_mgmt_proto::deployment::environment_variables::rules;
use convex_mgmt_proto::deployment::environment_variables::{EnvironmentPlan, Ownership, PlanError};
use convex_mgmt_proto::{BuildError, DeployKey, DeploymentApi, Endpoint, Operation};
use serde_json::{Value as Json, json};

use crate::plant::{CANARY, is_poisoned};

/// How long the text of one problem may get, whatever the variable.
const LONGEST_TEXT: usize = 500;

/// Reads a text as that of an `.env` file, and sets what is in it.
///
/// * What a plain text says, line by line, is what is read; and what was read is written and read alike.
/// * Nothing is read that is not there: no more variables than lines, no more bytes than the text has.
/// * Warnings name lines in their order, and variables that were read.
/// * An error names the line that is wrong, a problem names a variable, and both are of bounded length.
/// * A set of variables is refused exactly if a rule is broken; otherwise each is in the request as it was read.
/// * No value is in any error, problem, plan or `Debug`.
///
/// # Panics
/// If one of that does not hold.
pub fn environment_files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match EnvironmentVariables::from_dotenv_with_warnings(text) {
        Err(error) => {
            assert_eq!(EnvironmentVariables::from_dotenv(text), Err(error.clone()));
            names_a_line(&error, text);
            assert_eq!(plain(text), None, "a plain text was refused: {error}");
        }
        Ok((variables, warnings)) => {
            assert_eq!(EnvironmentVariables::from_dotenv(text).as_ref(), Ok(&variables));
            holds_no_more_than(text, &variables);
            name_what_was_read(&warnings, text, &variables);
            if let Some(expected) = plain(text) {
                assert_eq!(pairs(&variables), expected);
            }
            for quote in ['"', '\'', '`'] {
                let (written, writable) = written(&variables, quote);
                assert_eq!(EnvironmentVariables::from_dotenv(&written), Ok(writable), "{written}");
            }
            is_set(&variables);
        }
    }
    if !is_poisoned(data) {
        // Behind each line: in its value, or in what is no name.
        shows_nothing(&text.replace('\n', &format!("{CANARY}\n")));
        shows_nothing(&format!("{text}{CANARY}"));
    }
}

/// Reads a text, and makes a change of what is in it.
pub fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match EnvironmentVariables::from_dotenv_with_warnings(text) {
        Err(error) => drop(black_box(format!("{error} {error:?}"))),
        Ok((mut variables, warnings)) => {
            drop(black_box(warnings.iter().map(ToString::to_string).collect::<Vec<_>>()));
            match planned(&variables).operation() {
                Err(error) => drop(black_box(error.to_string())),
                Ok(update) => drop(black_box(update.map(|update| update.to_request(&endpoint())))),
            }
            black_box(format!("{variables:?}"));
            black_box(variables.take_cli_managed());
        }
    }
}

fn endpoint() -> Endpoint<DeploymentApi> {
    let key = DeployKey::parse("happy-animal-123|made-up").expect("a key");
    Endpoint::new("https://happy-animal-123.convex.cloud", &key).expect("an endpoint")
}

fn pairs(variables: &EnvironmentVariables) -> BTreeMap<&str, &str> {
    variables.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}

fn planned(variables: &EnvironmentVariables) -> EnvironmentPlan {
    EnvironmentPlan::new(&EnvironmentVariables::new(), variables, Ownership::None)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A line feed after a carriage return ends no line of its own, and what is between them is empty.
    text.split(['\n', '\r'])
}

/// Whether the text has white space that not all languages agree on. The table of `tests/dotenv` has it.
fn has_odd_space(text: &str) -> bool {
    text.chars().skip(1).any(|c| c == '\u{feff}' || !c.is_ascii() && c.is_whitespace())
}

/// What a text without quotes and mistakes says. Comments may hold anything.
fn plain(text: &str) -> Option<BTreeMap<&str, &str>> {
    if has_odd_space(text) {
        return None;
    }
    let mut variables = BTreeMap::new();
    for line in lines(text).map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let exported = line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace));
        let line = exported.map_or(line, str::trim_start);
        let (name, value) = line.split_once('=')?;
        let name = name.trim_end();
        let value = value.trim_start();
        if name.is_empty()
            || name == "__proto__"
            || !name.bytes().all(is_part_of_a_name)
            || value.starts_with(['"', '\'', '`'])
        {
            return None;
        }
        variables.insert(name, value.split('#').next().unwrap_or_default().trim_end());
    }
    Some(variables)
}

fn is_part_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

/// Variables as an `.env` file, each value in these quotes, and the variables that are in it: no quotes can hold every value.
fn written(variables: &EnvironmentVariables, quote: char) -> (String, EnvironmentVariables) {
    let writable: EnvironmentVariables =
        pairs(variables).into_iter().filter(|(_, value)| can_be_in(value, quote)).collect();
    let end = if quote == '"' { "\\r" } else { "\r" };
    let line = |(name, value): (&str, &str)| format!("{name}={quote}{}{quote}\n", value.replace('\r', end));
    (pairs(&writable).into_iter().map(line).collect(), writable)
}

fn can_be_in(value: &str, quote: char) -> bool {
    let held = match quote {
        '"' => !value.contains("\\n") && !value.contains("\\r"),
        _ => !value.contains('\r'),
    };
    held && !value.contains(quote) && !value.ends_with('\\')
}

fn names_a_line(error: &DotenvError, text: &str) {
    assert!(error.to_string().len() <= LONGEST_TEXT && !error.problem.is_empty());
    if has_odd_space(text) {
        // What ends a line only for JavaScript begins a statement, too.
        return;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (before, rest) = lines.split_at_checked(error.line as usize - 1).expect("the line is there");
    // An empty line in front, so that neither begins with what only a whole text may begin with.
    assert!(EnvironmentVariables::from_dotenv(&format!("\n{}", before.concat())).is_ok(), "{error}");
    let again =
        EnvironmentVariables::from_dotenv(&format!("\n{}", rest.concat())).map_err(|again| (again.line, again.problem));
    assert_eq!(again, Err((2, error.problem)), "{error}");
}

fn name_what_was_read(warnings: &[DotenvWarning], text: &str, variables: &EnvironmentVariables) {
    assert!(warnings.is_sorted_by_key(|warning| warning.line), "{warnings:?}");
    for DotenvWarning { line, name, .. } in warnings {
        assert!((1..=lines(text).count()).contains(&(*line as usize)), "{warnings:?}");
        assert!(variables.get(name).is_some(), "{name} was not read");
    }
}

fn holds_no_more_than(text: &str, variables: &EnvironmentVariables) {
    assert!(variables.len() <= text.split(['\n', '\r', '\u{2028}', '\u{2029}']).count());
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(bytes + variables.len() <= text.len(), "{bytes} bytes were read of {}", text.len());
    for name in variables.names() {
        assert!(!name.is_empty() && name.bytes().all(is_part_of_a_name), "{name:?} was taken for a name");
    }
}

/// Whether the server would take a variable.
fn keeps_the_rules(name: &str, value: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.len() <= 256
        && value.len() <= 8192
        && !["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"].contains(&name)
}

fn is_set(variables: &EnvironmentVariables) {
    let all = pairs(variables);
    let update = all.iter().fold(UpdateEnvironmentVariables::new(), |update, (name, value)| update.set(*name, *value));
    let (mut bad, mut bytes) = (0, 0);
    for (name, value) in &all {
        bad += usize::from(!keeps_the_rules(name, value));
        bytes += name.len() + value.len();
    }
    let too_much = usize::from(all.len() > 512) + usize::from(bytes > 524_288);
    let plan = planned(variables);
    assert!(EnvironmentPlan::new(variables, variables, Ownership::All).is_empty());
    match rules::check(&update.changes) {
        Ok(()) => {
            assert_eq!((bad, too_much), (0, 0), "a rule is broken");
            let planned = plan.operation().expect("the same rules").map(|update| update.changes).unwrap_or_default();
            assert_eq!(planned, update.changes);
            has_each(&all, update);
        }
        Err(problems) => {
            // A variable may break two rules: that of names and that of values.
            let about_variables = problems.iter().filter(|problem| problem.field.starts_with("changes[")).count();
            assert!((bad..=2 * bad).contains(&about_variables), "{problems}");
            assert_eq!(problems.iter().filter(|problem| problem.field == "changes").count(), too_much, "{problems}");
            assert_eq!(problems.iter().count(), about_variables + too_much);
            assert!(problems.iter().all(|problem| problem.to_string().len() <= LONGEST_TEXT), "{problems}");
            assert_eq!(plan.operation().map(|_| ()), Err(PlanError::Invalid(problems.clone())));
            let refused = update.to_request(&endpoint()).map(|_| ());
            assert_eq!(refused, Err(BuildError::Invalid(problems)));
        }
    }
}

fn has_each(all: &BTreeMap<&str, &str>, update: UpdateEnvironmentVariables) {
    let request = update.to_request(&endpoint()).expect("what keeps the rules can be sent");
    let changes: Vec<Json> = all.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    assert_eq!(serde_json::from_slice::<Json>(request.body()).ok(), Some(json!({ "changes": changes })));
}

fn shows_nothing(text: &str) {
    let shown = match EnvironmentVariables::from_dotenv_with_warnings(text) {
        Err(error) => format!("{error} {error:?}"),
        Ok((variables, warnings)) => {
            let warnings: String = warnings.iter().map(|warning| format!("{warning} {warning:?}")).collect();
            let plan = planned(&variables);
            let refused = plan.operation().err();
            format!(
                "{warnings} {variables:?} {plan} {plan:?} {refused:?} {}",
                refused.as_ref().map(ToString::to_string).unwrap_or_default()
            )
        }
    };
    assert!(!shown.contains(CANARY), "a value is shown: {shown}");
}
