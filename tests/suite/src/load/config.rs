//! [`Load`]: the settings of a load.

use convex_mgmt::RetryPolicy;

/// The protocol of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 without TLS, one request at a time on each connection.
    Http1,
    /// HTTP/2 over TLS, all on one connection, until an attempt times out on it.
    Http2,
    /// The same, but a reset breaks the connection with all requests in flight on it.
    Http2Broken,
}

/// The settings of a load.
#[derive(Clone, Debug)]
pub struct Load {
    /// The number of calls.
    pub calls: usize,
    /// The maximum number of attempts in flight.
    pub connections: usize,
    /// The protocol.
    pub protocol: Protocol,
    /// The retry policy of the client.
    pub retry: RetryPolicy,
    /// The probability that a request meets a fault.
    pub fault_rate: f64,
    /// The seed of the sequence of faults.
    pub seed: u64,
}

impl Default for Load {
    /// 10,000 calls over 64 connections. One request in a hundred meets a fault.
    fn default() -> Self {
        Self {
            calls: 10_000,
            connections: 64,
            protocol: Protocol::Http1,
            retry: RetryPolicy::default(),
            fault_rate: 0.01,
            seed: 1,
        }
    }
}
