//! Select, relation and file fields: one text or several.

use super::super::{FieldKind, FileOptions, RelationOptions, SelectOptions, Violation};
use super::cast;
use crate::model::Value;

/// `items` as a value of a field of this kind. A field for one value keeps the last.
pub(super) fn value_of(kind: &FieldKind, mut items: Vec<String>) -> Value {
    if kind.is_multiple() {
        Value::List(items)
    } else {
        Value::Text(items.pop().unwrap_or_default())
    }
}

/// What `more` does to the items a field already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Append,
    Prepend,
    Remove,
}

/// The items of `current` after the change.
pub(super) fn changed(current: &[String], change: Change, mut more: Vec<String>) -> Vec<String> {
    let mut items = current.to_vec();
    match change {
        Change::Append => items.append(&mut more),
        Change::Prepend => {
            more.append(&mut items);
            items = more;
        }
        Change::Remove => items.retain(|item| !more.contains(item)),
    }
    cast::distinct(items)
}

pub(super) fn check_select(options: &SelectOptions, items: &[String]) -> Result<(), Violation> {
    check_at_most(options.max_select, items)?;
    match items.iter().find(|item| !options.values.contains(item)) {
        Some(unknown) => {
            Err(Violation::new("validation_invalid_value", format!("Invalid value {unknown}."))
                .with("value", unknown.as_str()))
        }
        None => Ok(()),
    }
}

pub(super) fn check_relation(options: &RelationOptions, ids: &[String]) -> Result<(), Violation> {
    if !ids.is_empty() && (ids.len() as i64) < options.min_select {
        return Err(Violation::new(
            "validation_not_enough_values",
            format!("Select at least {}.", options.min_select),
        )
        .with("minSelect", options.min_select));
    }
    check_at_most(options.max_select, ids)
}

pub(super) fn check_file(options: &FileOptions, names: &[String]) -> Result<(), Violation> {
    let max_select = options.max_select.max(1);
    if names.len() as i64 <= max_select {
        return Ok(());
    }
    Err(Violation::new(
        "validation_too_many_files",
        format!("The maximum allowed files is {max_select}."),
    )
    .with("maxSelect", max_select))
}

fn check_at_most(max_select: i64, items: &[String]) -> Result<(), Violation> {
    let max_select = max_select.max(1);
    if items.len() as i64 <= max_select {
        return Ok(());
    }
    Err(Violation::new("validation_too_many_values", format!("Select no more than {max_select}."))
        .with("maxSelect", max_select))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn changes_keep_order_and_drop_repetitions() {
        let current = texts(&["a", "b"]);
        assert_eq!(changed(&current, Change::Append, texts(&["c", "a"])), ["a", "b", "c"]);
        assert_eq!(changed(&current, Change::Prepend, texts(&["c", "b"])), ["c", "b", "a"]);
        assert_eq!(changed(&current, Change::Remove, texts(&["a", "x"])), ["b"]);
    }

    #[test]
    fn selects_take_listed_values_only() {
        let options = SelectOptions { values: texts(&["a", "b", "c"]), max_select: 2 };
        let code = |items| check_select(&options, &texts(items)).map_err(|found| found.code);
        assert_eq!(code(&[]), Ok(()));
        assert_eq!(code(&["c", "a"]), Ok(()));
        assert_eq!(code(&["a", "x"]), Err("validation_invalid_value"));
        assert_eq!(code(&["a", "b", "c"]), Err("validation_too_many_values"));
        let violation = check_select(&options, &texts(&["zz"])).unwrap_err();
        assert_eq!(violation.message, "Invalid value zz.");
        assert_eq!(violation.params["value"], "zz");
    }

    #[test]
    fn relations_may_need_several_ids_or_none() {
        let options = RelationOptions {
            collection_id: "c".into(),
            cascade_delete: false,
            min_select: 2,
            max_select: 3,
        };
        let code = |items| check_relation(&options, &texts(items)).map_err(|found| found.code);
        assert_eq!(code(&[]), Ok(()));
        assert_eq!(code(&["a", "b"]), Ok(()));
        assert_eq!(code(&["a"]), Err("validation_not_enough_values"));
        assert_eq!(code(&["a", "b", "c", "d"]), Err("validation_too_many_values"));
    }
}
