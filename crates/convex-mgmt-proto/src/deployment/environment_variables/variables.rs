//! [`EnvironmentVariables`]: the names and values of environment variables.

use std::{fmt, iter, mem, slice, vec};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
#[cfg(feature = "serde-all")]
use serde::{Serialize, Serializer};

use crate::types::Secret;

/// The environment variables of a deployment: a map from names to values, in ascending order of the names.
///
/// `Debug` shows the names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EnvironmentVariables {
    /// Sorted by name, and each name once. Responses are in this order already.
    sorted: Vec<(String, Secret)>,
}

/// A variable, as the iterators return it.
type Pair<'a> = (&'a String, &'a Secret);

impl EnvironmentVariables {
    /// Creates an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value of a variable.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.sorted.get(self.find(name).ok()?).map(|(_, value)| value)
    }

    /// Sets a variable and returns its previous value.
    ///
    /// Moves the variables after a new one. [`Extend`] and [`FromIterator`] add many variables faster.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Secret>) -> Option<Secret> {
        let (name, value) = (name.into(), value.into());
        match self.find(&name) {
            Ok(place) => self.sorted.get_mut(place).map(|(_, own)| mem::replace(own, value)),
            Err(place) => {
                self.sorted.insert(place, (name, value));
                None
            }
        }
    }

    /// Removes a variable and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Secret> {
        let place = self.find(name).ok()?;
        Some(self.sorted.remove(place).1)
    }

    /// Returns the number of variables.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Returns `true` if the map has no variables.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Iterates over names and values, in ascending order of the names.
    pub fn iter(&self) -> <&Self as IntoIterator>::IntoIter {
        self.into_iter()
    }

    /// Iterates over the names, in ascending order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sorted.iter().map(|(name, _)| name.as_str())
    }

    /// Returns the place of a variable, or the place where it belongs.
    fn find(&self, name: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|(own, _)| own.as_str().cmp(name))
    }

    /// Sorts the variables after the first `sorted` ones, in any order, into their places. Of several values for one name, the
    /// last one stays.
    fn sort(&mut self, sorted: usize) {
        let added = self.sorted.get(sorted.saturating_sub(1)..).unwrap_or_default();
        if !added.is_sorted_by(|(one, _), (next, _)| one < next) {
            self.sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
            self.sorted.dedup_by(|(name, value), (kept_name, kept)| {
                let again = name == kept_name;
                if again {
                    mem::swap(value, kept);
                }
                again
            });
        }
    }

    /// Removes the variables of the Convex command line tool ([`CLI_MANAGED`]), such as the deploy key, and returns their names.
    /// The tool does the same before it sends an `.env` file.
    pub fn take_cli_managed(&mut self) -> Vec<&'static str> {
        CLI_MANAGED.iter().copied().filter(|name| self.remove(name).is_some()).collect()
    }
}

/// The names of the variables in `.env` files that the Convex command line tool and build tools use.
///
/// The server would accept most of them, but a deployment does not use them, and some are credentials.
pub const CLI_MANAGED: &[&str] = &[
    "CONVEX_DEPLOYMENT",
    "CONVEX_DEPLOYMENT_TOKEN",
    "CONVEX_DEPLOY_KEY",
    "CONVEX_SELF_HOSTED_ADMIN_KEY",
    "CONVEX_SELF_HOSTED_URL",
    "CONVEX_SITE_URL",
    "CONVEX_URL",
    "EXPO_PUBLIC_CONVEX_SITE_URL",
    "EXPO_PUBLIC_CONVEX_URL",
    "NEXT_PUBLIC_CONVEX_SITE_URL",
    "NEXT_PUBLIC_CONVEX_URL",
    "PUBLIC_CONVEX_SITE_URL",
    "PUBLIC_CONVEX_URL",
    "REACT_APP_CONVEX_SITE_URL",
    "REACT_APP_CONVEX_URL",
    "VITE_CONVEX_SITE_URL",
    "VITE_CONVEX_URL",
];

impl<N: Into<String>, V: Into<Secret>> FromIterator<(N, V)> for EnvironmentVariables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let mut all = Self::new();
        all.extend(variables);
        all
    }
}

impl<N: Into<String>, V: Into<Secret>> Extend<(N, V)> for EnvironmentVariables {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, variables: I) {
        let sorted = self.len();
        self.sorted.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self.sort(sorted);
    }
}

impl IntoIterator for EnvironmentVariables {
    type Item = (String, Secret);
    type IntoIter = vec::IntoIter<(String, Secret)>;
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.into_iter()
    }
}

impl<'a> IntoIterator for &'a EnvironmentVariables {
    type Item = Pair<'a>;
    type IntoIter = iter::Map<slice::Iter<'a, (String, Secret)>, fn(&'a (String, Secret)) -> Pair<'a>>;
    fn into_iter(self) -> Self::IntoIter {
        self.sorted.iter().map(|(name, value)| (name, value))
    }
}

impl fmt::Debug for EnvironmentVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

impl<'de> Deserialize<'de> for EnvironmentVariables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Variables)
    }
}

struct Variables;

impl<'de> Visitor<'de> for Variables {
    type Value = EnvironmentVariables;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EnvironmentVariables, A::Error> {
        let mut variables = EnvironmentVariables::new();
        while let Some(variable) = map.next_entry()? {
            variables.sorted.push(variable);
        }
        variables.sort(0);
        Ok(variables)
    }
}

/// Writes the values in clear text.
#[cfg(feature = "serde-all")]
impl Serialize for EnvironmentVariables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, value.expose())))
    }
}
