use serde_json::json;

use crate::schema::Draft;

use super::*;

#[test]
fn a_name_is_enough() {
    let things = created(json!({ "name": "things" }));
    assert_eq!(things.type_name(), "base");
    assert_eq!(things.id.as_str(), format!("pbc_{}", crc32fast::hash(b"basethings")));
    assert_eq!(things.fields.len(), 1);
    assert_eq!(things.fields[0].id, "text3208210256");
    assert_eq!((things.created, things.updated), (now(), now()));
}

#[test]
fn taken_ids_get_a_number() {
    let catalog = catalog_with(vec![created(json!({ "name": "things" }))]);
    let other = Draft::create(&catalog, &object(json!({ "name": "things" })), now()).unwrap();
    assert_eq!(other.collection().id.as_str(), format!("pbc_{}2", crc32fast::hash(b"basethings")));
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
    let names: Vec<_> = members.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(
        names,
        ["id", "nick", "email", "password", "tokenKey", "emailVisibility", "verified"]
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
    assert_eq!((&password["required"], &password["min"]), (&true.into(), &12.into()));
    let id = field_json(&members, "id");
    assert_eq!(members.fields[0].name, "id");
    assert_eq!((&id["hidden"], &id["primaryKey"]), (&false.into(), &true.into()));
    assert_eq!(id["pattern"], "^[a-z0-9]+$");
    let email = field_json(&members, "email");
    assert_eq!((&email["type"], &email["id"]), (&"email".into(), &"custom".into()));
}
