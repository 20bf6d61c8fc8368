//! The blocking transport of the README, run unchanged.

use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{DeployKey, Endpoint, ErrorCode, Operation, ResponseError};
use convex_mgmt_fake::Fake;

type BoxError = Box<dyn std::error::Error>;

// As in the README: begin
fn call<O: Operation>(agent: &ureq::Agent, at: &Endpoint<O::Api>, operation: &O) -> Result<O::Output, BoxError> {
    let (parts, mut body) = agent.run(operation.to_request(at)?.map(Vec::from))?.into_parts();
    let bytes = body.with_config().limit(8 << 20).read_to_vec()?;
    Ok(O::from_response(http::Response::from_parts(parts, bytes.into()))?)
}
// As in the README: end

#[test]
fn a_blocking_transport_is_a_function() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").build();
    let running = runtime.block_on(fake.serve("127.0.0.1:0")).unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let at = |key: &str| Endpoint::new(&running.url(), &DeployKey::parse(key).unwrap()).unwrap();

    call(&agent, &at("happy-animal-123|01c0ffee"), &UpdateEnvironmentVariables::new().set("A", "1")).unwrap();
    let listed = call(&agent, &at("happy-animal-123|01c0ffee"), &ListEnvironmentVariables::new()).unwrap();
    assert_eq!(listed.get("A").unwrap().expose(), "1");

    let error = call(&agent, &at("happy-animal-123|01ff"), &ListEnvironmentVariables::new()).unwrap_err();
    let Some(ResponseError::Api(error)) = error.downcast_ref() else { panic!("{error:?}") };
    assert_eq!(error.code, ErrorCode::BadAdminKey);
}

#[test]
fn the_readme_contains_this_function() {
    let here = include_str!("readme.rs");
    let begin = here.find("// As in the README: begin\n").unwrap() + "// As in the README: begin\n".len();
    let end = here.find("// As in the README: end").unwrap();
    let function = &here[begin..end];
    assert!(function.starts_with("fn call<O: Operation>") && function.lines().count() <= 7);
    assert!(include_str!("../README.md").contains(function));
}
