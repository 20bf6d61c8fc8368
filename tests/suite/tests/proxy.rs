//! Proxies: every connection is tunnelled, but for the hosts that are excepted.

use std::time::Duration;

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, ErrorKind, Proxy, ProxyError, RetryPolicy, Sent};
use convex_mgmt_suite::script_server::{Act, ScriptServer};
use convex_mgmt_suite::tunnel::Tunnel;
use convex_mgmt_suite::ways::{Answering, WAYS};
use convex_mgmt_suite::{endpoint, fake};
use http::Response;

#[tokio::test]
async fn a_deployment_is_reached_through_a_proxy_that_sees_no_credential() {
    let running = fake().variable("A", "1").build().serve("127.0.0.1:0").await.unwrap();
    let tunnel = Tunnel::start().await;
    let through = Proxy::new(&format!("http://user:pass@{}", tunnel.address()), "example.com").unwrap();
    let client = Client::builder(endpoint(&running.url())).proxy(through).build().unwrap();
    assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap().len(), 1);
    let asked = tunnel.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with(&format!("CONNECT {} HTTP/1.1", running.address())), "{asked:?}");
    // "user:pass" in base64.
    assert!(asked[0].to_lowercase().contains("proxy-authorization: basic dxnlcjpwyxnz"), "{asked:?}");
    assert!(!asked[0].contains("c0ffee"), "{asked:?}");
}

#[tokio::test]
async fn an_excepted_host_is_reached_directly() {
    let running = fake().build().serve("127.0.0.1:0").await.unwrap();
    let tunnel = Tunnel::start().await;
    let through = Proxy::new(&tunnel.url(), "example.com, 127.0.0.1").unwrap();
    let client = Client::builder(endpoint(&running.url())).proxy(through).build().unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap();
    assert!(tunnel.asked().is_empty());
}

#[tokio::test]
async fn a_proxy_that_refuses_means_that_nothing_was_sent() {
    let tunnel = Tunnel::refusing("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let builder = Client::builder(endpoint("https://happy-animal-123.convex.cloud")).retry(RetryPolicy::never());
    let client = builder.proxy(Proxy::new(&tunnel.url(), "").unwrap()).build().unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error:?}");
}

#[tokio::test]
async fn a_proxy_that_never_answers_means_that_nothing_was_sent() {
    let server = ScriptServer::start([vec![Act::Hang]]).await;
    let through = Proxy::new(&server.url(), "").unwrap();
    let builder = Client::builder(endpoint("https://happy-animal-123.convex.cloud")).retry(RetryPolicy::never());
    let client = builder.proxy(through).connect_timeout(Duration::from_millis(50)).build().unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No), "{error:?}");
}

#[test]
fn what_is_no_http_proxy_is_refused_and_a_password_is_not_shown() {
    assert_eq!(Proxy::new("", "").unwrap_err(), ProxyError::Malformed);
    assert_eq!(Proxy::new("http://", "").unwrap_err(), ProxyError::Malformed);
    assert_eq!(Proxy::new("https://user:canary@proxy.example", "").unwrap_err(), ProxyError::Scheme);
    assert_eq!(Proxy::new("socks5://proxy.example", "").unwrap_err(), ProxyError::Scheme);
    let proxy = Proxy::new("http://user:canary@proxy.example:3128", "").unwrap();
    assert!(!format!("{proxy:?}").contains("canary"));
}

#[tokio::test]
async fn a_deployment_is_reached_in_every_way() {
    for way in WAYS {
        let server = Answering::start(way, |_| Response::new(r#"{"environmentVariables":{"A":"1"}}"#.into())).await;
        let client = server.client().build().unwrap();
        for _ in 0..2 {
            assert_eq!(client.send(&ListEnvironmentVariables::new()).await.unwrap().len(), 1);
        }
        assert_eq!((server.requests().len(), server.connections()), (2, 1), "{way:?}");
    }
}
