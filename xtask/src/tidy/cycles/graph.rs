//! A graph of modules, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// The line of a use, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Modules and their dependencies, each with one place.
#[derive(Debug, Default)]
pub(super) struct Graph {
    arrows: BTreeMap<String, BTreeMap<String, Place>>,
}

impl Graph {
    /// Adds a dependency. Keeps the place of an earlier one.
    pub(super) fn add(&mut self, from: &str, to: &str, place: Place) {
        self.arrows.entry(from.to_owned()).or_default().entry(to.to_owned()).or_insert(place);
    }

    /// Returns the place of a dependency.
    pub(super) fn place(&self, from: &str, to: &str) -> Option<&Place> {
        self.arrows.get(from)?.get(to)
    }

    /// Returns circles that together contain every dependency that is part of a circle, short ones first. A circle begins and
    /// ends with the name that is first in alphabetical order.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let arrows = self.arrows.iter().flat_map(|(from, targets)| targets.keys().map(move |to| (from, to)));
        let mut shortest: Vec<_> = arrows.filter_map(|(from, to)| self.path(to, from)).map(normalized).collect();
        shortest.sort_by_key(Vec::len);
        let mut covered = BTreeSet::new();
        shortest.retain(|circle| {
            let before = covered.len();
            covered.extend(circle.windows(2).map(|two| (two[0].clone(), two[1].clone())));
            covered.len() > before
        });
        shortest
    }

    /// The shortest path, both ends included.
    fn path<'a>(&'a self, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
        let (mut before, mut queue) = (BTreeMap::<&str, Option<&str>>::from([(from, None)]), VecDeque::from([from]));
        while let Some(node) = queue.pop_front() {
            if node == to {
                let mut path = vec![node];
                while let Some(Some(previous)) = path.last().and_then(|last| before.get(last)) {
                    path.push(previous);
                }
                path.reverse();
                return Some(path);
            }
            for next in self.arrows.get(node).into_iter().flat_map(BTreeMap::keys) {
                before.entry(next.as_str()).or_insert_with(|| {
                    queue.push_back(next);
                    Some(node)
                });
            }
        }
        None
    }
}

/// Rotates a circle to its first name, and repeats that at the end.
fn normalized(mut circle: Vec<&str>) -> Vec<String> {
    let first = circle.iter().enumerate().min_by_key(|(_, name)| **name).map_or(0, |(at, _)| at);
    circle.rotate_left(first);
    circle.extend(circle.first().copied());
    circle.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(arrows: &[(&str, &str)]) -> Vec<String> {
        let mut graph = Graph::default();
        for (from, to) in arrows {
            graph.add(from, to, Place { file: "a.rs".to_owned(), line: 1 });
        }
        graph.circles().iter().map(|circle| circle.join(" ")).collect()
    }

    #[test]
    fn finds_every_dependency_of_a_circle() {
        assert_eq!(circles(&[("a", "b"), ("b", "c"), ("a", "c")]), [""; 0]);
        assert_eq!(circles(&[("b", "a"), ("a", "b")]), ["a b a"]);
        assert_eq!(circles(&[("c", "a"), ("a", "b"), ("b", "c"), ("b", "a"), ("d", "a")]), ["a b a", "a b c a"]);
        // The dependency of `c` on `a` is part of a third circle, `a b c a`, which contains no other new one.
        assert_eq!(
            circles(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "b"), ("c", "a")]),
            ["a b a", "b c b", "a b c a"]
        );
    }
}
