//! When a hook is asked.

use crate::schema::Collection;

/// Which collections a hook is for, and where it stands among the others.
///
/// Made of a name or id, of several, or with [`When::any`]; `"*"` is any, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    /// Names and ids; none = any.
    collections: Vec<String>,
    priority: i32,
}

impl When {
    /// For all collections, and for what has to do with none.
    pub fn any() -> Self {
        Self::default()
    }

    /// Sets the place among the hooks of the same kind: lower ones run first, equal ones in the
    /// order in which they were added. 0 unless told otherwise.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    pub(super) fn rank(&self) -> i32 {
        self.priority
    }

    /// Whether it is for `collection`.
    pub(super) fn includes(&self, collection: Option<&Collection>) -> bool {
        let is_it = |wanted: &String| {
            collection.is_some_and(|c| *wanted == c.name || *wanted == c.id.as_str())
        };
        self.collections.is_empty() || self.collections.iter().any(is_it)
    }
}

impl From<&str> for When {
    fn from(collection: &str) -> Self {
        Self::from([collection])
    }
}

impl<const N: usize> From<[&str; N]> for When {
    fn from(collections: [&str; N]) -> Self {
        Self::from(collections.map(str::to_owned).to_vec())
    }
}

impl From<Vec<String>> for When {
    fn from(mut collections: Vec<String>) -> Self {
        if collections.iter().any(|name| name == "*") {
            collections.clear();
        }
        Self { collections, priority: 0 }
    }
}
