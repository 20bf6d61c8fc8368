//! Bounds on what a client costs, counted and not timed.

use bytes::Bytes;
use convex_mgmt::deployment::{DataSync, ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::{Client, Operation};
use convex_mgmt_suite::{Script, client_of, endpoint, fake};

fn assert_send<T: Send>(value: T) -> T {
    value
}

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn the_future_of_a_call_is_send_and_small() {
    let client = Client::new(endpoint("http://127.0.0.1:3210")).unwrap();
    let (list, update) = (ListEnvironmentVariables::new(), UpdateEnvironmentVariables::new());
    let list = assert_send(client.send(&list));
    let update = assert_send(client.send(&update));
    // With all features on; without `tracing` it is less.
    assert!(size_of_val(&list) <= 1536, "{} bytes", size_of_val(&list));
    assert!(size_of_val(&update) <= 1536, "{} bytes", size_of_val(&update));
}

#[test]
fn a_clone_costs_one_allocation_at_most() {
    let client = Client::builder(endpoint("http://127.0.0.1:3210")).max_concurrency(4).build().unwrap();
    assert!(allocations(|| drop(client.clone())) <= 1);
    let over_script = Client::builder(endpoint("http://127.0.0.1:3210")).build_on(Script::default()).unwrap();
    assert!(allocations(|| drop(over_script.clone())) <= 1);
}

#[test]
fn a_request_without_values_is_built_in_few_allocations() {
    let endpoint = endpoint("https://happy-animal-123.convex.cloud");
    let count = allocations(|| drop(ListEnvironmentVariables::new().to_request(&endpoint).unwrap()));
    assert!(count <= 8, "{count}");
}

/// A page of a data sync with so many documents of a table.
fn page(documents: usize) -> Bytes {
    let value = |n| {
        format!(
            r#"{{"component":"","table":"users","ts":{n},"deleted":false,"value":{{"_id":"k{n}","name":"Ada","tags":["a","b"]}}}}"#
        )
    };
    let values: Vec<_> = (0..documents).map(value).collect();
    let rest = r#""syncId":"s","pagination":{"hasMore":true,"nextCursor":"c"}"#;
    format!(r#"{{"status":{{"type":"snapshotting"}},"truncates":[],"values":[{}],{rest}}}"#, values.join(",")).into()
}

#[test]
fn a_page_is_read_without_an_allocation_for_each_document() {
    let read = |documents| {
        let page = page(documents);
        allocations(|| {
            let page = DataSync::decode(&page).unwrap();
            // The id is there as well.
            let ids = page.values.iter().enumerate().filter(|(n, value)| value.document.id()[1..].parse() == Ok(*n));
            assert_eq!(ids.count(), documents);
        })
    };
    // What grows is one list, by doubling.
    let (small, large) = (read(1_000), read(16_000));
    assert!(small <= 40 && large <= small + 8, "{small} and {large} allocations");
}

#[test]
fn a_small_get_on_a_kept_connection_takes_30_allocations_at_most() {
    // The server runs on a thread of its own, and only this one is counted.
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = server.block_on(fake().variable("GREETING", "hello").build().serve("127.0.0.1:0")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = client_of(&running).build().unwrap();
    let call = || drop(runtime.block_on(client.send(&ListEnvironmentVariables::new())).unwrap());
    (0..50).for_each(|_| call());
    let each = allocations(|| (0..200).for_each(|_| call())) as f64 / 200.0;
    assert!(each <= 30.0, "{each} allocations");
}
