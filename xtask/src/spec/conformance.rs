//! Holds our types against the schemas of a document: every sample of every body goes through them and comes back.
//!
//! One rule holds for all replies and is in no table: for a property that may be absent or `null`, both mean the same, and
//! our types do not tell them apart. For requests there is no such rule.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::Value;

use super::bodies::{Bodies, Built, Through};
use super::document;
use super::overrides::{Instead, Override, Side, What};
use super::reach::Reach;
use super::samples::{self, Kind, Sample};
use super::shape::{self, Form, Rest, Shape};

/// What a document is held against.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) bodies: Vec<Bodies>,
    pub(crate) requests: Vec<Built>,
    pub(crate) overrides: &'static [Override],
    /// `true` if each operation of the document has to be implemented.
    pub(crate) complete: bool,
}

/// What was found.
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
    pub(crate) problems: Vec<String>,
}

impl Report {
    /// The totals in one line.
    pub(crate) fn totals(&self) -> String {
        format!(
            "{} operations with {} bodies: {} samples, {} broken samples, {} built requests; {} overrides used of {}, {} \
             noted; {} problems",
            self.operations,
            self.bodies,
            self.samples,
            self.broken,
            self.built,
            self.used.len(),
            self.overrides,
            self.noted,
            self.problems.len()
        )
    }
}

/// Holds the tables against a document.
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
    push: &'a dyn Fn(&Value) -> Result<Through, String>,
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
                if tables.complete {
                    self.problem(&id, "is not in the registry of operations");
                }
                continue;
            };
            let request = row.request.as_ref().map(|push| move |body: &Value| push(body));
            let request = request.as_ref().map(|push| push as &dyn Fn(&Value) -> Result<Through, String>);
            if let Some((schema, push)) = self.pair(&id, Side::Request, content(&operation["requestBody"]), request) {
                self.body(&id, Side::Request, schema, push, built);
                taking.insert(id.clone());
            }
            let reply = row.reply.as_ref().map(|push| move |body: &Value| push(body.to_string().as_bytes()));
            let reply = reply.as_ref().map(|push| push as &dyn Fn(&Value) -> Result<Through, String>);
            if let Some((schema, push)) = self.pair(&id, Side::Reply, success(operation), reply) {
                self.body(&id, Side::Reply, schema, push, &[]);
            }
        }
        for row in bodies.iter().filter(|row| !documented.contains(row.id)) {
            self.problem(row.id, "has a row in the table of bodies, but is not in the document");
        }
        for row in tables.overrides {
            for id in row.operations.iter().filter(|id| **id != "*" && !documented.contains(**id)) {
                self.problem(id, "has an override, but is not in the document");
            }
        }
        for one in built.iter().filter(|one| !taking.contains(one.id)) {
            self.problem(one.id, "is built, but no request body of it was checked");
        }
    }

    /// A body has to be on both sides or on none.
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
        push: &dyn Fn(&Value) -> Result<Through, String>,
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
        let body = Body { id, side, push, shape: &shape, validator: &validator };
        self.report.samples += good.len();
        self.report.broken += broken.len();
        let mut came_back = String::new();
        for sample in good.iter().chain(&broken) {
            match self.sample(&body, sample) {
                Ok(Some(back)) => came_back.push_str(&back.to_string()),
                Ok(None) => {}
                Err(error) => self.problem(format_args!("{id} {side}: {sample}"), error),
            }
        }
        for word in
            reach.names.iter().map(|name| format!("{name:?}:")).chain(reach.values.iter().map(|v| format!("{v:?}")))
        {
            if !came_back.contains(&word) {
                self.problem(format_args!("{id} {side}"), format!("{word} never came back"));
            }
        }
        if side == Side::Request {
            self.built(&body, &reach, built);
        }
        self.reached.extend(reach.references);
    }

    /// Pushes one sample through, and gives what came back where that is as it should be.
    fn sample(&mut self, body: &Body<'_>, sample: &Sample) -> Result<Option<Value>, String> {
        let fits = matches!(sample.kind, Kind::Valid | Kind::UnknownField);
        if body.validator.is_valid(&sample.value) != fits {
            return Err(format!("the sample is wrong: does it fit the schema? It should: {fits}"));
        }
        let broken = sample.kind.is_broken();
        let rows = self.tables.overrides.iter().enumerate();
        let rows: Vec<_> = rows.filter_map(|(at, row)| Some((at, row.of(body.id, body.side)?))).collect();
        let mut value = sample.value.clone();
        for (at, row) in &rows {
            if let Instead::Mended(mend) = row {
                let mended = changed(*mend, &value);
                if mended != value && !broken {
                    match body.push(sample, &value) {
                        Err(_) => drop(self.report.used.insert(*at)),
                        Ok(_) if fits => {
                            return Err("is taken, though an override says that it needs mending".to_owned());
                        }
                        // What is new in it may be what the override is not about.
                        Ok(_) => {}
                    }
                }
                value = mended;
            }
        }
        let refused = rows.iter().find(|(_, row)| row.refuses(sample)).map(|(at, _)| *at);
        let taken = rows.iter().find(|(_, row)| row.takes(sample)).map(|(at, _)| *at);
        let back = match (broken, body.push(sample, &value), refused, taken) {
            (false, Ok(back), None, _) => back,
            (false, Ok(_), Some(_), _) => return Err("is taken, though an override says that it is refused".to_owned()),
            (false, Err(_), Some(at), _) | (true, Ok(_), _, Some(at)) => {
                self.report.used.insert(at);
                return Ok(None);
            }
            (false, Err(error), None, _) => return Err(format!("is refused: {error}")),
            (true, Ok(_), _, None) => return Err(format!("is taken, though it is broken: {value}")),
            (true, Err(_), _, Some(_)) => return Err("is refused, though an override says that it is taken".to_owned()),
            (true, Err(_), _, None) => return Ok(None),
        };
        if sample.kind == Kind::UnknownField {
            without(&mut value, samples::NEW_FIELD);
        }
        for (at, row) in &rows {
            if let Instead::Reads(change) = row {
                let other = changed(*change, &value);
                if body.canonical(&other) != body.canonical(&value) {
                    self.report.used.insert(*at);
                }
                value = other;
            }
        }
        let (expected, found) = (body.canonical(&value), body.canonical(&back));
        if expected != found {
            return Err(format!("comes back as {found}, not {expected}"));
        }
        if sample.kind == Kind::Valid {
            body.fits(&back)?;
        }
        Ok(Some(back))
    }

    /// What users build has to fit the schema, to be read back, and to use every field there is.
    fn built(&mut self, body: &Body<'_>, reach: &Reach, built: &[Built]) {
        let mut texts = String::new();
        for one in built.iter().filter(|one| one.id == body.id) {
            self.report.built += 1;
            let checked = one.body.clone().and_then(|json| {
                texts.push_str(&json.to_string());
                body.fits(&json)?;
                match (body.push)(&json)? {
                    Through { json: again, unknown: false } if again == json => Ok(()),
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

    /// A schema that no body uses has no counterpart.
    fn components(&mut self) {
        if !self.tables.complete {
            return;
        }
        for name in self.document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name) {
            if !self.reached.contains(&format!("#/components/schemas/{name}")) {
                self.problem(name, "this schema is part of no body that was checked");
            }
        }
    }

    /// Every row of the table has to be needed.
    fn overrides(&mut self) {
        let rows = self.tables.overrides;
        self.report.overrides = rows.len();
        for (at, row) in rows.iter().enumerate() {
            let (of, why) = (row.operations.join(", "), format!("{} ({})", row.facts, row.source));
            match row.what {
                What::Noted => self.report.noted += 1,
                What::Behaviour(shown) if shown() => drop(self.report.used.insert(at)),
                What::Behaviour(_) => self.problem(of, format!("we do not do as the override says: {why}")),
                What::Body(..) if self.report.used.contains(&at) => {}
                What::Body(..) => self.problem(of, format!("no sample needs the override: {why}")),
            }
        }
    }
}

impl Body<'_> {
    /// Pushes the value of a sample through. What the document names we have to name too.
    fn push(&self, sample: &Sample, value: &Value) -> Result<Value, String> {
        let Through { json, unknown } = (self.push)(value)?;
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
            Some(error) => Err(format!("what is written does not fit the schema: {error}")),
            None => Ok(()),
        }
    }

    /// A value in the form in which two that mean the same are equal.
    fn canonical(&self, value: &Value) -> Value {
        let mut value = value.clone();
        canonical(&self.shape.form, self.side == Side::Reply, &mut value);
        value
    }
}

fn canonical(form: &Form, drop_nulls: bool, value: &mut Value) {
    match (form, value) {
        // `3` and `3.0` are the same number, but not where a document of the user's has them.
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

/// Takes a field out wherever it is.
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

/// The schema of a body that is JSON or not there.
fn content(holder: &Value) -> Result<Option<&Value>, String> {
    let Some(content) = holder["content"].as_object() else { return Ok(None) };
    match (content.get("application/json"), content.len()) {
        (Some(json), 1) => Ok(Some(&json["schema"])),
        _ => Err("a body has another content type than JSON".to_owned()),
    }
}

/// The schema of what success answers.
fn success(operation: &Value) -> Result<Option<&Value>, String> {
    let all = operation["responses"].as_object().into_iter().flatten();
    let mut good = all.filter(|(status, _)| status.starts_with('2')).map(|(_, one)| one);
    match (good.next(), good.next()) {
        (Some(one), None) => content(one),
        _ => Err("there is not exactly one kind of success".to_owned()),
    }
}

#[cfg(test)]
mod tests;
