//! [`FinalState`]: the final state of the fake.

use std::collections::{BTreeMap, BTreeSet};

use convex_mgmt::Client;
use convex_mgmt::deployment::{GetCanonicalUrls, ListLogStreams, ListUsageLimits};
use convex_mgmt_fake::Fake;

use super::streams::{Stream, place_of_stream};
use super::work::{PAUSE, place_of_limit, urls_set};
use crate::endpoint;

/// The final state of a deployment.
#[derive(Clone, Debug)]
pub(super) struct FinalState {
    /// The value in each place.
    pub(super) places: BTreeMap<String, String>,
    /// The objects that exist, named as in the audit log.
    pub(super) things: BTreeSet<String>,
}

/// Reads the final state of the fake, without sockets and faults.
pub(super) async fn final_state(fake: &Fake) -> FinalState {
    let client = Client::builder(endpoint("https://in-process")).build_on(fake.clone()).expect("a client");
    let mut kept = FinalState { places: BTreeMap::new(), things: BTreeSet::new() };
    for (name, value) in fake.variables() {
        kept.things.insert(format!("variable {name}"));
        kept.places.insert(format!("variable {name}"), value);
    }
    for limit in client.send(&ListUsageLimits::new()).await.expect("a fake without faults") {
        kept.things.insert(format!("limit {}", limit.id));
        kept.places.insert(place_of_limit(&limit.config()), limit.limit.to_string());
    }
    for stream in client.send(&ListLogStreams::new()).await.expect("a fake without faults") {
        let place = place_of_stream(&stream.config.log_stream_type());
        if let Some(stream) = Stream::of(stream) {
            kept.things.insert(format!("stream {}", stream.id));
            kept.places.insert(place, stream.to_string());
        }
    }
    let urls = urls_set(client.send(&GetCanonicalUrls::new()).await.expect("a fake without faults"));
    let paused = (PAUSE.to_owned(), fake.stops().paused.then(|| "paused".to_owned()));
    for (place, value) in urls.into_iter().chain([paused]) {
        if let Some(value) = value {
            kept.things.insert(place.clone());
            kept.places.insert(place, value);
        }
    }
    kept
}
