//! The survey of each destructive operation: its reads, and the losses that it finds in them.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::*;
use crate::auth::AccessToken;
use crate::management::deployments::NewDeployment;
use crate::operation::guard::SurveyStep;
use crate::operations::OPERATIONS;
use crate::request::Endpoint;
use crate::types::{CustomRoleId, ProjectId, TeamId};

/// Performs a survey with these responses. Returns the paths and queries of its requests, and the losses.
fn survey(operation: &impl Destructive<Api = ManagementApi>, responses: &[Value]) -> (Vec<String>, Losses) {
    let token = AccessToken::parse("team:acme|made-up").unwrap();
    let endpoint = Endpoint::new("https://api.convex.dev", &token).unwrap();
    let (mut survey, mut paths) = (operation.survey(), Vec::new());
    loop {
        match survey.step(&endpoint).unwrap() {
            SurveyStep::Read { operation, request } => {
                assert_eq!(operation.idempotency, crate::metadata::Idempotency::Safe);
                let body = responses[paths.len()].to_string();
                paths.push(request.uri().path_and_query().unwrap().as_str().to_owned());
                survey.accept(Response::new(Bytes::from(body))).unwrap();
            }
            SurveyStep::Ended(losses) => {
                assert_eq!(paths.len(), responses.len());
                return (paths, losses);
            }
        }
    }
}

/// The lines of the losses after the first one.
fn lines(losses: &Losses) -> Vec<String> {
    losses.items().iter().map(ToString::to_string).collect()
}

fn cloud(name: &str, kind: &str, deployed: Option<i64>, reference: &str) -> Value {
    json!({
        "kind": "cloud", "id": name.len(), "name": name, "createTime": 1, "lastDeployTime": deployed,
        "deploymentType": kind, "projectId": 7, "region": "aws-us-east-1", "isDefault": false, "reference": reference,
        "deploymentUrl": "https://h", "class": "s16"
    })
}

fn page(items: &[Value], next: Option<&str>) -> Value {
    json!({ "items": items, "pagination": { "hasMore": next.is_some(), "nextCursor": next } })
}

#[test]
fn a_project_is_lost_with_all_its_deployments() {
    let project = json!({ "id": 7, "name": "My App", "slug": "my-app", "teamId": 1, "teamSlug": "t", "createTime": 1 });
    let unknown = json!({ "kind": "edge", "name": "new-kind-1", "deploymentType": "dev", "lastDeployTime": 0 });
    let list = json!([
        cloud("a-b-1", "prod", Some(0), "prod"),
        cloud("c-d-20", "dev", None, "dev/x"),
        unknown,
        { "kind": "other" }
    ]);
    let (paths, losses) = survey(&DeleteProject::new(ProjectId(7)), &[project, list]);
    assert_eq!(paths, ["/v1/projects/7", "/v1/projects/7/list_deployments?includeLocal=false"]);
    assert_eq!(
        losses.to_string(),
        "delete_project of project 7 destroys the project and all its deployments, with their data and files:\n\
         - project My App\n\
         - deployment a-b-1 (prod, last deployed 1970-01-01T00:00:00.000Z)\n\
         - deployment c-d-20 (dev, never deployed)\n\
         - deployment new-kind-1 (dev, last deployed 1970-01-01T00:00:00.000Z)\n\
         - deployment of the unknown kind other"
    );
    assert_eq!(losses.name(), Some("My App"));
    assert_eq!(losses.items().iter().map(|loss| loss.id).collect::<Vec<_>>(), [Some(7), Some(5), Some(6), None, None]);
}

#[test]
fn a_deployment_is_shown_before_it_is_deleted_or_transferred() {
    let read = [cloud("a-b-1", "prod", Some(0), "prod")];
    let (paths, deleted) = survey(&DeleteDeployment::new("a-b-1"), &read);
    assert_eq!(paths, ["/v1/deployments/a-b-1"]);
    assert_eq!((deleted.target(), deleted.name()), ("deployment a-b-1", Some("a-b-1")));
    assert_eq!(lines(&deleted), ["deployment a-b-1 (prod, last deployed 1970-01-01T00:00:00.000Z)"]);
    let (_, moved) = survey(&TransferDeployment::new("a-b-1", ProjectId(8)), &read);
    assert_eq!(moved.items(), deleted.items());
    let (_, elsewhere) = survey(&TransferDeployment::new("a-b-1", ProjectId(9)), &read);
    assert!(moved.confirm().check(&elsewhere).is_err(), "a confirmation is for one destination");
    assert!(moved.confirm().check(&deleted).is_err());
}

#[test]
fn a_preview_replaces_only_the_preview_with_its_identifier() {
    let mut by_identifier = cloud("a-b-1", "preview", None, "something-else");
    by_identifier["previewIdentifier"] = "PR-12".into();
    let list = json!([
        by_identifier,
        cloud("a-b-23", "preview", None, "preview/pr-12"),
        cloud("c-d-1", "preview", None, "preview/pr-1"),
        cloud("c-d-2", "preview", None, "preview/pr-123"),
        { "kind": "other" }
    ]);
    let (paths, losses) = survey(&CreateDeployment::new(ProjectId(7), NewDeployment::preview("pr-12")), &[list]);
    assert_eq!(paths, ["/v1/projects/7/list_deployments?includeLocal=false&deploymentType=preview"]);
    let expected = [
        "deployment a-b-1 (preview, never deployed)",
        "deployment a-b-23 (preview, never deployed)",
        "deployment of the unknown kind other",
    ];
    assert_eq!(lines(&losses), expected);
    let other = CreateDeployment::new(ProjectId(7), NewDeployment::preview("pr-13"));
    assert!(survey(&other, &[json!([])]).1.is_empty());
}

#[test]
fn a_new_deployment_that_replaces_nothing_needs_no_read() {
    for deployment in
        [NewDeployment::new(DeploymentType::Preview), NewDeployment::new(DeploymentType::Dev).reference("dev/x")]
    {
        let create = CreateDeployment::new(ProjectId(7), deployment);
        assert!(!create.is_destructive() && !create.clone().unchecked().is_destructive());
        assert!(survey(&create, &[]).1.is_empty());
    }
    assert!(CreateDeployment::new(ProjectId(7), NewDeployment::preview("pr-12")).unchecked().is_destructive());
}

fn key(id: u64, name: &str, used: Option<i64>) -> Value {
    json!({ "id": id, "name": name, "creationTime": 1, "lastUsedTime": used, "allowedActions": [] })
}

#[test]
fn all_keys_with_the_name_may_be_lost() {
    let named = TokenSelector::by_name("ci");
    let keys = json!([key(1, "ci", Some(0)), key(2, "other", None), key(3, "ci", None)]);
    let (paths, losses) = survey(&DeleteDeployKey::new("a-b-1", named.clone()), std::slice::from_ref(&keys));
    assert_eq!(paths, ["/v1/deployments/a-b-1/list_deploy_keys"]);
    assert_eq!(losses.target(), "deploy key ci of deployment a-b-1");
    assert_eq!(lines(&losses), ["deploy key ci (last used 1970-01-01T00:00:00.000Z)", "deploy key ci (never used)"]);
    let items = json!({ "items": keys });
    let (paths, losses) = survey(&DeletePreviewDeployKey::new(ProjectId(7), named), &[items]);
    assert_eq!(paths, ["/v1/projects/7/list_preview_deploy_keys?includeManaged=true"]);
    assert_eq!((losses.target(), losses.items().len()), ("preview deploy key ci of project 7", 2));
}

#[test]
fn tokens_and_roles_are_found_on_every_page() {
    let token = |id: u64, name: &str| json!({ "id": id, "name": name, "creationTime": 1 });
    let pages = [page(&[token(1, "ci")], Some("c")), page(&[token(2, "x"), token(3, "ci")], None)];
    let named = || TokenSelector::by_name("ci");
    let (paths, losses) = survey(&DeletePersonalAccessToken::new(named()), &pages);
    let list = "/v1/list_personal_access_tokens?limit=100";
    assert_eq!(paths, [list, &format!("{list}&cursor=c")]);
    assert_eq!(losses.target(), "personal access token ci of the calling member");
    assert_eq!(losses.items().iter().map(|loss| loss.id).collect::<Vec<_>>(), [Some(1), Some(3)]);
    let (paths, losses) = survey(&DeleteTeamAccessToken::new(TeamId(1), named()), &pages);
    assert_eq!(paths[0], "/v1/teams/1/list_access_tokens?limit=100");
    assert_eq!((losses.target(), losses.items().len()), ("team access token ci of team 1", 2));
    let role = |id: u64| json!({ "id": id, "teamId": 1, "name": format!("r{id}"), "statements": [], "createTime": 1 });
    let pages = [page(&[role(1)], Some("c")), page(&[role(2)], None)];
    let (paths, losses) = survey(&DeleteCustomRole::new(TeamId(1), CustomRoleId(2)), &pages);
    assert_eq!(paths[0], "/v1/teams/1/list_custom_roles?limit=100");
    assert_eq!((losses.target(), lines(&losses)), ("custom role 2 of team 1", vec!["custom role r2".to_owned()]));
}

#[test]
fn a_key_that_is_selected_by_its_secret_is_bound_to_the_secret_and_not_shown() {
    let delete = |secret: &str| DeleteDeployKey::new("a-b-1", TokenSelector::by_secret(secret));
    let (_, losses) = survey(&delete("prod:a-b-1|canary"), &[]);
    assert_eq!(losses.target(), "a deploy key of deployment a-b-1");
    assert_eq!(lines(&losses), ["deploy key that the request selects by its secret"]);
    assert!(!format!("{losses:?} {losses}").contains("canary"));
    assert_eq!(losses.confirm().check(&survey(&delete("canary"), &[]).1), Ok(()));
    assert!(losses.confirm().check(&survey(&delete("other"), &[]).1).is_err());
    let by_name = DeleteDeployKey::new("a-b-1", TokenSelector::by_name("canary"));
    assert!(losses.confirm().check(&survey(&by_name, &[json!([])]).1).is_err());
}

#[test]
fn every_destructive_operation_has_a_survey_of_its_own() {
    let token = || TokenSelector::by_secret("s");
    let surveys = [
        DeleteProject::new(ProjectId(1)).survey(),
        DeleteDeployment::new("a").survey(),
        TransferDeployment::new("a", ProjectId(1)).survey(),
        CreateDeployment::new(ProjectId(1), NewDeployment::preview("a")).survey(),
        DeleteDeployKey::new("a", token()).survey(),
        DeletePreviewDeployKey::new(ProjectId(1), token()).survey(),
        DeletePersonalAccessToken::new(token()).survey(),
        DeleteTeamAccessToken::new(TeamId(1), token()).survey(),
        DeleteCustomRole::new(TeamId(1), CustomRoleId(1)).unchecked().survey(),
    ];
    let surveyed: BTreeSet<&str> = surveys.iter().map(|survey| survey.so_far().operation().id).collect();
    let destructive = OPERATIONS.iter().filter(|meta| meta.destroys.is_some());
    assert_eq!(surveyed, destructive.map(|meta| meta.id).collect());
}
