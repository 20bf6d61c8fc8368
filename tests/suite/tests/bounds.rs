//! Bounds on what a client costs, counted and not timed.

use convex_mgmt::Client;
use convex_mgmt::deployment::{ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt_suite::endpoint;

fn assert_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn the_future_of_a_call_is_send_and_small() {
    let client = Client::new(endpoint("http://127.0.0.1:3210")).unwrap();
    let list = ListEnvironmentVariables::new();
    let list = assert_send(client.send(&list));
    println!("{}", size_of_val(&list));
    let update = UpdateEnvironmentVariables::new();
    let update = assert_send(client.send(&update));
    assert!(size_of_val(&list) <= 1536, "{} bytes", size_of_val(&list));
    assert!(size_of_val(&update) <= 1536, "{} bytes", size_of_val(&update));
}
