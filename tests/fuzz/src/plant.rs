//! Planting a canary into the texts of a JSON body, to see whether it comes out in an error.

/// A text that no name of ours holds, and that is no word.
pub const CANARY: &str = "~canary~";

/// Whether an input could be taken for a canary that was planted.
pub fn is_poisoned(input: &[u8]) -> bool {
    input.windows(4).any(|window| window.eq_ignore_ascii_case(b"cana"))
}

/// The body with the canary at the beginning of each text for which `wanted` is true, given the text's place in the order
/// of texts and the name that it is the value of. `None` if there is no such text. Names of fields stay as they are: the
/// path in an error has them.
pub fn plant(body: &[u8], wanted: impl Fn(usize, &[u8]) -> bool) -> Option<Vec<u8>> {
    let mut planted = Vec::with_capacity(body.len() + CANARY.len());
    let (mut rest, mut name, mut texts): (&[u8], &[u8], usize) = (body, b"", 0);
    while let Some((first, tail)) = rest.split_first() {
        planted.push(*first);
        rest = tail;
        match first {
            b'"' => {
                let (text, tail) = tail.split_at(length_of_text(tail));
                let after = tail.strip_prefix(b"\"").unwrap_or(tail);
                if after.trim_ascii_start().starts_with(b":") {
                    name = text;
                } else {
                    if wanted(texts, name) {
                        planted.extend_from_slice(CANARY.as_bytes());
                    }
                    texts += 1;
                    name = b"";
                }
                planted.extend_from_slice(text);
                planted.extend_from_slice(&tail[..tail.len() - after.len()]);
                rest = after;
            }
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => name = b"",
        }
    }
    (planted.len() > body.len()).then_some(planted)
}

/// How long a text is whose opening quote is taken already.
fn length_of_text(rest: &[u8]) -> usize {
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(body: &str, wanted: impl Fn(usize, &[u8]) -> bool) -> Option<String> {
        plant(body.as_bytes(), wanted).map(|body| String::from_utf8(body).unwrap())
    }

    #[test]
    fn values_get_it_and_names_do_not() {
        let body = r#"{"a" : "b\"","c":["d",1,{"e":""}]} "open"#;
        let all = r#"{"a" : "~canary~b\"","c":["~canary~d",1,{"e":"~canary~"}]} "~canary~open"#;
        assert_eq!(planted(body, |_, _| true).as_deref(), Some(all));
        let one = r#"{"a" : "b\"","c":["d",1,{"e":"~canary~"}]} "open"#;
        assert_eq!(planted(body, |_, name| name == b"e").as_deref(), Some(one));
        assert_eq!(planted(body, |place, _| place == 2).as_deref(), Some(one));
        assert_eq!(planted(body, |_, name| name == b"c"), None);
    }
}
