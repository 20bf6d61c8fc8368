//! Custom domains.

use super::*;

/// A control plane with two deployments, by name.
async fn with_deployments() -> (FakeControlPlane, [String; 2]) {
    let (plane, id) = with_project().await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let dev = deployment(&plane, id, json!({"type": "dev"})).await;
    let names = [&prod, &dev].map(|deployment| text(deployment, "name").to_owned());
    (plane, names)
}

fn domain(domain: &str) -> Value {
    json!({"requestDestination": "convexCloud", "domain": domain, "later": 1})
}

#[tokio::test]
async fn a_domain_is_unverified_until_the_control_plane_verifies_it() {
    let (plane, [name, _]) = with_deployments().await;
    let list = format!("GET /deployments/{name}/custom_domains");
    let before = after(&plane, Duration::ZERO);
    done(&plane, TEAM, &format!("POST /deployments/{name}/create_custom_domain"), domain("api.example.com")).await;
    let listed = ok(&plane, TEAM, &list, Value::Null).await;
    let created = listed["domains"][0]["creationTime"].as_u64().unwrap();
    assert!((before..=after(&plane, Duration::ZERO)).contains(&created), "{created}");
    let expected = |verified: Option<u64>| {
        json!({"domains": [{
            "creationTime": created, "deploymentName": name, "requestDestination": "convexCloud",
            "domain": "api.example.com", "verificationTime": verified,
        }]})
    };
    assert_eq!(listed, expected(None));

    assert!(!plane.verify_custom_domain("www.example.com"));
    plane.advance_clock(MINUTE);
    assert!(plane.verify_custom_domain("API.example.com"));
    let listed = ok(&plane, TEAM, &list, Value::Null).await;
    let verified = listed["domains"][0]["verificationTime"].as_u64();
    assert!(verified >= Some(created + 60_000), "{verified:?}");
    assert_eq!(listed, expected(verified));
    // A second verification changes nothing.
    plane.advance_clock(MINUTE);
    assert!(plane.verify_custom_domain("api.example.com"));
    assert_eq!(ok(&plane, TEAM, &list, Value::Null).await, expected(verified));
}

#[tokio::test]
async fn a_domain_belongs_to_one_deployment_and_destination() {
    let (plane, [prod, dev]) = with_deployments().await;
    let [create, delete] = ["create", "delete"].map(|verb| format!("POST /deployments/{prod}/{verb}_custom_domain"));
    let create_on_dev = format!("POST /deployments/{dev}/create_custom_domain");
    done(&plane, TEAM, &create, domain("api.example.com")).await;
    for request in [&create, &create_on_dev] {
        let error = error(&plane, TEAM, request, domain("Api.example.com")).await;
        assert_eq!(error, failure(400, "CustomDomainInUse"), "{request}");
    }
    let other = json!({"requestDestination": "convexSite", "domain": "api.example.com"});
    assert_eq!(error(&plane, TEAM, &delete, other).await, failure(404, "CustomDomainNotFound"));
    done(&plane, TEAM, &delete, domain("api.example.com")).await;
    assert_eq!(error(&plane, TEAM, &delete, domain("api.example.com")).await, failure(404, "CustomDomainNotFound"));
    done(&plane, TEAM, &create_on_dev, domain("api.example.com")).await;
    // The domain of a deleted deployment is free.
    done(&plane, TEAM, &format!("POST /deployments/{dev}/delete"), Value::Null).await;
    assert!(!plane.verify_custom_domain("api.example.com"));
    done(&plane, TEAM, &create, domain("api.example.com")).await;
}

#[tokio::test]
async fn rejects_texts_that_are_not_host_names() {
    let (plane, [name, _]) = with_deployments().await;
    let create = format!("POST /deployments/{name}/create_custom_domain");
    let long = format!("{}.com", "a".repeat(64));
    for text in ["", "localhost", "https://a.com", "a.com:80", "a.com/", "a..com", "-a.com", "a-.com", "*.a.com", &long]
    {
        let error = error(&plane, TEAM, &create, domain(text)).await;
        assert_eq!(error, failure(400, "InvalidCustomDomain"), "{text}");
    }
    let unknown = json!({"requestDestination": "mars", "domain": "a.com"});
    assert_eq!(error(&plane, TEAM, &create, unknown).await, failure(400, "BadJsonBody"));
    let missing = error(&plane, TEAM, "POST /deployments/none-such-1/create_custom_domain", domain("a.com")).await;
    assert_eq!(missing, failure(404, "DeploymentNotFound"));
}

#[tokio::test]
async fn a_verified_domain_serves_the_api_of_its_deployment() {
    let (plane, [name, other]) = with_deployments().await;
    let create = format!("POST /deployments/{name}/create_custom_domain");
    done(&plane, TEAM, &create, domain("api.example.com")).await;
    let site = json!({"requestDestination": "convexSite", "domain": "www.example.com"});
    done(&plane, TEAM, &create, site).await;
    let at = async |host: &str| {
        let url = format!("https://{host}/api/v1/deployment_info");
        let (status, info) = send(&plane, "Convex team", "GET", &url, Value::Null).await;
        (status, info["deploymentType"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(at("api.example.com").await.0, 404);
    for domain in ["api.example.com", "www.example.com"] {
        assert!(plane.verify_custom_domain(domain));
    }
    assert_eq!(at("API.example.com:443").await, (200, "prod".to_owned()));
    assert_eq!(at("www.example.com").await.0, 404);
    assert_eq!(plane.deployment(&other).unwrap().requests().len(), 0);
    done(&plane, TEAM, &format!("POST /deployments/{name}/delete_custom_domain"), domain("api.example.com")).await;
    assert_eq!(at("api.example.com").await.0, 404);
}
