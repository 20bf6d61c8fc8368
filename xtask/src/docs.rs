//! `cargo xtask docs`: writes the page `docs/operations.md` from the registry of operations, and the links that it has in rustdoc.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use convex_mgmt_proto::{CredentialClass, Idempotency, Operation, OperationMeta, for_each_operation};

use crate::Failure;
use crate::shell::root;

/// The page, below the project's root.
const PAGE: &str = "docs/operations.md";

/// The definitions of the page's links for rustdoc, below the project's root. The facade includes them before the page, so that they
/// take precedence over the page's own, which a git host uses.
const LINKS: &str = "crates/convex-mgmt/src/guide/operation-links.md";

/// Where the facade's documentation is published.
const PUBLISHED: &str = "https://docs.rs/convex-mgmt/latest/convex_mgmt";

/// The sources of the operations, below the project's root.
const SOURCES: &str = "crates/convex-mgmt-proto/src";

/// An operation with its place.
#[derive(Clone, Copy, Debug)]
struct Entry {
    api: &'static str,
    topic: &'static str,
    name: &'static str,
    meta: &'static OperationMeta,
}

macro_rules! entries {
    ($($api:ident::$topic:ident::$operation:ident,)+) => { &[$(Entry {
        api: stringify!($api),
        topic: stringify!($topic),
        name: stringify!($operation),
        meta: <convex_mgmt_proto::$api::$operation as Operation>::META,
    }),+] };
}

const ENTRIES: &[Entry] = for_each_operation!(entries);

/// Writes the page and its links.
pub(crate) fn write() -> Result<(), Failure> {
    for (name, text) in files()? {
        fs::write(root().join(name), text)?;
    }
    println!("wrote {PAGE} and {LINKS}: {} operations", ENTRIES.len());
    Ok(())
}

/// Fails if a file differs from what [`write`] would write.
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
fn files() -> Result<[(&'static str, String); 2], Failure> {
    let (page, links) = page()?;
    Ok([(PAGE, page), (LINKS, links)])
}

/// The page, and the definitions of its links for rustdoc.
fn page() -> Result<(String, String), Failure> {
    let mut sources = String::new();
    read_all(&root().join(SOURCES), &mut sources)?;
    let mut page = String::from(
        "# Operations\n\nRestricted credentials need the permission of the operation. `cargo xtask docs` generates this page.\n",
    );
    let (mut links, mut published) = (String::new(), String::new());
    let mut guides = BTreeMap::new();
    let mut place = ("", "");
    for entry in ENTRIES {
        let Entry { api, topic, name, meta } = *entry;
        if place.0 != api {
            write!(page, "\n## {}\n", api_name(api))?;
            if same_credentials(|other| other.api == api) {
                write!(page, "\nEvery operation accepts these credentials: {}.\n", credentials(meta))?;
            }
        }
        if place != (api, topic) {
            write!(page, "\n### {}\n\nModule [`{api}::{topic}`].", title(topic))?;
            if let Some((name, label)) = guide(topic) {
                write!(page, " Guide: [{name}][{label}].")?;
                guides.insert(label, format!("{label}.md"));
            }
            if !same_credentials(|other| other.api == api)
                && same_credentials(|other| (other.api, other.topic) == (api, topic))
            {
                write!(page, " Credentials: {}.", credentials(meta))?;
            }
            page.push_str("\n\n| operation | purpose | idempotency | permission |\n| --- | --- | --- | --- |\n");
            writeln!(links, "[`{api}::{topic}`]: crate::{api}::{topic}")?;
            writeln!(published, "[`{api}::{topic}`]: {PUBLISHED}/{api}/{topic}/index.html")?;
        }
        place = (api, topic);
        let idempotency = match meta.idempotency {
            Idempotency::Safe => "safe",
            Idempotency::Idempotent => "idempotent",
            Idempotency::NonIdempotent => "not idempotent",
        };
        let purpose = purpose(name, &sources).ok_or_else(|| format!("{api}::{topic}::{name} has no docs"))?;
        let permission = meta.permission.map(|permission| format!("`{permission}` ")).unwrap_or_default();
        writeln!(page, "| [`{name}`][{meta}] | {purpose} | {idempotency} | {permission}|")?;
        writeln!(links, "[{meta}]: crate::{api}::{name}")?;
        writeln!(published, "[{meta}]: {PUBLISHED}/{api}/struct.{name}.html")?;
    }
    page.push('\n');
    for (label, file) in guides {
        writeln!(page, "[{label}]: {file}")?;
    }
    page.push_str(&published);
    Ok((page, links))
}

/// Returns `true` if the operations of a group accept the same credentials.
fn same_credentials(group: impl Fn(&Entry) -> bool) -> bool {
    let mut of_group = ENTRIES.iter().filter(|entry| group(entry)).map(|entry| entry.meta.credentials);
    let first = of_group.next();
    of_group.all(|credentials| Some(credentials) == first)
}

/// The guide of a topic: its title, and the name of its file in `docs` without the ending.
fn guide(topic: &str) -> Option<(&'static str, &'static str)> {
    match topic {
        "audit_log" => Some(("Audit log", "audit-log")),
        "canonical_urls" | "info" | "lifecycle" => Some(("Canonical URLs, pausing and deployment info", "deployment")),
        "data_sync" => Some(("Data sync", "data-sync")),
        "environment_variables" => Some(("Environment variables", "environment-variables")),
        "log_streams" => Some(("Log streams", "log-streams")),
        "usage" | "usage_limits" => Some(("Usage and usage limits", "usage-and-limits")),
        _ => None,
    }
}

fn read_all(folder: &Path, sources: &mut String) -> Result<(), Failure> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    paths.sort_unstable();
    for path in paths {
        if path.is_dir() {
            read_all(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The first sentence of the docs of a struct.
fn purpose(name: &str, sources: &str) -> Option<String> {
    let declared = |line: &&str| {
        let rest = line.trim_start().strip_prefix("pub struct ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with([' ', '<']))
    };
    let lines: Vec<&str> = sources.lines().collect();
    let end = lines.iter().position(declared)?;
    let above = lines[..end].iter().rev().map(|line| line.trim_start());
    let docs: Vec<&str> = above.take_while(|line| line.starts_with("///") || line.starts_with("#[")).collect();
    let docs = docs.iter().rev().filter_map(|line| line.strip_prefix("///")).map(str::trim);
    let paragraph: Vec<&str> = docs.take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let sentence = paragraph.split_inclusive(". ").next()?.trim();
    (!sentence.is_empty()).then(|| sentence.to_owned())
}

fn api_name(api: &str) -> &'static str {
    match api {
        "deployment" => "Deployment Platform API",
        _ => "Management API",
    }
}

/// `log_streams` as `Log streams`.
fn title(topic: &str) -> String {
    let words = topic.replace("_urls", "_URLs").replace('_', " ");
    words.get(..1).map(str::to_uppercase).unwrap_or_default() + words.get(1..).unwrap_or_default()
}

fn credentials(meta: &OperationMeta) -> String {
    let names = meta.credentials.iter().map(|class| match class {
        CredentialClass::DeployKey => "deploy key",
        CredentialClass::PersonalToken => "personal access token",
        CredentialClass::TeamToken => "team access token",
        CredentialClass::OAuthTeamToken => "OAuth token of a team",
        CredentialClass::OAuthProjectToken => "OAuth token of a project",
        _ => "unknown",
    });
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_operation_with_its_purpose() {
        let (page, _) = page().unwrap();
        for Entry { name, .. } in ENTRIES {
            let row = page.lines().find(|line| line.starts_with(&format!("| [`{name}`]"))).unwrap_or_default();
            let purpose = row.split(" | ").nth(1).unwrap_or_default();
            assert!(purpose.len() > 10 && purpose.ends_with('.'), "{name}: {row}");
        }
    }

    #[test]
    fn the_purpose_is_the_first_sentence_of_the_docs() {
        let sources = "/// Reads it. And more.\n///\n/// Else.\n    #[derive(Debug)]\n    pub struct Get {}\n";
        assert_eq!(purpose("Get", sources).as_deref(), Some("Reads it."));
        assert_eq!(purpose("Set", sources), None);
        assert_eq!(purpose("Get", "/// x\n\npub struct Get {}\n"), None);
    }
}
