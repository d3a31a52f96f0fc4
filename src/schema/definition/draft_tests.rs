//! What bodies become, and why others are refused.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::model::{Slot, Timestamp};
use crate::schema::system::initial_collections;
use crate::schema::{
    Catalog, Collection, DefinitionError, Draft, Secrets, create_from_body, update_from_body,
};

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

/// Rules that start with `bad` do not compile.
fn check_rule(_: &Collection, rule: &str) -> Result<(), String> {
    if rule.starts_with("bad") {
        Err("unknown field \"bad\"".to_owned())
    } else {
        Ok(())
    }
}

fn catalog_with(more: Vec<Collection>) -> Catalog {
    Catalog::new(
        1,
        initial_collections(now())
            .into_iter()
            .chain(more)
            .map(Arc::new)
            .collect(),
    )
}

fn create_in(catalog: &Catalog, body: Json) -> Result<Collection, DefinitionError> {
    create_from_body(catalog, &object(body), now(), &check_rule)
}

fn created(body: Json) -> Collection {
    create_in(&catalog_with(Vec::new()), body).unwrap()
}

fn updated(old: &Collection, body: Json) -> Result<Collection, DefinitionError> {
    let catalog = catalog_with(vec![old.clone()]);
    update_from_body(&catalog, old, &object(body), now(), &check_rule)
}

fn violations<T: std::fmt::Debug>(result: Result<T, DefinitionError>) -> Json {
    match result.unwrap_err() {
        DefinitionError::Invalid(violations) => violations.to_json(),
        DefinitionError::Format(error) => panic!("wrong format: {error}"),
    }
}

/// Asserts that `data` has this violation at a path such as `fields.1.name`, and nothing else.
#[track_caller]
fn assert_only(data: &Json, path: &str, code: &str, message: &str) {
    let mut expected = json!({ "code": code, "message": message });
    let mut at = data;
    for name in path.split('.') {
        assert_eq!(at.as_object().map(Map::len), Some(1), "{data}");
        at = &at[name];
    }
    if let Some(params) = at.get("params") {
        expected["params"] = params.clone();
    }
    assert_eq!(at, &expected, "{data}");
}

fn with_field(field: Json) -> Json {
    json!({ "name": "things", "fields": [field] })
}

fn field_json(collection: &Collection, name: &str) -> Json {
    collection.field(name).unwrap().to_json()
}

#[test]
fn a_name_is_enough() {
    let things = created(json!({ "name": "things" }));
    assert_eq!(things.type_name(), "base");
    assert_eq!(
        things.id.as_str(),
        format!("pbc_{}", crc32fast::hash(b"basethings"))
    );
    assert_eq!(things.fields.len(), 1);
    assert_eq!(things.fields[0].id, "text3208210256");
    assert_eq!((things.created, things.updated), (now(), now()));
}

#[test]
fn taken_ids_get_a_number() {
    let catalog = catalog_with(vec![created(json!({ "name": "things" }))]);
    let other = Draft::create(&catalog, &object(json!({ "name": "things" })), now()).unwrap();
    assert_eq!(
        other.collection().id.as_str(),
        format!("pbc_{}2", crc32fast::hash(b"basethings"))
    );
}

#[test]
fn auth_collections_get_their_fields_indexes_and_secrets() {
    let body = json!({
        "name": "members", "type": "auth", "emailChangeToken": { "duration": 123 },
        "fields": [{ "name": "nick", "type": "text" }, { "name": "email", "type": "email" }],
        "oauth2": { "mappedFields": { "name": "nick", "username": "missing" } },
        "passwordAuth": { "identityFields": ["email", "email"] },
    });
    let members = created(body);
    let names: Vec<_> = members
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "id",
            "nick",
            "email",
            "password",
            "tokenKey",
            "emailVisibility",
            "verified"
        ]
    );
    let slots: Vec<_> = members.fields.iter().map(|field| field.slot.0).collect();
    assert_eq!(slots, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(members.next_slot, 7);
    let id = &members.id;
    assert_eq!(
        members.indexes[0].text,
        format!("CREATE UNIQUE INDEX `idx_tokenKey_{id}` ON `members` (`tokenKey`)")
    );
    assert_eq!(
        members.indexes[1].text,
        format!("CREATE UNIQUE INDEX `idx_email_{id}` ON `members` (`email`) WHERE `email` != ''")
    );
    assert!(members.field("email").unwrap().system);
    let auth = members.auth().unwrap();
    assert_eq!(auth.email_change_token.duration, 123);
    assert_eq!(auth.email_change_token.secret.len(), 50);
    assert_eq!(auth.oauth2.mapped_name, "nick");
    assert_eq!(auth.oauth2.mapped_username, "");
    assert_eq!(auth.password_auth.identity_fields, ["email"]);
}

#[test]
fn what_the_server_demands_of_mandatory_fields_is_put_back() {
    let body = json!({
        "name": "members", "type": "auth",
        "fields": [
            { "name": "password", "type": "password", "hidden": false, "min": 12 },
            { "name": "id", "type": "text", "min": 5, "max": 30, "hidden": true },
            { "name": "email", "type": "text", "id": "custom" },
        ],
    });
    let members = created(body);
    let password = field_json(&members, "password");
    assert_eq!(password["hidden"], true);
    assert_eq!(
        (&password["required"], &password["min"]),
        (&true.into(), &12.into())
    );
    let id = field_json(&members, "id");
    assert_eq!(members.fields[0].name, "id");
    assert_eq!(
        (&id["hidden"], &id["primaryKey"]),
        (&false.into(), &true.into())
    );
    assert_eq!(id["pattern"], "^[a-z0-9]+$");
    let email = field_json(&members, "email");
    assert_eq!(
        (&email["type"], &email["id"]),
        (&"email".into(), &"custom".into())
    );
}

#[test]
fn definitions_are_refused_with_codes_and_messages() {
    let in_list = "Must not be in list.";
    let format = "Must be in a valid format.";
    let long = "x".repeat(101);
    let range = "The length must be between 1 and 100.";
    let no_less = "validation_min_greater_equal_than_required";
    let no_more = "validation_max_less_equal_than_required";
    let cases = [
        (json!({}), "name", "validation_required", "Cannot be blank."),
        (
            json!({ "name": "a b" }),
            "name",
            "validation_match_invalid",
            format,
        ),
        (
            json!({ "name": "a_VIA_b" }),
            "name",
            "validation_found_via",
            "The value cannot contain \"_via_\".",
        ),
        (
            json!({ "name": "x".repeat(256) }),
            "name",
            "validation_length_out_of_range",
            "The length must be between 1 and 255.",
        ),
        (
            json!({ "name": "USERS" }),
            "name",
            "validation_collection_name_exists",
            "Collection name must be unique (case insensitive).",
        ),
        (
            json!({ "name": "_pb_users_auth_" }),
            "name",
            "validation_collection_name_id_duplicate",
            "The name must not match an existing collection id.",
        ),
        (
            json!({ "name": "_params" }),
            "name",
            "validation_collection_name_invalid",
            "The name shouldn't match with an existing internal table.",
        ),
        (
            json!({ "name": "a", "type": "unknown" }),
            "type",
            "validation_in_invalid",
            "Must be a valid value.",
        ),
        (
            json!({ "name": "a", "id": "_pb_users_auth_" }),
            "id",
            "validation_invalid_or_existing_id",
            "The model id is invalid or already exists.",
        ),
        (
            json!({ "name": "a", "id": "a-b" }),
            "id",
            "validation_match_invalid",
            format,
        ),
        (
            json!({ "name": "a", "id": long }),
            "id",
            "validation_length_out_of_range",
            range,
        ),
        (
            json!({ "name": "a", "listRule": "bad" }),
            "listRule",
            "validation_invalid_rule",
            "Invalid rule. Raw error: unknown field \"bad\".",
        ),
        (
            json!({ "name": "a", "type": "view", "viewQuery": "select 1", "createRule": "" }),
            "createRule",
            "validation_nil",
            "Must be blank.",
        ),
        (
            json!({ "name": "a", "fields": [
                { "name": "b", "type": "text" }, { "name": "B", "type": "bool" },
            ] }),
            "fields.2.name",
            "validation_duplicated_field_name",
            "Duplicated or invalid field name B.",
        ),
        (
            json!({ "name": "a", "type": "auth", "fields": [
                { "name": "oldPassword", "type": "text" },
            ] }),
            "fields.1.name",
            "validation_reserved_field_name",
            "The field name is reserved and cannot be used.",
        ),
        (
            with_field(json!({ "type": "text" })),
            "fields.1.name",
            "validation_required",
            "Cannot be blank.",
        ),
        (
            with_field(json!({ "type": "text", "name": "expand" })),
            "fields.1.name",
            "validation_not_in_invalid",
            in_list,
        ),
        (
            with_field(json!({ "type": "bool", "name": "é" })),
            "fields.1.name",
            "validation_match_invalid",
            format,
        ),
        (
            with_field(json!({ "type": "bool", "name": "a_via_b" })),
            "fields.1.name",
            "validation_found_via",
            "The value cannot contain \"_via_\".",
        ),
        (
            with_field(json!({ "type": "bool", "name": "a", "id": long })),
            "fields.1.id",
            "validation_length_out_of_range",
            range,
        ),
        (
            with_field(json!({ "type": "bool", "name": "a", "help": "x".repeat(301) })),
            "fields.1.help",
            "validation_length_out_of_range",
            "The length must be between 1 and 300.",
        ),
        (
            with_field(json!({ "type": "text", "name": "a", "min": -1 })),
            "fields.1.min",
            no_less,
            "Must be no less than 0.",
        ),
        (
            with_field(json!({ "type": "text", "name": "a", "min": 5, "max": 3 })),
            "fields.1.max",
            no_less,
            "Must be no less than 5.",
        ),
        (
            with_field(json!({ "type": "text", "name": "a", "max": 9_007_199_254_740_992i64 })),
            "fields.1.max",
            no_more,
            "Must be no greater than 9007199254740991.",
        ),
        (
            with_field(json!({ "type": "text", "name": "a", "pattern": "a(b" })),
            "fields.1.pattern",
            "validation_invalid_regex",
            "Error parsing regexp: unclosed group: `a(b`.",
        ),
        (
            with_field(json!({ "type": "editor", "name": "a", "maxSize": -1 })),
            "fields.1.maxSize",
            no_less,
            "Must be no less than 0.",
        ),
        (
            with_field(json!({ "type": "json", "name": "a", "maxSize": -5 })),
            "fields.1.maxSize",
            no_less,
            "Must be no less than 0.",
        ),
        (
            with_field(json!({ "type": "number", "name": "a", "min": 2, "max": 1 })),
            "fields.1.max",
            "validation_min_number_constraint",
            "Must be greater or equal than 2.",
        ),
        (
            with_field(json!({ "type": "number", "name": "a", "min": 2.5, "onlyInt": true })),
            "fields.1.min",
            "validation_only_int_constraint",
            "Decimal numbers are not allowed.",
        ),
        (
            with_field(json!({ "type": "email", "name": "a", "onlyDomains": ["a.com", "b"] })),
            "fields.1.onlyDomains.1",
            "validation_is_domain",
            "Must be a valid domain.",
        ),
        (
            with_field(json!({
                "type": "date", "name": "a",
                "min": "2024-01-02 00:00:00.000Z", "max": "2024-01-01 00:00:00.000Z",
            })),
            "fields.1.max",
            "validation_date_out_of_range",
            "The date is out of range.",
        ),
        (
            with_field(json!({ "type": "select", "name": "a" })),
            "fields.1.values",
            "validation_required",
            "Cannot be blank.",
        ),
        (
            with_field(json!({ "type": "select", "name": "a", "values": ["x"], "maxSelect": 2 })),
            "fields.1.maxSelect",
            no_more,
            "Must be no greater than 1.",
        ),
        (
            with_field(json!({ "type": "file", "name": "a", "maxSelect": -1 })),
            "fields.1.maxSelect",
            no_less,
            "Must be no less than 0.",
        ),
        (
            with_field(json!({ "type": "file", "name": "a", "thumbs": ["1x1", "0x0t"] })),
            "fields.1.thumbs.1",
            "validation_not_in_invalid",
            in_list,
        ),
        (
            with_field(json!({ "type": "file", "name": "a", "thumbs": ["1x"] })),
            "fields.1.thumbs.0",
            "validation_match_invalid",
            format,
        ),
        (
            with_field(json!({ "type": "relation", "name": "a" })),
            "fields.1.collectionId",
            "validation_required",
            "Cannot be blank.",
        ),
        (
            with_field(json!({ "type": "relation", "name": "a", "collectionId": "users" })),
            "fields.1.collectionId",
            "validation_field_relation_missing_collection",
            "The relation collection doesn't exist.",
        ),
        (
            with_field(json!({
                "type": "relation", "name": "a", "collectionId": "_pb_users_auth_", "minSelect": 2,
            })),
            "fields.1.maxSelect",
            "validation_required",
            "Cannot be blank.",
        ),
        (
            with_field(json!({
                "type": "relation", "name": "a", "collectionId": "_pb_users_auth_",
                "minSelect": 2, "maxSelect": 1,
            })),
            "fields.1.maxSelect",
            no_less,
            "Must be no less than 2.",
        ),
        (
            with_field(json!({ "type": "password", "name": "a", "max": 72 })),
            "fields.1.max",
            no_more,
            "Must be no greater than 71.",
        ),
        (
            with_field(json!({ "type": "password", "name": "a", "cost": 3 })),
            "fields.1.cost",
            no_less,
            "Must be no less than 4.",
        ),
        (
            json!({ "name": "a", "type": "view", "viewQuery": "select 1", "indexes": ["x"] }),
            "indexes",
            "validation_indexes_not_supported",
            "View collections don't support indexes.",
        ),
        (
            json!({ "name": "a", "indexes": ["x"] }),
            "indexes.0",
            "validation_invalid_index_expression",
            "Invalid CREATE INDEX expression.",
        ),
        (
            json!({ "name": "a", "indexes": ["create index i on a (lower(id))"] }),
            "indexes.0",
            "validation_invalid_index_expression",
            "Failed to create index i - expressions are not supported: lower(id).",
        ),
        (
            json!({ "name": "a", "indexes": [
                "create index i on a (id)", "create unique index I on a (id)",
            ] }),
            "indexes.1",
            "validation_duplicated_index_name",
            "The index name already exists.",
        ),
        (
            json!({ "name": "a", "indexes": [
                "create index i on a (id)", "create index j on a (`id`)",
            ] }),
            "indexes.1",
            "validation_duplicated_index_definition",
            "The index definition already exists.",
        ),
        (
            json!({ "name": "a", "indexes": ["create index idx_email__pb_USERS_auth_ on a (id)"] }),
            "indexes.0",
            "validation_existing_index_name",
            "The index name is already used in users collection.",
        ),
    ];
    for (body, path, code, message) in cases {
        let data = violations(create_in(&catalog_with(Vec::new()), body));
        assert_only(&data, path, code, message);
    }
}

#[test]
fn auth_options_are_refused_with_codes_and_messages() {
    let blank = "Cannot be blank.";
    let provider = |name: &str| json!({ "name": name, "clientId": "a", "clientSecret": "b" });
    let cases = [
        (
            json!({ "manageRule": "" }),
            "manageRule",
            "validation_nil_or_not_empty_required",
            blank,
        ),
        (
            json!({ "authRule": "bad" }),
            "authRule",
            "validation_invalid_rule",
            "Invalid rule. Raw error: unknown field \"bad\".",
        ),
        (
            json!({ "authAlert": { "emailTemplate": { "subject": "" } } }),
            "authAlert.emailTemplate.subject",
            "validation_required",
            blank,
        ),
        (
            json!({ "verificationTemplate": { "subject": "", "body": "" } }),
            "verificationTemplate",
            "validation_required",
            blank,
        ),
        (
            json!({ "fileToken": { "secret": "short" } }),
            "fileToken.secret",
            "validation_length_out_of_range",
            "The length must be between 30 and 255.",
        ),
        (
            json!({ "fileToken": { "duration": 9 } }),
            "fileToken.duration",
            "validation_min_greater_equal_than_required",
            "Must be no less than 10.",
        ),
        (
            json!({ "authToken": { "duration": 94_670_857 } }),
            "authToken.duration",
            "validation_max_less_equal_than_required",
            "Must be no greater than 94670856.",
        ),
        (
            json!({ "otp": { "enabled": true, "length": 3 } }),
            "otp.length",
            "validation_min_greater_equal_than_required",
            "Must be no less than 4.",
        ),
        (
            json!({ "mfa": { "enabled": true, "duration": 0 } }),
            "mfa.duration",
            "validation_required",
            blank,
        ),
        (
            json!({ "mfa": { "enabled": true } }),
            "mfa.enabled",
            "validation_mfa_not_enough_auths",
            "MFA requires at least 2 auth methods to be enabled.",
        ),
        (
            json!({ "mfa": { "enabled": true, "rule": "bad" }, "otp": { "enabled": true } }),
            "mfa.rule",
            "validation_invalid_rule",
            "Invalid rule. Raw error: unknown field \"bad\".",
        ),
        (
            json!({ "passwordAuth": { "identityFields": [] } }),
            "passwordAuth.identityFields",
            "validation_required",
            blank,
        ),
        (
            json!({ "passwordAuth": { "identityFields": ["nick"] } }),
            "passwordAuth.identityFields",
            "validation_missing_field",
            "Invalid or missing field nick.",
        ),
        (
            json!({ "passwordAuth": { "identityFields": ["id"] } }),
            "passwordAuth.identityFields",
            "validation_missing_unique_constraint",
            "The field id doesn't have a UNIQUE constraint.",
        ),
        (
            json!({ "oauth2": { "enabled": true, "providers": [
                provider("google"), provider("google"),
            ] } }),
            "oauth2.providers.1.name",
            "validation_duplicated_provider",
            "The provider google is already registered.",
        ),
        (
            json!({ "oauth2": { "enabled": true, "providers": [provider("acme")] } }),
            "oauth2.providers.0.name",
            "validation_missing_provider",
            "Invalid or missing provider with name acme.",
        ),
        (
            json!({ "oauth2": { "enabled": true, "providers": [
                { "name": "google", "clientId": "a" },
            ] } }),
            "oauth2.providers.0.clientSecret",
            "validation_required",
            blank,
        ),
        (
            json!({ "oauth2": { "enabled": true, "providers": [
                { "name": "google", "clientId": "a", "clientSecret": "b", "authURL": "x y" },
            ] } }),
            "oauth2.providers.0.authURL",
            "validation_is_url",
            "Must be a valid URL.",
        ),
    ];
    for (options, path, code, message) in cases {
        let mut body = json!({ "name": "members", "type": "auth" });
        body.as_object_mut().unwrap().extend(object(options));
        let data = violations(create_in(&catalog_with(Vec::new()), body));
        assert_only(&data, path, code, message);
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
    assert_eq!(
        data["indexes"]["0"]["code"],
        "validation_invalid_index_expression"
    );
    assert_eq!(
        data["fields"]["1"]["onlyDomains"]["code"],
        "validation_empty"
    );
    assert_eq!(
        data["fields"]["1"]["exceptDomains"]["message"],
        "Must be blank."
    );
    let message = "Either onCreate or onUpdate must be enabled.";
    assert_eq!(data["fields"]["2"]["onCreate"]["message"], message);
    assert_eq!(
        data["fields"]["2"]["onUpdate"]["code"],
        "validation_required"
    );
}

#[test]
fn the_id_is_the_only_primary_key() {
    let data = violations(create_in(
        &catalog_with(Vec::new()),
        with_field(json!({ "type": "text", "name": "a", "primaryKey": true, "hidden": true })),
    ));
    let a = &data["fields"]["1"];
    assert_eq!(
        a["name"]["message"],
        "The primary key must be named \"id\"."
    );
    assert_eq!(a["name"]["code"], "validation_in_invalid");
    let message = "Composite PKs are not supported and the collection must have only 1 PK.";
    assert_eq!(a["primaryKey"]["message"], message);
    assert_eq!(
        a["primaryKey"]["code"],
        "validation_unsupported_composite_pk"
    );
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
    assert_eq!(
        found["code"],
        "validation_invalid_autogenerate_pattern_value"
    );
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
        (
            json!({ "indexes": [1] }),
            "indexes: expected a list of strings or null",
        ),
        (
            json!({ "listRule": 5 }),
            "listRule: expected a string or null",
        ),
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

/// A collection with a bit of everything.
fn posts() -> Collection {
    created(json!({
        "name": "posts", "listRule": "title != ''", "fields": [
            { "name": "title", "type": "text", "max": 100, "id": "t1" },
            { "name": "state", "type": "select", "values": ["a", "b"], "id": "s1" },
            { "name": "stamp", "type": "autodate", "onCreate": true, "system": true, "id": "d1" },
            { "name": "author", "type": "relation", "collectionId": "_pb_users_auth_" },
        ],
        "indexes": [
            "CREATE INDEX idx_posts_title ON posts (title COLLATE NOCASE) WHERE state != 'b'",
            "create unique index idx_posts_state on posts (state)",
        ],
    }))
}

#[test]
fn updates_replace_what_they_name_and_keep_the_rest() {
    let old = posts();
    let new = updated(
        &old,
        json!({ "listRule": null, "viewRule": "", "system": null }),
    )
    .unwrap();
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
    assert_eq!(
        new.field("title").unwrap().slot,
        old.field("title").unwrap().slot
    );
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
    assert_ne!(
        new.field("title").unwrap().slot,
        old.field("title").unwrap().slot
    );
    let new = updated(&old, fields("")).unwrap();
    assert_eq!(
        new.field("title").unwrap().slot,
        old.field("title").unwrap().slot
    );
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
    assert_eq!(
        numbers(&new),
        [2, 3],
        "both read a field that now holds lists"
    );
}

#[test]
fn indexes_follow_renames() {
    let old = posts();
    let mut fields = old.to_json(Secrets::Hide)["fields"].clone();
    fields[1]["name"] = "headline".into();
    fields[2]["name"] = "status".into();
    let new = updated(
        &old,
        json!({ "name": "articles", "fields": fields.clone() }),
    )
    .unwrap();
    assert_eq!(
        new.indexes[0].text,
        "CREATE INDEX `idx_posts_title` ON `articles` (`headline` COLLATE NOCASE) \
         WHERE `status` != 'b'"
    );
    assert_eq!(new.indexes[0].columns, old.indexes[0].columns);
    assert_eq!(new.indexes[0].number, old.indexes[0].number);
    let renames = super::renames(&old, &new);
    assert_eq!(
        renames.collection,
        Some(("posts".to_owned(), "articles".to_owned()))
    );
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
        (
            json!({ "id": "other" }),
            "id",
            "validation_values_mismatch",
            "Values don't match.",
        ),
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
        (
            with(3, "name", "other".into()),
            "fields",
            "validation_system_field_change",
            system_field,
        ),
        (
            without_stamp,
            "fields",
            "validation_system_field_change",
            system_field,
        ),
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

fn initial(name: &str) -> Collection {
    initial_collections(now())
        .into_iter()
        .find(|c| c.name == name)
        .unwrap()
}

fn updated_initial(name: &str, body: Json) -> Result<Collection, DefinitionError> {
    let catalog = catalog_with(Vec::new());
    update_from_body(&catalog, &initial(name), &object(body), now(), &check_rule)
}

#[test]
fn system_collections_keep_names_rules_and_indexes() {
    assert_only(
        &violations(updated_initial("_mfas", json!({ "name": "mfas" }))),
        "name",
        "validation_collection_system_name_change",
        "System collection name cannot be changed.",
    );
    assert_only(
        &violations(updated_initial("_mfas", json!({ "listRule": null }))),
        "listRule",
        "validation_collection_system_rule_change",
        "System collection API rule cannot be changed.",
    );
    assert_only(
        &violations(updated_initial("_authOrigins", json!({ "indexes": [] }))),
        "indexes",
        "validation_invalid_unique_system_field_index",
        "Unique index definition on system fields (collectionRef) is invalid or missing.",
    );
}

#[test]
fn superusers_always_log_in_with_a_password_and_never_with_oauth2() {
    let new = updated_initial(
        "_superusers",
        json!({
            "passwordAuth": { "enabled": false }, "otp": { "enabled": true },
            "oauth2": { "enabled": true, "providers": [{ "name": "google" }] },
        }),
    );
    let new = new.unwrap();
    let auth = new.auth().unwrap();
    assert!(auth.password_auth.enabled && auth.mfa.enabled);
    assert!(!auth.oauth2.enabled && auth.oauth2.providers.is_empty());
}

#[test]
fn omitted_secrets_stay_with_their_provider() {
    let provider = |name: &str| json!({ "name": name, "clientId": name, "clientSecret": name });
    let old = updated_initial(
        "users",
        json!({ "oauth2": { "enabled": true, "providers": [provider("google"), provider("github")] } }),
    )
    .unwrap();
    let catalog = catalog_with(Vec::new());
    let body = json!({ "oauth2": { "providers": [{ "name": "github", "clientId": "new" }] } });
    let new = update_from_body(&catalog, &old, &object(body), now(), &check_rule).unwrap();
    let [github] = &new.auth().unwrap().oauth2.providers[..] else {
        panic!()
    };
    assert_eq!(
        (github.client_id.as_str(), github.client_secret.as_str()),
        ("new", "github")
    );
    assert!(
        !new.to_json(Secrets::Hide)
            .to_string()
            .contains("clientSecret")
    );
}

#[test]
fn a_new_auth_rule_logs_everybody_out() {
    let secret = |c: &Collection| c.auth().unwrap().auth_token.secret.clone();
    let old = initial("users");
    for (rule, changes) in [
        (json!(null), false),
        (json!(""), false),
        (json!("verified"), true),
    ] {
        let catalog = catalog_with(Vec::new());
        let body = object(json!({ "authRule": rule }));
        let new = update_from_body(&catalog, &old, &body, now(), &check_rule).unwrap();
        assert_eq!(secret(&new) != secret(&old), changes, "{rule}");
    }
}

#[test]
fn identity_and_mapped_fields_follow_renames() {
    let old = initial("users");
    let mut fields = old.to_json(Secrets::Hide)["fields"].clone();
    let at = fields
        .as_array()
        .unwrap()
        .iter()
        .position(|f| f["name"] == "name")
        .unwrap();
    fields[at]["name"] = "nick".into();
    let catalog = catalog_with(Vec::new());
    let body = object(json!({ "fields": fields }));
    let new = update_from_body(&catalog, &old, &body, now(), &check_rule).unwrap();
    assert_eq!(new.auth().unwrap().oauth2.mapped_name, "nick");
}

#[test]
fn rules_can_be_rewritten_before_the_check() {
    let old = posts();
    let mut draft = Draft::update(&old, &object(json!({ "listRule": "bad" })), now()).unwrap();
    for rule in draft.rules_mut() {
        *rule = rule.replace("bad", "good");
    }
    let new = draft
        .check(&catalog_with(vec![old.clone()]), &check_rule)
        .unwrap();
    assert_eq!(new.rules.list.as_deref(), Some("good"));
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec![
            "",
            "id",
            "text",
            "auth",
            "relation",
            "title",
            "t1",
            "[a-z]{3}",
            "(",
            "CREATE UNIQUE INDEX i ON t (id, `title` COLLATE NOCASE) WHERE (id = 1",
            "create index i on t (title)",
        ])
        .prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop::sample::select(vec![
            "id",
            "name",
            "type",
            "fields",
            "indexes",
            "listRule",
            "oauth2",
            "providers",
            "otp",
            "values",
            "min",
            "max",
            "pattern",
            "autogeneratePattern",
            "collectionId",
            "duration",
            "emailTemplate",
            "thumbs",
            "primaryKey",
            "system",
            "viewQuery",
            "passwordAuth",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|members| {
                Json::Object(
                    members
                        .into_iter()
                        .map(|(k, v)| (k.to_owned(), v))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_panics_and_what_is_accepted_can_be_stored(
        type_name in prop::sample::select(vec!["base", "auth", "view", ""]),
        fields in prop::collection::vec((prop::sample::select(vec![
            "text", "number", "select", "relation", "date", "file", "password", "autodate",
        ]), any_json()), 0..4),
        body in any_json(),
    ) {
        let mut body = body.as_object().cloned().unwrap_or_default();
        body.entry("name").or_insert_with(|| "things".into());
        body.insert("type".to_owned(), type_name.into());
        let fields = fields.into_iter().enumerate().map(|(at, (kind, json))| {
            let mut field = json.as_object().cloned().unwrap_or_default();
            field.insert("type".to_owned(), kind.into());
            field.entry("name").or_insert_with(|| format!("f{at}").into());
            Json::Object(field)
        });
        body.entry("fields").or_insert_with(|| fields.collect());
        let catalog = catalog_with(vec![posts()]);
        if let Ok(made) = create_from_body(&catalog, &body, now(), &check_rule) {
            let json = made.to_json(Secrets::Show);
            let mut read = Collection::from_stored_json(&json).unwrap();
            let slots: Vec<_> = made.fields.iter().map(|field| field.slot).collect();
            let numbers: Vec<_> = made.indexes.iter().map(|index| index.number).collect();
            read.renumber(&slots, &numbers);
            (read.next_slot, read.next_index) = (made.next_slot, made.next_index);
            prop_assert_eq!(read, made);
        }
        let old = posts();
        let _ = update_from_body(&catalog, &old, &body, now(), &check_rule);
    }
}
