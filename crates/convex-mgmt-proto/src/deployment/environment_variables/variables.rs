//! [`EnvironmentVariables`]: names and values.

use std::collections::{BTreeMap, btree_map};

use serde::Deserialize;
#[cfg(feature = "serde-all")]
use serde::{Serialize, Serializer};

use crate::types::Secret;

/// The environment variables of a deployment: names, in ascending order, with their values.
///
/// `Debug` shows the names only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentVariables(pub(super) BTreeMap<String, Secret>);

impl EnvironmentVariables {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Sets a variable; gives back the value it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Secret>) -> Option<Secret> {
        self.0.insert(name.into(), value.into())
    }

    /// Takes a variable out; gives back the value it had.
    pub fn remove(&mut self, name: &str) -> Option<Secret> {
        self.0.remove(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and values, by name.
    pub fn iter(&self) -> btree_map::Iter<'_, String, Secret> {
        self.0.iter()
    }

    /// The names, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Takes out the variables that the Convex command line tool keeps for itself in `.env` files, the deploy key among
    /// them, and gives their names. The tool does the same before it sends a file ([`CLI_MANAGED`]).
    pub fn take_cli_managed(&mut self) -> Vec<&'static str> {
        CLI_MANAGED.iter().copied().filter(|name| self.0.remove(*name).is_some()).collect()
    }
}

/// The variables in `.env` files that belong to the Convex command line tool and to the build tools that it serves: the
/// server would accept most of them, but a deployment has no use for them, and some are credentials.
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
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl<N: Into<String>, V: Into<Secret>> Extend<(N, V)> for EnvironmentVariables {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, variables: I) {
        self.0.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
    }
}

impl IntoIterator for EnvironmentVariables {
    type Item = (String, Secret);
    type IntoIter = btree_map::IntoIter<String, Secret>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a EnvironmentVariables {
    type Item = (&'a String, &'a Secret);
    type IntoIter = btree_map::Iter<'a, String, Secret>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Values are written in clear text.
#[cfg(feature = "serde-all")]
impl Serialize for EnvironmentVariables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, value.expose())))
    }
}
