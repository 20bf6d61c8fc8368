//! Lists: their order, filters and pages.

use super::*;

/// Reads all pages of a list of a team.
async fn pages(plane: &FakeControlPlane, path: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ok(plane, TEAM, &format!("GET {path}{cursor}"), Value::Null).await;
        pages.push(page["items"].as_array().unwrap().clone());
        let pagination = &page["pagination"];
        match pagination["nextCursor"].as_str() {
            Some(next) if pagination["hasMore"] == true => cursor = format!("&cursor={next}"),
            _ => {
                assert_eq!(pagination, &json!({"hasMore": false}));
                return pages;
            }
        }
    }
}

#[tokio::test]
async fn projects_are_listed_on_pages_the_latest_first() {
    let plane = plane();
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.insert(0, project(&plane, &format!("App {number}")).await);
    }
    let sizes: Vec<usize> = pages(&plane, "/teams/1/projects?limit=2").await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let all = pages(&plane, "/teams/1/projects?limit=2").await.concat();
    assert_eq!(all.iter().map(|project| project["id"].as_u64().unwrap()).collect::<Vec<_>>(), ids);
    assert_eq!(pages(&plane, "/teams/1/projects?limit=5").await.len(), 1);
    let found = ok(&plane, TEAM, "GET /teams/1/projects?q=aPP-3", Value::Null).await;
    assert_eq!(column(&found["items"], "slug"), ["app-3"]);
    for query in ["limit=0", "limit=101", "limit=-1"] {
        let actual = error(&plane, TEAM, &format!("GET /teams/1/projects?{query}"), Value::Null).await;
        assert_eq!(actual, failure(400, "LimitOutOfRange"), "{query}");
    }
    assert_eq!(error(&plane, TEAM, "GET /teams/1/projects?limit=x", Value::Null).await, failure(400, "BadQueryArgs"));
    let actual = error(&plane, TEAM, "GET /teams/1/projects?cursor=x", Value::Null).await;
    assert_eq!(actual, failure(400, "InvalidCursor"));
}

/// A page continues after the last item of the one before, whatever was created or deleted in between.
#[tokio::test]
async fn a_page_neither_repeats_nor_skips_projects_after_changes() {
    let plane = plane();
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(project(&plane, &format!("app-{number}")).await);
    }
    let first = ok(&plane, TEAM, "GET /teams/1/projects?limit=2", Value::Null).await;
    assert_eq!(column(&first["items"], "id"), [ids[3], ids[2]].map(Value::from));
    ok_empty(&plane, &format!("POST /projects/{}/delete", ids[2])).await;
    project(&plane, "later").await;
    let cursor = text(&first["pagination"], "nextCursor");
    let second = ok(&plane, TEAM, &format!("GET /teams/1/projects?limit=2&cursor={cursor}"), Value::Null).await;
    assert_eq!(column(&second["items"], "id"), [ids[1], ids[0]].map(Value::from));
}

#[tokio::test]
async fn the_deployments_of_a_project_are_a_bare_array_with_filters() {
    let (plane, id) = with_project().await;
    let other = project(&plane, "blog").await;
    deployment(&plane, other, json!({"type": "prod"})).await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let preview = deployment(&plane, id, json!({"type": "preview", "reference": "pr-1"})).await;
    plane.add_local_deployment(id, 2, "local-mine", 3210, false);
    plane.add_local_deployment(id, 99, "local-other", 3210, false);
    let list = async |query: &str| {
        let list = ok(&plane, TEAM, &format!("GET /projects/{id}/list_deployments?{query}"), Value::Null).await;
        column(&list, "name").iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (prod, preview) = (text(&prod, "name"), text(&preview, "name"));
    assert_eq!(list("").await, [prod, preview]);
    assert_eq!(list("isDefault=true&includeLocal=true").await, [prod]);
    assert_eq!(list("isDefault=false").await, [preview]);
    assert_eq!(list("deploymentType=preview").await, [preview]);
    assert_eq!(list("includeLocal=true").await, [prod, preview, "local-mine"]);
    assert_eq!(list("includeLocal=true&deploymentType=dev").await, ["local-mine"]);
    let request = format!("GET /projects/{id}/list_deployments?deploymentType=x");
    assert_eq!(error(&plane, TEAM, &request, Value::Null).await, failure(400, "BadQueryArgs"));
    let local = ok(&plane, TEAM, "GET /teams/1/list_local_deployments", Value::Null).await;
    assert_eq!(column(&local["items"], "name"), ["local-mine", "local-other"]);
}

#[tokio::test]
async fn the_deployments_of_a_team_are_sorted_filtered_and_paged() {
    let (plane, shop) = with_project().await;
    let blog = project(&plane, "blog").await;
    let mut names = Vec::new();
    for (project, reference) in [(shop, "bbb"), (blog, "ccc"), (shop, "aaa")] {
        let created = deployment(&plane, project, json!({"type": "dev", "reference": reference})).await;
        names.push(text(&created, "name").to_owned());
        plane.advance_clock(MINUTE);
    }
    plane.record_deploy(&names[1]);
    plane.advance_clock(MINUTE);
    plane.record_deploy(&names[0]);
    for (query, expected) in [
        ("", ["aaa", "ccc", "bbb"].as_slice()),
        ("sortOrder=asc", &["bbb", "ccc", "aaa"]),
        ("sortBy=createTime&sortOrder=desc", &["aaa", "ccc", "bbb"]),
        ("sortBy=reference&sortOrder=asc", &["aaa", "bbb", "ccc"]),
        ("sortBy=reference&sortOrder=desc", &["ccc", "bbb", "aaa"]),
        ("sortBy=lastDeployTime", &["bbb", "ccc", "aaa"]),
        ("q=BB", &["bbb"]),
        (&format!("q={}", names[2]), &["aaa"]),
        (&format!("projectId={shop}"), &["aaa", "bbb"]),
        ("creator=2&deploymentType=dev&isDefault=false", &["aaa", "ccc", "bbb"]),
        ("creator=3", &[]),
        ("deploymentType=prod", &[]),
        ("isDefault=true", &[]),
    ] {
        for limit in [1, 2, 100] {
            let all = pages(&plane, &format!("/teams/1/list_deployments?limit={limit}&{query}")).await.concat();
            let references: Vec<_> = all.iter().map(|deployment| text(deployment, "reference")).collect();
            assert_eq!(references, expected, "{query}");
        }
    }
    for query in ["sortBy=name", "sortOrder=up", "deploymentType=x", "projectId=x"] {
        let actual = error(&plane, TEAM, &format!("GET /teams/1/list_deployments?{query}"), Value::Null).await;
        assert_eq!(actual, failure(400, "BadQueryArgs"), "{query}");
    }
    // A cursor belongs to one order.
    let page = ok(&plane, TEAM, "GET /teams/1/list_deployments?limit=1", Value::Null).await;
    let cursor = text(&page["pagination"], "nextCursor");
    let request = format!("GET /teams/1/list_deployments?sortOrder=asc&cursor={cursor}");
    assert_eq!(error(&plane, TEAM, &request, Value::Null).await, failure(400, "InvalidCursor"));
}

#[tokio::test]
async fn classes_and_regions_are_listed() {
    let plane = plane();
    let classes = ok(&plane, TEAM, "GET /teams/1/list_deployment_classes", Value::Null).await;
    assert_eq!(column(&classes["items"], "type"), ["s16", "s256", "d1024", "d2048"]);
    let regions = ok(&plane, TEAM, "GET /teams/1/list_deployment_regions", Value::Null).await;
    assert_eq!(column(&regions["items"], "name"), ["aws-us-east-1", "aws-eu-west-1"]);
}
