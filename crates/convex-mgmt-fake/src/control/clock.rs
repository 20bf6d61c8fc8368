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

    /// Advances the deployment's clock. The deployments of a control plane share its clock: use
    /// [`FakeControlPlane::advance_clock`](crate::FakeControlPlane::advance_clock) for them.
    pub fn advance_clock(&self, time: Duration) {
        self.state.deployment().advance_clock(time);
    }
}

/// A server with a clock that can be advanced.
pub(crate) trait Clocked: Clone + Send + Sync + 'static {
    /// The time of the clock, since the Unix epoch.
    fn time(&self) -> Duration;

    /// Advances the clock.
    fn advance(&self, time: Duration);
}

impl Clocked for Fake {
    fn time(&self) -> Duration {
        self.state.deployment().now()
    }

    fn advance(&self, time: Duration) {
        self.advance_clock(time);
    }
}

/// The routes of any server with a clock.
pub(crate) fn clock_routes<C: Clocked>() -> Router<C> {
    Router::new().route("/_fake/clock", get(clock::<C>).post(advance::<C>))
}

/// Advances the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    milliseconds: u64,
}

async fn clock<C: Clocked>(State(server): State<C>) -> Json<Value> {
    Json(now(&server))
}

fn now(server: &impl Clocked) -> Value {
    json!({"now": millis(server.time())})
}

async fn advance<C: Clocked>(State(server): State<C>, commands: Commands<Advance>) -> Result<Json<Value>, Rejection> {
    let total = commands.iter().fold(0_u64, |total, command| total.saturating_add(command.milliseconds));
    if millis(server.time()).saturating_add(total) > LATEST {
        return Err(rejection("the clock cannot be advanced beyond the year 2199"));
    }
    Ok(commands.apply(|Advance { milliseconds }| {
        server.advance(Duration::from_millis(milliseconds));
        now(&server)
    }))
}
