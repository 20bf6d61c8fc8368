//! Operations that are not in the registry, or have no example in their docs.

use super::source::{Problem, Tree};

const SOURCES: &str = "crates/convex-mgmt-proto/src/";

/// The file with the list of all operations.
const REGISTRY: &str = "crates/convex-mgmt-proto/src/operation/registry.rs";

/// Finds declarations of operations in `convex-mgmt-proto` that lack an example or a line in the registry.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let registry = tree.sources().find(|file| file.name == REGISTRY).map(|file| file.text.as_str()).unwrap_or_default();
    let sources = tree.sources().filter(|file| file.name.starts_with(SOURCES));
    sources.flat_map(|file| problems(&file.name, &file.text, registry)).collect()
}

/// The declarations of operations begin with a macro call such as `deployment_operation! {`, followed by docs and a struct.
fn problems(file: &str, text: &str, registry: &str) -> Vec<Problem> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut problems = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| line.ends_with("_operation! {")) {
        let below = lines.get(at + 1..).unwrap_or_default();
        let Some(name) = below.iter().find_map(|line| line.strip_prefix("pub struct ")) else { continue };
        let name = name.split([' ', '<']).next().unwrap_or_default();
        let mut problem = |message: String| problems.push(Problem::new(file, at + 1, message));
        if !below.iter().take_while(|line| line.starts_with("///")).any(|line| line.contains("```")) {
            problem(format!("the docs of {name} lack an example: add one"));
        }
        // Both APIs may have an operation of this name, so its topic counts, too.
        let line = format!("{}::{name},", topic(file));
        if !registry.contains(&line) {
            problem(format!("{name} is not in the registry: add the line `{line}` to {REGISTRY}"));
        }
    }
    problems
}

/// The API and the topic of a file, such as `deployment::usage`.
fn topic(file: &str) -> String {
    let path = file.strip_prefix(SOURCES).unwrap_or(file);
    let mut names = path.split('/').map(|name| name.strip_suffix(".rs").unwrap_or(name));
    [names.next(), names.next()].map(Option::unwrap_or_default).join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_operations_without_an_example_or_outside_the_registry() {
        let whole = "//! x\ndeployment_operation! {\n    /// Gets.\n    ///\n    /// ```\n    pub struct Get {}\n";
        let count_in = |file: &str, text: &str, registry: &str| {
            let file = format!("{SOURCES}{file}");
            check(&Tree::of(&[(file.as_str(), text), (REGISTRY, registry)])).len()
        };
        let count = |text: &str, registry: &str| count_in("deployment/x.rs", text, registry);
        assert_eq!(count(whole, "deployment::x::Get,"), 0);
        assert_eq!(count_in("deployment/x/y.rs", whole, "deployment::x::Get,"), 0);
        assert_eq!(count(&whole.replace("```", ""), "deployment::x::Get,"), 1);
        assert_eq!(count(whole, "deployment::x::GetMore,"), 1);
        assert_eq!(count(whole, "management::x::Get,"), 1);
        assert_eq!(count(whole, "deployment::y::Get,"), 1);
    }
}
