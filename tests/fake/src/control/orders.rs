//! [`Orders`]: the JSON bodies of control, and what each of them does.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Request};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as JsonValue, json};

use super::{Rejection, rejection};
use crate::data_sync::{Document, Tables, Value};
use crate::fake::Fake;
use crate::usage::{SeedStatus, UsageMetric, UsageWindow};

/// The body of a request: one object, or a list of objects that are applied in order. All of them are read before the
/// first is applied. The content type does not count.
pub(super) struct Orders<T> {
    orders: Vec<T>,
    /// Whether the body is a list. The reply is one, too, then.
    is_list: bool,
}

impl<T> Orders<T> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.orders.iter()
    }

    /// Applies each of them. The reply has what came of each.
    pub(super) fn apply(self, mut apply: impl FnMut(T) -> JsonValue) -> Json<JsonValue> {
        let mut results = self.orders.into_iter().map(&mut apply);
        Json(if self.is_list { results.collect() } else { results.next().unwrap_or_default() })
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Orders<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Rejection> {
        let body = request.into_body().collect().await.map_err(|error| rejection(error.to_string()))?.to_bytes();
        let json =
            serde_json::from_slice(&body).map_err(|error| rejection(format!("the body is not JSON: {error}")))?;
        let read = |json| serde_json::from_value(json).map_err(|error| error.to_string());
        match json {
            JsonValue::Array(items) => {
                let read = |(place, item)| read(item).map_err(|error| rejection(format!("at index {place}: {error}")));
                let orders = (0_usize..).zip(items).map(read).collect::<Result<_, _>>()?;
                Ok(Self { orders, is_list: true })
            }
            JsonValue::Object(_) => Ok(Self { orders: vec![read(json).map_err(rejection)?], is_list: false }),
            _ => Err(rejection("the body is neither an object nor a list of objects")),
        }
    }
}

/// Variables to set, or to delete with `null`.
pub(super) type Variables = BTreeMap<String, Option<String>>;

/// Puts the clock forward.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forward {
    pub(super) milliseconds: u64,
}

impl Forward {
    pub(super) fn time(&self) -> Duration {
        Duration::from_millis(self.milliseconds)
    }
}

/// An event for log streams.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub(super) topic: String,
    #[serde(default)]
    pub(super) fields: Map<String, JsonValue>,
}

/// A change of usage.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum UsageChange {
    Add { metric: UsageMetric, amount: f64 },
    Set { metric: UsageMetric, window: UsageWindow, amount: f64 },
    SeedStatus { status: SeedStatus },
    EvaluateLimits {},
}

impl UsageChange {
    pub(super) fn apply(self, fake: &Fake) -> JsonValue {
        match self {
            Self::Add { metric, amount } => fake.add_usage(metric, amount),
            Self::Set { metric, window, amount } => fake.set_usage(metric, window, amount),
            Self::SeedStatus { status } => fake.set_seed_status(status),
            Self::EvaluateLimits {} => fake.evaluate_usage_limits(),
        }
        json!({})
    }
}

/// A key that comes or goes.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum KeyChange {
    Add {
        key: String,
        role: Role,
        /// What a token permits; nothing permits everything.
        #[serde(default)]
        actions: Vec<String>,
    },
    Revoke {
        key: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Role {
    Admin,
    ReadOnly,
    Token,
}

impl KeyChange {
    /// Says why a key would never be accepted at a deployment.
    pub(super) fn check(&self, deployment: &str) -> Result<(), String> {
        let Self::Add { key, role, actions } = self else { return Ok(()) };
        if *role == Role::Token {
            return if key.is_empty() { Err("the key is empty".to_owned()) } else { Ok(()) };
        }
        if !actions.is_empty() {
            return Err("only a token has actions".to_owned());
        }
        match key.split_once('|') {
            Some((name, secret)) if name == deployment && !secret.is_empty() => Ok(()),
            _ => Err(format!("an admin key is of the form '{deployment}|SECRET'")),
        }
    }

    pub(super) fn apply(self, fake: &Fake) -> JsonValue {
        match self {
            Self::Add { key, role: Role::Admin, .. } => fake.add_admin_key(key),
            Self::Add { key, role: Role::ReadOnly, .. } => fake.add_read_only_key(key),
            Self::Add { key, role: Role::Token, actions } => fake.add_token(key, actions),
            Self::Revoke { key } => return json!({"found": fake.revoke_key(&key)}),
        }
        json!({})
    }
}

/// A change of tables. A missing component is the app itself.
#[derive(Deserialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(super) enum TableChange {
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
}

impl TableChange {
    pub(super) fn apply(self, tables: &mut Tables<'_>) -> JsonValue {
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
        }
    }
}

fn fields(document: Map<String, JsonValue>) -> Document {
    document.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}
