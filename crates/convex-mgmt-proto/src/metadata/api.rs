//! [`Api`]: the two APIs as types.

/// One of the two APIs, as a type: [`DeploymentApi`] or [`ManagementApi`].
///
/// It ties an [`Operation`](crate::Operation) to the [`Endpoint`](crate::Endpoint) that serves it, so that a mix-up does not compile.
pub trait Api: sealed::Sealed + 'static {
    /// The API's short name, as in [`OperationMeta::api`](crate::OperationMeta::api).
    const KEY: &'static str;
    /// The API's name in texts for people.
    const NAME: &'static str;
    /// The scheme in the `Authorization` header, with the space that follows. Source: the published OpenAPI
    /// documents; convex-backend `crates/local_backend/src/authentication.rs`.
    const SCHEME: &'static str;
    /// The common prefix of all paths.
    const PREFIX: &'static str;
    /// The largest request body that the server accepts, in bytes, if known. Source: convex-backend
    /// `crates/common/src/http/extract.rs` and the default limit of its framework.
    const BODY_LIMIT: Option<usize>;
}

/// The Deployment Platform API, served by each deployment at its own URL.
#[derive(Clone, Copy, Debug)]
pub enum DeploymentApi {}

/// The Management API, served at `https://api.convex.dev`.
#[derive(Clone, Copy, Debug)]
pub enum ManagementApi {}

/// The common prefix of all paths of an API, as a literal for docs.
macro_rules! prefix {
    (DeploymentApi) => {
        "/api/v1"
    };
    (ManagementApi) => {
        "/v1"
    };
}

pub(crate) use prefix;

impl Api for DeploymentApi {
    const KEY: &'static str = "deployment";
    const NAME: &'static str = "Deployment Platform API";
    const SCHEME: &'static str = "Convex ";
    const PREFIX: &'static str = prefix!(DeploymentApi);
    const BODY_LIMIT: Option<usize> = Some(2 * 1024 * 1024);
}

impl Api for ManagementApi {
    const KEY: &'static str = "management";
    const NAME: &'static str = "Management API";
    const SCHEME: &'static str = "Bearer ";
    const PREFIX: &'static str = prefix!(ManagementApi);
    const BODY_LIMIT: Option<usize> = None;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::DeploymentApi {}
    impl Sealed for super::ManagementApi {}
}
