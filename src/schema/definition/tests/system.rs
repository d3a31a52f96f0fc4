use serde_json::{Value as Json, json};

use crate::schema::{Collection, DefinitionError, Secrets, update_from_body};

use super::*;

fn initial(name: &str) -> Collection {
    initial_collections(now()).into_iter().find(|c| c.name == name).unwrap()
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
    let [github] = &new.auth().unwrap().oauth2.providers[..] else { panic!() };
    assert_eq!((github.client_id.as_str(), github.client_secret.as_str()), ("new", "github"));
    assert!(!new.to_json(Secrets::Hide).to_string().contains("clientSecret"));
}

#[test]
fn a_new_auth_rule_logs_everybody_out() {
    let secret = |c: &Collection| c.auth().unwrap().auth_token.secret.clone();
    let old = initial("users");
    for (rule, changes) in [(json!(null), false), (json!(""), false), (json!("verified"), true)] {
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
    let at = fields.as_array().unwrap().iter().position(|f| f["name"] == "name").unwrap();
    fields[at]["name"] = "nick".into();
    let catalog = catalog_with(Vec::new());
    let body = object(json!({ "fields": fields }));
    let new = update_from_body(&catalog, &old, &body, now(), &check_rule).unwrap();
    assert_eq!(new.auth().unwrap().oauth2.mapped_name, "nick");
}
