//! What went wrong in a script, and where.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::hooks::Rejection;

/// A mistake in a file, or a failure of a handler: `file:line: what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    place: String,
    what: String,
}

impl Fault {
    /// A fault at a place, which may be empty.
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }

    /// What a stack says of where it was, in the files of the user: `file:line`.
    pub(super) fn with_stack(what: &str, stack: &str) -> Self {
        // The column of a mistake that keeps a file from being read is half of what there is to say.
        Self::new(place_in(stack, what.starts_with("SyntaxError")).unwrap_or_default(), what)
    }

    /// At this place when it has none of its own.
    pub(super) fn at(&self, place: &str) -> Self {
        self.clone().in_file(place)
    }

    /// At least which file it is in.
    pub(super) fn in_file(self, name: &str) -> Self {
        if self.place.is_empty() { Self::new(name, self.what) } else { self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.what),
            place => write!(f, "{place}: {}", self.what),
        }
    }
}

impl std::error::Error for Fault {}

/// The first place of a stack that is in a file of the user. Lines look like
/// `    at name (file:line:column)` or `    at file:line:column`.
fn place_in(stack: &str, with_column: bool) -> Option<String> {
    stack.lines().find_map(|line| {
        let at = line.trim().strip_prefix("at ")?;
        let at = at.rsplit_once('(').map_or(at, |(_, place)| place.trim_end_matches(')'));
        let is_own = at.starts_with('<') || at.starts_with("native");
        let mut parts = at.rsplitn(3, ':');
        let (column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        // Modules are called by their path from the folder on.
        let file = file.strip_prefix("./").unwrap_or(file);
        let column = if with_column { format!(":{column}") } else { String::new() };
        (!is_own && line.parse::<u32>().is_ok()).then(|| format!("{file}:{line}{column}"))
    })
}

/// Where in the files of the user an exception, as the machine tells it, comes from.
pub(super) fn place_of(told: &str) -> Option<String> {
    place_in(&serde_json::from_str::<Exception>(told).ok()?.stack, false)
}

/// An exception that no handler caught, as the machine tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Exception {
    /// 0 unless it says what clients get.
    status: u16,
    message: String,
    data: Json,
    /// Which of the failures of the host it is, if it is one.
    number: Option<usize>,
    cause: String,
    name: String,
    stack: String,
}

impl Exception {
    /// The failure of the host that it is.
    pub(super) fn number(&self) -> Option<usize> {
        self.number
    }

    /// What clients get, and what the log says.
    pub(super) fn into_rejection(self) -> Rejection {
        if self.status == 0 {
            let what = format!("{}: {}", self.name, self.cause);
            let fault = Fault::with_stack(&what, &self.stack);
            tracing::error!("{fault}");
            return Rejection::bad_request("").with_cause(fault);
        }
        Rejection::new(self.status, self.message).with_fields(fields_of(self.data))
    }
}

/// What is wrong by field: errors of validation as they are, all else as texts with a general code.
fn fields_of(data: Json) -> Map<String, Json> {
    let Json::Object(members) = data else { return Map::new() };
    let field = |value: Json| match value {
        Json::Object(object) => Json::Object(object),
        Json::String(text) => {
            serde_json::json!({ "code": "validation_invalid_value", "message": text })
        }
        other => serde_json::json!({
            "code": "validation_invalid_value", "message": other.to_string(),
        }),
    };
    members.into_iter().map(|(name, value)| (name, field(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_leads_to_the_first_place_of_the_user() {
        let stack =
            "    at call (<haversack>:7:13)\n    at find (a/b.pb.js:12:5)\n    at c.js:1:1\n";
        assert_eq!(place_in(stack, false).as_deref(), Some("a/b.pb.js:12"));
        assert_eq!(place_in("    at ./c.js:3:1\n", true).as_deref(), Some("c.js:3:1"));
        assert_eq!(place_in("    at map (native)\n", false), None);
    }
}
