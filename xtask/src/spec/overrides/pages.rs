//! The differences in pages, which both APIs share.

use serde_json::Value;

use super::{Instead, Override, Side, What};

/// Requires a cursor in each page that has more after it.
pub(super) const fn cursor_before_the_end(operations: &'static [&'static str], source: &'static str) -> Override {
    Override {
        operations,
        what: What::Body(Side::Response, Instead::Repaired(ended)),
        facts: "a page with more after it always has a cursor; without one the list would silently end too early",
        source,
    }
}

/// Drops the cursor of the last page.
pub(super) const fn no_cursor_at_the_end(operations: &'static [&'static str], source: &'static str) -> Override {
    Override {
        operations,
        what: What::Body(Side::Response, Instead::ReadsAs(without_cursor_at_the_end)),
        facts: "the last page has no cursor; one that is present nevertheless has no meaning, so it is dropped",
        source,
    }
}

/// Ends a page that has more after it but no cursor.
fn ended(response: &mut Value) {
    if let Some(pagination) = response.get_mut("pagination")
        && pagination["hasMore"] == true
        && pagination["nextCursor"].is_null()
    {
        pagination["hasMore"] = false.into();
    }
}

/// Removes the cursor of the last page.
fn without_cursor_at_the_end(response: &mut Value) {
    if let Some(pagination) = response.get_mut("pagination").and_then(Value::as_object_mut)
        && pagination.get("hasMore") == Some(&false.into())
    {
        pagination.remove("nextCursor");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The body after a change.
    fn after(change: fn(&mut Value), mut body: Value) -> Value {
        change(&mut body);
        body
    }

    #[test]
    fn only_a_page_that_breaks_the_rule_is_changed() {
        let page = |pagination: Value| json!({ "pagination": pagination });
        assert_eq!(after(ended, page(json!({"hasMore": true}))), page(json!({"hasMore": false})));
        let last = page(json!({"hasMore": false, "nextCursor": "a"}));
        assert_eq!(after(without_cursor_at_the_end, last), page(json!({"hasMore": false})));
        for good in [
            page(json!({"hasMore": true, "nextCursor": "a"})),
            page(json!({"hasMore": false})),
            json!(null),
            json!([]),
            json!({"pagination": "7"}),
        ] {
            assert_eq!(after(ended, good.clone()), good);
            assert_eq!(after(without_cursor_at_the_end, good.clone()), good);
        }
    }
}
