//! The workloads of the request benchmarks, the server that answers them, and the three callers that make the requests.
//!
//! * `floor` is bare hyper-util: the request is built once and cloned for each call, and serde_json reads the body into plain structs.
//! * `reqwest` is reqwest with the same structs.
//! * `ours` is the library's default client.

pub mod bodies;
pub mod callers;
pub mod server;
pub mod structs;
pub mod workloads;

/// Creates the runtime of a client: one thread, so that a count covers the connection's task too.
///
/// # Panics
/// If the operating system refuses the resources.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
