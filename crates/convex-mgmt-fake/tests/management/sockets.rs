//! Deployments of a control plane over sockets: over their own ports, and over host names.

use super::*;
use convex_mgmt_fake::Addressing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends `GET /api/v1/deployment_info` over a socket. Returns the status line and the body.
async fn info_over_socket(address: &str, host: &str, token: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/v1/deployment_info HTTP/1.1\r\nhost: {host}\r\nauthorization: Convex {token}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}

fn host_of(deployment: &Value) -> String {
    text(deployment, "deploymentUrl").strip_prefix("http://").unwrap().to_owned()
}

#[tokio::test]
async fn each_deployment_has_a_port_that_closes_with_its_deletion() {
    let plane = builder().addressing(Addressing::Ports).build();
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let dev = deployment(&plane, id, json!({"type": "dev"})).await;
    for (deployment, kind) in [(&prod, "prod"), (&dev, "dev")] {
        let host = host_of(deployment);
        let (status, body) = info_over_socket(&host, &host, TEAM).await.unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK");
        let info: Value = serde_json::from_str(&body).unwrap();
        let expected = json!({
            "kind": "cloud", "teamId": 1, "projectId": id, "projectName": "shop", "projectSlug": "shop",
            "id": deployment["id"], "deploymentType": kind, "reference": deployment["reference"],
        });
        assert_eq!(info, expected);
    }
    ok_empty(&plane, &format!("POST /deployments/{}/delete", text(&prod, "name"))).await;
    // The listener closes in the background.
    let closed = async {
        while info_over_socket(&host_of(&prod), "x", TEAM).await.is_ok_and(|(status, _)| !status.is_empty()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("a closed port");
    assert!(info_over_socket(&host_of(&dev), "x", TEAM).await.is_ok());
}

#[tokio::test]
async fn host_names_share_the_port_of_the_control_plane() {
    let plane = builder().addressing(Addressing::Hosts).build();
    let server = plane.serve("127.0.0.1:0").await.unwrap();
    let address = server.address().to_string();
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let eu = deployment(&plane, id, json!({"type": "dev", "region": "aws-eu-west-1"})).await;
    let (port, name, eu_name) = (server.address().port(), text(&prod, "name"), text(&eu, "name"));
    assert_eq!(text(&prod, "deploymentUrl"), format!("http://{name}.localhost:{port}"));
    assert_eq!(text(&eu, "deploymentUrl"), format!("http://{eu_name}.eu-west-1.localhost:{port}"));
    for (host, status) in [
        (host_of(&prod), "HTTP/1.1 200 OK"),
        (host_of(&eu), "HTTP/1.1 200 OK"),
        (host_of(&prod).to_uppercase(), "HTTP/1.1 200 OK"),
        // The region belongs to the host name.
        (format!("{eu_name}.localhost:{port}"), "HTTP/1.1 404 Not Found"),
        (format!("nothing.localhost:{port}"), "HTTP/1.1 404 Not Found"),
    ] {
        assert_eq!(info_over_socket(&address, &host, TEAM).await.unwrap().0, status, "{host}");
    }
    ok_empty(&plane, &format!("POST /deployments/{name}/delete")).await;
    let gone = info_over_socket(&address, &host_of(&prod), TEAM).await.unwrap();
    assert_eq!(gone, ("HTTP/1.1 404 Not Found".to_owned(), String::new()));
}

#[tokio::test]
async fn deployments_have_ports_by_default_while_the_control_plane_listens() {
    let (plane, id) = with_project().await;
    let before = deployment(&plane, id, json!({"type": "prod"})).await;
    let server = plane.serve("127.0.0.1:0").await.unwrap();
    let after = deployment(&plane, id, json!({"type": "dev"})).await;
    let (name, port) = (text(&before, "name"), server.address().port());
    assert_eq!(text(&before, "deploymentUrl"), format!("http://{name}.localhost"));
    assert_eq!(plane.deployment_url(name).unwrap(), format!("http://{name}.localhost:{port}"));
    assert!(text(&after, "deploymentUrl").starts_with("http://127.0.0.1:"));
    for host in [host_of(&before), host_of(&after)] {
        let (status, _) = info_over_socket(&server.address().to_string(), &host, TEAM).await.unwrap();
        assert_eq!(status, "HTTP/1.1 200 OK", "{host}");
    }
}
