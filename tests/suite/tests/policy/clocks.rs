//! Timers of integrators with clocks and random numbers that no runtime should have.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::sync::{MemorySink, SyncDriver};
use convex_mgmt::{DeploymentClient, ErrorKind, RetryPolicy, Timer, UnixMillis};
use convex_mgmt_suite::{Script, Step, endpoint, refused};
use http::Response;

use super::{builder, summary};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A timer whose clock moves by its sleeps only. A sleep does not permit a poll after its end.
#[derive(Clone)]
struct OddTimer {
    clock: Arc<Mutex<Duration>>,
    /// The clock after a sleep.
    after: fn(Duration) -> Duration,
    jitter: f64,
    longest_sleep: Arc<Mutex<Duration>>,
}

impl OddTimer {
    fn new(after: fn(Duration) -> Duration, jitter: f64) -> Self {
        Self { clock: Arc::new(Mutex::new(DAY)), after, jitter, longest_sleep: Arc::default() }
    }
}

impl Timer for OddTimer {
    type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn now(&self) -> Duration {
        *self.clock.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        let timer = self.clone();
        let mut longest = self.longest_sleep.lock().unwrap();
        *longest = duration.max(*longest);
        Box::pin(async move {
            // The longer of two sleeps ends later.
            for _ in 0..duration.as_secs().min(9) {
                tokio::task::yield_now().await;
            }
            let mut clock = timer.clock.lock().unwrap();
            *clock = (timer.after)(*clock);
        })
    }

    fn unix_time(&self) -> UnixMillis {
        UnixMillis(i64::MIN)
    }

    fn jitter(&self) -> f64 {
        self.jitter
    }
}

const CLOCKS: [fn(Duration) -> Duration; 4] =
    [|now| now + DAY, |now| now - now / 2, |_| Duration::MAX, |_| Duration::ZERO];

const JITTERS: [f64; 6] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1.0, 2.0];

fn timers() -> impl Iterator<Item = OddTimer> {
    CLOCKS.into_iter().flat_map(|clock| JITTERS.map(|jitter| OddTimer::new(clock, jitter)))
}

/// As by a clock that counts the time of a suspended machine, with sleeps that do not.
#[tokio::test]
async fn a_clock_that_jumps_over_the_deadline_ends_the_call_without_another_attempt() {
    let script = Script::new([refused(), Step::Hang]);
    let timer = OddTimer::new(|now| now + DAY, 0.0);
    let client = builder().timer(timer).total_timeout(Duration::from_secs(60)).build_on(script.clone()).unwrap();
    let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), error.elapsed()), (ErrorKind::DeadlineExceeded, 1, DAY));
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn no_clock_and_no_jitter_makes_a_call_panic() {
    for timer in timers() {
        let script = Script::new([refused(), refused(), refused()]);
        let client = builder().timer(timer).build_on(script).unwrap();
        let error = client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
        assert!(matches!(summary(&error).0, ErrorKind::Connect | ErrorKind::DeadlineExceeded), "{error}");
    }
}

#[tokio::test]
async fn no_clock_and_no_jitter_makes_the_wait_for_a_deployment_panic() {
    const URLS: &str = r#"{"convexCloudUrl":"https://a.example","convexSiteUrl":"https://b.example"}"#;
    for timer in timers() {
        let script = Script::new([refused(), refused(), Step::Status(200, URLS)]);
        let client = DeploymentClient::with_service(endpoint("http://127.0.0.1:3210"), script).with_timer(timer);
        let ready = client.wait_until_ready(Duration::MAX).await;
        ready.unwrap();
    }
}

#[tokio::test]
async fn no_clock_and_no_jitter_makes_a_sync_panic() {
    for timer in timers() {
        let denied = Step::Status(403, r#"{"code":"BadAdminKey","message":""}"#);
        let script = Script::new([refused(), refused(), denied]);
        let client =
            DeploymentClient::with_service(endpoint("http://127.0.0.1:3210"), script.clone()).with_timer(timer);
        let mut driver = SyncDriver::new(client, MemorySink::new()).give_up_after(Duration::MAX);
        driver.run_until_up_to_date().await.unwrap_err();
        assert_eq!(script.remaining(), 0);
    }
}

/// A clock cannot represent every time, and a timer may panic for one that it cannot.
#[tokio::test]
async fn no_sleep_is_longer_than_30_years() {
    const YEARS_30: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    let timer = || OddTimer::new(|now| now, 1.0);
    let (of_call, of_sync) = (timer(), timer());

    let policy = RetryPolicy::default().base_delay(Duration::MAX).max_delay(Duration::MAX);
    let script = Script::new([refused(), refused(), refused()]);
    let client = builder().timer(of_call.clone()).retry(policy).total_timeout(None).build_on(script).unwrap();
    client.send(&ListEnvironmentVariables::new()).await.unwrap_err();
    assert_eq!(*of_call.longest_sleep.lock().unwrap(), YEARS_30);

    let busy = Response::builder().status(503).header("retry-after", u64::MAX).body(Bytes::new()).unwrap();
    let denied = Step::Status(403, r#"{"code":"BadAdminKey","message":""}"#);
    let script = Script::new([Step::Respond(busy), denied]);
    let client = DeploymentClient::with_service(endpoint("http://127.0.0.1:3210"), script).with_timer(of_sync.clone());
    SyncDriver::new(client, MemorySink::new()).run_until_up_to_date().await.unwrap_err();
    assert_eq!(*of_sync.longest_sleep.lock().unwrap(), YEARS_30);
}
