//! [`new_slug`]: a slug from the name of a project or team. Inferred: the form.

/// Returns a slug that is not taken. `noun` completes a slug that is too short.
pub(crate) fn new_slug(name: &str, noun: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let dashed: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let mut slug = dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    slug.truncate(50);
    if slug.len() < 3 {
        slug = format!("{slug}-{noun}").trim_start_matches('-').to_owned();
    }
    let numbered = (2..).map(|number| format!("{slug}-{number}"));
    std::iter::once(slug.clone()).chain(numbered).find(|slug| !is_taken(slug)).unwrap_or_default()
}
