//! [`PendingAuthorizations`]: pending authorizations in memory, one per session.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::pending::PendingAuthorization;
use crate::types::UnixMillis;

/// The time that a user has for an authorization. A code lives as long.
const LIFETIME: Duration = Duration::from_secs(600);

/// The pending authorizations of an application in one process, by session. [`PendingAuthorizations::take`] removes what it returns, so
/// no state is used twice.
///
/// * A session is the id in a cookie that only this browser has: unpredictable, `HttpOnly`, and `SameSite=Lax`, because the way back from
///   Convex begins on another site.
/// * A session has at most one pending authorization. A second one replaces the first, whose redirect is then
///   [`CallbackError::WrongState`](super::CallbackError::WrongState) or has no authorization.
/// * An authorization expires after 10 minutes, as long as a code lives.
/// * The number of authorizations is bounded. Above it the oldest one is dropped, so a flood of requests costs users an authorization and
///   not the process its memory.
///
/// Several processes need a store that they share. It must do the same: delete what it reads, in one step. `Debug` shows only the number of
/// authorizations.
pub struct PendingAuthorizations {
    capacity: usize,
    sessions: BTreeMap<Box<str>, Entry>,
}

struct Entry {
    begun: UnixMillis,
    pending: PendingAuthorization,
}

impl PendingAuthorizations {
    /// Creates an empty store for at most `capacity` authorizations, and at least one. One takes about 250 bytes, plus its session and its
    /// redirect URI.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), sessions: BTreeMap::new() }
    }

    /// Stores the authorization of a session. It replaces an earlier one of the same session.
    pub fn insert(&mut self, session: &str, pending: PendingAuthorization, now: UnixMillis) {
        self.sessions.remove(session);
        if self.sessions.len() >= self.capacity {
            self.sessions.retain(|_, entry| is_alive(entry, now));
        }
        if self.sessions.len() >= self.capacity {
            let oldest = self.sessions.iter().min_by_key(|(_, entry)| entry.begun).map(|(session, _)| session.clone());
            oldest.map(|session| self.sessions.remove(&session));
        }
        self.sessions.insert(session.into(), Entry { begun: now, pending });
    }

    /// Removes the authorization of a session and returns it. `None` if there is none, or if it has expired.
    pub fn take(&mut self, session: &str, now: UnixMillis) -> Option<PendingAuthorization> {
        self.sessions.remove(session).filter(|entry| is_alive(entry, now)).map(|entry| entry.pending)
    }
}

// The id of a session is secret.
impl fmt::Debug for PendingAuthorizations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorizations").field("len", &self.sessions.len()).finish_non_exhaustive()
    }
}

fn is_alive(entry: &Entry, now: UnixMillis) -> bool {
    now.saturating_duration_since(entry.begun) <= LIFETIME
}
