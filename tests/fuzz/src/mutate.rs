//! Inputs made of others, always the same ones: what an ordinary test can do without a fuzzer.

/// Pieces that are put into inputs: of `words.dict`, which libFuzzer gets too.
const WORDS: &str = include_str!("../words.dict");

/// Makes inputs out of a corpus. Draws the same jitter each time.
#[derive(Debug)]
pub struct Mutator<'a> {
    corpus: &'a [Vec<u8>],
    words: Vec<Vec<u8>>,
    jitter: u64,
}

impl<'a> Mutator<'a> {
    /// Of this corpus, which may not be empty.
    pub fn new(corpus: &'a [Vec<u8>]) -> Self {
        Self { corpus, words: words(), jitter: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let place = self.below(self.corpus.len());
        let mut input = self.corpus[place].clone();
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
            3 => {
                let place = self.below(self.words.len());
                input.splice(one..one, self.words[place].clone());
            }
            4 => {
                let place = self.below(self.words.len());
                input.splice(range, self.words[place].clone());
            }
            5 => {
                let other = &self.corpus[self.below(self.corpus.len())];
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

    /// A number below `bound`, by xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        (self.jitter % bound as u64) as usize
    }
}

/// The words: what stands between the outer quotes of each line, with `\"`, `\\` and `\xAB` for what cannot stand there.
fn words() -> Vec<Vec<u8>> {
    let quoted = |line: &str| Some(line.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    WORDS.lines().filter_map(quoted).map(|word| unescaped(word.as_bytes())).collect()
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
    fn words_are_read_as_libfuzzer_reads_them() {
        assert_eq!(unescaped(br#"\"a\\\x00b"#), b"\"a\\\0b");
        assert_eq!(words().len(), WORDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count());
    }

    #[test]
    fn inputs_differ_and_are_the_same_each_time() {
        let corpus = [b"{\"a\":1}".to_vec(), b"[]".to_vec()];
        let inputs = |count| {
            let mut mutator = Mutator::new(&corpus);
            (0..count).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        let mut one = inputs(200);
        assert_eq!(one, inputs(200));
        one.sort_unstable();
        one.dedup();
        assert!(one.len() > 100, "{} differ", one.len());
    }
}
