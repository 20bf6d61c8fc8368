//! Transports for `convex-mgmt` of a few lines each, to copy. `docs/transports.md` explains them.
//!
//! Each module is one file without dependencies on the others, and has at most 40 lines of code. `tests/conformance.rs` proves each
//! of them with the conformance run of `convex-mgmt-fake`.
//!
//! | module | HTTP client | runtime |
//! | --- | --- | --- |
//! | `blocking` | ureq | none |
//! | `reqwest` | reqwest | tokio |
//! | `smol` | hyper | smol |
//! | `local` | hyper | monoio, single-threaded; futures are not `Send` |
//! | `fetch` | a function such as `fetch` in a browser | any, such as WebAssembly; futures are not `Send` |
//! | `in_process` | none: an axum router, or a function | any |
//! | `unix_socket` | the default one, over a connector | tokio |
//!
//! The futures of a client on monoio are not `Send`, because those of its transport are not:
#![cfg_attr(feature = "local", doc = "```compile_fail,E0277")]
#![cfg_attr(not(feature = "local"), doc = "```ignore")]
//! fn requires_send(_: impl Send) {}
//! requires_send(convex_mgmt_transports::local::send(Default::default()));
//! ```
#![allow(missing_debug_implementations, reason = "`Debug` is not part of the glue")]

#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(feature = "in-process")]
pub mod in_process;
#[cfg(feature = "local")]
pub mod local;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "smol")]
pub mod smol;
#[cfg(all(feature = "unix-socket", unix))]
pub mod unix_socket;
