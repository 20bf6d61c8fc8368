//! Prose: the comments of Rust and the text of Markdown, as paragraphs without code.

use super::lexer::{Kind, Token};

/// Takes the place of a code span or a link, and counts as one word.
pub(crate) const PLACEHOLDER: char = '◦';

/// A comment of one or more lines.
#[derive(Debug)]
pub(crate) struct Comment<'a> {
    pub(crate) kind: Kind,
    /// The number of each line, and its text without the comment's marks.
    pub(crate) lines: Vec<(usize, &'a str)>,
    /// The index of the first token after the comment.
    pub(crate) next: usize,
}

/// The comments among tokens. Line comments of one kind on adjoining lines are one comment.
pub(crate) fn comments<'a>(tokens: &[Token<'a>]) -> Vec<Comment<'a>> {
    let mut comments: Vec<Comment<'a>> = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_comment()) {
        let lines = token.text.lines().enumerate().map(|(offset, text)| (token.line + offset, text));
        match comments.last_mut() {
            Some(last)
                if last.next == at
                    && token.is_first
                    && last.kind == token.kind
                    && last.lines.last().is_some_and(|(line, _)| line + 1 == token.line)
                    && tokens[at - 1].is_first =>
            {
                last.lines.push((token.line, token.text));
                last.next = at + 1;
            }
            _ => {
                let mut lines: Vec<_> = lines.collect();
                if lines.is_empty() {
                    lines.push((token.line, ""));
                }
                comments.push(Comment { kind: token.kind, lines, next: at + 1 });
            }
        }
    }
    comments
}

/// A paragraph, a list item, a heading or a cell of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Paragraph {
    /// The line on which it begins, counted from 1.
    line: usize,
    /// Its text, with the line breaks of the source. Code spans are a [`PLACEHOLDER`] each.
    pub(crate) text: String,
}

impl Paragraph {
    fn new(line: usize, text: &str) -> Self {
        Self { line, text: without_targets(&without_spans(text)) }
    }

    /// The line of the source at a byte of the text.
    pub(crate) fn line_at(&self, offset: usize) -> usize {
        self.line + self.text[..offset].matches('\n').count()
    }
}

/// Creates a paragraph from text without Markdown.
pub(crate) fn plain(line: usize, text: &str) -> Paragraph {
    Paragraph { line, text: text.to_owned() }
}

/// Splits Markdown into paragraphs. Leaves out code blocks and link definitions. Each cell of a table is a paragraph.
pub(crate) fn paragraphs<'a>(lines: impl IntoIterator<Item = (usize, &'a str)>) -> Vec<Paragraph> {
    let (mut found, mut fence) = (Vec::new(), None);
    let mut open: Option<(usize, String)> = None;
    let close = |open: &mut Option<(usize, String)>, found: &mut Vec<Paragraph>| {
        found.extend(open.take().map(|(line, text)| Paragraph::new(line, &text)));
    };
    for (number, line) in lines {
        let line = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark));
        if let Some(mark) = mark.filter(|mark| fence.is_none_or(|fence| fence == *mark)) {
            close(&mut open, &mut found);
            fence = if fence.is_none() { Some(mark) } else { None };
        } else if fence.is_some() {
        } else if line.is_empty() || is_definition(line) {
            close(&mut open, &mut found);
        } else if line.starts_with('|') {
            close(&mut open, &mut found);
            let row = without_targets(&without_spans(line));
            found.extend(row.split('|').map(str::trim).filter(|cell| !cell.is_empty()).map(|cell| plain(number, cell)));
        } else if line.starts_with('#') {
            close(&mut open, &mut found);
            found.push(Paragraph::new(number, line.trim_start_matches('#').trim_start()));
        } else if let Some(item) = item(line) {
            close(&mut open, &mut found);
            open = Some((number, item.to_owned()));
        } else if let Some((_, text)) = &mut open {
            text.push('\n');
            text.push_str(line);
        } else {
            open = Some((number, line.to_owned()));
        }
    }
    close(&mut open, &mut found);
    found
}

/// The text of a list item.
fn item(line: &str) -> Option<&str> {
    let after = line.strip_prefix(['*', '-', '+']).or_else(|| {
        let after = line.trim_start_matches(|c: char| c.is_ascii_digit());
        if after.len() < line.len() { after.strip_prefix(['.', ')']) } else { None }
    });
    after?.strip_prefix(' ').map(str::trim_start)
}

/// Returns `true` for `[name]: target`.
fn is_definition(line: &str) -> bool {
    line.starts_with('[') && line.split_once(']').is_some_and(|(_, target)| target.starts_with(": "))
}

/// The text with a placeholder for each code span. Line breaks stay.
fn without_spans(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find('`') {
        kept.push_str(&rest[..start]);
        let after = rest[start..].trim_start_matches('`');
        let mark = &rest[start..rest.len() - after.len()];
        // A longer run of backticks does not close the span.
        let mut ends = after
            .match_indices(mark)
            .filter(|(end, _)| !after[..*end].ends_with('`') && !after[end + mark.len()..].starts_with('`'));
        if let Some((end, _)) = ends.next() {
            kept.push(PLACEHOLDER);
            kept.extend(after[..end].chars().filter(|c| *c == '\n'));
            rest = &after[end + mark.len()..];
        } else {
            kept.push_str(mark);
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

/// The text without the targets of links: `[text](target)` and `[text][target]` become `[text]`.
fn without_targets(text: &str) -> String {
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(end) = ["](", "]["].iter().filter_map(|mark| rest.find(mark)).min() {
        kept.push_str(&rest[..=end]);
        let close = if rest[end + 1..].starts_with('(') { ')' } else { ']' };
        let target = &rest[end + 2..];
        let Some(length) = target.find(close) else {
            rest = &rest[end + 1..];
            break;
        };
        kept.extend(target[..length].chars().filter(|c| *c == '\n'));
        rest = &target[length + 1..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn texts(markdown: &str) -> Vec<(usize, String)> {
        let lines = markdown.lines().enumerate().map(|(at, line)| (at + 1, line));
        paragraphs(lines).into_iter().map(|one| (one.line, one.text)).collect()
    }

    #[test]
    fn leaves_out_code_and_targets() {
        assert_eq!(
            texts("a `b\nc` ``d ` e`` [f `g`](h) [i][j]\n\n```text\nk\n```\n# l\n[m]: n"),
            [(1, "a ◦\n ◦ [f ◦] [i]".to_owned()), (7, "l".to_owned())]
        );
        assert_eq!(texts("a ` b"), [(1, "a ` b".to_owned())]);
        assert_eq!(texts("[a] b [c]: d"), [(1, "[a] b [c]: d".to_owned())]);
    }

    #[test]
    fn splits_at_items_and_cells() {
        assert_eq!(
            texts("a\n* b\n  c\n2. d\n| e | `f | g` |"),
            [(1, "a"), (2, "b\nc"), (4, "d"), (5, "e"), (5, "◦")].map(|(line, text)| (line, text.to_owned()))
        );
    }

    #[test]
    fn joins_adjoining_lines_of_comments() {
        let source = "/// a\n/// b\nx; // c\n// d\n// e\n\n// f\n//! g";
        let tokens = tokens(source);
        let found: Vec<Vec<usize>> =
            comments(&tokens).iter().map(|one| one.lines.iter().map(|(line, _)| *line).collect()).collect();
        assert_eq!(found, [vec![1, 2], vec![3], vec![4, 5], vec![7], vec![8]]);
    }

    #[test]
    fn finds_the_line_of_a_word() {
        let paragraph = Paragraph::new(7, "a `b\nc` d\ne");
        assert_eq!(paragraph.line_at(paragraph.text.find('e').unwrap()), 9);
    }
}
