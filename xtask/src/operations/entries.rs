//! All operations with their places, from the registry.

use convex_mgmt_proto::{Operation, OperationMeta, for_each_operation};

/// Where the facade's documentation is published.
pub(super) const PUBLISHED: &str = "https://docs.rs/convex-mgmt/latest/convex_mgmt";

/// An operation with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) api: &'static str,
    pub(super) topic: &'static str,
    pub(super) name: &'static str,
    pub(super) meta: &'static OperationMeta,
}

macro_rules! entries {
    ($($api:ident::$topic:ident::$operation:ident,)+) => { &[$(Entry {
        api: stringify!($api),
        topic: stringify!($topic),
        name: stringify!($operation),
        meta: <convex_mgmt_proto::$api::$operation as Operation>::META,
    }),+] };
}

pub(super) const ENTRIES: &[Entry] = for_each_operation!(entries);
