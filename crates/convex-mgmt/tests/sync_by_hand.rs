//! The data sync over a blocking transport of `docs/data-sync.md`, against the fake.

use convex_mgmt::DeployKey;
use convex_mgmt_fake::{Fake, Knobs, Value};

// As in docs/data-sync.md: begin
use std::hash::{BuildHasher, RandomState};
use std::thread::sleep;
use std::time::SystemTime;

use convex_mgmt::bytes::Bytes;
use convex_mgmt::deployment::DataSync;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::sync::{MemorySink, SyncEngine, SyncOptions};
use convex_mgmt::{DeploymentApi, Endpoint, Operation, ResponseError};

type Failure = Box<dyn std::error::Error>;

fn copy(agent: &ureq::Agent, endpoint: &Endpoint<DeploymentApi>, sink: &mut MemorySink) -> Result<(), Failure> {
    let mut engine = SyncEngine::new(sink.state(), SyncOptions::new(endpoint))?;
    loop {
        match DataSync::from_response(send(agent, engine.request().to_request(endpoint)?)?) {
            Ok(page) => {
                let batch = engine.accept(page, SystemTime::now().try_into()?)?;
                sink.commit(&batch)?;
                let is_up_to_date = batch.is_up_to_date();
                let jitter = RandomState::new().hash_one(()) as f64 / u64::MAX as f64;
                let pause = engine.confirm(batch, jitter)?;
                if is_up_to_date {
                    return Ok(()); // Without this, the loop follows every change.
                }
                sleep(pause);
            }
            Err(ResponseError::Api(error)) if engine.recover(&error.code) => {} // A new copy begins.
            Err(error) => return Err(error.into()),
        }
    }
}

fn send(agent: &ureq::Agent, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
    let (parts, mut body) = agent.run(request.map(Vec::from))?.into_parts();
    let body = body.with_config().limit(256 << 20).read_to_vec()?;
    Ok(Response::from_parts(parts, body.into()))
}
// As in docs/data-sync.md: end

const KEY: &str = "happy-animal-123|01c0ffee";

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into()
}

fn count(sink: &MemorySink) -> usize {
    sink.tables().map(|(_, rows)| rows.len()).sum()
}

#[test]
fn copies_a_deployment_continues_and_begins_again_after_an_expired_cursor() {
    let mut knobs = Knobs::default();
    knobs.data_sync_page_entries = 2;
    let fake = Fake::builder("happy-animal-123").admin_key(KEY).knobs(knobs).build();
    let server = fake.serve_in_background("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::new(&server.url(), &DeployKey::parse(KEY).unwrap()).unwrap();
    let insert = |n: i64| {
        let document = Value::document(serde_json::json!({ "n": n }));
        fake.commit(|tables| tables.insert("", "users", document))
    };
    let ids: Vec<String> = (0..5).map(insert).collect();

    let mut sink = MemorySink::new();
    copy(&agent(), &endpoint, &mut sink).unwrap();
    assert_eq!(count(&sink), 5);
    fake.commit(|tables| tables.delete("", "users", &ids[0]));
    copy(&agent(), &endpoint, &mut sink).unwrap();
    assert_eq!(count(&sink), 4);

    fake.advance_clock(std::time::Duration::from_secs(15 * 24 * 3600));
    fake.commit(|tables| tables.delete("", "users", &ids[1]));
    copy(&agent(), &endpoint, &mut sink).unwrap();
    let rows: Vec<_> = sink.tables().flat_map(|(_, rows)| rows).collect();
    assert!(rows.len() == 3 && rows.iter().all(|(id, row)| row.generation == 2 && ids[2..].contains(id)));

    fake.revoke_key(KEY);
    let error = copy(&agent(), &endpoint, &mut sink).unwrap_err();
    assert!(error.to_string().contains("BadAdminKey"), "{error}");
    assert_eq!(count(&sink), 3);
}

#[test]
fn the_guide_contains_this_code() {
    let here = include_str!("sync_by_hand.rs");
    let begin = here.find("// As in docs/data-sync.md: begin\n").unwrap() + "// As in docs/data-sync.md: begin\n".len();
    let end = here.find("// As in docs/data-sync.md: end").unwrap();
    assert!(include_str!("../../../docs/data-sync.md").contains(&here[begin..end]));
}
