//! Extra columns with the values of single fields: `--columns users:name,age=int64`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use convex_mgmt::deployment::data_sync::{Document, TablePath, Value};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The type of the values in an extra column. A value of another type becomes `NULL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnType {
    /// Every value: `jsonb` in PostgreSQL, the natural type of each value in SQLite.
    #[default]
    Any,
    /// Strings and ids.
    Text,
    /// 64-bit integers.
    Int64,
    /// Floats. A `v.number()` of Convex is a float.
    Float64,
    /// Booleans.
    Boolean,
    /// Bytes.
    Bytes,
}

impl ColumnType {
    const ALL: [Self; 6] = [Self::Any, Self::Text, Self::Int64, Self::Float64, Self::Boolean, Self::Bytes];

    /// Returns the name of the type on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Text => "text",
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Boolean => "boolean",
            Self::Bytes => "bytes",
        }
    }

    /// Returns the type with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Any => !matches!(value, Value::Null),
            Self::Text => matches!(value, Value::String(_)),
            Self::Int64 => matches!(value, Value::Int64(_)),
            Self::Float64 => matches!(value, Value::Float64(_)),
            Self::Boolean => matches!(value, Value::Boolean(_)),
            Self::Bytes => matches!(value, Value::Bytes(_)),
        }
    }
}

/// An extra column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field of the documents.
    pub field: String,
    /// The type of the values.
    pub kind: ColumnType,
}

/// The extra columns of all tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(BTreeMap<TablePath, Vec<Column>>);

/// An error of the argument of `--columns`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid --columns {argument:?}: {problem}; write TABLE:FIELD,FIELD=TYPE, for example users:name,age=int64")]
pub struct ColumnsError {
    argument: String,
    problem: String,
}

impl Columns {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the columns of an argument such as `users:name,age=int64` or `shop/cart/items:price`. The part before the last slash is the
    /// component.
    ///
    /// # Errors
    /// A [`ColumnsError`] for another form, an unknown type, or a field that has another type already.
    pub fn add(&mut self, argument: &str) -> Result<(), ColumnsError> {
        let error = |problem: String| ColumnsError { argument: argument.to_owned(), problem };
        let (table, fields) = argument.split_once(':').ok_or_else(|| error("it has no colon".to_owned()))?;
        let path = table_path(table).ok_or_else(|| error("it names no table".to_owned()))?;
        let columns = self.0.entry(path).or_default();
        for field in fields.split(',').map(str::trim) {
            let (field, kind) = field.split_once('=').unwrap_or((field, "any"));
            let names = ColumnType::ALL.map(ColumnType::name).join(", ");
            let kind =
                ColumnType::of_name(kind).ok_or_else(|| error(format!("the type {kind:?} is not one of {names}")))?;
            if field.is_empty() {
                return Err(error("the name of a field is missing".to_owned()));
            }
            if field == "_id" || field == "_creationTime" {
                return Err(error(format!("every table has the column {field}")));
            }
            match columns.iter().find(|column| column.field == field) {
                Some(column) if column.kind != kind => return Err(error(format!("{field} has two types"))),
                Some(_) => {}
                None => columns.push(Column { field: field.to_owned(), kind }),
            }
        }
        Ok(())
    }

    /// Returns the extra columns of a table.
    pub fn of(&self, table: &TablePath) -> &[Column] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }

    /// Returns all tables that have extra columns.
    pub fn tables(&self) -> impl Iterator<Item = (&TablePath, &[Column])> {
        self.0.iter().map(|(table, columns)| (table, columns.as_slice()))
    }
}

/// Reads the name of a table on the command line: `users`, or `shop/cart/items` for the table `items` of the component `shop/cart`.
pub fn table_path(text: &str) -> Option<TablePath> {
    let (component, table) = text.rsplit_once('/').unwrap_or(("", text));
    (!table.is_empty()).then(|| TablePath::new(component, table))
}

/// Returns the `_creationTime` of a document. `None` if the selection excludes it.
///
/// # Errors
/// As for [`values`].
pub fn creation_time(document: &Document) -> Result<Option<f64>, serde_json::Error> {
    // The server writes the field first. Reading the whole document would take longer than storing it.
    let first = document.as_str().strip_prefix(r#"{"_creationTime":"#).and_then(|rest| rest.split([',', '}']).next());
    if let Some(time) = first.and_then(|number| number.parse().ok()) {
        return Ok(Some(time));
    }
    let column = Column { field: "_creationTime".to_owned(), kind: ColumnType::Float64 };
    match values(document, &[column])?.pop() {
        Some(Some(Value::Float64(time))) => Ok(Some(time)),
        _ => Ok(None),
    }
}

/// Returns the values of these columns in a document, in the same order. `None` is a missing field, `null`, or a value of another type.
///
/// # Errors
/// An error of a text that is not a JSON object, or of a field that is not a Convex value.
pub fn values(document: &Document, columns: &[Column]) -> Result<Vec<Option<Value>>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(document.as_str());
    let raw = deserializer.deserialize_map(Wanted(columns))?;
    let read = |(raw, column): (Option<&RawValue>, &Column)| match raw {
        None => Ok(None),
        Some(raw) => Ok(Some(serde_json::from_str(raw.get())?).filter(|value| column.kind.fits(value))),
    };
    raw.into_iter().zip(columns).map(read).collect()
}

/// Finds the fields of some columns.
struct Wanted<'a>(&'a [Column]);

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(Key(key)) = map.next_key()? {
            match self.0.iter().position(|column| column.field == key) {
                Some(at) => found[at] = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// A key that is copied only if its spelling has escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(arguments: &[&str]) -> Columns {
        let mut columns = Columns::new();
        arguments.iter().for_each(|argument| columns.add(argument).unwrap());
        columns
    }

    #[test]
    fn reads_the_columns_of_a_table_and_of_a_component() {
        let columns = columns(&["users:name,age=int64", "users:name,tag", "shop/cart/items:price=float64"]);
        let users: Vec<_> = columns.of(&TablePath::new("", "users")).iter().map(|one| one.field.as_str()).collect();
        assert_eq!(users, ["name", "age", "tag"]);
        let price = Column { field: "price".to_owned(), kind: ColumnType::Float64 };
        assert_eq!(columns.of(&TablePath::new("shop/cart", "items")), [price]);
        assert!(columns.of(&TablePath::new("", "items")).is_empty());
    }

    #[test]
    fn errors_name_the_argument_and_the_problem() {
        for (argument, problem) in [
            ("users", "no colon"),
            (":name", "no table"),
            ("shop/:name", "no table"),
            ("users:", "missing"),
            ("users:a,,b", "missing"),
            ("users:a=int", "int64"),
            ("users:a,a=text", "two types"),
            ("users:_id", "every table"),
        ] {
            let error = Columns::new().add(argument).unwrap_err().to_string();
            assert!(error.contains(problem) && error.contains(argument), "{error}");
        }
    }

    #[test]
    fn finds_the_creation_time_wherever_it_is() {
        for (text, expected) in [
            (r#"{"_creationTime":1750000990000.4214,"_id":"x"}"#, Some(1_750_000_990_000.421_4)),
            (r#"{"_id":"x","_creationTime":1.5}"#, Some(1.5)),
            (r#"{ "_creationTime" : 2.5, "_id":"x" }"#, Some(2.5)),
            (r#"{"_creationTime": 2e3,"_id":"x"}"#, Some(2000.0)),
            (r#"{"_id":"x","a":{"_creationTime":1.5}}"#, None),
        ] {
            assert_eq!(creation_time(&Document::parse(text).unwrap()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn returns_values_of_the_columns_type_only() {
        let document = Document::parse(
            r#"{"i":1,"f":1.0,"\u0073":"é","_id":"x","n":null,"o":{"a":[1]},"b":{"$bytes":"ABCD"},"nan":{"$float":"AAAAAAAA+H8="},"t":true}"#,
        )
        .unwrap();
        let read = |argument: &str| {
            let columns = columns(&[&format!("t:{argument}")]);
            values(&document, columns.of(&TablePath::new("", "t"))).unwrap()
        };
        assert_eq!(read("missing,n,i,s"), [None, None, Some(1.into()), Some("é".into())]);
        assert_eq!(read("f=int64,i=float64,t=text,o=bytes"), [None, None, None, None]);
        assert_eq!(read("f=float64,nan=float64"), [Some(1.0.into()), Some(f64::NAN.into())]);
        assert_eq!(
            read("b=bytes,t=boolean,s=text"),
            [Some(vec![0, 16, 131].into()), Some(true.into()), Some("é".into())]
        );
        let object = Value::Object([("a".to_owned(), Value::Array(vec![1.into()]))].into());
        assert_eq!(read("o"), [Some(object)]);
    }
}
