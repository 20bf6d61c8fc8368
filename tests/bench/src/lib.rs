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
