//! Reading definitions from JSON, over the values that stand.

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;
use crate::schema::values::date;

use super::members::{Members, Named};

/// JSON of the wrong shape: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{path}: expected {expected}")]
pub struct FormatError {
    path: String,
    expected: &'static str,
}

impl FormatError {
    /// Where, such as `fields.2.min`.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn new(path: impl Into<String>, expected: &'static str) -> Self {
        Self { path: path.into(), expected }
    }

    /// The same error seen from one level up.
    pub(super) fn under(self, key: &str) -> Self {
        Self { path: format!("{key}.{}", self.path), ..self }
    }
}

/// Takes members out of one object. What the object leaves out, or gives as null where null means
/// nothing, keeps its value; members that nobody asks for are ignored.
pub(super) struct Reader<'a> {
    object: &'a Map<String, Json>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(object: &'a Map<String, Json>) -> Self {
        Self { object }
    }

    /// The member unless it is missing or null.
    fn given(&self, key: &str) -> Option<&'a Json> {
        self.object.get(key).filter(|json| !json.is_null())
    }

    /// Replaces `value` by what `read` makes of the member, if there is one.
    fn take<T>(
        &self,
        key: &str,
        value: &mut T,
        expected: &'static str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Result<(), FormatError> {
        if let Some(json) = self.given(key) {
            *value = read(json).ok_or_else(|| FormatError::new(key, expected))?;
        }
        Ok(())
    }

    /// As [`Self::take`], where null is a value too.
    fn take_optional<T>(
        &self,
        key: &str,
        value: &mut Option<T>,
        expected: &'static str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Result<(), FormatError> {
        match self.object.get(key) {
            None => {}
            Some(Json::Null) => *value = None,
            Some(json) => {
                *value = Some(read(json).ok_or_else(|| FormatError::new(key, expected))?);
            }
        }
        Ok(())
    }
}

fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

fn texts(json: &Json) -> Option<Vec<String>> {
    json.as_array()?.iter().map(text).collect()
}

/// A whole number, also when written as `5.0` or `1e3`.
fn int(json: &Json) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    json.as_i64().or_else(|| {
        let real = json.as_f64()?;
        (real.fract() == 0.0 && real.abs() <= EXACT).then_some(real as i64)
    })
}

impl Members for Reader<'_> {
    type Error = FormatError;

    fn bool(&mut self, key: &str, value: &mut bool) -> Result<(), FormatError> {
        self.take(key, value, "a boolean", Json::as_bool)
    }

    fn int(&mut self, key: &str, value: &mut i64) -> Result<(), FormatError> {
        self.take(key, value, "a whole number", int)
    }

    fn text(&mut self, key: &str, value: &mut String) -> Result<(), FormatError> {
        self.take(key, value, "a string", text)
    }

    fn secret(&mut self, key: &str, value: &mut String) -> Result<(), FormatError> {
        self.text(key, value)
    }

    fn rule(&mut self, key: &str, value: &mut Option<String>) -> Result<(), FormatError> {
        self.take_optional(key, value, "a string or null", text)
    }

    fn number(&mut self, key: &str, value: &mut Option<f64>) -> Result<(), FormatError> {
        self.take_optional(key, value, "a number or null", |json| {
            json.as_f64().filter(|number| number.is_finite())
        })
    }

    fn switch(&mut self, key: &str, value: &mut Option<bool>) -> Result<(), FormatError> {
        self.take_optional(key, value, "a boolean or null", Json::as_bool)
    }

    fn date(&mut self, key: &str, value: &mut Option<Timestamp>) -> Result<(), FormatError> {
        self.take(key, value, "a date as text", |json| Some(date::parse(json.as_str()?)))
    }

    fn texts(&mut self, key: &str, value: &mut Vec<String>) -> Result<(), FormatError> {
        self.take(key, value, "a list of strings", texts)
    }

    fn optional_texts(
        &mut self,
        key: &str,
        value: &mut Option<Vec<String>>,
    ) -> Result<(), FormatError> {
        self.take_optional(key, value, "a list of strings or null", texts)
    }

    fn extra(
        &mut self,
        key: &str,
        value: &mut Option<Map<String, Json>>,
    ) -> Result<(), FormatError> {
        self.take_optional(key, value, "an object or null", |json| json.as_object().cloned())
    }

    fn object(
        &mut self,
        key: &str,
        visit: impl FnOnce(&mut Self) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        let Some(json) = self.given(key) else {
            return Ok(());
        };
        let object = json.as_object().ok_or_else(|| FormatError::new(key, "an object"))?;
        visit(&mut Self::new(object)).map_err(|error| error.under(key))
    }

    fn addition(
        &mut self,
        key: &str,
        _is_set: bool,
        visit: impl FnOnce(&mut Self) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        self.object(key, visit)
    }

    /// Each item is read over the one of the same name, so that what a client never sees, such as
    /// a secret, is kept when it is left out.
    fn named<T: Named>(&mut self, key: &str, items: &mut Vec<T>) -> Result<(), FormatError> {
        let Some(json) = self.given(key) else {
            return Ok(());
        };
        let list = json.as_array().ok_or_else(|| FormatError::new(key, "a list"))?;
        let mut read = Vec::with_capacity(list.len());
        for (at, json) in list.iter().enumerate() {
            let path = format!("{key}.{at}");
            let object = json.as_object().ok_or_else(|| FormatError::new(&path, "an object"))?;
            let name = object.get("name").and_then(Json::as_str).unwrap_or_default();
            let old = items.iter().find(|item| item.name() == name);
            let mut item = old.cloned().unwrap_or_default();
            item.visit(&mut Self::new(object)).map_err(|error| error.under(&path))?;
            read.push(item);
        }
        *items = read;
        Ok(())
    }
}
