//! The control routes for what happens outside the API.

use super::*;

async fn control(plane: &FakeControlPlane, route: &str, body: Value) -> (u16, Value) {
    send(plane, "", "POST", &format!("/_fake/{route}"), body).await
}

#[tokio::test]
async fn an_invitation_is_accepted_over_http() {
    let plane = plane();
    done(&plane, PERSON, "POST /teams/1/invite_team_member", json!({"email": "a@b.c", "role": "admin"})).await;
    let accept = json!({"teamId": 1, "email": "a@b.c"});
    let (status, answer) = control(&plane, "invitations", accept.clone()).await;
    assert_eq!((status, answer["memberId"].is_u64()), (200, true), "{answer}");
    let members = ok(&plane, PERSON, "GET /teams/1/list_members", Value::Null).await;
    assert_eq!(column(&members["items"], "id"), [json!(2), answer["memberId"].clone()]);
    assert_eq!(control(&plane, "invitations", accept).await, (200, json!({"memberId": null})));
}

#[tokio::test]
async fn a_custom_domain_is_verified_over_http() {
    let (plane, id) = with_project().await;
    let prod = deployment(&plane, id, json!({"type": "prod"})).await;
    let path = format!("/deployments/{}", text(&prod, "name"));
    let domain = json!({"requestDestination": "convexSite", "domain": "a.b.c"});
    done(&plane, TEAM, &format!("POST {path}/create_custom_domain"), domain).await;
    assert_eq!(control(&plane, "domains", json!({"domain": "x.b.c"})).await, (200, json!({"found": false})));
    assert_eq!(control(&plane, "domains", json!({"domain": "a.b.c"})).await, (200, json!({"found": true})));
    let listed = ok(&plane, TEAM, &format!("GET {path}/custom_domains"), Value::Null).await;
    assert!(listed["domains"][0]["verificationTime"].is_u64(), "{listed}");
}
