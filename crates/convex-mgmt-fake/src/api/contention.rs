//! [`Contention`]: writes that fail because another write to the same data commits first. Source: convex-backend's
//! `crates/errors/src/lib.rs`.

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};

use super::error::ApiError;
use super::sleep::sleep;
use crate::state::{Settings, Shared};

/// A group of operations that write the same data. If two of them overlap, the first to commit wins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contention {
    data: &'static str,
    attempts: u32,
    /// The error of a write that lost.
    lost: fn() -> ApiError,
}

impl Contention {
    /// Operations that write `data`. The server makes one attempt at each.
    pub(crate) const fn on(data: &'static str) -> Self {
        Self { data, attempts: 1, lost: ApiError::write_conflict }
    }

    /// Sets how many attempts the server itself makes before the request fails.
    pub(crate) const fn attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// Sets the error of a write that lost. The default is a 503 that says so.
    pub(crate) const fn lost(self, lost: fn() -> ApiError) -> Self {
        Self { lost, ..self }
    }

    /// The `POST` route of an operation of this group.
    pub(crate) fn post<S, H, T>(self, handler: H) -> MethodRouter<Shared<S>>
    where
        S: Settings,
        H: Handler<T, Shared<S>>,
        T: 'static,
    {
        post(async move |State(state): State<Shared<S>>, request: Request| self.run(&state, request, handler).await)
    }

    /// Runs the handler unless every attempt loses. Only a 2xx is a commit, which makes overlapping writes lose.
    async fn run<S, H, T>(self, state: &Shared<S>, request: Request, handler: H) -> Response
    where
        S: Settings,
        H: Handler<T, Shared<S>>,
        T: 'static,
    {
        for _ in 0..self.attempts {
            let commit_time = state.state().knobs().commit_time;
            if commit_time.is_zero() {
                return handler.call(request, state.clone()).await;
            }
            let seen = state.commits().await.get(self.data).copied();
            sleep(commit_time).await;
            // Held while the handler runs: no other write may commit between the check and the end of this one.
            let mut commits = state.commits().await;
            if commits.get(self.data).copied() == seen {
                let response = handler.call(request, state.clone()).await;
                if response.status().is_success() {
                    *commits.entry(self.data).or_default() += 1;
                }
                return response;
            }
        }
        (self.lost)().into_response()
    }
}
