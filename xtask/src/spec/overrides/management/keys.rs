//! The differences in deploy keys and access tokens.

use convex_mgmt_proto::management::access_tokens::TokenSelector;
use convex_mgmt_proto::management::{
    CreateDeployKey, CreateTeamAccessToken, DeleteDeployKey, ListPersonalAccessTokens, ListTeamAccessTokens,
};
use convex_mgmt_proto::{Operation, TeamId};
use serde_json::{Value, json};

use super::super::ids::id_as_text;
use super::super::nulls::without_nulls;
use super::super::{Instead, Override, Side, What};
use crate::spec::bodies::request_body;
use crate::spec::samples::Kind;

/// The lists of tokens, in pages.
const PAGES: &[&str] = &["list_personal_access_tokens", "list_team_access_tokens"];

pub(super) const ROWS: &[Override] = &[
    id_as_text(&["list_deploy_keys", "list_preview_deploy_keys", "list_team_access_tokens"], "*creator"),
    Override {
        operations: &["list_deploy_keys", "list_preview_deploy_keys"],
        what: What::Body(Side::Response, Instead::Accepted(Kind::Missing, "*managedBy<2>.oauthApp")),
        facts: "a manager of a kind that the library does not know is kept",
        source: "inferred",
    },
    Override {
        operations: &["create_deploy_key", "create_preview_deploy_key", "create_personal_access_token"],
        what: What::Body(Side::Request, Instead::ReadsAs(without_nulls)),
        facts: "a null expiry is the same as none, so it is omitted",
        source: "inferred",
    },
    Override {
        operations: &["create_team_access_token"],
        what: What::Body(Side::Request, Instead::ReadsAs(object_without_nulls)),
        facts: "no body, null and an empty object have the same meaning; the library sends an empty object",
        source: "inferred",
    },
    Override {
        operations: &["create_team_access_token"],
        what: What::Behaviour(|| {
            request_body(&CreateTeamAccessToken::new(TeamId(1))).is_ok_and(|body| body == json!({}))
        }),
        facts: "the body is optional; an empty object is valid even for a server that needs a body",
        source: "inferred",
    },
    Override {
        operations: &["create_deploy_key"],
        what: What::Behaviour(|| {
            let create = || CreateDeployKey::new("n", "n");
            let sends = |create: &CreateDeployKey, body: Value| request_body(create).is_ok_and(|sent| sent == body);
            sends(&create(), json!({"name": "n"}))
                && sends(&create().allowed_actions([]), json!({"name": "n", "allowedActions": []}))
        }),
        facts: "the actions are never null; an empty list is sent as such, and its effect is not documented",
        source: "inferred",
    },
    Override {
        operations: &["delete_deploy_key", "delete_preview_deploy_key"],
        what: What::Behaviour(|| {
            let delete = DeleteDeployKey::new("n", TokenSelector::by_secret("prod:n|s"));
            request_body(&delete).is_ok_and(|body| body == json!({"id": "s"}))
        }),
        facts: "a key is named by its text, its secret part or its name; the library sends the secret part, which is the least ambiguous",
        source: "the descriptions of the operations",
    },
    Override {
        operations: PAGES,
        what: What::Behaviour(|| {
            let limits = |limit| {
                let lists =
                    (ListPersonalAccessTokens::new().limit(limit), ListTeamAccessTokens::new(TeamId(1)).limit(limit));
                [lists.0.check().is_ok(), lists.1.check().is_ok()]
            };
            [0, 101].map(limits) == [[false; 2]; 2] && [1, 100].map(limits) == [[true; 2]; 2]
        }),
        facts: "a limit outside 1 to 100 is rejected and not clamped, as by the Deployment Platform API",
        source: "inferred",
    },
    Override {
        operations: &["create_deploy_key", "create_preview_deploy_key"],
        what: What::Noted,
        facts: "for an OAuth application the key has the application's own token as its secret",
        source: "the descriptions of the operations",
    },
];

fn object_without_nulls(request: &mut Value) {
    if request.is_null() {
        *request = json!({});
    }
    without_nulls(request);
}
