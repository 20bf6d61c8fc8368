//! [`Endpoints`]: the credentials of all endpoints of a layer, in bounded memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt_proto::{Api, Endpoint};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};

use super::credential_source::CredentialSource;
use super::source::{Backoff, Function, Settings, Source};

/// The sources of the endpoints whose credential the server has rejected. Others have none.
pub(super) struct Endpoints<A: Api, F: CredentialSource<A>> {
    function: Arc<Function<A, F>>,
    state: Mutex<State<A, F>>,
}

struct State<A: Api, F: CredentialSource<A>> {
    /// For new sources.
    settings: Settings,
    max: usize,
    known: HashMap<Key, Known<A, F>>,
    /// Counts the uses of all endpoints.
    uses: u64,
}

/// The identity of an endpoint: its URL and its original credential.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    url: String,
    authorization: HeaderValue,
}

struct Known<A: Api, F: CredentialSource<A>> {
    source: Arc<Source<A, F>>,
    /// The number of the last use.
    used: u64,
}

impl Key {
    fn of<A: Api>(request: &Request<Bytes>) -> Option<Self> {
        let authorization = request.headers().get(AUTHORIZATION)?.clone();
        Some(Self { url: Endpoint::<A>::url_of_request(request)?, authorization })
    }
}

impl<A: Api, F: CredentialSource<A>> Endpoints<A, F> {
    pub(super) fn new(function: Function<A, F>) -> Self {
        let backoff = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(60) };
        let settings = Settings { backoff, timeout: Duration::from_secs(30) };
        let state = State { settings, max: 10_000, known: HashMap::new(), uses: 0 };
        Self { function: Arc::new(function), state: Mutex::new(state) }
    }

    /// Returns the same function and settings, without credentials.
    pub(super) fn emptied(&self) -> Self {
        let state = self.state();
        let state = State { settings: state.settings, max: state.max, known: HashMap::new(), uses: 0 };
        Self { function: Arc::clone(&self.function), state: Mutex::new(state) }
    }

    pub(super) fn set_backoff(&self, base: Duration, max: Duration) {
        self.state().settings.backoff = Backoff { base, max };
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        self.state().settings.timeout = timeout;
    }

    pub(super) fn set_max(&self, max: usize) {
        self.state().max = max.max(1);
    }

    fn state(&self) -> MutexGuard<'_, State<A, F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the source of a request's endpoint, if it has one. The request has its original credential.
    pub(super) fn find(&self, request: &Request<Bytes>) -> Option<Arc<Source<A, F>>> {
        self.state().find(&Key::of::<A>(request)?)
    }

    /// Returns the source of the endpoint of a rejected request, which has its original credential. `None` for a request of
    /// another API.
    pub(super) fn find_or_add(&self, request: &Request<Bytes>) -> Option<Arc<Source<A, F>>> {
        let key = Key::of::<A>(request)?;
        // Dropped after the lock is released, because a fetch is foreign code.
        let _forgotten: Vec<Known<A, F>>;
        let mut state = self.state();
        if let Some(source) = state.find(&key) {
            return Some(source);
        }
        _forgotten = state.forget();
        let source = Arc::new(Source::new(Endpoint::of_request(request)?, Arc::clone(&self.function), state.settings));
        let used = state.uses;
        state.known.insert(key, Known { source: Arc::clone(&source), used });
        Some(source)
    }
}

impl<A: Api, F: CredentialSource<A>> State<A, F> {
    fn find(&mut self, key: &Key) -> Option<Arc<Source<A, F>>> {
        self.uses += 1;
        let known = self.known.get_mut(key)?;
        known.used = self.uses;
        Some(Arc::clone(&known.source))
    }

    /// Takes out the endpoints that were used least recently, until there is room for another one. Endpoints with a call in
    /// flight stay.
    fn forget(&mut self) -> Vec<Known<A, F>> {
        let mut forgotten = Vec::new();
        while self.known.len() >= self.max {
            // A scan costs little compared with the rejected request that led here.
            let idle = self.known.values().filter(|known| Arc::strong_count(&known.source) == 1);
            let Some(oldest) = idle.map(|known| known.used).min() else { break };
            forgotten.extend(self.known.extract_if(|_, known| known.used == oldest).map(|(_, known)| known));
        }
        forgotten
    }
}
