//! All operations with their samples, and the source files that hold both.

use std::fmt;
use std::fs;
use std::ops::Deref;
use std::path::Path;

use convex_mgmt_proto::samples::{SAMPLES, Samples};

macro_rules! names {
    ($($api:ident::$topic:ident::$operation:ident,)+) => {
        &[$((concat!("src/", stringify!($api), "/", stringify!($topic)), stringify!($operation))),+]
    };
}

/// The topic's path and the type's name of each operation, in the order of [`SAMPLES`].
const NAMES: &[(&str, &str)] = convex_mgmt_proto::for_each_operation!(names);

/// An operation. It derefs to its samples.
///
/// Its `Display` is for failures: the operation, and the file with its samples.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    samples: &'static Samples,
    topic: &'static str,
    name: &'static str,
}

/// All operations of both APIs.
pub(crate) fn all() -> impl Iterator<Item = Operation> {
    assert_eq!(SAMPLES.len(), NAMES.len());
    SAMPLES.iter().zip(NAMES).map(|(samples, (topic, name))| Operation { samples, topic, name })
}

impl Operation {
    /// `true` if the declaration has a `check` or a `check_for`. The trait does not show that, so this reads the source.
    pub(crate) fn declares_check(&self) -> bool {
        let (file, text) = self.source("pub struct ");
        let start = position(&text, "pub struct ", self.name).unwrap_or_default();
        let declaration = text[start..].split("\n}").next().unwrap_or_default();
        assert!(declaration.contains("\n    codes: ["), "{file} does not declare {} with `operation!`", self.name);
        declaration.contains("\n    check: ") || declaration.contains("\n    check_for: ")
    }

    /// The file of the topic in which `before` is followed by the operation's name, and its text.
    fn source(&self, before: &str) -> (String, String) {
        let mut files = Vec::new();
        let topic = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.topic);
        read(&topic, &mut files);
        read(&topic.with_extension("rs"), &mut files);
        let found = files.into_iter().find(|(_, text)| position(text, before, self.name).is_some());
        found.unwrap_or_else(|| panic!("no file of {} has `{before}{}`", self.topic, self.name))
    }
}

impl Deref for Operation {
    type Target = Samples;

    fn deref(&self) -> &Samples {
        self.samples
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, _) = self.source("Sample for ");
        write!(f, "{} (samples of {} in crates/convex-mgmt-proto/{file})", self.meta, self.name)
    }
}

/// The position of `before`, followed by the whole word `name`.
fn position(text: &str, before: &str, name: &str) -> Option<usize> {
    let whole = format!("{before}{name}");
    let is_end = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    text.match_indices(&whole).map(|(at, _)| at).find(|at| is_end(&text[at + whole.len()..]))
}

/// Reads a file, or the files of a folder. Reads nothing if there is neither.
fn read(path: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(path) else {
        let file = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path);
        files.extend(fs::read_to_string(path).map(|text| (file.display().to_string(), text)));
        return;
    };
    for entry in entries {
        read(&entry.unwrap().path(), files);
    }
}
