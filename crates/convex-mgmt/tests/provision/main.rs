//! The example `provision` as a program: its output, what it creates and removes, its questions, and its exit status.

mod continued;
#[path = "../example/mod.rs"]
mod example;
mod questions;

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use convex_mgmt::deployment::log_streams::{LogStreamConfig, NewWebhook, WebhookFormat};
use convex_mgmt::deployment::{CreateLogStream, ListLogStreams};
use convex_mgmt::management::deploy_keys::DeployKeyAction as Action;
use convex_mgmt::management::deployments::NewDeployment;
use convex_mgmt::management::projects::NewProject;
use convex_mgmt::management::{CreateDeployment, CreateProject, ListDeployKeys};
use convex_mgmt::{
    AccessToken, Client, DeploymentAccess, DeploymentClient, DeploymentType, Endpoint, ManagementClient, ProjectId,
    TeamId,
};
use convex_mgmt_fake::{
    Fake, FakeControlPlane, FakeControlPlaneBuilder, FakeServer, Fault, Knobs, LedgerEntry, TokenClass,
};
use serde_json::Value;
use tokio::runtime::Runtime;

const TEAM: &str = "canary-team";
const WEBHOOK: &str = "http://127.0.0.1:1/canary-webhook";
/// Arguments of every run, so that there is a log stream.
const STREAM: [&str; 2] = ["--webhook", WEBHOOK];
/// The fault of a request that a run is not to survive.
const REJECTED: u16 = 400;

fn program() -> Command {
    let mut command = Command::new(example::path("provision"));
    command.env_remove("CONVEX_ACCESS_TOKEN").env_remove("CONVEX_PROVISION_HOST");
    command
}

/// The standard output, the standard error and the exit status. They never contain a token or a value.
type Texts = (String, String, Option<i32>);

fn texts(output: &Output) -> Texts {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let texts = (text(&output.stdout), text(&output.stderr), output.status.code());
    for secret in ["canary", "hello", "api.example.com"] {
        assert!(!texts.0.contains(secret) && !texts.1.contains(secret), "{secret} is shown: {texts:?}");
    }
    texts
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// A listening control plane, and its runtime.
struct Plane {
    fake: FakeControlPlane,
    running: FakeServer,
    runtime: Runtime,
}

fn plane() -> Plane {
    Plane::of(FakeControlPlane::builder("acme").token(TokenClass::Team, TEAM))
}

impl Plane {
    fn of(builder: FakeControlPlaneBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fake = builder.build();
        let running = runtime.block_on(fake.serve("127.0.0.1:0")).unwrap();
        Self { fake, running, runtime }
    }

    fn start(&self, token: &str, arguments: &[&str]) -> Child {
        let mut command = program();
        command.args(STREAM).args(arguments).env("CONVEX_ACCESS_TOKEN", token);
        command.env("CONVEX_PROVISION_HOST", self.running.url());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs the program with the team's token and an answer on standard input.
    fn answer(&self, answer: &str, arguments: &[&str]) -> Texts {
        let mut child = self.start(TEAM, arguments);
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        texts(&child.wait_with_output().unwrap())
    }

    fn run_with(&self, token: &str, arguments: &[&str]) -> Texts {
        texts(&self.start(token, arguments).wait_with_output().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Texts {
        self.run_with(TEAM, arguments)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let (stdout, stderr, code) = self.run(arguments);
        assert_eq!((stderr.as_str(), code), ("", Some(0)), "{arguments:?}: {stdout}");
        stdout
    }

    fn management(&self) -> ManagementClient {
        let token = AccessToken::parse(TEAM).unwrap();
        Client::new(Endpoint::new(&self.running.url(), &token).unwrap()).unwrap()
    }

    /// A client of the only deployment, and its fake.
    fn deployment(&self) -> (DeploymentClient, Fake) {
        let name = existing(&self.fake.deployments()).pop().expect("a deployment");
        let client = self.management().deployment_by_name(&name, DeploymentAccess::SameToken);
        (self.runtime.block_on(client).unwrap(), self.fake.deployment(&name).unwrap())
    }

    fn create_project(&self, name: &str) -> ProjectId {
        let create = CreateProject::new(TeamId(1), NewProject::new(name));
        self.runtime.block_on(self.management().send(&create)).unwrap().id
    }

    fn create_deployment(&self, project: ProjectId, reference: &str) -> String {
        let new = NewDeployment::new(DeploymentType::Dev).reference(reference).is_default(false);
        let created = self.runtime.block_on(self.management().send(&CreateDeployment::new(project, new))).unwrap();
        created.name().unwrap().to_owned()
    }

    /// Checks that everything is there, once, as the program documents it.
    fn assert_provisioned(&self, context: &str) {
        assert_eq!(existing(&self.fake.projects()), ["provision-example"], "{context}");
        assert_eq!(existing(&self.fake.deploy_keys()), ["provision"], "{context}");
        let (client, fake) = self.deployment();
        let variables = [("API_BASE", "https://api.example.com/v2"), ("GREETING", "hello")];
        assert_eq!(fake.variables(), variables.map(|(name, value)| (name.to_owned(), value.to_owned())), "{context}");
        let streams = self.runtime.block_on(client.send(&ListLogStreams::new())).unwrap();
        let [stream] = &streams[..] else { panic!("{context}: {streams:?}") };
        assert!(matches!(&stream.config, LogStreamConfig::Webhook(webhook) if webhook.url == WEBHOOK), "{context}");
    }

    fn assert_removed(&self, context: &str) {
        let Self { fake, .. } = self;
        for ledger in [fake.projects(), fake.deployments(), fake.deploy_keys()] {
            assert_eq!(existing(&ledger), [""; 0], "{context}");
        }
    }
}

fn existing(ledger: &[LedgerEntry]) -> Vec<String> {
    ledger.iter().filter(|entry| entry.exists()).map(|entry| entry.name.clone()).collect()
}

#[test]
fn uses_an_embedded_control_plane_without_arguments() {
    let (stdout, stderr, code) = {
        let output = program().output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(&output.stdout), text(&output.stderr), output.status.code())
    };
    assert_eq!((stderr.as_str(), code), ("", Some(0)));
    let beginnings = [
        "control plane: embedded (url: http://127.0.0.1:",
        "token: found (teamId: 1)",
        "project: created (name: provision example, id: ",
        "deployment: created (name: ",
        "deploy key: created (name: provision, actions: deployment:env:view ",
        "environment variables: changed (names: API_BASE GREETING)",
        "log stream: created (kind: webhook)",
        "read back: verified (variables: 2, logStreams: 1)",
        "deploy key: deleted (name: provision)",
        "project: deleted (id: ",
    ];
    assert_eq!(stdout.lines().count(), beginnings.len(), "{stdout}");
    for (line, beginning) in stdout.lines().zip(beginnings) {
        assert!(line.starts_with(beginning), "{line} does not begin with {beginning}");
    }
}

#[test]
fn prints_json_lines() {
    let plane = plane();
    let lines = json(&plane.ok(&["--json", "--yes"]));
    let steps: Vec<_> =
        lines.iter().map(|line| (line["step"].as_str().unwrap(), line["outcome"].as_str().unwrap())).collect();
    assert_eq!(
        steps,
        [
            ("control plane", "remote"),
            ("token", "found"),
            ("project", "created"),
            ("deployment", "created"),
            ("deploy key", "created"),
            ("environment variables", "changed"),
            ("log stream", "created"),
            ("read back", "verified"),
            ("deploy key", "deleted"),
            ("project", "deleted"),
            ("end", "success"),
        ]
    );
    assert_eq!((&lines[2]["id"], &lines[3]["name"]), (&lines[9]["id"], &lines[9]["deployment"]));
    plane.assert_removed("");

    plane.fake.fault_at("/create_deploy_key", Fault::code(REJECTED, "Injected"));
    let (stdout, _, code) = plane.run(&["--json", "--yes"]);
    let last = json(&stdout).pop().unwrap();
    assert_eq!((code, &last["step"], &last["outcome"]), (Some(1), &"deploy key".into(), &"failed".into()), "{last}");
    let created: Vec<_> = last["created"].as_array().unwrap().iter().map(|one| one["step"].as_str().unwrap()).collect();
    assert_eq!(created, ["project", "deployment"], "{last}");
    assert!(last["error"].as_str().unwrap().contains("400 Injected") && last["causes"].is_array(), "{last}");
}

#[test]
fn keeps_everything_and_finds_it_again() {
    let plane = plane();
    let first = plane.ok(&["--keep"]);
    assert_eq!(lines(&first).pop(), Some("removal: kept"), "{first}");
    plane.assert_provisioned(&first);
    let deployments = plane.fake.deployments();

    let second = plane.ok(&["--keep", "--yes"]);
    for line in
        ["project: found (", "deployment: found (", "environment variables: unchanged (", "log stream: unchanged ("]
    {
        assert!(second.contains(line), "{line} is missing in:\n{second}");
    }
    assert!(second.contains("old deploy key: deleted (name: provision)"), "{second}");
    plane.assert_provisioned(&second);
    assert_eq!(plane.fake.deployments(), deployments, "the deployment is the same");

    let third = plane.ok(&["--yes"]);
    plane.assert_removed(&third);
}

#[test]
fn the_key_allows_only_what_the_program_does_and_expires() {
    let plane = plane();
    plane.ok(&["--keep"]);
    let (_, fake) = plane.deployment();
    let name = existing(&plane.fake.deployments()).pop().unwrap();
    let keys = plane.runtime.block_on(plane.management().send(&ListDeployKeys::new(name))).unwrap();
    assert_eq!(
        keys[0].allowed_actions,
        [
            Action::ViewEnvironmentVariables,
            Action::WriteEnvironmentVariables,
            Action::ViewIntegrations,
            Action::WriteIntegrations,
        ]
    );
    assert!(keys[0].expires_at > Some(keys[0].creation_time));
    // Every permission is used, and the team's token is not used on the deployment.
    let requests = fake.requests();
    assert!(requests.iter().all(|request| request.headers["authorization"] != format!("Convex {TEAM}")));
}

#[test]
fn no_secret_is_shown() {
    let plane = plane();
    let mut shown = Vec::new();
    for arguments in [&["--keep"][..], &["--keep", "--yes", "--json"]] {
        shown.push(plane.ok(arguments));
    }
    let (client, fake) = plane.deployment();
    fake.fault_at("/list_log_streams", Fault::code(REJECTED, "Injected"));
    let (stdout, stderr, code) = plane.run(&["--yes", "--json"]);
    assert_eq!(code, Some(1));
    shown.extend([stdout, stderr]);

    let mut secrets: Vec<String> = fake
        .requests()
        .iter()
        .map(|request| {
            let header = request.headers["authorization"].to_str().unwrap();
            header.rsplit(['|', ' ']).next().unwrap().to_owned()
        })
        .collect();
    let streams = plane.runtime.block_on(client.send(&ListLogStreams::new())).unwrap();
    let LogStreamConfig::Webhook(webhook) = &streams[0].config else { panic!("a webhook") };
    secrets.push(webhook.hmac_secret.expose().to_owned());
    secrets.sort();
    secrets.dedup();
    assert!(
        secrets.len() >= 4 && secrets.iter().all(|secret| !secret.is_empty()),
        "keys of three runs, and the webhook"
    );
    for secret in secrets {
        assert!(shown.iter().all(|text| !text.contains(&secret)), "{secret} is shown");
    }
}

#[test]
fn other_deployments_and_variables_stay() {
    let plane = plane();
    let project = plane.create_project("provision example");
    let other = plane.create_deployment(project, "other/one");
    let ours = plane.create_deployment(project, "provision-example");
    let fake = plane.fake.deployment(&ours).unwrap();
    fake.set_variable("SET_BY_HAND", "1");
    fake.set_variable("GREETING", "old");
    let create = CreateLogStream::new(NewWebhook::new("http://127.0.0.1:1/old", WebhookFormat::Json));
    let client = plane.management().deployment_by_name(&ours, DeploymentAccess::SameToken);
    plane.runtime.block_on(async { client.await.unwrap().send(&create).await }).unwrap();

    let stdout = plane.ok(&["--keep"]);
    assert!(
        stdout.contains("log stream: changed") && stdout.contains("read back: verified (variables: 3, "),
        "{stdout}"
    );
    assert_eq!(fake.variables().last().unwrap(), &("SET_BY_HAND".to_owned(), "1".to_owned()));

    let stdout = plane.ok(&["--yes"]);
    assert!(stdout.contains("project: kept (id: ") && stdout.contains("reason: it has other deployments"), "{stdout}");
    assert!(stdout.ends_with(&format!("deployment: deleted (name: {ours})\n")), "{stdout}");
    assert_eq!(existing(&plane.fake.deployments()), [other]);
    assert_eq!(existing(&plane.fake.projects()), ["provision-example"]);
}

#[test]
fn an_ambiguous_name_is_an_error_before_anything_is_created() {
    let plane = plane();
    let ids = [(); 2].map(|()| plane.create_project("provision example"));
    let (_, stderr, code) = plane.run(&["--yes"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&format!("(ids {}, {})", ids[1], ids[0])) && stderr.contains("rename"), "{stderr}");
    assert_eq!((plane.fake.projects().len(), plane.fake.deployments().len()), (2, 0));
    plane.ok(&["--project", "another", "--yes"]);
    assert_eq!(existing(&plane.fake.projects()).len(), 2);
}

#[test]
fn an_oauth_application_keeps_its_token() {
    let (oauth_team, oauth_project) = ("team:acme|canary-oauth", "project:acme:shop|canary-project");
    let plane = Plane::of(FakeControlPlane::builder("acme").token(TokenClass::OAuthTeam, oauth_team));
    for arguments in [&["--keep"][..], &["--yes"], &["--yes"]] {
        let (stdout, stderr, code) = plane.run_with(oauth_team, arguments);
        assert_eq!((stderr.as_str(), code), ("", Some(0)), "{stdout}");
        assert_eq!(stdout.contains("deploy key: kept (reason: it is the token of"), arguments == ["--yes"], "{stdout}");
    }
    plane.assert_removed("");

    let project = plane.fake.add_project("Shop");
    plane.fake.add_token(TokenClass::OAuthProject(project), oauth_project);
    for _ in 0..2 {
        let (stdout, stderr, code) = plane.run_with(oauth_project, &["--yes"]);
        assert_eq!((stderr.as_str(), code), ("", Some(0)), "{stdout}");
        assert!(
            stdout.contains("project: found (name: Shop, ") && stdout.contains("the token is for this project"),
            "{stdout}"
        );
        assert_eq!(existing(&plane.fake.projects()), ["shop"]);
        assert_eq!(existing(&plane.fake.deployments()), [""; 0]);
    }
}

#[test]
fn a_personal_token_needs_a_team() {
    let plane = Plane::of(FakeControlPlane::builder("acme").token(TokenClass::Person, TEAM));
    let (_, stderr, code) = plane.run(&["--yes"]);
    assert_eq!((code, stderr.contains("--team ID")), (Some(1), true), "{stderr}");
    plane.ok(&["--yes", "--team", "1"]);
    plane.assert_removed("");
}

#[test]
fn waits_for_a_new_deployment_and_ignores_what_is_already_deleted() {
    let mut knobs = Knobs::default();
    knobs.listing_delay = Duration::from_secs(3600);
    knobs.new_deployment_delay = Duration::from_millis(300);
    let plane = Plane::of(FakeControlPlane::builder("acme").token(TokenClass::Team, TEAM).knobs(knobs));
    for _ in 0..2 {
        let stdout = plane.ok(&["--yes"]);
        assert!(stdout.contains("project: created"), "{stdout}");
        plane.assert_removed(&stdout);
    }
    plane.ok(&["--keep"]);
    for _ in 0..2 {
        plane.ok(&["--keep", "--yes"]);
        plane.assert_provisioned("");
    }
}

#[test]
fn a_service_without_a_webhook_gets_no_log_stream() {
    let plane = plane();
    let mut command = program();
    command.args(["--keep"]).env("CONVEX_ACCESS_TOKEN", TEAM).env("CONVEX_PROVISION_HOST", plane.running.url());
    let (stdout, stderr, code) = texts(&command.output().unwrap());
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("log stream: skipped (reason: no --webhook)"), "{stdout}");
    assert!(stdout.contains("read back: verified (variables: 2, logStreams: 0)"), "{stdout}");
}

#[test]
fn failures_exit_with_1_and_name_the_step() {
    let plane = plane();
    let url = plane.running.url();
    for (token, url, expected) in [
        ("canary-unknown", &*url, "provision: token: get_token_details: the server returned 401 AccessTokenInvalid"),
        ("", &url, "provision: start: CONVEX_ACCESS_TOKEN: the credential is empty"),
        ("prod:happy-animal-123|canary", &url, "provision: start: CONVEX_ACCESS_TOKEN: "),
        (TEAM, "http://example.com", "provision: start: CONVEX_PROVISION_HOST: the URL must begin with `https://`"),
        (TEAM, "http://127.0.0.1:1", "nothing was sent"),
    ] {
        let mut command = program();
        let output = command.env("CONVEX_ACCESS_TOKEN", token).env("CONVEX_PROVISION_HOST", url).output().unwrap();
        let (_, stderr, code) = texts(&output);
        assert_eq!(code, Some(1), "{expected}: {stderr}");
        assert!(stderr.contains(expected), "{expected} is missing in: {stderr}");
    }
    plane.assert_removed("nothing was created");
}

#[test]
fn a_name_on_the_service_cannot_forge_a_line() {
    let plane = plane();
    let (stdout, _, code) = plane.run(&["--yes", "--project", "a\nproject: deleted\u{202e}"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains(r"project: created (name: a\nproject: deleted\u{202e}, id: "), "{stdout}");
}

#[test]
fn wrong_usage_exits_with_2() {
    let wrong: [&[&str]; 6] = [
        &["--bogus"],
        &["--team", "acme"],
        &["--project"],
        &["--reference", "new"],
        &["--webhook", "canary"],
        &["value"],
    ];
    for arguments in wrong {
        let (_, stderr, code) = texts(&program().args(arguments).output().unwrap());
        assert_eq!((code, stderr.contains("usage: provision")), (Some(2), true), "{arguments:?}: {stderr}");
        assert!(stderr.contains(arguments[0]), "{arguments:?}: {stderr}");
    }
    let host = program().env("CONVEX_PROVISION_HOST", "http://127.0.0.1:1").output().unwrap();
    assert_eq!(host.status.code(), Some(2), "a host without a token is not a reason to use the embedded Convex");
    assert_eq!(program().arg("--help").output().unwrap().status.code(), Some(0));
}
