//! An in-memory Convex deployment for tests, and a control plane that creates such deployments. They respond as the real
//! servers do, and inject faults on request.
//!
//! The server shares no code with the crates that it tests: it has its own types for requests and responses, so a wrong field
//! name cannot pass on both sides. Only the feature `conformance`, which tests clients, uses the SDK. Status codes and error codes are those of the real server; the texts of messages are not.
//!
//! * In process: [`Fake`] is a tower service from `http::Request<Bytes>` to `http::Response<Bytes>`.
//! * On a loopback port: [`Fake::serve`].
//! * As a program: `convex-mgmt-fake serve`. Requests to `/_fake/...` do over HTTP what the methods of [`Fake`] do.
//!
//! A fake is one deployment. Build one for each deployment that a test needs.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use convex_mgmt_fake::Fake;
//!
//! let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01abcd").build();
//! let server = fake.serve("127.0.0.1:0").await?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! # Ok(())
//! # }
//! ```
//!
//! # The control plane
//!
//! [`FakeControlPlane`] serves the Management API below `/v1`, in the same three ways. The deployments that it creates are
//! live: each one is a [`Fake`] with a URL of its own ([`Addressing`]). In process, a control plane responds for all of its
//! deployments, too: the authority of a request selects the receiver.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use bytes::Bytes;
//! use convex_mgmt_fake::{FakeControlPlane, TokenClass};
//! use http::Request;
//! use serde_json::Value;
//! use tower::ServiceExt;
//!
//! let plane = FakeControlPlane::builder("acme").token(TokenClass::Team, "eyJ2MiI6IngifQ==").build();
//! let request = Request::post("https://api.convex.dev/v1/teams/1/create_project")
//!     .header("authorization", "Bearer eyJ2MiI6IngifQ==")
//!     .header("content-type", "application/json")
//!     .body(Bytes::from(r#"{"projectName": "Shop", "deploymentType": "prod"}"#))?;
//! let created: Value = serde_json::from_slice(plane.clone().oneshot(request).await?.body())?;
//!
//! let url = created["deploymentUrl"].as_str().ok_or("no URL")?;
//! let request = Request::get(format!("{url}/api/v1/deployment_info"))
//!     .header("authorization", "Convex eyJ2MiI6IngifQ==")
//!     .body(Bytes::new())?;
//! let info: Value = serde_json::from_slice(plane.clone().oneshot(request).await?.body())?;
//! assert_eq!(info["projectName"], "Shop");
//!
//! // The ledger has what was created and deleted.
//! assert_eq!(plane.deployments().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! The server of the Management API is closed source. The statuses of successes, the fields and the accepted classes of tokens
//! are those of its document. These parts are inferred:
//!
//! * all errors, except the codes `TeamNotFound`, `ProjectNotFound`, `DeploymentNotFound`, `InvalidIdentity`,
//!   `AccessTokenInvalid`, `InvalidSlug`, `InvalidTeamName`, `EmailAlreadyExists`, `CustomRoleInUse`, `ProjectQuotaReached` and
//!   `DeploymentQuotaReached`, which clients of the real server know. Their statuses are inferred, too.
//! * the rejection of unknown fields where the document closes a schema, with 400 and `BadJsonBody`
//! * 403 and `OperationNotPermitted` for a token of another class, team or project
//! * generated references, slugs, the form of the suffix of a key's name, and the name of a team token without one
//! * the details of a personal access token, which have the type `personalToken`
//! * the order of lists whose order is not documented, and that both bounds of the audit log belong to the range
//! * the form of domains and emails; the resource of a role statement is any list of kinds with selectors
//! * the limits of default environment variables, which are those of a deployment
//! * the quotas, the retention of previews and the lifetime of invitations, which are [`Knobs`]
//!
//! Observed on the real service are the replacement of a preview under the same identifier, the delay of revocations, the
//! suffix of a name that is taken, and the 500 of overlapping deletions of preview deploy keys. The roles of members have no
//! effect: every member may do everything in its team.
//!
//! # Layout
//!
//! Each module uses only the modules above it:
//!
//! | module | content |
//! | --- | --- |
//! | `state` | the deployment, its settings, recorded requests and faults |
//! | `api` | the shared parts of all handlers: callers, arguments, errors, write conflicts |
//! | `deployment` | the Deployment Platform API: one module per topic, with its routes, handlers and state |
//! | `control` | [`Fake`] and its methods, and the routes below `/_fake/` |
//! | `server` | [`FakeBuilder`], the router, the handling of a request, the listener |
//! | `management` | the Management API: the state of a control plane, and one module per topic |
//! | `conformance` | the conformance run for transports, feature `conformance` |
//! | `control_plane` | [`FakeControlPlane`], its builder, its service, its ledger, and its routes below `/_fake/` |
//!
//! A new operation is a handler and a line in the `routes` of its topic. A new topic is a module and a line in
//! `deployment::routes` or `management::routes`. `Contention::post` declares a write that can lose against overlapping ones.
//! `management::register_hooks` registers what a topic adds to a new deployment.

mod api;
#[cfg(feature = "conformance")]
pub mod conformance;
mod control;
mod control_plane;
mod deployment;
mod management;
mod server;
mod state;

pub use control::{Fake, FunctionExecution, Import, Writes};
pub use control_plane::{FakeControlPlane, FakeControlPlaneBuilder, LedgerEntry, TokenClass};
pub use deployment::{
    DeliveryQuirk, Document, SeedStatus, Stops, StoredTable, SyncQuirk, Tables, UsageMetric, UsageWindow, Value,
    webhook_signature,
};
pub use management::{Addressing, TeamAuditEntry};
pub use server::{ConnectionReset, FakeBuilder, FakeServer};
pub use state::{AuditEntry, Fault, Knobs, Plan, RecordedRequest};
