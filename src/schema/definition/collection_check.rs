//! The checks of a whole collection.

use std::collections::HashSet;

use crate::schema::json::MAX_FIELDS;
use crate::schema::{Catalog, Collection, CollectionKind, FieldKind, Violation, Violations};

use super::auth_check;
use super::check::{self, Checked};
use super::field_check::{self, Surroundings};

/// Names that tools for the original expect to be taken.
const INTERNAL_TABLES: [&str; 3] = ["_collections", "_params", "_migrations"];
/// Names that mean something in the bodies of auth records.
const RESERVED_AUTH_NAMES: [&str; 2] = ["passwordConfirm", "oldPassword"];

/// Compiles a rule against a collection and says what is wrong with it.
type CheckRule<'a> = &'a dyn Fn(&Collection, &str) -> Result<(), String>;

/// Everything wrong with `new`, its indexes left out. `old` is the stored version, if there is one.
pub(super) fn check(
    new: &Collection,
    catalog: &Catalog,
    old: Option<&Collection>,
    check_rule: CheckRule<'_>,
) -> Violations {
    let mut found = Violations::new();
    if old.is_none() {
        found.note("id", check_new_id(new.id.as_str(), catalog));
    }
    if old.is_some_and(|old| old.system != new.system) {
        found.add(
            "system",
            Violation::new(
                "validation_collection_system_flag_change",
                "System collection state cannot be changed.",
            ),
        );
    }
    found.note("name", check_name(new, catalog, old));
    if let Err(violations) = check_fields(new, catalog, old) {
        found.merge(violations);
    }
    check_rules(new, old, check_rule, &mut found);
    match &new.kind {
        CollectionKind::Base => {}
        CollectionKind::View { query } => check_view(query, &mut found),
        CollectionKind::Auth(options) => {
            let mut alone = auth_check::check(options);
            check_auth_rules(new, old, check_rule, &mut alone);
            if alone.is_empty() {
                alone.merge(auth_check::check_together(options, new));
            }
            if alone.is_empty() {
                check_mfa_rule(new, old, check_rule, &mut alone);
            }
            found.merge(alone);
        }
    }
    found
}

fn check_new_id(id: &str, catalog: &Catalog) -> Checked {
    check::length(id, 1, 100)?;
    check::word(id)?;
    if catalog.by_id(id).is_some() {
        return Err(Violation::new(
            "validation_invalid_or_existing_id",
            "The model id is invalid or already exists.",
        ));
    }
    Ok(())
}

fn check_name(new: &Collection, catalog: &Catalog, old: Option<&Collection>) -> Checked {
    let name = new.name.as_str();
    check::required(name.is_empty())?;
    check::length(name, 1, 255)?;
    check::no_via(name)?;
    check::word(name)?;
    let refuse = |code, message| Err(Violation::new(code, message));
    if old.is_some_and(|old| old.system && old.name != name) {
        return refuse(
            "validation_collection_system_name_change",
            "System collection name cannot be changed.",
        );
    }
    if catalog.by_name(name).is_some_and(|other| other.id != new.id || old.is_none()) {
        return refuse(
            "validation_collection_name_exists",
            "Collection name must be unique (case insensitive).",
        );
    }
    if catalog.by_id(name).is_some() {
        return refuse(
            "validation_collection_name_id_duplicate",
            "The name must not match an existing collection id.",
        );
    }
    let changed = old.is_none_or(|old| old.name != name);
    if changed && INTERNAL_TABLES.iter().any(|table| table.eq_ignore_ascii_case(name)) {
        return refuse(
            "validation_collection_name_invalid",
            "The name shouldn't match with an existing internal table.",
        );
    }
    Ok(())
}

/// Each step is taken only when nothing was wrong before it, as later ones rely on earlier ones.
fn check_fields(
    new: &Collection,
    catalog: &Catalog,
    old: Option<&Collection>,
) -> Result<(), Violations> {
    let whole = |violation| Violations::of("fields", violation);
    if new.fields.len() > MAX_FIELDS {
        return Err(whole(check::too_long(MAX_FIELDS)));
    }
    check_duplicates(new)?;
    let key = new.fields.first().filter(|field| field.name == "id").map(|field| &field.kind);
    if !matches!(key, Some(FieldKind::Text(text)) if text.primary_key) {
        return Err(whole(Violation::new(
            "validation_missing_primary_key",
            "Missing or invalid \"id\" PK field.",
        )));
    }
    if let Some(old) = old.filter(|_| !new.is_view()) {
        let kept = |field: &crate::schema::Field| {
            new.fields.iter().any(|now| now.id == field.id && now.name == field.name)
        };
        if !old.fields.iter().filter(|field| field.system).all(kept) {
            return Err(whole(Violation::new(
                "validation_system_field_change",
                "System fields cannot be deleted or renamed.",
            )));
        }
        let mut found = Violations::new();
        for (at, field) in new.fields.iter().enumerate() {
            let before = old.fields.iter().find(|before| before.id == field.id);
            if before.is_some_and(|b| b.kind.type_name() != field.kind.type_name()) {
                let violation =
                    Violation::new("validation_field_type_change", "Field type cannot be changed.");
                found.add_at(&["fields", &at.to_string()], violation);
            }
        }
        found.into_result()?;
    }
    let mut found = Violations::new();
    for (at, field) in new.fields.iter().enumerate() {
        if new.is_auth() && RESERVED_AUTH_NAMES.contains(&field.name.as_str()) {
            let violation = Violation::new(
                "validation_reserved_field_name",
                "The field name is reserved and cannot be used.",
            );
            found.add_at(&["fields", &at.to_string(), "name"], violation);
        }
    }
    found.into_result()?;
    let around = Surroundings { catalog, collection: new, old };
    let mut found = Violations::new();
    for (at, field) in new.fields.iter().enumerate() {
        found.nest(&["fields", &at.to_string()], field_check::check(field, &around));
    }
    found.into_result()
}

fn check_duplicates(new: &Collection) -> Result<(), Violations> {
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    for (at, field) in new.fields.iter().enumerate() {
        let refuse = |member: &str, violation| {
            let mut found = Violations::new();
            found.add_at(&["fields", &at.to_string(), member], violation);
            Err(found)
        };
        if !ids.insert(field.id.as_str()) {
            let message = format!("Duplicated or invalid field id {:?}.", field.id);
            return refuse("id", Violation::new("validation_duplicated_field_id", message));
        }
        if !names.insert(field.name.to_lowercase()) {
            let message = format!("Duplicated or invalid field name {}.", field.name);
            let violation = Violation::new("validation_duplicated_field_name", message);
            return refuse("name", violation.with("fieldName", field.name.as_str()));
        }
    }
    Ok(())
}

fn check_rules(
    new: &Collection,
    old: Option<&Collection>,
    check_rule: CheckRule<'_>,
    found: &mut Violations,
) {
    let before = old.map(|old| &old.rules);
    for (name, rule, before, writes) in [
        ("listRule", &new.rules.list, before.map(|rules| &rules.list), false),
        ("viewRule", &new.rules.view, before.map(|rules| &rules.view), false),
        ("createRule", &new.rules.create, before.map(|rules| &rules.create), true),
        ("updateRule", &new.rules.update, before.map(|rules| &rules.update), true),
        ("deleteRule", &new.rules.delete, before.map(|rules| &rules.delete), true),
    ] {
        if writes && new.is_view() && rule.is_some() {
            found.add(name, Violation::new("validation_nil", "Must be blank."));
            continue;
        }
        found.note(name, rule_holds(new, rule.as_deref(), check_rule));
        found.note(name, rule_kept(old, rule.as_deref(), before.and_then(Option::as_deref)));
    }
}

fn check_auth_rules(
    new: &Collection,
    old: Option<&Collection>,
    check_rule: CheckRule<'_>,
    found: &mut Violations,
) {
    let Some(options) = new.auth() else { return };
    let before = old.and_then(Collection::auth);
    let manage = options.manage_rule.as_deref();
    if manage == Some("") {
        let code = "validation_nil_or_not_empty_required";
        found.add("manageRule", Violation::new(code, "Cannot be blank."));
    }
    let auth_before = before.and_then(|before| before.auth_rule.as_deref());
    let manage_before = before.and_then(|before| before.manage_rule.as_deref());
    for (name, rule, before) in [
        ("authRule", options.auth_rule.as_deref(), auth_before),
        ("manageRule", manage, manage_before),
    ] {
        found.note(name, rule_holds(new, rule, check_rule));
        found.note(name, rule_kept(old, rule, before));
    }
}

fn check_mfa_rule(
    new: &Collection,
    old: Option<&Collection>,
    check_rule: CheckRule<'_>,
    found: &mut Violations,
) {
    let Some(mfa) = new.auth().map(|options| &options.mfa) else {
        return;
    };
    if !mfa.enabled || mfa.rule.is_empty() {
        return;
    }
    let before = old.and_then(Collection::auth).map(|options| options.mfa.rule.as_str());
    let checked = rule_holds(new, Some(&mfa.rule), check_rule)
        .and_then(|()| rule_kept(old, Some(&mfa.rule), before));
    if let Err(violation) = checked {
        found.add_at(&["mfa", "rule"], violation);
    }
}

fn rule_holds(new: &Collection, rule: Option<&str>, check_rule: CheckRule<'_>) -> Checked {
    match rule {
        None | Some("") => Ok(()),
        Some(rule) => check_rule(new, rule).map_err(|error| {
            let message = format!("Invalid rule. Raw error: {error}");
            Violation::new("validation_invalid_rule", super::pattern::sentence(message))
        }),
    }
}

/// The rules of system collections are part of the program.
fn rule_kept(old: Option<&Collection>, rule: Option<&str>, before: Option<&str>) -> Checked {
    if old.is_some_and(|old| old.system) && rule != before {
        return Err(Violation::new(
            "validation_collection_system_rule_change",
            "System collection API rule cannot be changed.",
        ));
    }
    Ok(())
}

fn check_view(query: &str, found: &mut Violations) {
    let refused = if query.is_empty() {
        Violation::required()
    } else {
        let first = query.split_whitespace().next().unwrap_or_default();
        if first.eq_ignore_ascii_case("select") || first.eq_ignore_ascii_case("with") {
            return;
        }
        let message = "Invalid query - only SELECT queries are supported.";
        Violation::new("validation_invalid_view_query", message)
    };
    found.add("viewQuery", refused);
    found.add("fields", Violation::required());
}
