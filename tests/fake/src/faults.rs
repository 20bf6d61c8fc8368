//! [`Fault`]: what goes wrong on demand, and the queue of what is due.

use std::collections::VecDeque;
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Something that goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Fault {
    /// The request is not carried out. It is answered with this status, and with an error body if there is a code.
    Answer {
        /// The status.
        status: u16,
        /// The code of the error body; none means an empty body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// A `Retry-After`, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The request is carried out, but the body of the answer is missing.
    EmptyBody,
    /// The request is carried out after this time, or not at all if the server's timeout passes first.
    Delay {
        /// The time in milliseconds.
        milliseconds: u64,
    },
    /// The request is not carried out: the connection is reset.
    Reset,
    /// The request is carried out, and the connection is reset instead of an answer.
    LostAnswer,
}

impl Fault {
    /// The request is not carried out, but answered with this status and an empty body.
    pub fn status(status: u16) -> Self {
        Self::Answer { status, code: None, retry_after: None }
    }

    /// The request is not carried out, but answered with this status and code.
    pub fn code(status: u16, code: impl Into<String>) -> Self {
        Self::Answer { status, code: Some(code.into()), retry_after: None }
    }

    /// The request is carried out after this time.
    pub fn delay(time: Duration) -> Self {
        Self::Delay { milliseconds: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// What is due: each request takes the first fault that is meant for its path, or else may meet one by chance.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    ordered: VecDeque<(Option<String>, Fault)>,
    by_chance: Option<ByChance>,
}

impl Faults {
    /// Puts a fault at the end. `path` is the end of the paths that it is meant for, or none for all.
    pub(crate) fn push(&mut self, path: Option<String>, fault: Fault) {
        self.ordered.push_back((path, fault));
    }

    pub(crate) fn set_rate(&mut self, rate: f64, seed: u64, faults: Vec<Fault>) {
        self.by_chance = (!faults.is_empty()).then_some(ByChance { rate, state: seed, faults });
    }

    pub(crate) fn take(&mut self, path: &str) -> Option<Fault> {
        let meant = |end: &Option<String>| end.as_ref().is_none_or(|end| path.ends_with(end.as_str()));
        match self.ordered.iter().position(|(end, _)| meant(end)) {
            Some(at) => self.ordered.remove(at).map(|(_, fault)| fault),
            None => self.by_chance.as_mut()?.draw(),
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Faults that are met by chance. The same seed gives the same sequence.
#[derive(Debug)]
struct ByChance {
    rate: f64,
    state: u64,
    faults: Vec<Fault>,
}

impl ByChance {
    fn draw(&mut self) -> Option<Fault> {
        let met = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        if met >= self.rate {
            return None;
        }
        let at = self.next() % self.faults.len() as u64;
        self.faults.get(usize::try_from(at).ok()?).cloned()
    }

    /// SplitMix64: a few lines, and good enough for dice.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The body with which faults are ordered over HTTP: the fields of the fault, and those of [`Target`].
#[derive(Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Order {
    pub(crate) fault: Fault,
    pub(crate) target: Target,
}

/// Which requests meet a fault.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Target {
    pub(crate) path: Option<String>,
    pub(crate) times: u32,
}

impl Default for Target {
    fn default() -> Self {
        Self { path: None, times: 1 }
    }
}

impl TryFrom<Map<String, Value>> for Order {
    type Error = serde_json::Error;

    /// Rejects unknown fields for every fault. serde does so only for those that have fields.
    fn try_from(mut fields: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let target: Map<_, _> = ["path", "times"].iter().filter_map(|name| fields.remove_entry(*name)).collect();
        let fault: Fault = serde_json::from_value(Value::Object(fields.clone()))?;
        let has_no_fields = serde_json::to_value(&fault)? == json!({"fault": fields["fault"]});
        if let Some(unknown) = fields.keys().find(|name| has_no_fields && *name != "fault") {
            return Err(serde_json::Error::custom(format!("unknown field `{unknown}`, expected `path` or `times`")));
        }
        Ok(Self { fault, target: serde_json::from_value(Value::Object(target))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rate: f64, seed: u64) -> Vec<Option<Fault>> {
        let mut faults = Faults::default();
        faults.set_rate(rate, seed, vec![Fault::Reset, Fault::status(500)]);
        (0..10_000).map(|_| faults.take("/any")).collect()
    }

    #[test]
    fn chance_keeps_to_its_rate_and_comes_again_with_its_seed() {
        let some = drawn(0.01, 7);
        let count = |fault: &Fault| some.iter().flatten().filter(|met| *met == fault).count();
        let (resets, answers) = (count(&Fault::Reset), count(&Fault::status(500)));
        assert!((70..130).contains(&(resets + answers)) && resets > 30 && answers > 30, "{resets} and {answers}");
        assert_eq!(some, drawn(0.01, 7));
        assert_ne!(some, drawn(0.01, 8));
        assert!(drawn(0.0, 7).iter().all(Option::is_none) && drawn(1.0, 7).iter().all(Option::is_some));
    }

    #[test]
    fn what_was_ordered_comes_before_chance_and_all_of_it_can_be_taken_away() {
        let mut faults = Faults::default();
        faults.set_rate(1.0, 0, vec![Fault::Reset]);
        faults.push(Some("/b".to_owned()), Fault::EmptyBody);
        let met = ["/a", "/b", "/b"].map(|path| faults.take(path));
        assert_eq!(met, [Some(Fault::Reset), Some(Fault::EmptyBody), Some(Fault::Reset)]);
        faults.clear();
        assert_eq!(faults.take("/a"), None);
        faults.set_rate(1.0, 0, Vec::new());
        assert_eq!(faults.take("/a"), None);
    }
}
