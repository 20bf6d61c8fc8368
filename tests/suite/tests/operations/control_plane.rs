//! [`Objects`]: the objects of a control plane, which replace the made-up ids and names of sample requests.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use convex_mgmt::OperationMeta;
use convex_mgmt_fake::{FakeControlPlane, TokenClass};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A personal access token.
pub(crate) const PERSON: &str = "made-up-person";
/// A team access token.
pub(crate) const TEAM: &str = "made-up-team";

/// A place for a value of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Body,
}

/// The values for the made-up ids and names of samples: operation or `*`, place, name and value.
pub(crate) struct Objects(Vec<(&'static str, Place, &'static str, Value)>);

impl Objects {
    /// Creates a control plane with an object of each kind.
    pub(crate) async fn create() -> (FakeControlPlane, Self) {
        let plane = FakeControlPlane::builder("acme").token(TokenClass::Person, PERSON).token(TokenClass::Team, TEAM);
        let plane = plane.build();
        let post = async |path: String, body: Value| {
            let request = Request::post(format!("https://api.convex.dev/v1{path}"))
                .header(AUTHORIZATION, format!("Bearer {PERSON}"))
                .header(CONTENT_TYPE, "application/json");
            let response = plane.clone().oneshot(request.body(Bytes::from(body.to_string())).unwrap()).await.unwrap();
            assert!(response.status().is_success(), "{path}: {response:?}");
            serde_json::from_slice::<Value>(response.body()).unwrap_or_default()
        };
        let project = |name: &str| json!({ "projectName": name, "deploymentType": "prod" });
        let shop = post("/teams/1/create_project".to_owned(), project("Shop")).await;
        let other = post("/teams/1/create_project".to_owned(), json!({ "projectName": "Other" })).await;
        let (id, name) = (shop["id"].clone(), shop["deploymentName"].as_str().unwrap().to_owned());
        for body in [json!({ "type": "dev" }), json!({ "type": "preview", "reference": "pr-1" })] {
            post(format!("/projects/{id}/create_deployment"), body).await;
        }
        post(format!("/deployments/{name}/create_deploy_key"), json!({ "name": "ci" })).await;
        post(format!("/projects/{id}/create_preview_deploy_key"), json!({ "name": "previews" })).await;
        for path in ["/create_personal_access_token", "/teams/1/create_access_token"] {
            post(path.to_owned(), json!({ "name": "spare" })).await;
        }
        let statement = json!({ "effect": "allow", "actions": "*", "resource": "team:*" });
        let role = json!({ "name": "spare", "statements": [statement] });
        let role = post("/teams/1/create_custom_role".to_owned(), role).await["id"].clone();
        let invite = json!({ "email": "grace@example.com", "role": "developer" });
        post("/teams/1/invite_team_member".to_owned(), invite).await;
        let domain = json!({ "domain": "spare.example", "requestDestination": "convexCloud" });
        post(format!("/deployments/{name}/create_custom_domain"), domain).await;
        let variable = json!({ "name": "GREETING", "deploymentType": "prod", "value": "hello" });
        let variables = json!({ "changes": [variable] });
        post(format!("/projects/{id}/update_default_environment_variables"), variables).await;
        let developer = plane.add_member(1, "ida@example.com");
        plane.add_local_deployment(id.as_u64().unwrap(), 2, "local-acme-shop", 3210, true);

        let in_an_hour = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(3600);
        let in_an_hour = u64::try_from(in_an_hour.as_millis()).unwrap();
        let values = [
            ("*", Place::Path, "team_id", json!(1)),
            ("*", Place::Path, "team_id_or_slug", json!("acme")),
            ("*", Place::Path, "project_id", id.clone()),
            ("*", Place::Path, "project_slug", shop["slug"].clone()),
            ("*", Place::Path, "deployment_name", json!(name)),
            ("*", Place::Query, "projectId", id.clone()),
            ("*", Place::Query, "creator", json!(2)),
            ("*", Place::Query, "memberId", json!(2)),
            ("*", Place::Query, "reference", json!(format!("prod/{name}"))),
            // The samples have no cursor of the fake.
            ("*", Place::Query, "cursor", Value::Null),
            ("*", Place::Body, "destinationProjectId", other["id"].clone()),
            ("*", Place::Body, "expiresAt", json!(in_an_hour)),
            ("*", Place::Body, "memberId", json!(developer)),
            ("*", Place::Body, "customRoles", json!([role])),
            ("update_custom_role", Place::Body, "id", role.clone()),
            ("delete_custom_role", Place::Body, "id", role),
            ("cancel_team_member_invite", Place::Body, "email", json!("grace@example.com")),
            ("delete_custom_domain", Place::Body, "domain", json!("spare.example")),
            ("delete_custom_domain", Place::Body, "requestDestination", json!("convexCloud")),
            ("delete_personal_access_token", Place::Body, "id", json!("spare")),
            ("delete_team_access_token", Place::Body, "id", json!("spare")),
            ("delete_deploy_key", Place::Body, "id", json!("ci")),
            ("delete_preview_deploy_key", Place::Body, "id", json!("previews")),
        ];
        (plane.clone(), Self(values.into()))
    }

    fn value(&self, meta: &OperationMeta, place: Place, name: &str) -> Option<&Value> {
        let fits = |(of, at, of_name, _): &&(&str, Place, &str, Value)| {
            ["*", meta.id].contains(of) && *at == place && *of_name == name
        };
        self.0.iter().find(fits).map(|(.., value)| value)
    }

    /// Replaces the made-up ids and names of a request. A parameter that becomes `null` is removed from the query.
    pub(crate) fn replace_made_up(&self, meta: &OperationMeta, request: &mut Request<Bytes>) {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let uri = request.uri().clone();
        let path = uri.path().strip_prefix(meta.prefix).expect("a path of the API");
        let segments = meta.path.split('/').zip(path.split('/')).map(|(declared, sent)| {
            let name = declared.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            name.and_then(|name| self.value(meta, Place::Path, name)).map_or_else(|| sent.to_owned(), text)
        });
        let path = format!("{}{}", meta.prefix, segments.collect::<Vec<_>>().join("/"));
        let pairs = uri.query().into_iter().flat_map(|query| query.split('&')).filter_map(|pair| {
            let (name, _) = pair.split_once('=')?;
            match self.value(meta, Place::Query, name) {
                Some(Value::Null) => None,
                Some(value) => Some(format!("{name}={}", text(value))),
                None => Some(pair.to_owned()),
            }
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        let mut parts = uri.into_parts();
        parts.path_and_query = Some(target.parse().expect("a path"));
        *request.uri_mut() = parts.try_into().expect("a URI");
        if let Ok(mut body) = serde_json::from_slice(request.body()) {
            self.replace_in_body(meta, &mut body);
            *request.body_mut() = body.to_string().into();
        }
    }

    fn replace_in_body(&self, meta: &OperationMeta, body: &mut Value) {
        match body {
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace_in_body(meta, item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    match self.value(meta, Place::Body, name) {
                        Some(value) if !field.is_null() => *field = value.clone(),
                        _ => self.replace_in_body(meta, field),
                    }
                }
            }
            _ => {}
        }
    }
}
