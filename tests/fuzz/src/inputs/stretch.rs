//! [`Stretch`]: inputs of any size, made from a seed by repeating a piece of it.

use std::ops::Range;

/// A seed with a piece that can be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The repeated piece, in words.
    pub what: &'static str,
    seed: Vec<u8>,
    piece: Range<usize>,
    /// The text between two pieces.
    separator: &'static [u8],
    /// The place in the piece of a number that makes each repetition different.
    number: Option<usize>,
}

impl Stretch {
    /// Returns the seed with as many pieces as it takes to reach `size` bytes.
    pub fn to(&self, size: usize) -> Vec<u8> {
        let (before, after) = (&self.seed[..self.piece.start], &self.seed[self.piece.end..]);
        let piece = &self.seed[self.piece.clone()];
        let mut input = before.to_vec();
        for number in 0.. {
            if number > 0 {
                input.extend_from_slice(self.separator);
            }
            let (front, back) = piece.split_at(self.number.unwrap_or_default());
            input.extend_from_slice(front);
            if self.number.is_some() {
                input.extend_from_slice(number.to_string().as_bytes());
            }
            input.extend_from_slice(back);
            if input.len() + after.len() >= size {
                break;
            }
        }
        input.extend_from_slice(after);
        input
    }
}

/// Returns all stretches of a seed: its whole, its longest run of one byte, its longest line, text, list and object, and the
/// fields of that object with a new name each time.
pub fn stretches(seed: &[u8]) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    let mut add = |what, piece: Option<Range<usize>>, separator: &'static [u8], number| {
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else { return };
        let stretch = Stretch { what, seed: seed.to_vec(), piece, separator, number };
        // Seeds are short: the longest line is often the whole.
        if !all.iter().any(|one| Stretch { what, ..one.clone() } == stretch) {
            all.push(stretch);
        }
    };
    let (list, object) = (longest_within(seed, b'[', b']'), longest_within(seed, b'{', b'}'));
    add("the whole", Some(0..seed.len()), b"", None);
    add("the longest run", longest(runs(seed)), b"", None);
    add("the longest line", longest(lines(seed)), b"", None);
    add("the longest text", longest(texts(seed)), b"", None);
    add("the longest list", list, b",", None);
    let quote = object.clone().and_then(|object| seed[object].iter().position(|byte| *byte == b'"'));
    add("the longest object", object.clone(), b",", None);
    if let Some(quote) = quote {
        add("the longest object with new names", object, b",", Some(quote + 1));
    }
    all
}

fn longest(pieces: impl Iterator<Item = Range<usize>>) -> Option<Range<usize>> {
    pieces.max_by_key(Range::len)
}

fn runs(seed: &[u8]) -> impl Iterator<Item = Range<usize>> {
    ends(seed.chunk_by(|one, two| one == two))
}

fn lines(seed: &[u8]) -> impl Iterator<Item = Range<usize>> {
    ends(seed.split_inclusive(|byte| *byte == b'\n'))
}

/// The places between each quote and the next, inside and outside of texts.
fn texts(seed: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let between = ends(seed.split_inclusive(|byte| *byte == b'"')).skip(1);
    between.filter(|range| seed[range.clone()].ends_with(b"\"")).map(|range| range.start..range.end - 1)
}

/// The places of consecutive pieces.
fn ends<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Range<usize>> {
    pieces.scan(0, |end, piece| {
        let start = *end;
        *end += piece.len();
        Some(start..*end)
    })
}

/// The place of the longest piece between an opening byte and its closing byte.
fn longest_within(seed: &[u8], open: u8, close: u8) -> Option<Range<usize>> {
    let (mut opened, mut found) = (Vec::new(), Vec::new());
    for (place, byte) in seed.iter().enumerate() {
        if *byte == open {
            opened.push(place + 1);
        } else if *byte == close
            && let Some(start) = opened.pop()
        {
            found.push(start..place);
        }
    }
    longest(found.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_each_piece_in_its_place() {
        let seed = br#"{"a":[1,222],"bc":""}"#;
        let stretched = |what: &str, size| {
            let all = stretches(seed);
            let stretch = all.iter().find(|one| one.what == what).unwrap_or_else(|| panic!("{what}: {all:?}"));
            String::from_utf8(stretch.to(size)).unwrap()
        };
        assert_eq!(stretched("the whole", 30), r#"{"a":[1,222],"bc":""}{"a":[1,222],"bc":""}"#);
        assert_eq!(stretched("the longest run", 22), r#"{"a":[1,222222],"bc":""}"#);
        assert_eq!(stretched("the longest list", 30), r#"{"a":[1,222,1,222,1,222],"bc":""}"#);
        assert_eq!(
            stretched("the longest object with new names", 30),
            r#"{"0a":[1,222],"bc":"","1a":[1,222],"bc":""}"#
        );
        assert!(stretches(seed).iter().all(|one| (1000..1030).contains(&one.to(1000).len())));
    }

    #[test]
    fn equal_pieces_are_repeated_once() {
        assert_eq!(stretches(b"a").iter().map(|one| one.what).collect::<Vec<_>>(), ["the whole"]);
        assert_eq!(stretches(b""), []);
    }
}
