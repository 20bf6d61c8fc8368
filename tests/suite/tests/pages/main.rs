//! Lists as streams of pages and of items: laziness, resumption, cancellation, prefetch, and the ends of a walk.

mod gate;
mod lists;
mod prefetch;
mod sockets;
mod walks;
