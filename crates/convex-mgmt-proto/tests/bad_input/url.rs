//! The values in the URL of a request.

use convex_mgmt_proto::OperationMeta;
use http::Uri;

/// A value of the path or the query, still percent-encoded.
pub(crate) struct UrlValue<'a> {
    pub(crate) name: &'static str,
    pub(crate) in_path: bool,
    pub(crate) text: &'a str,
}

impl UrlValue<'_> {
    /// `false` for numbers and booleans, which hold no other text.
    pub(crate) fn is_text(&self) -> bool {
        self.text.parse::<i128>().is_err() && self.text.parse::<bool>().is_err()
    }
}

/// The values for all placeholders of the path, and for the parameters of the query that are set.
///
/// # Panics
/// If the URL has another structure than the operation declares.
pub(crate) fn values<'a>(meta: &OperationMeta, uri: &'a Uri) -> Vec<UrlValue<'a>> {
    let path = uri.path().strip_prefix(meta.prefix);
    let path = path.unwrap_or_else(|| panic!("{meta}: {uri} does not begin with {}", meta.prefix));
    let (declared, segments): (Vec<_>, Vec<_>) = (meta.path.split('/').collect(), path.split('/').collect());
    assert_eq!(declared.len(), segments.len(), "{meta}: {uri} has another number of segments than {}", meta.path);
    let mut values = Vec::new();
    for (declared, text) in declared.into_iter().zip(segments) {
        match declared.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => values.push(UrlValue { name, in_path: true, text }),
            None => assert_eq!(declared, text, "{meta}: {uri}"),
        }
    }
    for pair in uri.query().into_iter().flat_map(|query| query.split('&')) {
        let (name, text) = pair.split_once('=').unwrap_or_else(|| panic!("{meta}: {uri}: `{pair}` has no value"));
        let name = meta.query.iter().find(|declared| **declared == name);
        let name = name.unwrap_or_else(|| panic!("{meta}: {uri}: `{pair}` is not declared"));
        assert!(values.iter().all(|value| value.name != *name), "{meta}: {uri} has `{name}` twice");
        values.push(UrlValue { name, in_path: false, text });
    }
    values
}
