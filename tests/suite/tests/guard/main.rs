//! Destructive operations: the guard that rejects them, the reading of their losses, and confirmations.

mod confirmed;
mod control_plane;
mod layer;

use bytes::Bytes;
use convex_mgmt::deployment::{ListAuditLogEvents, ListUsageLimits};
use convex_mgmt::guard::{Destructive, Loss, LossKind, Survey};
use convex_mgmt::proto::RequestEncoder;
use convex_mgmt::{
    BuildError, Client, ClientBuilder, DecodeError, DeploymentApi, Idempotency, Operation, OperationMeta, UnixMillis,
    Violation, Violations,
};
use convex_mgmt_suite::endpoint;
use http::Method;

/// A made-up operation that destroys a thing, unless it is a rehearsal.
#[derive(Clone, Debug)]
struct DropThing {
    name: &'static str,
    rehearsal: bool,
}

fn drop_thing() -> DropThing {
    DropThing { name: "a", rehearsal: false }
}

impl Operation for DropThing {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("drop_thing", Method::POST, "/drop_thing/{name}", Idempotency::Idempotent)
            .empty_response()
            .destroys("the thing");

    fn check(&self) -> Result<(), Violations> {
        let violation = self.name.is_empty().then(|| Violation::new("name", None, "must not be empty"));
        Violations::err_if_any(violation.into_iter().collect())
    }

    fn is_destructive(&self) -> bool {
        !self.rehearsal
    }

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.path("name", self.name)
    }

    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// The survey reads a list, and walks another one.
impl Destructive for DropThing {
    fn survey(&self) -> Survey<DeploymentApi> {
        let survey = Survey::new(Self::META, format!("thing {}", self.name));
        if self.rehearsal {
            return survey;
        }
        survey
            .read(ListUsageLimits::new(), |limits, losses| {
                for limit in limits {
                    losses.push(Loss::new(LossKind::Other("usage limit"), limit.id.as_str()));
                }
            })
            .pages(ListAuditLogEvents::new(UnixMillis(0)), |event, losses| {
                losses.push(Loss::new(LossKind::Other("event"), event.action.as_str()));
            })
    }
}

/// An operation whose author did not know `is_destructive`.
struct DropAll;

impl Operation for DropAll {
    type Api = DeploymentApi;
    type Output = ();
    const META: &'static OperationMeta =
        &OperationMeta::new::<DeploymentApi>("drop_all", Method::POST, "/drop_all", Idempotency::NonIdempotent)
            .empty_response()
            .destroys("everything");

    fn decode(_body: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Its survey reads nothing.
impl Destructive for DropAll {
    fn survey(&self) -> Survey<DeploymentApi> {
        Survey::new(Self::META, "everything")
    }
}

fn builder() -> ClientBuilder<DeploymentApi> {
    Client::builder(endpoint("https://happy-animal-123.convex.cloud"))
}
