//! Tests of the `operation!` macro, with made-up operations.

use http::Method;
use serde::Deserialize;

use crate::auth::AccessToken;
use crate::metadata::{CredentialClass, ManagementApi, Paging};
use crate::operation::{Operation, Paged};
use crate::request::Endpoint;
use crate::types::{DeploymentType, MemberId, TeamId, UnixMillis};

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
pub struct Part {
    id: u64,
}

operation! {
    api: ManagementApi,
    credentials: [OAuthTeamToken, TeamToken],

    /// Lists the parts of a team, in pages.
    #[derive(Clone, Debug)]
    pub struct ListParts {
        pub team: TeamId,
        pub name: String,
        pub from: UnixMillis,
        pub purpose: Option<DeploymentType>,
        pub creator: Option<MemberId>,
        pub is_default: Option<bool>,
        pub limit: Option<u32>,
        pub cursor: Option<String>,
    }

    id: "list_parts",
    request: GET "/teams/{team_id}/parts/{name}",
    path: [team as "team_id", name],
    query: [from, purpose as "deploymentType", creator, is_default as "isDefault", limit, cursor],
    response: page("parts", Part),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken],
    codes: [],
}

operation! {
    api: ManagementApi,
    credentials: [TeamToken],

    /// Lists all parts, in the form of a page.
    #[derive(Clone, Debug)]
    pub struct ListAllParts {}

    id: "list_all_parts",
    request: GET "/parts",
    response: page("items", Part),
    idempotency: Safe,
    codes: [],
}

operation! {
    api: ManagementApi,

    /// Creates a part.
    #[derive(Clone, Debug)]
    pub struct CreatePart {}

    id: "create_part",
    request: POST "/create_part",
    response: object(Part),
    idempotency: NonIdempotent,
    credentials: [],
    verify_with: ListAllParts,
    codes: [],
}

fn list() -> ListParts {
    let (team, creator) = (TeamId(u64::MAX), Some(MemberId(1)));
    let (purpose, is_default) = (Some("a b".into()), Some(true));
    let (name, from) = ("x/y".to_owned(), UnixMillis(-1));
    ListParts { team, name, from, purpose, creator, is_default, limit: None, cursor: None }
}

fn url(operation: &impl Operation<Api = ManagementApi>) -> String {
    let token = AccessToken::parse("team:made-up|made-up").unwrap();
    let endpoint = Endpoint::new("https://api.convex.dev", &token).unwrap();
    operation.to_request(&endpoint).unwrap().uri().to_string()
}

#[test]
fn fields_are_encoded_under_their_own_names_or_under_those_after_as() {
    assert_eq!(
        url(&list()),
        "https://api.convex.dev/v1/teams/18446744073709551615/parts/x%2Fy\
         ?from=-1&deploymentType=a%20b&creator=1&isDefault=true"
    );
    let query = ["from", "deploymentType", "creator", "isDefault", "limit", "cursor"];
    assert_eq!((ListParts::META.path, ListParts::META.query), ("/teams/{team_id}/parts/{name}", &query[..]));
    assert_eq!((ListParts::META.method.clone(), ListParts::META.api), (Method::GET, "management"));
}

#[test]
fn the_credentials_of_an_operation_replace_those_of_its_api() {
    assert_eq!(ListParts::META.credentials, [CredentialClass::PersonalToken]);
    assert_eq!(ListAllParts::META.credentials, [CredentialClass::TeamToken]);
    assert_eq!(CreatePart::META.credentials, []);
}

#[test]
fn a_page_is_paged_exactly_if_its_paging_is_declared() {
    let body = r#"{"parts":[{"id":7}],"pagination":{"hasMore":true,"nextCursor":"c"}}"#;
    let page = ListParts::decode(&body.into()).unwrap();
    let mut next = list();
    next.set_cursor(page.next_cursor.unwrap());
    assert_eq!((page.items[0].id, next.cursor(), ListParts::META.paging), (7, Some("c"), Paging::Query));
    let body = r#"{"items":[],"pagination":{"hasMore":false}}"#;
    let page = ListAllParts::decode(&body.into()).unwrap();
    assert_eq!((page.items.len(), ListAllParts::META.paging), (0, Paging::None));
    assert_eq!(CreatePart::META.verify_with.map(|meta| meta.id), Some("list_all_parts"));
}
