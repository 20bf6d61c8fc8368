//! Faults and the record of requests.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_request_that_exceeds_the_timeout_has_no_effect() {
    let mut knobs = Knobs::default();
    knobs.set("request-timeout", "2000").unwrap();
    let fake = Fake::builder("happy-animal-123").admin_key("happy-animal-123|01c0ffee").knobs(knobs).build();
    fake.fault(Fault::delay(Duration::from_secs(3)));
    fake.fault(Fault::delay(Duration::from_secs(1)));
    assert_eq!(send(&fake, KEY, "POST /pause_deployment", "").await, (408, Value::Null));
    assert!(!fake.stops().paused);
    assert_eq!(send(&fake, KEY, "POST /pause_deployment", "").await, (200, Value::Null));
    assert!(fake.stops().paused);
}

#[tokio::test]
async fn requests_are_recorded_with_their_random_faults_and_their_statuses() {
    let fake = self_hosted();
    let faults = [Fault::Reset, Fault::LostResponse, Fault::EmptyBody, Fault::status(500)];
    fake.fault_rate(0.5, 1, faults.clone());
    let update = |number: usize| {
        let body = format!(r#"{{"changes":[{{"name":"A{number}","value":""}}]}}"#);
        let call = Request::post("/api/v1/update_environment_variables").header("authorization", KEY);
        call.header("content-type", "application/json").body(Bytes::from(body)).unwrap()
    };
    for number in 0..100 {
        drop(fake.clone().oneshot(update(number)).await);
    }
    let (requests, variables) = (fake.requests(), fake.variables());
    for (number, request) in requests.iter().enumerate() {
        let is_handled = !matches!(request.fault, Some(Fault::Reset | Fault::Response { .. }));
        assert_eq!(request.status.map(|status| status.as_u16()), is_handled.then_some(200), "{request:?}");
        assert_eq!(variables.iter().any(|(name, _)| *name == format!("A{number}")), is_handled, "{request:?}");
    }
    assert!(faults.iter().all(|fault| requests.iter().any(|request| request.fault.as_ref() == Some(fault))));
    assert!((30..70).contains(&requests.iter().filter(|request| request.fault.is_some()).count()));
}
