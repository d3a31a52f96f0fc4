//! The sort text.

use super::FilterError;

/// Keys in one sort text.
pub(super) const KEYS_MAX: usize = 8;
/// Bytes of one key.
const KEY_BYTES_MAX: usize = 255;

/// One key as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SortItem<'a> {
    pub(super) name: &'a str,
    pub(super) descending: bool,
}

/// Splits a sort text: comma separated names, each with an optional `-` or `+` before it.
pub(super) fn parse_sort(text: &str) -> Result<Vec<SortItem<'_>>, FilterError> {
    let items: Vec<_> = text.split(',').map(item).collect();
    if items.len() > KEYS_MAX {
        return Err(FilterError::Limit(format!("more than {KEYS_MAX} sort keys")));
    }
    if items.iter().any(|item| item.name.len() > KEY_BYTES_MAX) {
        return Err(FilterError::Limit(format!("a sort key is over {KEY_BYTES_MAX} bytes")));
    }
    if items.iter().any(|item| item.name.is_empty()) {
        return Err(FilterError::Unknown("a sort key is empty".to_owned()));
    }
    Ok(items)
}

fn item(text: &str) -> SortItem<'_> {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(name) => SortItem { name, descending: true },
        None => SortItem { name: text.strip_prefix('+').unwrap_or(text), descending: false },
    }
}
