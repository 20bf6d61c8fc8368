//! Listing the projects of a team.

use super::project::Project;
use crate::error::Violations;
use crate::operation::paging;
use crate::types::TeamId;

management_operation! {
    /// Lists the projects of a team, the newest id first. The list has pages of at most 100 projects.
    ///
    /// ```
    /// use convex_mgmt::management::ListProjects;
    /// use convex_mgmt::{AccessToken, Endpoint, Operation, TeamId};
    ///
    /// let list = ListProjects::new(TeamId(7)).search("shop").limit(10);
    ///
    /// let token = AccessToken::parse("team:acme|made-up")?;
    /// let request = list.to_request(&Endpoint::new("https://api.convex.dev", &token)?)?;
    /// assert_eq!(request.uri(), "https://api.convex.dev/v1/teams/7/projects?limit=10&q=shop");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ListProjects {
        /// The team.
        pub team_id: TeamId,
        /// A text to search for. The document does not say in which fields the server searches.
        pub search: Option<String>,
        /// The maximum number of projects in the page, from 1 to 100. `None` is 100.
        pub limit: Option<u32>,
        /// The cursor of the page. `None` is the first page.
        pub cursor: Option<String>,
    }

    id: "list_projects",
    request: GET "/teams/{team_id}/projects",
    path: [team_id],
    query: [cursor, limit, search as "q"],
    response: page("items", Project),
    paging: Query,
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound, LimitOutOfRange, InvalidCursor],
    check: |it| Violations::err_if_any(paging::violations(it.limit, it.cursor.as_deref()).collect()),
}

impl ListProjects {
    /// Lists the projects of the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id, search: None, limit: None, cursor: None }
    }

    /// Sets `search`: lists only the projects that match a text.
    pub fn search(mut self, text: impl Into<String>) -> Self {
        self.search = Some(text.into());
        self
    }

    /// Sets `limit`, the maximum number of projects in the page.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets `cursor`: requests the page that follows the cursor.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }
}
