//! [`ListAuditLogEvents`]: the entries of a team's audit log in a range of time.

use super::action::TeamAuditLogAction;
use super::event::TeamAuditLogEvent;
use crate::error::Violations;
use crate::operation::paging;
use crate::types::{MemberId, TeamId, UnixMillis};

management_operation! {
    /// Lists the entries of a team's audit log in a range of time, in pages. A [`Pager`](crate::Pager) walks the pages.
    ///
    /// The actions on the data and the settings of a deployment are in the
    /// [audit log of the deployment](crate::deployment::ListAuditLogEvents).
    ///
    /// ```
    /// use convex_mgmt::management::ListAuditLogEvents;
    /// use convex_mgmt::management::audit_log::TeamAuditLogAction;
    /// use convex_mgmt::{Operation, TeamId, UnixMillis};
    ///
    /// let day = 86_400_000;
    /// let now = UnixMillis(1_700_000_000_000);
    /// let operation = ListAuditLogEvents::new(TeamId(1), UnixMillis(now.0 - 7 * day), now)
    ///     .action(TeamAuditLogAction::ProjectDelete)
    ///     .limit(100);
    /// assert!(operation.check().is_ok());
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListAuditLogEvents {
        /// The team.
        pub team_id: TeamId,
        /// The beginning of the range, in milliseconds since 1970.
        pub from: UnixMillis,
        /// The end of the range, in milliseconds since 1970.
        pub to: UnixMillis,
        /// The member whose actions are listed. `None` lists those of all actors.
        pub member_id: Option<MemberId>,
        /// The action that is listed. `None` lists all actions.
        pub action: Option<TeamAuditLogAction>,
        /// The maximum number of entries in a page, from 1 to 100. The server defaults to 15.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_audit_log_events",
    request: GET "/teams/{team_id}/list_audit_log_events",
    path: [team_id],
    query: [from, to, member_id as "memberId", action, limit, cursor],
    response: page("items", TeamAuditLogEvent),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken, TeamToken],
    codes: [TeamNotFound, LimitOutOfRange, InvalidCursor],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListAuditLogEvents {
    /// Lists the entries of the team `team_id` between the times `from` and `to`.
    pub fn new(team_id: TeamId, from: UnixMillis, to: UnixMillis) -> Self {
        Self { team_id, from, to, member_id: None, action: None, limit: None, cursor: None }
    }

    /// Lists the actions of this member only.
    pub fn member_id(mut self, member: MemberId) -> Self {
        self.member_id = Some(member);
        self
    }

    /// Lists this action only.
    pub fn action(mut self, action: TeamAuditLogAction) -> Self {
        self.action = Some(action);
        self
    }

    /// Sets the maximum number of entries in a page, from 1 to 100. It may differ between pages.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets the cursor, which must come from a request with the same range and filters.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for ListAuditLogEvents {
    const OPTIONAL: &'static [&'static str] = &["clientIp", "clientUserAgent", "client_id", "member_id"];
    const FREE: &'static [&'static str] = &["/metadata"];

    fn requests() -> Vec<Self> {
        let list = || Self::new(TeamId(7), UnixMillis(1_700_000_000_000), UnixMillis(1_700_000_000_000));
        let action = TeamAuditLogAction::ProjectCreate;
        vec![list(), list().member_id(MemberId(5)).action(action).limit(100).cursor("some-cursor")]
    }

    fn with_url_text(text: &str) -> Vec<Self> {
        vec![Self::new(TeamId(7), UnixMillis(0), UnixMillis(1)).action(text.into()).cursor(text)]
    }

    fn invalid() -> Vec<(Self, &'static str)> {
        let list = || Self::new(TeamId(7), UnixMillis(0), UnixMillis(1));
        vec![(list().limit(0), "limit"), (list().limit(101), "limit"), (list().cursor(""), "cursor")]
    }

    fn responses() -> Vec<serde_json::Value> {
        let page = |actor: serde_json::Value| {
            serde_json::json!({
                "items": [{
                    "teamId": 1, "actor": actor, "action": "project:create", "createTime": 5, "metadata": {},
                    "clientIp": "i", "clientUserAgent": "u"
                }],
                "pagination": { "hasMore": true, "nextCursor": "c" }
            })
        };
        vec![
            page(serde_json::json!({ "kind": "system" })),
            page(serde_json::json!({ "kind": "member", "member_id": 7 })),
            page(serde_json::json!({ "kind": "token", "token_id": 8, "client_id": "c", "member_id": 9 })),
            page(serde_json::json!({ "kind": "integration", "client_id": "c" })),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{IntegrationActor, TeamAuditLogActor};
    use super::*;
    use crate::auth::AccessToken;
    use crate::operation::Operation;
    use crate::request::Endpoint;
    use crate::types::{AccessTokenId, MemberActor, TokenActor};

    #[test]
    fn sends_the_range_and_the_filters_in_the_query() {
        let endpoint = Endpoint::new("https://api.example", &AccessToken::parse("made-up").unwrap()).unwrap();
        let uri = |list: &ListAuditLogEvents| list.to_request(&endpoint).unwrap().uri().to_string();
        let list = ListAuditLogEvents::new(TeamId(7), UnixMillis(-5), UnixMillis(6));
        let start = "https://api.example/v1/teams/7/list_audit_log_events?from=-5&to=6";
        assert_eq!(uri(&list), start);
        let list = list.member_id(MemberId(9)).action(TeamAuditLogAction::TeamTokenCreate).limit(1).cursor("a/b");
        assert_eq!(uri(&list), format!("{start}&memberId=9&action=team%3Atoken%3Acreate&limit=1&cursor=a%2Fb"));
    }

    #[test]
    fn every_violation_is_reported_and_a_range_is_left_to_the_server() {
        let list = |from, to| ListAuditLogEvents::new(TeamId(7), UnixMillis(from), UnixMillis(to));
        assert!(list(5, 5).check().is_ok() && list(6, 5).check().is_ok());
        let violations = list(6, 5).limit(0).cursor("").check().unwrap_err();
        let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(fields, ["limit", "cursor"]);
    }

    #[test]
    fn reads_entries_of_each_actor_and_of_new_ones() {
        let event = |actor: &str, rest: &str| {
            format!(r#"{{"teamId":1,"actor":{actor},"action":"customRole:delete","createTime":2,"metadata":{rest}}}"#)
        };
        let items = [
            event(r#"{"kind":"system"}"#, "null"),
            event(r#"{"kind":"member","member_id":"7"}"#, r#"{"a": 1.0},"clientIp":null,"clientUserAgent":"u""#),
            event(r#"{"token_id":0,"client_id":null,"kind":"token"}"#, r#"[],"clientIp":"::1""#),
            event(r#"{"kind":"integration","client_id":"c"}"#, "7"),
            event(r#"{"kind":"robot","arm":1.50}"#, r#""x""#).replace("customRole:delete", "tea:brew"),
        ];
        let body = format!(r#"{{"items":[{}],"pagination":{{"hasMore":false}}}}"#, items.join(","));
        let page = ListAuditLogEvents::decode(&body.into()).unwrap();
        let [system, member, token, integration, robot] = &page.items[..] else { panic!("{page:?}") };
        assert_eq!(
            (&system.actor, &system.action),
            (&TeamAuditLogActor::System, &TeamAuditLogAction::CustomRoleDelete)
        );
        assert_eq!(system.metadata.as_str(), "null");
        assert_eq!(member.actor, TeamAuditLogActor::Member(MemberActor { member_id: MemberId(7) }));
        assert_eq!((member.metadata.as_str(), member.client_user_agent.as_deref()), (r#"{"a": 1.0}"#, Some("u")));
        let holder = TokenActor { member_id: None, token_id: AccessTokenId(0), client_id: None };
        assert_eq!((&token.actor, token.client_ip.as_deref()), (&TeamAuditLogActor::Token(holder), Some("::1")));
        let actor = TeamAuditLogActor::Integration(IntegrationActor { client_id: "c".into() });
        assert_eq!(integration.actor, actor);
        assert_eq!(robot.actor.unknown().unwrap().json(), r#"{"kind":"robot","arm":1.50}"#);
        assert_eq!((robot.action.is_known(), robot.action.as_str()), (false, "tea:brew"));
    }
}
