//! The target `environment_files`: any text as an `.env` file, and its variables as a change of a deployment.

use std::collections::BTreeMap;
use std::hint::black_box;

use convex_mgmt_proto::deployment::UpdateEnvironmentVariables;
use convex_mgmt_proto::deployment::environment_variables::EnvironmentVariables;
use convex_mgmt_proto::deployment::environment_variables::dotenv::{DotenvError, DotenvWarning};
use convex_mgmt_proto::deployment::environment_variables::rules;
use convex_mgmt_proto::deployment::environment_variables::{EnvironmentPlan, Ownership, PlanError};
use convex_mgmt_proto::{BuildError, DeployKey, DeploymentApi, Endpoint, Operation};
use serde_json::{Value as Json, json};

use crate::plant::{CANARY, resembles_canary};

/// The maximum length of an error's or a violation's text in bytes.
const LONGEST_TEXT: usize = 500;

/// Reads a text as an `.env` file, and sets its variables.
///
/// * The variables of a plain text are those that its lines assign. Variables that are written are read back unchanged.
/// * There are at most as many variables as lines, and names and values have at most as many bytes as the text.
/// * Warnings are in the order of their lines, and name variables that were read.
/// * An error names the wrong line, a violation names a variable, and both are of bounded length.
/// * Variables are rejected exactly if one breaks a rule. Otherwise the request contains each as it was read.
/// * No error, violation, plan or `Debug` shows a value.
///
/// # Panics
/// If one of these properties does not hold.
pub fn environment_files(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match EnvironmentVariables::from_dotenv_with_warnings(text) {
        Err(error) => {
            assert_eq!(EnvironmentVariables::from_dotenv(text), Err(error.clone()));
            names_a_line(&error, text);
            assert_eq!(plain(text), None, "a plain text is rejected: {error}");
        }
        Ok((variables, warnings)) => {
            assert_eq!(EnvironmentVariables::from_dotenv(text).as_ref(), Ok(&variables));
            has_at_most(text, &variables);
            name_variables(&warnings, text, &variables);
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
    if !resembles_canary(data) {
        // At the end of each line the canary is part of its value, or of something that is not a name.
        shows_nothing(&text.replace('\n', &format!("{CANARY}\n")));
        shows_nothing(&format!("{text}{CANARY}"));
    }
}

/// Reads a text, and builds the request that sets its variables.
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
    // The line between a carriage return and its line feed is empty.
    text.split(['\n', '\r'])
}

/// Returns `true` for white space that Rust and JavaScript do not agree on. The table of `tests/dotenv` covers it.
fn has_odd_space(text: &str) -> bool {
    text.chars().skip(1).any(|c| c == '\u{feff}' || !c.is_ascii() && c.is_whitespace())
}

/// The variables of a text without quotes and mistakes. Comments may contain both. `None` for any other text.
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

/// Writes variables as an `.env` file, each value in these quotes. Returns the variables in it too, because no quotes can
/// contain every value.
fn written(variables: &EnvironmentVariables, quote: char) -> (String, EnvironmentVariables) {
    let writable: EnvironmentVariables =
        pairs(variables).into_iter().filter(|(_, value)| can_be_quoted(value, quote)).collect();
    let end = if quote == '"' { "\\r" } else { "\r" };
    let line = |(name, value): (&str, &str)| format!("{name}={quote}{}{quote}\n", value.replace('\r', end));
    (pairs(&writable).into_iter().map(line).collect(), writable)
}

fn can_be_quoted(value: &str, quote: char) -> bool {
    let is_kept = match quote {
        '"' => !value.contains("\\n") && !value.contains("\\r"),
        _ => !value.contains('\r'),
    };
    is_kept && !value.contains(quote) && !value.ends_with('\\')
}

fn names_a_line(error: &DotenvError, text: &str) {
    assert!(error.to_string().len() <= LONGEST_TEXT && !error.problem.is_empty());
    if has_odd_space(text) {
        // A character that ends a line only for JavaScript begins a statement too.
        return;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (before, rest) = lines.split_at_checked(error.line as usize - 1).expect("the line exists");
    // An empty line in front, because a byte order mark is allowed only at the beginning of a text.
    assert!(EnvironmentVariables::from_dotenv(&format!("\n{}", before.concat())).is_ok(), "{error}");
    let again =
        EnvironmentVariables::from_dotenv(&format!("\n{}", rest.concat())).map_err(|again| (again.line, again.problem));
    assert_eq!(again, Err((2, error.problem)), "{error}");
}

fn name_variables(warnings: &[DotenvWarning], text: &str, variables: &EnvironmentVariables) {
    assert!(warnings.is_sorted_by_key(|warning| warning.line), "{warnings:?}");
    for DotenvWarning { line, name, .. } in warnings {
        assert!((1..=lines(text).count()).contains(&(*line as usize)), "{warnings:?}");
        assert!(variables.get(name).is_some(), "{name} was not read");
    }
}

fn has_at_most(text: &str, variables: &EnvironmentVariables) {
    assert!(variables.len() <= text.split(['\n', '\r', '\u{2028}', '\u{2029}']).count());
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(bytes + variables.len() <= text.len(), "{bytes} bytes were read from {}", text.len());
    for name in variables.names() {
        assert!(!name.is_empty() && name.bytes().all(is_part_of_a_name), "{name:?} was read as a name");
    }
}

/// Returns `true` if the server accepts a variable.
fn is_valid(name: &str, value: &str) -> bool {
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
        bad += usize::from(!is_valid(name, value));
        bytes += name.len() + value.len();
    }
    let too_much = usize::from(all.len() > 512) + usize::from(bytes > 524_288);
    let plan = planned(variables);
    assert!(EnvironmentPlan::new(variables, variables, Ownership::All).is_empty());
    match rules::check(&update.changes) {
        Ok(()) => {
            assert_eq!((bad, too_much), (0, 0), "a broken rule is not found");
            let planned = plan.operation().expect("the same rules").map(|update| update.0.changes).unwrap_or_default();
            assert_eq!(planned, update.changes);
            has_each(&all, update);
        }
        Err(violations) => {
            // A variable may break two rules: one for names and one for values.
            let about_variables = violations.iter().filter(|violation| violation.field.starts_with("changes[")).count();
            assert!((bad..=2 * bad).contains(&about_variables), "{violations}");
            assert_eq!(
                violations.iter().filter(|violation| violation.field == "changes").count(),
                too_much,
                "{violations}"
            );
            assert_eq!(violations.iter().count(), about_variables + too_much);
            assert!(violations.iter().all(|violation| violation.to_string().len() <= LONGEST_TEXT), "{violations}");
            assert_eq!(plan.operation().map(|_| ()), Err(PlanError::Invalid(violations.clone())));
            let rejected = update.to_request(&endpoint()).map(|_| ());
            assert_eq!(rejected, Err(BuildError::Invalid(violations)));
        }
    }
}

fn has_each(all: &BTreeMap<&str, &str>, update: UpdateEnvironmentVariables) {
    let request = update.to_request(&endpoint()).expect("valid variables can be sent");
    let changes: Vec<Json> = all.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    assert_eq!(serde_json::from_slice::<Json>(request.body()).ok(), Some(json!({ "changes": changes })));
}

fn shows_nothing(text: &str) {
    let shown = match EnvironmentVariables::from_dotenv_with_warnings(text) {
        Err(error) => format!("{error} {error:?}"),
        Ok((variables, warnings)) => {
            let warnings: String = warnings.iter().map(|warning| format!("{warning} {warning:?}")).collect();
            let plan = planned(&variables);
            let error = plan.operation().err();
            format!(
                "{warnings} {variables:?} {plan} {plan:?} {error:?} {}",
                error.as_ref().map(ToString::to_string).unwrap_or_default()
            )
        }
    };
    assert!(!shown.contains(CANARY), "a value is shown: {shown}");
}
