//! The fields of a view, as its query has them.

use std::sync::Arc;

use rand::RngExt as _;

use crate::model::CollectionId;
use crate::schema::{
    Catalog, Collection, Field, FieldKind, JsonOptions, NumberOptions, RelationOptions, TextOptions,
};

use super::outline::{Item, Outline};
use super::token::tokens;
use super::{Select, SqlError};

/// What ids of views look like.
const ID_PATTERN: &str = "^[a-z0-9]+$";
/// Letters of the ids of copied fields.
const ID_LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The fields of a view with this `query`, in the order of its columns and without slots;
/// only copies have ids yet. `without` is the view itself, when it exists already.
pub fn view_fields(
    catalog: &Catalog,
    query: &str,
    without: Option<&CollectionId>,
) -> Result<Vec<Field>, SqlError> {
    Select::prepare(catalog, query, without)?.fields(catalog)
}

/// Where the column `name` of a view with this `query` comes from, if it is a column of a collection
/// as it is: the collection, which may be a view too, and the name of the field there.
pub fn column_origin(
    catalog: &Catalog,
    query: &str,
    without: Option<&CollectionId>,
    name: &str,
) -> Result<Option<(Arc<Collection>, String)>, SqlError> {
    let select = Select::prepare(catalog, query, without)?;
    let tokens = tokens(query);
    let outline = Outline::of(&tokens);
    let at = select.columns().iter().position(|column| column == name);
    let (Some(at), true) = (at, outline.items.len() == select.columns().len()) else {
        return Ok(None);
    };
    let origin = origin(catalog, &outline, &outline.items[at]);
    Ok(origin.and_then(|(collection, column)| {
        let field = collection.fields.iter().find(|f| f.name.eq_ignore_ascii_case(&column))?;
        Some((Arc::clone(collection), field.name.clone()))
    }))
}

/// The collection and column that an item of the outermost SELECT is.
fn origin<'c>(
    catalog: &'c Catalog,
    outline: &Outline<'_>,
    item: &Item<'_>,
) -> Option<(&'c Arc<Collection>, String)> {
    let (source, column) = item.column()?;
    let source = match source {
        None => outline.sources.first()?,
        Some(alias) => outline.sources.iter().find(|s| s.alias.eq_ignore_ascii_case(&alias))?,
    };
    Some((catalog.by_name(source.table.as_deref()?)?, column))
}

/// The fields for `columns`, which are those of `query`.
pub(super) fn infer(
    catalog: &Catalog,
    query: &str,
    columns: &[String],
) -> Result<Vec<Field>, SqlError> {
    let tokens = tokens(query);
    let outline = Outline::of(&tokens);
    if outline.items.iter().any(Item::is_wildcard) {
        return Err(SqlError::Wildcard);
    }
    if !columns.iter().any(|name| name == "id") {
        return Err(SqlError::NoId);
    }
    let is_read_right = outline.items.len() == columns.len();
    let mut fields: Vec<Field> = Vec::with_capacity(columns.len());
    for (at, name) in columns.iter().enumerate() {
        let item = outline.items.get(at).filter(|_| is_read_right);
        let known = item.and_then(|item| known_field(catalog, &outline, item, name, &fields));
        fields.push(match known {
            _ if name == "id" => id_field(),
            Some(field) => field,
            None => Field::new(name, FieldKind::Json(JsonOptions { max_size: 1 })),
        });
    }
    Ok(fields)
}

fn known_field(
    catalog: &Catalog,
    outline: &Outline<'_>,
    item: &Item<'_>,
    name: &str,
    others: &[Field],
) -> Option<Field> {
    let number = |only_int| FieldKind::Number(NumberOptions { only_int, ..Default::default() });
    let kind = if item.calls("count") {
        Some(number(true))
    } else if item.calls("total") {
        Some(number(false))
    } else {
        match item.cast_type().as_deref() {
            Some("real" | "decimal" | "numeric") => Some(number(false)),
            Some("int" | "integer") => Some(number(true)),
            Some("text") => Some(FieldKind::Text(TextOptions::default())),
            Some("bool" | "boolean") => Some(FieldKind::Bool),
            _ => None,
        }
    };
    if let Some(kind) = kind {
        return Some(Field::new(name, kind));
    }
    let (collection, column) = origin(catalog, outline, item)?;
    copied(collection, &column, name, others)
}

/// The field that a view has for a column of `collection`.
fn copied(collection: &Collection, column: &str, name: &str, others: &[Field]) -> Option<Field> {
    let field = collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(column))?;
    if field.name == "id" {
        let relation = RelationOptions {
            collection_id: collection.id.clone(),
            cascade_delete: false,
            min_select: 0,
            max_select: 1,
        };
        return Some(Field::new(name, FieldKind::Relation(relation)));
    }
    let id = loop {
        let id = format!("_clone_{}", random_letters());
        if !others.iter().any(|other| other.id == id) {
            break id;
        }
    };
    Some(Field { id, name: name.to_owned(), ..field.clone() })
}

fn random_letters() -> String {
    let mut rng = rand::rng();
    (0..4).map(|_| char::from(ID_LETTERS[rng.random_range(0..ID_LETTERS.len())])).collect()
}

fn id_field() -> Field {
    let text =
        TextOptions { pattern: ID_PATTERN.to_owned(), primary_key: true, ..TextOptions::default() };
    Field { system: true, required: true, ..Field::new("id", FieldKind::Text(text)) }
}
