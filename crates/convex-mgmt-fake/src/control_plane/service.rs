//! The handling of a request: to the control plane or to one of its deployments, by the authority of the request.

#[cfg(feature = "server")]
use std::io;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::HOST;
use http::uri::Authority;
use http::{Request, StatusCode};
use tower::Service;

use super::control;
use super::handle::FakeControlPlane;
use crate::control::{Fake, PREFIX};
use crate::management::{ControlPlane, deployment_at_custom_domain};
use crate::server::{Call, ConnectionReset, Respond, call, respond};
#[cfg(feature = "server")]
use crate::server::{FakeServer, TcpListener};

/// The receiver of a request.
enum Receiver {
    ControlPlane,
    Deployment(Fake),
    /// A deployment that does not exist.
    Nobody,
}

impl Receiver {
    fn of(request: &Request<Body>, state: &mut ControlPlane) -> Self {
        let header = || request.headers().get(HOST)?.to_str().ok()?.parse::<Authority>().ok();
        let Some(authority) = request.uri().authority().cloned().or_else(header) else { return Self::ControlPlane };
        if let Some(deployment) = deployment_at_custom_domain(state, authority.host()) {
            return Self::Deployment(deployment.fake);
        }
        let cloud = &state.deployments.cloud;
        if let Some(deployment) = cloud.iter().find(|deployment| deployment.is_at(&authority)) {
            return Self::Deployment(deployment.fake.clone());
        }
        // Inferred: the edge answers for the hosts of deployments that do not exist.
        let is_host = !state.has_ports() && authority.host().ends_with(".localhost");
        if is_host || cloud.all().any(|deployment| deployment.is_at(&authority)) {
            Self::Nobody
        } else {
            Self::ControlPlane
        }
    }
}

impl Respond for FakeControlPlane {
    async fn respond(&self, request: Request<Body>) -> Result<Response, ConnectionReset> {
        let receiver = {
            let mut state = self.state.state();
            state.expire();
            Receiver::of(&request, &mut state)
        };
        match receiver {
            Receiver::ControlPlane if request.uri().path().starts_with(PREFIX) => {
                Ok(control::respond(self, request).await)
            }
            Receiver::ControlPlane => respond(&self.state, &self.router, request).await,
            Receiver::Deployment(fake) => fake.respond(request).await,
            Receiver::Nobody => Ok(StatusCode::NOT_FOUND.into_response()),
        }
    }
}

impl Service<Request<Bytes>> for FakeControlPlane {
    type Response = http::Response<Bytes>;
    type Error = ConnectionReset;
    type Future = Call;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ConnectionReset>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Call {
        call(self.clone(), request)
    }
}

#[cfg(feature = "server")]
impl FakeControlPlane {
    /// Starts a server on an address such as `127.0.0.1:0`. Port 0 selects a free port. The base URL of the API is its URL
    /// with `/v1`. The server runs on the tokio runtime of the caller.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub async fn serve(&self, address: &str) -> io::Result<FakeServer> {
        Ok(self.served_by(FakeServer::start(self.clone(), TcpListener::bind(address).await?)?))
    }

    /// Starts a server on an address such as `127.0.0.1:0`, on a thread with a tokio runtime of its own. Port 0 selects a free
    /// port. The base URL of the API is its URL with `/v1`. See [`Fake::serve_in_background`].
    ///
    /// # Errors
    /// If the address cannot be bound, or if the thread cannot be started.
    pub fn serve_in_background(&self, address: &str) -> io::Result<FakeServer> {
        Ok(self.served_by(FakeServer::start_in_background(self.clone(), address)?))
    }

    /// Gives deployments the port of a server.
    fn served_by(&self, server: FakeServer) -> FakeServer {
        let mut state = self.state.state();
        state.port = Some(server.address().port());
        for deployment in state.deployments.cloud.iter() {
            deployment.fake.state.deployment().url = Some(state.deployment_url(deployment));
        }
        server
    }
}
