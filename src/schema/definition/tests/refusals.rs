use serde_json::{Value as Json, json};

use super::*;

/// A body, then the path and the code of what is wrong with it, then the message. `<101>` stands
/// for a text of 101 bytes.
const REFUSALS: &str = include_str!("refusals.txt");

#[test]
fn definitions_are_refused_with_codes_and_messages() {
    let long = |text: &str| {
        [101, 256, 301].iter().fold(text.to_owned(), |text, length| {
            text.replace(&format!("<{length}>"), &"x".repeat(*length))
        })
    };
    for case in REFUSALS.split("\n\n") {
        let mut lines = case.lines().map(str::trim);
        let body = serde_json::from_str(&long(lines.next().unwrap())).unwrap();
        let (path, code) = lines.next().unwrap().split_once(": ").unwrap();
        let data = violations(create_in(&catalog_with(Vec::new()), body));
        assert_only(&data, path, code, lines.next().unwrap());
    }
}

#[test]
fn several_violations_come_together() {
    let data = violations(create_in(
        &catalog_with(Vec::new()),
        json!({ "name": "", "listRule": "bad", "indexes": ["x"], "fields": [
            { "type": "email", "name": "a", "onlyDomains": ["a.com"], "exceptDomains": ["b.com"] },
            { "type": "autodate", "name": "b" },
        ] }),
    ));
    assert_eq!(data["name"]["code"], "validation_required");
    assert_eq!(data["listRule"]["code"], "validation_invalid_rule");
    assert_eq!(data["indexes"]["0"]["code"], "validation_invalid_index_expression");
    assert_eq!(data["fields"]["1"]["onlyDomains"]["code"], "validation_empty");
    assert_eq!(data["fields"]["1"]["exceptDomains"]["message"], "Must be blank.");
    let message = "Either onCreate or onUpdate must be enabled.";
    assert_eq!(data["fields"]["2"]["onCreate"]["message"], message);
    assert_eq!(data["fields"]["2"]["onUpdate"]["code"], "validation_required");
}

#[test]
fn the_id_is_the_only_primary_key() {
    let data = violations(create_in(
        &catalog_with(Vec::new()),
        with_field(json!({ "type": "text", "name": "a", "primaryKey": true, "hidden": true })),
    ));
    let a = &data["fields"]["1"];
    assert_eq!(a["name"]["message"], "The primary key must be named \"id\".");
    assert_eq!(a["name"]["code"], "validation_in_invalid");
    let message = "Composite PKs are not supported and the collection must have only 1 PK.";
    assert_eq!(a["primaryKey"]["message"], message);
    assert_eq!(a["primaryKey"]["code"], "validation_unsupported_composite_pk");
    assert_eq!(a["pattern"]["code"], "validation_required");
    assert_eq!(a["hidden"]["code"], "validation_empty");
    assert_eq!(a["required"]["code"], "validation_required");
}

#[test]
fn patterns_for_values_are_tried() {
    let refused = |field: Json| {
        let data = violations(create_in(&catalog_with(Vec::new()), with_field(field)));
        data["fields"]["1"]["autogeneratePattern"].clone()
    };
    let found = refused(json!({
        "type": "text", "name": "a", "autogeneratePattern": "[a]{3}", "min": 5,
    }));
    assert_eq!(found["code"], "validation_invalid_autogenerate_pattern_value");
    assert_eq!(
        found["message"],
        "The provided autogenerate pattern could produce invalid field values, ex.: \"aaa\"."
    );
    let found = refused(json!({ "type": "text", "name": "a", "autogeneratePattern": "^a" }));
    assert_eq!(found["code"], "validation_invalid_autogenerate_pattern");
    let found = refused(json!({ "type": "text", "name": "a", "autogeneratePattern": "a(" }));
    assert_eq!(found["code"], "validation_invalid_regex");
}

#[test]
fn views_need_a_query() {
    let data = violations(create_in(
        &catalog_with(Vec::new()),
        json!({ "name": "v", "type": "view", "viewQuery": "delete from users" }),
    ));
    assert_eq!(data["viewQuery"]["code"], "validation_invalid_view_query");
    assert_eq!(data["fields"]["code"], "validation_required");
}

#[test]
fn wrong_shapes_are_named() {
    for (body, path) in [
        (json!({ "name": 1 }), "name: expected a string"),
        (json!({ "type": [] }), "type: expected a string"),
        (json!({ "fields": {} }), "fields: expected a list"),
        (json!({ "fields": [1] }), "fields.0: expected an object"),
        (
            json!({ "fields": [{ "type": "vector" }] }),
            "fields.0.type: expected the name of a field type",
        ),
        (
            json!({ "fields": [{ "type": "text", "min": "1" }] }),
            "fields.0.min: expected a whole number",
        ),
        (json!({ "fields": vec![0; 1001] }), "fields: expected no more than 1000 fields"),
        (json!({ "indexes": [1] }), "indexes: expected a list of strings or null"),
        (json!({ "listRule": 5 }), "listRule: expected a string or null"),
        (
            json!({ "type": "auth", "otp": { "emailTemplate": { "body": 1 } } }),
            "otp.emailTemplate.body: expected a string",
        ),
        (
            json!({ "type": "auth", "oauth2": { "providers": [{ "name": 1 }] } }),
            "oauth2.providers.0.name: expected a string",
        ),
    ] {
        let error = create_in(&catalog_with(Vec::new()), body).unwrap_err();
        assert_eq!(error.to_string(), path);
    }
}
