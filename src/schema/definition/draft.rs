//! A definition between its request and its checks.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use crate::model::{CollectionId, Timestamp};
use crate::schema::json::{
    read_bool, read_fields, read_index_texts, read_rules_and_options, read_text,
};
use crate::schema::{
    AnonymousOptions, AuthOptions, Catalog, Collection, CollectionKind, Field, FormatError,
    OAuth2Options, Violation, Violations,
};

use super::field_check::mismatch;
use super::{Renames, collection_check, field_list, ids, indexes, renames, scaffold};

/// Bytes of what is wrong with a query that are told.
const QUERY_ERROR_MAX: usize = 500;

/// Why a body is no definition.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DefinitionError {
    /// The JSON has the wrong shape.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The definition is refused.
    #[error("the definition is invalid")]
    Invalid(Violations),
}

/// A definition as it shall be, in order but not checked yet.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    collection: Collection,
    index_texts: Vec<String>,
    old: Option<&'a Collection>,
    /// What was wrong with members that the collection cannot even hold.
    refused: Violations,
}

/// Makes a collection from `body`, over the scaffold of its type. `check_rule` compiles a rule
/// against the collection and says what is wrong with it.
pub fn create_from_body(
    catalog: &Catalog,
    body: &Map<String, Json>,
    now: Timestamp,
    check_rule: &dyn Fn(&Collection, &str) -> Result<(), String>,
) -> Result<Collection, DefinitionError> {
    let draft = Draft::create(catalog, body, now)?;
    draft.check(catalog, check_rule).map_err(DefinitionError::Invalid)
}

/// Changes `old` by `body`. `check_rule` as for [`create_from_body`].
///
/// Rules that name renamed fields are refused; go through [`Draft`] to rewrite them first.
pub fn update_from_body(
    catalog: &Catalog,
    old: &Collection,
    body: &Map<String, Json>,
    now: Timestamp,
    check_rule: &dyn Fn(&Collection, &str) -> Result<(), String>,
) -> Result<Collection, DefinitionError> {
    let draft = Draft::update(old, body, now)?;
    draft.check(catalog, check_rule).map_err(DefinitionError::Invalid)
}

impl<'a> Draft<'a> {
    /// Reads `body` over the scaffold of its type. `catalog` says which ids are taken.
    pub fn create(
        catalog: &Catalog,
        body: &Map<String, Json>,
        now: Timestamp,
    ) -> Result<Self, FormatError> {
        let mut refused = Violations::new();
        let mut type_name = String::new();
        read_text(body, "type", &mut type_name)?;
        let kind = match type_name.as_str() {
            "" => CollectionKind::Base,
            given => CollectionKind::from_type_name(given).unwrap_or_else(|| {
                refused.add("type", unknown_type());
                CollectionKind::Base
            }),
        };
        let mut collection = scaffold(kind);
        read_text(body, "name", &mut collection.name)?;
        read_bool(body, "system", &mut collection.system)?;
        read_rules_and_options(body, &mut collection)?;
        let mut id = String::new();
        read_text(body, "id", &mut id)?;
        if id.is_empty() {
            let taken = |id: &str| catalog.by_id(id).is_some();
            id = ids::collection_id(collection.type_name(), &collection.name, taken);
        }
        collection.id = CollectionId::from(id);
        collection.created = now;
        let fields = read_fields(body)?;
        let index_texts = read_index_texts(body)?.unwrap_or_default();
        let mut draft = Self { collection, index_texts, old: None, refused };
        draft.put_in_order(fields, now);
        Ok(draft)
    }

    /// Reads `body` over `old`.
    pub fn update(
        old: &'a Collection,
        body: &Map<String, Json>,
        now: Timestamp,
    ) -> Result<Self, FormatError> {
        let mut collection = old.clone();
        let mut refused = Violations::new();
        let mut id = old.id.as_str().to_owned();
        read_text(body, "id", &mut id)?;
        if id.is_empty() {
            refused.add("id", Violation::required());
        } else if id != old.id.as_str() {
            refused.add("id", mismatch());
        }
        let mut type_name = String::new();
        read_text(body, "type", &mut type_name)?;
        if !type_name.is_empty() && type_name != old.type_name() {
            refused.add(
                "type",
                match CollectionKind::from_type_name(&type_name) {
                    None => unknown_type(),
                    Some(_) => Violation::new(
                        "validation_collection_type_change",
                        "Collection type cannot be changed.",
                    ),
                },
            );
        }
        read_text(body, "name", &mut collection.name)?;
        read_bool(body, "system", &mut collection.system)?;
        read_rules_and_options(body, &mut collection)?;
        if let (CollectionKind::Auth(options), Some(before)) = (&mut collection.kind, old.auth()) {
            expire_tokens(options, before);
        }
        let fields = read_fields(body)?;
        let given_texts = read_index_texts(body)?;
        let texts_given = given_texts.is_some();
        let stored_texts = || old.indexes.iter().map(|index| index.text.clone()).collect();
        let index_texts = given_texts.unwrap_or_else(stored_texts);
        let mut draft = Self { collection, index_texts, old: Some(old), refused };
        draft.put_in_order(fields, now);
        draft.follow_renames(texts_given);
        Ok(draft)
    }

    /// The collection as it shall be, but for its indexes.
    pub fn collection(&self) -> &Collection {
        &self.collection
    }

    /// What the draft calls differently than the stored collection.
    pub fn renames(&self) -> Renames {
        self.old.map(|old| renames(old, &self.collection)).unwrap_or_default()
    }

    /// Every rule that is neither missing nor empty, to be rewritten where it names what is now
    /// called differently.
    pub fn rules_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.collection.rules_mut()
    }

    /// Makes `fields` those of the view that this is.
    pub fn set_view_fields(&mut self, fields: Vec<Field>) {
        field_list::set_view_fields(&mut self.collection, fields);
    }

    /// Notes what is wrong with the query of the view that this is, and what that means for its
    /// fields, if anything.
    pub fn refuse_query(&mut self, error: &str, fields: Option<Violation>) {
        self.refused.add("viewQuery", invalid_query(error));
        if let Some(violation) = fields {
            self.refused.add("fields", violation);
        }
    }

    /// Checks the draft against the other collections and hands out the collection to save.
    ///
    /// `check_rule` compiles a rule against the new collection and says what is wrong with it.
    pub fn check(
        self,
        catalog: &Catalog,
        check_rule: &dyn Fn(&Collection, &str) -> Result<(), String>,
    ) -> Result<Collection, Violations> {
        let Self { mut collection, index_texts, old, refused } = self;
        let mut found = refused;
        if let Err(violations) = indexes::set(&mut collection, &index_texts, catalog, old) {
            found.merge(violations);
        }
        found.merge(collection_check::check(&collection, catalog, old, check_rule));
        if collection.is_view() && found.names("fields") {
            found.add("viewQuery", invalid_query("a column cannot be a field"));
        }
        found.into_result().map(|()| collection)
    }

    /// What every save puts right.
    fn put_in_order(&mut self, fields: Option<Vec<Field>>, now: Timestamp) {
        let collection = &mut self.collection;
        collection.updated = now;
        let stored = self.old.map_or(&[][..], |old| &old.fields);
        // Nobody sends a view's fields; they follow from its query.
        if let Some(fields) = fields.filter(|_| !collection.is_view()) {
            collection.fields = field_list::reconcile(fields, stored);
        }
        field_list::enforce_mandatory(collection);
        if self.old.is_none() {
            collection.next_slot = 1;
        }
        if field_list::assign_slots(collection, stored).is_none() {
            let message = "The collection has had too many fields.";
            self.refused.add("fields", Violation::new("validation_invalid_value", message));
        }
        if collection.is_superusers()
            && let CollectionKind::Auth(options) = &mut collection.kind
        {
            options.oauth2 = OAuth2Options::default();
            options.anonymous = AnonymousOptions::default();
            options.password_auth.enabled = true;
            options.mfa.enabled |= options.otp.enabled;
        }
        if self.old.is_none() {
            self.finish_names();
        }
    }

    /// Makes what names fields by name follow their renames.
    fn follow_renames(&mut self, texts_given: bool) {
        let renames = self.renames();
        let fields = &self.collection.fields;
        indexes::follow_renames(&mut self.index_texts, &renames.fields, fields, !texts_given);
        if let CollectionKind::Auth(options) = &mut self.collection.kind {
            let named = options.password_auth.identity_fields.iter_mut();
            for name in named.chain(mapped_fields(&mut options.oauth2)) {
                if let Some(new) = renames.field(name)
                    && !fields.iter().any(|field| field.name == *name)
                {
                    new.clone_into(name);
                }
            }
        }
        self.finish_names();
    }

    fn finish_names(&mut self) {
        indexes::normalise(&mut self.index_texts, &self.collection);
        if let CollectionKind::Auth(options) = &mut self.collection.kind {
            for name in mapped_fields(&mut options.oauth2) {
                if !self.collection.fields.iter().any(|field| field.name == *name) {
                    name.clear();
                }
            }
            let mut seen = HashSet::new();
            options.password_auth.identity_fields.retain(|name| seen.insert(name.clone()));
        }
    }
}

fn invalid_query(error: &str) -> Violation {
    let message = format!("Invalid query - {}.", excerpt(error.trim_end_matches('.')));
    Violation::new("validation_invalid_view_query", message)
}

/// As much of an error as fits into an answer.
fn excerpt(error: &str) -> &str {
    &error[..error.floor_char_boundary(QUERY_ERROR_MAX)]
}

fn unknown_type() -> Violation {
    Violation::new("validation_in_invalid", "Must be a valid value.")
}

/// Who may log in has changed: whoever is logged in must do so again. Nobody and everybody count
/// as the same here.
fn expire_tokens(options: &mut AuthOptions, before: &AuthOptions) {
    let text = |rule: &Option<String>| rule.clone().unwrap_or_default();
    if text(&options.auth_rule) != text(&before.auth_rule) {
        options.auth_token.secret = ids::secret();
    }
}

fn mapped_fields(oauth2: &mut OAuth2Options) -> impl Iterator<Item = &mut String> {
    [
        &mut oauth2.mapped_id,
        &mut oauth2.mapped_name,
        &mut oauth2.mapped_username,
        &mut oauth2.mapped_avatar_url,
    ]
    .into_iter()
}
