//! The expressions of generated columns.

use crate::columns::{Column, ColumnType};

/// The expression of `_creationTime`, which a selection may exclude.
pub(super) const CREATION_TIME: &str = "CASE jsonb_typeof(_document->'_creationTime') WHEN 'number' THEN \
    (_document->>'_creationTime')::double precision END";

/// Returns the SQL type of a column and the expression of its value. Values of other types become `NULL`.
pub(super) fn definition(column: &Column) -> (&'static str, String) {
    let field = literal(&column.field);
    let (json, text) = (format!("(_document->{field})"), format!("(_document->>{field})"));
    match column.kind {
        ColumnType::Any => ("jsonb", format!("NULLIF({json}, 'null'::jsonb)")),
        ColumnType::Text => ("text", format!("CASE jsonb_typeof({json}) WHEN 'string' THEN {text} END")),
        ColumnType::Boolean => {
            ("boolean", format!("CASE jsonb_typeof({json}) WHEN 'boolean' THEN {text}::boolean END"))
        }
        ColumnType::Int64 => {
            ("bigint", format!("CASE WHEN {} AND {text} NOT LIKE '%.%' THEN {text}::bigint END", is_number(&json)))
        }
        // A float always has a point; its wrapper contains its 8 bytes, little-endian, as base64. The last case is NaN, which
        // has many spellings.
        ColumnType::Float64 => (
            "double precision",
            format!(
                "CASE WHEN {} AND {text} LIKE '%.%' THEN {text}::double precision \
                 WHEN jsonb_typeof({json}->'$float') = 'string' THEN CASE {json}->>'$float' \
                 WHEN 'AAAAAAAAAIA=' THEN '-0'::double precision WHEN 'AAAAAAAA8H8=' THEN 'Infinity' \
                 WHEN 'AAAAAAAA8P8=' THEN '-Infinity' ELSE 'NaN' END END",
                is_number(&json)
            ),
        ),
        ColumnType::Bytes => (
            "bytea",
            format!("CASE jsonb_typeof({json}->'$bytes') WHEN 'string' THEN decode({json}->>'$bytes', 'base64') END"),
        ),
    }
}

fn is_number(json: &str) -> String {
    format!("jsonb_typeof({json}) = 'number'")
}

/// Writes a text as a literal of SQL. The server's `standard_conforming_strings` may be off, so a backslash uses the `E` form.
fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}
