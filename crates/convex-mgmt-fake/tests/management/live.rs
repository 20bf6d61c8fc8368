//! Deployments of a control plane are live: over their own ports, over host names, and in process.

use std::collections::BTreeSet;

use super::*;
use convex_mgmt_fake::{Addressing, Fault, Value as StoredValue};
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
    let (plane, id) = with_project().await;
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

/// One transport for both APIs: the authority of a request selects its receiver.
#[tokio::test]
async fn requests_are_routed_by_authority_in_process() {
    for addressing in [Addressing::Ports, Addressing::Hosts] {
        let plane = builder().addressing(addressing).build();
        let id = project(&plane, "shop").await;
        let prod = deployment(&plane, id, json!({"type": "prod"})).await;
        let dev = deployment(&plane, id, json!({"type": "dev"})).await;
        plane.deployment(text(&prod, "name")).unwrap().set_variable("A", "prod");
        plane.deployment(text(&dev, "name")).unwrap().set_variable("A", "dev");
        for (deployment, value) in [(&prod, "prod"), (&dev, "dev")] {
            let url = format!("{}/api/v1/list_environment_variables", text(deployment, "deploymentUrl"));
            let (_, body) = send(&plane, "Convex team", "GET", &url, Value::Null).await;
            assert_eq!(body["environmentVariables"]["A"], value, "{addressing:?}");
        }
        let url = format!("{}/api/v1/get_canonical_urls", text(&prod, "deploymentUrl"));
        let (_, urls) = send(&plane, "Convex team", "GET", &url, Value::Null).await;
        assert_eq!(urls["convexCloudUrl"], prod["deploymentUrl"]);
    }
}

#[tokio::test]
async fn faults_and_recorded_requests_belong_to_their_receiver() {
    let (plane, id) = with_project().await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let fake = plane.deployment(text(&prod, "name")).unwrap();
    fake.fault(Fault::status(502));
    plane.fault_at("/projects", Fault::code(503, "Busy"));
    assert_eq!(call(&plane, TEAM, &format!("GET /projects/{id}"), Value::Null).await.0, 200);
    assert_eq!(use_key(&plane, &prod, TEAM).await, 502);
    assert_eq!(error(&plane, TEAM, "GET /teams/1/projects", Value::Null).await, failure(503, "Busy"));
    assert_eq!((fake.requests().len(), plane.requests().len()), (1, 4));
    plane.fault_rate(1.0, 1, [Fault::Reset]);
    let request = Request::get("/v1/teams/1/projects").body(Bytes::new()).unwrap();
    assert!(plane.oneshot(request).await.is_err());
}

/// The quota of a deployment, its clock and its settings come from the control plane.
#[tokio::test]
async fn a_deployment_has_the_clock_and_the_knobs_of_its_control_plane() {
    let plane = plane_with(|knobs| knobs.max_env_vars = 1);
    let id = project(&plane, "shop").await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let fake = plane.deployment(text(&prod, "name")).unwrap();
    plane.advance_clock(60 * MINUTE);
    assert!(fake.now().duration_since(plane.now()).unwrap_or_default() < MINUTE);
    let url = format!("{}/api/v1/update_environment_variables", text(&prod, "deploymentUrl"));
    let body = json!({"changes": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]});
    let (status, error) = send(&plane, "Convex team", "POST", &url, body).await;
    assert_eq!((status, text(&error, "code")), (400, "EnvVarLimitMet"));
}

/// Both locks are in use at once: requests to deployments ask the control plane, which changes and deletes them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_ledger_agrees_with_the_responses_of_concurrent_callers() {
    let plane = plane();
    let id = project(&plane, "shop").await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let plane = plane.clone();
            tokio::spawn(async move {
                let mut kept = Vec::new();
                for round in 0..6 {
                    let body = json!({"type": "dev", "reference": format!("task-{task}/{round}")});
                    let created = deployment(&plane, id, body).await;
                    let name = text(&created, "name");
                    let create = format!("POST /deployments/{name}/create_deploy_key");
                    let key = ok(&plane, TEAM, &create, json!({"name": "ci"})).await;
                    assert_eq!(use_key(&plane, &created, text(&key, "deployKey")).await, 200);
                    plane.advance_clock(Duration::from_millis(1));
                    ok(&plane, TEAM, "GET /teams/1/list_deployments", Value::Null).await;
                    if round % 2 == 0 {
                        ok_empty(&plane, &format!("POST /deployments/{name}/delete")).await;
                    } else {
                        let update = format!("PATCH /deployments/{name}");
                        assert_eq!(call(&plane, TEAM, &update, json!({"sendLogsToClient": true})).await.0, 200);
                        kept.push(name.to_owned());
                    }
                }
                kept
            })
        })
        .collect();
    let mut kept = Vec::new();
    for task in tasks {
        kept.extend(task.await.unwrap());
    }
    kept.sort();
    let ledger = plane.deployments();
    let mut existing: Vec<_> = ledger.iter().filter(|one| one.exists()).map(|one| one.name.clone()).collect();
    existing.sort();
    assert_eq!((ledger.len(), existing), (48, kept));
    assert_eq!(plane.deploy_keys().iter().filter(|key| key.exists()).count(), 24);
}

#[tokio::test]
async fn the_data_of_many_deployments_is_read_through_one_control_plane() {
    let mut knobs = Knobs::default();
    knobs.max_deployments = 1000;
    let plane = builder().knobs(knobs).addressing(Addressing::Hosts).build();
    let id = project(&plane, "shop").await;
    let mut created = Vec::new();
    for number in 0..300 {
        let one = deployment(&plane, id, json!({"type": "custom", "reference": format!("customer/{number}")})).await;
        let fake = plane.deployment(text(&one, "name")).unwrap();
        fake.commit(|tables| tables.insert("", "numbers", StoredValue::document(json!({ "number": number }))));
        created.push(one);
    }
    let mut cursors = BTreeSet::new();
    for (number, one) in created.iter().enumerate().step_by(10) {
        let url = format!("{}/api/v1/data/sync", text(one, "deploymentUrl"));
        let (status, page) = send(&plane, &format!("Convex {TEAM}"), "POST", &url, json!({})).await;
        assert_eq!((status, &page["values"][0]["value"]["number"]), (200, &json!(number)), "{page}");
        assert_eq!(page["values"].as_array().unwrap().len(), 1);
        cursors.insert((url, page["pagination"]["nextCursor"].clone().to_string()));
    }
    // A cursor is valid on its own deployment only.
    let urls: Vec<_> = cursors.iter().map(|(url, _)| url).collect();
    let (_, cursor) = cursors.first().unwrap();
    let body = json!({"cursor": serde_json::from_str::<Value>(cursor).unwrap()});
    for (at, status) in [(0, 200), (1, 400)] {
        let got = send(&plane, &format!("Convex {TEAM}"), "POST", urls[at], body.clone()).await;
        assert_eq!(got.0, status, "{}", got.1);
    }
}
