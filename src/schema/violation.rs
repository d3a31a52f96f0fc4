//! What is wrong with a value or a definition, in the words of the web API.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// One rejected value.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// The stable machine code, such as `validation_required`.
    pub code: &'static str,
    /// The message, already a sentence.
    pub message: String,
    /// The numbers and names that the message mentions.
    pub params: Map<String, Json>,
}

impl Violation {
    /// A violation without parameters. `message` should be a full sentence.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), params: Map::new() }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// `Cannot be blank.`
    pub fn required() -> Self {
        Self::new("validation_required", "Cannot be blank.")
    }

    /// What errors without a code of their own become.
    pub fn invalid_value() -> Self {
        Self::new("validation_invalid_value", "Invalid value.")
    }
}

/// Rejected values by the name of what was rejected, nested as the body is.
///
/// List positions are decimal names: `fields` → `2` → `name`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Violations(BTreeMap<String, Entry>);

/// A violation, or more of them one level down.
#[derive(Debug, Clone, PartialEq)]
enum Entry {
    One(Violation),
    Nested(Violations),
}

impl Violations {
    /// No violations.
    pub fn new() -> Self {
        Self::default()
    }

    /// One violation under `name`.
    pub fn of(name: &str, violation: Violation) -> Self {
        let mut all = Self::new();
        all.add(name, violation);
        all
    }

    /// Adds a violation under `name`; the first one under a name stays.
    pub fn add(&mut self, name: &str, violation: Violation) {
        self.0.entry(name.to_owned()).or_insert(Entry::One(violation));
    }

    /// Whether something is wrong with `name` or in it.
    pub fn names(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Adds a violation under a path such as `["fields", "2", "name"]`.
    pub fn add_at(&mut self, path: &[&str], violation: Violation) {
        match path {
            [] => {}
            [name] => self.add(name, violation),
            [name, rest @ ..] => {
                let entry =
                    self.0.entry((*name).to_owned()).or_insert_with(|| Entry::Nested(Self::new()));
                if let Entry::Nested(nested) = entry {
                    nested.add_at(rest, violation);
                }
            }
        }
    }

    /// Puts `inner` under a path; what is already there stays.
    pub fn nest(&mut self, path: &[&str], inner: Self) {
        for (name, entry) in inner.0 {
            let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            match entry {
                Entry::One(violation) => self.add_at(&path, violation),
                Entry::Nested(nested) => self.nest(&path, nested),
            }
        }
    }

    /// Adds all of `other`; what is already here stays.
    pub fn merge(&mut self, other: Self) {
        self.nest(&[], other);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` when there are none.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// The `data` member of an error answer.
    pub fn to_json(&self) -> Json {
        let entries = self.0.iter().map(|(name, entry)| {
            let json = match entry {
                Entry::Nested(nested) => nested.to_json(),
                Entry::One(violation) => {
                    let mut object = Map::new();
                    object.insert("code".to_owned(), violation.code.into());
                    object.insert("message".to_owned(), violation.message.clone().into());
                    if !violation.params.is_empty() {
                        object.insert("params".to_owned(), violation.params.clone().into());
                    }
                    object.into()
                }
            };
            (name.clone(), json)
        });
        Json::Object(entries.collect())
    }
}
