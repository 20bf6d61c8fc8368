//! Tests of the operations on projects.

use super::*;
use crate::auth::AccessToken;
use crate::error::BuildError;
use crate::metadata::ManagementApi;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::{ProjectId, TeamId};

fn path(operation: &impl Operation<Api = ManagementApi>) -> Result<String, BuildError> {
    let token = AccessToken::parse("team:made-up|made-up").unwrap();
    let endpoint = Endpoint::new("https://api.convex.dev", &token).unwrap();
    Ok(operation.to_request(&endpoint)?.uri().path().to_owned())
}

fn created(json: &str) -> Result<CreatedProject, crate::response::DecodeError> {
    CreateProject::decode(&json.to_owned().into())
}

#[test]
fn the_type_of_a_team_decides_between_id_and_slug() {
    for (team, text) in
        [(TeamRef::from(TeamId(123)), "123"), ("123".into(), "123"), ("a_B-9".to_owned().into(), "a_B-9")]
    {
        assert_eq!(path(&GetProjectBySlug::new(team, "shop")).unwrap(), format!("/v1/teams/{text}/projects/shop"));
    }
}

#[test]
fn an_unchecked_slug_is_encoded_exactly_once() {
    let path = path(&GetProjectBySlug::new("a/b%2F", "c#d?e%").unchecked()).unwrap();
    assert_eq!(path, "/v1/teams/a%2Fb%252F/projects/c%23d%3Fe%25");
}

#[test]
fn a_slug_has_3_to_64_letters_digits_hyphens_and_underscores() {
    let violation = |slug: &str| slug_violation("slug", None, slug);
    for good in ["abc", "A_b-9", "123", "---", &"x".repeat(64)] {
        assert_eq!(violation(good), None, "{good}");
    }
    for bad in ["", "ab", &"x".repeat(65), "a b", "a/b", "a.b", "abé", "a%20b"] {
        assert!(violation(bad).is_some(), "{bad}");
    }
}

#[test]
fn reports_both_slugs_at_once() {
    let violations = GetProjectBySlug::new("", "").check().unwrap_err();
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["team_id_or_slug", "project_slug"]);
}

#[test]
fn the_id_of_a_created_project_has_two_names() {
    for json in [
        r#"{"projectId":42,"id":42,"slug":"s"}"#,
        r#"{"projectId":42,"slug":"s","deploymentName":null}"#,
        r#"{"id":"42","slug":"s"}"#,
        r#"{"id":null,"projectId":42,"slug":"s"}"#,
        r#"{"projectId":1,"id":42,"slug":"s"}"#,
    ] {
        let project = created(json).unwrap();
        assert_eq!((project.id, project.deployment_name), (ProjectId(42), None), "{json}");
    }
    let error = created(r#"{"slug":"s"}"#).unwrap_err();
    assert_eq!(error.expected, "the field `id`");
    assert_eq!(created(r#"{"id":1,"projectId":true,"slug":"s"}"#).unwrap_err().path, "projectId");
}
