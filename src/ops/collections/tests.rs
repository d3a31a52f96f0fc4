use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::*;
use crate::model::Value;
use crate::ops::records::ListParams;
use crate::query::Rows;
use crate::schema::system::initial_collections;
use crate::schema::{CollectionKind, Record, Secrets};
use crate::store::{Store, StoreOptions, Tx};

fn store() -> Store {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    run(&store, |tx| {
        for collection in initial_collections(crate::model::Timestamp::now()) {
            tx.create_collection(collection)?;
        }
        Ok(())
    })
    .unwrap();
    store
}

fn run<T: Send + 'static>(
    store: &Store,
    job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    store.write(job)
}

#[expect(clippy::needless_pass_by_value, reason = "callers hand over what json! made")]
fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

fn create(store: &Store, body: Json) -> Result<Arc<Collection>, Error> {
    let command = CreateCollection::new(object(body));
    run(store, move |tx| command.run(tx))
}

fn update(store: &Store, name: &str, body: Json) -> Result<Arc<Collection>, Error> {
    let command = UpdateCollection::new(name, object(body));
    run(store, move |tx| command.run(tx))
}

fn drop_collection(store: &Store, name: &'static str) -> Result<(), Error> {
    run(store, move |tx| delete(tx, name).map(|_| ()))
}

fn insert(store: &Store, collection: &'static str, id: &str, values: &[(&str, &str)]) {
    let values: Vec<(String, String)> =
        [("id", id)].iter().chain(values).map(|(n, v)| ((*n).into(), (*v).into())).collect();
    run(store, move |tx| {
        let mut record = Record::new(tx.catalog().by_name(collection).unwrap().clone());
        for (name, value) in &values {
            assert!(record.set(name, Value::Text(value.clone())), "{name}");
        }
        let collection = record.collection().clone();
        tx.insert(&collection, &record.to_row())?;
        Ok(())
    })
    .unwrap();
}

fn count(store: &Store, collection: &str) -> u64 {
    let snapshot = store.snapshot();
    let collection = snapshot.catalog().by_name(collection).unwrap().clone();
    snapshot.count(&collection).unwrap()
}

fn rejected<T: std::fmt::Debug>(result: Result<T, Error>) -> (Failure, Json) {
    match result.unwrap_err() {
        Error::Rejected(failure, violations) => (failure, violations.to_json()),
        other => panic!("{other}"),
    }
}

/// `authors`, an auth collection, and `posts` that relate to it.
fn blog() -> Store {
    let store = store();
    let authors = json!({
        "name": "authors", "type": "auth", "viewRule": "posts_via_writer.title != ''",
        "fields": [{ "name": "nick", "type": "text" }],
    });
    let authors = create(&store, authors);
    // The rule names a collection that does not exist yet.
    assert_eq!(rejected(authors).1["viewRule"]["code"], "validation_invalid_rule");
    let authors = json!({
        "name": "authors", "type": "auth", "fields": [{ "name": "nick", "type": "text" }],
    });
    let authors = create(&store, authors).unwrap();
    let posts = json!({
        "name": "posts",
        "listRule": "title != 'title' && writer.nick = @request.auth.nick",
        "fields": [
            { "name": "title", "type": "text" },
            { "name": "writer", "type": "relation", "collectionId": authors.id.as_str(), "required": true },
        ],
        "indexes": ["CREATE INDEX idx_posts_title ON posts (title)"],
    });
    create(&store, posts).unwrap();
    update(&store, "authors", json!({ "viewRule": "posts_via_writer.title != ''" })).unwrap();
    store
}

fn collection(store: &Store, name: &str) -> Arc<Collection> {
    store.snapshot().catalog().by_name(name).unwrap().clone()
}

/// The JSON of the fields of `name` with one of them renamed.
fn renamed_field(store: &Store, name: &str, old: &str, new: &str) -> Json {
    let mut fields = collection(store, name).to_json(Secrets::Hide)["fields"].clone();
    let found = fields.as_array_mut().unwrap().iter_mut().find(|field| field["name"] == old);
    found.unwrap()["name"] = new.into();
    json!({ "fields": fields })
}

#[test]
fn rules_everywhere_follow_a_renamed_field() {
    let store = blog();
    insert(&store, "authors", "a", &[("nick", "ann")]);
    insert(&store, "posts", "p", &[("title", "hello"), ("writer", "a")]);
    update(&store, "posts", renamed_field(&store, "posts", "title", "headline")).unwrap();
    let posts = collection(&store, "posts");
    let rule = "headline != 'title' && writer.nick = @request.auth.nick";
    assert_eq!(posts.rules.list.as_deref(), Some(rule));
    assert_eq!(posts.indexes[0].text, "CREATE INDEX `idx_posts_title` ON `posts` (`headline`)");
    let authors = collection(&store, "authors");
    assert_eq!(authors.rules.view.as_deref(), Some("posts_via_writer.headline != ''"));

    update(&store, "authors", renamed_field(&store, "authors", "nick", "alias")).unwrap();
    let rule = "headline != 'title' && writer.alias = @request.auth.alias";
    assert_eq!(collection(&store, "posts").rules.list.as_deref(), Some(rule));

    let snapshot = store.snapshot();
    let rowid = snapshot.find(&posts, "p").unwrap().unwrap();
    let record =
        Record::from_row(posts.clone(), snapshot.row(&posts, rowid).unwrap().unwrap().as_row());
    assert_eq!(record.text("headline"), "hello");
}

#[test]
fn rules_everywhere_follow_a_renamed_collection() {
    let store = blog();
    update(&store, "posts", json!({ "name": "articles" })).unwrap();
    let authors = collection(&store, "authors");
    assert_eq!(authors.rules.view.as_deref(), Some("articles_via_writer.title != ''"));
    assert_eq!(
        collection(&store, "articles").indexes[0].text,
        "CREATE INDEX `idx_posts_title` ON `articles` (`title`)"
    );
}

#[test]
fn a_rule_sent_with_the_rename_may_use_the_new_name() {
    let store = blog();
    let mut body = renamed_field(&store, "posts", "title", "headline");
    body["listRule"] = "headline = 'x' || title = 'y'".into();
    let posts = update(&store, "posts", body).unwrap();
    assert_eq!(posts.rules.list.as_deref(), Some("headline = 'x' || headline = 'y'"));
}

#[test]
fn a_rename_that_nobody_could_follow_is_refused() {
    let store = blog();
    // With two of them, nobody knows whose nick the rule of posts means.
    update(&store, "users", renamed_field(&store, "users", "name", "nick")).unwrap();
    let renamed = update(&store, "users", renamed_field(&store, "users", "nick", "alias"));
    let (failure, data) = rejected(renamed);
    assert_eq!(failure, Failure::UpdateCollection);
    assert_eq!(data["fields"]["message"], "Cannot be renamed because it is used in posts.");
    let query = "select posts.id, title from posts natural join authors";
    create(&store, json!({ "name": "v", "type": "view", "viewQuery": query })).unwrap();
    let (_, data) = rejected(update(&store, "posts", renamed_field(&store, "posts", "title", "t")));
    assert_eq!(data["fields"]["message"], "Cannot be renamed because it is used in v.");
    assert_eq!(
        collection(&store, "authors").rules.view.as_deref(),
        Some("posts_via_writer.title != ''")
    );
}

fn query_of(store: &Store, name: &str) -> String {
    match &collection(store, name).kind {
        CollectionKind::View { query } => query.clone(),
        _ => "no view".to_owned(),
    }
}

#[test]
fn views_follow_renames_and_keep_their_fields() {
    let store = blog();
    let query = "select p.id, p.title from posts p";
    create(&store, json!({ "name": "v", "type": "view", "viewQuery": query })).unwrap();
    create(&store, json!({ "name": "w", "type": "view", "viewQuery": "select id, title from v" }))
        .unwrap();
    update(&store, "posts", json!({ "name": "articles" })).unwrap();
    assert_eq!(query_of(&store, "v"), "select p.id, p.title from articles p");
    update(&store, "articles", renamed_field(&store, "articles", "title", "headline")).unwrap();
    assert_eq!(query_of(&store, "v"), "select p.id, p.headline AS \"title\" from articles p");
    update(&store, "v", json!({ "name": "x" })).unwrap();
    assert_eq!(query_of(&store, "w"), "select id, title from x");
    assert_eq!(field_names(&store, "x"), "id title");
}

#[test]
fn a_field_that_a_view_needs_cannot_be_removed() {
    let store = blog();
    let query = "select id, title as name from posts";
    create(&store, json!({ "name": "v", "type": "view", "viewQuery": query })).unwrap();
    let mut fields = collection(&store, "posts").to_json(Secrets::Hide)["fields"].take();
    fields.as_array_mut().unwrap().retain(|field| field["name"] != "title");
    let body = json!({ "fields": fields, "listRule": null, "indexes": [] });
    let (_, data) = rejected(update(&store, "posts", body));
    assert_eq!(data["fields"]["message"], "A field cannot be removed because it is used in v.");
    assert_eq!(field_names(&store, "v"), "id name");
}

#[test]
fn what_a_field_becomes_shows_in_the_views_above_it() {
    let store = blog();
    create(
        &store,
        json!({ "name": "v", "type": "view", "viewQuery": "select id, title from posts" }),
    )
    .unwrap();
    create(
        &store,
        json!({ "name": "w", "type": "view", "viewQuery": "select id, title as t from v" }),
    )
    .unwrap();
    let mut fields = collection(&store, "posts").to_json(Secrets::Hide)["fields"].take();
    for field in fields.as_array_mut().unwrap() {
        if field["name"] == "title" {
            field["hidden"] = true.into();
        }
    }
    update(&store, "posts", json!({ "fields": fields, "listRule": null, "indexes": [] })).unwrap();
    assert!(collection(&store, "v").field("title").unwrap().hidden);
    assert!(collection(&store, "w").field("t").unwrap().hidden);
}

#[test]
fn a_view_cannot_be_made_of_itself() {
    let store = blog();
    create(&store, json!({ "name": "v", "type": "view", "viewQuery": "select id from posts" }))
        .unwrap();
    create(&store, json!({ "name": "w", "type": "view", "viewQuery": "select id from v" }))
        .unwrap();
    for query in ["select id from v", "select id from w"] {
        let (_, data) = rejected(update(&store, "v", json!({ "viewQuery": query })));
        assert_eq!(data["viewQuery"]["code"], "validation_invalid_view_query", "{query}");
        assert_eq!(data["fields"]["code"], "validation_required", "{query}");
    }
}

#[test]
fn an_import_may_bring_a_view_and_what_it_needs() {
    let store = store();
    let definitions = json!([
        { "name": "v", "type": "view", "viewQuery": "select id, x, count(*) n from a group by x" },
        { "name": "a", "fields": [{ "name": "x", "type": "number" }] },
    ]);
    import(&store, definitions, false).unwrap();
    assert_eq!(field_names(&store, "v"), "id x n");
}

#[test]
fn bodies_of_the_wrong_shape_are_told_apart() {
    let store = store();
    assert_eq!(rejected(create(&store, json!({ "type": 1 }))).0, Failure::CollectionTypeFormat);
    assert_eq!(rejected(create(&store, json!({ "system": 1 }))).0, Failure::CollectionFormat);
    assert_eq!(
        rejected(update(&store, "users", json!({ "type": 1 }))).0,
        Failure::CollectionFormat
    );
    assert!(matches!(update(&store, "nobody", json!({})), Err(Error::NotFound)));
}

#[test]
fn a_unique_index_over_duplicates_is_refused_where_it_stands() {
    let store = blog();
    insert(&store, "authors", "a", &[]);
    for id in ["p", "q"] {
        insert(&store, "posts", id, &[("title", "same"), ("writer", "a")]);
    }
    let indexes = json!({ "indexes": [
        "CREATE INDEX idx_posts_title ON posts (title)",
        "CREATE UNIQUE INDEX idx_posts_unique ON posts (title)",
    ] });
    let (failure, data) = rejected(update(&store, "posts", indexes));
    assert_eq!(failure, Failure::UpdateCollection);
    assert_eq!(data["indexes"]["1"]["code"], "validation_invalid_index_expression");
    assert_eq!(collection(&store, "posts").indexes.len(), 1);
}

#[test]
fn deleting_is_refused_while_others_refer() {
    let store = blog();
    let refused = |result: Result<(), Error>| result.unwrap_err().to_string();
    assert_eq!(
        refused(drop_collection(&store, "authors")),
        "Failed to delete collection probably due to existing reference in posts"
    );
    assert_eq!(refused(drop_collection(&store, "_mfas")), "Failed to delete collection");
    assert!(matches!(drop_collection(&store, "nobody"), Err(Error::NotFound)));
    drop_collection(&store, "posts").unwrap();
    insert(&store, "authors", "a", &[]);
    let authors = collection(&store, "authors").id.clone();
    let row = [("collectionRef", authors.as_str()), ("recordRef", "a"), ("method", "otp")];
    insert(&store, "_mfas", "m", &row);
    insert(&store, "_mfas", "n", &[("collectionRef", "other"), ("recordRef", "a")]);
    drop_collection(&store, "authors").unwrap();
    assert!(store.snapshot().catalog().by_name("authors").is_none());
    assert_eq!(count(&store, "_mfas"), 1);
}

#[test]
fn truncating_takes_every_record_or_none() {
    let store = blog();
    insert(&store, "authors", "a", &[]);
    insert(&store, "authors", "b", &[("tokenKey", "x"), ("email", "b@c.de")]);
    insert(&store, "posts", "p", &[("writer", "b")]);
    let empty = |name: &'static str| run(&store, move |tx| truncate(tx, name).map(|_| ()));
    assert_eq!(rejected(empty("authors")).0, Failure::TruncateCollection);
    assert_eq!(count(&store, "authors"), 2);
    empty("posts").unwrap();
    empty("authors").unwrap();
    assert_eq!((count(&store, "posts"), count(&store, "authors")), (0, 0));
    create(&store, json!({ "name": "v", "type": "view", "viewQuery": "select 1 as id" })).unwrap();
    assert_eq!(rejected(empty("v")).0, Failure::TruncateView);
}

#[test]
fn collections_are_filtered_sorted_and_paged() {
    let store = blog();
    let snapshot = store.snapshot();
    let names = |filter: &str, sort: &str, page, per_page| {
        let params = ListParams {
            page,
            per_page,
            filter: filter.to_owned(),
            sort: sort.to_owned(),
            ..ListParams::default()
        };
        let page = list(snapshot.catalog(), &params).unwrap();
        let names: Vec<_> = page.collections.iter().map(|c| c.name.clone()).collect();
        (names.join(" "), page.total)
    };
    assert_eq!(
        names("", "", 0, 0),
        (
            "_mfas _otps _externalAuths _authOrigins _superusers users authors posts".to_owned(),
            Some(8)
        )
    );
    assert_eq!(
        names("type = 'auth' && system = false", "-name", 1, 10),
        ("users authors".to_owned(), Some(2))
    );
    assert_eq!(
        names("", "-@rowid", 2, 3),
        ("_superusers _authOrigins _externalAuths".to_owned(), Some(8))
    );
    assert_eq!(names("name ~ 'auth' && created > '2020-01-01'", "name", 1, 2).1, Some(3));
    for (filter, sort) in [("listRule = ''", ""), ("", "fields"), ("name =", "")] {
        let params = ListParams {
            filter: filter.to_owned(),
            sort: sort.to_owned(),
            ..ListParams::default()
        };
        assert!(matches!(list(snapshot.catalog(), &params), Err(Error::Filter(_))));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "callers hand over what json! made")]
fn import(store: &Store, definitions: Json, delete_missing: bool) -> Result<usize, Error> {
    let definitions = definitions.as_array().unwrap().iter().cloned().map(object).collect();
    let command = ImportCollections::new(definitions, delete_missing);
    run(store, move |tx| command.run(tx).map(|deleted| deleted.len()))
}

fn field_names(store: &Store, name: &str) -> String {
    let collection = collection(store, name);
    collection.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_import_makes_collections_that_speak_of_each_other() {
    let store = store();
    let definitions = json!([
        { "name": "a", "id": "aid", "listRule": "b_via_a.id != ''", "fields": [
            { "name": "b", "type": "relation", "collectionId": "bid" },
        ] },
        { "name": "b", "id": "bid", "listRule": "a.id != ''", "fields": [
            { "name": "a", "type": "relation", "collectionId": "aid" },
        ] },
    ]);
    assert_eq!(import(&store, definitions.clone(), false).unwrap(), 0);
    assert_eq!(field_names(&store, "a"), "id b");
    // Importing what is there already changes nothing.
    import(&store, definitions, false).unwrap();
    assert_eq!(store.snapshot().catalog().all().len(), 8);
}

#[test]
fn an_import_keeps_what_it_leaves_out_unless_told_otherwise() {
    let store = blog();
    insert(&store, "authors", "a", &[("nick", "ann")]);
    let more = json!([{ "name": "authors", "viewRule": null, "fields": [{ "name": "age", "type": "number" }] }]);
    import(&store, more.clone(), false).unwrap();
    let fields = "id age nick password tokenKey email emailVisibility verified";
    assert_eq!(field_names(&store, "authors"), fields);
    assert_eq!(import(&store, more, true).unwrap(), 2, "posts and users");
    let fields = "id age password tokenKey email emailVisibility verified";
    assert_eq!(field_names(&store, "authors"), fields);
    assert_eq!(count(&store, "authors"), 1);
}

#[test]
fn an_import_renames_by_id_and_everybody_follows() {
    let store = blog();
    let mut posts = collection(&store, "posts").to_json(Secrets::Hide);
    posts["name"] = "articles".into();
    posts["fields"][1]["name"] = "headline".into();
    import(&store, json!([posts]), false).unwrap();
    let authors = collection(&store, "authors");
    assert_eq!(authors.rules.view.as_deref(), Some("articles_via_writer.headline != ''"));
}

#[test]
fn an_import_fails_as_a_whole() {
    let store = blog();
    let definitions = json!([{ "name": "good" }, { "name": "bad", "listRule": "nope = 1" }]);
    let (failure, data) = rejected(import(&store, definitions, true));
    assert_eq!(failure, Failure::ImportCollections);
    assert_eq!(data["collections"]["code"], "validation_collections_import_failure");
    let message = data["collections"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Data validations failed for collection \"bad\" (pbc_"),
        "{message}"
    );
    assert!(message.contains("validation_invalid_rule"), "{message}");
    assert!(store.snapshot().catalog().by_name("good").is_none());
    assert!(store.snapshot().catalog().by_name("posts").is_some());
    let (failure, data) = rejected(import(&store, json!([]), false));
    assert_eq!(
        (failure, data["collections"]["code"].as_str()),
        (Failure::Form, Some("validation_required"))
    );
    let twice = json!([{ "name": "x", "id": "one" }, { "name": "y", "id": "one" }]);
    assert_eq!(rejected(import(&store, twice, false)).0, Failure::ImportCollections);
    let twice = json!([{ "name": "x", "id": "one" }, { "name": "X", "id": "two" }]);
    assert_eq!(rejected(import(&store, twice, false)).0, Failure::ImportCollections);
}
