//! Custom roles.

use super::*;

const CREATE: &str = "POST /teams/1/create_custom_role";
const LIST: &str = "GET /teams/1/list_custom_roles";
const UPDATE: &str = "POST /teams/1/update_custom_role";
const DELETE: &str = "POST /teams/1/delete_custom_role";

#[tokio::test]
async fn an_update_replaces_the_whole_role() {
    let plane = plane();
    let statements = json!([
        {"effect": "allow", "actions": "*", "resource": "project:slug=shop:deployment:type=prod,type=dev"},
        {"effect": "deny", "actions": ["deployment:delete", "customRole:view"], "resource": "galaxy:far=away"},
    ]);
    let body = json!({"name": "Ops", "description": "d", "statements": statements});
    let role = created(&plane, TEAM, CREATE, body).await;
    let id = role["id"].as_u64().unwrap();
    assert_eq!((&role["teamId"], &role["creator"]), (&json!(1), &json!(2)));
    assert_eq!((&role["statements"], &role["description"]), (&statements, &json!("d")));

    let updated = ok(&plane, OAUTH, UPDATE, json!({"id": id, "name": "Ops 2", "statements": []})).await;
    assert_eq!((&updated["description"], &updated["statements"]), (&Value::Null, &json!([])));
    assert_eq!((&updated["createTime"], &updated["name"]), (&role["createTime"], &json!("Ops 2")));
    assert_eq!(ok(&plane, PERSON, LIST, Value::Null).await["items"], json!([updated]));
}

#[tokio::test]
async fn a_role_in_use_cannot_be_deleted() {
    let plane = plane();
    let id = role(&plane, "Reader").await;
    let assign = "POST /teams/1/update_team_member_role";
    done(&plane, PERSON, assign, json!({"memberId": 2, "customRoles": [id]})).await;
    assert_eq!(error(&plane, TEAM, DELETE, json!({"id": id})).await, failure(400, "CustomRoleInUse"));
    done(&plane, PERSON, assign, json!({"memberId": 2, "role": "admin"})).await;
    done(&plane, TEAM, DELETE, json!({"id": id})).await;
    assert_eq!(error(&plane, TEAM, DELETE, json!({"id": id})).await, failure(404, "CustomRoleNotFound"));
    assert_eq!(ok(&plane, TEAM, LIST, Value::Null).await, json!({"items": [], "pagination": {"hasMore": false}}));
}

#[tokio::test]
async fn roles_are_listed_in_pages_per_team() {
    let plane = plane_with(|knobs| knobs.custom_roles_page_size = (2, 2));
    for name in ["A", "B", "C"] {
        role(&plane, name).await;
    }
    let first = ok(&plane, TEAM, LIST, Value::Null).await;
    assert_eq!(column(&first["items"], "name"), ["A", "B"]);
    let cursor = text(&first["pagination"], "nextCursor");
    let second = ok(&plane, TEAM, &format!("{LIST}?cursor={cursor}&limit=1"), Value::Null).await;
    assert_eq!(column(&second["items"], "name"), ["C"]);
    assert_eq!(error(&plane, TEAM, &format!("{LIST}?limit=3"), Value::Null).await, failure(400, "LimitOutOfRange"));

    let other = plane.add_team("other");
    plane.add_token_of(other, other + 1, TokenClass::Team, "other");
    let list = format!("GET /teams/{other}/list_custom_roles");
    assert_eq!(ok(&plane, "other", &list, Value::Null).await["items"], json!([]));
    let id = first["items"][0]["id"].as_u64().unwrap();
    let delete = format!("POST /teams/{other}/delete_custom_role");
    assert_eq!(error(&plane, "other", &delete, json!({"id": id})).await, failure(404, "CustomRoleNotFound"));
    let foreign = format!("{list}?cursor={cursor}");
    assert_eq!(error(&plane, "other", &foreign, Value::Null).await, failure(400, "InvalidCursor"));
}

#[tokio::test]
async fn rejects_malformed_roles() {
    let plane = plane();
    let statement = |effect: &str, actions: Value, resource: &str| json!([{"effect": effect, "actions": actions, "resource": resource}]);
    for (statements, code) in [
        (statement("maybe", json!("*"), "project:*"), "BadJsonBody"),
        (statement("allow", json!("all"), "project:*"), "BadJsonBody"),
        (statement("allow", json!(["project:paint"]), "project:*"), "BadJsonBody"),
        // No role grants these actions.
        (statement("allow", json!(["customRole:create"]), "customRole:*"), "BadJsonBody"),
        (statement("allow", json!("*"), ""), "InvalidRoleStatement"),
        (statement("allow", json!("*"), "project"), "InvalidRoleStatement"),
        (statement("allow", json!("*"), "project:"), "InvalidRoleStatement"),
        (statement("allow", json!("*"), "project:*:deployment"), "InvalidRoleStatement"),
        (json!(null), "BadJsonBody"),
    ] {
        let body = json!({"name": "x", "statements": statements});
        assert_eq!(error(&plane, TEAM, CREATE, body).await, failure(400, code), "{statements}");
    }
    let unnamed = json!({"name": " ", "statements": []});
    assert_eq!(error(&plane, TEAM, CREATE, unnamed).await, failure(400, "InvalidCustomRoleName"));
    let unknown_field = json!({"name": "x", "statements": [], "creator": 2});
    assert_eq!(error(&plane, TEAM, CREATE, unknown_field).await, failure(400, "BadJsonBody"));
    let unknown_role = json!({"id": 99, "name": "x", "statements": []});
    assert_eq!(error(&plane, TEAM, UPDATE, unknown_role).await, failure(404, "CustomRoleNotFound"));
}
