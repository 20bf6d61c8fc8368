//! Teams: creating one, and [`ManagedBy`], the service that manages a team or a key.

use serde::de::{self, Deserializer, Unexpected};
use serde::{Deserialize, Serialize};

use crate::response::RawJson;
use crate::types::{MemberId, Region, TeamId, Text};

/// The service that manages a team or a key in place of its members.
///
/// On the wire it is a text or an object with one field, such as `"vercel"` or `{"oauthApp":".."}`. A text or object that this
/// version of the library does not know is kept. Match the variants that you handle and a `_` arm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManagedBy {
    /// The Vercel marketplace.
    Vercel,
    /// The OAuth application with this client id.
    OAuthApp(String),
    #[doc(hidden)]
    _Unknown(UnknownManager),
}

/// A manager that this version of the library does not know. It is public because a variant contains it, and has no public path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownManager(RawJson);

impl ManagedBy {
    /// Returns the text or object as JSON if this version of the library has no variant for it.
    ///
    /// A later version may have one, and returns `None` for the same JSON.
    pub fn unknown(&self) -> Option<&RawJson> {
        match self {
            Self::_Unknown(UnknownManager(json)) => Some(json),
            _ => None,
        }
    }
}

/// The text of [`ManagedBy::Vercel`].
const VERCEL: &str = "vercel";

/// The object of [`ManagedBy::OAuthApp`].
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct OAuthApp<T> {
    oauth_app: T,
}

impl<'de> Deserialize<'de> for ManagedBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = RawJson::deserialize(deserializer)?;
        match json.as_str().bytes().next() {
            Some(b'"') if json.read::<String>().is_ok_and(|text| text == VERCEL) => return Ok(Self::Vercel),
            Some(b'"') => {}
            Some(b'{') => {
                // A known object with a wrong value is an error, as in every other type.
                let known = json.read::<OAuthApp<RawJson>>().ok();
                let app = known.map(|known| known.oauth_app.read::<String>());
                if let Some(app) = app {
                    let wrong =
                        |_| de::Error::invalid_type(Unexpected::Other("another type"), &"a string in `oauthApp`");
                    return app.map(Self::OAuthApp).map_err(wrong);
                }
            }
            _ => return Err(de::Error::invalid_type(Unexpected::Other("another type"), &"a string or an object")),
        }
        Ok(Self::_Unknown(UnknownManager(json)))
    }
}

#[cfg(feature = "serde-all")]
impl Serialize for ManagedBy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Vercel => serializer.serialize_str(VERCEL),
            Self::OAuthApp(oauth_app) => OAuthApp { oauth_app }.serialize(serializer),
            Self::_Unknown(UnknownManager(json)) => json.serialize(serializer),
        }
    }
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "serde-all", derive(Serialize))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Team {
    /// The id of the team.
    pub id: TeamId,
    /// The name of the team.
    pub name: Text,
    /// The short form of the name in URLs. Paths accept it in place of the id where the parameter is `team_id_or_slug`.
    pub slug: Text,
    /// The member who created the team, if the server knows it.
    pub creator: Option<MemberId>,
    /// `true` if Convex has suspended the team.
    pub suspended: bool,
    /// The code with which the team refers other teams.
    pub referral_code: Text,
    /// The team that referred this one, if any.
    pub referred_by: Option<TeamId>,
    /// The service that manages the team, if any.
    pub managed_by: Option<ManagedBy>,
    /// The region of new deployments that name none, if the team has set one.
    pub default_region: Option<Region>,
    /// The id of the single sign-on of the team, if it has one.
    pub sso_login_id: Option<Text>,
    /// The page of the managing service for this team, if there is one.
    pub managed_by_url: Option<Text>,
}

management_operation! {
    /// Creates a team.
    ///
    /// The published document lists no credentials for this operation, and names 403 as a response. Inferred: the server may reject
    /// every kind of token. The API has no list of teams, so no operation shows whether the team exists after a lost response.
    ///
    /// ```
    /// use convex_mgmt::management::CreateTeam;
    /// use convex_mgmt::{Operation, Region};
    ///
    /// # let token = convex_mgmt::AccessToken::parse("made-up")?;
    /// # let endpoint = convex_mgmt::Endpoint::new("https://api.convex.dev", &token)?;
    /// let request = CreateTeam::new("Shop", Region::AwsEuWest1).to_request(&endpoint)?;
    /// assert_eq!(request.body(), r#"{"defaultRegion":"aws-eu-west-1","name":"Shop"}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    #[cfg_attr(feature = "serde-all", derive(Deserialize))]
    #[serde(rename_all = "camelCase")]
    pub struct CreateTeam {
        /// The region of new deployments that name none.
        pub default_region: Region,
        /// The name of the team. Its rules are not published.
        pub name: String,
    }

    id: "create_team",
    request: POST "/teams/create_team",
    body: |it| it,
    response: object(Team),
    idempotency: NonIdempotent,
    credentials: [],
    codes: [InvalidTeamName],
}

impl CreateTeam {
    /// Creates a team with this name.
    pub fn new(name: impl Into<String>, default_region: Region) -> Self {
        Self { default_region, name: name.into() }
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for CreateTeam {
    const OPTIONAL: &'static [&'static str] =
        &["creator", "defaultRegion", "managedBy", "managedByUrl", "referredBy", "ssoLoginId"];
    // Without it, an object is one of an unknown manager.
    const REMOVABLE: &'static [&'static str] = &["oauthApp"];
    const MIXED: &'static [&'static str] = &["managedBy"];

    fn requests() -> Vec<Self> {
        vec![Self::new("Shop", Region::AwsUsEast1), Self::new("Shop", Region::AwsEuWest1)]
    }

    #[cfg(feature = "serde-all")]
    fn from_body(body: &str) -> Option<serde_json::Result<Self>> {
        Some(serde_json::from_str(body))
    }

    fn responses() -> Vec<serde_json::Value> {
        let team = |managed_by: serde_json::Value| {
            serde_json::json!({
                "id": 1, "name": "n", "slug": "s", "creator": 2, "suspended": false, "referralCode": "r", "referredBy": 3,
                "managedBy": managed_by, "defaultRegion": "aws-us-east-1", "ssoLoginId": "l", "managedByUrl": "u"
            })
        };
        vec![team("vercel".into()), team(serde_json::json!({ "oauthApp": "a" }))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Operation;

    #[test]
    fn reads_a_team_without_optional_fields_and_one_of_unknown_values() {
        let body = r#"{"id":"1","name":"Shop","slug":"shop","suspended":true,"referralCode":"","creator":null}"#;
        let team = CreateTeam::decode(&body.into()).unwrap();
        assert_eq!((team.id, team.slug.as_str(), team.suspended), (TeamId(1), "shop", true));
        assert_eq!((team.creator, team.managed_by, team.default_region), (None, None, None));
        let body = body.replace("null", r#"7,"managedBy":"netlify","defaultRegion":"local""#);
        let team = CreateTeam::decode(&body.into()).unwrap();
        assert_eq!(team.managed_by.unwrap().unknown().unwrap().as_str(), r#""netlify""#);
        assert_eq!(team.default_region, Some(Region::from("local")));
    }

    #[test]
    fn a_manager_is_a_text_or_an_object_and_an_unknown_one_is_kept() {
        let read = |json: &str| serde_json::from_str::<ManagedBy>(json);
        assert_eq!(read(r#""vercel""#).unwrap(), ManagedBy::Vercel);
        assert_eq!(read(r#""\u0076ercel""#).unwrap(), ManagedBy::Vercel);
        let app = read(r#"{"new":[1],"oauthApp":"é"}"#).unwrap();
        assert_eq!((&app, app.unknown()), (&ManagedBy::OAuthApp("é".to_owned()), None));
        for json in [r#""netlify""#, r#"{"vercel":1.0}"#, "{}", r#"{"github":{"app":"x"}}"#] {
            let unknown = read(json).unwrap();
            assert_eq!(unknown.unknown().unwrap().as_str(), json);
            #[cfg(feature = "serde-all")]
            assert_eq!(serde_json::to_string(&unknown).unwrap(), json);
        }
        for json in ["7", "null", "true", "[]", r#"{"oauthApp":7}"#, r#"{"oauthApp":null}"#] {
            assert!(read(json).unwrap_err().to_string().contains("a string"), "{json}");
        }
    }
}
