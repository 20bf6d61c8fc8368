//! The help of the program.

use convex_mgmt_fake::Knobs;

const USAGE: &str = "\
An in-memory Convex deployment for tests, and a control plane with the Management API.

usage: convex-mgmt-fake serve [--listen ADDRESS] --deployment NAME --admin-key KEY
                              [--read-only-key KEY]... [--token KEY=ACTION,...]...
                              [--plan JSON] [--knob NAME=VALUE]...
                              [--seed-documents N] [--writes-per-second RATE] [--seed SEED]
       convex-mgmt-fake serve --control-plane [--control-plane-listen ADDRESS] [--team SLUG]
                              [--token KIND=TEXT]... [--addressing HOW] [--knob NAME=VALUE]...

  --listen ADDRESS      the address to listen on; port 0 selects a free port (default 127.0.0.1:0)
  --deployment NAME     the name of the deployment
  --admin-key KEY       a key with all permissions, such as 'happy-animal-123|01ab'
  --read-only-key KEY   a key with read permissions
  --token KEY=ACTIONS   a token that permits these actions, separated by commas; no actions permit everything
  --plan JSON           makes it a cloud deployment; '{}' is a dev deployment with every entitlement
  --knob NAME=VALUE     changes a setting of the server, such as max-env-vars=8
  --seed-documents N    inserts made-up documents into the tables users, orders and, in the component payments, charges
  --writes-per-second RATE
                        inserts, changes and deletes random documents of these tables while the program runs
  --seed SEED           the seed of both, a number; the same seed makes up the same documents (default 0)
  --control-plane       serves the Management API below /v1. The deployments that it creates are live. With a deployment of
                        the first form, it serves both
  --control-plane-listen ADDRESS
                        the address of the control plane (default 127.0.0.1:0)
  --team SLUG           the slug of its team, which has the id 1 and one member (default team)
  --token KIND=TEXT     with --control-plane: a token of the kind team, person, oauth-team or oauth-project. For the text
                        'project:TEAM:PROJECT|SECRET', the project is created; without a prefix, its slug is project
  --addressing HOW      ports: each deployment has a port (default); hosts: http://NAME.localhost on the control plane's port

A plan has the fields deploymentType (dev, prod, preview or custom), logStreamingEnabled, streamingExportEnabled,
auditLogRetentionDays (-1 for all), customAuditLogsInLogStreamsConfigEnabled, teamId, projectId, deploymentId, projectName,
projectSlug and reference. The value of a knob is a number, a time in milliseconds, or two of them as DEFAULT/MAX:
KNOBS.

The first line of the output is 'listening on http://ADDRESS'. With --control-plane, the second one is
'control plane on http://ADDRESS'; without a deployment, both have the same address. The program stops on Ctrl-C or SIGTERM.

While it runs, a test controls it over HTTP. A body is a JSON object, or a list of objects that are applied in order:
  POST /_fake/faults     {\"fault\":\"response\",\"status\":503,\"code\":\"TooEarly\"}, or another fault: emptyBody, halfBody, delay with
                         \"milliseconds\", reset, lostResponse. \"path\" is the end of the matching paths, \"times\" the number
                         of requests that receive it. DELETE /_fake/faults removes all faults.
  POST /_fake/tables     {\"change\":\"insert\",\"table\":\"messages\",\"document\":{\"body\":\"hello\"}}; the other changes are
                         replace and delete with \"id\", replaceTable with \"documents\", createTable, clearTable and
                         deleteTable. \"component\" is a path such as shop/cart. A list is one transaction. beginImport
                         returns the id of an \"import\" for insertImported with \"documents\" and for finishImport.
  POST /_fake/sync_quirks {\"quirk\":\"noCursor\",\"pages\":1} lets the next pages of data sync be wrong; the other quirks are
                         ignoresSelection, otherSyncId, sameCursor, unknownStatus with a \"status\", and foreignDocument
                         and foreignTruncate with \"component\" and \"table\". DELETE removes them.
  POST /_fake/expire_sync_cursors lets all cursors of data sync expire that exist now
  POST /_fake/usage      {\"change\":\"add\",\"metric\":\"functionCalls\",\"amount\":1}, set with a \"window\" (day or month),
                         seedStatus with a \"status\" (pending, partial, complete, failed), or evaluateLimits
  POST /_fake/variables  {\"NAME\":\"value\"}; null deletes a variable
  POST /_fake/events     {\"topic\":\"console\",\"fields\":{}}; with ?flush=true the response waits for the delivery
  POST /_fake/traffic    {\"events\":100,\"seed\":1} emits made-up events
  POST /_fake/delivery_quirks {\"quirk\":\"twice\",\"batches\":1} for the next batches; the other quirks are late, never, normal
  POST /_fake/clock      {\"milliseconds\":86400000} advances the clock
  POST /_fake/keys       {\"change\":\"add\",\"key\":KEY,\"role\":ROLE} with the role admin, readOnly, or token (which may have
                         \"actions\"); {\"change\":\"revoke\",\"key\":KEY}
  GET  /_fake/requests   the recorded requests; ?from=NUMBER skips those before
  GET  /_fake/tables, /_fake/hidden_tables, /_fake/variables, /_fake/clock, /_fake/audit_log

The control plane has faults, clock and requests, too, and:
  POST /_fake/tokens     {\"change\":\"add\",\"class\":KIND,\"token\":TEXT} (oauth-project needs a \"projectId\");
                         {\"change\":\"revoke\",\"token\":TEXT}
  POST /_fake/oauth-apps {\"clientId\":TEXT,\"clientSecret\":TEXT,\"redirectUris\":[URL]} registers an OAuth application
  POST /_fake/projects   {\"name\":\"My app\"} adds a project
  POST /_fake/deploys    {\"deployment\":NAME} records a deploy of code
  POST /_fake/invitations {\"teamId\":1,\"email\":EMAIL} accepts an invitation
  POST /_fake/domains    {\"domain\":DOMAIN} verifies a custom domain
  POST /_fake/knobs      {\"name\":\"revocation-delay\",\"value\":\"30000\"} changes a setting
  GET  /_fake/ledger     every project, deployment and minted key that was created, with the time of its deletion
";

/// Returns the help, with the names of the knobs.
pub(crate) fn usage() -> String {
    let lines: Vec<String> = Knobs::names().chunks(4).map(|names| names.join(", ")).collect();
    USAGE.replace("KNOBS", &lines.join(",\n"))
}
