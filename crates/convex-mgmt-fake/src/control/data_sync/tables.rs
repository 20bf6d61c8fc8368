//! The tables of the deployment: transactions, and the control route for them.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value as JsonValue, json};

use crate::control::commands::Commands;
use crate::control::fake::Fake;
use crate::deployment::{DataSync, Document, StoredTable, Tables, Value};

impl Fake {
    /// Changes the deployment's tables in one transaction, as a mutation of the app would. No request is handled meanwhile.
    pub fn commit<T>(&self, change: impl FnOnce(&mut Tables<'_>) -> T) -> T {
        let mut deployment = self.state.deployment();
        let deployment = &mut *deployment;
        let now = deployment.now();
        deployment.topics.of::<DataSync>().commit(now, &deployment.knobs, change)
    }

    /// Returns the live tables with their documents, in order of creation.
    pub fn tables(&self) -> Vec<StoredTable> {
        self.state.deployment().topics.of::<DataSync>().tables()
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new()
        .route("/_fake/tables", get(tables).post(change))
        .route("/_fake/hidden_tables", get(async |State(fake): State<Fake>| Json(fake.hidden_tables())))
}

/// A change of tables. The default component is the root component.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum TableChange {
    CreateTable {
        #[serde(default)]
        component: String,
        table: String,
    },
    ReplaceTable {
        #[serde(default)]
        component: String,
        table: String,
        documents: Vec<Map<String, JsonValue>>,
    },
    ClearTable {
        #[serde(default)]
        component: String,
        table: String,
    },
    DeleteTable {
        #[serde(default)]
        component: String,
        table: String,
    },
    Insert {
        #[serde(default)]
        component: String,
        table: String,
        document: Map<String, JsonValue>,
    },
    Replace {
        #[serde(default)]
        component: String,
        table: String,
        id: String,
        document: Map<String, JsonValue>,
    },
    Delete {
        #[serde(default)]
        component: String,
        table: String,
        id: String,
    },
    BeginImport {
        #[serde(default)]
        component: String,
        table: String,
    },
    InsertImported {
        import: u64,
        documents: Vec<Map<String, JsonValue>>,
    },
    FinishImport {
        import: u64,
    },
}

impl TableChange {
    fn apply(self, tables: &mut Tables<'_>) -> JsonValue {
        match self {
            Self::CreateTable { component, table } => {
                tables.create_table(&component, &table);
                json!({})
            }
            Self::ReplaceTable { component, table, documents } => {
                json!({"ids": tables.replace_table(&component, &table, documents.into_iter().map(fields))})
            }
            Self::ClearTable { component, table } => {
                tables.clear_table(&component, &table);
                json!({})
            }
            Self::DeleteTable { component, table } => json!({"found": tables.delete_table(&component, &table)}),
            Self::Insert { component, table, document } => {
                json!({"id": tables.insert(&component, &table, fields(document))})
            }
            Self::Replace { component, table, id, document } => {
                json!({"found": tables.replace(&component, &table, &id, fields(document))})
            }
            Self::Delete { component, table, id } => json!({"found": tables.delete(&component, &table, &id)}),
            Self::BeginImport { component, table } => json!({"import": tables.begin_import(&component, &table)}),
            Self::InsertImported { import, documents } => {
                json!({"ids": tables.insert_imported(import, documents.into_iter().map(fields))})
            }
            Self::FinishImport { import } => json!({"found": tables.finish_import(import)}),
        }
    }
}

fn fields(document: Map<String, JsonValue>) -> Document {
    document.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

async fn tables(State(fake): State<Fake>) -> Json<Vec<StoredTable>> {
    Json(fake.tables())
}

async fn change(State(fake): State<Fake>, commands: Commands<TableChange>) -> Json<JsonValue> {
    fake.commit(|tables| commands.apply(|change| change.apply(tables)))
}
