//! Mutated seeds, the same ones each time: inputs for an ordinary test, without a fuzzer.

use std::collections::BTreeSet;
use std::fmt::Write;

use convex_mgmt_proto::OPERATIONS;
use convex_mgmt_proto::samples::SAMPLES;
use serde_json::Value;

/// The words that do not follow from the operations.
const WORDS: &str = include_str!("../../words.dict");

/// Returns the dictionary in the format of libFuzzer's `-dict`: `words.dict`, and the words of the operations.
pub fn dictionary() -> String {
    operation_words().into_iter().fold(WORDS.to_owned(), |mut dictionary, word| {
        let word = word.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(dictionary, "\"{word}\"").expect("a `String` takes any text");
        dictionary
    })
}

/// The names of all operations, and the names and texts in their sample responses.
fn operation_words() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = OPERATIONS.iter().map(ToString::to_string).collect();
    SAMPLES.iter().flat_map(|samples| (samples.responses)()).for_each(|body| collect(&body, &mut words));
    words
}

/// Collects the names of fields with their quotes and colon, and the texts with their quotes.
fn collect(body: &Value, words: &mut BTreeSet<String>) {
    match body {
        Value::String(_) => drop(words.insert(body.to_string())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(fields) => {
            for (name, value) in fields {
                words.insert(Value::from(name.as_str()).to_string() + ":");
                collect(value, words);
            }
        }
        _ => {}
    }
}

/// Makes inputs from seeds. The same seeds always give the same inputs.
#[derive(Debug)]
pub struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    /// The words of `words.dict`, and those of the operations. Both are chosen equally often, however many there are.
    words: [Vec<Vec<u8>>; 2],
    /// The state of the random numbers.
    state: u64,
}

impl<'a> Mutator<'a> {
    /// Creates a mutator of at least one seed.
    pub fn new(seeds: &'a [Vec<u8>]) -> Self {
        let of_operations = operation_words().into_iter().map(String::into_bytes).collect();
        Self { seeds, words: [words(WORDS), of_operations], state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// Returns the next input: a seed with one to six changes.
    pub fn input(&mut self) -> Vec<u8> {
        let place = self.below(self.seeds.len());
        let mut input = self.seeds[place].clone();
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (one, two) = (self.below(input.len() + 1), self.below(input.len() + 1));
        let range = one.min(two)..one.max(two);
        match self.below(8) {
            0 => input.truncate(one),
            1 => drop(input.drain(range)),
            2 => drop(input.splice(one..one, input[range].to_vec())),
            3 => drop(input.splice(one..one, self.word())),
            4 => drop(input.splice(range, self.word())),
            5 => {
                let other = &self.seeds[self.below(self.seeds.len())];
                input.splice(one.., other.get(one..).unwrap_or_default().to_vec());
            }
            6 => input.insert(one, self.below(256) as u8),
            _ => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(one) {
                    *byte ^= bit;
                }
            }
        }
    }

    fn word(&mut self) -> Vec<u8> {
        let kind = self.below(2);
        let place = self.below(self.words[kind].len());
        self.words[kind][place].clone()
    }

    /// Returns a random number below `bound`, by xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % bound as u64) as usize
    }
}

/// The words of a dictionary: the text between the outer quotes of each line, with the escapes `\"`, `\\` and `\xAB`.
fn words(dictionary: &str) -> Vec<Vec<u8>> {
    let quoted = |line: &str| Some(line.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    dictionary.lines().filter_map(quoted).map(|word| unescaped(word.as_bytes())).collect()
}

fn unescaped(mut word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match word {
            [] => return bytes,
            [b'\\', b'x', high, low, rest @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("a hexadecimal digit") as u8;
                bytes.push(digit(high) << 4 | digit(low));
                word = rest;
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                bytes.push(*byte);
                word = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_as_libfuzzer_does() {
        assert_eq!(unescaped(br#"\"a\\\x00b"#), b"\"a\\\0b");
        let lines = WORDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(words(WORDS).len(), lines.count());
    }

    #[test]
    fn the_dictionary_has_the_words_of_every_operation() {
        let dictionary = dictionary();
        // libFuzzer rejects a dictionary with other characters.
        assert!(dictionary.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
        let words = words(&dictionary);
        let has = |word: &str| words.iter().any(|one| one == word.as_bytes());
        assert_eq!(OPERATIONS.iter().find(|meta| !has(&meta.to_string())).map(ToString::to_string), None);
        assert!(has("\"logStreamType\":") && has("\"webhook\"") && has("null"));
    }

    #[test]
    fn inputs_differ_and_are_the_same_each_time() {
        let seeds = [b"{\"a\":1}".to_vec(), b"[]".to_vec()];
        let inputs = |count| {
            let mut mutator = Mutator::new(&seeds);
            (0..count).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        let mut one = inputs(200);
        assert_eq!(one, inputs(200));
        one.sort_unstable();
        one.dedup();
        assert!(one.len() > 100, "{} differ", one.len());
    }
}
