//! The deployment's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::commands::{Commands, Rejection, rejection};
use super::fake::Fake;
use crate::state::millis;

/// The latest time that the clock can be set to, 2200-01-01, in milliseconds since the Unix epoch. Timestamps in nanoseconds
/// overflow in 2262.
const LATEST: u64 = 7_258_118_400_000;

impl Fake {
    /// Returns the time of the deployment's clock.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.state.deployment().now()
    }

    /// Advances the deployment's clock.
    pub fn advance_clock(&self, time: Duration) {
        self.state.deployment().advance_clock(time);
    }
}

pub(super) fn routes() -> Router<Fake> {
    Router::new().route("/_fake/clock", get(clock).post(advance))
}

/// Advances the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    milliseconds: u64,
}

async fn clock(State(fake): State<Fake>) -> Json<Value> {
    Json(now(&fake))
}

fn now(fake: &Fake) -> Value {
    json!({"now": millis(fake.state.deployment().now())})
}

async fn advance(State(fake): State<Fake>, commands: Commands<Advance>) -> Result<Json<Value>, Rejection> {
    let total = commands.iter().fold(0_u64, |total, command| total.saturating_add(command.milliseconds));
    if millis(fake.state.deployment().now()).saturating_add(total) > LATEST {
        return Err(rejection("the clock cannot be advanced beyond the year 2199"));
    }
    Ok(commands.apply(|Advance { milliseconds }| {
        fake.advance_clock(Duration::from_millis(milliseconds));
        now(&fake)
    }))
}
