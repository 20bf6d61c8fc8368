//! All operations with their places, from the registry.

use convex_mgmt_proto::{Api, Operation, OperationMeta, for_each_operation};

/// Where the facade's documentation is published.
pub(super) const PUBLISHED: &str = "https://docs.rs/convex-mgmt/latest/convex_mgmt";

/// An operation with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) api: &'static str,
    /// [`Api::NAME`].
    pub(super) api_name: &'static str,
    pub(super) topic: &'static str,
    pub(super) name: &'static str,
    pub(super) meta: &'static OperationMeta,
}

impl Entry {
    /// The definition of the link `[..][API/id]` to the operation's published docs.
    pub(super) fn published_link(&self) -> String {
        let Self { api, name, meta, .. } = self;
        format!("[{meta}]: {PUBLISHED}/{api}/struct.{name}.html\n")
    }
}

macro_rules! entries {
    ($($api:ident::$topic:ident::$operation:ident,)+) => { &[$(Entry {
        api: stringify!($api),
        api_name: <<convex_mgmt_proto::$api::$operation as Operation>::Api as Api>::NAME,
        topic: stringify!($topic),
        name: stringify!($operation),
        meta: <convex_mgmt_proto::$api::$operation as Operation>::META,
    }),+] };
}

pub(super) const ENTRIES: &[Entry] = for_each_operation!(entries);
