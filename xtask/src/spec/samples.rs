//! Sample values for a JSON schema: those that a reader must accept, and those that it must reject.
//!
//! One value contains everything, and each other value differs from it in one place. So the number of samples grows with the number
//! of places, and not with their combinations.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value, json};

use super::shape::{self, Branch, Field, Form, Rest, Shape};

/// One value, and the reason for it.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    /// The change, such as `null` or `without`.
    pub(crate) what: String,
    /// The place of the change: `items[0].status<failed>.reason`. A branch of a union is in angle brackets, and the root is empty.
    pub(crate) place: String,
    /// [`Field::owner`] of the property at the place. Empty if the place is no property.
    pub(crate) owner: String,
    pub(crate) value: Value,
}

/// The relation of a sample to the schema.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Valid,
    /// A string that is not in the enum.
    UnknownEnum,
    /// A tag that no branch has.
    UnknownVariant,
    /// One more property in an object, which the schema allows.
    UnknownField,
    /// Without a required property.
    Missing,
    /// `null` where it is not allowed.
    Null,
    /// `null` for a property that is optional but not nullable. An `Option` accepts it nevertheless.
    OptionalNull,
    /// Another JSON type.
    WrongType,
}

impl Kind {
    /// Returns `true` if it is invalid in this schema, and in a later one that only permits more.
    pub(crate) fn is_broken(self) -> bool {
        matches!(self, Self::Missing | Self::Null | Self::OptionalNull | Self::WrongType)
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.what),
            place => write!(f, "{} at {place}", self.what),
        }
    }
}

impl Sample {
    fn new(kind: Kind, what: impl Into<String>, value: Value) -> Self {
        Self { kind, what: what.into(), place: String::new(), owner: String::new(), value }
    }

    /// Returns the same sample as one of a property, if it is about the whole property.
    fn of(self, field: &Field) -> Self {
        let owner = if self.place.is_empty() { field.owner.clone() } else { self.owner };
        Self { owner, ..self }
    }

    /// Returns the same sample one level further out. `wrap` puts its value into the surrounding value.
    fn inside(self, step: &str, wrap: impl FnOnce(Value) -> Value) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with(['[', '<']) { "" } else { "." };
        Self { place: format!("{step}{dot}{}", self.place), value: wrap(self.value), ..self }
    }
}

/// Returns values that are valid in the schema, and values that a later version of it could permit.
pub(crate) fn samples(document: &Value, schema: &Value) -> Result<Vec<Sample>, String> {
    let shape = shape::read(document, schema)?;
    let mut all = vec![Sample::new(Kind::Valid, "everything", value(&shape.form, true))];
    all.extend(variations(&shape));
    Ok(without_repeats(all))
}

/// A property that may be `null`.
#[derive(Clone, Debug)]
pub(crate) struct Nullable {
    /// The body with `null` there.
    pub(crate) null: Sample,
    /// The body without the property. `None` if it is required.
    pub(crate) absent: Option<Sample>,
    /// The same body with other values there.
    pub(crate) present: Vec<Value>,
}

impl Nullable {
    /// Returns the name of the property.
    pub(crate) fn name(&self) -> &str {
        self.null.place.rsplit(['.', '>']).next().unwrap_or_default()
    }
}

/// Returns the properties that may be `null`.
pub(crate) fn nullable(shape: &Shape) -> Vec<Nullable> {
    let all = variations(shape);
    let property = |null: &Sample| {
        let at = |what: &str, one: &Sample| one.what == what && one.place == null.place;
        let present =
            all.iter().filter(|one| one.place.starts_with(&null.place) && !at(NULL, one) && !at(WITHOUT, one));
        Nullable {
            null: null.clone(),
            absent: all.iter().find(|one| at(WITHOUT, one)).cloned(),
            present: present.map(|one| one.value.clone()).collect(),
        }
    };
    all.iter().filter(|one| one.what == NULL && !one.owner.is_empty()).map(property).collect()
}

/// Returns values that are invalid in the schema, and that a reader must reject.
pub(crate) fn broken(document: &Value, schema: &Value) -> Result<Vec<Sample>, String> {
    Ok(without_repeats(faults(&shape::read(document, schema)?, Kind::Null)))
}

/// Removes repeated values. For example, one without the only optional property has the required properties only.
fn without_repeats(mut all: Vec<Sample>) -> Vec<Sample> {
    let mut seen = BTreeSet::new();
    all.retain(|sample| seen.insert(sample.value.to_string()));
    all
}

/// A string that is hard to encode: quotes, a backslash, a line break, and more than ASCII.
const ODD_TEXT: &str = "\"é\" \\ \n 日本 🦀";

/// [`Sample::what`] of a `null`.
const NULL: &str = "null";

/// [`Sample::what`] of a missing property.
const WITHOUT: &str = "without";

/// The property that is added for `Kind::UnknownField`.
pub(crate) const NEW_FIELD: &str = "someNewField";

/// The key of the entry that a map has.
const KEY: &str = "someKey";

/// The first whole number that a double cannot hold.
const BEYOND_DOUBLE: i64 = (1 << 53) + 1;

/// Returns the value that the variations start from: with everything in it, or with the required parts only.
fn value(form: &Form, full: bool) -> Value {
    match form {
        Form::Any => json!({"any": [1, "text", null]}),
        Form::Null => Value::Null,
        Form::Bool => true.into(),
        Form::Integer { min, .. } => (min + 7).into(),
        Form::Double => 0.5.into(),
        Form::Text => "text".into(),
        Form::Enum(values) => values[0].as_str().into(),
        Form::List(item) => item.iter().filter(|_| full).map(|item| value(&item.form, full)).collect(),
        Form::Object(fields, rest) => {
            let kept = fields.iter().filter(|field| full || field.required);
            let mut object: Map<_, _> =
                kept.map(|field| (field.name.clone(), value(&field.shape.form, full))).collect();
            if let (Rest::Map(Some(entry)), true) = (rest, full) {
                object.insert(KEY.into(), value(&entry.form, full));
            }
            object.into()
        }
        Form::Union(_, branches) => value(&branches[0].form, full),
    }
}

/// Returns the object with another value for one property, or without it.
fn with(object: &Value, name: &str, value: impl Into<Option<Value>>) -> Value {
    let mut object = object.as_object().cloned().unwrap_or_default();
    match value.into() {
        Some(value) => object.insert(name.into(), value),
        None => object.remove(name),
    };
    object.into()
}

fn variations(shape: &Shape) -> Vec<Sample> {
    let mut all = form_variations(&shape.form);
    if shape.nullable {
        all.push(Sample::new(Kind::Valid, NULL, Value::Null));
    }
    all
}

/// Returns the variations of `value(form, true)`.
fn form_variations(form: &Form) -> Vec<Sample> {
    let valid = |what: &str, value: Value| Sample::new(Kind::Valid, what, value);
    match form {
        Form::Null => Vec::new(),
        Form::Any => {
            let others = [Value::Null, false.into(), BEYOND_DOUBLE.into(), 0.5.into(), ODD_TEXT.into(), json!([])];
            others.into_iter().map(|value| valid(&format!("as {value}"), value)).collect()
        }
        Form::Bool => vec![valid("false", false.into())],
        Form::Integer { min, max } => {
            let mut all = vec![valid("smallest", (*min).into()), valid("largest", (*max).into())];
            if *max > BEYOND_DOUBLE {
                all.push(valid("beyond a double", BEYOND_DOUBLE.into()));
            }
            all
        }
        Form::Double => vec![valid("large number", 1e21.into()), valid("whole number", 3.into())],
        Form::Text => vec![valid("odd text", ODD_TEXT.into())],
        Form::Enum(values) => {
            let rest = values.iter().skip(1);
            let mut all: Vec<_> = rest.map(|one| valid(&format!("value {one}"), one.as_str().into())).collect();
            // A single value is a tag, or distinguishes a string from the other branches of a union.
            if values.len() > 1 {
                all.push(Sample::new(Kind::UnknownEnum, "unknown value", "someNewValue".into()));
            }
            all
        }
        Form::List(None) => Vec::new(),
        Form::List(Some(item)) => {
            let two = json!([value(&item.form, true), value(&item.form, false)]);
            let mut all = vec![valid("empty", json!([])), valid("two items", two)];
            all.extend(variations(item).into_iter().map(|sample| sample.inside("[0]", |value| json!([value]))));
            all
        }
        Form::Object(fields, rest) => object_variations(fields, rest, &value(form, true), value(form, false)),
        Form::Union(tag, branches) => union_variations(tag.as_deref(), branches),
    }
}

fn object_variations(fields: &[Field], rest: &Rest, full: &Value, least: Value) -> Vec<Sample> {
    let mut all = vec![Sample::new(Kind::Valid, "required only", least)];
    for field in fields {
        let Field { name, required, shape, .. } = field;
        if !required {
            all.push(Sample::new(Kind::Valid, WITHOUT, with(full, name, None)).inside(name, |value| value));
        }
        let inside = |sample: Sample| sample.of(field).inside(name, |value| with(full, name, value));
        all.extend(variations(shape).into_iter().map(inside));
    }
    match rest {
        Rest::Open => {
            let more = with(full, NEW_FIELD, json!({"deep": [1, "x"]}));
            all.push(Sample::new(Kind::UnknownField, "unknown field", more));
        }
        Rest::Map(Some(entry)) => {
            let none = with(full, KEY, None);
            let odd = with(&none, ODD_TEXT, value(&entry.form, true));
            all.push(Sample::new(Kind::Valid, "odd key", odd));
            all.push(Sample::new(Kind::Valid, "no entries", none));
            let inside = |sample: Sample| sample.inside(KEY, |value| with(full, KEY, value));
            all.extend(variations(entry).into_iter().map(inside));
        }
        Rest::Closed | Rest::Map(None) => {}
    }
    all
}

fn union_variations(tag: Option<&str>, branches: &[Branch]) -> Vec<Sample> {
    let mut all = Vec::new();
    for (at, Branch { name, form }) in branches.iter().enumerate() {
        // The first branch is in the value that the variations start from.
        let whole = (at > 0).then(|| Sample::new(Kind::Valid, "branch", value(form, true)));
        let samples = whole.into_iter().chain(form_variations(form));
        all.extend(samples.map(|sample| sample.inside(&format!("<{name}>"), |value| value)));
    }
    if let Some(tag) = tag {
        let unknown = json!({tag: "someNewKind", "extra": [1, {"a": null}]});
        all.push(Sample::new(Kind::UnknownVariant, "unknown variant", unknown));
    }
    all
}

/// Returns every invalid value of a place; `null` is the kind of a `null` there.
fn faults(shape: &Shape, null: Kind) -> Vec<Sample> {
    let mut all = form_faults(&shape.form);
    if !shape.nullable && !accepts(&shape.form, &Value::Null) {
        all.push(Sample::new(null, "null", Value::Null));
    }
    all.extend(wrong_type(&shape.form).map(|value| Sample::new(Kind::WrongType, "wrong type", value)));
    all
}

/// Returns every value of a place with an invalid part.
fn form_faults(form: &Form) -> Vec<Sample> {
    let full = value(form, true);
    let mut all = Vec::new();
    match form {
        Form::List(Some(item)) => {
            all.extend(faults(item, Kind::Null).into_iter().map(|sample| sample.inside("[0]", |value| json!([value]))));
        }
        Form::Object(fields, rest) => {
            for Field { name, required, shape, .. } in fields {
                if *required {
                    let missing = Sample::new(Kind::Missing, "missing", with(&full, name, None));
                    all.push(missing.inside(name, |value| value));
                }
                let inside = |sample: Sample| sample.inside(name, |value| with(&full, name, value));
                let null = if *required { Kind::Null } else { Kind::OptionalNull };
                all.extend(faults(shape, null).into_iter().map(inside));
            }
            if let Rest::Map(Some(entry)) = rest {
                let inside = |sample: Sample| sample.inside(KEY, |value| with(&full, KEY, value));
                all.extend(faults(entry, Kind::Null).into_iter().map(inside));
            }
        }
        Form::Union(_, branches) => {
            for Branch { name, form } in branches {
                all.extend(
                    form_faults(form).into_iter().map(|sample| sample.inside(&format!("<{name}>"), |value| value)),
                );
            }
        }
        _ => {}
    }
    all
}

/// Returns a value of a JSON type that the place does not accept. A number in quotes comes first: it is the usual mistake.
fn wrong_type(form: &Form) -> Option<Value> {
    match form {
        Form::List(_) => Some(json!({})),
        _ => [json!("7"), json!({}), json!(7)].into_iter().find(|value| !accepts(form, value)),
    }
}

/// Returns `true` if the form accepts values of this JSON type.
fn accepts(form: &Form, value: &Value) -> bool {
    match form {
        Form::Any => true,
        Form::Null => value.is_null(),
        Form::Bool => value.is_boolean(),
        Form::Integer { .. } | Form::Double => value.is_number(),
        Form::Text | Form::Enum(_) => value.is_string(),
        Form::List(_) => value.is_array(),
        Form::Object(..) => value.is_object(),
        Form::Union(_, branches) => branches.iter().any(|branch| accepts(&branch.form, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `kind, what and place` of each sample, and its value.
    fn listed(samples: Result<Vec<Sample>, String>) -> Vec<(Kind, String, Value)> {
        samples.unwrap().into_iter().map(|sample| (sample.kind, sample.to_string(), sample.value)).collect()
    }

    fn whats(samples: Result<Vec<Sample>, String>, kind: Kind) -> Vec<String> {
        listed(samples).into_iter().filter(|one| one.0 == kind).map(|one| one.1).collect()
    }

    #[test]
    fn an_object_varies_in_one_place_at_a_time() {
        let schema = json!({
            "type": "object",
            "required": ["size"],
            "properties": {
                "color": {"type": ["string", "null"]},
                "on": {"type": "boolean"},
                "size": {"type": "string", "enum": ["s", "l"]},
            },
        });
        let full = |color: Value, on: bool, size: &str| json!({"color": color, "on": on, "size": size});
        let expected = [
            (Kind::Valid, "everything", full("text".into(), true, "s")),
            (Kind::Valid, "required only", json!({"size": "s"})),
            (Kind::Valid, "without at color", json!({"on": true, "size": "s"})),
            (Kind::Valid, "odd text at color", full(ODD_TEXT.into(), true, "s")),
            (Kind::Valid, "null at color", full(Value::Null, true, "s")),
            (Kind::Valid, "without at on", json!({"color": "text", "size": "s"})),
            (Kind::Valid, "false at on", full("text".into(), false, "s")),
            (Kind::Valid, "value l at size", full("text".into(), true, "l")),
            (Kind::UnknownEnum, "unknown value at size", full("text".into(), true, "someNewValue")),
            (
                Kind::UnknownField,
                "unknown field",
                json!({"color": "text", "on": true, "size": "s", "someNewField": {"deep": [1, "x"]}}),
            ),
        ];
        let expected = expected.map(|(kind, what, value)| (kind, what.to_owned(), value));
        assert_eq!(listed(samples(&json!({}), &schema)), expected);

        let expected = [
            (Kind::WrongType, "wrong type at color", full(json!({}), true, "s")),
            (Kind::OptionalNull, "null at on", json!({"color": "text", "on": null, "size": "s"})),
            (Kind::WrongType, "wrong type at on", json!({"color": "text", "on": "7", "size": "s"})),
            (Kind::Missing, "missing at size", json!({"color": "text", "on": true})),
            (Kind::Null, "null at size", json!({"color": "text", "on": true, "size": null})),
            (Kind::WrongType, "wrong type at size", json!({"color": "text", "on": true, "size": {}})),
            (Kind::Null, "null", Value::Null),
            (Kind::WrongType, "wrong type", "7".into()),
        ];
        let expected = expected.map(|(kind, what, value)| (kind, what.to_owned(), value));
        assert_eq!(listed(broken(&json!({}), &schema)), expected);
    }

    #[test]
    fn unions_have_every_branch_and_unknown_ones() {
        let branch = |tag: &str, field: Value| {
            json!({"type": "object", "required": ["kind", "x"],
                "properties": {"kind": {"type": "string", "enum": [tag]}, "x": field}})
        };
        let document = json!({"one": branch("one", json!({"type": "boolean"})), "two": branch("two", json!({}))});
        let schema = json!({"type": "array", "items": {"oneOf": [{"$ref": "#/one"}, {"$ref": "#/two"}]}});
        let all = listed(samples(&document, &schema));
        let find = |what: &str| all.iter().find(|one| one.1 == what).map(|one| one.2.clone());
        assert_eq!(find("everything"), Some(json!([{"kind": "one", "x": true}])));
        assert_eq!(find("false at [0]<one>.x"), Some(json!([{"kind": "one", "x": false}])));
        assert_eq!(find("branch at [0]<two>"), Some(json!([{"kind": "two", "x": {"any": [1, "text", null]}}])));
        assert_eq!(find("unknown variant at [0]"), Some(json!([{"kind": "someNewKind", "extra": [1, {"a": null}]}])));
        assert_eq!(whats(samples(&document, &schema), Kind::UnknownEnum), [""; 0], "a tag is not an enum");
        let missing = ["kind", "x"].map(|name| ["one", "two"].map(|branch| format!("missing at [0]<{branch}>.{name}")));
        let mut found = whats(broken(&document, &schema), Kind::Missing);
        found.sort_by_key(|what| what.ends_with('x'));
        assert_eq!(found, missing.concat());
        assert_eq!(
            whats(broken(&document, &schema), Kind::Null),
            ["null at [0]<one>.kind", "null at [0]<one>.x", "null at [0]<two>.kind", "null at [0]", "null",]
        );
    }

    #[test]
    fn without_a_tag_the_wrong_type_is_invalid_in_every_branch() {
        let schema = json!({"oneOf": [
            {"type": "string", "enum": ["all"]},
            {"type": "object", "properties": {}, "additionalProperties": {"type": "integer", "minimum": 1}},
        ]});
        assert_eq!(whats(samples(&json!({}), &schema), Kind::UnknownVariant), [""; 0]);
        let valid: Vec<_> = listed(samples(&json!({}), &schema)).into_iter().map(|one| one.2).collect();
        for value in [json!("all"), json!({"someKey": 8}), json!({"someKey": 1}), json!({})] {
            assert_eq!(valid.iter().filter(|one| **one == value).count(), 1, "{value} in {valid:?}");
        }
        let wrong: Vec<_> = listed(broken(&json!({}), &schema)).into_iter().map(|one| one.2).collect();
        assert_eq!(wrong, [json!({"someKey": null}), json!({"someKey": "7"}), Value::Null, 7.into()]);
    }

    #[test]
    fn numbers_include_their_limits() {
        let values = |schema| listed(samples(&json!({}), &schema)).into_iter().map(|one| one.2).collect::<Vec<_>>();
        let wide = json!({"type": "integer", "format": "int64"});
        assert_eq!(values(wide), [json!(7), json!(0), json!(i64::MAX), json!(9_007_199_254_740_993_i64)]);
        let narrow = json!({"type": "integer", "format": "int32", "minimum": 1});
        assert_eq!(values(narrow), [json!(8), json!(1), json!(i32::MAX)]);
        assert_eq!(values(json!({"type": "number", "format": "double"})), [json!(0.5), json!(1e21), json!(3)]);
    }

    #[test]
    fn values_are_distinct() {
        let schema = json!({"type": "object", "properties": {"only": {"type": "array", "items": {}}}});
        let all = listed(samples(&json!({}), &schema));
        let values: BTreeSet<_> = all.iter().map(|one| one.2.to_string()).collect();
        assert_eq!(values.len(), all.len());
        let names: BTreeSet<_> = all.iter().map(|one| (&one.1, one.2.to_string())).collect();
        assert_eq!(names.len(), all.len());
    }
}
