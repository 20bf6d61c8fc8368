//! [`tour`]: the calls that each program makes.

use convex_mgmt::deployment::{ListAuditLogEvents, ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Client, DeploymentApi, Error, ErrorCode, Timer, Transport, UnixMillis};

/// The variable that the programs set and delete.
pub(crate) const VARIABLE: &str = "CONVEX_MGMT_EXAMPLE";

/// Lists, updates, and walks pages. Returns the lines for a person.
pub(crate) async fn tour(client: &Client<DeploymentApi, impl Transport, impl Timer>) -> Result<String, Error> {
    let variables = client.send(&ListEnvironmentVariables::new()).await?;
    let mut text = format!("variables: {}\n", variables.names().collect::<Vec<_>>().join(", "));
    client.send(&UpdateEnvironmentVariables::new().set(VARIABLE, "hello")).await?;
    let variables = client.send(&ListEnvironmentVariables::new()).await?;
    text += &format!("after an update: {VARIABLE} = {}\n", variables.get(VARIABLE).map_or("", |value| value.expose()));
    client.send(&UpdateEnvironmentVariables::new().delete(VARIABLE)).await?;

    let mut pages = client.pages(ListAuditLogEvents::new(UnixMillis(0)).limit(1));
    for number in 1..=2 {
        match pages.next_page().await {
            Ok(Some(events)) => text += &format!("audit log, page {number}: {}\n", actions(&events)),
            Ok(None) => break,
            // Self-hosted deployments and some plans have none, or not from the beginning.
            Err(error) if matches!(error.code(), Some(ErrorCode::AuditLogsDisabled | ErrorCode::AuditLogsTooOld)) => {
                text += &format!("audit log: {}\n", error.summary());
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(text)
}

fn actions(events: &[convex_mgmt::deployment::audit_log::AuditLogEvent]) -> String {
    events.iter().map(|event| event.action.to_string()).collect::<Vec<_>>().join(", ")
}
