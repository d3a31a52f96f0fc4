//! Rules that follow names: when a field or a collection is called differently, so do the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::lexer::{Lexer, Token};
use crate::model::CollectionId;
use crate::schema::{Catalog, Collection, Renames};

/// A change of names, seen from before it.
#[derive(Debug, Clone, Copy)]
pub struct Renaming<'a> {
    /// The collections as they were, with the old names.
    pub catalog: &'a Catalog,
    /// The collections that change, and what they call differently.
    pub changes: &'a [(CollectionId, Renames)],
}

/// A name in a rule that could mean several things, only some of which have a new name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not clear what {0} means")]
pub struct Ambiguous(pub String);

impl Renaming<'_> {
    /// `rule` of the collection `base`, as it was, with the new names in it. What cannot be
    /// understood stays as it is.
    pub fn apply(&self, base: &Collection, rule: &str) -> Result<String, Ambiguous> {
        let mut text = String::with_capacity(rule.len());
        let mut copied = 0;
        let mut lexer = Lexer::new(rule);
        while let Ok((token, start)) = lexer.next() {
            match token {
                Token::End => break,
                Token::Identifier(name) => {
                    text.push_str(&rule[copied..start]);
                    text.push_str(&self.identifier(base, &name)?);
                    copied = start + name.len();
                }
                _ => {}
            }
        }
        text.push_str(&rule[copied..]);
        Ok(text)
    }

    fn identifier(&self, base: &Collection, name: &str) -> Result<String, Ambiguous> {
        let mut props: Vec<String> = name.split('.').map(str::to_owned).collect();
        match props.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["@request", "auth", _, ..] => return self.auth_identifier(name, &props),
            ["@request", "body", _, ..] => self.path(base, &mut props[2..]),
            ["@collection", source, _, ..] => {
                let (owner, alias) = match source.split_once(':') {
                    Some((owner, alias)) => (owner, Some(alias)),
                    None => (source, None),
                };
                if let Some(collection) = self.catalog.find(owner) {
                    let renamed = self.collection_name(collection, owner);
                    let source = alias.map_or(renamed.clone(), |a| format!("{renamed}:{a}"));
                    let collection = Arc::clone(collection);
                    props[1] = source;
                    self.path(&collection, &mut props[2..]);
                }
            }
            [first, ..] if first.starts_with('@') => {}
            _ => self.path(base, &mut props),
        }
        Ok(props.join("."))
    }

    /// A path over whoever is logged in, which can be a record of any auth collection.
    fn auth_identifier(&self, name: &str, props: &[String]) -> Result<String, Ambiguous> {
        let mut meanings = BTreeSet::new();
        for collection in self.catalog.all().iter().filter(|collection| collection.is_auth()) {
            let mut props = props.to_vec();
            if self.knows(collection, &props[2]) {
                self.path(collection, &mut props[2..]);
                meanings.insert(props.join("."));
            }
        }
        let meaning = meanings.pop_first().unwrap_or_else(|| name.to_owned());
        if meanings.is_empty() { Ok(meaning) } else { Err(Ambiguous(name.to_owned())) }
    }

    fn knows(&self, collection: &Collection, prop: &str) -> bool {
        let name = prop.split(':').next().unwrap_or_default();
        collection.field(name).is_some() || self.back_relation(prop).is_some()
    }

    /// Renames the elements of a path that starts at a record of `collection`.
    fn path(&self, collection: &Collection, props: &mut [String]) {
        let mut here = Some(collection);
        for prop in props {
            let Some(collection) = here else { return };
            let (name, modifier) = prop.split_at(prop.find(':').unwrap_or(prop.len()));
            here = if let Some(field) = collection.field(name) {
                let renamed = self.field_name(collection, name);
                let target = field.relation().map(|relation| relation.collection_id.as_str());
                *prop = format!("{renamed}{modifier}");
                target.and_then(|id| self.catalog.by_id(id)).map(AsRef::as_ref)
            } else if let Some((owner, owner_name, field)) = self.back_relation(prop) {
                let owner_name = self.collection_name(owner, owner_name);
                *prop = format!("{owner_name}_via_{}", self.field_name(owner, field));
                Some(owner)
            } else {
                None
            };
        }
    }

    /// What `collection_via_field` names: the collection, the name used for it, and the field.
    fn back_relation<'p>(&self, prop: &'p str) -> Option<(&Collection, &'p str, &'p str)> {
        let (owner_name, field) = prop.rsplit_once("_via_")?;
        let owner = self.catalog.find(owner_name)?;
        owner.field(field).map(|_| (&**owner, owner_name, field))
    }

    fn renames_of(&self, collection: &Collection) -> Option<&Renames> {
        let found = self.changes.iter().find(|(id, _)| *id == collection.id);
        found.map(|(_, renames)| renames)
    }

    fn field_name(&self, collection: &Collection, name: &str) -> String {
        let renamed = self.renames_of(collection).and_then(|renames| renames.field(name));
        renamed.unwrap_or(name).to_owned()
    }

    /// The new name of `collection`, unless it goes by its id here.
    fn collection_name(&self, collection: &Collection, used: &str) -> String {
        let renamed = self.renames_of(collection).and_then(|renames| renames.collection.as_ref());
        match renamed {
            Some((_, new)) if used != collection.id.as_str() => new.clone(),
            _ => used.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::schema::{CollectionKind, Field, FieldKind, RelationOptions, TextOptions, scaffold};

    fn collection(name: &str, kind: CollectionKind, fields: &[(&str, Option<&str>)]) -> Collection {
        let mut collection = scaffold(kind);
        collection.id = CollectionId::from(format!("{name}_id"));
        name.clone_into(&mut collection.name);
        collection.created = Timestamp::from_millis(0);
        for (name, target) in fields {
            let kind = match target {
                None => FieldKind::Text(TextOptions::default()),
                Some(target) => FieldKind::Relation(RelationOptions {
                    collection_id: CollectionId::from(format!("{target}_id")),
                    cascade_delete: false,
                    min_select: 0,
                    max_select: 1,
                }),
            };
            collection.fields.push(Field::new(name, kind));
        }
        collection
    }

    fn catalog() -> Catalog {
        let auth = || CollectionKind::Auth(Box::default());
        let all = vec![
            collection(
                "posts",
                CollectionKind::Base,
                &[("title", None), ("author", Some("users"))],
            ),
            collection("notes", CollectionKind::Base, &[("post", Some("posts")), ("title", None)]),
            collection("users", auth(), &[("nick", None), ("fav", Some("posts")), ("role", None)]),
            collection("staff", auth(), &[("role", None)]),
        ];
        Catalog::new(1, all.into_iter().map(Arc::new).collect())
    }

    fn renamed(
        changed: &str,
        new_name: Option<&str>,
        fields: &[(&str, &str)],
        base: &str,
        rule: &str,
    ) -> Result<String, Ambiguous> {
        let catalog = catalog();
        let fields = fields.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned()));
        let renames = Renames {
            collection: new_name.map(|new| (changed.to_owned(), new.to_owned())),
            fields: fields.collect(),
        };
        let changes = [(catalog.by_name(changed).unwrap().id.clone(), renames)];
        let renaming = Renaming { catalog: &catalog, changes: &changes };
        renaming.apply(catalog.by_name(base).unwrap(), rule)
    }

    #[test]
    fn fields_are_renamed_wherever_a_path_reaches_them() {
        let fields = [("title", "headline"), ("author", "writer")];
        for (base, rule, expected) in [
            (
                "posts",
                "title != 'title' && (author.nick ?= title:lower) // title",
                "headline != 'title' && (writer.nick ?= headline:lower) // title",
            ),
            (
                "posts",
                "@request.body.title:isset = true && @request.query.title = 1",
                "@request.body.headline:isset = true && @request.query.title = 1",
            ),
            ("notes", "title = post.title", "title = post.headline"),
            (
                "users",
                "posts_via_author.title ~ 'x' && fav.title = 1",
                "posts_via_writer.headline ~ 'x' && fav.headline = 1",
            ),
            (
                "notes",
                "@collection.posts:a.title = @request.auth.fav.title && @now > 1",
                "@collection.posts:a.headline = @request.auth.fav.headline && @now > 1",
            ),
            ("notes", "title = && (", "title = && ("),
        ] {
            assert_eq!(renamed("posts", None, &fields, base, rule).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn collections_are_renamed_unless_named_by_id() {
        let rule = "posts_via_author.id = 1 && @collection.posts.id = 2 && \
                    @collection.posts_id:x.id = 3 && nick = 'posts'";
        assert_eq!(
            renamed("posts", Some("articles"), &[], "users", rule).as_deref(),
            Ok("articles_via_author.id = 1 && @collection.articles.id = 2 && \
                @collection.posts_id:x.id = 3 && nick = 'posts'")
        );
    }

    #[test]
    fn names_can_be_swapped() {
        let fields = [("nick", "role"), ("role", "nick")];
        assert_eq!(
            renamed("users", None, &fields, "users", "nick = role").as_deref(),
            Ok("role = nick")
        );
    }

    #[test]
    fn fields_of_whoever_is_logged_in_are_renamed_when_only_one_collection_has_them() {
        let auth = |field, rule| renamed("users", None, &[(field, "other")], "posts", rule);
        assert_eq!(
            auth("nick", "@request.auth.nick = 1").as_deref(),
            Ok("@request.auth.other = 1")
        );
        assert_eq!(
            auth("role", "@request.auth.role = 1"),
            Err(Ambiguous("@request.auth.role".to_owned()))
        );
        assert_eq!(auth("nick", "@request.auth.id = ''").as_deref(), Ok("@request.auth.id = ''"));
    }
}
