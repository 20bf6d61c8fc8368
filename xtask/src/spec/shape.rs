//! [`Shape`]: a JSON schema as a tree without references, from which `samples` creates values.

use std::collections::BTreeSet;

use serde_json::Value;

/// The values that are valid at one place.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) nullable: bool,
    pub(crate) form: Form,
}

/// The values that are valid at one place, apart from `null`.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// The empty schema.
    Any,
    /// Only `null`.
    Null,
    Bool,
    Integer {
        min: i64,
        max: i64,
    },
    Double,
    Text,
    /// One of these strings. There is at least one.
    Enum(Vec<String>),
    /// An array. `None`: only an empty one, because its items would contain it.
    List(Option<Box<Shape>>),
    Object(Vec<Field>, Rest),
    /// One of several forms. With a tag, each branch is an object with its name under that property.
    Union(Option<String>, Vec<Branch>),
}

/// A named property of an object.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) shape: Shape,
    /// The named schema that has this property, or `(inline)` if the schema of the body has no name.
    pub(crate) owner: String,
}

/// The properties of an object besides its named ones.
#[derive(Clone, Debug)]
pub(crate) enum Rest {
    /// Not described, so a later server may add a property.
    Open,
    Closed,
    /// The object is a map to this. `None`: only an empty map, because its entries would contain it.
    Map(Option<Box<Shape>>),
}

/// One branch of a union. The name is the value of the tag, or the number of the branch, counted from 1.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) name: String,
    pub(crate) form: Form,
}

/// Reads a schema. A keyword that the samples do not cover is an error, so that a document that starts to use it is noticed.
pub(crate) fn read(document: &Value, schema: &Value) -> Result<Shape, String> {
    Reader { document, open: Vec::new() }.shape(schema)?.ok_or_else(|| "no finite value fits this schema".into())
}

/// Keywords without an effect on values.
const NOTES: [&str; 4] = ["description", "example", "examples", "title"];

/// Reads schemas. In its results, `None` is a place that can be reached only through a reference that is being read already.
struct Reader<'a> {
    document: &'a Value,
    /// The references between the root and the current place.
    open: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn shape(&mut self, schema: &'a Value) -> Result<Option<Shape>, String> {
        if !schema.is_object() && *schema != ANY {
            return Err(format!("{schema} is not a schema"));
        }
        if let Some(target) = schema["$ref"].as_str() {
            only(schema, &["$ref"])?;
            return self.reference(target);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            only(schema, &["allOf"])?;
            return self.merged(parts);
        }
        if let Some(branches) = schema["oneOf"].as_array() {
            only(schema, &["oneOf", "discriminator"])?;
            return self.union(branches, schema["discriminator"]["propertyName"].as_str());
        }
        let (name, nullable) = type_of(schema)?;
        let form = match name {
            "any" => only(schema, &[]).map(|()| Form::Any)?,
            "null" => only(schema, &["type"]).map(|()| Form::Null)?,
            "boolean" => only(schema, &["type"]).map(|()| Form::Bool)?,
            "number" => only(schema, &["type", "format"]).map(|()| Form::Double)?,
            "integer" => integer(schema)?,
            "string" => string(schema)?,
            "array" => {
                only(schema, &["type", "items"])?;
                Form::List(self.shape(schema.get("items").unwrap_or(&ANY))?.map(Box::new))
            }
            "object" => match self.object(schema)? {
                Some(form) => form,
                None => return Ok(None),
            },
            other => return Err(format!("the type {other} is not known")),
        };
        Ok(Some(Shape { nullable, form }))
    }

    fn reference(&mut self, target: &'a str) -> Result<Option<Shape>, String> {
        if self.open.contains(&target) {
            return Ok(None);
        }
        let document = self.document;
        let schema = target.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        self.open.push(target);
        let shape = self.shape(schema.ok_or_else(|| format!("{target} does not exist"))?);
        self.open.pop();
        shape
    }

    fn object(&mut self, schema: &'a Value) -> Result<Option<Form>, String> {
        only(schema, &["type", "properties", "required", "additionalProperties", "propertyNames"])?;
        only(&schema["propertyNames"], &["type"])?;
        let properties = schema["properties"].as_object();
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if let Some(name) = required.iter().find(|name| properties.is_none_or(|all| !all.contains_key(**name))) {
            return Err(format!("{name} is required, but not described"));
        }
        let owner = self.open.last().and_then(|target| target.rsplit('/').next()).unwrap_or("(inline)").to_owned();
        let mut fields = Vec::new();
        for (name, schema) in properties.into_iter().flatten() {
            let required = required.contains(&name.as_str());
            match self.shape(schema)? {
                Some(shape) => fields.push(Field { name: name.clone(), required, shape, owner: owner.clone() }),
                None if required => return Ok(None),
                None => {}
            }
        }
        let rest = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => Rest::Closed,
            Some(values) => self.map(values)?,
            None if properties.is_some() => Rest::Open,
            None => self.map(&ANY)?,
        };
        Ok(Some(Form::Object(fields, rest)))
    }

    fn map(&mut self, values: &'a Value) -> Result<Rest, String> {
        Ok(Rest::Map(self.shape(values)?.map(Box::new)))
    }

    /// Reads `allOf`, for objects only: the properties of all parts.
    fn merged(&mut self, parts: &'a [Value]) -> Result<Option<Shape>, String> {
        let mut all = Vec::new();
        for part in parts {
            match self.shape(part)? {
                Some(Shape { nullable: false, form: Form::Object(fields, Rest::Open) }) => all.extend(fields),
                Some(_) => return Err("allOf is known only for objects that may get more properties".into()),
                None => return Ok(None),
            }
        }
        let names: BTreeSet<_> = all.iter().map(|field| &field.name).collect();
        if names.len() < all.len() {
            return Err("two parts of an allOf describe the same property".into());
        }
        Ok(Some(Shape { nullable: false, form: Form::Object(all, Rest::Open) }))
    }

    /// Reads `oneOf`. A `null` branch makes the place nullable, and a single branch without a tag is only a wrapper.
    fn union(&mut self, branches: &'a [Value], discriminator: Option<&str>) -> Result<Option<Shape>, String> {
        let (mut forms, mut nullable) = (Vec::new(), false);
        for branch in branches {
            if let Some(shape) = self.shape(branch)? {
                nullable |= shape.nullable;
                forms.push(shape.form);
            }
        }
        forms.retain(|form| !matches!(form, Form::Null));
        let tag = tag_of(&forms, discriminator);
        if discriminator.is_some() && tag.is_none() {
            return Err("the discriminator does not distinguish the branches".into());
        }
        let form = match forms.pop() {
            None if nullable => Form::Null,
            None => return Ok(None),
            Some(form) if forms.is_empty() && tag.is_none() => form,
            Some(form) => {
                forms.push(form);
                let name = |(at, form): (usize, &Form)| {
                    let name = tag.as_deref().and_then(|tag| constant(form, tag));
                    name.map_or_else(|| (at + 1).to_string(), str::to_owned)
                };
                let names: Vec<_> = forms.iter().enumerate().map(name).collect();
                let branches = names.into_iter().zip(forms).map(|(name, form)| Branch { name, form });
                Form::Union(tag, branches.collect())
            }
        };
        Ok(Some(Shape { nullable, form }))
    }
}

/// The schema of a place without a schema.
static ANY: Value = Value::Bool(true);

/// Fails if the schema has a keyword besides these.
fn only(schema: &Value, known: &[&str]) -> Result<(), String> {
    let mut keys = schema.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    match keys.find(|key| !known.contains(key) && !NOTES.contains(key)) {
        Some(key) => Err(format!("the keyword {key} is not known here")),
        None => Ok(()),
    }
}

/// Returns the name of the type, or `any` without one, and `true` if `null` is valid too.
fn type_of(schema: &Value) -> Result<(&str, bool), String> {
    match &schema["type"] {
        Value::Null => Ok(("any", false)),
        Value::String(name) => Ok((name, name == "null")),
        Value::Array(names) => {
            let mut real = names.iter().filter_map(Value::as_str).filter(|name| *name != "null");
            match (real.next(), real.next()) {
                (Some(name), None) => Ok((name, names.len() > 1)),
                _ => Err("a list of types can only be one type and null".into()),
            }
        }
        other => Err(format!("{other} is not a type")),
    }
}

fn integer(schema: &Value) -> Result<Form, String> {
    only(schema, &["type", "format", "minimum"])?;
    let max = match schema["format"].as_str() {
        None | Some("int64") => i64::MAX,
        Some("int32") => i32::MAX.into(),
        Some(other) => return Err(format!("the format {other} of an integer is not known")),
    };
    let min = schema.get("minimum").map_or(Some(0), Value::as_i64);
    Ok(Form::Integer { min: min.ok_or("the minimum of an integer has to be an integer")?, max })
}

fn string(schema: &Value) -> Result<Form, String> {
    only(schema, &["type", "enum"])?;
    let Some(values) = schema["enum"].as_array() else { return Ok(Form::Text) };
    let values: Option<Vec<_>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    values.filter(|all| !all.is_empty()).map(Form::Enum).ok_or_else(|| "an enum can only have strings".into())
}

/// Returns the property with a different single value in every branch.
fn tag_of(branches: &[Form], discriminator: Option<&str>) -> Option<String> {
    let Some(Form::Object(fields, _)) = branches.first() else { return None };
    let distinguishes = |name: &&str| {
        let values: BTreeSet<_> = branches.iter().filter_map(|branch| constant(branch, name)).collect();
        values.len() == branches.len() && discriminator.is_none_or(|wanted| wanted == *name)
    };
    fields.iter().map(|field| field.name.as_str()).find(distinguishes).map(str::to_owned)
}

/// Returns the only valid value of a required property of an object.
fn constant<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    let Form::Object(fields, _) = form else { return None };
    let field = fields.iter().find(|field| field.name == name && field.required)?;
    match &field.shape {
        Shape { nullable: false, form: Form::Enum(values) } if values.len() == 1 => Some(&values[0]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(schema: Value) -> Result<Form, String> {
        read(&json!({}), &schema).map(|shape| shape.form)
    }

    #[test]
    fn an_unknown_keyword_is_an_error() {
        assert!(form(json!({"type": "string", "pattern": "a+"})).unwrap_err().contains("pattern"));
        assert!(form(json!({"anyOf": [{"type": "string"}]})).unwrap_err().contains("anyOf"));
        assert!(form(json!({"type": "integer", "format": "uint8"})).unwrap_err().contains("uint8"));
        assert!(form(json!({"$ref": "#/nowhere"})).unwrap_err().contains("#/nowhere"));
        assert!(form(json!({"type": "object", "required": ["a"]})).unwrap_err().contains("a is required"));
    }

    #[test]
    fn a_schema_is_an_object_or_true() {
        assert!(matches!(form(json!({})), Ok(Form::Any)));
        assert!(matches!(form(json!({"type": "array", "items": true})), Ok(Form::List(Some(_)))));
        assert!(form(json!({"type": "array", "items": false})).unwrap_err().contains("false"));
    }

    #[test]
    fn wrappers_are_removed_and_null_is_not_a_branch() {
        let shape = read(&json!({}), &json!({"oneOf": [{"type": "null"}, {"oneOf": [{"type": "string"}]}]})).unwrap();
        assert!(shape.nullable && matches!(shape.form, Form::Text));
        assert!(matches!(form(json!({"oneOf": [{"type": "null"}]})), Ok(Form::Null)));
    }

    #[test]
    fn a_tag_is_found_through_wrappers_and_in_parts() {
        let cat = json!({"type": "object", "required": ["is"], "properties": {"is": {"oneOf": [{"type": "string", "enum": ["cat"]}]}}});
        let dog = json!({"allOf": [
            {"type": "object", "required": ["legs"], "properties": {"legs": {"type": "integer"}}},
            {"type": "object", "required": ["is"], "properties": {"is": {"type": "string", "enum": ["dog"]}}},
        ]});
        let Ok(Form::Union(tag, branches)) = form(json!({"oneOf": [cat, dog]})) else { panic!() };
        assert_eq!(tag.as_deref(), Some("is"));
        assert_eq!(branches.iter().map(|branch| branch.name.as_str()).collect::<Vec<_>>(), ["cat", "dog"]);

        assert!(matches!(form(json!({"oneOf": [cat]})), Ok(Form::Union(Some(_), _))), "more may come");
        assert!(matches!(form(json!({"oneOf": [cat, {"type": "string"}]})), Ok(Form::Union(None, _))));
        assert!(form(json!({"oneOf": [cat], "discriminator": {"propertyName": "kind"}})).is_err());
    }

    #[test]
    fn circular_references_are_cut() {
        let circle = |node| json!({"node": {"type": "object", "required": ["next"], "properties": {"next": node}}});
        let root = json!({"$ref": "#/node"});
        let list = circle(json!({"type": "array", "items": {"$ref": "#/node"}}));
        let Ok(Form::Object(fields, _)) = read(&list, &root).map(|shape| shape.form) else { panic!() };
        assert!(matches!(fields[0].shape.form, Form::List(None)));

        let nullable = circle(json!({"oneOf": [{"type": "null"}, {"$ref": "#/node"}]}));
        let Ok(Form::Object(fields, _)) = read(&nullable, &root).map(|shape| shape.form) else { panic!() };
        assert!(matches!(fields[0].shape.form, Form::Null));

        assert!(read(&circle(root.clone()), &root).unwrap_err().contains("finite"));
    }
}
