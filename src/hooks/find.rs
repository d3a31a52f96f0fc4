//! What to look for: a filter with bound values, a sort, a part of the answer.

use serde_json::Value as Json;

/// Which records are wanted, in which order, and how many of them.
///
/// Values never become part of the filter by hand: `{:name}` in it stands for a value that
/// [`bind`](Self::bind) gives, whatever is in it.
///
/// ```
/// use haversack::hooks::Find;
///
/// let find = Find::filter("author = {:me} && title ~ {:word}")
///     .bind("me", "abc")
///     .bind("word", "it's \"quoted\"")
///     .sort("-created")
///     .limit(10);
/// assert_eq!(find.text().unwrap(), r#"author = 'abc' && title ~ 'it\'s "quoted"'"#);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Find {
    filter: String,
    values: Vec<(String, Json)>,
    sort: String,
    limit: u64,
    offset: u64,
}

/// A filter whose `{:names}` do not agree with what was bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value is bound to {{:{0}}}")]
pub struct BindError(String);

impl Find {
    /// Every record, in the order of insertion.
    pub fn all() -> Self {
        Self::filter("")
    }

    /// The records that pass `filter`, written in the filter language.
    pub fn filter(filter: impl Into<String>) -> Self {
        Self {
            filter: filter.into(),
            values: Vec::new(),
            sort: String::new(),
            limit: u64::MAX,
            offset: 0,
        }
    }

    /// Puts `value` in place of `{:name}`; the last value given to a name counts.
    #[must_use]
    pub fn bind(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.values.retain(|(known, _)| known != name);
        self.values.push((name.to_owned(), value.into()));
        self
    }

    /// Sorts as the `sort` parameter of the web API does: `-created,title`.
    #[must_use]
    pub fn sort(mut self, keys: impl Into<String>) -> Self {
        self.sort = keys.into();
        self
    }

    /// Returns so many records at most; all unless told.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = limit;
        self
    }

    /// Leaves the first `offset` records out.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// The filter with all values in their places.
    ///
    /// # Errors
    /// A name without a value.
    pub fn text(&self) -> Result<String, BindError> {
        let mut text = String::with_capacity(self.filter.len() + self.values.len() * 16);
        let mut rest = self.filter.as_str();
        while let Some((before, after)) = rest.split_once("{:") {
            let Some((name, after)) = after.split_once('}') else { break };
            let value = self.values.iter().find(|(known, _)| known == name);
            let (_, value) = value.ok_or_else(|| BindError(name.to_owned()))?;
            text.push_str(before);
            push_literal(&mut text, value);
            rest = after;
        }
        text.push_str(rest);
        Ok(text)
    }

    /// Whether values are bound, so that the filter's text is one of many.
    pub fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// The sort keys; empty = order of insertion.
    pub fn sort_keys(&self) -> &str {
        &self.sort
    }

    /// The most records to return.
    pub fn limit_max(&self) -> u64 {
        self.limit
    }

    /// How many records to leave out.
    pub fn skipped(&self) -> u64 {
        self.offset
    }
}

impl Default for Find {
    fn default() -> Self {
        Self::all()
    }
}

impl From<&str> for Find {
    fn from(filter: &str) -> Self {
        Self::filter(filter)
    }
}

/// Appends a value as a literal of the filter language. Lists and objects are their JSON text.
fn push_literal(out: &mut String, value: &Json) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => out.push_str(&whole.to_string()),
            // Without an exponent, which the language does not know.
            (None, Some(number)) => out.push_str(&number.to_string()),
            (None, None) => push_quoted(out, &number.to_string()),
        },
        Json::String(text) => push_quoted(out, text),
        Json::Array(_) | Json::Object(_) => push_quoted(out, &value.to_string()),
    }
}

fn push_quoted(out: &mut String, text: &str) {
    out.push('\'');
    for char in text.chars() {
        if matches!(char, '\\' | '\'') {
            out.push('\\');
        }
        out.push(char);
    }
    out.push('\'');
}
