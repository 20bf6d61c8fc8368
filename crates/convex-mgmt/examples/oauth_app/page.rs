//! The pages.

/// The page with the button, and a line above it.
pub(crate) fn connect(line: &str) -> String {
    page(&format!(
        "<p>{}</p>\n<form method=\"post\" action=\"/connect\"><button>Connect a team</button></form>",
        escaped(line)
    ))
}

/// The page of a connected user.
pub(crate) fn projects<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let items: String = names.map(|name| format!("<li>{}</li>\n", escaped(name))).collect();
    page(&format!("<p>The projects of the team:</p>\n<ul>\n{items}</ul>"))
}

fn page(content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Projects</title></head><body>\n\
         <h1>Projects</h1>\n{content}\n</body></html>\n"
    )
}

/// Escapes a text for the content of an element. The names of projects come from users.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
