//! The rows that were written to the real server while data sync was recorded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use convex_mgmt_fake::{Document, Fake, Value};
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

/// A recorded document with its table.
#[derive(Clone, Debug, Deserialize)]
struct Recorded {
    component: String,
    table: String,
    ts: i64,
    #[serde(deserialize_with = "exported")]
    value: Document,
}

/// Writes rows into the fake's tables as the recorded steps wrote them into the real server's.
#[derive(Debug)]
pub(crate) struct Rows {
    fake: Fake,
    /// Every document of every page, in order.
    recorded: Vec<Recorded>,
    /// The ids that are assigned to rows.
    used: BTreeSet<String>,
    /// The bodies of requests by case and step, with the exact text of their numbers. Some steps have the same name.
    bodies: BTreeMap<(String, String), VecDeque<Box<RawValue>>>,
}

impl Rows {
    /// Reads the rows of a file of recordings.
    pub(crate) fn new(fake: Fake, text: &str) -> Self {
        #[derive(Deserialize)]
        struct Line {
            case: String,
            step: String,
            request: Option<Body>,
            response: Option<Body>,
        }
        #[derive(Deserialize)]
        struct Body {
            body: Box<RawValue>,
        }
        #[derive(Deserialize)]
        struct Page {
            values: Vec<Recorded>,
        }
        let mut rows = Self { fake, recorded: Vec::new(), used: BTreeSet::new(), bodies: BTreeMap::new() };
        for line in text.lines() {
            let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
            if let Some(Body { body }) = line.response {
                rows.recorded.extend(serde_json::from_str::<Page>(body.get()).into_iter().flat_map(|page| page.values));
            }
            if let Some(Body { body }) = line.request {
                rows.bodies.entry((line.case, line.step)).or_default().push_back(body);
            }
        }
        rows
    }

    /// Repeats a set-up step.
    pub(crate) fn set_up(&mut self, line: &Json) {
        let request = &line["request"];
        let query: BTreeMap<&str, String> = request["query"]
            .as_str()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, value.replace("%2F", "/")))
            .collect();
        let names = |list: &Json| -> Vec<String> {
            list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let body = &request["body"];
        match request["path"].as_str().unwrap() {
            "/api/streaming_import/fivetran_create_table" => {
                let name = body["tableDefinition"]["tableName"].as_str().unwrap();
                self.fake.commit(|tables| tables.create_table("", name));
            }
            "/api/streaming_import/apply_fivetran_operations" => self.apply(line),
            "/api/import" => self.import(line, &query),
            "/api/streaming_import/clear_tables" => {
                self.fake
                    .commit(|tables| names(&body["tableNames"]).iter().for_each(|name| tables.clear_table("", name)));
            }
            "/api/delete_tables" => self.fake.commit(|tables| {
                names(&body["tableNames"]).iter().for_each(|name| assert!(tables.delete_table("", name)));
            }),
            other => panic!("unknown set-up path {other}"),
        }
    }

    /// Inserts documents with these keys in their first recorded state.
    pub(crate) fn insert_recorded(&mut self, table: &str, keys: &[&str]) {
        let documents: Vec<Document> = keys
            .iter()
            .map(|key| {
                let key = Document::from([("key".to_owned(), Value::String((*key).to_owned()))]);
                self.identify("", table, key.clone(), true)
            })
            .collect();
        self.fake.commit(|tables| documents.into_iter().for_each(|document| drop(tables.insert("", table, document))));
    }

    /// Writes the documents of a page in their recorded states, one by one, in order of time.
    pub(crate) fn write_page(&mut self, line: &Json) {
        let page: BTreeSet<&str> = line["response"]["body"]["values"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|entry| entry["value"]["_id"].as_str())
            .collect();
        let mut last: BTreeMap<String, Recorded> = BTreeMap::new();
        for entry in &self.recorded {
            match &entry.value["_id"] {
                Value::String(id) if page.contains(id.as_str()) => drop(last.insert(id.clone(), entry.clone())),
                _ => {}
            }
        }
        let mut entries: Vec<_> = last.into_values().collect();
        entries.sort_by_key(|entry| entry.ts);
        for Recorded { component, table, value, .. } in entries {
            self.fake.commit(|tables| tables.insert(&component, &table, value));
        }
    }

    /// Writes rows by key, in one transaction.
    fn apply(&mut self, line: &Json) {
        #[derive(Deserialize)]
        struct Operation {
            table: String,
            operation: String,
            #[serde(deserialize_with = "imported")]
            row: Document,
        }
        let operations: Vec<Operation> = serde_json::from_str(self.body(line).get()).unwrap();
        let fake = self.fake.clone();
        fake.commit(|tables| {
            for Operation { table, operation, row } in operations {
                let found = tables.documents("", &table).into_iter().find(|document| document["key"] == row["key"]);
                let id = found.as_ref().and_then(|document| match &document["_id"] {
                    Value::String(id) => Some(id.clone()),
                    _ => None,
                });
                match (operation.as_str(), id) {
                    ("Upsert", None) => drop(tables.insert("", &table, self.identify("", &table, row, false))),
                    ("Upsert", Some(id)) => assert!(tables.replace("", &table, &id, row)),
                    ("Update", Some(id)) => {
                        let fields = found.unwrap_or_default().into_iter().chain(row).collect();
                        assert!(tables.replace("", &table, &id, fields));
                    }
                    ("HardDelete", Some(id)) => assert!(tables.delete("", &table, &id)),
                    (other, _) => panic!("unsupported operation {other}"),
                }
            }
        });
    }

    fn import(&mut self, line: &Json, query: &BTreeMap<&str, String>) {
        let body = self.body(line);
        let list = match line["request"]["body"]["$raw"].as_str() {
            Some(lines) => format!("[{}]", lines.trim_end().replace('\n', ",")),
            None => body.get().to_owned(),
        };
        let rows: Vec<Box<RawValue>> = serde_json::from_str(&list).unwrap();
        let component = query.get("componentPath").map(String::as_str).unwrap_or_default();
        let table = query["tableName"].as_str();
        let rows: Vec<Document> =
            rows.iter().map(|row| self.identify(component, table, document(row, true), false)).collect();
        self.fake.commit(|tables| match query["mode"].as_str() {
            "replace" => drop(tables.replace_table(component, table, rows)),
            _ => rows.into_iter().for_each(|row| drop(tables.insert(component, table, row))),
        });
    }

    /// Assigns the id and creation time of the matching recorded document to a row: the first of the table with the same key,
    /// or with the same fields. `whole` copies the other fields, too.
    fn identify(&mut self, component: &str, table: &str, mut row: Document, whole: bool) -> Document {
        let is_it = |recorded: &&Recorded| {
            let Recorded { component: of, table: in_table, value, .. } = recorded;
            let Some(Value::String(id)) = value.get("_id") else { return false };
            let alike = match row.get("key") {
                Some(key) => value.get("key") == Some(key),
                None => row.iter().all(|(name, field)| value.get(name) == Some(field)),
            };
            of == component
                && in_table == table
                && alike
                && value.contains_key("_creationTime")
                && !self.used.contains(id)
        };
        let found = self.recorded.iter().find(is_it).map(|recorded| recorded.value.clone());
        let found = found.unwrap_or_else(|| panic!("{row:?} of {table} is not in any page"));
        if let Value::String(id) = &found["_id"] {
            self.used.insert(id.clone());
        }
        let taken = found.into_iter().filter(|(name, _)| whole || name == "_id" || name == "_creationTime");
        row.extend(taken);
        row
    }

    fn body(&mut self, line: &Json) -> Box<RawValue> {
        let key = (line["case"].as_str().unwrap().to_owned(), line["step"].as_str().unwrap().to_owned());
        self.bodies.get_mut(&key).and_then(VecDeque::pop_front).unwrap()
    }
}

/// Parses a value with exact floats. For imports, every number is a float.
fn exact(text: &RawValue, imported: bool) -> Value {
    let text = text.get();
    match text.as_bytes()[0] {
        b'[' => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text).unwrap();
            Value::Array(items.iter().map(|item| exact(item, imported)).collect())
        }
        b'-' | b'0'..=b'9' if imported || text.contains(['.', 'e', 'E']) => Value::Float64(text.parse().unwrap()),
        _ => match Value::from(serde_json::from_str::<Json>(text).unwrap()) {
            Value::Object(_) => {
                let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
                Value::Object(fields.into_iter().map(|(name, field)| (name, exact(&field, imported))).collect())
            }
            other => other,
        },
    }
}

fn document(text: &RawValue, imported: bool) -> Document {
    match exact(text, imported) {
        Value::Object(document) => document,
        other => panic!("{other:?} is not a document"),
    }
}

fn exported<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
    Ok(document(&Box::<RawValue>::deserialize(deserializer)?, false))
}

fn imported<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
    Ok(document(&Box::<RawValue>::deserialize(deserializer)?, true))
}
