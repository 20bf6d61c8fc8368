//! Compares the library's types with the schemas of a document: it decodes each sample of each body, and encodes it again.
//!
//! One rule applies to all responses and is in no table: for a property that may be absent or `null`, both mean the same. The types
//! do not distinguish them. Requests have no such rule.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::Value;

use super::bodies::{Bodies, Built, RoundTrip};
use super::document;
use super::nullable;
use super::overrides::{Instead, Override, Side, What};
use super::reach::Reach;
use super::samples::{self, Kind, Sample};
use super::shape::{self, Form, Rest, Shape};

/// The library's side of the comparison.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) bodies: Vec<Bodies>,
    pub(crate) requests: Vec<Built>,
    pub(crate) overrides: Vec<Override>,
}

/// The result of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Report {
    operations: usize,
    bodies: usize,
    samples: usize,
    broken: usize,
    built: usize,
    /// The rows of the table of overrides that were needed.
    used: BTreeSet<usize>,
    overrides: usize,
    noted: usize,
    nullable: nullable::Table,
    pub(crate) problems: Vec<String>,
}

impl Report {
    /// Returns the totals in one line.
    pub(crate) fn totals(&self) -> String {
        format!(
            "{} operations with {} bodies: {} samples, {} broken samples, {} built requests; {} overrides used of {}, {} \
             noted; {} nullable properties; {} problems",
            self.operations,
            self.bodies,
            self.samples,
            self.broken,
            self.built,
            self.used.len(),
            self.overrides,
            self.noted,
            self.nullable.len(),
            self.problems.len()
        )
    }

    /// Returns the table of nullable properties, as Markdown.
    pub(crate) fn nullable(&self) -> Vec<String> {
        self.nullable.lines()
    }
}

/// Compares the tables with a document.
pub(crate) fn check(document: &Value, tables: &Tables) -> Report {
    let mut run = Run { document, tables, report: Report::default(), reached: BTreeSet::new() };
    run.operations();
    run.components();
    run.overrides();
    run.report
}

/// One body of one operation.
struct Body<'a> {
    id: &'a str,
    side: Side,
    /// Reads it and writes it again.
    read: &'a dyn Fn(&Value) -> Result<RoundTrip, String>,
    shape: &'a Shape,
    validator: &'a Validator,
}

struct Run<'a> {
    document: &'a Value,
    tables: &'a Tables,
    report: Report,
    /// The references that the bodies reach.
    reached: BTreeSet<String>,
}

impl<'a> Run<'a> {
    fn problem(&mut self, place: impl std::fmt::Display, what: impl std::fmt::Display) {
        self.report.problems.push(format!("{place}: {what}"));
    }

    fn operations(&mut self) {
        let (published, tables) = (self.document, self.tables);
        let (bodies, built) = (&tables.bodies, &tables.requests);
        let (mut documented, mut taking) = (BTreeSet::new(), BTreeSet::new());
        for (id, operation) in document::operations(published).map(|(_, _, one)| (document::id(one), one)) {
            self.report.operations += 1;
            documented.insert(id.clone());
            let Some(row) = bodies.iter().find(|row| row.id == id) else {
                self.problem(&id, "is not in the registry of operations");
                continue;
            };
            let request = row.request.as_ref().map(|read| move |body: &Value| read(body));
            let request = request.as_ref().map(|read| read as &dyn Fn(&Value) -> Result<RoundTrip, String>);
            if let Some((schema, read)) = self.pair(&id, Side::Request, content(&operation["requestBody"]), request) {
                self.body(&id, Side::Request, schema, read, built);
                taking.insert(id.clone());
            }
            let response = row.response.as_ref().map(|read| move |body: &Value| read(body.to_string().as_bytes()));
            let response = response.as_ref().map(|read| read as &dyn Fn(&Value) -> Result<RoundTrip, String>);
            if let Some((schema, read)) = self.pair(&id, Side::Response, success(operation), response) {
                self.body(&id, Side::Response, schema, read, &[]);
            }
        }
        for row in bodies.iter().filter(|row| !documented.contains(row.id)) {
            self.problem(row.id, "is in the table of bodies, but not in the document");
        }
        for row in &tables.overrides {
            for id in row.operations.iter().filter(|id| **id != "*" && !documented.contains(**id)) {
                self.problem(id, "has an override, but is not in the document");
            }
        }
        for one in built.iter().filter(|one| !taking.contains(one.id)) {
            self.problem(one.id, "is built, but no request body of it was checked");
        }
    }

    /// Returns the body of both sides. A body on one side only is a problem.
    fn pair<T>(
        &mut self,
        id: &str,
        side: Side,
        schema: Result<Option<&'a Value>, String>,
        ours: Option<T>,
    ) -> Option<(&'a Value, T)> {
        match (schema, ours) {
            (Ok(Some(schema)), Some(ours)) => return Some((schema, ours)),
            (Ok(None), None) => {}
            (Ok(Some(_)), None) => self.problem(id, format!("has a {side} body in the document only")),
            (Ok(None), Some(_)) => self.problem(id, format!("has a {side} body here only")),
            (Err(error), _) => self.problem(id, format!("{side}: {error}")),
        }
        None
    }

    fn body(
        &mut self,
        id: &str,
        side: Side,
        schema: &Value,
        read: &dyn Fn(&Value) -> Result<RoundTrip, String>,
        built: &[Built],
    ) {
        self.report.bodies += 1;
        let reach = Reach::of(self.document, schema);
        let made = (|| {
            let shape = shape::read(self.document, schema)?;
            let mut root = schema.clone();
            root["components"] = self.document["components"].clone();
            let validator = jsonschema::draft202012::new(&root).map_err(|error| error.to_string())?;
            let all = (samples::samples(self.document, schema)?, samples::broken(self.document, schema)?);
            Ok::<_, String>((shape, validator, all))
        })();
        let (shape, validator, (good, broken)) = match made {
            Ok(made) => made,
            Err(error) => return self.problem(format_args!("{id} {side}"), error),
        };
        let body = Body { id, side, read, shape: &shape, validator: &validator };
        self.report.samples += good.len();
        self.report.broken += broken.len();
        self.report.nullable.add(id, side, read, &samples::nullable(&shape), &self.tables.overrides);
        let mut read_back = String::new();
        for sample in good.iter().chain(&broken) {
            match self.sample(&body, sample) {
                Ok(Some(back)) => read_back.push_str(&back.to_string()),
                Ok(None) => {}
                Err(error) => self.problem(format_args!("{id} {side}: {sample}"), error),
            }
        }
        for word in
            reach.names.iter().map(|name| format!("{name:?}:")).chain(reach.values.iter().map(|v| format!("{v:?}")))
        {
            if !read_back.contains(&word) {
                self.problem(format_args!("{id} {side}"), format!("{word} was never read back"));
            }
        }
        if side == Side::Request {
            self.built(&body, &reach, built);
        }
        self.reached.extend(reach.references);
    }

    /// Decodes one sample and encodes it again. Returns the result if it is as expected, and `None` if an override applies.
    fn sample(&mut self, body: &Body<'_>, sample: &Sample) -> Result<Option<Value>, String> {
        let fits = matches!(sample.kind, Kind::Valid | Kind::UnknownField);
        if body.validator.is_valid(&sample.value) != fits {
            return Err(format!("the sample is wrong: it should be valid: {fits}"));
        }
        let broken = sample.kind.is_broken();
        let rows = self.tables.overrides.iter().enumerate();
        let rows: Vec<_> = rows.filter_map(|(at, row)| Some((at, row.of(body.id, body.side)?))).collect();
        let mut value = sample.value.clone();
        for (at, row) in &rows {
            if let Instead::Repaired(repair) = row {
                let repaired = changed(*repair, &value);
                if repaired != value && !broken {
                    match body.round_trip(sample, &value) {
                        Err(_) => drop(self.report.used.insert(*at)),
                        Ok(_) if fits => {
                            return Err("is accepted, although an override says that it needs repair".to_owned());
                        }
                        // The override may be about another part than the new one.
                        Ok(_) => {}
                    }
                }
                value = repaired;
            }
        }
        let rejected = rows.iter().find(|(_, row)| row.rejects(sample)).map(|(at, _)| *at);
        let accepted = rows.iter().find(|(_, row)| row.accepts(sample)).map(|(at, _)| *at);
        let back = match (broken, body.round_trip(sample, &value), rejected, accepted) {
            (false, Ok(back), None, _) => back,
            (false, Ok(_), Some(_), _) => {
                return Err("is accepted, although an override says that it is rejected".to_owned());
            }
            (false, Err(_), Some(at), _) | (true, Ok(_), _, Some(at)) => {
                self.report.used.insert(at);
                return Ok(None);
            }
            (false, Err(error), None, _) => return Err(format!("is rejected: {error}")),
            (true, Ok(_), _, None) => return Err(format!("is accepted, although it is invalid: {value}")),
            (true, Err(_), _, Some(_)) => {
                return Err("is rejected, although an override says that it is accepted".to_owned());
            }
            (true, Err(_), _, None) => return Ok(None),
        };
        if sample.kind == Kind::UnknownField {
            without(&mut value, samples::NEW_FIELD);
        }
        for (at, row) in &rows {
            if let Instead::ReadsAs(change) = row {
                let other = changed(*change, &value);
                if body.canonical(&other) != body.canonical(&value) {
                    self.report.used.insert(*at);
                }
                value = other;
            }
        }
        let (expected, found) = (body.canonical(&value), body.canonical(&back));
        if expected != found {
            return Err(format!("is read back as {found}, not {expected}"));
        }
        if sample.kind == Kind::Valid {
            body.fits(&back)?;
        }
        Ok(Some(back))
    }

    /// Checks the requests that users build: they are valid in the schema, are read back unchanged, and use every field.
    fn built(&mut self, body: &Body<'_>, reach: &Reach, built: &[Built]) {
        let mut texts = String::new();
        for one in built.iter().filter(|one| one.id == body.id) {
            self.report.built += 1;
            let checked = one.body.clone().and_then(|json| {
                texts.push_str(&json.to_string());
                body.fits(&json)?;
                match (body.read)(&json)? {
                    RoundTrip { json: again, unknown: false } if again == json => Ok(()),
                    again => Err(format!("is read back as {again:?}")),
                }
            });
            if let Err(error) = checked {
                let what = one.body.as_ref().map(Value::to_string).unwrap_or_default();
                self.problem(format_args!("{} built {what}", body.id), error);
            }
        }
        for name in &reach.names {
            if !texts.contains(&format!("{name:?}:")) {
                self.problem(body.id, format!("no built request has {name}"));
            }
        }
    }

    /// Reports the schemas that no body uses, because nothing was compared with them.
    fn components(&mut self) {
        for name in self.document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name) {
            if !self.reached.contains(&format!("#/components/schemas/{name}")) {
                self.problem(name, "this schema is part of no body that was checked");
            }
        }
    }

    /// Reports the rows of the table that are not needed.
    fn overrides(&mut self) {
        let rows = &self.tables.overrides;
        self.report.overrides = rows.len();
        for (at, row) in rows.iter().enumerate() {
            let (of, why) = (row.operations.join(", "), format!("{} ({})", row.facts, row.source));
            match row.what {
                What::Noted => self.report.noted += 1,
                What::Behaviour(shown) if shown() => drop(self.report.used.insert(at)),
                What::Behaviour(_) => {
                    self.problem(of, format!("the library does not behave as the override says: {why}"))
                }
                What::Body(..) if self.report.used.contains(&at) => {}
                What::Body(..) => self.problem(of, format!("no sample needs the override: {why}")),
            }
        }
    }
}

impl Body<'_> {
    /// Decodes the value of a sample and encodes it again. The types need a name for each value that the document names.
    fn round_trip(&self, sample: &Sample, value: &Value) -> Result<Value, String> {
        let RoundTrip { json, unknown } = (self.read)(value)?;
        let new = matches!(sample.kind, Kind::UnknownEnum | Kind::UnknownVariant);
        match (unknown, new) {
            (true, false) if !sample.kind.is_broken() => Err("our types have no name for a value in it".to_owned()),
            (false, true) => {
                Err("an unknown value is not kept as unknown: its type is no open enum or union".to_owned())
            }
            _ => Ok(json),
        }
    }

    fn fits(&self, value: &Value) -> Result<(), String> {
        match self.validator.iter_errors(value).next() {
            Some(error) => Err(format!("the encoded value is invalid in the schema: {error}")),
            None => Ok(()),
        }
    }

    /// Returns a value in a form in which values with the same meaning are equal.
    fn canonical(&self, value: &Value) -> Value {
        let mut value = value.clone();
        canonical(&self.shape.form, self.side == Side::Response, &mut value);
        value
    }
}

fn canonical(form: &Form, drop_nulls: bool, value: &mut Value) {
    match (form, value) {
        // `3` and `3.0` are the same number, except in a user's document.
        (Form::Double, value) => {
            if let Some(number) = value.as_f64() {
                *value = number.into();
            }
        }
        (Form::List(Some(item)), Value::Array(items)) => {
            items.iter_mut().for_each(|value| canonical(&item.form, drop_nulls, value));
        }
        (Form::Object(fields, rest), Value::Object(object)) => {
            let may_vanish = |name: &str| {
                drop_nulls && fields.iter().any(|one| one.name == name && !one.required && one.shape.nullable)
            };
            object.retain(|name, value| !(value.is_null() && may_vanish(name)));
            for (name, value) in object {
                match (fields.iter().find(|one| one.name == *name), rest) {
                    (Some(field), _) => canonical(&field.shape.form, drop_nulls, value),
                    (None, Rest::Map(Some(entry))) => canonical(&entry.form, drop_nulls, value),
                    (None, _) => {}
                }
            }
        }
        (Form::Union(Some(tag), branches), value) => {
            let branch = branches.iter().find(|branch| value[tag.as_str()] == branch.name.as_str());
            if let Some(branch) = branch {
                canonical(&branch.form, drop_nulls, value);
            }
        }
        _ => {}
    }
}

fn changed(change: fn(&mut Value), value: &Value) -> Value {
    let mut value = value.clone();
    change(&mut value);
    value
}

/// Removes a field at every level.
fn without(value: &mut Value, name: &str) {
    match value {
        Value::Object(object) => {
            object.remove(name);
            object.values_mut().for_each(|value| without(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| without(value, name)),
        _ => {}
    }
}

/// Returns the schema of a JSON body, or `None` without a body.
fn content(holder: &Value) -> Result<Option<&Value>, String> {
    let Some(content) = holder["content"].as_object() else { return Ok(None) };
    match (content.get("application/json"), content.len()) {
        (Some(json), 1) => Ok(Some(&json["schema"])),
        _ => Err("a body has another content type than JSON".to_owned()),
    }
}

/// Returns the schema of the body of a success.
fn success(operation: &Value) -> Result<Option<&Value>, String> {
    let all = operation["responses"].as_object().into_iter().flatten();
    let mut good = all.filter(|(status, _)| status.starts_with('2')).map(|(_, one)| one);
    match (good.next(), good.next()) {
        (Some(one), None) => content(one),
        _ => Err("the document does not have exactly one success".to_owned()),
    }
}

#[cfg(test)]
mod tests;
