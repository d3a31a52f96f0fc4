//! The checks of one field's settings.

use crate::model::Value;
use crate::schema::values::{self, autogenerate::generate};
use crate::schema::{
    AutodateOptions, Catalog, Collection, DateOptions, DomainOptions, Field, FieldKind,
    FileOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions, TextOptions,
    Violation, Violations,
};

use super::check::{self, Checked, MAX_SAFE_INT};
use super::pattern;

/// Names that mean something else wherever fields are named.
const RESERVED: [&str; 7] =
    ["null", "true", "false", "_rowid_", "collectionId", "collectionName", "expand"];
/// The most characters of a password.
const MAX_PASSWORD: i64 = 71;
/// How often a pattern for values is tried.
const SAMPLES: usize = 10;

/// What a field is checked against.
pub(super) struct Surroundings<'a> {
    pub(super) catalog: &'a Catalog,
    /// The collection as it shall be.
    pub(super) collection: &'a Collection,
    /// The collection as it is.
    pub(super) old: Option<&'a Collection>,
}

/// Everything wrong with the settings of `field`, by name of setting.
pub(super) fn check(field: &Field, around: &Surroundings<'_>) -> Violations {
    let mut found = Violations::new();
    found.note("id", check_id(&field.id));
    found.note("name", check_name(&field.name));
    found.note("help", check::length(&field.help, 1, 300));
    let old = around.old.and_then(|old| old.fields.iter().find(|old| old.id == field.id));
    match &field.kind {
        FieldKind::Text(text) => check_text(field, text, around.collection, &mut found),
        FieldKind::Number(number) => check_number(number, &mut found),
        FieldKind::Email(domains) | FieldKind::Url(domains) => check_domains(domains, &mut found),
        FieldKind::Editor(editor) => {
            found.note("maxSize", check::within(editor.max_size, 0, MAX_SAFE_INT));
        }
        FieldKind::Date(date) => found.note("max", check_range(date)),
        FieldKind::Autodate(autodate) => check_autodate(field, autodate, old, &mut found),
        FieldKind::Select(select) => check_select(select, &mut found),
        FieldKind::File(file) => check_file(file, &mut found),
        FieldKind::Relation(relation) => check_relation(relation, old, around, &mut found),
        FieldKind::Json(json) => {
            found.note("maxSize", check::within(json.max_size, 0, MAX_SAFE_INT));
        }
        FieldKind::Password(password) => check_password(password, &mut found),
        FieldKind::Bool | FieldKind::GeoPoint => {}
    }
    found
}

fn check_id(id: &str) -> Checked {
    check::required(id.is_empty())?;
    check::length(id, 1, 100)
}

fn check_name(name: &str) -> Checked {
    check::required(name.is_empty())?;
    check::length(name, 1, 100)?;
    check::word(name)?;
    if RESERVED.contains(&name) {
        return Err(not_in_list());
    }
    check::no_via(name)
}

fn not_in_list() -> Violation {
    Violation::new("validation_not_in_invalid", "Must not be in list.")
}

fn check_text(field: &Field, text: &TextOptions, collection: &Collection, found: &mut Violations) {
    found.note("min", check::within(text.min, 0, MAX_SAFE_INT));
    let lower = check::at_least(text.max, text.min);
    found.note("max", lower.and_then(|()| check::at_most(text.max, MAX_SAFE_INT)));
    found.note("pattern", pattern::check(&text.pattern));
    found.note("autogeneratePattern", check_autogenerate(field, &text.autogenerate_pattern));
    if !text.primary_key {
        return;
    }
    if field.name != "id" && !field.name.is_empty() {
        let message = "The primary key must be named \"id\".";
        found.add("name", Violation::new("validation_in_invalid", message));
    }
    let is_key =
        |other: &&Field| matches!(&other.kind, FieldKind::Text(options) if options.primary_key);
    if collection.fields.iter().filter(is_key).count() > 1 {
        let message = "Composite PKs are not supported and the collection must have only 1 PK.";
        found.add("primaryKey", Violation::new("validation_unsupported_composite_pk", message));
    }
    found.note("pattern", check::required(text.pattern.is_empty()));
    found.note("hidden", check::blank(!field.hidden));
    found.note("required", check::required(!field.required));
}

/// What is generated must be what the field accepts; a few samples tell.
fn check_autogenerate(field: &Field, pattern: &str) -> Checked {
    pattern::check(pattern)?;
    if pattern.is_empty() {
        return Ok(());
    }
    for _ in 0..SAMPLES {
        let sample = generate(pattern).map_err(|error| {
            let message = pattern::sentence(error);
            Violation::new("validation_invalid_autogenerate_pattern", message)
        })?;
        if values::check(field, &Value::Text(sample.clone())).is_err() {
            let message = format!(
                "The provided autogenerate pattern could produce invalid field values, ex.: \
                 {sample:?}."
            );
            return Err(Violation::new("validation_invalid_autogenerate_pattern_value", message));
        }
    }
    Ok(())
}

fn check_number(number: &NumberOptions, found: &mut Violations) {
    let whole = |bound: Option<f64>| match bound {
        Some(bound) if number.only_int && bound.fract() != 0.0 => Err(Violation::new(
            "validation_only_int_constraint",
            "Decimal numbers are not allowed.",
        )),
        _ => Ok(()),
    };
    found.note("min", whole(number.min));
    found.note("max", whole(number.max));
    if let (Some(min), Some(max)) = (number.min, number.max)
        && max < min
    {
        let message = format!("Must be greater or equal than {min}.");
        let violation = Violation::new("validation_min_number_constraint", message);
        found.add("max", violation.with("min", min));
    }
}

fn check_domains(domains: &DomainOptions, found: &mut Violations) {
    let except = domains.except_domains.as_deref().unwrap_or_default();
    let only = domains.only_domains.as_deref().unwrap_or_default();
    for (name, list, other) in [("exceptDomains", except, only), ("onlyDomains", only, except)] {
        if !other.is_empty() {
            found.note(name, check::blank(list.is_empty()));
            continue;
        }
        for (at, domain) in list.iter().enumerate() {
            if !domain.is_empty() && !is_domain(domain) {
                let violation = Violation::new("validation_is_domain", "Must be a valid domain.");
                found.add_at(&[name, &at.to_string()], violation);
            }
        }
    }
}

/// At least two labels, the last of letters only (or in Punycode).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let bytes = label.as_bytes();
        let edges = bytes.first().zip(bytes.last());
        bytes.len() <= 63
            && edges.is_some_and(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
            && bytes.iter().all(|b| *b == b'-' || b.is_ascii_alphanumeric())
    };
    let Some((rest, top)) = text.rsplit_once('.') else {
        return false;
    };
    let letters = top.bytes().all(|b| b.is_ascii_alphabetic()) || top.starts_with("xn--");
    text.len() <= 255 && letters && label(top) && rest.split('.').all(label)
}

fn check_range(date: &DateOptions) -> Checked {
    match (date.min, date.max) {
        (Some(min), Some(max)) if max < min => {
            Err(Violation::new("validation_date_out_of_range", "The date is out of range."))
        }
        _ => Ok(()),
    }
}

fn check_autodate(
    field: &Field,
    options: &AutodateOptions,
    old: Option<&Field>,
    found: &mut Violations,
) {
    if let (true, Some(FieldKind::Autodate(old))) = (field.system, old.map(|old| &old.kind)) {
        for (name, now, before) in [
            ("onCreate", options.on_create, old.on_create),
            ("onUpdate", options.on_update, old.on_update),
        ] {
            if now != before {
                found.add(name, mismatch());
            }
        }
    }
    if !options.on_create && !options.on_update {
        for name in ["onCreate", "onUpdate"] {
            let message = "Either onCreate or onUpdate must be enabled.";
            found.add(name, Violation::new("validation_required", message));
        }
    }
}

/// For what cannot change.
pub(super) fn mismatch() -> Violation {
    Violation::new("validation_values_mismatch", "Values don't match.")
}

fn check_select(select: &SelectOptions, found: &mut Violations) {
    found.note("values", check::required(select.values.is_empty()));
    let most = select.values.len().max(1) as i64;
    found.note("maxSelect", check::within(select.max_select, 0, most));
}

fn check_file(file: &FileOptions, found: &mut Violations) {
    found.note("maxSelect", check::within(file.max_select, 0, MAX_SAFE_INT));
    found.note("maxSize", check::within(file.max_size, 0, MAX_SAFE_INT));
    for (at, thumb) in file.thumbs.iter().flatten().enumerate() {
        if let Err(violation) = check_thumb(thumb) {
            found.add_at(&["thumbs", &at.to_string()], violation);
        }
    }
}

/// `WxH`, then `t`, `b`, `f` or nothing; one of the two may be zero, not both.
fn check_thumb(thumb: &str) -> Checked {
    let size = thumb.strip_suffix(['t', 'b', 'f']).unwrap_or(thumb);
    if size == "0x0" {
        return Err(not_in_list());
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let shaped = size.split_once('x').is_some_and(|(w, h)| digits(w) && digits(h));
    check::format(thumb.is_empty() || shaped)
}

fn check_relation(
    relation: &RelationOptions,
    old: Option<&Field>,
    around: &Surroundings<'_>,
    found: &mut Violations,
) {
    found.note("collectionId", check_target(relation, old, around));
    found.note("minSelect", check::at_least(relation.min_select, 0));
    let needed = check::required(relation.min_select > 0 && relation.max_select == 0);
    let enough = || check::at_least(relation.max_select, relation.min_select);
    found.note("maxSelect", needed.and_then(|()| enough()));
}

fn check_target(
    relation: &RelationOptions,
    old: Option<&Field>,
    around: &Surroundings<'_>,
) -> Checked {
    let id = relation.collection_id.as_str();
    check::required(id.is_empty())?;
    if old.and_then(Field::relation).is_some_and(|old| old.collection_id.as_str() != id) {
        return Err(Violation::new(
            "validation_field_relation_change",
            "The relation collection cannot be changed.",
        ));
    }
    // A collection may relate to itself before it exists.
    let to_itself = around.collection.id.as_str() == id;
    let target = around.catalog.by_id(id).map(AsRef::as_ref);
    let Some(target) = target.or_else(|| to_itself.then_some(around.collection)) else {
        return Err(Violation::new(
            "validation_field_relation_missing_collection",
            "The relation collection doesn't exist.",
        ));
    };
    if target.is_view() && !around.collection.is_view() {
        return Err(Violation::new(
            "validation_relation_field_non_view_base_collection",
            "Only view collections are allowed to have relations to other views.",
        ));
    }
    Ok(())
}

fn check_password(password: &PasswordOptions, found: &mut Violations) {
    found.note("min", check::within(password.min, 1, MAX_PASSWORD));
    let lower = check::at_least(password.max, password.min);
    found.note("max", lower.and_then(|()| check::at_most(password.max, MAX_PASSWORD)));
    found.note("cost", check::within(password.cost, 4, 31));
    found.note("pattern", pattern::check(&password.pattern));
}
