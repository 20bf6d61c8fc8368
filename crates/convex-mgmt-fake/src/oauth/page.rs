//! The HTML of the pages.

/// The page where a user selects a team or project, and approves or denies the access. The form is sent to the URL of the page.
pub(super) fn choice(client_id: &str, is_project: bool, choices: &[(u64, String)]) -> String {
    let kind = if is_project { "project" } else { "team" };
    let options: String =
        choices.iter().map(|(id, name)| format!(r#"<option value="{id}">{}</option>"#, escaped(name))).collect();
    page(&format!(
        r#"<h1>Access to a {kind}</h1>
<p>The application <code>{}</code> asks for access to a {kind}.</p>
<form method="post">
<select name="id">{options}</select>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>"#,
        escaped(client_id)
    ))
}

/// The page about a request that cannot be redirected.
pub(super) fn problem(problem: &str) -> String {
    page(&format!("<h1>No access</h1>\n<p>{}</p>", escaped(problem)))
}

fn page(content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Fake</title></head><body>\n{content}\n</body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
