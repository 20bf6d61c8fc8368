//! Opens connections for a pool.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::connection::{Connection, Unopened};
use super::hosts::Grant;
use super::key::Key;
use super::lease::{Lease, Pool};
use super::task::{self, AbortOnDrop};
use super::turn::Turn;
use crate::connect::Opened;

/// Opens a connection and returns a lease of it.
pub(super) fn open(pool: Arc<Pool>, key: Key) -> Pin<Box<dyn Future<Output = Grant<Lease>> + Send>> {
    // Boxed with its type erased, because it is large and part of several futures.
    Box::pin(async move { connect(&pool, &key).await.map_err(Arc::new) })
}

/// The time that a call has for its request, after it opened a connection for all and before others send theirs.
const FIRST: Duration = Duration::from_millis(100);

/// Opens a connection on behalf of all calls that wait for one.
///
/// A task opens it, because a caller may hold the future of its call without polling it, and the other calls must not wait for
/// that. The task ends with the future.
pub(super) async fn open_for_all(turn: Turn<Lease>) -> Grant<Lease> {
    let (sender, receiver) = oneshot::channel();
    let _task = AbortOnDrop(task::spawn(&Handle::current(), async move {
        match open(Arc::clone(&turn.store), turn.key.clone()).await {
            Ok(mut lease) => {
                let unshared = lease.keep(turn);
                drop(sender.send(Ok(lease)));
                if let Some(unshared) = unshared {
                    tokio::time::sleep(FIRST).await;
                    unshared.publish();
                }
            }
            Err(reason) => {
                turn.fail(&reason);
                drop(turn);
                drop(sender.send(Err(reason)));
            }
        }
    }));
    receiver.await.unwrap_or_else(|_| Err(Arc::new(Unopened::Broken("the task that opened it has ended".into()))))
}

async fn connect(pool: &Arc<Pool>, key: &Key) -> Result<Lease, Unopened> {
    let target = key.uri().map_err(|error| Unopened::Connect(error.into()))?;
    let Opened { io, is_http2 } = pool.connector.open(target).await.map_err(Unopened::Connect)?;
    let id = pool.hosts().new_id();
    let driven = Driven { pool: Arc::downgrade(pool), key: key.clone(), id };
    // Not used in a build without HTTP/2.
    let _ = is_http2;
    #[cfg(feature = "http2")]
    if is_http2 && let Some(builder) = &pool.settings.http2 {
        let (connection, driver) = builder.handshake(io).await.map_err(Unopened::broken)?;
        task::spawn(&Handle::current(), async move {
            drop(driver.await);
            drop(driven);
        });
        return Ok(Lease::opened(pool, key, id, Connection::Http2(connection)));
    }
    let (mut connection, driver) = pool.settings.http1.handshake(io).await.map_err(Unopened::broken)?;
    let (failing, failure) = oneshot::channel();
    task::spawn(&Handle::current(), async move {
        if let Err(error) = driver.with_upgrades().await {
            drop(failing.send(error));
        }
        drop(driven);
    });
    match connection.ready().await {
        Ok(()) => Ok(Lease::opened(pool, key, id, Connection::Http1(connection))),
        // The driver has the reason.
        Err(closed) => Err(Unopened::broken(failure.await.unwrap_or(closed))),
    }
}

/// A connection whose driver runs. When it is dropped, the pool removes the connection: it broke, or its runtime has ended.
struct Driven {
    pool: Weak<Pool>,
    key: Key,
    id: u64,
}

impl Drop for Driven {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.remove(&self.key, self.id);
        }
    }
}
