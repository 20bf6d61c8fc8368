//! [`page`]: one page of a list, by a cursor. Inferred: the errors.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{ApiError, Pagination};

/// The arguments of a list that has pages.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PageArgs {
    pub(crate) limit: Option<i64>,
    pub(crate) cursor: Option<String>,
}

/// Returns one page of `items`, which are sorted by their keys. `list` names the list and its filters: a cursor is valid for
/// that list only. `sizes` are the default and the maximum size of a page.
pub(crate) fn page<K, T>(
    list: impl Hash,
    items: impl IntoIterator<Item = (K, T)>,
    PageArgs { limit, cursor }: PageArgs,
    (default, max): (u64, u64),
) -> Result<(Vec<T>, Pagination), ApiError>
where
    K: Ord + Clone + Serialize + DeserializeOwned,
{
    let limit = limit.map_or(Some(default), |limit| u64::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=max).contains(limit)).and_then(|limit| usize::try_from(limit).ok());
    let Some(limit) = limit else {
        return Err(ApiError::bad_request("LimitOutOfRange", format!("the limit must be from 1 to {max}")));
    };
    let mut hasher = DefaultHasher::new();
    list.hash(&mut hasher);
    let list = hasher.finish();
    let last: Option<K> = match cursor {
        None => None,
        Some(cursor) => Some(
            decode(&cursor, list)
                .ok_or_else(|| ApiError::bad_request("InvalidCursor", "the cursor is not valid for this query"))?,
        ),
    };
    let mut rest = items.into_iter().filter(|(key, _)| last.as_ref().is_none_or(|last| key > last)).peekable();
    let found: Vec<(K, T)> = rest.by_ref().take(limit).collect();
    let next = found.last().filter(|_| rest.peek().is_some()).map(|(key, _)| encode(key, list));
    Ok((found.into_iter().map(|(_, item)| item).collect(), Pagination::new(next)))
}

/// A cursor: the list and the key of the last item of a page.
fn encode<K: Serialize>(key: &K, list: u64) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(list, key)).unwrap_or_default())
}

fn decode<K: DeserializeOwned>(cursor: &str, list: u64) -> Option<K> {
    let (of, key): (u64, K) = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    (of == list).then_some(key)
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use super::*;

    fn numbers(limit: i64, cursor: Option<&str>) -> Result<(Vec<u64>, Option<String>), ApiError> {
        let items = (1..=5_u64).rev().map(|number| (Reverse(number), number));
        let args = PageArgs { limit: Some(limit), cursor: cursor.map(str::to_owned) };
        let (items, pagination) = page("numbers", items, args, (2, 4))?;
        let json = serde_json::to_value(pagination).unwrap();
        assert_eq!(json["hasMore"], json["nextCursor"].is_string());
        Ok((items, json["nextCursor"].as_str().map(str::to_owned)))
    }

    #[test]
    fn pages_follow_each_other_and_the_last_one_has_no_cursor() {
        let (first, cursor) = numbers(2, None).unwrap();
        let (second, cursor) = numbers(2, cursor.as_deref()).unwrap();
        let (third, end) = numbers(2, cursor.as_deref()).unwrap();
        assert_eq!([first, second, third].concat(), [5, 4, 3, 2, 1]);
        assert_eq!(end, None);
        assert_eq!(numbers(1, cursor.as_deref()).unwrap().0, [1]);
    }

    #[test]
    fn rejects_other_limits_and_the_cursors_of_other_lists() {
        for limit in [0, -1, 5, i64::MAX] {
            assert!(numbers(limit, None).is_err(), "{limit}");
        }
        let other = page("others", [(1_u64, ()), (2, ())], PageArgs { limit: Some(1), cursor: None }, (2, 4)).unwrap();
        let other = serde_json::to_value(other.1).unwrap();
        for cursor in ["", "x", "é", other["nextCursor"].as_str().unwrap()] {
            assert!(numbers(1, Some(cursor)).is_err(), "{cursor}");
        }
    }
}
