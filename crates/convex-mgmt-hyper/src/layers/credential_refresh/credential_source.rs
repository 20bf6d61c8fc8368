//! [`CredentialSource`]: the caller's function or type that returns new credentials.

use convex_mgmt_proto::{Api, Endpoint};

/// A source of credentials for a [`CredentialRefreshLayer`](super::CredentialRefreshLayer).
///
/// Every function and closure `Fn(Endpoint<A>) -> impl Future<Output = Result<Credential, BoxError>>` implements it. Implement it for a
/// type of your own to name the type of a layer or client that has it:
///
/// ```
/// use std::pin::Pin;
/// use std::rc::Rc;
///
/// use convex_mgmt::hyper::layers::{CredentialRefreshLayer, CredentialSource};
/// use convex_mgmt::tower::BoxError;
/// use convex_mgmt::{AccessToken, Endpoint, ManagementApi};
///
/// /// Reads tokens through a connection of this thread.
/// struct Vault {
///     connection: Rc<str>,
/// }
///
/// impl CredentialSource<ManagementApi> for Vault {
///     type Future = Pin<Box<dyn Future<Output = Result<AccessToken, BoxError>>>>;
///
///     fn fetch(&self, _rejected: Endpoint<ManagementApi>) -> Self::Future {
///         let connection = Rc::clone(&self.connection);
///         Box::pin(async move { Ok(AccessToken::parse(&connection)?) })
///     }
/// }
///
/// struct App {
///     refresh: CredentialRefreshLayer<ManagementApi, Vault>,
/// }
///
/// let app = App { refresh: CredentialRefreshLayer::from_source(Vault { connection: "team:acme|made-up".into() }) };
/// ```
///
/// A function that returns a layer for spawned calls names the bounds of its source:
///
/// ```
/// use convex_mgmt::hyper::layers::{CredentialRefreshLayer, CredentialSource};
/// use convex_mgmt::{DeployKey, DeploymentApi};
///
/// fn refresh() -> CredentialRefreshLayer<DeploymentApi, impl CredentialSource<DeploymentApi, Future: Send> + Send + Sync> {
///     CredentialRefreshLayer::new(async |_| Ok(DeployKey::parse("prod:happy-animal-123|made-up")?))
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of credentials for `{A}`",
    label = "not a `CredentialSource`",
    note = "a source is a function from `Endpoint<{A}>` to a future of a `Result<Credential, tower::BoxError>`"
)]
pub trait CredentialSource<A: Api> {
    /// The future of [`fetch`](Self::fetch). Its output is a `Result<Credential, BoxError>`, with any [credential](convex_mgmt_proto::Authorizes) of the API.
    // The constructors of the layer require that output. A bound here would name the lifetime of the error, `'static`, and the compiler
    // would then reject the future of a call in `tokio::spawn`, because it erases lifetimes before it checks for `Send`.
    type Future: Future;

    /// Returns another credential for an endpoint. The endpoint has its original credential, which the server has rejected.
    ///
    /// The layer calls this method while it polls a call that waits for the result.
    fn fetch(&self, endpoint: Endpoint<A>) -> Self::Future;
}

impl<A, F, R> CredentialSource<A> for F
where
    A: Api,
    F: Fn(Endpoint<A>) -> R,
    R: Future,
{
    type Future = R;

    fn fetch(&self, endpoint: Endpoint<A>) -> R {
        self(endpoint)
    }
}
