//! Validates the successes of the fake with the published documents.

use convex_mgmt_proto::samples::Sample;
use convex_mgmt_suite::routes::Route;

use crate::schemas::Schemas;
use crate::{Results, Served, send_all};

/// Returns the successes of an operation that differ from the published document.
async fn invalid<O: Sample<Api: Served>>(schemas: &Schemas) -> Vec<String> {
    let successes = schemas.successes(O::META);
    let Results { responses, .. } = send_all::<O>(Route { http2: false, proxied: false }).await;
    let mut defects = Vec::new();
    let mut valid = 0;
    for (status, body) in responses.into_iter().filter(|(status, _)| status.is_success()) {
        match successes.defect(status, &body) {
            Some(defect) => defects.push(format!("{}: {defect}", O::META)),
            None => valid += 1,
        }
    }
    if defects.is_empty() && valid == 0 {
        defects.push(format!("{}: no success was validated", O::META));
    }
    defects
}

#[tokio::test]
async fn every_success_of_the_fake_is_valid_in_the_published_document() {
    let Some(schemas) = Schemas::read() else { return };
    let mut defects = Vec::new();
    macro_rules! validate {
        ($($api:ident::$topic:ident::$operation:ident,)+) => { $(
            defects.extend(invalid::<convex_mgmt::$api::$topic::$operation>(&schemas).await);
        )+ };
    }
    convex_mgmt_proto::for_each_operation!(validate);
    assert!(defects.is_empty(), "{}", defects.join("\n"));
}
