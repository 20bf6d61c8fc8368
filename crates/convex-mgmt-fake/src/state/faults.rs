//! [`Fault`]: an injected failure, and the queue of faults that are due.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::Random;

/// A failure that is injected into one request.
///
/// [`Fake::fault`](crate::Fake::fault) adds it to a queue. Each request takes the next one.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use convex_mgmt_fake::{Fake, Fault};
/// use http::Request;
/// use tower::ServiceExt;
///
/// let fake = Fake::builder("happy-animal-123").build();
/// fake.fault(Fault::code(503, "Busy").retry_after(Duration::from_secs(2)));
/// fake.fault(Fault::Reset);
///
/// let request = || Request::get("/version").body(Bytes::new());
/// let response = fake.clone().oneshot(request()?).await?;
/// assert_eq!(response.status(), 503);
/// assert_eq!(response.headers()["retry-after"], "2");
/// assert!(fake.clone().oneshot(request()?).await.is_err());
/// // The queue is empty.
/// assert_eq!(fake.clone().oneshot(request()?).await?.status(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Responds with this status instead of running the handler. The response has an error body if there is a code.
    /// [`Fault::status`] and [`Fault::code`] create it.
    #[non_exhaustive]
    Response {
        /// The status.
        status: u16,
        /// The code of the error body. `None` makes the body empty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The value of a `Retry-After` header, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// Runs the handler and removes the body of its response.
    EmptyBody,
    /// Runs the handler after a delay. If the delay is not shorter than the server's request timeout, the handler does not
    /// run, and the server responds with 408 after the timeout. [`Fault::delay`] creates it.
    #[non_exhaustive]
    Delay {
        /// The delay in milliseconds.
        milliseconds: u64,
    },
    /// Resets the connection without running the handler.
    Reset,
    /// Runs the handler and sends the first half of its body, as if it were complete.
    HalfBody,
    /// Runs the handler and resets the connection instead of sending its response.
    LostResponse,
}

impl Fault {
    /// Responds with this status and an empty body instead of running the handler.
    pub fn status(status: u16) -> Self {
        Self::Response { status, code: None, retry_after: None }
    }

    /// Responds with this status and error code instead of running the handler.
    pub fn code(status: u16, code: impl Into<String>) -> Self {
        Self::Response { status, code: Some(code.into()), retry_after: None }
    }

    /// Adds a `Retry-After` header with whole seconds to a [`Fault::Response`]. Other faults stay unchanged.
    #[must_use]
    pub fn retry_after(mut self, time: Duration) -> Self {
        if let Self::Response { retry_after, .. } = &mut self {
            *retry_after = Some(time.as_secs());
        }
        self
    }

    /// Runs the handler after a delay.
    pub fn delay(time: Duration) -> Self {
        Self::Delay { milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// The faults that are due. A request takes the first queued fault that matches its path, or a random one.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    queue: VecDeque<(Option<String>, Fault)>,
    random: Option<RandomFaults>,
}

impl Faults {
    /// Appends a fault to the queue. It matches paths that end with `path`, or every path if that is `None`.
    pub(crate) fn push(&mut self, path: Option<String>, fault: Fault) {
        self.queue.push_back((path, fault));
    }

    pub(crate) fn set_rate(&mut self, rate: f64, seed: u64, faults: Vec<Fault>) {
        self.random = (!faults.is_empty()).then_some(RandomFaults { rate, random: Random::new(seed), faults });
    }

    pub(crate) fn take(&mut self, path: &str) -> Option<Fault> {
        let matches = |end: &Option<String>| end.as_ref().is_none_or(|end| path.ends_with(end.as_str()));
        match self.queue.iter().position(|(end, _)| matches(end)) {
            Some(at) => self.queue.remove(at).map(|(_, fault)| fault),
            None => self.random.as_mut()?.draw(),
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Faults with a probability. The same seed draws the same sequence.
#[derive(Debug)]
struct RandomFaults {
    rate: f64,
    random: Random,
    faults: Vec<Fault>,
}

impl RandomFaults {
    fn draw(&mut self) -> Option<Fault> {
        if !self.random.chance(self.rate) {
            return None;
        }
        let at = self.random.below(self.faults.len());
        self.faults.get(at).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rate: f64, seed: u64) -> Vec<Option<Fault>> {
        let mut faults = Faults::default();
        faults.set_rate(rate, seed, vec![Fault::Reset, Fault::status(500)]);
        (0..10_000).map(|_| faults.take("/any")).collect()
    }

    #[test]
    fn random_faults_keep_their_rate_and_repeat_with_their_seed() {
        let some = drawn(0.01, 7);
        let count = |fault: &Fault| some.iter().flatten().filter(|drawn| *drawn == fault).count();
        let (resets, responses) = (count(&Fault::Reset), count(&Fault::status(500)));
        assert!((70..130).contains(&(resets + responses)) && resets > 30 && responses > 30, "{resets} and {responses}");
        assert_eq!(some, drawn(0.01, 7));
        assert_ne!(some, drawn(0.01, 8));
        assert!(drawn(0.0, 7).iter().all(Option::is_none) && drawn(1.0, 7).iter().all(Option::is_some));
    }

    #[test]
    fn queued_faults_precede_random_ones_and_all_can_be_cleared() {
        let mut faults = Faults::default();
        faults.set_rate(1.0, 0, vec![Fault::Reset]);
        faults.push(Some("/b".to_owned()), Fault::EmptyBody);
        let taken = ["/a", "/b", "/b"].map(|path| faults.take(path));
        assert_eq!(taken, [Some(Fault::Reset), Some(Fault::EmptyBody), Some(Fault::Reset)]);
        faults.clear();
        assert_eq!(faults.take("/a"), None);
        faults.set_rate(1.0, 0, Vec::new());
        assert_eq!(faults.take("/a"), None);
    }
}
