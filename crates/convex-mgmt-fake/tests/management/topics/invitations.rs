//! Invitations to teams.

use super::*;

const INVITE: &str = "POST /teams/1/invite_team_member";
const LIST: &str = "GET /teams/1/list_pending_invites";
const CANCEL: &str = "POST /teams/1/cancel_team_member_invite";
const EMAIL: &str = "new@example.com";

#[tokio::test]
async fn an_accepted_invitation_makes_a_member_with_its_role() {
    let plane = plane();
    let reader = role(&plane, "Reader").await;
    done(&plane, PERSON, INVITE, json!({"email": EMAIL, "role": "custom", "customRoles": [reader], "later": 1})).await;
    done(&plane, PERSON, INVITE, json!({"email": "b@example.com", "role": "developer"})).await;
    let roles = json!([{"id": reader, "name": "Reader"}]);
    let pending = json!({"items": [
        {"email": EMAIL, "expired": false, "role": "custom", "customRoles": roles},
        {"email": "b@example.com", "expired": false, "role": "developer"},
    ]});
    assert_eq!(ok(&plane, PERSON, LIST, Value::Null).await, pending);

    let id = plane.accept_invitation(1, "NEW@example.com").expect("an invitation");
    assert_eq!(plane.accept_invitation(1, EMAIL), None);
    assert_eq!(column(&ok(&plane, PERSON, LIST, Value::Null).await["items"], "email"), ["b@example.com"]);
    let members = ok(&plane, PERSON, "GET /teams/1/list_members", Value::Null).await;
    let expected = json!({"id": id, "name": null, "email": EMAIL, "role": "custom", "customRoles": roles});
    assert_eq!(members["items"][1], expected);
}

#[tokio::test]
async fn an_email_in_use_cannot_be_invited() {
    let plane = plane();
    plane.add_member(1, "dev@example.com");
    let invitation = |email: &str| json!({"email": email, "role": "admin"});
    done(&plane, PERSON, INVITE, invitation(EMAIL)).await;
    for email in [EMAIL, "New@Example.com", "dev@example.com"] {
        assert_eq!(
            error(&plane, PERSON, INVITE, invitation(email)).await,
            failure(400, "EmailAlreadyExists"),
            "{email}"
        );
    }
    // A member of another team can be invited, and keeps the id.
    let other = plane.add_team("other");
    done(&plane, PERSON, INVITE, invitation(&format!("admin-{other}@example.com"))).await;
    assert_eq!(plane.accept_invitation(1, &format!("admin-{other}@example.com")), Some(other + 1));
}

#[tokio::test]
async fn an_expired_invitation_is_listed_and_can_be_renewed() {
    let plane = plane_with(|knobs| knobs.invitation_lifetime = MINUTE);
    let body = json!({"email": EMAIL, "role": "admin"});
    done(&plane, PERSON, INVITE, body.clone()).await;
    plane.advance_clock(MINUTE);
    assert_eq!(column(&ok(&plane, PERSON, LIST, Value::Null).await["items"], "expired"), [true]);
    assert_eq!(plane.accept_invitation(1, EMAIL), None);
    done(&plane, PERSON, INVITE, body).await;
    assert_eq!(column(&ok(&plane, PERSON, LIST, Value::Null).await["items"], "expired"), [false]);
    done(&plane, PERSON, CANCEL, json!({"email": EMAIL})).await;
    assert_eq!(ok(&plane, PERSON, LIST, Value::Null).await, json!({"items": []}));
    let missing = error(&plane, PERSON, CANCEL, json!({"email": EMAIL})).await;
    assert_eq!(missing, failure(404, "InvitationNotFound"));
}

#[tokio::test]
async fn custom_roles_come_with_the_role_custom_only() {
    let plane = plane();
    let reader = role(&plane, "Reader").await;
    for (role, roles) in
        [("custom", json!(null)), ("custom", json!([])), ("admin", json!([reader])), ("developer", json!([]))]
    {
        let body = json!({"email": EMAIL, "role": role, "customRoles": roles});
        assert_eq!(error(&plane, PERSON, INVITE, body).await, failure(400, "InvalidRole"), "{role} {roles}");
    }
    let unknown = json!({"email": EMAIL, "role": "custom", "customRoles": [reader, 99]});
    assert_eq!(error(&plane, PERSON, INVITE, unknown).await, failure(404, "CustomRoleNotFound"));
    for email in ["", "x", "@x", "x@", "a b@c", "a@b@c"] {
        let body = json!({"email": email, "role": "admin"});
        assert_eq!(error(&plane, PERSON, INVITE, body).await, failure(400, "InvalidEmail"), "{email}");
    }
    assert_eq!(error(&plane, PERSON, INVITE, json!({"email": EMAIL})).await, failure(400, "BadJsonBody"));
    assert_eq!(ok(&plane, PERSON, LIST, Value::Null).await, json!({"items": []}));
}
