//! A submitted body, applied to a record.

use serde_json::{Map, Value as Json};

use super::super::{Collection, Field, FieldKind, Record};
use super::list::{self, Change};
use super::{autogenerate, cast, normalise, to_json};
use crate::model::Value;

/// Whose body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteAccess {
    /// Writes every field.
    Superuser,
    /// Hidden fields are dropped from the body, except the password of an auth record.
    Client,
}

/// What a body came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Submission {
    /// The names of the fields that the body mentions, each once, in the order they were applied.
    /// Their values may still equal those before.
    pub changed_keys: Vec<String>,
    /// Names of password fields with the plain text given for them; `""` takes the password away.
    pub plain_passwords: Vec<(String, String)>,
    /// `@request.body`: fields under their plain names with normalised values, and what else was
    /// sent as it was. A field sent as null is there, with its zero value.
    pub resolved: Map<String, Json>,
}

impl Submission {
    /// The plain text given for the password field called `name`.
    pub fn plain_password(&self, name: &str) -> Option<&str> {
        let given = self.plain_passwords.iter().find(|(field, _)| field == name);
        given.map(|(_, plain)| plain.as_str())
    }
}

/// Puts the fields of `body` into `record`, modifiers resolved against what it holds.
///
/// Shorter keys go first, so that `total` is set before `total+` adds to it. Passwords stay out of
/// the record, for the caller has to hash them. Autodates keep their values. Nothing is checked,
/// and an id is set like any text: whether it may change is the caller's business.
pub fn apply(record: &mut Record, body: &Map<String, Json>, access: WriteAccess) -> Submission {
    let collection = record.collection().clone();
    let mut submission = Submission::default();
    let mut keys: Vec<&String> = body.keys().collect();
    keys.sort_by_key(|key| key.len());
    for key in keys {
        let Some((field, modifier)) = find(&collection, key) else {
            submission.resolved.insert(key.clone(), body[key].clone());
            continue;
        };
        if access == WriteAccess::Client && is_closed_to_clients(&collection, field) {
            continue;
        }
        let resolved = set(record, field, modifier, &body[key], &mut submission.plain_passwords);
        submission.resolved.insert(field.name.clone(), resolved);
        if !submission.changed_keys.contains(&field.name) {
            submission.changed_keys.push(field.name.clone());
        }
    }
    submission
}

/// What a key asks for, beside naming a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modifier {
    Set,
    /// Appends to a list, adds to a number.
    Plus,
    Prepend,
    /// Removes from a list, subtracts from a number.
    Minus,
    Autogenerate,
}

/// The field and the modifier that `key` names, if the field knows the modifier.
fn find<'a>(collection: &'a Collection, key: &str) -> Option<(&'a Field, Modifier)> {
    let (name, modifier) = if let Some(field) = collection.field(key) {
        return Some((field, Modifier::Set));
    } else if let Some(name) = key.strip_suffix(":autogenerate") {
        (name, Modifier::Autogenerate)
    } else if let Some(name) = key.strip_suffix('+') {
        (name, Modifier::Plus)
    } else if let Some(name) = key.strip_suffix('-') {
        (name, Modifier::Minus)
    } else {
        (key.strip_prefix('+')?, Modifier::Prepend)
    };
    let field = collection.field(name)?;
    let is_known = match (&field.kind, modifier) {
        (FieldKind::Text(_), Modifier::Autogenerate)
        | (FieldKind::Number(_), Modifier::Plus | Modifier::Minus) => true,
        (FieldKind::Select(_) | FieldKind::Relation(_) | FieldKind::File(_), modifier) => {
            modifier != Modifier::Autogenerate
        }
        _ => false,
    };
    is_known.then_some((field, modifier))
}

fn is_closed_to_clients(collection: &Collection, field: &Field) -> bool {
    field.hidden && !(collection.is_auth() && field.name == "password")
}

/// Sets one field and returns what rules see of it.
fn set(
    record: &mut Record,
    field: &Field,
    modifier: Modifier,
    json: &Json,
    plain_passwords: &mut Vec<(String, String)>,
) -> Json {
    let current = record.get(&field.name).cloned().unwrap_or_else(|| field.kind.zero());
    let value = match (&field.kind, modifier) {
        (FieldKind::Password(_), _) => {
            let plain = cast::to_text(json);
            plain_passwords.retain(|(name, _)| *name != field.name);
            plain_passwords.push((field.name.clone(), plain.clone()));
            return Json::String(plain);
        }
        (FieldKind::Autodate(_), _) => current,
        (FieldKind::Text(options), Modifier::Autogenerate) => {
            let mut text = cast::to_text(json);
            if !options.autogenerate_pattern.is_empty() {
                // The pattern was tried when the field was made; without it the prefix stands.
                let generated = autogenerate::generate(&options.autogenerate_pattern);
                text.push_str(&generated.unwrap_or_default());
            }
            Value::Text(text)
        }
        (FieldKind::Number(_), Modifier::Plus | Modifier::Minus) => {
            let before = if let Value::Number(number) = current { number } else { 0.0 };
            let operand = cast::to_number(json);
            let sign = if modifier == Modifier::Plus { 1.0 } else { -1.0 };
            Value::Number(before + sign * operand)
        }
        (_, Modifier::Plus) => changed(field, &current, Change::Append, json),
        (_, Modifier::Prepend) => changed(field, &current, Change::Prepend, json),
        (_, Modifier::Minus) => changed(field, &current, Change::Remove, json),
        _ => normalise(field, json),
    };
    let resolved = to_json(&value);
    record.set(&field.name, value);
    resolved
}

fn changed(field: &Field, current: &Value, change: Change, json: &Json) -> Value {
    let more = match field.kind {
        FieldKind::File(_) => cast::to_file_names(json),
        _ => cast::to_texts(json),
    };
    list::value_of(&field.kind, list::changed(current.items(), change, more))
}
