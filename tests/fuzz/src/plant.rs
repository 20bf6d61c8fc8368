//! The canary: a text that is planted in a JSON body, and must not appear in an error.

/// A text that no name in this project contains, and no word.
pub const CANARY: &str = "~canary~";

/// Returns `true` if an input has a text that could be mistaken for the canary.
pub fn resembles_canary(input: &[u8]) -> bool {
    input.windows(4).any(|window| window.eq_ignore_ascii_case(b"cana"))
}

/// Returns the body with the canary at the beginning of each text that `wanted` selects. Its arguments are the number of the
/// text and the name of its field; the name is empty for items of a list. Returns `None` if no text is selected.
///
/// Names of fields are not changed: the path in an error contains them.
pub fn plant(body: &[u8], wanted: impl Fn(usize, &[u8]) -> bool) -> Option<Vec<u8>> {
    let mut planted = Vec::with_capacity(body.len() + CANARY.len());
    let (mut rest, mut name, mut texts): (&[u8], &[u8], usize) = (body, b"", 0);
    // The brackets that are open, and `true` where an object has a name next, with or without the colon that should follow.
    let (mut open, mut is_name) = (Vec::new(), false);
    while let Some((first, tail)) = rest.split_first() {
        planted.push(*first);
        rest = tail;
        match first {
            b'"' => {
                let (text, tail) = tail.split_at(length_of_text(tail));
                let after = tail.strip_prefix(b"\"").unwrap_or(tail);
                if is_name || after.trim_ascii_start().starts_with(b":") {
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
                (rest, is_name) = (after, false);
            }
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                match first {
                    b'{' | b'[' => open.push(*first),
                    b'}' | b']' => drop(open.pop()),
                    _ => {}
                }
                name = b"";
                is_name = matches!(first, b'{' | b',') && open.last() == Some(&b'{');
            }
        }
    }
    (planted.len() > body.len()).then_some(planted)
}

/// The length of the text at the front of `rest`, which begins after the opening quote.
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
    fn plants_in_values_and_not_in_names() {
        let body = r#"{"a" : "b\"","c":["d",1,{"e":""}]} "open"#;
        let all = r#"{"a" : "~canary~b\"","c":["~canary~d",1,{"e":"~canary~"}]} "~canary~open"#;
        assert_eq!(planted(body, |_, _| true).as_deref(), Some(all));
        let one = r#"{"a" : "b\"","c":["d",1,{"e":"~canary~"}]} "open"#;
        assert_eq!(planted(body, |_, name| name == b"e").as_deref(), Some(one));
        assert_eq!(planted(body, |place, _| place == 2).as_deref(), Some(one));
        assert_eq!(planted(body, |_, name| name == b"c"), None);
        // Names without a colon, and a text after a bracket that closes nothing.
        for (body, all) in [(r#"{"a" , "b"#, None), (r#"["a"}, "b""#, Some(r#"["~canary~a"}, "~canary~b""#))] {
            assert_eq!(planted(body, |_, _| true).as_deref(), all);
        }
    }
}
