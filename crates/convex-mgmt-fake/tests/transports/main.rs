//! The conformance run: right transports pass it, and a transport with one defect fails the check of that defect.

mod broken;
mod unframed;

use broken::{Broken, Defect};
use convex_mgmt_fake::conformance::{Check, ConformanceError, Report, Target, conformance};
use convex_mgmt_hyper::{BoxClient, Client, HyperTransport, Transport};
use convex_mgmt_proto::{DeploymentApi, RetryPolicy};
use unframed::Unframed;

/// The default transport, without timeouts and retries.
fn hyper(target: &Target) -> HyperTransport {
    Client::builder(target.endpoint().clone()).attempt_timeout(None).build_transport().unwrap()
}

fn client(target: &Target, transport: impl Transport<Future: Send> + Send + 'static) -> BoxClient<DeploymentApi> {
    Client::builder(target.endpoint().clone())
        .attempt_timeout(target.attempt_timeout())
        .total_timeout(target.total_timeout())
        .build_on(transport)
        .unwrap()
        .boxed()
}

/// The names of the checks that failed, with the texts.
fn failed(result: Result<Report, ConformanceError>) -> (Vec<Check>, String) {
    let error = result.expect_err("the defect is not detected");
    (error.failed().iter().map(|failed| failed.check()).collect(), error.to_string())
}

async fn run(defect: Defect) -> Result<Report, ConformanceError> {
    conformance(|target| client(target, Broken::new(hyper(target), defect, target.attempt_timeout()))).await
}

#[tokio::test]
async fn the_default_transport_passes_every_check() {
    let report = conformance(|target| {
        Client::builder(target.endpoint().clone())
            .attempt_timeout(target.attempt_timeout())
            .total_timeout(target.total_timeout())
            .build()
            .unwrap()
    })
    .await
    .unwrap();
    assert_eq!((report.passed(), report.skipped()), (Check::ALL, &[][..]));
}

#[tokio::test]
async fn a_transport_in_process_skips_the_checks_of_sockets() {
    let report = conformance(|target| client(target, target.fake().clone())).await.unwrap();
    assert_eq!(report.skipped(), [Check::Redirect, Check::TruncatedBody, Check::NobodyListens]);
    assert_eq!(report.passed().len() + report.skipped().len(), Check::ALL.len());
    assert!(report.to_string().ends_with("; skipped: redirect, truncated_body, nobody_listens"), "{report}");
}

/// A defect may fail other checks, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_defect_fails_its_check() {
    let expected = [
        (Defect::AsciiBodies, Check::List),
        (Defect::RejectsEmptyBodies, Check::Update),
        (Defect::TwoCredentials, Check::Request),
        (Defect::OtherCredential, Check::Request),
        (Defect::DecodesUrls, Check::Request),
        (Defect::DropsContentType, Check::Request),
        (Defect::ShortResponses, Check::LargeBodies),
        (Defect::ShortRequests, Check::LargeBodies),
        (Defect::DropsQueries, Check::Pages),
        (Defect::DropsErrorBodies, Check::ErrorCode),
        (Defect::DropsResponseHeaders, Check::RetryAfter),
        (Defect::OwnErrors, Check::LostResponse),
        (Defect::RetriesItself, Check::LostCreate),
        (Defect::ClaimsNothingWasSent, Check::LostCreate),
        (Defect::FollowsRedirects, Check::Redirect),
        (Defect::FollowsRedirectsOfTheServer, Check::Redirect),
        (Defect::ClaimsThatItConnected, Check::NobodyListens),
        (Defect::LowLimit, Check::LargeBodies),
        (Defect::LowLimitOfPages, Check::LargeBodies),
        (Defect::RetriesUnavailable, Check::LostCreate),
        (Defect::TimesOutAsUnsent, Check::AttemptTimeout),
    ];
    let runs = expected.map(|(defect, _)| tokio::spawn(run(defect)));
    for (run, (defect, expected)) in runs.into_iter().zip(&expected) {
        let (checks, text) = failed(run.await.unwrap());
        assert!(checks.contains(expected), "{defect:?}: {text}");
    }
}

#[tokio::test]
async fn a_client_without_retries_fails() {
    let result = conformance(|target| {
        Client::builder(target.endpoint().clone())
            .attempt_timeout(target.attempt_timeout())
            .total_timeout(target.total_timeout())
            .retry(RetryPolicy::never())
            .build()
            .unwrap()
    });
    let (checks, text) = failed(result.await);
    let expected =
        [Check::Unavailable, Check::RetryAfter, Check::LostResponse, Check::AttemptTimeout, Check::TruncatedBody];
    assert_eq!(checks, expected, "{text}");
}

#[tokio::test]
async fn a_client_without_timeouts_fails() {
    let without = |attempt: bool, total: bool| {
        conformance(move |target| {
            Client::builder(target.endpoint().clone())
                .attempt_timeout(Some(target.attempt_timeout()).filter(|_| attempt))
                .total_timeout(Some(target.total_timeout()).filter(|_| total))
                .build()
                .unwrap()
        })
    };
    let (attempts, totals) = tokio::join!(without(false, true), without(true, false));
    let (checks, text) = failed(attempts);
    assert_eq!(checks, [Check::AttemptTimeout], "{text}");
    assert!(text.contains("expected an end before the server responds after 6 s, found a call of 6."), "{text}");
    let (checks, text) = failed(totals);
    assert_eq!(checks, [Check::Deadline], "{text}");
}

#[tokio::test]
async fn a_transport_that_ignores_the_framing_fails() {
    let (checks, text) = failed(conformance(|target| client(target, Unframed(target.address()))).await);
    assert!(checks.contains(&Check::TruncatedBody), "{text}");
    let expected = "truncated_body: expected an error for a body that ends before its content length, \
                    found a list of 1 variable; usual remedy: fail if the body ends before its `Content-Length`, or before its last chunk";
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn the_text_of_a_failure_names_the_check_the_finding_and_the_remedy_without_the_key() {
    let error = run(Defect::TwoCredentials).await.unwrap_err();
    let text = error.to_string();
    let request = "\n  request: expected the header authorization with 1 value, `Convex [key]`, found 2 values: \
                   `Convex [key]`, `Convex [key]`; usual remedy: copy every header once, also `Host` and `Authorization`, and do \
                   not decode or encode the URL again";
    assert!(text.starts_with("the transport fails ") && text.contains(request), "{text}");
    assert!(!text.contains("01c0ffee"), "{text}");
    assert_eq!(format!("{error:?}"), text);
    let listed = error.report().unwrap();
    assert!(listed.passed().contains(&Check::NobodyListens) && !listed.passed().contains(&Check::Request));
}

#[tokio::test]
async fn the_servers_of_a_run_need_no_runtime_and_end_with_it() {
    let address = std::thread::spawn(|| {
        let mut address = None;
        let run = conformance(|target| {
            address.get_or_insert(target.address());
            Never
        });
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(Box::pin(run).as_mut().poll(&mut context).is_ready());
        address.unwrap()
    });
    let address = tokio::task::spawn_blocking(move || address.join().unwrap()).await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// A blocking client whose calls fail.
struct Never;

impl convex_mgmt_fake::conformance::Caller for Never {
    type Error = convex_mgmt_proto::CallError<std::io::Error>;

    async fn call<O: convex_mgmt_proto::Operation<Api = DeploymentApi>>(
        &self,
        _operation: &O,
    ) -> Result<O::Output, Self::Error> {
        let error = convex_mgmt_proto::BuildError::Url { operation: O::META.id };
        Err(convex_mgmt_proto::CallError::build(O::META, error))
    }
}
