//! Members and their roles.

use super::*;

const LIST: &str = "GET /teams/1/list_members";
const UPDATE: &str = "POST /teams/1/update_team_member_role";

#[tokio::test]
async fn a_member_has_a_built_in_role_or_custom_roles() {
    let plane = plane();
    let member = plane.add_member(1, "dev@example.com");
    let (reader, writer) = (role(&plane, "Reader").await, role(&plane, "Writer").await);
    let ids = json!([writer, reader, writer]);
    done(&plane, PERSON, UPDATE, json!({"memberId": member, "customRoles": ids})).await;
    let members = ok(&plane, PERSON, LIST, Value::Null).await;
    let roles = json!([{"id": reader, "name": "Reader"}, {"id": writer, "name": "Writer"}]);
    let expected =
        json!({"id": member, "name": "dev", "email": "dev@example.com", "role": "custom", "customRoles": roles});
    assert_eq!(members["items"][1], expected);
    assert_eq!(members["items"][0].get("customRoles"), None);

    done(&plane, PERSON, UPDATE, json!({"memberId": member, "role": "admin", "customRoles": null})).await;
    let members = ok(&plane, PERSON, LIST, Value::Null).await;
    assert_eq!((&members["items"][1]["role"], members["items"][1].get("customRoles")), (&json!("admin"), None));
}

#[tokio::test]
async fn an_update_has_exactly_one_kind_of_role() {
    let plane = plane();
    let role = role(&plane, "Reader").await;
    for (body, expected) in [
        (json!({"memberId": 2}), failure(400, "InvalidRole")),
        (json!({"memberId": 2, "role": "custom"}), failure(400, "InvalidRole")),
        (json!({"memberId": 2, "customRoles": []}), failure(400, "InvalidRole")),
        (json!({"memberId": 2, "role": "admin", "customRoles": [role]}), failure(400, "InvalidRole")),
        (json!({"memberId": 2, "customRoles": [role, 99]}), failure(404, "CustomRoleNotFound")),
        (json!({"memberId": 99, "role": "admin"}), failure(404, "MemberNotFound")),
        (json!({"memberId": 2, "role": "owner"}), failure(400, "BadJsonBody")),
        (json!({"memberId": 2, "role": "admin", "x": 1}), failure(400, "BadJsonBody")),
    ] {
        assert_eq!(error(&plane, PERSON, UPDATE, body.clone()).await, expected, "{body}");
    }
    assert_eq!(column(&ok(&plane, PERSON, LIST, Value::Null).await["items"], "role"), ["admin"]);
}

#[tokio::test]
async fn only_a_person_manages_members() {
    let plane = plane();
    for token in [TEAM, OAUTH] {
        for request in [LIST, "GET /teams/1/list_pending_invites"] {
            let denied = error(&plane, token, request, Value::Null).await;
            assert_eq!(denied, failure(403, "OperationNotPermitted"), "{request}");
        }
        let body = json!({"memberId": 2, "role": "developer"});
        assert_eq!(error(&plane, token, UPDATE, body).await, failure(403, "OperationNotPermitted"));
    }
    let missing = error(&plane, PERSON, "GET /teams/99/list_members", Value::Null).await;
    assert_eq!(missing, failure(404, "TeamNotFound"));
}
