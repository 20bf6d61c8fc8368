//! The programs that are measured, in a workspace of their own: outside of this project, whose features and profiles would apply.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cpu;
use crate::Failure;
use crate::shell::{cargo, output, root, run};

/// The packages of the workspace, each with its manifest from the name on. `PROJECT` and `SOURCES` are paths.
const PACKAGES: [(&str, &str); 3] = [
    (
        "proto",
        r#"
[lib]
path = "lib.rs"
[dependencies]
convex-mgmt-proto = { path = "PROJECT/crates/convex-mgmt-proto" }
"#,
    ),
    (
        "facade",
        r#"
[[bin]]
name = "facade"
path = "SOURCES/program.rs"
[features]
again = []
all = []
small = []
[dependencies]
convex-mgmt = { path = "PROJECT/crates/convex-mgmt", default-features = false, features = ["hyper"] }
tokio = { version = "1", features = ["macros", "rt"] }
"#,
    ),
    (
        "reqwest-twin",
        r#"
[[bin]]
name = "reqwest-twin"
path = "SOURCES/reqwest.rs"
[dependencies]
reqwest = { version = "0.13", default-features = false, features = ["json"] }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt"] }
"#,
    ),
];

/// The workspace, and the folder of its builds.
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Writes the workspace for the crates of a project, with the versions of its dependencies.
    pub(super) fn write(project: &Path, folder: PathBuf) -> Result<Self, Failure> {
        drop(fs::remove_dir_all(&folder));
        let sources = root().join("tests/cost");
        for (name, rest) in PACKAGES {
            fs::create_dir_all(folder.join(name))?;
            let begin = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
            let rest = rest.replace("PROJECT", &shown(project)).replace("SOURCES", &shown(&sources));
            fs::write(folder.join(name).join("Cargo.toml"), begin + &rest)?;
        }
        fs::write(folder.join("proto/lib.rs"), "")?;
        let names = PACKAGES.map(|(name, _)| name);
        fs::write(folder.join("Cargo.toml"), format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\n"))?;
        fs::copy(project.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        Ok(Self { folder })
    }

    /// Runs cargo, and returns its CPU seconds. Incremental compilation is off, as it is for crates from a registry.
    pub(super) fn cargo(&self, arguments: &str) -> Result<f64, Failure> {
        cpu::seconds_of(&self.command(arguments))
    }

    /// Builds a package without anything that was built before, and returns the CPU seconds.
    pub(super) fn cold_build(&self, arguments: &str) -> Result<f64, Failure> {
        drop(fs::remove_dir_all(self.target()));
        self.cargo(&format!("build --quiet {arguments}"))
    }

    /// Returns the size of a program in bytes, optimized and without symbols.
    pub(super) fn size(&self, package: &str, features: &str) -> Result<u64, Failure> {
        run(&mut self.command(&format!("build --quiet --release --package {package} --features={features}")))?;
        Ok(fs::metadata(self.target().join("release").join(package))?.len())
    }

    /// Returns the size of the functions of a crate in a program, in bytes. The tool `nm` of binutils lists them.
    pub(super) fn code_of(&self, name: &str, package: &str, features: &str) -> Result<u64, Failure> {
        let mut build = self.command(&format!("build --quiet --release --package {package} --features={features}"));
        run(build.env("CARGO_PROFILE_RELEASE_STRIP", "false"))?;
        let program = self.target().join("release").join(package);
        let listed = output(Command::new("nm").args(["--print-size", "--defined-only"]).arg(program))?;
        Ok(listed.lines().filter(|line| line.contains(name)).filter_map(function_size).sum())
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    fn command(&self, arguments: &str) -> Command {
        let mut cargo = cargo(arguments);
        cargo.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.target()).env("CARGO_INCREMENTAL", "0");
        cargo.env("CARGO_PROFILE_RELEASE_STRIP", "true").env_remove("CARGO_MANIFEST_DIR");
        cargo
    }
}

/// Reads the size of a function from a line such as `0000000000012340 000000000000028f t NAME`.
fn function_size(line: &str) -> Option<u64> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [_, size, "t" | "T", _] => u64::from_str_radix(size, 16).ok(),
        _ => None,
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_a_size_and_other_symbols_have_none() {
        assert_eq!(function_size("0000000000123840 000000000000028f t _ZN17convex_mgmt_hyper4send"), Some(0x28f));
        assert_eq!(function_size("0000000000123840 000000000000028f r _ZN17convex_mgmt_hyper4META"), None);
        assert_eq!(function_size("0000000000123840 t _ZN17convex_mgmt_hyper4send"), None);
    }
}
