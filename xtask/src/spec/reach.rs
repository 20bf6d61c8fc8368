//! [`Reach`]: the names and values that a schema mentions. It does not use the reader that creates the samples, so that neither
//! hides a gap of the other.

use std::collections::BTreeSet;

use serde_json::Value;

/// The references, names and values that a schema mentions.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// The references, such as `#/components/schemas/Topic`.
    pub(crate) references: BTreeSet<String>,
    /// The names of properties.
    pub(crate) names: BTreeSet<String>,
    /// The values of enums.
    pub(crate) values: BTreeSet<String>,
}

impl Reach {
    /// Collects everything that can be reached from a schema.
    pub(crate) fn of(document: &Value, schema: &Value) -> Self {
        let mut reach = Self::default();
        reach.walk(document, schema);
        reach
    }

    fn walk(&mut self, document: &Value, at: &Value) {
        match at {
            Value::Array(all) => all.iter().for_each(|one| self.walk(document, one)),
            Value::Object(all) => {
                for (keyword, value) in all {
                    match keyword.as_str() {
                        "$ref" => self.follow(document, value),
                        "properties" => {
                            for (name, schema) in value.as_object().into_iter().flatten() {
                                self.names.insert(name.clone());
                                self.walk(document, schema);
                            }
                        }
                        "enum" => {
                            let values = value.as_array().into_iter().flatten();
                            self.values.extend(values.filter_map(Value::as_str).map(str::to_owned));
                        }
                        "allOf" | "anyOf" | "oneOf" | "items" | "additionalProperties" => self.walk(document, value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn follow(&mut self, document: &Value, target: &Value) {
        let Some(target) = target.as_str() else { return };
        if self.references.insert(target.to_owned())
            && let Some(schema) = target.strip_prefix('#').and_then(|pointer| document.pointer(pointer))
        {
            self.walk(document, schema);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_reached_once_and_circular_references_end() {
        let document = json!({
            "node": {"type": "object", "properties": {
                "next": {"$ref": "#/node"},
                "kind": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["a", "b"]}]},
                "map": {"additionalProperties": {"allOf": [{"properties": {"deep": {"items": {"$ref": "#/leaf"}}}}]}},
            }},
            "leaf": {"type": "string", "enum": ["c"]},
            "other": {"properties": {"not": {}}},
        });
        let reach = Reach::of(&document, &json!({"$ref": "#/node"}));
        assert_eq!(Vec::from_iter(reach.references), ["#/leaf", "#/node"]);
        assert_eq!(Vec::from_iter(reach.names), ["deep", "kind", "map", "next"]);
        assert_eq!(Vec::from_iter(reach.values), ["a", "b", "c"]);
    }
}
