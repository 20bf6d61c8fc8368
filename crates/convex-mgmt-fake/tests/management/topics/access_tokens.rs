//! Access tokens of people and teams.

use super::*;

const LIST_OWN: &str = "GET /list_personal_access_tokens";
const CREATE_OWN: &str = "POST /create_personal_access_token";
const DELETE_OWN: &str = "POST /delete_personal_access_token";
const LIST: &str = "GET /teams/1/list_access_tokens";
const CREATE: &str = "POST /teams/1/create_access_token";
const DELETE: &str = "POST /teams/1/delete_access_token";

/// Creates a token and returns its text.
async fn own(plane: &FakeControlPlane, name: &str) -> String {
    text(&ok(plane, PERSON, CREATE_OWN, json!({"name": name})).await, "accessToken").to_owned()
}

async fn status(plane: &FakeControlPlane, token: &str, request: &str) -> u16 {
    call(plane, token, request, Value::Null).await.0
}

#[tokio::test]
async fn a_personal_token_works_until_it_is_deleted_by_name_or_text() {
    let plane = plane();
    let (first, second) = (own(&plane, "laptop").await, own(&plane, "laptop").await);
    assert_ne!(first, second);
    let list = ok(&plane, PERSON, LIST_OWN, Value::Null).await;
    assert_eq!(column(&list["items"], "name"), ["laptop (2)", "laptop", "Person"]);
    assert_eq!((&list["items"][0]["lastUsedTime"], &list["items"][0]["expiresAt"]), (&Value::Null, &Value::Null));
    // Lists have no secrets.
    assert!(!list.to_string().contains(&first));

    assert_eq!(status(&plane, &first, "GET /teams/1/list_members").await, 200);
    let list = ok(&plane, PERSON, LIST_OWN, Value::Null).await;
    assert!(list["items"][1]["lastUsedTime"].is_u64(), "{list}");
    done(&plane, PERSON, DELETE_OWN, json!({"id": "laptop"})).await;
    assert_eq!(error(&plane, &first, LIST_OWN, Value::Null).await, failure(401, "AccessTokenInvalid"));
    // A token may delete itself.
    done(&plane, &second, DELETE_OWN, json!({"id": second})).await;
    assert_eq!(status(&plane, &second, LIST_OWN).await, 401);
    assert_eq!(error(&plane, PERSON, DELETE_OWN, json!({"id": second})).await, failure(404, "AccessTokenNotFound"));
    assert!(plane.audit_log().is_empty());
}

#[tokio::test]
async fn a_person_sees_and_deletes_own_tokens_only() {
    let plane = plane();
    let member = plane.add_member(1, "dev@example.com");
    plane.add_token_of(1, member, TokenClass::Person, "other");
    let token = own(&plane, "laptop").await;
    let list = ok(&plane, "other", LIST_OWN, Value::Null).await;
    assert_eq!(column(&list["items"], "name"), ["Person"]);
    assert_eq!(ok(&plane, "other", LIST, Value::Null).await["items"], json!([]));
    for (request, id) in [(DELETE_OWN, "laptop"), (DELETE_OWN, &token), (DELETE, TEAM), (DELETE_OWN, TEAM)] {
        let error = error(&plane, "other", request, json!({"id": id})).await;
        assert_eq!(error, failure(404, "AccessTokenNotFound"), "{request} {id}");
    }
    assert_eq!(status(&plane, &token, LIST_OWN).await, 200);
}

#[tokio::test]
async fn a_team_token_works_at_once_for_both_apis_and_is_revoked_after_the_delay() {
    let plane = plane_with(|knobs| knobs.revocation_delay = MINUTE);
    let project = project(&plane, "shop").await;
    let prod = deployment(&plane, project, json!({"type": "prod"})).await;
    let answer = created(&plane, OAUTH, CREATE, json!({"name": "ci"})).await;
    assert_eq!(answer["tokenType"], "bearer");
    let token = text(&answer, "accessToken").to_owned();
    assert_eq!(status(&plane, &token, "GET /teams/1/projects").await, 200);
    assert_eq!(use_key(&plane, &prod, &token).await, 200);
    assert_eq!(status(&plane, &token, LIST_OWN).await, 403);

    done(&plane, &token, DELETE, json!({"id": "ci"})).await;
    assert_eq!(status(&plane, &token, "GET /teams/1/projects").await, 401);
    assert_eq!(use_key(&plane, &prod, &token).await, 200);
    plane.advance_clock(MINUTE);
    assert_eq!(use_key(&plane, &prod, &token).await, 401);
    let actions: Vec<&str> = plane.audit_log().iter().map(|event| event.entry.action).collect();
    assert_eq!(actions[2..], ["team:token:create", "team:token:delete"]);
}

#[tokio::test]
async fn the_body_of_a_team_token_is_optional() {
    let plane = plane();
    let post = async |content_type: Option<&str>, body: &'static str| {
        let mut request = Request::post("/v1/teams/1/create_access_token").header("authorization", "Bearer person");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        plane.clone().oneshot(request.body(Bytes::from(body)).unwrap()).await.unwrap().status().as_u16()
    };
    let json = Some("application/json");
    for (content_type, body) in [(None, ""), (json, ""), (json, "null"), (json, "{}"), (json, r#"{"name":null}"#)] {
        assert_eq!(post(content_type, body).await, 201, "{content_type:?} {body}");
    }
    for (content_type, body) in
        [(None, "null"), (None, "{}"), (json, "[]x"), (json, r#"{"x":1}"#), (json, r#"{"name":""}"#)]
    {
        assert_eq!(post(content_type, body).await, 400, "{content_type:?} {body}");
    }
    let list = ok(&plane, PERSON, LIST, Value::Null).await;
    assert_eq!(column(&list["items"], "creator"), [2; 6]);
    assert_eq!(list["items"][5]["name"], "Team");
}

#[tokio::test]
async fn a_token_cannot_create_tokens_of_a_class_that_the_document_excludes() {
    let plane = plane();
    for (token, request) in [(TEAM, CREATE), (TEAM, CREATE_OWN), (OAUTH, CREATE_OWN), (OAUTH, LIST_OWN)] {
        let error = error(&plane, token, request, json!({"name": "x"})).await;
        assert_eq!(error, failure(403, "OperationNotPermitted"), "{token} {request}");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_expiry() {
    let plane = plane();
    for (expires_at, valid) in [(after(&plane, 29 * MINUTE), false), (0, false), (after(&plane, 40 * MINUTE), true)] {
        let body = json!({"name": "x", "expiresAt": expires_at});
        for (request, success) in [(CREATE, 201), (CREATE_OWN, 200)] {
            let (status, answer) = call(&plane, PERSON, request, body.clone()).await;
            assert_eq!(status, if valid { success } else { 400 }, "{expires_at}");
            if valid {
                let token = text(&answer, "accessToken");
                assert_eq!(self::status(&plane, token, "GET /teams/1/projects").await, 200);
            }
        }
    }
    let (_, answer) = call(&plane, PERSON, CREATE, json!({"expiresAt": after(&plane, 40 * MINUTE)})).await;
    plane.advance_clock(40 * MINUTE);
    assert_eq!(status(&plane, text(&answer, "accessToken"), "GET /teams/1/projects").await, 401);
    let list = ok(&plane, PERSON, LIST, Value::Null).await;
    assert!(list["items"][0]["expiresAt"].is_u64(), "{list}");
}

#[tokio::test]
async fn tokens_are_listed_in_pages() {
    let plane = plane_with(|knobs| knobs.access_tokens_page_size = (2, 3));
    for name in ["a", "b", "c"] {
        own(&plane, name).await;
    }
    let first = ok(&plane, PERSON, LIST_OWN, Value::Null).await;
    assert_eq!(column(&first["items"], "name"), ["c", "b"]);
    let cursor = text(&first["pagination"], "nextCursor");
    let second = ok(&plane, PERSON, &format!("{LIST_OWN}?cursor={cursor}"), Value::Null).await;
    assert_eq!(column(&second["items"], "name"), ["a", "Person"]);
    assert_eq!(second["pagination"], json!({"hasMore": false}));
    for query in ["limit=0", "limit=4", "limit=x"] {
        assert_eq!(status(&plane, PERSON, &format!("{LIST_OWN}?{query}")).await, 400, "{query}");
    }
    // The cursor of one list is not valid for another.
    let other = format!("{LIST}?cursor={cursor}");
    assert_eq!(error(&plane, PERSON, &other, Value::Null).await, failure(400, "InvalidCursor"));
}

#[tokio::test]
async fn a_deleted_token_is_listed_for_a_while() {
    let plane = plane_with(|knobs| knobs.listing_delay = MINUTE);
    own(&plane, "a").await;
    done(&plane, PERSON, DELETE_OWN, json!({"id": "a"})).await;
    assert_eq!(column(&ok(&plane, PERSON, LIST_OWN, Value::Null).await["items"], "name"), ["a", "Person"]);
    plane.advance_clock(MINUTE);
    assert_eq!(column(&ok(&plane, PERSON, LIST_OWN, Value::Null).await["items"], "name"), ["Person"]);
}

#[tokio::test]
async fn token_details_name_the_team_or_project_of_the_caller() {
    let (plane, project) = with_project().await;
    plane.add_token(TokenClass::OAuthProject(project), "grant");
    let created = created(&plane, PERSON, CREATE, json!({"name": "ci"})).await;
    for (token, kind, field, id) in [
        (TEAM, "teamToken", "teamId", 1),
        (OAUTH, "teamToken", "teamId", 1),
        (text(&created, "accessToken"), "teamToken", "teamId", 1),
        ("grant", "projectToken", "projectId", project),
    ] {
        let details = ok(&plane, token, "GET /token_details", Value::Null).await;
        assert_eq!((text(&details, "type"), details[field].as_u64()), (kind, Some(id)), "{token}");
        assert!(details["id"].is_u64() && details["createTime"].is_u64() && details["name"].is_string(), "{details}");
    }
    let own = ok(&plane, PERSON, "GET /token_details", Value::Null).await;
    assert_eq!((text(&own, "type"), own.get("teamId")), ("personalToken", None));
}
