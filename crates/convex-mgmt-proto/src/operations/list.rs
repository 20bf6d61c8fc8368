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
    use crate::metadata::{Idempotency, Paging};

    #[test]
    fn no_two_operations_share_api_and_id() {
        let mut names: Vec<_> = OPERATIONS.iter().map(ToString::to_string).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
    }

    /// The operations whose effect no operation shows: the API has no list of teams.
    const UNVERIFIABLE: [&str; 1] = ["management/create_team"];

    #[test]
    fn non_idempotent_operations_name_a_safe_one_that_verifies_them() {
        for meta in OPERATIONS {
            if let Some(other) = meta.verify_with {
                let is_safe = (other.api, other.idempotency) == (meta.api, Idempotency::Safe);
                assert!(is_safe, "{meta}: `verify_with` names {other}, which is not a safe operation of the same API");
            }
            let is_retried = meta.idempotency != Idempotency::NonIdempotent;
            let is_shown = meta.verify_with.is_some() != UNVERIFIABLE.contains(&meta.to_string().as_str());
            assert!(is_retried || is_shown, "{meta}: is not idempotent and lacks `verify_with`");
        }
    }

    #[test]
    fn the_code_for_nothing_left_to_delete_belongs_to_an_idempotent_operation() {
        let mut deletions = 0;
        for meta in OPERATIONS {
            if let Some(code) = meta.not_found_code {
                assert!(meta.codes.contains(code), "{meta}: `codes` lacks the code of `not_found`");
                assert!(meta.empty_response, "{meta}: has `not_found`, which needs `response: empty()`");
                assert_eq!(meta.idempotency, Idempotency::Idempotent, "{meta}: has `not_found`");
                deletions += 1;
            }
        }
        assert!(deletions > 0);
    }

    /// The operations that read with `POST`.
    const READS_BY_POST: [&str; 1] = ["deployment/data_sync"];

    #[test]
    fn safe_operations_are_those_that_read() {
        for meta in OPERATIONS {
            let is_read = meta.method == Method::GET || READS_BY_POST.contains(&meta.to_string().as_str());
            assert_eq!(
                meta.idempotency == Idempotency::Safe,
                is_read,
                "{meta}: {} is {}",
                meta.method,
                meta.idempotency
            );
        }
    }

    #[test]
    fn operations_with_a_cursor_in_the_query_are_paged() {
        for meta in OPERATIONS {
            let has_cursor = meta.query.contains(&"cursor");
            assert_eq!(
                has_cursor,
                meta.paging == Paging::Query,
                "{meta}: `paging: Query` belongs to a query with `cursor`"
            );
        }
    }
}
