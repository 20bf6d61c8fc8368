//! The classes and regions that a team can choose for a deployment.

use serde::Deserialize;

use crate::types::{DeploymentClass, Region, TeamId, Text};

/// A class of deployments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[non_exhaustive]
pub struct DeploymentClassOffer {
    /// The class.
    #[serde(rename = "type")]
    pub class: DeploymentClass,
    /// `true` if the team can create deployments of the class.
    pub available: bool,
}

/// A region that can host deployments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(serde::Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RegionOffer {
    /// The region.
    pub name: Region,
    /// The name for people.
    pub display_name: Text,
    /// `true` if the team can create deployments in the region.
    pub available: bool,
}

management_operation! {
    /// Lists the classes of deployments, with those that the team cannot choose.
    ///
    /// ```
    /// use convex_mgmt::management::ListDeploymentClasses;
    /// use convex_mgmt::{DeploymentClass, Operation};
    ///
    /// let body = r#"{"items":[{"type":"s16","available":true},{"type":"d1024","available":false}]}"#;
    /// let classes = ListDeploymentClasses::decode(&body.into())?;
    /// let available: Vec<_> = classes.iter().filter(|offer| offer.available).map(|offer| &offer.class).collect();
    /// assert_eq!(available, [&DeploymentClass::S16]);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListDeploymentClasses {
        /// The team.
        pub team_id: TeamId,
    }

    id: "list_deployment_classes",
    request: GET "/teams/{team_id}/list_deployment_classes",
    path: [team_id],
    response: field("items", Vec<DeploymentClassOffer>),
    idempotency: Safe,
    credentials: [PersonalToken, OAuthTeamToken, TeamToken],
    codes: [TeamNotFound],
}

impl ListDeploymentClasses {
    /// Lists the classes for the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id }
    }
}

management_operation! {
    /// Lists the regions that host deployments, with those that the team cannot choose.
    ///
    /// ```
    /// use convex_mgmt::management::ListDeploymentRegions;
    /// use convex_mgmt::{Operation, Region};
    ///
    /// let body = r#"{"items":[{"name":"aws-eu-west-1","displayName":"EU West (Ireland)","available":true}]}"#;
    /// let regions = ListDeploymentRegions::decode(&body.into())?;
    /// assert_eq!(regions[0].name, Region::AwsEuWest1);
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ListDeploymentRegions {
        /// The team.
        pub team_id: TeamId,
    }

    id: "list_deployment_regions",
    request: GET "/teams/{team_id}/list_deployment_regions",
    path: [team_id],
    response: field("items", Vec<RegionOffer>),
    idempotency: Safe,
    credentials: [],
    codes: [TeamNotFound],
}

impl ListDeploymentRegions {
    /// Lists the regions for the team `team_id`.
    pub fn new(team_id: TeamId) -> Self {
        Self { team_id }
    }
}
