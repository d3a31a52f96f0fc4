//! New names of collections and fields, put into queries.

use crate::schema::Catalog;

use super::table::quoted;
use super::token::{Token, TokenKind, tokens};

/// Words that cannot be names without quotes; quoting one too many does no harm.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "check",
    "collate",
    "create",
    "cross",
    "default",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "from",
    "full",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "natural",
    "not",
    "null",
    "on",
    "or",
    "order",
    "outer",
    "select",
    "set",
    "table",
    "then",
    "union",
    "values",
    "where",
];
/// Keywords after which a table comes.
const BEFORE_TABLES: [&str; 2] = ["from", "join"];
/// Keywords that end a list of tables.
const AFTER_TABLES: [&str; 12] = [
    "where",
    "group",
    "having",
    "order",
    "limit",
    "window",
    "union",
    "intersect",
    "except",
    "select",
    "on",
    "using",
];

/// What is called differently: one collection, by its old name, and its fields, old and new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The old name.
    pub collection: String,
    /// The new name, when it changed.
    pub new_name: Option<String>,
    /// The fields that changed their names, old and new.
    pub fields: Vec<(String, String)>,
}

/// A query of which it cannot be said what a name in it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not clear what a name stands for")]
pub struct Unclear;

/// `query` with new names where it speaks of `changes`; columns of the result keep theirs.
/// `catalog` is the one before.
pub fn rewrite(catalog: &Catalog, query: &str, changes: &[Rewrite]) -> Result<String, Unclear> {
    let mut query = query.to_owned();
    // Fields first, while their collections are still found by their old names.
    for change in changes.iter().filter(|change| !change.fields.is_empty()) {
        query = apply(&query, &field_edits(catalog, &query, change)?);
    }
    // All at once, as two collections may have swapped names.
    let renamed: Vec<_> = changes
        .iter()
        .filter_map(|change| Some((change.collection.as_str(), change.new_name.as_deref()?)))
        .collect();
    let edits = table_edits(&query, &renamed);
    Ok(apply(&query, &edits))
}

/// A stretch of the query and what comes in its place.
type Edit = (std::ops::Range<usize>, String);

fn apply(query: &str, edits: &[Edit]) -> String {
    let (mut changed, mut at) = (String::with_capacity(query.len() + 16), 0);
    for (range, text) in edits {
        changed.push_str(&query[at..range.start]);
        changed.push_str(text);
        at = range.end;
    }
    changed.push_str(&query[at..]);
    changed
}

fn table_edits(query: &str, renamed: &[(&str, &str)]) -> Vec<Edit> {
    let tokens = tokens(query);
    let places = table_places(&tokens);
    let aliases: Vec<String> = places.iter().filter_map(|at| alias_of(&tokens, *at)).collect();
    let mut edits = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_name()) {
        let Some((_, new)) = renamed.iter().find(|(old, _)| token.names(old)) else { continue };
        let is_qualifier = tokens.get(at + 1).is_some_and(|next| next.is("."))
            && !(at > 0 && tokens[at - 1].is("."))
            // An alias stays what it is.
            && !aliases.iter().any(|alias| token.names(alias));
        if places.contains(&at) || is_qualifier {
            edits.push((token.start..token.end(), in_style(token, new)));
        }
    }
    edits
}

fn field_edits(catalog: &Catalog, query: &str, change: &Rewrite) -> Result<Vec<Edit>, Unclear> {
    let tokens = tokens(query);
    let places = table_places(&tokens);
    let is_ours = |at: &usize| tokens[*at].names(&change.collection);
    if !places.iter().any(is_ours) {
        return Ok(Vec::new());
    }
    if tokens.iter().any(|token| token.is_any(&["using", "natural"])) {
        return Err(Unclear);
    }
    let qualifier = |at: &usize| alias_of(&tokens, *at).unwrap_or_else(|| tokens[*at].name());
    let ours: Vec<String> = places.iter().filter(|at| is_ours(at)).map(qualifier).collect();
    let others: Vec<usize> = places.iter().copied().filter(|at| !is_ours(at)).collect();
    let others_have = |field: &str| {
        others.iter().any(|at| match catalog.by_name(&tokens[*at].name()) {
            Some(other) => other.fields.iter().any(|f| f.name.eq_ignore_ascii_case(field)),
            // A name that `WITH` made may have any column.
            None => true,
        })
    };
    let mut edits = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_name()) {
        let Some((old, new)) = change.fields.iter().find(|(old, _)| token.names(old)) else {
            continue;
        };
        let next_is = |symbol: &str| tokens.get(at + 1).is_some_and(|next| next.is(symbol));
        let is_alias = at > 0 && comes_as_alias(&tokens[at - 1]) || places.contains(&at);
        if next_is("(") || next_is(".") || is_alias {
            continue;
        }
        let is_qualified = at > 1 && tokens[at - 1].is(".");
        if is_qualified {
            let before = &tokens[at - 2];
            let is_ours = ours.iter().any(|name| before.names(name));
            let is_theirs =
                others.iter().map(qualifier).any(|name| before.names(&name)) || !is_ours;
            if is_ours && is_theirs {
                return Err(Unclear);
            }
            if !is_ours {
                continue;
            }
        } else if others_have(old) {
            return Err(Unclear);
        }
        let mut text = in_style(token, new);
        let first = if is_qualified { at - 2 } else { at };
        if is_whole_item(&tokens, first, at) {
            text = format!("{text} AS {}", quoted(&token.name()));
        }
        edits.push((token.start..token.end(), text));
    }
    Ok(edits)
}

/// Whether a name after `before` is a new one.
fn comes_as_alias(before: &Token<'_>) -> bool {
    match before.kind {
        TokenKind::Word => before.is_word("as") || !is_keyword(before.text),
        TokenKind::Symbol => before.is(")"),
        _ => true,
    }
}

/// Where tokens name tables.
fn table_places(tokens: &[Token<'_>]) -> Vec<usize> {
    // Whether tables are listed, by depth.
    let mut listing: Vec<bool> = vec![false];
    let mut places = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        listing.resize(token.depth + 1, false);
        let here = &mut listing[token.depth];
        if token.is_any(&BEFORE_TABLES) {
            *here = true;
        } else if token.is_any(&AFTER_TABLES) {
            // After a condition, only another join names tables.
            *here = false;
        }
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let starts = before.is_some_and(|before| {
            before.depth == token.depth
                && (before.is_any(&BEFORE_TABLES) || before.is(",") && listing[token.depth])
        });
        if starts && token.is_name() {
            // A schema may come before the table.
            let is_schema = tokens.get(at + 1).is_some_and(|next| next.is("."));
            places.push(if is_schema { at + 2 } else { at });
        }
    }
    places.retain(|at| tokens.get(*at).is_some_and(Token::is_name));
    places
}

/// The alias given to the table that the token at `at` names.
fn alias_of(tokens: &[Token<'_>], at: usize) -> Option<String> {
    let next = tokens.get(at + 1)?;
    if next.is_word("as") {
        return tokens.get(at + 2).map(Token::name);
    }
    let is_keyword = next.kind == TokenKind::Word
        && (is_keyword(next.text) || next.is_any(&["right", "window", "using", "indexed"]));
    (next.is_name() && !is_keyword).then(|| next.name())
}

/// Whether the tokens from `first` to `last` are all that one column of a SELECT is.
fn is_whole_item(tokens: &[Token<'_>], first: usize, last: usize) -> bool {
    let Some(before) = first.checked_sub(1).map(|before| &tokens[before]) else { return false };
    let starts =
        before.is_any(&["select", "distinct", "all"]) || before.is(",") && is_picked(tokens, first);
    let ends = match tokens.get(last + 1) {
        None => true,
        Some(next) => next.is(",") || next.is(")") || next.is_word("from"),
    };
    starts && ends
}

/// Whether the token at `at` stands between a SELECT and its FROM, outside of any call.
fn is_picked(tokens: &[Token<'_>], at: usize) -> bool {
    let depth = tokens[at].depth;
    let before = tokens[..at].iter().rev().take_while(|token| token.depth >= depth);
    let marks = ["select", "from", "where", "group", "having", "order", "limit", "values", "on"];
    let nearest = before.filter(|token| token.depth == depth).find(|token| token.is_any(&marks));
    nearest.is_some_and(|token| token.is_word("select"))
}

/// `name`, quoted as `token` was and where it must be.
fn in_style(token: &Token<'_>, name: &str) -> String {
    match token.text.chars().next() {
        Some('"') => quoted(name),
        Some('`') => format!("`{name}`"),
        Some('[') => format!("[{name}]"),
        _ if is_keyword(name) || name.starts_with(|c: char| c.is_ascii_digit()) => quoted(name),
        _ => name.to_owned(),
    }
}

fn is_keyword(name: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::CollectionId;
    use crate::schema::{CollectionKind, Field, FieldKind, TextOptions, scaffold};

    fn catalog() -> Catalog {
        let collection = |name: &str, fields: &[&str]| {
            let mut collection = scaffold(CollectionKind::Base);
            collection.id = CollectionId::from(name);
            name.clone_into(&mut collection.name);
            let text = || FieldKind::Text(TextOptions::default());
            collection.fields.extend(fields.iter().map(|name| Field::new(name, text())));
            Arc::new(collection)
        };
        Catalog::new(
            1,
            vec![collection("posts", &["title", "note"]), collection("users", &["note"])],
        )
    }

    fn collection_renamed(query: &str) -> String {
        let change = Rewrite {
            collection: "posts".to_owned(),
            new_name: Some("order".to_owned()),
            fields: Vec::new(),
        };
        rewrite(&catalog(), query, &[change]).unwrap()
    }

    fn field_renamed(query: &str, field: &str) -> Result<String, Unclear> {
        let change = Rewrite {
            collection: "posts".to_owned(),
            new_name: None,
            fields: vec![(field.to_owned(), "x".to_owned())],
        };
        rewrite(&catalog(), query, &[change])
    }

    #[test]
    fn a_table_gets_its_new_name_where_it_is_meant() {
        for (query, expected) in [
            ("select posts.id from Posts", "select \"order\".id from \"order\""),
            (
                "select p.id, 'posts' as posts /* posts */ from `posts` p",
                "select p.id, 'posts' as posts /* posts */ from `order` p",
            ),
            (
                "select id, (select count(*) from posts where posts.u = users.id) from users, [posts]",
                "select id, (select count(*) from \"order\" where \"order\".u = users.id) from users, [order]",
            ),
            ("select posts.id from users posts", "select posts.id from users posts"),
            (
                "select posts from users where a in (1, posts)",
                "select posts from users where a in (1, posts)",
            ),
        ] {
            assert_eq!(collection_renamed(query), expected);
        }
    }

    #[test]
    fn a_field_gets_its_new_name_and_the_result_keeps_the_old_one() {
        for (query, expected) in [
            ("select id, title from posts", "select id, x AS \"title\" from posts"),
            (
                "select p.title, max(p.title) as title from posts p order by p.title",
                "select p.x AS \"title\", max(p.x) as title from posts p order by p.x",
            ),
            (
                "select p.title t, 'title' from posts p join users title on p.title = 1",
                "select p.x t, 'title' from posts p join users title on p.x = 1",
            ),
            ("select users.title from users", "select users.title from users"),
        ] {
            assert_eq!(field_renamed(query, "title").as_deref(), Ok(expected));
        }
        assert_eq!(field_renamed("select note from posts, users", "note"), Err(Unclear));
        assert_eq!(
            field_renamed("select posts.note, users.note as n from posts, users", "note")
                .as_deref(),
            Ok("select posts.x AS \"note\", users.note as n from posts, users")
        );
    }
}
