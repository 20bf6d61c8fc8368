//! The rules of references. Source: the description of `reference` in the document. Inferred: the codes.

use crate::api::ApiError;

const RESERVED: [&str; 10] =
    ["prod", "dev", "cloud", "local", "default", "name", "new", "existing", "deployment", "preview"];

/// Checks the form of a reference.
pub(super) fn check_reference(reference: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/');
    let problem = if !(3..=100).contains(&reference.len()) {
        "a reference has 3 to 100 characters"
    } else if !reference.bytes().all(allowed) {
        "a reference has lower-case letters, digits, dashes and slashes only"
    } else if is_name(reference) {
        "a reference must not look like the name of a deployment"
    } else if reference.starts_with("local-") {
        "a reference must not start with 'local-'"
    } else if RESERVED.contains(&reference) {
        "the reference is a reserved word"
    } else {
        return Ok(());
    };
    Err(ApiError::bad_request("InvalidDeploymentReference", problem))
}

/// Checks the identifier of a preview deployment. Inferred: it has fewer rules, because it often is the name of a branch.
pub(super) fn check_preview_identifier(identifier: &str) -> Result<(), ApiError> {
    if (1..=100).contains(&identifier.len()) {
        Ok(())
    } else {
        Err(ApiError::bad_request("InvalidDeploymentReference", "the identifier of a preview has 1 to 100 characters"))
    }
}

pub(super) fn reference_in_use() -> ApiError {
    ApiError::bad_request("DeploymentReferenceInUse", "another deployment of the project has this reference")
}

/// Returns `true` for `word-word-number`.
fn is_name(text: &str) -> bool {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(text.split('-').collect::<Vec<_>>()[..], [a, b, n] if is_word(a) && is_word(b) && is_number(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_and_rejects_references_as_the_document_says() {
        let long = "a".repeat(100);
        for valid in ["abc", "feature/x-1", "a-b-c", "happy-otter", "preview/pr-1", "1-2-3", "prod2", &long] {
            assert!(check_reference(valid).is_ok(), "{valid}");
        }
        let longer = "a".repeat(101);
        for invalid in ["", "ab", "Abc", "a_b", "a b", "äöü", "happy-otter-123", "local-x", "prod", "preview", &longer]
        {
            assert!(check_reference(invalid).is_err(), "{invalid}");
        }
    }
}
