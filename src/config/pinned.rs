//! Settings that the config file fixes, whatever they are; what they mean is for others to say.

use std::fmt;

use serde_json::{Map, Value as Json};
use toml::de::{DeTable, DeValue};

/// What the table should hold.
pub(super) const EXPECTED: &str =
    "`settings`: expected groups of texts, numbers, truth values and lists of them";

/// Settings that the config file fixes, by group and key.
#[derive(Clone, PartialEq, Default)]
pub struct Pinned {
    file: String,
    values: Map<String, Json>,
}

impl Pinned {
    /// What `file` fixes.
    pub(super) fn new(file: &str, values: Map<String, Json>) -> Self {
        Self { file: file.to_owned(), values }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The values by group and key.
    pub fn values(&self) -> &Map<String, Json> {
        &self.values
    }

    /// The path of each value, such as `["meta", "appName"]`.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        walk(&self.values, &mut Vec::new(), &mut paths);
        paths
    }
}

/// Only the paths, because some values are secrets.
impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pinned");
        shown.field("file", &self.file).field("paths", &self.paths()).finish_non_exhaustive()
    }
}

fn walk(values: &Map<String, Json>, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    for (name, value) in values {
        path.push(name.clone());
        match value {
            Json::Object(inner) => walk(inner, path, paths),
            _ => paths.push(path.clone()),
        }
        path.pop();
    }
}

/// A table as a JSON object; `None` when something in it has no place there.
pub(super) fn object_of(table: &DeTable<'_>) -> Option<Map<String, Json>> {
    let member = |(name, value): (
        &toml::Spanned<std::borrow::Cow<'_, str>>,
        &toml::Spanned<DeValue<'_>>,
    )| { Some((name.get_ref().to_string(), json_of(value.get_ref())?)) };
    table.iter().map(member).collect()
}

fn json_of(value: &DeValue<'_>) -> Option<Json> {
    match value {
        DeValue::String(text) => Some(text.as_ref().into()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(Json::from)
        }
        DeValue::Boolean(value) => Some((*value).into()),
        DeValue::Array(items) => items
            .iter()
            .map(|item| json_of(item.get_ref()))
            .collect::<Option<Vec<_>>>()
            .map(Json::from),
        DeValue::Table(table) => object_of(table).map(Json::from),
        DeValue::Float(_) | DeValue::Datetime(_) => None,
    }
}
