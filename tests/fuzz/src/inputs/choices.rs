//! [`Choices`]: reads bytes as the choices of a generator.

/// Reads choices from the front of an input. At its end every choice is 0, so that a generator always ends.
#[derive(Debug)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Reads the choices in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Reads a number below `bound`. The letter `a` means 0, `b` means 1, and so on: inputs can be written by hand.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte().wrapping_sub(b'a')) % bound
    }

    /// Reads the place of one of `choices`, and returns that one.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Reads a number of 64 bits.
    pub fn number(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// Reads the text up to the next line feed. Bytes that are not UTF-8 are replaced.
    pub fn line(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == b'\n');
        let (line, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest.get(1..).unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }

    /// Reads the remaining bytes.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}
