//! [`Report`]: the output of the program, and its questions.

use std::error::Error as StdError;
use std::io::{self, BufRead, IsTerminal, Write};
use std::iter;

use convex_mgmt::guard::Losses;
use convex_mgmt::{ErrorKind, Printable};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The consent to deletions: given by an argument, or to be asked of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    Ask,
    Given,
}

/// The details of a step.
type Details<'a> = [(&'a str, Value)];

/// A line of `--json`, in this order.
#[derive(Serialize)]
struct Line<'a> {
    step: &'a str,
    outcome: &'a str,
    #[serde(flatten)]
    details: Map<String, Value>,
}

/// Prints one line for each step, as text or as JSON. A terminal also shows the current step.
pub(crate) struct Report {
    json: bool,
    consent: Consent,
    shows_progress: bool,
    step: &'static str,
    /// The objects that this run has created and not deleted, for the text of a failure.
    created: Vec<Created>,
}

#[derive(Serialize)]
struct Created {
    step: &'static str,
    #[serde(flatten)]
    details: Map<String, Value>,
    #[serde(skip)]
    text: String,
}

impl Report {
    pub(crate) fn new(json: bool, consent: Consent) -> Self {
        Self { json, consent, shows_progress: io::stderr().is_terminal(), step: "start", created: Vec::new() }
    }

    /// Begins a step. Until it is done, a terminal shows its name.
    pub(crate) fn begin(&mut self, step: &'static str) {
        self.step = step;
        self.clear_progress();
        if self.shows_progress {
            eprint!("{step} ...");
        }
    }

    /// Ends the step.
    pub(crate) fn done(&self, outcome: &str, details: &Details<'_>) {
        self.clear_progress();
        let step = self.step;
        if self.json {
            json_line(&Line { step, outcome, details: object(details) });
        } else if details.is_empty() {
            println!("{step}: {outcome}");
        } else {
            println!("{step}: {outcome} ({})", text(details));
        }
    }

    /// Ends a step that has created an object.
    pub(crate) fn created(&mut self, details: &Details<'_>) {
        self.done("created", details);
        self.created.push(Created { step: self.step, details: object(details), text: text(details) });
    }

    /// Ends a step that has deleted an object.
    pub(crate) fn deleted(&mut self, details: &Details<'_>) {
        self.done("deleted", details);
        self.created.retain(|created| created.step != self.step);
    }

    pub(crate) fn end(&mut self) {
        self.begin("end");
        if self.json {
            self.done("success", &[]);
        }
        self.clear_progress();
    }

    /// Prints the failure of the current step, and what this run has created.
    pub(crate) fn fail(&self, error: &(dyn StdError + 'static)) {
        self.clear_progress();
        let causes: Vec<_> =
            iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string).collect();
        if self.json {
            let details = json!({ "error": error.to_string(), "causes": causes, "created": self.created });
            let details = details.as_object().cloned().unwrap_or_default();
            json_line(&Line { step: self.step, outcome: "failed", details });
        }
        eprintln!("provision: {}: {error}", self.step);
        for cause in causes {
            eprintln!("  because: {cause}");
        }
        for Created { step, text, .. } in &self.created {
            eprintln!("this run has created: {step} ({text})");
        }
        let error = error.downcast_ref::<convex_mgmt::Error>();
        if !self.created.is_empty() || error.is_some_and(|error| error.kind() == ErrorKind::OutcomeUnknown) {
            eprintln!("to continue, start the program again with the same arguments");
        }
    }

    /// Shows the losses of a destructive operation, and asks. `unanswered` is the next step if nobody answers.
    pub(crate) fn approves(&self, losses: &Losses, unanswered: &str) -> io::Result<bool> {
        // This program deploys no code, so a deployment with code belongs to somebody else.
        let has_code = losses.items().iter().any(|loss| loss.last_deploy_time.is_some());
        if self.consent == Consent::Given && !has_code {
            return Ok(true);
        }
        self.clear_progress();
        eprint!("{losses}\nType yes to delete: ");
        io::stderr().flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            eprintln!();
            return Err(io::Error::other(format!("nobody has answered: {unanswered}")));
        }
        Ok(answer.trim() == "yes")
    }

    fn clear_progress(&self) {
        if self.shows_progress {
            eprint!("\r\x1b[K");
        }
    }
}

fn json_line(line: &Line<'_>) {
    println!("{}", serde_json::to_string(line).unwrap_or_default());
}

fn object(details: &Details<'_>) -> Map<String, Value> {
    details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn text(details: &Details<'_>) -> String {
    let fields = details.iter().map(|(name, value)| format!("{name}: {}", value_text(value)));
    fields.collect::<Vec<_>>().join(", ")
}

fn value_text(value: &Value) -> String {
    match value {
        // The service chose it, so it may contain control characters.
        Value::String(text) => Printable(text).to_string(),
        Value::Array(values) => values.iter().map(value_text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
