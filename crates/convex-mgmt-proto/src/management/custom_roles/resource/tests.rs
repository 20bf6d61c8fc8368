//! Property tests of the grammar, and the texts of each kind of resource.

use proptest::prelude::*;

use super::*;
use crate::types::{DeploymentId, DeploymentType, MemberId, ProjectId};

fn creators() -> impl Strategy<Value = CreatorScope> {
    prop_oneof![Just(CreatorScope::Caller), any::<u64>().prop_map(|id| CreatorScope::Member(MemberId(id)))]
}

fn projects() -> impl Strategy<Value = ProjectScope> {
    prop_oneof![
        Just(ProjectScope::Any),
        any::<u64>().prop_map(|id| ProjectScope::Id(ProjectId(id))),
        "[A-Za-z0-9_-]{3,64}".prop_map(ProjectScope::slug),
    ]
}

fn deployments() -> impl Strategy<Value = DeploymentScope> {
    let kinds: Vec<_> = DeploymentType::KNOWN.iter().cloned().chain([DeploymentType::from("next=year")]).collect();
    prop_oneof![
        Just(DeploymentScope::Any),
        any::<u64>().prop_map(|id| DeploymentScope::Id(DeploymentId(id))),
        prop::sample::select(kinds).prop_map(DeploymentScope::Type),
        creators().prop_map(DeploymentScope::Creator),
    ]
}

fn tokens() -> impl Strategy<Value = TokenScope> {
    prop_oneof![Just(TokenScope::Any), creators().prop_map(TokenScope::Creator)]
}

fn some<T: Clone + std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Selectors<T>> {
    prop::collection::vec(one, 1..4).prop_map(|all| {
        let (first, others) = all.split_first().unwrap();
        others.iter().cloned().fold(Selectors::from(first.clone()), Selectors::or)
    })
}

fn resources() -> impl Strategy<Value = RoleResource> {
    (some(projects()), some(deployments()), some(tokens()), 0..14_usize).prop_map(
        |(projects, deployments, tokens, kind)| {
            let project = RoleResource::project(projects);
            match kind {
                0 => RoleResource::Team,
                1 => RoleResource::team_token(tokens),
                2 => project.into(),
                3 => project.token(tokens),
                4 => project.default_environment_variable(),
                5 => project.deployment(deployments).into(),
                6 => project.deployment(deployments).token(tokens),
                7 => project.deployment(deployments).component(),
                8 => RoleResource::Member,
                9 => RoleResource::CustomRole,
                10 => RoleResource::Billing,
                11 => RoleResource::OAuthApplication,
                12 => RoleResource::Sso,
                _ => RoleResource::Integration,
            }
        },
    )
}

/// Texts made of the pieces of the grammar, so that many are almost resources.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "project",
        "deployment",
        "token",
        "team",
        "component",
        "sso",
        "defaultEnvironmentVariable",
        ":",
        ":",
        ":",
        ",",
        "*",
        "*",
        "id=",
        "slug=",
        "type=",
        "creator=",
        "self",
        "prod",
        "7",
        "007",
        "+7",
        "18446744073709551616",
        "shop",
        " ",
        "é",
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())]
}

proptest! {
    #[test]
    fn a_resource_is_read_back_from_its_text(resource in resources()) {
        prop_assert!(resource.is_known() && resource.broken_rule().is_none());
        prop_assert_eq!(RoleResource::from(resource.to_text()), resource.clone());
        let json = serde_json::to_string(&resource).unwrap();
        prop_assert_eq!(serde_json::from_str::<RoleResource>(&json).unwrap(), resource);
    }

    #[test]
    fn any_text_is_kept_and_sent_as_it_was_read(text in texts()) {
        let resource = RoleResource::from(text.as_str());
        prop_assert_eq!(resource.to_text(), text.clone());
        prop_assert_eq!(RoleResource::from(resource.to_text()), resource.clone());
        prop_assert!(resource.broken_rule().is_none(), "what was read is never rejected");
        prop_assert_eq!(serde_json::to_string(&resource).unwrap(), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn a_slug_or_type_is_rejected_unless_it_stays_one_selector(text in texts(), or_any in any::<bool>()) {
        let (slug, kind) = (ProjectScope::slug(&text), DeploymentScope::Type(text.as_str().into()));
        let projects = if or_any { ProjectScope::Any.or(slug) } else { slug.into() };
        for resource in [
            RoleResource::project(projects).into(),
            RoleResource::project(ProjectScope::Any).deployment(kind).token(TokenScope::Any),
        ] {
            let is_read_back = RoleResource::from(resource.to_text()) == resource;
            prop_assert_eq!(resource.broken_rule().is_none(), is_read_back, "{}", resource);
        }
    }
}

#[test]
fn writes_the_text_of_each_kind() {
    let project = || RoleResource::project(ProjectScope::Id(ProjectId(3)).or(ProjectScope::slug("my-app")));
    let deployment = || project().deployment(DeploymentScope::Creator(CreatorScope::Member(MemberId(5))));
    for (resource, text) in [
        (RoleResource::Team, "team:*"),
        (RoleResource::team_token(TokenScope::Creator(CreatorScope::Caller)), "team:*:token:creator=self"),
        (project().into(), "project:id=3,slug=my-app"),
        (project().token(TokenScope::Any), "project:id=3,slug=my-app:token:*"),
        (project().default_environment_variable(), "project:id=3,slug=my-app:defaultEnvironmentVariable:*"),
        (deployment().into(), "project:id=3,slug=my-app:deployment:creator=5"),
        (deployment().token(TokenScope::Any), "project:id=3,slug=my-app:deployment:creator=5:token:*"),
        (deployment().component(), "project:id=3,slug=my-app:deployment:creator=5:component:*"),
        (RoleResource::Member, "member:*"),
        (RoleResource::CustomRole, "customRole:*"),
        (RoleResource::Billing, "billing:*"),
        (RoleResource::OAuthApplication, "oauthApplication:*"),
        (RoleResource::Sso, "sso:*"),
        (RoleResource::Integration, "integration:*"),
    ] {
        assert_eq!((resource.to_text().as_str(), &RoleResource::from(text)), (text, &resource));
    }
}

#[test]
fn keeps_texts_of_another_grammar() {
    for text in [
        "",
        "*",
        "project",
        "project:",
        "project:*:",
        "project:*,",
        "Project:*",
        "galaxy:*",
        "token:*",
        "deployment:*",
        "component:*",
        "defaultEnvironmentVariable:*",
        "team:id=1",
        "member:id=1",
        "team:*:deployment:*",
        "project:*:member:*",
        "project:*:deployment:*:deployment:*",
        "project:*:deployment:*:token:*:token:*",
        "project:*:defaultEnvironmentVariable:name=A",
        "project:*:deployment:*:component:path=cart/*",
        "project:id=007",
        "project:id=+7",
        "project:id=18446744073709551616",
        "project:slug=ab",
        "project:type=prod",
        "project:creator=self",
        "project: *",
        "project:*, id=7",
        "project:*:deployment:type=",
        "project:*:deployment:slug=shop",
        "project:*:token:id=7",
        "project:*:token:creator=me",
    ] {
        let resource = RoleResource::from(text);
        assert!(!resource.is_known(), "{text}");
        assert_eq!(resource.to_text(), text);
    }
}

#[test]
fn shows_a_text_on_one_line() {
    let resource = RoleResource::from("project:\n*");
    assert_eq!((resource.to_string().as_str(), resource.to_text().as_str()), (r"project:\n*", "project:\n*"));
    assert_eq!(format!("{:?}", RoleResource::from("sso:*")), r#"RoleResource("sso:*")"#);
}
