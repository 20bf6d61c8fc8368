//! Tests of the bodies that depend on the kind of role, and of reading members.

use super::*;
use crate::auth::AccessToken;
use crate::error::BuildError;
use crate::metadata::ManagementApi;
use crate::operation::Operation;
use crate::request::Endpoint;
use crate::types::{CustomRoleId, MemberId, TeamId};

const TEAM: TeamId = TeamId(u64::MAX);

fn body(operation: &impl Operation<Api = ManagementApi>) -> Result<String, BuildError> {
    let endpoint = Endpoint::new("https://api.example", &AccessToken::parse("made-up").unwrap()).unwrap();
    let request = operation.to_request(&endpoint)?;
    assert!(request.uri().path().starts_with("/v1/teams/18446744073709551615/"));
    Ok(String::from_utf8(request.body().to_vec()).unwrap())
}

#[test]
fn an_invitation_names_custom_roles_only_with_the_role_custom() {
    let invite = |role: RoleAssignment| InviteTeamMember::new(TEAM, "a@example.com", role);
    let sent = |role| body(&invite(role)).unwrap();
    assert_eq!(sent(Role::Developer.into()), r#"{"email":"a@example.com","role":"developer"}"#);
    assert_eq!(sent(Role::from("owner").into()), r#"{"email":"a@example.com","role":"owner"}"#);
    let custom = RoleAssignment::custom([CustomRoleId(1), CustomRoleId(2)]);
    assert_eq!(sent(custom), r#"{"email":"a@example.com","role":"custom","customRoles":[1,2]}"#);
    let unchecked = body(&invite(RoleAssignment::custom([])).unchecked()).unwrap();
    assert_eq!(unchecked, r#"{"email":"a@example.com","role":"custom","customRoles":[]}"#);
}

#[test]
fn a_new_role_of_a_member_is_a_role_or_custom_roles() {
    let update = |role: RoleAssignment| UpdateTeamMemberRole::new(TEAM, MemberId(3), role);
    assert_eq!(body(&update(Role::Admin.into())).unwrap(), r#"{"memberId":3,"role":"admin"}"#);
    let custom = RoleAssignment::custom([CustomRoleId(u64::MAX)]);
    assert_eq!(body(&update(custom)).unwrap(), r#"{"memberId":3,"customRoles":[18446744073709551615]}"#);
    for (role, field) in [(Role::Custom.into(), "role"), (RoleAssignment::custom([]), "customRoles")] {
        let Err(BuildError::Invalid(violations)) = body(&update(role.clone())) else { panic!("{role:?} is sent") };
        assert_eq!(violations.iter().map(|violation| violation.field.as_str()).collect::<Vec<_>>(), [field]);
        assert!(body(&update(role).unchecked()).is_ok());
    }
}

#[test]
fn reads_members_of_each_role_and_of_a_new_one() {
    let body = r#"{"items":[
        {"id":1,"email":"a","role":"admin","name":null,"customRoles":null},
        {"id":"18446744073709551615","name":"N","email":"","role":"custom","customRoles":[{"id":5,"name":"R","new":1}]},
        {"id":3,"email":"c","role":"owner","customRoles":[]}]}"#;
    let [admin, custom, owner] = &ListTeamMembers::decode(&body.into()).unwrap()[..] else { panic!("not three") };
    assert_eq!((&admin.role, &admin.name, &admin.custom_roles), (&Role::Admin, &None, &None));
    assert_eq!((custom.id, &custom.role), (MemberId(u64::MAX), &Role::Custom));
    let roles = [MemberCustomRole { id: CustomRoleId(5), name: "R".into() }];
    assert_eq!(custom.custom_roles.as_deref(), Some(&roles[..]));
    assert_eq!((&owner.role, owner.custom_roles.as_deref()), (&Role::from("owner"), Some(&[][..])));
}
