//! [`Sessions`]: the sessions of browsers, by the id in a cookie.

use std::collections::BTreeMap;
use std::time::SystemTime;

use convex_mgmt::oauth::{PendingAuthorization, PendingAuthorizations};
use convex_mgmt::{ManagementClient, UnixMillis};

/// The maximum number of sessions of each kind. Above it the oldest one ends.
const CAPACITY: usize = 10_000;

/// The sessions in memory. A program that runs in several processes keeps them in a database instead, and the tokens encrypted.
pub(crate) struct Sessions {
    pending: PendingAuthorizations,
    connected: BTreeMap<String, (u64, ManagementClient)>,
    /// The number of sessions so far, which orders them by age.
    count: u64,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self { pending: PendingAuthorizations::new(CAPACITY), connected: BTreeMap::new(), count: 0 }
    }

    /// Creates a session that waits for the browser to come back from Convex. Returns its id.
    pub(crate) fn begin(&mut self, pending: PendingAuthorization) -> Result<String, getrandom::Error> {
        let id = new_id()?;
        self.pending.insert(&id, pending, now());
        Ok(id)
    }

    /// Removes the authorization of a session and returns it, so that no redirect uses it again.
    pub(crate) fn take_pending(&mut self, id: &str) -> Option<PendingAuthorization> {
        self.pending.take(id, now())
    }

    /// Creates a session of a connected user. It has a new id: nobody knows it who knew the one before the approval.
    pub(crate) fn connect(&mut self, client: ManagementClient) -> Result<String, getrandom::Error> {
        let id = new_id()?;
        if self.connected.len() >= CAPACITY {
            let oldest = self.connected.iter().min_by_key(|(_, (number, _))| *number).map(|(id, _)| id.clone());
            oldest.map(|id| self.connected.remove(&id));
        }
        self.count += 1;
        self.connected.insert(id.clone(), (self.count, client));
        Ok(id)
    }

    /// Returns the client of a connected user.
    pub(crate) fn client(&self, id: &str) -> Option<ManagementClient> {
        self.connected.get(id).map(|(_, client)| client.clone())
    }
}

/// 32 random bytes in hexadecimal digits.
fn new_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::getrandom(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn now() -> UnixMillis {
    UnixMillis::from_system_time(SystemTime::now()).unwrap_or_default()
}
