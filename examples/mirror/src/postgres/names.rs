//! The names of schemas.

use crate::naming::{MAX_NAME, hash};

/// Returns the name of the schema of a deployment: its name, such as `happy-animal-123`, or that in its URL, whatever its region.
///
/// Other URLs, and names with unusual characters, become a similar name with a suffix that depends on the whole text, so that two
/// deployments never share a schema.
pub fn schema_name(deployment: &str) -> String {
    let without_scheme = deployment.split_once("://").map_or(deployment, |(_, rest)| rest).trim_end_matches('/');
    let cloud = without_scheme.strip_suffix(".convex.cloud").and_then(|labels| labels.split('.').next());
    let name = cloud.unwrap_or(without_scheme);
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_reserved = ["public", "information-schema"].contains(&name);
    if !name.is_empty() && !is_reserved && name.len() <= MAX_NAME && name.bytes().all(is_plain) {
        return name.to_owned();
    }
    let plain = name.to_ascii_lowercase().replace(|char: char| !char.is_ascii() || !is_plain(char as u8), "_");
    let suffix = format!("_{:08x}", hash(deployment));
    let plain = plain.trim_start_matches('_');
    format!("d_{}{suffix}", &plain[..plain.len().min(MAX_NAME - 2 - suffix.len())])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_deployment_has_the_schema_of_its_name() {
        assert_eq!(schema_name("https://happy-animal-123.convex.cloud"), "happy-animal-123");
        assert_eq!(schema_name("https://happy-animal-123.eu-west-1.convex.cloud"), "happy-animal-123");
        assert_eq!(schema_name("happy-animal-123"), "happy-animal-123");
    }

    #[test]
    fn other_texts_have_names_of_their_own_that_are_short_and_not_reserved() {
        let long = format!("https://{}.example.com", "a".repeat(100));
        let texts = [
            "http://127.0.0.1:3210",
            "http://127.0.0.1:3211",
            "https://127.0.0.1:3210",
            "https://Happy-animal-123.convex.cloud",
            "https://api.example.com",
            "https://api_example.com",
            "public",
            "pg_catalog",
            "_convex",
            "",
            "ééé",
            &long,
        ];
        let names: BTreeSet<_> = texts.iter().map(|text| schema_name(text)).collect();
        assert_eq!(names.len(), texts.len(), "{names:?}");
        assert!(names.iter().all(|name| name.len() <= MAX_NAME && name.starts_with("d_")), "{names:?}");
    }
}
