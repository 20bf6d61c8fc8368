//! `cargo xtask docs`: writes the generated pages of the docs.

use std::fs;

use super::entries::ENTRIES;
use super::{codes, credentials, page};
use crate::Failure;
use crate::shell::root;

/// The page, below the project's root.
const PAGE: &str = "docs/operations.md";

/// The page of error codes, below the project's root.
const CODES: &str = "docs/error-codes.md";

/// The page of credentials, below the project's root.
const CREDENTIALS: &str = "docs/credentials.md";

/// The definitions of the page's links for rustdoc, below the project's root. The facade includes them before the page, so that they
/// take precedence over the page's own, which a git host uses.
const LINKS: &str = "crates/convex-mgmt/src/guide/operation-links.md";

/// Writes the page and its links.
pub(crate) fn write() -> Result<(), Failure> {
    for (name, text) in files()? {
        fs::write(root().join(name), text)?;
    }
    println!("wrote {PAGE}, {LINKS}, {CODES} and {CREDENTIALS}: {} operations", ENTRIES.len());
    Ok(())
}

/// Fails if a file differs from what [`write()`] would write.
pub(crate) fn check() -> Result<(), Failure> {
    for (name, text) in files()? {
        let found = fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))?;
        if found != text {
            return Err(format!("{name} is out of date: run `cargo xtask docs`").into());
        }
    }
    Ok(())
}

/// The name and the text of each file.
fn files() -> Result<[(&'static str, String); 4], Failure> {
    let (page, links) = page::page()?;
    Ok([(PAGE, page), (LINKS, links), (CODES, codes::page()), (CREDENTIALS, credentials::page()?)])
}
