//! Default environment variables.

use super::*;

fn change(name: &str, kind: &str, value: Option<&str>) -> Value {
    json!({"name": name, "deploymentType": kind, "value": value})
}

fn requests(project: u64) -> [String; 2] {
    [
        format!("GET /projects/{project}/list_default_environment_variables"),
        format!("POST /projects/{project}/update_default_environment_variables"),
    ]
}

#[tokio::test]
async fn equal_values_are_one_item_unless_the_list_has_one_type() {
    let (plane, project) = with_project().await;
    let [list, update] = requests(project);
    let changes = json!([
        change("B", "preview", Some("1")),
        change("B", "dev", Some("1")),
        change("B", "prod", Some("2")),
        change("A", "custom", Some("")),
    ]);
    done(&plane, TEAM, &update, json!({"changes": changes})).await;
    let item =
        |name: &str, value: &str, types: &[&str]| json!({"name": name, "value": value, "deploymentTypes": types});
    let ended = json!({"hasMore": false});
    let listed = ok(&plane, TEAM, &list, Value::Null).await;
    let all = json!([item("A", "", &["custom"]), item("B", "1", &["dev", "preview"]), item("B", "2", &["prod"])]);
    assert_eq!(listed, json!({"items": all, "pagination": ended}));
    for (query, items) in [
        ("deploymentType=dev", json!([item("B", "1", &["dev"])])),
        ("name=A", json!([item("A", "", &["custom"])])),
        ("name=A&deploymentType=dev", json!([])),
        ("name=a", json!([])),
    ] {
        assert_eq!(ok(&plane, TEAM, &format!("{list}?{query}"), Value::Null).await["items"], items, "{query}");
    }
}

#[tokio::test]
async fn null_and_absent_values_delete_what_exists() {
    let (plane, project) = with_project().await;
    let [list, update] = requests(project);
    done(
        &plane,
        TEAM,
        &update,
        json!({"changes": [change("A", "dev", Some("private")), change("A", "prod", Some("private"))]}),
    )
    .await;
    done(&plane, TEAM, &update, json!({"changes": [change("A", "dev", None), change("Z", "dev", None)]})).await;
    done(&plane, TEAM, &update, json!({"changes": [{"name": "A", "deploymentType": "prod"}]})).await;
    assert_eq!(ok(&plane, TEAM, &list, Value::Null).await["items"], json!([]));
    let actions: Vec<&str> = plane.audit_log().iter().map(|event| event.entry.action).collect();
    let [create, delete] = ["defaultEnvironmentVariable:create", "defaultEnvironmentVariable:delete"];
    assert_eq!(actions, ["project:create", create, create, delete, delete]);
    assert!(!format!("{:?}", plane.audit_log()).contains("private"));
}

#[tokio::test]
async fn a_new_deployment_gets_a_copy_of_the_variables_of_its_type() {
    let (plane, project) = with_project().await;
    let other = super::project(&plane, "other").await;
    let [_, update] = requests(project);
    let early = deployment(&plane, project, json!({"type": "dev"})).await;
    let changes =
        json!([change("A", "prod", Some("p")), change("A", "dev", Some("d")), change("B", "prod", Some("b"))]);
    done(&plane, TEAM, &update, json!({"changes": changes})).await;
    let prod = deployment(&plane, project, json!({"type": "prod"})).await;
    let preview = deployment(&plane, project, json!({"type": "preview", "reference": "x"})).await;
    let foreign = deployment(&plane, other, json!({"type": "prod"})).await;
    done(&plane, TEAM, &update, json!({"changes": [change("A", "prod", Some("later"))]})).await;

    let variables = |deployment: &Value| plane.deployment(text(deployment, "name")).unwrap().variables();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(variables(&prod), [pair("A", "p"), pair("B", "b")]);
    for deployment in [&early, &preview, &foreign] {
        assert_eq!(variables(deployment), [], "{deployment}");
    }
}

#[tokio::test]
async fn a_list_that_is_too_long_says_so_and_has_no_cursor() {
    let plane = plane_with(|knobs| knobs.max_listed_default_variables = 2);
    let [list, update] = requests(project(&plane, "shop").await);
    let changes: Vec<Value> = ["A", "B", "C"].iter().map(|name| change(name, "dev", Some("1"))).collect();
    done(&plane, TEAM, &update, json!({"changes": changes})).await;
    let listed = ok(&plane, TEAM, &list, Value::Null).await;
    assert_eq!(column(&listed["items"], "name"), ["A", "B"]);
    assert_eq!(listed["pagination"], json!({"hasMore": true}));
}

#[tokio::test]
async fn an_invalid_change_leaves_all_variables_unchanged() {
    let plane = plane_with(|knobs| knobs.max_env_vars = 1);
    let [list, update] = requests(project(&plane, "shop").await);
    for (invalid, code) in [
        (change("a-b", "dev", Some("1")), "EnvironmentVariableNameInvalid"),
        (change("", "dev", None), "EnvironmentVariableNameInvalid"),
        (change("B", "dev", Some(&"x".repeat(8193))), "EnvironmentVariableValueTooLarge"),
        (change("CONVEX_SITE_URL", "dev", Some("1")), "EnvVarNameForbidden"),
        (change("B", "dev", Some("1")), "EnvVarLimitMet"),
        (change("B", "staging", Some("1")), "BadJsonBody"),
        (json!({"name": "B", "deploymentType": "dev", "x": 1}), "BadJsonBody"),
    ] {
        let body = json!({"changes": [change("A", "dev", Some("1")), invalid]});
        assert_eq!(error(&plane, TEAM, &update, body).await, failure(400, code));
        assert_eq!(ok(&plane, TEAM, &list, Value::Null).await["items"], json!([]), "{code}");
    }
}
