//! Control over HTTP: `/_fake/...` does what the methods of [`Fake`] do, for tests in any language.
//!
//! These requests need no credential, are not recorded and meet no faults.

mod orders;
mod records;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use self::orders::{Event, Forward, KeyChange, Orders, TableChange, UsageChange, Variables};
use crate::fake::Fake;
use crate::faults::{Order, Target};
use crate::state::millis;

/// What the paths of control begin with.
pub(crate) const PREFIX: &str = "/_fake/";

/// The last instant that the clock can be set to, 2200-01-01, in milliseconds. Times in nanoseconds end in 2262.
const LAST_INSTANT: u64 = 7_258_118_400_000;

/// A request of control that cannot be followed, with the reason.
type Rejection = (StatusCode, String);

fn rejection(reason: impl Into<String>) -> Rejection {
    (StatusCode::BAD_REQUEST, format!("{}\n", reason.into()))
}

/// Answers a request whose path begins with [`PREFIX`].
pub(crate) async fn answer(fake: &Fake, request: Request<axum::body::Body>) -> Response {
    let routes = Router::new()
        .route("/_fake/faults", post(order_faults).delete(clear_faults))
        .route("/_fake/tables", get(tables).post(change_tables))
        .route("/_fake/usage", post(change_usage))
        .route("/_fake/variables", get(variables).post(set_variables))
        .route("/_fake/events", post(emit_events))
        .route("/_fake/clock", get(clock).post(advance_clock))
        .route("/_fake/keys", post(change_keys))
        .route("/_fake/requests", get(records::requests))
        .route("/_fake/audit_log", get(records::audit_log))
        .fallback(async || {
            let known = "faults, tables, usage, variables, events, clock, keys, requests and audit_log";
            (StatusCode::NOT_FOUND, format!("there is no such path below /_fake/, only {known}\n"))
        });
    match routes.with_state(fake.clone()).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn order_faults(State(fake): State<Fake>, orders: Orders<Order>) -> Json<Value> {
    orders.apply(|Order { fault, target: Target { path, times } }| {
        for _ in 0..times {
            fake.state.faults().push(path.clone(), fault.clone());
        }
        json!({})
    })
}

async fn clear_faults(State(fake): State<Fake>) -> Json<Value> {
    fake.state.faults().clear();
    Json(json!({}))
}

async fn tables(State(fake): State<Fake>) -> Response {
    Json(fake.tables()).into_response()
}

async fn change_tables(State(fake): State<Fake>, orders: Orders<TableChange>) -> Json<Value> {
    fake.commit(|tables| orders.apply(|change| change.apply(tables)))
}

async fn change_usage(State(fake): State<Fake>, orders: Orders<UsageChange>) -> Json<Value> {
    orders.apply(|change| change.apply(&fake))
}

async fn variables(State(fake): State<Fake>) -> Json<Value> {
    Json(fake.variables().into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

async fn set_variables(State(fake): State<Fake>, orders: Orders<Variables>) -> Json<Value> {
    orders.apply(|changes| {
        for (name, value) in changes {
            match value {
                Some(value) => fake.set_variable(name, value),
                None => drop(fake.remove_variable(&name)),
            }
        }
        json!({})
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flush {
    #[serde(default)]
    flush: bool,
}

async fn emit_events(
    State(fake): State<Fake>,
    Query(Flush { flush }): Query<Flush>,
    orders: Orders<Event>,
) -> Json<Value> {
    if flush {
        // A stream that is not verified yet would miss the events.
        fake.log_streams_settled().await;
    }
    let reply = orders.apply(|Event { topic, fields }| {
        fake.emit(&topic, Value::Object(fields));
        json!({})
    });
    if flush {
        fake.flush_log_streams().await;
    }
    reply
}

async fn clock(State(fake): State<Fake>) -> Json<Value> {
    Json(now(&fake))
}

fn now(fake: &Fake) -> Value {
    json!({"now": millis(fake.state.deployment().now())})
}

async fn advance_clock(State(fake): State<Fake>, orders: Orders<Forward>) -> Result<Json<Value>, Rejection> {
    let total = orders.iter().fold(0_u64, |total, order| total.saturating_add(order.milliseconds));
    if millis(fake.state.deployment().now()).saturating_add(total) > LAST_INSTANT {
        return Err(rejection("the clock cannot be put beyond the year 2199"));
    }
    Ok(orders.apply(|order| {
        fake.advance_clock(order.time());
        now(&fake)
    }))
}

async fn change_keys(State(fake): State<Fake>, orders: Orders<KeyChange>) -> Result<Json<Value>, Rejection> {
    let name = fake.state.deployment().name.clone();
    for order in orders.iter() {
        order.check(&name).map_err(rejection)?;
    }
    Ok(orders.apply(|change| change.apply(&fake)))
}
