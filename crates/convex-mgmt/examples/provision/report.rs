//! [`Report`]: the output of the program, and its questions.

use std::error::Error as StdError;
use std::io::{self, BufRead, IsTerminal, Write};

use convex_mgmt::Printable;
use convex_mgmt::guard::Losses;
use serde_json::{Map, Value, json};

/// Whether a person is asked before something is deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    Ask,
    Given,
}

/// The details of a step.
type Details<'a> = [(&'a str, Value)];

/// Prints one line for each step, as text or as JSON. A terminal also shows the current step.
pub struct Report {
    json: bool,
    consent: Consent,
    shows_progress: bool,
    step: &'static str,
    /// What this run has created, as JSON and as text.
    created: (Vec<Value>, Vec<String>),
}

impl Report {
    pub fn new(json: bool, consent: Consent) -> Self {
        Self { json, consent, shows_progress: io::stderr().is_terminal(), step: "start", created: Default::default() }
    }

    /// Begins a step. Until it is done, a terminal shows its name.
    pub fn begin(&mut self, step: &'static str) {
        self.step = step;
        self.clear_progress();
        if self.shows_progress {
            eprint!("{step} ...");
        }
    }

    fn clear_progress(&self) {
        if self.shows_progress {
            eprint!("\r\x1b[K");
        }
    }

    pub fn connected(&self, url: &str, embedded: bool) {
        let kind = if embedded { "embedded, in memory" } else { "service" };
        self.line("control plane", kind, &[("url", url.into())]);
    }

    /// Ends the step.
    pub fn done(&self, outcome: &str, details: &Details<'_>) {
        self.line(self.step, outcome, details);
    }

    /// Ends a step that has created an object.
    pub fn created(&mut self, details: &Details<'_>) {
        self.line(self.step, "created", details);
        self.created.0.push(object(&[("step", self.step.into())], details));
        self.created.1.push(format!("{} ({})", self.step, text(details)));
    }

    pub fn end(&self) {
        self.clear_progress();
        if self.json {
            println!("{}", object(&[("step", "end".into()), ("outcome", "success".into())], &[]));
        }
    }

    /// Prints the failure of the current step, and what this run has created.
    pub fn fail(&self, error: &dyn StdError) {
        self.clear_progress();
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        if self.json {
            let fields = json!({
                "step": self.step, "outcome": "failed", "error": error.to_string(), "causes": causes,
                "created": self.created.0,
            });
            println!("{fields}");
        }
        eprintln!("provision: {}: {error}", self.step);
        for cause in causes {
            eprintln!("  because: {cause}");
        }
        let (_, created) = &self.created;
        if !created.is_empty() {
            eprintln!("created before the failure: {}", created.join(", "));
            eprintln!("to continue, start the program again with the same arguments");
        }
    }

    /// Shows the losses of a destructive operation, and asks.
    pub fn approves(&self, losses: &Losses) -> io::Result<bool> {
        if self.consent == Consent::Given {
            return Ok(true);
        }
        self.clear_progress();
        eprint!("{losses}\nType yes to delete: ");
        io::stderr().flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            eprintln!();
            return Err(io::Error::other("nobody has answered: add --yes to delete, or --keep to remove nothing"));
        }
        Ok(answer.trim() == "yes")
    }

    fn line(&self, step: &str, outcome: &str, details: &Details<'_>) {
        self.clear_progress();
        if self.json {
            println!("{}", object(&[("step", step.into()), ("outcome", outcome.into())], details));
        } else if details.is_empty() {
            println!("{step}: {outcome}");
        } else {
            println!("{step}: {outcome} ({})", text(details));
        }
    }
}

fn object(first: &Details<'_>, rest: &Details<'_>) -> Value {
    let fields = first.iter().chain(rest).map(|(name, value)| ((*name).to_owned(), value.clone()));
    Value::Object(fields.collect::<Map<_, _>>())
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
