//! [`Sample`]: made-up documents of a shop, the same for the same seed.

use crate::deployment::{Document, Tables, Value};
use crate::state::Random;

/// The tables, by component and name.
pub(super) const TABLES: [(&str, &str); 3] = [("", "users"), ("", "orders"), ("payments", "charges")];

/// The part of the documents that each table has, in percent.
const SHARES: [usize; 3] = [20, 60, 20];

/// The creation time of the first document, in milliseconds since the Unix epoch: 2025-06-15.
const FIRST_CREATION: f64 = 1_750_000_000_000.0;

const NAMES: [&str; 12] =
    ["Ada", "Björn", "Chloé", "Dmitri", "Elena", "Farah", "Goran", "Hana", "Iñaki", "José", "Κώστας", "Li"];
const CITIES: [&str; 6] = ["Berlin", "Kraków", "Lagos", "São Paulo", "大阪", "Zürich"];
const WORDS: [&str; 10] =
    ["call", "before", "noon", "\"fragile\"", "second", "floor", "leave\nat", "the", "door", "👍"];

/// Makes up documents and remembers their ids.
#[derive(Debug)]
pub(super) struct Sample {
    random: Random,
    /// The ids of the documents that exist, by table.
    ids: [Vec<String>; 3],
    /// The number of documents so far.
    made: u32,
    /// The number of changes so far. Each one writes it, so that each one has an effect.
    changes: i64,
}

impl Sample {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), ids: Default::default(), made: 0, changes: 0 }
    }

    /// Continues with the documents that exist.
    pub(super) fn of(tables: &Tables<'_>, seed: u64) -> Self {
        let ids = TABLES.map(|(component, table)| tables.ids(component, table));
        Self { ids, ..Self::new(seed) }
    }

    /// The number of documents that exist.
    pub(super) fn len(&self) -> usize {
        self.ids.iter().map(Vec::len).sum()
    }

    /// Inserts a document. Its creation time is part of the sequence if `is_past`, and the time of the transaction otherwise.
    pub(super) fn insert(&mut self, tables: &mut Tables<'_>, is_past: bool) {
        let share = self.random.below(100);
        let at = if share < SHARES[0] {
            0
        } else if share < SHARES[0] + SHARES[1] {
            1
        } else {
            2
        };
        let (component, table) = TABLES[at];
        let id = tables.id_of(component, table, self.random.bytes());
        let mut document = self.document(at);
        document.insert("_id".to_owned(), Value::String(id.clone()));
        if is_past {
            let time = FIRST_CREATION + f64::from(self.made) * 1000.0 + self.random.part();
            document.insert("_creationTime".to_owned(), Value::Float64(time));
        }
        self.made += 1;
        tables.insert(component, table, document);
        self.ids[at].push(id);
    }

    /// Inserts, changes or deletes one document. The number of documents stays between half of `target` and twice of it.
    pub(super) fn write(&mut self, tables: &mut Tables<'_>, target: usize) {
        let drawn = self.random.below(100);
        let count = self.len();
        if count <= target / 2 || (drawn < 30 && count < target * 2) {
            return self.insert(tables, false);
        }
        // Each document has the same probability, so that no table loses all of its own.
        let (mut at, mut position) = (0, self.random.below(count));
        while position >= self.ids[at].len() {
            position -= self.ids[at].len();
            at += 1;
        }
        let (component, table) = TABLES[at];
        if drawn < 60 {
            let id = self.ids[at].swap_remove(position);
            tables.delete(component, table, &id);
            return;
        }
        let id = self.ids[at][position].clone();
        let mut document = tables.get(component, table, &id).unwrap_or_default();
        for (name, value) in self.document(at) {
            if self.random.chance(0.5) {
                document.insert(name, value);
            }
        }
        self.changes += 1;
        document.insert("changes".to_owned(), Value::Int64(self.changes));
        tables.replace(component, table, &id, document);
    }

    /// Makes up the fields of a document, except `_id` and `_creationTime`.
    fn document(&mut self, table: usize) -> Document {
        let fields = match table {
            0 => self.user(),
            1 => self.order(),
            _ => self.charge(),
        };
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn user(&mut self) -> Vec<(&'static str, Value)> {
        let name = self.one_of(&NAMES);
        let (city, zip) = (self.one_of(&CITIES), format!("{:05}", self.random.below(100_000)));
        let address = [("city", text(city)), ("zip", text(zip))].map(|(name, value)| (name.to_owned(), value));
        let tags = (0..self.random.below(4)).map(|_| text(self.one_of(&WORDS))).collect();
        let deleted_at = if self.random.chance(0.9) { Value::Null } else { Value::Float64(FIRST_CREATION) };
        vec![
            ("active", Value::Bool(self.random.chance(0.8))),
            ("address", Value::Object(address.into())),
            ("avatar", Value::Bytes(self.random.bytes::<48>().to_vec())),
            ("deletedAt", deleted_at),
            ("email", text(format!("user{}@example.com", self.random.below(1_000_000)))),
            ("name", text(format!("{name} {}", self.random.below(1000)))),
            ("score", Value::Float64((self.random.part() * 1000.0).round())),
            ("tags", Value::Array(tags)),
            ("visits", Value::Int64(self.int())),
        ]
    }

    fn order(&mut self) -> Vec<(&'static str, Value)> {
        let item = |sample: &mut Self| {
            let fields = [
                ("price", Value::Float64((sample.random.part() * 10_000.0).round() / 100.0)),
                ("quantity", Value::Int64(1 + sample.random.below(9) as i64)),
                ("sku", text(format!("sku-{}", sample.random.below(5000)))),
            ];
            Value::Object(fields.map(|(name, value)| (name.to_owned(), value)).into())
        };
        let items = (0..1 + self.random.below(5)).map(|_| item(self)).collect();
        let user = self.other(0);
        vec![
            ("items", Value::Array(items)),
            ("note", text(self.sentence(120))),
            ("status", text(["open", "paid", "shipped", "returned"][self.random.below(4)])),
            ("total", Value::Float64((self.random.part() * 100_000.0).round() / 100.0)),
            ("user", user),
        ]
    }

    fn charge(&mut self) -> Vec<(&'static str, Value)> {
        let rate = match self.random.below(20) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => -0.0,
            3 => 1e21,
            _ => self.random.part(),
        };
        let order = self.other(1);
        vec![
            ("amount", Value::Int64(self.int())),
            ("currency", text(["EUR", "PLN", "USD"][self.random.below(3)])),
            ("order", order),
            ("rate", Value::Float64(rate)),
            ("receipt", Value::Bytes(self.random.bytes::<32>().to_vec())),
            ("response", text(self.sentence(60))),
        ]
    }

    /// Mostly small, sometimes beyond the integers that a 64-bit float represents.
    fn int(&mut self) -> i64 {
        if self.random.chance(0.1) { self.random.next() as i64 } else { self.random.below(10_000) as i64 }
    }

    fn sentence(&mut self, most: usize) -> String {
        let words: Vec<&str> = (0..self.random.below(most + 1)).map(|_| self.one_of(&WORDS)).collect();
        words.join(" ")
    }

    /// The id of a document of a table, or `null` if the table is empty.
    fn other(&mut self, table: usize) -> Value {
        let at = self.random.below(self.ids[table].len());
        self.ids[table].get(at).cloned().map_or(Value::Null, Value::String)
    }

    fn one_of(&mut self, texts: &[&'static str]) -> &'static str {
        texts[self.random.below(texts.len())]
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}
