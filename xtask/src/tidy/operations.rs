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
        if !registry.contains(&format!("::{name},")) {
            problem(format!("{name} is not in the registry: add a line to {REGISTRY}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_operations_without_an_example_or_outside_the_registry() {
        let whole = "//! x\ndeployment_operation! {\n    /// Gets.\n    ///\n    /// ```\n    pub struct Get {}\n";
        let count = |text: &str, registry: &str| {
            let files = [("crates/convex-mgmt-proto/src/x.rs", text), (REGISTRY, registry)];
            check(&Tree::of(&files)).len()
        };
        assert_eq!(count(whole, "deployment::x::Get,"), 0);
        assert_eq!(count(&whole.replace("```", ""), "deployment::x::Get,"), 1);
        assert_eq!(count(whole, "deployment::x::GetMore,"), 1);
    }
}
