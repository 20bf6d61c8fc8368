//! The example `oauth_app` as a program, with browsers that keep cookies.

mod browser;
#[path = "../example/mod.rs"]
mod example;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use convex_mgmt_fake::{FakeControlPlane, FakeServer, Fault};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::browser::{Browser, Page};

const VARIABLES: [&str; 5] = [
    "CONVEX_OAUTH_CLIENT_ID",
    "CONVEX_OAUTH_CLIENT_SECRET",
    "CONVEX_OAUTH_REDIRECT_URI",
    "CONVEX_OAUTH_AUTHORIZE_ORIGIN",
    "CONVEX_OAUTH_TOKEN_ORIGIN",
];

fn command() -> Command {
    let mut command = Command::new(example::path("oauth_app"));
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
}

/// The program while it listens.
struct App {
    child: Child,
    log: Option<BufReader<std::process::ChildStderr>>,
    url: String,
}

impl App {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        log.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, log: Some(log), url }
    }

    /// Stops the program and returns the rest of its log.
    fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut text = String::new();
        self.log.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The program as the application of a control plane in this process.
struct Setup {
    app: App,
    plane: FakeControlPlane,
    _convex: FakeServer,
    _runtime: Runtime,
}

impl Setup {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let plane = FakeControlPlane::builder("acme").build();
        let convex = runtime.block_on(plane.serve("127.0.0.1:0")).unwrap();
        // Another program could take the port before the application does. The kernel does not hand it out again that soon.
        let free = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let redirect_uri = format!("http://{address}/callback");
        plane.add_oauth_app("my-client-id", "canary-secret", [&redirect_uri]);
        let mut command = command();
        let url = convex.url();
        let values = ["my-client-id", "canary-secret", redirect_uri.as_str(), url.as_str(), url.as_str()];
        command.envs(VARIABLES.into_iter().zip(values)).args(["--listen", &address]);
        Self { app: App::start(&mut command), plane, _convex: convex, _runtime: runtime }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.app.url)
    }

    /// Presses the button, and decides on Convex's page. Returns the URL of the callback, without visiting it.
    fn decided(&self, browser: &mut Browser, decision: &str) -> String {
        let page = browser.post(&self.url("/connect"), "");
        let page = browser.post(page.location(), decision);
        page.location().to_owned()
    }

    /// The number of requests to the token endpoint.
    fn exchanges(&self) -> usize {
        self.plane.requests().iter().filter(|request| request.uri == "/oauth/token").count()
    }

    /// Stops the program, and checks that its log shows no secret. Returns the log.
    fn stop(self, callbacks: &[&str]) -> String {
        let log = self.app.stop();
        for secret in callbacks.iter().flat_map(|url| url.split(['?', '&', '='])).filter(|text| text.len() >= 32) {
            assert!(!log.contains(secret), "{log}");
        }
        assert!(!log.contains("canary"), "{log}");
        log
    }
}

fn assert_not_connected(page: &Page) {
    assert!(page.text.contains("Connect a team"), "{}", page.text);
}

#[test]
fn without_variables_a_browser_connects_a_team_of_the_embedded_convex() {
    let app = App::start(&mut command());
    let mut browser = Browser::default();
    let home = browser.get(&app.url);
    assert_not_connected(&home);

    let to_convex = browser.post(&format!("{}/connect", app.url), "");
    let authorize = to_convex.location().to_owned();
    assert!(authorize.contains("/oauth/authorize/team?client_id=embedded-app&"), "{authorize}");
    let page = browser.get(&authorize);
    assert!(page.text.contains(r#"<button name="decision" value="approve">"#), "{}", page.text);
    let approved = browser.post(&authorize, "decision=approve&id=1");
    let connected = browser.get(approved.location());
    assert_eq!(connected.location(), "/");
    let home = browser.get(&app.url);
    assert!(home.text.contains("<li>shop</li>") && home.text.contains("<li>blog</li>"), "{}", home.text);
    assert_not_connected(&Browser::default().get(&app.url));
    assert_eq!(app.stop(), "");
}

#[test]
fn a_user_who_denies_the_access_is_not_connected() {
    let setup = Setup::start();
    let mut browser = Browser::default();
    let callback = setup.decided(&mut browser, "decision=deny");
    let page = browser.get(&callback);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("You denied the access"), "{}", page.text);
    assert_not_connected(&browser.get(&setup.url("/")));
    assert_eq!(setup.exchanges(), 0);
    assert_eq!(setup.stop(&[&callback]), "");
}

#[test]
fn a_callback_in_another_browser_connects_nobody() {
    let setup = Setup::start();
    let (mut attacker, mut victim, mut stranger) = (Browser::default(), Browser::default(), Browser::default());
    let callback = setup.decided(&mut attacker, "decision=approve&id=1");
    assert_eq!(stranger.get(&callback).status, 400);
    // The victim has an authorization of its own in progress.
    let own = setup.decided(&mut victim, "decision=approve&id=1");
    assert_eq!(victim.get(&callback).status, 400);
    assert_not_connected(&victim.get(&setup.url("/")));
    assert_eq!(setup.exchanges(), 0);
    // The forged callback has used up the state of the victim's authorization.
    assert_eq!(victim.get(&own).status, 400);
    assert_eq!(setup.exchanges(), 0);
    let log = setup.stop(&[&callback, &own]);
    assert!(log.contains("400: the `state` of the redirect belongs to another authorization"), "{log}");
}

#[test]
fn a_callback_that_is_loaded_twice_is_exchanged_once() {
    let setup = Setup::start();
    setup.plane.add_project("<b>shop</b>");
    let mut browser = Browser::default();
    let callback = setup.decided(&mut browser, "decision=approve&id=1");
    let before = browser.clone();
    let connected = browser.get(&callback);
    assert_eq!(connected.location(), "/");
    for name in ["cache-control", "referrer-policy"] {
        assert!(connected.headers.contains_key(name), "{name}");
    }
    assert_eq!(before.clone().get(&callback).status, 400);
    assert_eq!(browser.get(&callback).status, 400);
    assert_eq!(setup.exchanges(), 1);
    let home = browser.get(&setup.url("/"));
    assert!(home.text.contains("<li>&lt;b&gt;shop&lt;/b&gt;</li>"), "{}", home.text);
    // Whoever knew the session before the approval is not connected by it.
    assert_not_connected(&before.clone().get(&setup.url("/")));
    setup.stop(&[&callback]);
}

#[test]
fn the_cookie_of_a_session_is_for_this_site_and_not_for_scripts() {
    let setup = Setup::start();
    let to_convex = Browser::default().post(&setup.url("/connect"), "");
    let cookie = to_convex.headers["set-cookie"].to_str().unwrap();
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let others = Browser::default().post(&setup.url("/connect"), "");
    assert_ne!(others.headers["set-cookie"], to_convex.headers["set-cookie"]);
}

#[test]
fn a_lost_response_lets_the_user_start_over() {
    let setup = Setup::start();
    let mut browser = Browser::default();
    setup.plane.fault_at("/oauth/token", Fault::LostResponse);
    let callback = setup.decided(&mut browser, "decision=approve&id=1");
    let page = browser.get(&callback);
    assert_eq!(page.status, 502);
    assert_not_connected(&page);
    assert_eq!(setup.exchanges(), 1);
    let again = setup.decided(&mut browser, "decision=approve&id=1");
    assert_eq!(browser.get(&again).location(), "/");
    assert_eq!(setup.exchanges(), 2);
    let log = setup.stop(&[&callback, &again]);
    assert!(log.contains("502: ") && log.contains("start the authorization over"), "{log}");
}

#[test]
fn wrong_arguments_and_settings_are_an_error_with_the_usage() {
    let outputs = [
        command().args(["--listen", "nowhere"]).output(),
        command().arg("now").output(),
        command().env(VARIABLES[0], "my-client-id").output(),
    ];
    for output in outputs.map(Result::unwrap) {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage: oauth_app"));
    }
    let bad = VARIABLES.into_iter().zip(["id", "canary-secret", "http://example.com/callback"]);
    let output = command().envs(bad).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("redirect_uri: must begin with `https://`") && !text.contains("canary"), "{text}");
}
