//! Refresh over several runtimes: a call does not wait for a source that another runtime drives.

use tokio::runtime::{Builder, Runtime};
use tokio::time::{advance, timeout};

use super::*;

fn runtime(paused: bool) -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(paused).build().unwrap()
}

fn is_pending(call: Pin<&mut impl Future>) -> bool {
    call.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// A source's timers and connections stop while its runtime is not driven, and end with it.
#[test]
fn a_fetch_on_another_runtime_does_not_stall_calls() {
    for ended in [false, true] {
        let (fetches, count) = counter();
        let refresh = CredentialRefreshLayer::new(move |_| {
            let number = count();
            async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok(key(if number == 0 { "lost" } else { "new" }))
            }
        });
        let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
        let operation = ListEnvironmentVariables::new();
        let first = runtime(false);
        let mut call = Box::pin(client.send(&operation));
        first.block_on(async { assert!(is_pending(call.as_mut())) });
        let first = Some(first).filter(|_| !ended);
        let second = client.send(&operation);
        runtime(false).block_on(async { timeout(10 * SECOND, second).await.unwrap().unwrap() });
        if let Some(first) = first {
            first.block_on(call).unwrap();
        }
        assert_eq!(fetches.load(Ordering::Relaxed), 2, "{ended}");
    }
}

/// A credential that arrives while a second fetch is pending serves both calls.
#[test]
fn the_first_credential_of_two_runtimes_serves_both() {
    let (fetches, count) = counter();
    let (served, is_served) = std::sync::mpsc::channel();
    let (gate, is_served) = (Gate::new(), Arc::new(Mutex::new(is_served)));
    let refresh = CredentialRefreshLayer::new(move |_| {
        let (is_first, gate, is_served) = (count() == 0, gate.clone(), Arc::clone(&is_served));
        async move {
            if is_first {
                gate.wait().await;
                return Ok(key("new"));
            }
            // The first call ends while this source is pending.
            gate.open();
            is_served.lock().unwrap().recv().unwrap();
            Ok(key("late"))
        }
    });
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let operation = ListEnvironmentVariables::new();
    let (first, second) = (runtime(false), runtime(false));
    let mut call = Box::pin(client.send(&operation));
    first.block_on(async { assert!(is_pending(call.as_mut())) });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            first.block_on(call).unwrap();
            served.send(()).unwrap();
        });
        second.block_on(client.send(&operation)).unwrap();
    });
    second.block_on(client.send(&operation)).unwrap();
    assert_eq!(fetches.load(Ordering::Relaxed), 2);
}

#[test]
fn a_runtime_that_shuts_down_leaves_no_fetch() {
    let alive = Arc::new(());
    let source = Arc::clone(&alive);
    let refresh = CredentialRefreshLayer::new(move |_| {
        let alive = Arc::clone(&source);
        async move {
            pending::<()>().await;
            drop(alive);
            Ok(key("new"))
        }
    });
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let before = Arc::strong_count(&alive);
    for round in 1..10 {
        runtime(true).block_on(async {
            advance(round * 60 * SECOND).await;
            assert!(is_pending(pin!(client.send(&ListEnvironmentVariables::new()))));
        });
        assert_eq!(Arc::strong_count(&alive), before + 1, "{round}");
    }
}
