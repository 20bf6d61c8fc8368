//! [`Printable`]: names and other texts from outside, formatted for a terminal or a log.

use std::fmt;

/// Formats a text on one line, with invisible characters escaped.
///
/// Escape sequences such as `\n` and `\u{202e}` replace invisible characters. These are control characters, line separators, white
/// space other than a space, zero-width characters, characters that change the direction of text, and unassigned code points.
/// All other characters stay, quotes and backslashes included.
///
/// The `Display` of names, errors and plans in this crate uses it already.
///
/// ```
/// use convex_mgmt::Printable;
///
/// assert_eq!(Printable("A\n- B").to_string(), r"A\n- B");
/// assert_eq!(Printable("é \"x\"").to_string(), "é \"x\"");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return f.pad(self.0);
        }
        if f.width().is_some() || f.precision().is_some() {
            return f.pad(&Printable(self.0).to_string());
        }
        for piece in self.0.split_inclusive(|c| is_kept(c) || looks_like_nothing(c)) {
            let mut before = piece.chars();
            match before.next_back() {
                Some(c) if is_kept(c) => write!(f, "{}{c}", before.as_str().escape_debug())?,
                Some(c) if looks_like_nothing(c) => {
                    write!(f, "{}{}", before.as_str().escape_debug(), c.escape_unicode())?;
                }
                _ => write!(f, "{}", piece.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// Returns `true` for a harmless character that the standard library escapes.
fn is_kept(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
}

/// Returns `true` for an invisible character that the standard library takes for a letter or a mark: fillers, joiners, and
/// variation selectors. Source: `Default_Ignorable_Code_Point` of Unicode, and the empty pattern of Braille.
fn looks_like_nothing(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}')
        || matches!(c, '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::deployment::ListEnvironmentVariables;
    use crate::deployment::data_sync::TablePath;
    use crate::deployment::log_streams::LogTopic;
    use crate::{Credential, ErrorCode, LogStreamId, Operation, Redirect, UsageLimitId, Violation, Violations};

    #[test]
    fn escapes_invisible_characters() {
        for c in ('\0'..=' ').chain('\u{7f}'..='\u{a0}').chain('\u{2000}'..='\u{200f}').chain('\u{2028}'..='\u{202f}') {
            let text = format!("a{c}b");
            assert_eq!(Printable(&text).to_string() == text, c == ' ', "{text:?}");
        }
        for c in ('\u{205f}'..='\u{206f}')
            .chain("\u{ad}\u{61c}\u{180e}\u{3000}\u{feff}\u{fff9}\u{e0001}\u{e0041}".chars())
            .chain("\u{34f}\u{115f}\u{1160}\u{17b4}\u{180b}\u{2800}\u{3164}\u{fe0f}\u{ffa0}\u{e0100}".chars())
        {
            let text = format!("a{c}b");
            assert_eq!(Printable(&text).to_string(), format!("a\\u{{{:x}}}b", u32::from(c)));
        }
    }

    #[test]
    fn keeps_visible_characters() {
        for text in ["", "A_1", "shop/cart", "a \"b\" 'c' `d` \\e", "é", "e\u{301}", "日本語", "\u{1f600}", "עברית"]
        {
            assert_eq!(Printable(text).to_string(), text);
        }
    }

    #[test]
    fn no_text_from_outside_breaks_its_line() {
        const FORGED: &str = "a\n- b\u{202e}c\u{2028}d";
        let problem = Violation::new(FORGED, ErrorCode::from(FORGED), FORGED);
        let redirect = Redirect { status: StatusCode::FOUND, host: Some(FORGED.to_owned()) };
        let credential = Credential::parse(&format!("<missing_deploy_key: {FORGED}>")).unwrap_err();
        let body = format!(r#"{{"environmentVariables":{{{}:1}}}}"#, serde_json::to_string(FORGED).unwrap());
        for (text, times) in [
            (problem.to_string(), 3),
            (Violations::err_if_any(vec![problem.clone(), problem]).unwrap_err().to_string(), 6),
            (redirect.to_string(), 1),
            (credential.to_string(), 1),
            (ListEnvironmentVariables::decode(&body.into()).unwrap_err().to_string(), 1),
            (ErrorCode::from(FORGED).to_string(), 1),
            (LogStreamId::from(FORGED).to_string(), 1),
            (UsageLimitId::from(FORGED).to_string(), 1),
            (TablePath::new(FORGED, FORGED).to_string(), 2),
        ] {
            assert_eq!(text.matches(r"a\n- b\u{202e}c\u{2028}d").count(), times, "{text:?}");
            assert_eq!(Printable(&text).to_string(), text);
        }
    }

    #[test]
    fn a_forged_line_stays_in_its_line() {
        let text = "A\r\n- B\u{2028}- C\u{85}\u{1b}[2K\u{202e}\"D\\n";
        assert_eq!(Printable(text).to_string(), r#"A\r\n- B\u{2028}- C\u{85}\u{1b}[2K\u{202e}"D\n"#);
        assert_eq!(
            Printable("\u{3164}\"\u{fe0f}\u{fe0f}'é\u{301}\n").to_string(),
            r#"\u{3164}"\u{fe0f}\u{fe0f}'é"#.to_owned() + "\u{301}\\n"
        );
        assert_eq!(format!("{:>4}|", Printable("A")), "   A|");
    }

    #[test]
    fn open_enums_and_ids_keep_their_column_whatever_their_text() {
        let rows = [
            format!("{:>8}|", LogTopic::Console),
            format!("{:<8}|", LogTopic::from("é\n")),
            format!("{:^8.3}|", LogTopic::from("日本語日")),
            format!("{:8}|", LogStreamId::from("\u{202e}")),
        ];
        assert_eq!(rows, [" console|", r"é\n     |", "  日本語   |", r"\u{202e}|"]);
    }
}
