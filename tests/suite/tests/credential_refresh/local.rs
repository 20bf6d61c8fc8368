//! Refresh on a single-threaded executor without tokio: the source, its future, the transport and the timer hold an `Rc`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use convex_mgmt::hyper::DefaultService;
use convex_mgmt::hyper::layers::{AttemptTimeout, CredentialRefresh};
use convex_mgmt::{Timer, Transport};
use convex_mgmt_suite::local_runtime::{LocalRuntime, LocalTask, LocalTimer};

use super::*;

/// A deployment of this thread that accepts one key, and records the secrets that it receives.
#[derive(Clone, Default)]
struct LocalServer {
    /// Empty if it rejects every key.
    accepted: &'static str,
    seen: Rc<RefCell<Vec<String>>>,
}

impl LocalServer {
    fn accepting(accepted: &'static str) -> Self {
        Self { accepted, ..Self::default() }
    }

    fn count(&self, secret: &str) -> usize {
        self.seen.borrow().iter().filter(|seen| *seen == secret).count()
    }
}

impl Service<Request<Bytes>> for LocalServer {
    type Response = Response<Bytes>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move {
            let secret = secret(&request);
            let (status, body) = if secret == server.accepted { (200, SUCCESS) } else { (401, BAD_KEY) };
            server.seen.borrow_mut().push(secret);
            Ok(Response::builder().status(status).body(Bytes::from_static(body.as_bytes()))?)
        })
    }
}

/// A source of this thread: returns its keys one after the other, and repeats the last one. Each takes some time.
#[derive(Clone)]
struct Vault {
    timer: LocalTimer,
    takes: Duration,
    keys: &'static [&'static str],
    /// The times of its calls, in seconds since the runtime was created.
    calls: Rc<RefCell<Vec<u64>>>,
    created: Duration,
}

impl Vault {
    fn new(runtime: &LocalRuntime, takes: Duration, keys: &'static [&'static str]) -> Self {
        let timer = runtime.timer();
        Self { created: timer.now(), timer, takes, keys, calls: Rc::default() }
    }

    fn calls(&self) -> Vec<u64> {
        self.calls.borrow().clone()
    }
}

impl CredentialSource<DeploymentApi> for Vault {
    type Future = Pin<Box<dyn Future<Output = Result<DeployKey, BoxError>>>>;

    fn fetch(&self, _endpoint: Endpoint<DeploymentApi>) -> Self::Future {
        let vault = self.clone();
        Box::pin(async move {
            let number = vault.calls.borrow().len();
            vault.calls.borrow_mut().push((vault.timer.now() - vault.created).as_secs());
            // Two timers, so that a call has to poll the fetch in between.
            vault.timer.sleep(vault.takes / 2).await;
            vault.timer.sleep(vault.takes / 2).await;
            let secret = vault.keys.get(number).or(vault.keys.last()).ok_or(Shut)?;
            Ok(key(secret))
        })
    }
}

/// A client without a single type that is `Send`. All its types have names.
type LocalClient = DeploymentClient<
    DefaultService<
        CredentialRefresh<AttemptTimeout<LocalServer, LocalTimer>, DeploymentApi, Vault, LocalTimer>,
        LocalTimer,
    >,
    LocalTimer,
>;

type LocalRefresh = CredentialRefreshLayer<DeploymentApi, Vault, LocalTimer>;

/// A runtime, a server that accepts one key, a source, and the layer that calls it.
struct Setup {
    runtime: LocalRuntime,
    server: LocalServer,
    vault: Vault,
    refresh: LocalRefresh,
}

impl Setup {
    fn new(accepted: &'static str, takes: Duration, keys: &'static [&'static str]) -> Self {
        let runtime = LocalRuntime::default();
        let vault = Vault::new(&runtime, takes, keys);
        let refresh = CredentialRefreshLayer::from_source(vault.clone()).timer(runtime.timer());
        Self { server: LocalServer::accepting(accepted), refresh, vault, runtime }
    }

    fn client(&self) -> LocalClient {
        let builder = builder().timer(self.runtime.timer()).total_timeout(60 * SECOND);
        builder.attempt_layer(self.refresh.clone()).build_on(self.server.clone()).unwrap()
    }

    /// Makes a call in its own task, and runs all tasks until they wait.
    fn call(&self) -> LocalTask<Result<(), Error>> {
        let task = self.runtime.spawn(call(self.client()));
        self.runtime.run_until_idle();
        task
    }
}

async fn call<S: Transport, T: Timer>(client: DeploymentClient<S, T>) -> Result<(), Error> {
    client.send(&ListEnvironmentVariables::new()).await.map(drop)
}

#[test]
fn a_local_source_is_called_once_for_many_waiting_calls() {
    let setup = Setup::new("new", 4 * SECOND, &["new"]);
    let calls: Vec<_> = (0..20).map(|_| setup.call()).collect();
    setup.runtime.advance(3 * SECOND);
    assert!(calls.iter().all(|call| !call.is_finished()));
    setup.runtime.advance(SECOND);
    for call in calls {
        assert!(call.is_finished());
        setup.runtime.block_on(call).unwrap();
    }
    setup.runtime.block_on(call(setup.client())).unwrap();
    assert_eq!(setup.vault.calls(), [0]);
    assert_eq!((setup.server.count("old"), setup.server.count("new")), (20, 21));
    assert_eq!(setup.runtime.sleeps(), 0, "nothing waits any more");
}

#[test]
fn a_local_call_refreshes_once_after_a_401() {
    let setup = Setup::new("new", SECOND, &["wrong", "new"]);
    let error = setup.runtime.block_on(call(setup.client())).unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.elapsed()), (ErrorKind::Api, 1, SECOND), "{error:?}");
    assert_eq!(*setup.server.seen.borrow(), ["old", "wrong"]);
    setup.runtime.advance(SECOND);
    setup.runtime.block_on(call(setup.client())).unwrap();
    assert_eq!(*setup.server.seen.borrow(), ["old", "wrong", "wrong", "new"]);
}

#[test]
fn a_local_fetch_is_not_lost_when_its_caller_gives_up() {
    let setup = Setup::new("new", 4 * SECOND, &["new", "late"]);
    setup.call().cancel();
    // Nobody polls the fetch meanwhile, so its second timer has not begun.
    setup.runtime.advance(3 * SECOND);
    let patient = setup.call();
    let impatient = setup.call();
    impatient.cancel();
    setup.runtime.block_on(patient).unwrap();
    assert_eq!((setup.vault.calls(), setup.runtime.elapsed()), (vec![0], 5 * SECOND));
    assert_eq!((setup.server.count("old"), setup.server.count("new")), (3, 1));
}

/// As in a `select!` loop that continues with another branch.
#[test]
fn an_unpolled_local_call_does_not_stall_the_others() {
    let setup = Setup::new("new", 4 * SECOND, &["new", "late"]);
    let mut unpolled = [Box::pin(call(setup.client())), Box::pin(call(setup.client()))];
    for call in &mut unpolled {
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let polled = setup.call();
    setup.runtime.advance(4 * SECOND);
    assert!(polled.is_finished());
    for call in unpolled {
        setup.runtime.block_on(call).unwrap();
    }
    assert_eq!((setup.vault.calls(), setup.runtime.elapsed()), (vec![0], 4 * SECOND));
}

/// Each pause is twice as long as the previous one, on the clock of the layer's timer.
#[test]
fn backs_off_by_the_timer_of_the_layer() {
    for (keys, kind) in [(&["old"][..], ErrorKind::Api), (&["wrong"], ErrorKind::Api), (&[], ErrorKind::Credential)] {
        let mut setup = Setup::new("new", Duration::ZERO, keys);
        setup.refresh = setup.refresh.backoff(SECOND, 10 * SECOND);
        for _ in 0..100 {
            let call = setup.call();
            assert!(call.is_finished());
            assert_eq!(setup.runtime.block_on(call).unwrap_err().kind(), kind, "{keys:?}");
            setup.runtime.advance(SECOND / 2);
        }
        assert_eq!(setup.vault.calls(), [0, 1, 3, 7, 15, 25, 35, 45], "{keys:?}");
    }
}

#[test]
fn a_local_source_has_its_timeout_and_a_call_its_deadline() {
    let setup = Setup::new("new", 3600 * SECOND, &["new"]);
    let refresh = setup.refresh.clone().source_timeout(8 * SECOND);
    let builder = || builder().timer(setup.runtime.timer()).total_timeout(5 * SECOND).attempt_layer(refresh.clone());
    let ends = [(), ()].map(|()| {
        let error = setup.runtime.block_on(call(builder().build_on(setup.server.clone()).unwrap())).unwrap_err();
        (error.kind(), error.elapsed())
    });
    assert_eq!(ends, [(ErrorKind::DeadlineExceeded, 5 * SECOND), (ErrorKind::Credential, 3 * SECOND)]);
    // The layer drops the source's future, with the sleep in it.
    assert_eq!(setup.runtime.sleeps(), 0);
}

#[test]
fn a_local_source_that_wakes_itself_does_not_starve_other_tasks() {
    let runtime = LocalRuntime::default();
    let is_open = Rc::new(Cell::new(false));
    let opened = Rc::clone(&is_open);
    let refresh = CredentialRefreshLayer::new(move |_| {
        let is_open = Rc::clone(&opened);
        poll_fn(move |cx| {
            cx.waker().wake_by_ref();
            if is_open.get() { Poll::Ready(Ok(key("new"))) } else { Poll::Pending }
        })
    });
    let refresh = refresh.timer(runtime.timer());
    let client =
        builder().timer(runtime.timer()).attempt_layer(refresh).build_on(LocalServer::accepting("new")).unwrap();
    let waiting = runtime.spawn(call(client));
    let other = runtime.spawn(async move {
        let mut turns = 0;
        poll_fn(|cx| {
            turns += 1;
            cx.waker().wake_by_ref();
            if turns < 10 { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        is_open.set(true);
    });
    runtime.block_on(other);
    runtime.block_on(waiting).unwrap();
    assert_eq!(runtime.elapsed(), Duration::ZERO);
}

/// The clocks of two timers may differ, so that their times cannot be compared.
#[test]
fn a_layer_with_another_timer_has_its_own_credentials() {
    let setup = Setup::new("new", Duration::ZERO, &["new"]);
    setup.runtime.block_on(call(setup.client())).unwrap();
    let other = LocalRuntime::default();
    let refresh = setup.refresh.clone().timer(other.timer());
    let client = builder().timer(other.timer()).attempt_layer(refresh).build_on(setup.server.clone()).unwrap();
    other.block_on(call(client)).unwrap();
    assert_eq!(*setup.server.seen.borrow(), ["old", "new", "old", "new"]);
}
