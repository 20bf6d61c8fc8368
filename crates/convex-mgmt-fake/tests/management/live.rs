//! Deployments of a control plane are live in process.

use std::collections::BTreeSet;

use super::*;
use convex_mgmt_fake::{Addressing, Fault, Value as StoredValue};

/// One transport for both APIs: the authority of a request selects its receiver.
#[tokio::test]
async fn requests_are_routed_by_authority_in_process() {
    let addressings = [
        Addressing::Hosts,
        #[cfg(feature = "server")]
        Addressing::Ports,
    ];
    for addressing in addressings {
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
