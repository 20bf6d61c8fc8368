//! Bounds of what a client costs, counted and not timed.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use allocation_counter::AllocationInfo;
use bytes::Bytes;
use convex_mgmt::deployment::{DataSync, ListAuditLogEvents, ListEnvironmentVariables, UpdateEnvironmentVariables};
use convex_mgmt::hyper::defaults::HEAD_LIMIT;
use convex_mgmt::hyper::layers::CredentialRefreshLayer;
use convex_mgmt::{Client, DeployKey, ErrorKind, Operation, RetryPolicy, TransportError, UnixMillis};
use convex_mgmt_suite::script_server::{Act, ScriptServer, raw, write};
use convex_mgmt_suite::{Script, client_of, endpoint, fake};
use http::{Request, Response};
use tower::service_fn;

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
    // The size with all features. Without `tracing` it is smaller.
    assert!(size_of_val(&list) <= 1536, "{} bytes", size_of_val(&list));
    assert!(size_of_val(&update) <= 1536, "{} bytes", size_of_val(&update));
}

#[test]
fn clones_of_a_client_are_a_pointer_each() {
    let client = Client::builder(endpoint("http://127.0.0.1:3210")).max_concurrency(4).build().unwrap();
    let over_script = Client::builder(endpoint("http://127.0.0.1:3210")).build_on(Script::default()).unwrap();
    let pointers = 10_000 * size_of::<usize>() as i64;
    let memory = allocation_counter::measure(|| {
        let clones = vec![client.clone(); 10_000];
        let over_script = vec![over_script.clone(); 10_000];
        std::mem::forget((clones, over_script));
    });
    // Only the two lists are allocated.
    assert_eq!((memory.count_total, memory.bytes_current), (2, 2 * pointers));
}

/// Returns a page of an audit log, with 10 entries and the cursor of the next page.
fn entries(next: usize) -> Bytes {
    let entry = r#"{"actor":{"kind":"system"},"action":"deploy","createTime":1700000000000,"metadata":{"a":"b"}}"#;
    let items = [entry; 10].join(",");
    format!(r#"{{"items":[{items}],"pagination":{{"hasMore":true,"nextCursor":"{next:064}"}}}}"#).into()
}

#[test]
fn the_memory_of_an_item_stream_does_not_depend_on_the_number_of_pages() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pages = Arc::new(AtomicUsize::new(1));
    let server = service_fn(move |_: Request<Bytes>| {
        ready(Ok::<_, TransportError>(Response::new(entries(pages.fetch_add(1, Ordering::Relaxed)))))
    });
    let builder = Client::builder(endpoint("https://a.example")).total_timeout(None).attempt_timeout(None);
    let client = builder.build_on(server).unwrap();
    let mut items = client.pages(ListAuditLogEvents::new(UnixMillis(0))).items();
    let mut walk = |pages: i64| {
        let mut walked = 0;
        let memory = allocation_counter::measure(|| {
            for _ in 0..10 * pages {
                walked += usize::from(runtime.block_on(items.next_item()).unwrap().is_some());
            }
        });
        assert_eq!(walked as i64, 10 * pages);
        memory.bytes_current
    };
    walk(10);
    // The walk remembers the last cursors, as 8-byte hashes in a sorted set.
    for (pages, per_page) in [(100, 24), (1000, 24), (10_000, 16)] {
        let kept = walk(pages);
        assert!(kept <= per_page * pages, "{kept} bytes more after {pages} more pages");
    }
    let kept = walk(10_000);
    assert!(kept <= 8 * 1024, "{kept} bytes more, although the walk remembers all cursors that it can");
}

#[test]
fn builds_a_request_without_values_in_at_most_8_allocations() {
    let endpoint = endpoint("https://happy-animal-123.convex.cloud");
    let count = allocations(|| drop(ListEnvironmentVariables::new().to_request(&endpoint).unwrap()));
    assert!(count <= 8, "{count}");
}

/// A page of a data sync with this number of documents.
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
fn reads_a_page_without_an_allocation_per_document() {
    let read = |documents| {
        let page = page(documents);
        allocations(|| {
            let page = DataSync::decode(&page).unwrap();
            // The id is read as well.
            let ids = page.values.iter().enumerate().filter(|(n, value)| value.document.id()[1..].parse() == Ok(*n));
            assert_eq!(ids.count(), documents);
        })
    };
    // Only the list of documents grows, by doubling.
    let (small, large) = (read(1_000), read(16_000));
    assert!(small <= 40 && large <= small + 8, "{small} and {large} allocations");
}

#[test]
fn a_small_get_on_a_pooled_connection_takes_at_most_30_allocations() {
    // The server runs on its own thread, and only this thread is counted.
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let running = server.block_on(fake().variable("GREETING", "hello").build().serve("127.0.0.1:0")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = client_of(&running).build().unwrap();
    let call = || drop(runtime.block_on(client.send(&ListEnvironmentVariables::new())).unwrap());
    (0..50).for_each(|_| call());
    let each = allocations(|| (0..200).for_each(|_| call())) as f64 / 200.0;
    assert!(each <= 30.0, "{each} allocations");
}

/// Returns the memory of a call for a page of a data sync, during and after the call, and the kind of its error. The server
/// runs on its own thread.
fn memory_of_a_page(acts: Vec<Act>) -> (AllocationInfo, Option<ErrorKind>) {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = (server.block_on(ScriptServer::start([acts])), server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let builder = Client::builder(endpoint(&server.0.url())).retry(RetryPolicy::never());
    let client = builder.attempt_timeout(Duration::from_secs(1)).build().unwrap();
    let mut result = None;
    let memory = allocation_counter::measure(|| result = Some(runtime.block_on(client.send(&DataSync::new()))));
    (memory, result.unwrap().err().map(|error| error.kind()))
}

/// The memory that a call may use besides the body: the read buffer and everything small.
const BESIDES: usize = 4 * HEAD_LIMIT;

#[test]
fn holds_a_large_page_in_memory_once() {
    let documents = (0..24).map(|n| {
        let text = "x".repeat(1024 * 1024);
        format!(r#"{{"component":"","table":"t","ts":{n},"deleted":false,"value":{{"_id":"k{n}","text":"{text}"}}}}"#)
    });
    let documents: Vec<_> = documents.collect();
    let rest = r#""syncId":"s","pagination":{"hasMore":true,"nextCursor":"c"}"#;
    let page =
        format!(r#"{{"status":{{"type":"snapshotting"}},"truncates":[],"values":[{}],{rest}}}"#, documents.join(","));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let length = page.len();
    let declared = format!("{head}content-length: {length}\r\n\r\n{page}");
    // A buffer of unknown length has up to twice the size of its content, and is copied while it grows.
    let unknown = format!("{head}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{page}\r\n0\r\n\r\n");
    for (case, text, most) in [("declared", declared, length + length / 8), ("unknown", unknown, 3 * length)] {
        let (memory, failed) = memory_of_a_page(raw(text));
        assert_eq!(failed, None, "{case}");
        let (held, kept) = (memory.bytes_max as usize, memory.bytes_current as usize);
        assert!(held <= most + BESIDES, "{case}: {held} bytes at once, of {length}");
        assert!(kept <= length + BESIDES, "{case}: {kept} bytes kept, of {length}");
    }
}

#[test]
fn a_declared_length_alone_allocates_no_memory() {
    let head = write("HTTP/1.1 200 OK\r\ncontent-length: 268435456\r\n\r\n{");
    let (memory, failed) = memory_of_a_page(vec![Act::Read, head, Act::Hang]);
    assert_eq!(failed, Some(ErrorKind::AttemptTimeout));
    assert!(memory.bytes_max <= BESIDES as u64, "{} bytes", memory.bytes_max);
    let flood = vec![
        Act::Read,
        write("HTTP/1.1 200 OK\r\ncontent-length: 268435456\r\n\r\n"),
        write(vec![b'x'; 1_000_000]),
        Act::Hang,
    ];
    let (memory, failed) = memory_of_a_page(flood);
    assert_eq!(failed, Some(ErrorKind::AttemptTimeout));
    assert!(memory.bytes_max <= 10_000_000, "{} bytes", memory.bytes_max);
}

#[test]
fn a_refreshed_credential_takes_at_most_2560_bytes() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let refresh = CredentialRefreshLayer::new(async |_| Ok(DeployKey::parse("new|key")?));
    let server = service_fn(|request: Request<Bytes>| {
        let status = if request.headers()["authorization"] == "Convex new|key" { 200 } else { 401 };
        ready(Response::builder().status(status).body(Bytes::from_static(br#"{"environmentVariables":{}}"#)))
    });
    let builder = Client::builder(endpoint("https://a.example")).total_timeout(None).attempt_timeout(None);
    let client = builder.attempt_layer(refresh).build_on(server).unwrap();
    let memory = allocation_counter::measure(|| {
        for n in 0..1000 {
            let there = client.at(endpoint(&format!("https://happy-animal-{n}.convex.cloud")));
            assert!(runtime.block_on(there.send(&ListEnvironmentVariables::new())).unwrap().is_empty());
        }
    });
    let each = memory.bytes_current / 1000;
    assert!((100..=2560).contains(&each), "{each} bytes");
}
