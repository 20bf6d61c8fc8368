//! The input of the checks: texts of files, Rust tokens, and prose.

mod lexer;
mod problem;
mod prose;
mod tree;

pub(super) use lexer::{Kind, Token, tokens, without_tests};
pub(super) use problem::Problem;
pub(super) use prose::{PLACEHOLDER, Paragraph, comments, paragraphs, plain};
pub(super) use tree::{File, Tree, is_published};
