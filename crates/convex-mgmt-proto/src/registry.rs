//! The list of all operations.

use crate::metadata::OperationMeta;
use crate::operation::Operation;

/// Every operation of both APIs that this version has, as data.
pub const OPERATIONS: &[&OperationMeta] = &[
    crate::deployment::CreateLogStream::META,
    crate::deployment::CreateUsageLimit::META,
    crate::deployment::DataSync::META,
    crate::deployment::DeleteLogStream::META,
    crate::deployment::DeleteUsageLimit::META,
    crate::deployment::GetCanonicalUrls::META,
    crate::deployment::GetCurrentUsage::META,
    crate::deployment::GetDeploymentInfo::META,
    crate::deployment::GetLogStream::META,
    crate::deployment::ListActiveSyncs::META,
    crate::deployment::ListAuditLogEvents::META,
    crate::deployment::ListEnvironmentVariables::META,
    crate::deployment::ListLogStreams::META,
    crate::deployment::ListUsageLimits::META,
    crate::deployment::PauseDeployment::META,
    crate::deployment::RotateWebhookSecret::META,
    crate::deployment::UnpauseDeployment::META,
    crate::deployment::UpdateCanonicalUrl::META,
    crate::deployment::UpdateEnvironmentVariables::META,
    crate::deployment::UpdateLogStream::META,
    crate::deployment::UpdateUsageLimit::META,
];

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    use crate::metadata::Idempotency;

    #[test]
    fn the_table_names_each_operation_once() {
        let mut ids: Vec<_> = OPERATIONS.iter().map(|meta| meta.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), OPERATIONS.len());
    }

    #[test]
    fn what_may_not_be_repeated_says_where_to_look_and_what_deletes_says_when_it_is_gone() {
        for meta in OPERATIONS {
            assert_eq!(meta.not_found_code.is_some(), meta.id.starts_with("delete_"), "{}", meta.id);
            let place = meta.verify_with.map(|id| OPERATIONS.iter().find(|one| one.id == id));
            assert!(
                place.is_none_or(|found| found.is_some_and(|one| one.idempotency == Idempotency::Safe)),
                "{}",
                meta.id
            );
            assert!(meta.idempotency != Idempotency::NonIdempotent || place.is_some(), "{}", meta.id);
        }
    }

    #[test]
    fn only_reads_are_safe_and_one_of_them_is_a_post() {
        for meta in OPERATIONS {
            let reads = meta.method == Method::GET || meta.id == "data_sync";
            assert_eq!(meta.idempotency == Idempotency::Safe, reads, "{}", meta.id);
        }
    }
}
