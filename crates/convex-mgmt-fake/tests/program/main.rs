//! The fake as a program, from its first line to its end.

mod control_plane;

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convex-mgmt-fake"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = program(arguments).spawn().unwrap();
    let mut line = String::new();
    let read = async { BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap() };
    timeout(Duration::from_secs(30), read).await.expect("a first line");
    let address = line.strip_prefix("listening on http://").expect("the address").trim_end().to_owned();
    (child, address)
}

async fn exchange(address: &str, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response).await;
    response
}

fn get(key: &str) -> String {
    format!(
        "GET /api/v1/list_environment_variables HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Convex {key}\r\n\r\n"
    )
}

fn fault_request(method: &str, body: &str) -> String {
    control(method, "faults", body)
}

fn control(method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} /_fake/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

const SERVE: &[&str] = &[
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--deployment",
    "happy-animal-123",
    "--admin-key",
    "happy-animal-123|01ab",
    "--read-only-key",
    "happy-animal-123|01cd",
    "--token",
    "eyJ2==deployment:env:view,deployment:env:write",
    "--token",
    "prod:happy-animal-123|x=deployment:logs:view",
];

#[tokio::test]
async fn it_serves_each_key_and_stops_on_sigterm() {
    let (mut child, address) = started(SERVE).await;
    for (key, status) in [
        ("happy-animal-123|01ab", "200 OK"),
        ("happy-animal-123|01cd", "200 OK"),
        ("eyJ2=", "200 OK"),
        ("dev:happy-animal-123|x", "403 Forbidden"),
        ("nope", "401 Unauthorized"),
    ] {
        assert!(exchange(&address, get(key)).await.starts_with(&format!("HTTP/1.1 {status}")), "{key}");
    }
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    let status = timeout(Duration::from_secs(30), child.wait()).await.expect("an end").unwrap();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn faults_are_injected_over_http() {
    let (_child, address) = started(SERVE).await;
    let list = || exchange(&address, get("happy-animal-123|01ab"));
    let fault = |body: &'static str| exchange(&address, fault_request("POST", body));
    fault(r#"{"fault":"response","status":503,"code":"Busy","retryAfter":7,"times":2}"#).await;
    for _ in 0..2 {
        let response = list().await;
        assert!(
            response.starts_with("HTTP/1.1 503")
                && response.contains("retry-after: 7")
                && response.contains("\"Busy\"")
        );
    }
    assert!(list().await.starts_with("HTTP/1.1 200"));
    fault(r#"{"fault":"reset","path":"/other"}"#).await;
    assert!(list().await.starts_with("HTTP/1.1 200"), "the fault is for another path");
    exchange(&address, fault_request("DELETE", "")).await;
    fault(r#"{"fault":"reset"}"#).await;
    assert_eq!(list().await, "");
    fault(r#"{"fault":"emptyBody"}"#).await;
    assert!(list().await.contains("content-length: 0"));
    assert!(fault(r#"{"fault":"bogus"}"#).await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn it_serves_made_up_documents_and_writes_while_it_runs() {
    let options = ["--seed-documents", "50", "--seed", "7", "--writes-per-second", "1000"];
    let (_child, address) = started(&[SERVE, &options].concat()).await;
    let tables = async || {
        let response = exchange(&address, control("GET", "tables", "")).await;
        let body = response.split_once("\r\n\r\n").unwrap().1.to_owned();
        let tables: Value = serde_json::from_str(&body).unwrap();
        (tables, body)
    };
    let (first, before) = tables().await;
    let names: Vec<_> = first.as_array().unwrap().iter().map(|table| &table["table"]).collect();
    assert_eq!(names, ["users", "orders", "charges"]);
    assert!(first.as_array().unwrap().iter().all(|table| !table["documents"].as_array().unwrap().is_empty()));
    let changes = async { while tables().await.1 == before {} };
    timeout(Duration::from_secs(30), changes).await.expect("writes");
}

/// The session of a test in another language: it fills the deployment, reads it, inspects the requests, revokes a key.
#[tokio::test]
async fn a_session_is_controlled_over_http() {
    let (_child, address) = started(&[SERVE, &["--plan", "{}"]].concat()).await;
    let post = async |path: &str, body: &str| {
        let response = exchange(&address, control("POST", path, body)).await;
        assert!(response.starts_with("HTTP/1.1 200"), "{path} {body}: {response}");
        response
    };
    let read = async |path: &str| exchange(&address, control("GET", path, "")).await;
    let list = async || exchange(&address, get("happy-animal-123|01ab")).await;
    post("variables", r#"{"A":"1","B":"2"}"#).await;
    post("variables", r#"{"B":null}"#).await;
    assert!(list().await.ends_with(r#"{"environmentVariables":{"A":"1"}}"#));
    post("tables", r#"[{"change":"insert","table":"t","document":{"_id":"a","_creationTime":1.5,"n":1}}]"#).await;
    let tables = r#"[{"component":"","table":"t","documents":[{"_creationTime":1.5,"_id":"a","n":1}]}]"#;
    assert!(read("tables").await.ends_with(tables));
    post("usage", r#"{"change":"add","metric":"functionCalls","amount":5}"#).await;
    let usage = exchange(&address, get_path("/api/v1/get_current_usage")).await;
    assert!(usage.contains(r#""current_day":5.0"#), "{usage}");
    post("events?flush=true", r#"{"topic":"console","fields":{"message":"hello"}}"#).await;
    assert!(post("clock", r#"{"milliseconds":60000}"#).await.contains(r#"{"now":"#));
    let revoked = post("keys", r#"{"change":"revoke","key":"happy-animal-123|01ab"}"#).await;
    assert!(revoked.ends_with(r#"{"found":true}"#), "{revoked}");
    assert!(list().await.starts_with("HTTP/1.1 401"));
    post("keys", r#"{"change":"add","key":"happy-animal-123|01ab","role":"admin"}"#).await;
    assert!(list().await.starts_with("HTTP/1.1 200"));

    let requests = read("requests").await;
    for part in [r#""number":0,"method":"GET","uri":"/api/v1/list_environment_variables""#, r#""status":401}"#] {
        assert!(requests.contains(part), "{part}: {requests}");
    }
    assert!(read("requests?from=3").await.ends_with(r#""fault":null,"status":200}]"#));
    assert!(read("audit_log").await.ends_with("[]"));
    // The help names each path.
    let help = program(&["--help"]).output().await.unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for path in ["faults", "tables", "usage", "variables", "events", "clock", "keys", "requests", "audit_log"] {
        assert!(help.contains(&format!("/_fake/{path}")), "{path}");
    }
}

/// The commands of the session with curl in `docs/testing.md`, each with the output that the page shows.
fn documented_session() -> Vec<(String, String)> {
    let page = include_str!("../../../../docs/testing.md");
    let (_, session) = page.split_once("```console\n$ URL=").expect("the session");
    let (session, _) = session.split_once("```").expect("its end");
    let mut commands = Vec::new();
    for command in session.split("$ curl $URL").skip(1) {
        // A command continues while a quotation mark is open.
        let mut quotes = 0;
        let is_end = |character: char| {
            quotes += usize::from(character == '\'');
            character == '\n' && quotes % 2 == 0
        };
        let (command, output) = command.split_once(is_end).expect("a command and its output");
        commands.push((command.to_owned(), output.replace('\n', "")));
    }
    commands
}

/// Parses JSON or text, without the parts that differ between runs and clients.
fn comparable(text: &str) -> Value {
    fn normalize(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Object(headers)) = fields.get_mut("headers") {
                    headers.retain(|name, _| name == "authorization");
                }
                if let Some(Value::String(id)) = fields.get_mut("id") {
                    *id = format!("{} characters", id.len());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(normalize),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap_or_else(|_| text.trim_end().into());
    normalize(&mut value);
    value
}

#[tokio::test]
async fn the_documented_session_has_the_documented_output() {
    let (_child, address) = started(SERVE).await;
    let session = documented_session();
    assert!(session.len() > 5, "{session:?}");
    for (command, output) in session {
        let (path, arguments) = command.split_once(' ').unwrap_or((&command, ""));
        let request = match arguments
            .split_once('\'')
            .and_then(|(option, rest)| Some((option, rest.strip_suffix('\'')?)))
        {
            Some(("-d ", body)) => control("POST", path.strip_prefix("/_fake/").unwrap(), body),
            Some(("-H ", header)) => format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\r\n"),
            _ => control("GET", path.strip_prefix("/_fake/").unwrap(), ""),
        };
        let response = exchange(&address, request).await;
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        assert_eq!(comparable(body), comparable(&output), "{command}");
    }
}

fn get_path(path: &str) -> String {
    get("happy-animal-123|01ab").replace("/api/v1/list_environment_variables", path)
}

#[tokio::test]
async fn a_plan_makes_the_deployment_a_cloud_deployment() {
    let info = get_path("/api/v1/deployment_info");
    let (_child, address) = started(SERVE).await;
    assert!(exchange(&address, info.clone()).await.ends_with(r#"{"kind":"selfHosted"}"#));

    let plan = r#"{"deploymentType":"prod","teamId":7,"projectName":"Shop","auditLogRetentionDays":1}"#;
    let (_child, address) = started(&[SERVE, &["--plan", plan]].concat()).await;
    let response = exchange(&address, info).await;
    for part in [r#""kind":"cloud""#, r#""teamId":7"#, r#""projectName":"Shop""#, r#""deploymentType":"prod""#] {
        assert!(response.contains(part), "{part}: {response}");
    }
    let log = exchange(&address, get_path("/api/v1/list_audit_log_events?from=0")).await;
    assert!(log.contains("AuditLogsTooOld"), "{log}");
}

#[tokio::test]
async fn knobs_are_set() {
    let knobs = ["--knob", "audit-log-page-size=1/2", "--knob", "request-timeout=0"];
    let (_child, address) = started(&[SERVE, &["--plan", "{}"], &knobs].concat()).await;
    let limited = exchange(&address, get_path("/api/v1/list_audit_log_events?from=0&limit=3")).await;
    assert!(limited.contains("LimitOutOfRange"), "{limited}");
    exchange(&address, fault_request("POST", r#"{"fault":"delay","milliseconds":3600000}"#)).await;
    assert!(exchange(&address, get("happy-animal-123|01ab")).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn invalid_arguments_are_explained_and_exit_with_2() {
    for (arguments, message) in [
        (&["serve"][..], "--deployment is missing"),
        (&["serve", "--deployment", "a"], "--admin-key is missing"),
        (&["serve", "--deployment", "a", "--admin-key", "b|01"], "'a|SECRET'"),
        (&["serve", "--deployment", "a", "--admin-key", "a|01", "--token", "x"], "KEY=ACTION"),
        (&["--deployment", "a"], "the command `serve` is missing"),
        (&["serve", "--plan", "{"], "invalid --plan"),
        (&["serve", "--plan", r#"{"deploymentType":"local"}"#], "'local'"),
        (&["serve", "--plan", r#"{"deployment":"dev"}"#], "unknown field `deployment`"),
        (&["serve", "--knob", "max-body-bytes"], "NAME=VALUE"),
        (&["serve", "--knob", "bogus=1"], "unknown knob 'bogus'"),
        (&["serve", "--knob", "max-body-bytes=many"], "'many' is not a valid value of the knob max-body-bytes"),
        (&["serve", "--control-plane", "--token", "key=deployment:logs:view"], "KIND=TEXT"),
        (&["serve", "--control-plane", "--token", "team="], "--token team= needs a text"),
        (&["serve", "--control-plane", "--admin-key", "a|01"], "--deployment is missing"),
        (&["serve", "--control-plane", "--addressing", "x"], "'ports' or 'hosts'"),
        (&["serve", "--deployment", "a", "--admin-key", "a|01", "--team", "x"], "--team needs --control-plane"),
        (&["serve", "--bogus"], "--bogus"),
    ] {
        let output = program(arguments).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            text.contains(message) && text.ends_with("\nFor the arguments: convex-mgmt-fake --help\n"),
            "{output:?}"
        );
        assert!(text.lines().count() < 10, "the reason is not lost in the help: {text}");
    }
    let help = program(&["--help"]).output().await.unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("/_fake/oauth-apps"));
}

#[tokio::test]
async fn an_address_that_cannot_be_bound_exits_with_1() {
    let (_child, address) = started(SERVE).await;
    let taken = ["serve", "--listen", &address, "--deployment", "a", "--admin-key", "a|01"];
    assert_eq!(program(&taken).output().await.unwrap().status.code(), Some(1));
}
