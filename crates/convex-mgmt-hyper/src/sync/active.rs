//! [`find_active_sync`]: the server's record of a sync.

use convex_mgmt_proto::DeploymentApi;
use convex_mgmt_proto::deployment::ListActiveSyncs;
use convex_mgmt_proto::deployment::data_sync::ActiveSync;

use crate::client::Client;
use crate::error::Error;
use crate::service::Transport;
use crate::timer::Timer;

/// The number of syncs in a page: the server's maximum.
const PAGE: u32 = 100;

/// Returns the server's record of the sync `sync_id`, with the numbers of tables and documents. `None` if the server has no record of
/// it, for example because its last page is older than 3 days.
///
/// [`Checkpoint::sync_id`](convex_mgmt_proto::sync::Checkpoint::sync_id) is the id of a copy's sync. The server updates a record at most
/// every 5 s. It lists the syncs that were updated last first, so the record of a running sync is usually in the first page.
///
/// # Errors
/// The [`Error`] of a call.
pub async fn find_active_sync<S: Transport, T: Timer>(
    client: &Client<DeploymentApi, S, T>,
    sync_id: &str,
) -> Result<Option<ActiveSync>, Error> {
    let mut syncs = client.pages(ListActiveSyncs::new().limit(PAGE)).items();
    while let Some(sync) = syncs.next_item().await? {
        if sync.sync_id == sync_id {
            return Ok(Some(sync));
        }
    }
    Ok(None)
}
