//! Logins through providers: what an honest one leads to, and what a hostile one must not.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use serde_json::{Value as Json, json};

use crate::harness::provider::Provider;
use crate::harness::stream::Stream;
use crate::harness::{Answer, Client, PASSWORD, Server, encode, record, records};

const ANN: &str = "ann@example.com";
const EVE: &str = "eve@example.com";
const VERIFIER: &str = "a-verifier";
/// The smallest PNG.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A server whose users may log in through these providers.
fn start(providers: &[Json]) -> Server {
    let server = Server::start();
    configure(&server, providers);
    server
}

fn configure(server: &Server, providers: &[Json]) {
    set(server, &json!({ "oauth2": { "enabled": true, "providers": providers } }));
}

fn set(server: &Server, options: &Json) {
    server.superuser().patch("/api/collections/users", options).expect(200);
}

fn users(client: &Client, action: &str, body: &Json) -> Answer {
    client.post(&format!("/api/collections/users/{action}"), body)
}

fn with_code(client: &Client, provider: &str, code: &str) -> Answer {
    let body = json!({ "provider": provider, "code": code, "codeVerifier": VERIFIER });
    users(client, "auth-with-oauth2", &body)
}

fn create_with(client: &Client, provider: &str, code: &str, data: &Json) -> Answer {
    let body = json!({ "provider": provider, "code": code, "createData": data });
    users(client, "auth-with-oauth2", &body)
}

fn with_password(server: &Server, email: &str) -> Answer {
    users(
        &server.guest(),
        "auth-with-password",
        &json!({ "identity": email, "password": PASSWORD }),
    )
}

fn sign_up(server: &Server, email: &str) -> Json {
    let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    server.guest().post(&records("users"), &body).expect(200)
}

fn google(id: &str, email: &str) -> Json {
    json!({ "sub": id, "email": email, "email_verified": true, "name": "Ann Other" })
}

fn gitlab(id: &str, email: &str) -> Json {
    let confirmed = "2021-01-01T00:00:00Z";
    json!({ "id": id, "email": email, "confirmed_at": confirmed, "username": "ann" })
}

/// Providers and their ids of the links of this account.
fn links(server: &Server, account: &Json) -> Vec<String> {
    let filter = encode(&format!("recordRef = '{}'", account["id"].as_str().expect("an id")));
    let path = format!("{}?filter={filter}&sort=provider", records("_externalAuths"));
    let found = server.superuser().get(&path).expect(200);
    let items = found["items"].as_array().expect("items").iter();
    items
        .map(|link| format!("{}:{}", link["provider"], link["providerId"]).replace('"', ""))
        .collect()
}

#[test]
fn somebody_new_gets_an_account_and_gets_into_it_again() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    provider.grant("one", &google("7", ANN));
    let first = with_code(&server.guest(), "google", "one").expect(200);
    let keys: Vec<&String> = first.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["meta", "record", "token"]);
    let (meta, account) = (&first["meta"], &first["record"]);
    assert_eq!(
        (&meta["isNew"], &meta["id"], &meta["email"]),
        (&true.into(), &"7".into(), &ANN.into())
    );
    assert_eq!((&meta["accessToken"], &meta["rawUser"]["sub"]), (&"one".into(), &"7".into()));
    assert_eq!((&account["email"], &account["verified"]), (&ANN.into(), &true.into()));
    assert_eq!(account["name"], "Ann Other");
    assert_eq!(links(&server, account), ["google:7"]);
    let me = server.with_token(&first["token"]);
    assert_eq!(me.get(&record("users", &account["id"])).expect(200)["email"], ANN);

    // The address may change; the id counts.
    provider.grant("two", &google("7", "other@example.com"));
    let second = with_code(&server.guest(), "google", "two").expect(200);
    assert_eq!(
        (&second["meta"]["isNew"], &second["record"]["id"]),
        (&false.into(), &account["id"])
    );
    assert_eq!(second["record"]["email"], ANN);
    assert_eq!(links(&server, account), ["google:7"]);
    // The verifier and the secret went to the provider.
    let form = &provider.seen("/token")[0];
    assert_eq!((&*form["code_verifier"], &*form["grant_type"]), (VERIFIER, "authorization_code"));
    assert_eq!(form["authorization"], format!("Basic {}", STANDARD.encode("me:secret")));
}

#[test]
fn a_code_is_good_once_and_only_where_it_belongs() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    provider.grant("one", &google("7", ANN));
    with_code(&server.guest(), "google", "one").expect(200);
    let message = |answer: Answer| answer.expect(400)["message"].clone();
    assert_eq!(
        message(with_code(&server.guest(), "google", "one")),
        "Failed to fetch OAuth2 token."
    );
    // A refused code is not tried again with the secret in another place.
    assert_eq!(provider.seen("/token").len(), 2);
    provider.answer("two", &json!({ "access_token": "unknown" }));
    assert_eq!(
        message(with_code(&server.guest(), "google", "two")),
        "Failed to fetch OAuth2 user."
    );
    provider.grant("three", &json!({ "email": ANN, "email_verified": true }));
    assert_eq!(message(with_code(&server.guest(), "google", "three")), "Failed to authenticate.");
    provider.answer("four", &json!({ "error": "no", "access_token": "one" }));
    assert_eq!(
        message(with_code(&server.guest(), "google", "four")),
        "Failed to fetch OAuth2 token."
    );
}

#[test]
fn the_secret_goes_where_the_provider_takes_it() {
    let provider = Provider::start();
    provider.take_secret_in_body_only();
    let server = start(&[provider.config("google")]);
    for code in ["one", "two"] {
        provider.grant(code, &google("7", ANN));
        with_code(&server.guest(), "google", code).expect(200);
    }
    let seen = provider.seen("/token");
    let in_body: Vec<bool> = seen.iter().map(|form| form.contains_key("client_secret")).collect();
    assert_eq!(in_body, [false, true, true]);
}

#[test]
fn forms_are_checked_before_anybody_is_called() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    let guest = server.guest();
    let data = users(&guest, "auth-with-oauth2", &json!({})).expect_error(400);
    assert_eq!(data["provider"]["code"], "validation_required");
    assert_eq!(data["code"]["code"], "validation_required");
    with_code(&guest, "gitlab", "x").expect_code("provider", "validation_invalid_provider");
    with_code(&guest, &"x".repeat(101), "x").expect_code("provider", "validation_length_too_long");
    with_code(&guest, "google", &"x".repeat(9000))
        .expect_code("code", "validation_length_too_long");
    create_with(&guest, "google", "x", &json!([1])).expect_error(400);
    with_code(&guest, "google", "").expect_code("code", "validation_required");
    set(&server, &json!({ "oauth2": { "enabled": false } }));
    with_code(&guest, "google", "x").expect(403);
    let superusers = "/api/collections/_superusers/auth-with-oauth2";
    guest.post(superusers, &json!({ "provider": "google", "code": "x" })).expect(403);
    guest.post("/api/collections/_mfas/auth-with-oauth2", &json!({})).expect(404);
    assert!(provider.seen("/token").is_empty());
}

#[test]
fn whoever_took_an_address_before_its_owner_came_loses_it() {
    let provider = Provider::start();
    let server = start(&[provider.config("google"), provider.config("gitlab")]);
    // Eve waits behind Ann's address with a password and a token.
    let account = sign_up(&server, ANN);
    let eve = with_password(&server, ANN).expect(200);
    provider.grant("ann", &google("ann", ANN));
    let ann = with_code(&server.guest(), "google", "ann").expect(200);
    assert_eq!((&ann["record"]["id"], &ann["record"]["verified"]), (&account["id"], &true.into()));
    assert_eq!(ann["meta"]["isNew"], false);
    with_password(&server, ANN).expect(400);
    users(&server.with_token(&eve["token"]), "auth-refresh", &json!({})).expect(401);
    users(&server.with_token(&ann["token"]), "auth-refresh", &json!({})).expect(200);

    // A verified account keeps everything and gets another link.
    provider.grant("lab", &gitlab("9", ANN));
    let lab = with_code(&server.guest(), "gitlab", "lab").expect(200);
    assert_eq!(lab["record"]["id"], account["id"]);
    assert_eq!(links(&server, &account), ["gitlab:9", "google:ann"]);
    users(&server.with_token(&ann["token"]), "auth-refresh", &json!({})).expect(200);
}

#[test]
fn a_link_that_somebody_else_planted_goes_when_the_owner_comes() {
    let provider = Provider::start();
    let server = start(&[provider.config("google"), provider.config("gitlab")]);
    // Eve's provider tells no address, so hers may be anything, but nobody believes it.
    provider.grant("eve", &json!({ "id": "eve" }));
    let planted =
        create_with(&server.guest(), "gitlab", "eve", &json!({ "email": ANN })).expect(200);
    assert_eq!(
        (&planted["record"]["email"], &planted["record"]["verified"]),
        (&ANN.into(), &false.into())
    );
    assert_eq!(links(&server, &planted["record"]), ["gitlab:eve"]);

    provider.grant("ann", &google("ann", ANN));
    let ann = with_code(&server.guest(), "google", "ann").expect(200);
    assert_eq!(ann["record"]["id"], planted["record"]["id"]);
    assert_eq!(links(&server, &ann["record"]), ["google:ann"]);
    users(&server.with_token(&planted["token"]), "auth-refresh", &json!({})).expect(401);
    provider.grant("again", &json!({ "id": "eve" }));
    with_code(&server.guest(), "gitlab", "again").expect_code("email", "validation_required");
    assert_eq!(links(&server, &ann["record"]), ["google:ann"]);
}

#[test]
fn an_address_that_the_provider_does_not_vouch_for_opens_nothing() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    let account = sign_up(&server, ANN);
    for (code, verified) in [("a", json!(false)), ("b", json!("no")), ("c", Json::Null)] {
        let user = json!({ "sub": "eve", "email": ANN, "email_verified": verified });
        provider.grant(code, &user);
        with_code(&server.guest(), "google", code).expect_code("email", "validation_required");
    }
    assert!(links(&server, &account).is_empty());
    with_password(&server, ANN).expect(200);
}

#[test]
fn create_data_sets_neither_address_nor_verified_nor_id() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    let guest = server.guest();
    let data = |code: &str, data: Json| {
        provider.grant(code, &google(code, EVE));
        create_with(&guest, "google", code, &data)
    };
    data("a", json!({ "email": ANN })).expect_code("email", "validation_values_mismatch");
    data("b", json!({ "verified": true })).expect_code("verified", "validation_values_mismatch");
    data("c", json!({ "passwordConfirm": "x", "password": "y" })).expect_error(400);
    let total = |path: &str| server.superuser().get(path).expect(200)["totalItems"].clone();
    assert_eq!((total(&records("users")), total(&records("_externalAuths"))), (0.into(), 0.into()));
    let key = "k".repeat(50);
    let body = json!({ "id": "abcdefghijklmno", "tokenKey": key, "name": "Eve", "email": EVE });
    let eve = data("d", body).expect(200)["record"].clone();
    assert_eq!((&eve["name"], &eve["email"]), (&"Eve".into(), &EVE.into()));
    assert_ne!(eve["id"], "abcdefghijklmno");
}

#[test]
fn the_create_rule_and_the_auth_rule_decide_here_too() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    let attempt = |code: &str| {
        provider.grant(code, &google("7", ANN));
        with_code(&server.guest(), "google", code)
    };
    set(&server, &json!({ "createRule": null }));
    assert_eq!(attempt("a").expect(403)["message"], "Only superusers can perform this action.");
    set(&server, &json!({ "createRule": "@request.context != 'oauth2'" }));
    attempt("b").expect_error(400);
    let rule = "@request.context = 'oauth2' && @request.body.email = 'ann@example.com'";
    set(&server, &json!({ "createRule": rule, "authRule": "name = 'nobody'" }));
    attempt("c").expect(403);
    // The account is there all the same, and stays.
    set(&server, &json!({ "authRule": "@request.context = 'oauth2'" }));
    assert_eq!(attempt("d").expect(200)["meta"]["isNew"], false);
}

#[test]
fn somebody_logged_in_links_their_own_account() {
    let provider = Provider::start();
    let server = start(&[provider.config("google"), provider.config("gitlab")]);
    let account = sign_up(&server, ANN);
    let ann = server.logged_in("users", ANN, PASSWORD);
    provider.grant("a", &gitlab("9", "elsewhere@example.com"));
    let linked = with_code(&ann, "gitlab", "a").expect(200);
    assert_eq!(
        (&linked["record"]["id"], &linked["record"]["verified"]),
        (&account["id"], &false.into())
    );
    // Nobody took it over, so it keeps its password; it stays unproven, so it has one link only.
    with_password(&server, ANN).expect(200);
    provider.grant("b", &google("7", ANN));
    let linked = with_code(&ann, "google", "b").expect(200);
    assert_eq!(linked["record"]["verified"], true);
    assert_eq!(links(&server, &account), ["google:7"]);
    with_password(&server, ANN).expect(200);
    // One link for each provider.
    provider.grant("c", &google("8", ANN));
    with_code(&ann, "google", "c").expect(400);
    assert_eq!(links(&server, &account), ["google:7"]);
    // A link to another account goes before who is logged in.
    sign_up(&server, EVE);
    let eve = server.logged_in("users", EVE, PASSWORD);
    provider.grant("d", &google("7", ANN));
    assert_eq!(with_code(&eve, "google", "d").expect(200)["record"]["id"], account["id"]);
    // The owner of a link may remove it.
    let link = &ann.get(&records("_externalAuths")).expect(200)["items"][0];
    eve.delete(&record("_externalAuths", &link["id"])).expect(404);
    ann.delete(&record("_externalAuths", &link["id"])).expect(204);
}

#[test]
fn names_are_mapped_unless_taken_or_unfit() {
    let provider = Provider::start();
    let server = start(&[provider.config("gitlab")]);
    let users = server.superuser().get("/api/collections/users").expect(200);
    let mut fields = users["fields"].as_array().expect("fields").clone();
    let pattern = "user[0-9]{6}";
    fields.push(
        json!({ "name": "username", "type": "text", "max": 10, "autogeneratePattern": pattern }),
    );
    fields.push(json!({ "name": "elsewhere", "type": "text" }));
    let index = "CREATE UNIQUE INDEX `i_username` ON `users` (`username` COLLATE NOCASE)";
    let mut indexes = users["indexes"].as_array().expect("indexes").clone();
    indexes.push(index.into());
    let mapped =
        json!({ "id": "elsewhere", "name": "", "username": "username", "avatarURL": "name" });
    set(
        &server,
        &json!({ "fields": fields, "indexes": indexes, "oauth2": { "mappedFields": mapped } }),
    );
    let join = |code: &str, username: &str| {
        let mut user = gitlab(code, &format!("{code}@example.com"));
        user["username"] = username.into();
        user["avatar_url"] = "https://a.test/a.png".into();
        provider.grant(code, &user);
        with_code(&server.guest(), "gitlab", code).expect(200)["record"].clone()
    };
    let first = join("one", "Ann");
    assert_eq!((&first["username"], &first["elsewhere"]), (&"Ann".into(), &"one".into()));
    assert_eq!(first["name"], "https://a.test/a.png");
    for (code, username) in [("two", "aNN"), ("three", "far-too-long-a-name")] {
        let made = join(code, username)["username"].as_str().unwrap_or_default().to_owned();
        assert!(made.starts_with("user") && made.len() == 10, "{made}");
    }
}

#[test]
fn pictures_come_from_the_public_internet_unless_the_operator_says_otherwise() {
    let provider = Provider::start();
    provider.page("/me.png", "image/png", STANDARD.decode(PIXEL).expect("base64"));
    provider.page("/me.txt", "text/plain", "no picture");
    let join = |server: &Server, code: &str, path: &str| {
        let mut user = google(code, &format!("{code}@example.com"));
        user["picture"] = format!("{}{path}", provider.url).into();
        provider.grant(code, &user);
        with_code(&server.guest(), "google", code).expect(200)["record"].clone()
    };
    let server = start(&[provider.config("google")]);
    assert_eq!(join(&server, "one", "/me.png")["avatar"], "");
    assert!(provider.seen("/me.png").is_empty());

    let server = Server::start_configured("outbound.allow_private = true\n");
    configure(&server, &[provider.config("google")]);
    let account = join(&server, "two", "/me.png?size=1");
    let name = account["avatar"].as_str().expect("a name");
    assert!(name.starts_with("me") && name.contains(".png"), "{name}");
    let id = account["id"].as_str().expect("an id");
    let (status, _, bytes) = server.guest().fetch(&format!("/api/files/users/{id}/{name}"), &[]);
    assert_eq!((status, bytes), (200, STANDARD.decode(PIXEL).expect("base64")));
    // What is no picture keeps nobody out.
    assert_eq!(join(&server, "three", "/me.txt")["avatar"], "");
    assert_eq!(join(&server, "four", "/nowhere.png")["avatar"], "");
}

#[test]
fn a_second_factor_is_asked_for_after_a_provider_too() {
    let provider = Provider::start();
    let server = start(&[provider.config("google")]);
    set(&server, &json!({ "mfa": { "enabled": true, "duration": 600 } }));
    sign_up(&server, ANN);
    let first = with_password(&server, ANN).expect(401);
    let id = first["mfaId"].as_str().expect("an id");
    provider.grant("one", &google("7", EVE));
    let path = format!("/api/collections/users/auth-with-oauth2?mfaId={id}");
    let body = json!({ "provider": "google", "code": "one" });
    // The other factor is somebody else's.
    assert_eq!(server.guest().post(&path, &body).expect(400)["message"], "Invalid MFA session.");
    let linked = json!({ "collectionRef": "_pb_users_auth_", "provider": "google", "providerId": "8",
        "recordRef": server.superuser().get(&format!("{}?filter={}", records("users"),
            encode("email='ann@example.com'"))).expect(200)["items"][0]["id"] });
    let verified = json!({ "verified": true });
    server.superuser().patch(&record("users", &linked["recordRef"]), &verified).expect(200);
    server.superuser().post(&records("_externalAuths"), &linked).expect(200);
    provider.grant("two", &google("8", ANN));
    let body = json!({ "provider": "google", "code": "two" });
    let done = server.guest().post(&path, &body).expect(200);
    assert_eq!(done["record"]["email"], ANN);
    // And the other way round.
    provider.grant("three", &google("8", ANN));
    assert!(with_code(&server.guest(), "google", "three").expect(401)["mfaId"].is_string());
}

fn nonce(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("nonce:{verifier}").as_bytes()))
}

fn claims(provider: &Provider) -> Json {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("a clock").as_secs();
    json!({
        "iss": provider.url, "aud": "me", "sub": "7", "iat": now, "exp": now + 60,
        "nonce": nonce(VERIFIER), "email": ANN, "email_verified": true,
    })
}

#[test]
fn an_id_token_is_believed_only_if_everything_about_it_is_right() {
    let provider = Provider::start();
    let server = start(&[provider.id_token_config()]);
    let good = claims(&provider);
    let header = json!({ "alg": "EdDSA", "kid": "k" });
    let attempt = |code: &str, token: &str| {
        provider.grant_id_token(code, token);
        with_code(&server.guest(), "oidc", code)
    };
    let past = good["iat"].as_i64().expect("a time") - 1000;
    for (code, claim, value) in [
        ("aud", "aud", json!("you")),
        ("aud-list", "aud", json!(["me", "you"])),
        ("azp", "azp", json!("you")),
        ("iss", "iss", json!("https://evil.test")),
        ("exp", "exp", json!(past)),
        ("no-exp", "exp", Json::Null),
        ("nbf", "nbf", json!(past + 2000)),
        ("nonce", "nonce", json!(nonce("another"))),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        let answer = attempt(code, &provider.sign(&header, &claims)).expect(400);
        assert_eq!(answer["message"], "Failed to fetch OAuth2 user.", "{code}");
    }
    let unsigned =
        |alg: &str| Provider::sign_with(&json!({ "alg": alg, "kid": "k" }), &good, |_| Vec::new());
    let shared = |key: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let header = json!({ "alg": "HS256", "kid": "k" });
        Provider::sign_with(&header, &good, |bytes| hmac::sign(&key, bytes).as_ref().to_vec())
    };
    let other = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let other = Ed25519KeyPair::from_pkcs8(other.as_ref()).expect("the same key");
    let foreign = |header: &Json| {
        Provider::sign_with(header, &good, |bytes| other.sign(bytes).as_ref().to_vec())
    };
    let mut changed = provider.sign(&header, &good);
    changed.replace_range(changed.len() - 4.., "AAAA");
    for (code, token) in [
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("empty", unsigned("EdDSA")),
        ("hs-public", shared(provider.public_key())),
        ("hs-secret", shared(b"secret")),
        ("foreign", foreign(&header)),
        ("unknown", foreign(&json!({ "alg": "EdDSA", "kid": "other" }))),
        ("with-jwk", foreign(&json!({ "alg": "EdDSA", "jwk": { "kty": "OKP" } }))),
        ("other-alg", provider.sign(&json!({ "alg": "RS256", "kid": "k" }), &good)),
        ("changed", changed),
        ("missing", String::new()),
        ("junk", "a.b.c".to_owned()),
    ] {
        let answer = attempt(code, &token).expect(400);
        assert_eq!(answer["message"], "Failed to fetch OAuth2 user.", "{code}");
    }
    let total = server.superuser().get(&records("users")).expect(200);
    assert_eq!(total["totalItems"], 0);
    let account = attempt("good", &provider.sign(&header, &good)).expect(200);
    assert_eq!((&account["record"]["email"], &account["meta"]["id"]), (&ANN.into(), &"7".into()));
    // A client that chose a nonce of its own says so.
    let mut own = good.clone();
    own["nonce"] = "mine".into();
    for (code, nonce, status) in [("mine", "mine", 200), ("yours", "yours", 400)] {
        provider.grant_id_token(code, &provider.sign(&header, &own));
        let body =
            json!({ "provider": "oidc", "code": code, "codeVerifier": VERIFIER, "nonce": nonce });
        users(&server.guest(), "auth-with-oauth2", &body).expect(status);
    }
}

#[test]
fn an_issuer_is_enough_to_configure_a_provider() {
    let provider = Provider::start();
    let own = |path: &str| format!("{}{path}", provider.url);
    let document = |issuer: &str| {
        json!({
            "issuer": issuer, "authorization_endpoint": own("/auth"),
            "token_endpoint": own("/token"), "userinfo_endpoint": own("/user"),
            "jwks_uri": own("/keys"),
        })
        .to_string()
    };
    let path = "/.well-known/openid-configuration";
    provider.page(path, "application/json", document("https://evil.test"));
    let by_issuer = json!({
        "name": "oidc", "clientId": "me", "clientSecret": "secret", "displayName": "House",
        "extra": { "issuer": provider.url },
    });
    let server = start(&[by_issuer]);
    let offers = || {
        let methods = server.guest().get("/api/collections/users/auth-methods").expect(200);
        methods["oauth2"]["providers"].as_array().expect("a list").clone()
    };
    let config = json!([{ "name": "oidc", "clientId": "a", "clientSecret": "b",
        "extra": { "issuer": "house" } }]);
    let body = json!({ "oauth2": { "enabled": true, "providers": config } });
    let data = server.superuser().patch("/api/collections/users", &body).expect_error(400);
    assert_eq!(data["oauth2"]["providers"]["0"]["extra"]["code"], "validation_is_url");
    // Somebody who calls themselves otherwise is not the one that was configured.
    assert!(offers().is_empty());
    // The description was kept, as any is for some minutes.
    let server = start(&[json!({
        "name": "oidc", "clientId": "me", "clientSecret": "secret", "displayName": "House",
        "extra": { "issuer": provider.url },
    })]);
    provider.page(path, "application/json", document(&provider.url));
    let methods = server.guest().get("/api/collections/users/auth-methods").expect(200);
    let offer = &methods["oauth2"]["providers"][0];
    let auth_url = offer["authURL"].as_str().expect("a URL");
    assert!(auth_url.starts_with(&own("/auth?client_id=me&code_challenge=")), "{auth_url}");
    assert!(auth_url.ends_with("&redirect_uri="), "{auth_url}");
    let verifier = offer["codeVerifier"].as_str().expect("a verifier");
    assert!(auth_url.contains(&format!("&nonce={}&", nonce(verifier))), "{auth_url}");
    assert_eq!(
        (&offer["displayName"], &methods["authProviders"][0]["logo"]),
        (&"House".into(), &"".into())
    );

    // The user info must be about the same user as the id token.
    let token = provider.sign(&json!({ "alg": "EdDSA", "kid": "k" }), &claims(&provider));
    for (code, sub, status) in [("other", "8", 400), ("same", "7", 200)] {
        provider.grant(code, &google(sub, ANN));
        provider.answer(code, &json!({ "access_token": code, "id_token": token }));
        with_code(&server.guest(), "oidc", code).expect(status);
    }
    provider.grant("without", &google("7", ANN));
    with_code(&server.guest(), "oidc", "without").expect(400);
}

#[test]
fn the_stream_that_waits_gets_the_code() {
    let server = start(&[]);
    let (guest, ask) = (server.guest(), "/api/oauth2-redirect");
    let (success, failure) = (
        Some("../_/#/auth/oauth2-redirect-success".to_owned()),
        Some("../_/#/auth/oauth2-redirect-failure".to_owned()),
    );
    let get = |query: String| {
        let (status, headers, _) = no_redirects(&server, &format!("{ask}?{query}"), None);
        (status, headers)
    };
    let mut stream = Stream::subscribed(&server, &guest, &["@oauth2", "other"]);
    let id = stream.client_id.clone();
    assert_eq!(get(format!("state={id}&code=a%20b")), (307, success.clone()));
    let event = stream.next().expect("an event");
    assert_eq!((&*event.name, &event.data), ("@oauth2", &json!({ "state": id, "code": "a b" })));
    // The subscription is used up.
    assert_eq!(get(format!("state={id}&code=c")), (307, failure.clone()));
    stream.expect_nothing();
    for (query, sent) in [
        ("error=denied", json!({ "code": "", "error": "denied" })),
        ("error=denied&code=x", json!({ "code": "x", "error": "denied" })),
        ("", json!({ "code": "" })),
    ] {
        stream.subscribe(&guest, &["@oauth2"]);
        assert_eq!(get(format!("state={id}&{query}")), (307, failure.clone()), "{query}");
        let mut expected = sent;
        expected["state"] = id.as_str().into();
        assert_eq!(stream.next().expect("an event").data, expected);
    }
    for query in ["code=x", "state=&code=x", "state=nobody&code=x"] {
        assert_eq!(get(query.to_owned()), (307, failure.clone()), "{query}");
    }
    // Whoever comes back from another address gets nothing, and ends the wait.
    let proxy = json!({ "trustedProxy": { "headers": ["X-Real"], "useLeftmostIP": false } });
    server.superuser().patch("/api/settings", &proxy).expect(200);
    let mut elsewhere = Stream::open(&server, "", &[("x-real", "1.2.3.4")]);
    let body = json!({ "clientId": elsewhere.client_id, "subscriptions": ["@oauth2"] }).to_string();
    let headers = [("x-real", "1.2.3.4"), ("content-type", "application/json")];
    assert_eq!(guest.send("POST", "/api/realtime", &headers, Some(body.as_bytes())).status, 204);
    assert_eq!(get(format!("state={}&code=x", elsewhere.client_id)), (307, failure.clone()));
    elsewhere.expect_nothing();
    // As a form, which Apple sends.
    stream.subscribe(&guest, &["@oauth2"]);
    let form = format!("state={id}&code=123&user=%7B%7D");
    let (status, to, _) = no_redirects(&server, ask, Some(&form));
    assert_eq!((status, to), (303, success));
    assert_eq!(stream.next().expect("an event").data["code"], "123");
    let (status, to, _) = no_redirects(&server, ask, Some("state=%"));
    assert_eq!((status, to), (303, failure));
}

/// Status, place and body of what a GET, or a POST of this form, is answered.
fn no_redirects(server: &Server, path: &str, form: Option<&str>) -> (u16, Option<String>, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.max_redirects_will_error(false).build().into();
    let url = format!("http://{}{path}", server.address);
    let kind = "application/x-www-form-urlencoded";
    let mut response = match form {
        Some(form) => agent.post(&url).header("content-type", kind).send(form),
        None => agent.get(&url).call(),
    }
    .expect("an answer");
    let location = response.headers().get("location").and_then(|text| text.to_str().ok());
    let location = location.map(str::to_owned);
    let text = response.body_mut().read_to_string().expect("a text");
    (response.status().as_u16(), location, text)
}

#[test]
fn apple_gets_a_secret_that_its_key_signed() {
    let server = Server::start();
    let root = server.superuser();
    let path = "/api/settings/apple/generate-client-secret";
    let data = root.post(path, &json!({})).expect_error(400);
    for field in ["clientId", "teamId", "keyId", "privateKey", "duration"] {
        assert_eq!(data[field]["code"], "validation_required", "{field}");
    }
    let random = SystemRandom::new();
    let der =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let pem =
        |body: &str| format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");
    let good = json!({
        "clientId": "app", "teamId": "0123456789", "keyId": "9876543210",
        "privateKey": pem(&STANDARD.encode(der.as_ref())), "duration": 60,
    });
    for (field, value, code) in [
        ("teamId", json!("012345678"), "validation_length_invalid"),
        ("keyId", json!("01234567890"), "validation_length_invalid"),
        ("privateKey", json!("key"), "validation_match_invalid"),
        ("duration", json!(-1), "validation_min_greater_equal_than_required"),
        ("duration", json!(15_777_001), "validation_max_less_equal_than_required"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        root.post(path, &body).expect_code(field, code);
    }
    let mut body = good.clone();
    body["privateKey"] = pem("AAAA").into();
    let message = root.post(path, &body).expect(400)["message"].clone();
    assert!(
        message.as_str().is_some_and(|text| text.starts_with("Failed to generate client secret."))
    );
    let secret = root.post(path, &good).expect(200)["secret"].clone();
    assert_eq!(secret.as_str().expect("a token").split('.').count(), 3);
    server.guest().post(path, &good).expect(401);
}

#[test]
fn superusers_see_every_provider_there_is() {
    let server = Server::start();
    let path = "/api/collections/meta/oauth2-providers";
    let providers = server.superuser().get(path).expect(200);
    let providers = providers.as_array().expect("a list");
    assert_eq!((providers.len(), &providers[0]["name"]), (32, &"apple".into()));
    assert!(
        providers.iter().all(|p| p["logo"].as_str().is_some_and(|svg| svg.starts_with("<svg")))
    );
    server.guest().get(path).expect(401);
}
