//! The changes to bodies of pages that both APIs share.

use serde_json::Value;

/// Ends a page that has more after it but no cursor.
pub(super) fn ended(response: &mut Value) {
    if let Some(pagination) = response.get_mut("pagination")
        && pagination["hasMore"] == true
        && pagination["nextCursor"].is_null()
    {
        pagination["hasMore"] = false.into();
    }
}

/// Removes the cursor of the last page.
pub(super) fn without_cursor_at_the_end(response: &mut Value) {
    if let Some(pagination) = response.get_mut("pagination").and_then(Value::as_object_mut)
        && pagination.get("hasMore") == Some(&false.into())
    {
        pagination.remove("nextCursor");
    }
}
