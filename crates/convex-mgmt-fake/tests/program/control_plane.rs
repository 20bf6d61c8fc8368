//! The control plane of the program.

use super::*;

/// Starts the program. Returns the addresses of its first and second line.
async fn started(arguments: &[&str]) -> (Child, String, String) {
    let mut child = program(&[&["serve", "--control-plane"], arguments].concat()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        async || timeout(Duration::from_secs(30), lines.next_line()).await.expect("a line").unwrap().unwrap();
    let (first, second) = (next().await, next().await);
    let first = first.strip_prefix("listening on http://").expect("the first address").to_owned();
    let second = second.strip_prefix("control plane on http://").expect("the second address").to_owned();
    (child, first, second)
}

/// Sends a request and returns the status and the body.
async fn send(address: &str, host: &str, request: &str, authorization: &str, body: &str) -> (u16, Value) {
    let (length, authorization) = (body.len(), format!("authorization: {authorization}\r\n"));
    let request = format!(
        "{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n{authorization}content-length: {length}\r\n\r\n{body}"
    );
    let response = exchange(address, request).await;
    let (head, body) = response.split_once("\r\n\r\n").expect("a response");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// From a token to a key that works on a new deployment, in one program.
#[tokio::test]
async fn a_deployment_is_created_and_used() {
    let (_child, first, plane) = started(&["--team", "acme", "--token", "team=secret"]).await;
    assert_eq!(first, plane);
    let bearer = "Bearer secret";
    let body = r#"{"projectName":"shop","deploymentType":"prod"}"#;
    let (status, project) = send(&plane, "x", "POST /v1/teams/1/create_project", bearer, body).await;
    assert_eq!(status, 200, "{project}");
    let name = project["deploymentName"].as_str().unwrap();
    let create = format!("POST /v1/deployments/{name}/create_deploy_key");
    let (_, key) = send(&plane, "x", &create, bearer, r#"{"name":"ci"}"#).await;
    let key = format!("Convex {}", key["deployKey"].as_str().unwrap());
    let deployment = project["deploymentUrl"].as_str().unwrap().strip_prefix("http://").unwrap();
    let list = "GET /api/v1/list_environment_variables";
    assert_eq!(send(deployment, "x", list, &key, "").await.0, 200);
    assert_eq!(send(deployment, "x", list, "Convex secret", "").await.0, 200);
    // A deployment is controlled below its own URL.
    assert_eq!(send(deployment, "x", "POST /_fake/variables", "", r#"{"A":"1"}"#).await.0, 200);
    let (_, variables) = send(deployment, "x", list, &key, "").await;
    assert_eq!(variables["environmentVariables"]["A"], "1");
}

#[tokio::test]
async fn each_kind_of_token_has_its_access() {
    let tokens = ["--token", "person=a=b=", "--token", "oauth-team=team:acme|c", "--token", "team=d"];
    let project = ["--token", "oauth-project=project:acme:shop|e", "--token", "oauth-project=f", "--team", "acme"];
    let (_child, _, plane) = started(&[&tokens[..], &project].concat()).await;
    let (_, projects) = send(&plane, "x", "GET /v1/teams/acme/projects/shop", "Bearer d", "").await;
    let shop = projects["id"].as_u64().expect("the project of the token");
    for (token, on_team, on_shop) in [
        ("a=b=", 200, 200),
        ("team:acme|c", 200, 200),
        ("d", 200, 200),
        ("project:acme:shop|e", 403, 200),
        ("f", 403, 403),
        ("g", 401, 401),
    ] {
        let bearer = format!("Bearer {token}");
        let team = send(&plane, "x", "GET /v1/teams/1/projects", &bearer, "").await.0;
        let project = send(&plane, "x", &format!("GET /v1/projects/{shop}"), &bearer, "").await.0;
        assert_eq!((team, project), (on_team, on_shop), "{token}");
    }
}

#[tokio::test]
async fn a_deployment_and_a_control_plane_run_side_by_side() {
    let arguments = [SERVE.get(1..).unwrap(), &["--token", "team=secret", "--addressing", "hosts"]].concat();
    let (_child, deployment, plane) = started(&arguments).await;
    assert_ne!(deployment, plane);
    assert!(exchange(&deployment, get("eyJ2=")).await.starts_with("HTTP/1.1 200"));
    let body = r#"{"projectName":"shop","deploymentType":"dev","deploymentRegion":"aws-eu-west-1"}"#;
    let (_, project) = send(&plane, "x", "POST /v1/teams/1/create_project", "Bearer secret", body).await;
    let host = project["deploymentUrl"].as_str().unwrap().strip_prefix("http://").unwrap();
    assert!(host.contains(".eu-west-1.localhost:"), "{host}");
    let list = "GET /api/v1/list_environment_variables";
    assert_eq!(send(&plane, host, list, "Convex secret", "").await.0, 200);
    assert_eq!(send(&deployment, "x", list, "Convex secret", "").await.0, 401);
}

/// The session of a chaos test in another language: faults, time, revoked tokens, and the ledger as ground truth.
#[tokio::test]
async fn the_control_plane_is_controlled_over_http() {
    let (_child, _, plane) = started(&["--token", "team=secret", "--knob", "max-projects=1"]).await;
    let post = async |path: &str, body: &str| {
        let (status, response) = send(&plane, "x", &format!("POST /_fake/{path}"), "", body).await;
        assert_eq!(status, 200, "{path} {body}: {response}");
        response
    };
    let create = async || {
        let body = r#"{"projectName":"shop","deploymentType":"prod"}"#;
        let (status, response) = send(&plane, "x", "POST /v1/teams/1/create_project", "Bearer secret", body).await;
        (status, response)
    };
    post("faults", r#"{"fault":"response","status":503,"code":"Busy","path":"/create_project"}"#).await;
    assert_eq!(create().await.0, 503);
    let (_, created) = create().await;
    let (status, error) = create().await;
    assert_eq!((status, &error["code"]), (400, &Value::from("ProjectQuotaReached")));
    post("knobs", r#"{"name":"max-projects","value":"2"}"#).await;
    assert_eq!(create().await.0, 200);
    let name = created["deploymentName"].as_str().unwrap();
    assert_eq!(post("deploys", &format!(r#"{{"deployment":"{name}"}}"#)).await["found"], true);
    let added = post("projects", r#"{"name":"Blog"}"#).await;
    let token = format!(r#"{{"change":"add","class":"oauth-project","token":"p","projectId":{}}}"#, added["id"]);
    post("tokens", &token).await;
    assert_eq!(send(&plane, "x", &format!("GET /v1/projects/{}", added["id"]), "Bearer p", "").await.0, 200);
    send(&plane, "x", &format!("POST /v1/projects/{}/delete", created["id"]), "Bearer secret", "").await;
    let (_, ledger) = send(&plane, "x", "GET /_fake/ledger", "", "").await;
    let deployments = ledger["deployments"].as_array().unwrap();
    let deleted: Vec<_> = deployments.iter().map(|deployment| deployment["deleted"].is_u64()).collect();
    assert_eq!((ledger["projects"].as_array().unwrap().len(), deleted), (3, vec![true, false]));
    assert_eq!(post("tokens", r#"{"change":"revoke","token":"secret"}"#).await["found"], true);
    assert_eq!(create().await.0, 401);
    assert!(post("clock", r#"{"milliseconds":60000}"#).await["now"].is_u64());
    let (_, requests) = send(&plane, "x", "GET /_fake/requests?from=1", "", "").await;
    assert_eq!(requests[0]["uri"], "/v1/teams/1/create_project");
    for (path, body, reason) in [
        ("tokens", r#"{"change":"add","class":"admin","token":"x"}"#, "unknown class 'admin'"),
        ("tokens", r#"{"change":"add","class":"team","token":"x","projectId":1}"#, "has no project"),
        ("knobs", r#"{"name":"x","value":"1"}"#, "unknown knob 'x'"),
    ] {
        let response = exchange(&plane, control("POST", path, body)).await;
        assert!(response.starts_with("HTTP/1.1 400") && response.contains(reason), "{response}");
    }
    let help = program(&["--help"]).output().await.unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for path in ["tokens", "projects", "deploys", "invitations", "domains", "knobs", "ledger"] {
        assert!(help.contains(&format!("/_fake/{path}")), "{path}");
    }
}
