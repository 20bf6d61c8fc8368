//! Connections to PostgreSQL whose locks end soon after their machine.

use std::time::Duration;

use tokio_postgres::{Client, Config, NoTls};

use super::error::PostgresError;

/// Settings of the session in the server. A machine that disappears without closing its connection loses its locks after 15 s; a
/// program that hangs within a transaction, after a minute.
const SESSION: &str = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2 \
    -c tcp_user_timeout=15000 -c idle_in_transaction_session_timeout=60000";

/// Connects to a database, such as `postgres://user:password@host/database`. The tokio runtime drives the connection until the client is
/// dropped.
///
/// The connection has no TLS: use it within a machine or a private network, or through a proxy that adds TLS. Use no pool that
/// shares a session between transactions: the lock belongs to the session.
///
/// # Errors
/// [`PostgresError::Url`] and [`PostgresError::Connect`].
pub async fn connect(url: &str) -> Result<Client, PostgresError> {
    let mut config: Config = url.parse().map_err(PostgresError::Url)?;
    let options = [config.get_options().unwrap_or_default(), SESSION].join(" ");
    config.options(options.trim());
    if config.get_application_name().is_none() {
        config.application_name("convex-mgmt-mirror");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    // A server that disappears is an error after a similar time.
    config.keepalives_idle(Duration::from_secs(5)).keepalives_interval(Duration::from_secs(5)).keepalives_retries(2);
    config.tcp_user_timeout(Duration::from_secs(15));
    let (client, connection) = config.connect(NoTls).await.map_err(PostgresError::Connect)?;
    // The next statement reports what ends the connection.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}
