//! [`Pool`]: the pooled connections of a transport, and when they are left.

use std::sync::{PoisonError, RwLock};

use http::Request;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};

use super::body::Whole;
use crate::connect::Connector;

/// The connections, and how to begin anew with none.
pub(super) struct Pool {
    builder: Builder,
    connector: Connector,
    /// Counted, so that answers to requests that went out together begin anew once.
    current: RwLock<(u64, Client<Connector, Whole>)>,
}

impl Pool {
    pub(super) fn new(builder: Builder, connector: Connector) -> Self {
        let current = RwLock::new((0, builder.build(connector.clone())));
        Self { builder, connector, current }
    }

    pub(super) fn request(&self, request: Request<Whole>) -> (u64, ResponseFuture) {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.0, current.1.request(request))
    }

    /// Keeps no connection of this generation for later requests. Requests that are under way keep theirs.
    pub(super) fn leave(&self, generation: u64) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.0 == generation {
            *current = (generation + 1, self.builder.build(self.connector.clone()));
        }
    }
}
