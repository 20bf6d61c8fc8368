//! The PostgreSQL server of the tests: that of the variable `CONVEX_MGMT_POSTGRES`.

const VARIABLE: &str = "CONVEX_MGMT_POSTGRES";

/// Returns the URL of the server. Without one, prints `consequence`, such as `the mirror was not tested`.
pub(crate) fn url(consequence: &str) -> Option<String> {
    let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("SKIPPED: {VARIABLE} is not set, so {consequence}");
    }
    url
}
