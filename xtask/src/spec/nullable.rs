//! The table of nullable properties: the form that the library's types have for each, and the reason for a difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::bodies::RoundTrip;
use super::overrides::{Instead, Override, Side};
use super::samples::Nullable;

/// The form of a nullable property in the library's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `null` and an absent property are the same.
    Option,
    /// `null` and an absent property differ.
    Patch,
    /// `null` is the only other state, because the property is required.
    Required,
    /// `null` is never sent.
    Omitted,
    /// `null` is sent in place of an absent property.
    Written,
    /// `null` is rejected.
    Rejected,
    /// No value has an effect.
    Ignored,
    /// The property has no field of its own: the type of another property contains it.
    Merged,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Option => "`Option`: absent and null are the same",
            Self::Patch => "`Patch`: absent and null differ",
            Self::Required => "`Option`: always present",
            Self::Omitted => "`Option`: never null",
            Self::Written => "`Option`: null instead of absent",
            Self::Rejected => "not optional: null is rejected",
            Self::Ignored => "ignored",
            Self::Merged => "part of the type of another property",
        })
    }
}

/// A form, and the reasons for it.
type Chosen = (Form, String);

/// The rows: schema and property, side, and the operations with each form.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<(String, Side), BTreeMap<Chosen, BTreeSet<String>>>);

/// Reads a body, and writes it again.
type Read<'a> = &'a dyn Fn(&Value) -> Result<RoundTrip, String>;

impl Table {
    /// Adds the nullable properties of a body.
    pub(super) fn add(&mut self, id: &str, side: Side, read: Read<'_>, nullable: &[Nullable], rows: &[Override]) {
        let rows: Vec<_> = rows.iter().filter_map(|row| Some((row.of(id, side)?, row.facts))).collect();
        for property in nullable {
            let (about, others): (Vec<_>, Vec<_>) = rows.iter().partition(|(row, _)| is_about(*row, property));
            let repaired = |value: &Value| {
                let mut value = value.clone();
                for (row, _) in &others {
                    if let Instead::Repaired(repair) = row {
                        repair(&mut value);
                    }
                }
                value
            };
            let back = |value: &Value| read(&repaired(value)).map(|back| back.json);
            let form = match form(side, &back, property) {
                Form::Ignored if property.present.iter().any(|value| repaired(value) != *value) => Form::Merged,
                form => form,
            };
            let reasons: BTreeSet<_> = about.iter().map(|(_, facts)| *facts).collect();
            let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
            let place = (format!("{}.{}", property.null.owner, property.name()), side);
            let of_place = self.0.entry(place).or_default();
            of_place.entry((form, reasons)).or_default().insert(id.to_owned());
        }
    }

    /// Returns the number of properties.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the rows as Markdown. Where the form depends on the operation, the row names the operations.
    pub(super) fn lines(&self) -> Vec<String> {
        let head = ["| property | in | form | reason of a difference |", "| --- | --- | --- | --- |"];
        let mut lines: Vec<_> = head.map(str::to_owned).into();
        for ((property, side), forms) in &self.0 {
            for ((form, reasons), operations) in forms {
                let of = match forms.len() {
                    1 => String::new(),
                    _ => format!(" of {}", Vec::from_iter(operations.iter().map(String::as_str)).join(", ")),
                };
                lines.push(format!("| {property} | {side}{of} | {form} | {reasons} |"));
            }
        }
        lines
    }
}

/// Returns the form of a property, from what the types make of `null` and of an absent property.
fn form(side: Side, back: &dyn Fn(&Value) -> Result<Value, String>, property: &Nullable) -> Form {
    let Ok(from_null) = back(&property.null.value) else { return Form::Rejected };
    let mut present = property.present.iter().filter_map(|value| back(value).ok()).peekable();
    if present.peek().is_some() && present.all(|from_value| from_value == from_null) {
        return Form::Ignored;
    }
    let Some(absent) = &property.absent else { return Form::Required };
    if back(&absent.value).is_ok_and(|from_absent| from_absent != from_null) {
        return Form::Patch;
    }
    match (side, from_null.to_string().contains(&format!("{:?}:null", property.name()))) {
        (Side::Response, _) => Form::Option,
        (Side::Request, true) => Form::Written,
        (Side::Request, false) => Form::Omitted,
    }
}

/// Returns `true` if a difference is about a property's `null`, or about its absence.
fn is_about(instead: Instead, Nullable { null, absent, present }: &Nullable) -> bool {
    let samples = || [Some(null), absent.as_ref()].into_iter().flatten();
    match instead {
        Instead::Rejected(..) | Instead::Accepted(..) => {
            samples().any(|sample| instead.rejects(sample) || instead.accepts(sample))
        }
        Instead::Repaired(change) | Instead::ReadsAs(change) => {
            let changes = |value: &Value| {
                let mut after = value.clone();
                change(&mut after);
                after != *value
            };
            samples().any(|sample| changes(&sample.value)) && !present.iter().all(changes)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::overrides::What;
    use crate::spec::samples;
    use crate::spec::shape;

    /// The rows for an object with the nullable properties `must` and `note`, which a function reads and writes again.
    fn rows(side: Side, read: fn(&mut Value) -> Result<(), String>, overrides: &[Override]) -> Vec<String> {
        let thing = json!({"type": "object", "required": ["must"], "properties": {
            "must": {"type": ["string", "null"]}, "note": {"type": ["string", "null"]}, "on": {"type": "boolean"},
        }});
        let document = json!({ "Thing": thing });
        let shape = shape::read(&document, &json!({"$ref": "#/Thing"})).unwrap();
        let read = |value: &Value| {
            let mut json = value.clone();
            read(&mut json).map(|()| RoundTrip { json, unknown: false })
        };
        let mut table = Table::default();
        table.add("send_it", side, &read, &samples::nullable(&shape), overrides);
        table.lines().split_off(2)
    }

    fn without_null_note(body: &mut Value) {
        if body["note"].is_null() {
            body.as_object_mut().unwrap().remove("note");
        }
    }

    #[test]
    fn the_form_follows_from_what_the_types_send_and_read() {
        let note = |side, read| rows(side, read, &[]).pop().unwrap();
        let must = "| Thing.must | request | `Option`: always present |  |";
        assert_eq!(rows(Side::Request, |_| Ok(()), &[])[0], must);
        assert_eq!(note(Side::Request, |_| Ok(())), "| Thing.note | request | `Patch`: absent and null differ |  |");
        for (side, expected) in [
            (Side::Request, "| Thing.note | request | `Option`: never null |  |"),
            (Side::Response, "| Thing.note | response | `Option`: absent and null are the same |  |"),
        ] {
            let omitting = |body: &mut Value| {
                without_null_note(body);
                Ok(())
            };
            assert_eq!(note(side, omitting), expected);
        }
        let writing = |body: &mut Value| {
            let note = body["note"].take();
            body["note"] = note;
            Ok(())
        };
        assert!(note(Side::Request, writing).contains("| `Option`: null instead of absent |"));
        let rejecting = |body: &mut Value| if body.get("note") == Some(&Value::Null) { Err("".into()) } else { Ok(()) };
        assert!(note(Side::Request, rejecting).contains("| not optional: null is rejected |"));
        let ignoring = |body: &mut Value| {
            body.as_object_mut().unwrap().remove("note");
            Ok(())
        };
        assert!(note(Side::Response, ignoring).contains("| ignored |"));
    }

    #[test]
    fn the_reason_is_the_difference_about_the_property() {
        fn off(body: &mut Value) {
            body["on"] = false.into();
        }
        let row = |instead, facts| Override {
            operations: &["send_it"],
            what: What::Body(Side::Request, instead),
            facts,
            source: "a test",
        };
        let overrides = [row(Instead::ReadsAs(without_null_note), "a fact"), row(Instead::Repaired(off), "another")];
        // The types reject what the other difference repairs.
        let read = |body: &mut Value| {
            without_null_note(body);
            if body["on"] == true { Err("on".to_owned()) } else { Ok(()) }
        };
        let rows = rows(Side::Request, read, &overrides);
        assert_eq!(rows[1], "| Thing.note | request | `Option`: never null | a fact |");
    }
}
