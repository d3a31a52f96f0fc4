use serde_json::{Value as Json, json};

use crate::model::Slot;
use crate::schema::{Draft, Secrets, renames};

use super::*;

#[test]
fn updates_replace_what_they_name_and_keep_the_rest() {
    let old = posts();
    let new = updated(&old, json!({ "listRule": null, "viewRule": "", "system": null })).unwrap();
    assert_eq!(new.rules.list, None);
    assert_eq!(new.rules.view.as_deref(), Some(""));
    assert_eq!(new.fields, old.fields);
    assert_eq!(new.indexes, old.indexes);
    let new = updated(
        &old,
        json!({ "fields": [{ "name": "title", "type": "text", "id": "t1" },
        { "name": "extra", "type": "bool" }, { "name": "stamp", "type": "autodate",
        "onCreate": true, "system": true, "id": "d1" }], "indexes": [] }),
    );
    let new = new.unwrap();
    assert_eq!(field_json(&new, "title")["max"], 0);
    assert_eq!(new.field("title").unwrap().slot, old.field("title").unwrap().slot);
    assert_eq!(new.field("extra").unwrap().slot, Slot(old.next_slot));
    assert_eq!(new.next_slot, old.next_slot + 1);
    assert!(new.indexes.is_empty() && new.field("state").is_none());
}

#[test]
fn a_dropped_and_remade_field_gets_a_new_slot() {
    let old = posts();
    let fields = |id: &str| {
        json!({ "indexes": [], "fields": [
            { "name": "title", "type": "text", "id": id },
            { "name": "stamp", "type": "autodate", "onCreate": true, "system": true, "id": "d1" },
        ] })
    };
    let new = updated(&old, fields("t2")).unwrap();
    assert_ne!(new.field("title").unwrap().slot, old.field("title").unwrap().slot);
    let new = updated(&old, fields("")).unwrap();
    assert_eq!(new.field("title").unwrap().slot, old.field("title").unwrap().slot);
    assert_eq!(new.field("title").unwrap().id, "t1");
}

#[test]
fn indexes_keep_their_number_until_their_entries_change() {
    let old = posts();
    let numbers = |c: &Collection| c.indexes.iter().map(|i| i.number.0).collect::<Vec<_>>();
    assert_eq!(numbers(&old), [0, 1]);
    let new = updated(
        &old,
        json!({ "indexes": [
            "CREATE UNIQUE INDEX renamed ON posts (state DESC)",
            "CREATE INDEX idx_posts_title ON posts (title COLLATE NOCASE) WHERE state != 'a'",
        ] }),
    );
    let new = new.unwrap();
    assert_eq!(numbers(&new), [1, 2]);
    assert_eq!(new.next_index, 3);
    let mut fields = old.to_json(Secrets::Hide)["fields"].clone();
    fields[2]["maxSelect"] = 2.into();
    let new = updated(&old, json!({ "fields": fields })).unwrap();
    assert_eq!(numbers(&new), [2, 3], "both read a field that now holds lists");
}

#[test]
fn indexes_follow_renames() {
    let old = posts();
    let mut fields = old.to_json(Secrets::Hide)["fields"].clone();
    fields[1]["name"] = "headline".into();
    fields[2]["name"] = "status".into();
    let new = updated(&old, json!({ "name": "articles", "fields": fields.clone() })).unwrap();
    assert_eq!(
        new.indexes[0].text,
        "CREATE INDEX `idx_posts_title` ON `articles` (`headline` COLLATE NOCASE) \
         WHERE `status` != 'b'"
    );
    assert_eq!(new.indexes[0].columns, old.indexes[0].columns);
    assert_eq!(new.indexes[0].number, old.indexes[0].number);
    let renames = renames(&old, &new);
    assert_eq!(renames.collection, Some(("posts".to_owned(), "articles".to_owned())));
    assert_eq!(renames.field("title"), Some("headline"));
    // Names may be swapped.
    fields[1]["name"] = "state".into();
    fields[2]["name"] = "title".into();
    let new = updated(&old, json!({ "fields": fields })).unwrap();
    assert_eq!(
        new.indexes[0].text,
        "CREATE INDEX `idx_posts_title` ON `posts` (`state` COLLATE NOCASE) WHERE `title` != 'b'"
    );
    assert_eq!(new.indexes[0].columns, old.indexes[0].columns);
}

#[test]
fn an_index_over_a_dropped_field_is_refused() {
    let old = posts();
    let mut fields = old.to_json(Secrets::Hide)["fields"].clone();
    fields.as_array_mut().unwrap().remove(1);
    let data = violations(updated(&old, json!({ "fields": fields })));
    assert_only(
        &data,
        "indexes.0",
        "validation_invalid_index_expression",
        "Failed to create index idx_posts_title - no such column: title.",
    );
}
#[test]
fn what_cannot_change_is_refused() {
    let old = posts();
    let fields = old.to_json(Secrets::Hide)["fields"].clone();
    let with = |at: usize, key: &str, value: Json| {
        let mut fields = fields.clone();
        fields[at][key] = value;
        json!({ "fields": fields, "indexes": [] })
    };
    let without_stamp = {
        let mut fields = fields.clone();
        fields.as_array_mut().unwrap().remove(3);
        json!({ "fields": fields })
    };
    let system_field = "System fields cannot be deleted or renamed.";
    for (body, path, code, message) in [
        (json!({ "id": "other" }), "id", "validation_values_mismatch", "Values don't match."),
        (
            json!({ "type": "auth" }),
            "type",
            "validation_collection_type_change",
            "Collection type cannot be changed.",
        ),
        (
            json!({ "system": true }),
            "system",
            "validation_collection_system_flag_change",
            "System collection state cannot be changed.",
        ),
        (with(3, "name", "other".into()), "fields", "validation_system_field_change", system_field),
        (without_stamp, "fields", "validation_system_field_change", system_field),
        (
            with(1, "type", "editor".into()),
            "fields.1",
            "validation_field_type_change",
            "Field type cannot be changed.",
        ),
        (
            with(1, "id", "d1x".into())
                .as_object()
                .map(|o| {
                    let mut o = o.clone();
                    o["fields"][2]["id"] = "d1x".into();
                    o["fields"][2]["type"] = "bool".into();
                    o["fields"][2]["name"] = "title".into();
                    Json::Object(o)
                })
                .unwrap(),
            "fields.2",
            "",
            "",
        ),
        (
            with(3, "onUpdate", true.into()),
            "fields.3.onUpdate",
            "validation_values_mismatch",
            "Values don't match.",
        ),
        (
            with(4, "collectionId", old.id.as_str().into()),
            "fields.4.collectionId",
            "validation_field_relation_change",
            "The relation collection cannot be changed.",
        ),
    ] {
        if code.is_empty() {
            // Two entries with one id: the later one takes the place of the earlier one.
            assert_eq!(updated(&old, body).unwrap().fields.len(), 4);
            continue;
        }
        assert_only(&violations(updated(&old, body)), path, code, message);
    }
}
#[test]
fn rules_can_be_rewritten_before_the_check() {
    let old = posts();
    let mut draft = Draft::update(&old, &object(json!({ "listRule": "bad" })), now()).unwrap();
    for rule in draft.rules_mut() {
        *rule = rule.replace("bad", "good");
    }
    let new = draft.check(&catalog_with(vec![old.clone()]), &check_rule).unwrap();
    assert_eq!(new.rules.list.as_deref(), Some("good"));
}
