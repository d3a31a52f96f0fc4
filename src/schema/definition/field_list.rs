//! Lists of fields: who replaces whom, and which fields nobody may leave out.

use crate::model::Slot;
use crate::schema::{Collection, DomainOptions, Field, FieldKind, PasswordOptions, TextOptions};

use super::ids;

/// What a record id looks like unless the collection says otherwise.
const DEFAULT_ID_PATTERN: &str = "^[a-z0-9]+$";

/// Adds `field` to `fields`. With an id it takes the place of the field of that id; without one it
/// gets one, or takes the place and the id of the field of that name.
pub(super) fn add(fields: &mut Vec<Field>, mut field: Field) {
    let place = if field.id.is_empty() {
        let taken = |id: &str| fields.iter().any(|other| other.id == id);
        field.id = ids::field_id(field.kind.type_name(), &field.name, taken);
        fields.iter().position(|other| !field.name.is_empty() && other.name == field.name)
    } else {
        fields.iter().position(|other| other.id == field.id)
    };
    match place {
        Some(at) => {
            field.id.clone_from(&fields[at].id);
            fields[at] = field;
        }
        None => fields.push(field),
    }
}

/// The list as submitted, brought together with the stored one.
///
/// A field sent without an id that has the name and the type of a stored field is that field,
/// whatever its id, so that nobody loses a column by leaving the id out.
pub(super) fn reconcile(submitted: Vec<Field>, stored: &[Field]) -> Vec<Field> {
    let mut fields = Vec::with_capacity(submitted.len());
    let sent_ids: Vec<String> = submitted.iter().map(|field| field.id.clone()).collect();
    for mut field in submitted {
        if field.id.is_empty() {
            let same = stored.iter().find(|old| {
                old.name == field.name && old.kind.type_name() == field.kind.type_name()
            });
            let free = same.filter(|old| !sent_ids.contains(&old.id));
            field.id = free.map(|old| old.id.clone()).unwrap_or_default();
        }
        add(&mut fields, field);
    }
    fields
}

/// Adds the fields that a collection of this kind cannot do without, and sets on them what nobody
/// may change.
pub(super) fn enforce_mandatory(collection: &mut Collection) {
    enforce_id(collection);
    if collection.is_auth() {
        enforce_auth_fields(&mut collection.fields);
    }
}

fn enforce_id(collection: &mut Collection) {
    let view = collection.is_view();
    let fields = &mut collection.fields;
    let found = fields.iter().position(|f| f.name == "id" && matches!(f.kind, FieldKind::Text(_)));
    if let Some(at) = found {
        let mut field = fields.remove(at);
        field.system = true;
        field.required = true;
        field.hidden = false;
        if let FieldKind::Text(text) = &mut field.kind {
            text.primary_key = true;
            if text.pattern.is_empty() {
                DEFAULT_ID_PATTERN.clone_into(&mut text.pattern);
            }
        }
        fields.insert(0, field);
    } else {
        let rest = std::mem::take(fields);
        add(fields, if view { view_id_field() } else { id_field() });
        for field in rest {
            add(fields, field);
        }
    }
}

fn enforce_auth_fields(fields: &mut Vec<Field>) {
    type IsKind = fn(&FieldKind) -> bool;
    let is_bool: IsKind = |kind| matches!(kind, FieldKind::Bool);
    let mandatory: [(fn() -> Field, IsKind); 5] = [
        (password_field, |kind| matches!(kind, FieldKind::Password(_))),
        (token_key_field, |kind| matches!(kind, FieldKind::Text(_))),
        (email_field, |kind| matches!(kind, FieldKind::Email(_))),
        (email_visibility_field, is_bool),
        (verified_field, is_bool),
    ];
    for (make, is_kind) in mandatory {
        let standard = make();
        let found = fields.iter_mut().find(|f| f.name == standard.name && is_kind(&f.kind));
        match found {
            Some(field) => {
                field.system = true;
                match field.kind {
                    FieldKind::Password(_) | FieldKind::Text(_) => {
                        field.hidden = true;
                        field.required = true;
                    }
                    FieldKind::Email(_) => field.hidden = false,
                    _ => {}
                }
            }
            None => add(fields, standard),
        }
    }
}

/// Makes `fields`, which need neither ids nor slots, those of a view.
pub fn set_view_fields(view: &mut Collection, fields: Vec<Field>) {
    let mut all = Vec::with_capacity(fields.len());
    for field in fields {
        add(&mut all, field);
    }
    // Rows of views are never stored, so slots may change from one version to the next.
    let mut next = Slot::ID.0;
    for field in &mut all {
        field.slot = if field.name == "id" {
            Slot::ID
        } else {
            next = next.saturating_add(1);
            Slot(next)
        };
    }
    view.next_slot = next.saturating_add(1);
    view.fields = all;
}

/// Gives every field its slot: the one of the stored field with its id, or the next one. `None`
/// when there are no more.
pub(super) fn assign_slots(collection: &mut Collection, stored: &[Field]) -> Option<()> {
    for field in &mut collection.fields {
        let old = stored
            .iter()
            .find(|old| old.id == field.id && old.kind.type_name() == field.kind.type_name());
        field.slot = match old {
            Some(old) => old.slot,
            None if field.name == "id" && stored.is_empty() => Slot::ID,
            None => {
                let slot = Slot(collection.next_slot.max(1));
                collection.next_slot = slot.0.checked_add(1)?;
                slot
            }
        };
    }
    collection.next_slot = collection.next_slot.max(1);
    Some(())
}

fn system(name: &str, kind: FieldKind) -> Field {
    Field { system: true, ..Field::new(name, kind) }
}

fn id_field() -> Field {
    let options = TextOptions {
        min: 15,
        max: 15,
        pattern: DEFAULT_ID_PATTERN.to_owned(),
        autogenerate_pattern: "[a-z0-9]{15}".to_owned(),
        primary_key: true,
    };
    Field { required: true, ..system("id", FieldKind::Text(options)) }
}

fn view_id_field() -> Field {
    let pattern = DEFAULT_ID_PATTERN.to_owned();
    let options = TextOptions { pattern, primary_key: true, ..TextOptions::default() };
    Field { required: true, ..system("id", FieldKind::Text(options)) }
}

fn password_field() -> Field {
    let options = PasswordOptions { min: 8, ..PasswordOptions::default() };
    let field = system("password", FieldKind::Password(options));
    Field { hidden: true, required: true, ..field }
}

fn token_key_field() -> Field {
    let options = TextOptions {
        min: 30,
        max: 60,
        autogenerate_pattern: "[a-zA-Z0-9]{50}".to_owned(),
        ..TextOptions::default()
    };
    let field = system("tokenKey", FieldKind::Text(options));
    Field { hidden: true, required: true, ..field }
}

fn email_field() -> Field {
    Field { required: true, ..system("email", FieldKind::Email(DomainOptions::default())) }
}

fn email_visibility_field() -> Field {
    system("emailVisibility", FieldKind::Bool)
}

fn verified_field() -> Field {
    system("verified", FieldKind::Bool)
}
