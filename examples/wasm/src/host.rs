//! The interface to the JavaScript host: imported and exported functions, and the executor of the one task.
//!
//! Requests and responses cross the interface as text like that of HTTP/1.1: a line, headers, an empty line, the body.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use convex_mgmt::bytes::Bytes;
use convex_mgmt::http::{Request, Response};
use convex_mgmt::{Sent, TransportError, UnixMillis};
use convex_mgmt_transports::fetch::{Host, LocalFuture};

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Sends a request, and calls `complete` with its response, or with nothing if it failed.
    fn fetch(call: u32, request: *const u8, length: usize);
    /// Calls `complete` with nothing after a time.
    safe fn set_timeout(call: u32, milliseconds: f64);
    /// Ends a call whose result is not needed.
    safe fn cancel(call: u32);
    safe fn performance_now() -> f64;
    safe fn date_now() -> f64;
    safe fn math_random() -> f64;
    /// Prints a text.
    #[link_name = "print"]
    fn print_text(text: *const u8, length: usize);
}

/// Prints a text.
pub(crate) fn print(text: &str) {
    // SAFETY: the host reads the text before it returns.
    unsafe { print_text(text.as_ptr(), text.len()) }
}

thread_local! {
    static TASK: RefCell<Option<LocalFuture<()>>> = const { RefCell::new(None) };
    static RESULTS: RefCell<HashMap<u32, Option<Vec<u8>>>> = RefCell::new(HashMap::new());
    static LAST_CALL: Cell<u32> = const { Cell::new(0) };
}

/// Runs the task until it ends. The host continues it with each result.
pub(crate) fn run(task: impl Future<Output = ()> + 'static) {
    TASK.set(Some(Box::pin(task)));
    poll();
}

fn poll() {
    let Some(mut task) = TASK.take() else { return };
    // The task is polled after each result, so it needs no waker.
    if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        TASK.set(Some(task));
    }
}

/// Allocates memory that the host fills. [`take`] frees it.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn allocate(length: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
}

/// Takes the bytes that the host wrote to memory of [`allocate`].
///
/// # Safety
/// The memory comes from [`allocate`] with this length, and is taken once.
pub(crate) unsafe fn take(bytes: usize, length: usize) -> Vec<u8> {
    // SAFETY: as above.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(bytes as *mut u8, length)) }.into_vec()
}

/// Completes a call with the bytes of its result.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn complete(call: u32, bytes: usize, length: usize) {
    // SAFETY: the host passes each allocation once, with its length.
    let bytes = unsafe { take(bytes, length) };
    RESULTS.with_borrow_mut(|results| results.get_mut(&call).map(|result| *result = Some(bytes)));
    poll();
}

/// A call of the host.
struct Call(u32);

impl Call {
    fn new() -> Self {
        let call = LAST_CALL.get().wrapping_add(1);
        LAST_CALL.set(call);
        RESULTS.with_borrow_mut(|results| results.insert(call, None));
        Self(call)
    }
}

impl Future for Call {
    type Output = Vec<u8>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        match RESULTS.with_borrow_mut(|results| results.get_mut(&self.0).and_then(Option::take)) {
            Some(result) => Poll::Ready(result),
            None => Poll::Pending,
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        RESULTS.with_borrow_mut(|results| results.remove(&self.0));
        // The host ignores calls that have ended.
        cancel(self.0);
    }
}

/// The functions of JavaScript.
pub(crate) struct JavaScript;

impl Host for JavaScript {
    fn fetch(&self, request: Request<Bytes>) -> LocalFuture<Result<Response<Bytes>, TransportError>> {
        let text = write(&request);
        Box::pin(async move {
            let call = Call::new();
            // SAFETY: the host reads the request before it returns.
            unsafe { fetch(call.0, text.as_ptr(), text.len()) };
            // `fetch` has one error for all causes, also after the request was sent.
            read(call.await).ok_or_else(|| TransportError::connection(Sent::Maybe, "the host's fetch failed"))
        })
    }

    fn sleep(&self, duration: Duration) -> LocalFuture<()> {
        let call = Call::new();
        // The longest timeout of JavaScript is 24 days.
        let milliseconds = duration.min(Duration::from_secs(20 * 24 * 3600)).as_secs_f64() * 1000.0;
        set_timeout(call.0, milliseconds);
        Box::pin(async move { drop(call.await) })
    }

    fn now(&self) -> Duration {
        Duration::from_secs_f64(performance_now() / 1000.0)
    }

    fn unix_time(&self) -> UnixMillis {
        UnixMillis(date_now() as i64)
    }

    fn random(&self) -> f64 {
        math_random()
    }
}

fn write(request: &Request<Bytes>) -> Vec<u8> {
    let mut text = format!("{} {}\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    text.extend([b"\n", &request.body()[..]].concat());
    text
}

fn read(text: Vec<u8>) -> Option<Response<Bytes>> {
    let end = text.windows(2).position(|bytes| bytes == b"\n\n")?;
    let mut lines = std::str::from_utf8(&text[..end]).ok()?.lines();
    let mut response = Response::builder().status(lines.next()?);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        response = response.header(name, value);
    }
    response.body(Bytes::from(text).slice(end + 2..)).ok()
}
