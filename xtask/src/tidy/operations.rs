//! Operations that are not in the registry, or have no example in their docs.

use super::source::{Problem, Tree};

/// Finds operations of `convex-mgmt-proto` without an example in their docs.
pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let sources = tree.sources().filter(|file| file.name.starts_with("crates/convex-mgmt-proto/src/"));
    sources.flat_map(|file| without_example(&file.name, &file.text)).collect()
}

/// The declarations of operations begin with a macro call such as `deployment_operation! {`, followed by their docs.
fn without_example(name: &str, text: &str) -> Vec<Problem> {
    let lines: Vec<&str> = text.lines().collect();
    let declarations = lines.iter().enumerate().filter(|(_, line)| line.ends_with("_operation! {"));
    let missing = declarations.filter(|(at, _)| {
        let below = lines.iter().skip(at + 1).map(|line| line.trim_start());
        !below.take_while(|line| line.starts_with("///")).any(|line| line.contains("```"))
    });
    let problem =
        |(at, _)| Problem::new(name, at + 1, "the docs of this operation lack an example: add one".to_owned());
    missing.map(problem).collect()
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
