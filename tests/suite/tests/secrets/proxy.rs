//! A canary in a proxy's password, with every failure of a proxy.

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, Proxy, RetryPolicy};
use convex_mgmt_suite::log::Log;
use convex_mgmt_suite::script_server::{Act, ScriptServer, write};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{CANARY, debug_texts, endpoint, error_texts};

/// The canary after `user:` in base64, as HTTP sends it, without the last characters.
const CODED: &str = "dXNlcjowMWNhN2E3";

fn assert_clean(what: &str, text: &str) {
    assert!(!text.contains(CANARY) && !text.contains(CODED), "{what}: {text}");
}

#[tokio::test]
async fn no_proxy_failure_shows_the_password() {
    let echo = format!("HTTP/1.1 403 {CANARY}\r\nx: Basic {CODED}\r\n\r\n{CANARY}");
    let authenticate = format!("HTTP/1.1 407 {CANARY}\r\nproxy-authenticate: Basic realm=\"{CANARY}\"\r\n\r\n");
    let login = || [Act::Part(4), write([5, 2]), Act::Part(16)];
    let failures: Vec<(&str, &str, Vec<Act>)> = vec![
        ("http", "closed", vec![]),
        ("http", "reset", vec![Act::Read, Act::Reset]),
        ("http", "denied", vec![Act::Read, write(echo), Act::Hang]),
        ("http", "not authenticated", vec![Act::Read, write(authenticate), Act::Hang]),
        ("http", "no HTTP", vec![Act::Read, write(CANARY), Act::Hang]),
        ("http", "bytes after the head", vec![Act::Read, write(format!("HTTP/1.1 200 OK\r\n\r\n{CANARY}")), Act::Hang]),
        ("http", "no TLS inside", vec![Act::Read, write("HTTP/1.1 200 OK\r\n\r\n"), Act::Part(1), write(CANARY)]),
        ("https", "no TLS", vec![Act::Part(1), write(CANARY)]),
        ("socks5", "closed", vec![Act::Part(4)]),
        ("socks5", "not authenticated", login().into_iter().chain([write([1, 1])]).collect()),
        ("socks5", "another version", login().into_iter().chain([write([9, 9])]).collect()),
        ("socks5", "denied", login().into_iter().chain([write([1, 0]), Act::Part(5), write([5, 2, 0, 1])]).collect()),
        ("socks5", "no SOCKS", login().into_iter().chain([write(CANARY)]).collect()),
    ];
    for (scheme, failure, acts) in failures {
        let log = Log::default();
        let guard = log.keep(FmtSpan::FULL);
        let server = ScriptServer::start([acts]).await;
        let url = format!("{scheme}://user:{CANARY}@{}", server.address());
        let proxy = Proxy::new(&url, "").unwrap();
        assert_clean(failure, &debug_texts(&proxy));
        let builder = Client::builder(endpoint()).retry(RetryPolicy::never()).proxy(proxy);
        assert_clean(failure, &debug_texts(&builder));
        let client = builder.build().unwrap();
        assert_clean(failure, &debug_texts(&client));
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        drop(guard);
        assert_clean(&format!("{scheme}, {failure}"), &error_texts(&error));
        assert_clean(&format!("{scheme}, {failure}: the log"), &log.text());
        assert!(scheme == "https" || server.connections() == 1, "{scheme}, {failure}");
    }
}

#[test]
fn errors_do_not_repeat_an_invalid_proxy_url() {
    let long = CANARY.repeat(50);
    for url in [
        format!("ftp://user:{CANARY}@proxy.example"),
        format!("socks5://user:{long}@proxy.example"),
        format!("http://user:{CANARY}@proxy.example:99999"),
        format!("http://user:{CANARY}@@proxy.example"),
        format!("http://user:1/{CANARY}@proxy.example"),
        format!("{CANARY} {CANARY}"),
    ] {
        assert_clean("a URL", &error_texts(&Proxy::new(&url, "").unwrap_err()));
    }
}
