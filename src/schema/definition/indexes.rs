//! Index definitions of a collection as it is saved: kept in step with names, numbered, checked.

use std::collections::HashSet;

use crate::schema::index_text::{Statement, index_from_text};
use crate::schema::{
    Catalog, Collection, Field, Index, IndexError, IndexNumber, Violation, Violations,
};

use super::ids;

/// The most indexes of one collection.
const MAX_INDEXES: usize = 100;

/// The fields of an auth collection that need a unique index.
const UNIQUE_AUTH_FIELDS: [&str; 2] = ["tokenKey", "email"];

/// The indexes that every auth collection starts with.
pub(super) fn mandatory_texts(suffix: &str, table: &str) -> Vec<String> {
    UNIQUE_AUTH_FIELDS.iter().map(|field| mandatory_text(field, suffix, table)).collect()
}

fn mandatory_text(field: &str, suffix: &str, table: &str) -> String {
    let name = ids::index_name(field, suffix);
    let text = format!("CREATE UNIQUE INDEX `{name}` ON `{table}` (`{field}`)");
    // Accounts without an email do not compete for the empty one.
    if field == "email" { text + " WHERE `email` != ''" } else { text }
}

/// Adds what an auth collection lacks, and makes every text name the collection as it is called.
pub(super) fn normalise(texts: &mut Vec<String>, collection: &Collection) {
    if collection.is_auth() {
        for field in UNIQUE_AUTH_FIELDS {
            let statements = texts.iter().filter_map(|text| Statement::parse(text));
            let found = statements.into_iter().any(|statement| {
                let [column] = &statement.columns[..] else {
                    return false;
                };
                statement.unique && column.name.eq_ignore_ascii_case(field)
            });
            if !found {
                texts.push(mandatory_text(field, collection.id.as_str(), &collection.name));
            }
        }
    }
    for text in texts {
        if let Some(mut statement) = Statement::parse(text)
            && statement.table != collection.name
        {
            statement.table.clone_from(&collection.name);
            *text = statement.build();
        }
    }
}

/// Makes `texts` follow the fields of `stored` to their new names in `fields`. With `all`, every
/// renamed field is followed; otherwise only those whose old name is no field's name any more, as
/// the texts may already use the new ones.
pub(super) fn follow_renames(
    texts: &mut [String],
    renames: &[(String, String)],
    fields: &[Field],
    all: bool,
) {
    let stale: Vec<(String, String)> = renames
        .iter()
        .filter(|(old, _)| all || !fields.iter().any(|f| f.name.eq_ignore_ascii_case(old)))
        .cloned()
        .collect();
    if stale.is_empty() {
        return;
    }
    for text in texts {
        if let Some(mut statement) = Statement::parse(text)
            && statement.rename_columns(&stale)
        {
            *text = statement.build();
        }
    }
}

/// Checks `texts` and gives `collection` the indexes they define.
pub(super) fn set(
    collection: &mut Collection,
    texts: &[String],
    catalog: &Catalog,
    old: Option<&Collection>,
) -> Result<(), Violations> {
    let whole = |violation| Violations::of("indexes", violation);
    if collection.is_view() {
        let refused = Violation::new(
            "validation_indexes_not_supported",
            "View collections don't support indexes.",
        );
        return if texts.is_empty() { Ok(()) } else { Err(whole(refused)) };
    }
    if texts.len() > MAX_INDEXES {
        return Err(whole(super::check::too_long(MAX_INDEXES)));
    }
    check_statements(texts, collection, catalog)?;
    collection.indexes = Vec::with_capacity(texts.len());
    let mut numbers = HashSet::new();
    let mut found = Violations::new();
    for (at, text) in texts.iter().enumerate() {
        let index = index_from_text(text, &collection.fields, IndexNumber(0)).map_err(refusal);
        let mut index = match index {
            Ok(index) => index,
            Err(violation) => {
                found.add_at(&["indexes", &at.to_string()], violation);
                continue;
            }
        };
        let kept = old.and_then(|old| kept_number(&index, old, collection));
        index.number = kept.filter(|number| !numbers.contains(number)).unwrap_or_else(|| {
            let number = IndexNumber(collection.next_index);
            collection.next_index = collection.next_index.saturating_add(1);
            number
        });
        numbers.insert(index.number);
        collection.indexes.push(index);
    }
    found.into_result()?;
    if let Some(old) = old {
        check_system_uniques(collection, old).map_err(whole)?;
    }
    check_auth_uniques(collection).map_err(whole)
}

/// Checks what the texts say by themselves, before any column is looked for.
fn check_statements(
    texts: &[String],
    collection: &Collection,
    catalog: &Catalog,
) -> Result<(), Violations> {
    let mut seen: Vec<Statement> = Vec::with_capacity(texts.len());
    let mut found = Violations::new();
    for (at, text) in texts.iter().enumerate() {
        let checked = Statement::parse(text).ok_or_else(|| refusal(IndexError::Invalid));
        let checked = checked.and_then(|statement| {
            check_name(&statement, collection, &seen, catalog)?;
            check_definition(&statement, &seen)?;
            Ok(statement)
        });
        match checked {
            Ok(statement) => seen.push(statement),
            Err(violation) => found.add_at(&["indexes", &at.to_string()], violation),
        }
    }
    found.into_result()
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn refusal(error: IndexError) -> Violation {
    Violation::new("validation_invalid_index_expression", error.to_string())
}

fn check_name(
    statement: &Statement,
    collection: &Collection,
    seen: &[Statement],
    catalog: &Catalog,
) -> Result<(), Violation> {
    if seen.iter().any(|other| other.name.eq_ignore_ascii_case(&statement.name)) {
        return Err(Violation::new(
            "validation_duplicated_index_name",
            "The index name already exists.",
        ));
    }
    let others = catalog.all().iter().filter(|other| other.id != collection.id);
    match others.into_iter().find(|other| other.index(&statement.name).is_some()) {
        None => Ok(()),
        Some(other) => Err(Violation::new(
            "validation_existing_index_name",
            format!("The index name is already used in {} collection.", other.name),
        )
        .with("usedTableName", other.name.as_str())),
    }
}

fn check_definition(statement: &Statement, seen: &[Statement]) -> Result<(), Violation> {
    if seen.iter().any(|other| other.same_definition(statement)) {
        return Err(Violation::new(
            "validation_duplicated_index_definition",
            "The index definition already exists.",
        ));
    }
    Ok(())
}

/// The number of the stored index that holds the same entries as `index` will.
fn kept_number(index: &Index, old: &Collection, new: &Collection) -> Option<IndexNumber> {
    let same = old.indexes.iter().find(|other| {
        other.unique == index.unique
            && other.columns == index.columns
            && other.condition == index.condition
    })?;
    // Going from one value to several changes what an index sees of a field.
    let changed = |field: &Field| {
        new.field_at(field.slot)
            .is_none_or(|now| now.kind.is_multiple() != field.kind.is_multiple())
    };
    let slots = index.slots();
    let reshaped = old.fields.iter().any(|field| slots.contains(&field.slot) && changed(field));
    (!reshaped).then_some(same.number)
}

/// A unique index over a system field must stay; its name, order, collation and condition may
/// change.
fn check_system_uniques(new: &Collection, old: &Collection) -> Result<(), Violation> {
    let columns = |index: &Index| index.columns.iter().map(|c| c.slot).collect::<Vec<_>>();
    for index in old.indexes.iter().filter(|index| index.unique) {
        let slots = columns(index);
        let system = slots.iter().find_map(|slot| old.field_at(*slot).filter(|f| f.system));
        let kept = new.indexes.iter().any(|now| now.unique && columns(now) == slots);
        if let Some(field) = system
            && !kept
        {
            return Err(Violation::new(
                "validation_invalid_unique_system_field_index",
                format!(
                    "Unique index definition on system fields ({}) is invalid or missing.",
                    field.name
                ),
            )
            .with("fieldName", field.name.as_str()));
        }
    }
    Ok(())
}

fn check_auth_uniques(collection: &Collection) -> Result<(), Violation> {
    if !collection.is_auth() {
        return Ok(());
    }
    for name in UNIQUE_AUTH_FIELDS {
        let field = collection.field(name);
        if field.and_then(|field| collection.single_unique_index(field)).is_none() {
            return Err(Violation::new(
                "validation_missing_required_unique_index",
                format!("Missing required unique index for field \"{name}\"."),
            )
            .with("fieldName", name));
        }
    }
    Ok(())
}
