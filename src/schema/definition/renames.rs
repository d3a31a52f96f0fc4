//! Which names a change gives to what stays.

use crate::schema::Collection;

/// The names that change from one version of a collection to the next, old and new.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Renames {
    /// The collection's own name.
    pub collection: Option<(String, String)>,
    /// The names of fields. Two fields may have swapped theirs.
    pub fields: Vec<(String, String)>,
}

impl Renames {
    /// Whether nothing is called differently.
    pub fn is_empty(&self) -> bool {
        self.collection.is_none() && self.fields.is_empty()
    }

    /// The new name of the field that was called `name`, when it has one.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(old, _)| old == name);
        found.map(|(_, new)| new.as_str())
    }
}

/// What `new` calls differently than `old`; fields are the same when their ids are.
pub fn renames(old: &Collection, new: &Collection) -> Renames {
    let collection = (old.name != new.name).then(|| (old.name.clone(), new.name.clone()));
    let renamed = old.fields.iter().filter_map(|before| {
        let now = new.fields.iter().find(|now| now.id == before.id)?;
        (now.name != before.name).then(|| (before.name.clone(), now.name.clone()))
    });
    Renames { collection, fields: renamed.collect() }
}
