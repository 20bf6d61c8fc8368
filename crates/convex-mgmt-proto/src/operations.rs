//! [`OPERATIONS`]: the static descriptions of all operations.

use crate::metadata::OperationMeta;
use crate::operation::Operation;
use crate::operation::registry::for_each_operation;

macro_rules! descriptions {
    ($($api:ident::$topic:ident::$operation:ident,)+) => {
        &[$(<crate::$api::$topic::$operation as Operation>::META),+]
    };
}

/// The static descriptions of all operations of both APIs, by API and topic.
pub const OPERATIONS: &[&OperationMeta] = for_each_operation!(descriptions);

#[cfg(feature = "samples")]
macro_rules! samples {
    ($($api:ident::$topic:ident::$operation:ident,)+) => {
        &[$(crate::operation::sample::Samples::of::<crate::$api::$topic::$operation>()),+]
    };
}

/// The samples of all operations, in the order of [`OPERATIONS`].
#[cfg(feature = "samples")]
pub const SAMPLES: &[crate::operation::sample::Samples] = for_each_operation!(samples);

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::metadata::Idempotency;

    #[test]
    fn no_two_operations_share_api_and_id() {
        let mut names: Vec<_> = OPERATIONS.iter().map(ToString::to_string).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    #[test]
    fn non_idempotent_operations_name_a_safe_one_that_verifies_them() {
        for meta in OPERATIONS {
            let verified = meta.verify_with.map(|other| (other.api, other.idempotency));
            assert!(verified.is_none_or(|found| found == (meta.api, Idempotency::Safe)), "{meta}");
            assert!(meta.idempotency != Idempotency::NonIdempotent || verified.is_some(), "{meta}");
        }
    }

    #[test]
    fn the_code_for_nothing_left_to_delete_belongs_to_an_idempotent_operation() {
        let mut deletions = 0;
        for meta in OPERATIONS {
            if let Some(code) = meta.not_found_code {
                assert!(meta.codes.contains(code) && meta.empty_response, "{meta}");
                assert_eq!(meta.idempotency, Idempotency::Idempotent, "{meta}");
                deletions += 1;
            }
        }
        assert!(deletions > 0);
    }

    #[test]
    fn get_requests_are_safe() {
        for meta in OPERATIONS.iter().filter(|meta| meta.method == Method::GET) {
            assert_eq!(meta.idempotency, Idempotency::Safe, "{meta}");
        }
    }
}
