//! The polls of a source that many calls wait for.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_wake_of_the_source_polls_it_once_for_all_waiting_calls() {
    let (polls, polled) = counter();
    let (gate, polled) = (Gate::new(), Arc::new(polled));
    let opened = gate.clone();
    let refresh = CredentialRefreshLayer::new(move |_| {
        let (gate, polled) = (opened.clone(), Arc::clone(&polled));
        async move {
            let mut waits = Box::pin(async move { gate.wait().await });
            poll_fn(|cx| {
                polled();
                waits.as_mut().poll(cx)
            })
            .await;
            Ok(key("new"))
        }
    });
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let calls: Vec<_> = (0..50).map(|_| spawned(&client)).collect();
    // The clock moves when every task waits.
    tokio::time::sleep(SECOND).await;
    assert_eq!(polls.load(Ordering::Relaxed), 1);
    gate.open();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(polls.load(Ordering::Relaxed), 2);
}

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// On several threads, many calls find the source busy. They must not wake one another for as long as it waits.
#[tokio::test(start_paused = true)]
async fn a_call_that_finds_the_source_busy_waits_without_waking_others() {
    let second: Arc<Mutex<Option<Call>>> = Arc::default();
    let wakes = Arc::new(CountsWakes(AtomicUsize::new(0)));
    let (gate, during, counted) = (Gate::new(), Arc::clone(&second), Waker::from(Arc::clone(&wakes)));
    let opened = gate.clone();
    let refresh = CredentialRefreshLayer::new(move |_| {
        let (gate, during, counted) = (opened.clone(), Arc::clone(&during), counted.clone());
        async move {
            let mut waits = Box::pin(async move { gate.wait().await });
            poll_fn(|cx| {
                // As another thread does meanwhile.
                if let Some(call) = &mut *during.lock().unwrap() {
                    assert!(call.as_mut().poll(&mut Context::from_waker(&counted)).is_pending());
                }
                waits.as_mut().poll(cx)
            })
            .await;
            Ok(key("new"))
        }
    });
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    let operation = ListEnvironmentVariables::new();
    let call = client.send(&operation);
    *second.lock().unwrap() = Some(Box::pin(async move { drop(call.await.unwrap()) }));
    let mut first = pin!(client.send(&operation));
    let counted = Waker::from(Arc::clone(&wakes));
    assert!(first.as_mut().poll(&mut Context::from_waker(&counted)).is_pending());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
    let second = second.lock().unwrap().take().unwrap();
    gate.open();
    tokio::time::timeout(SECOND, second).await.unwrap();
    tokio::time::timeout(SECOND, first).await.unwrap().unwrap();
}
