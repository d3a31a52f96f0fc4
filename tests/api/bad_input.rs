//! Whatever is sent, the answer is a clear 4xx, and the server goes on.

use serde_json::{Value as Json, json};

use crate::harness::{Client, Server, encode, record, records};

/// A collection with a field of every kind, open to everybody.
fn everything(superuser: &Client) -> String {
    let related = json!({ "name": "related", "fields": [{ "name": "title", "type": "text" }] });
    let related = superuser.post("/api/collections", &related).expect(200);
    let definition = json!({
        "name": "everything",
        "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        "fields": [
            { "name": "text", "type": "text", "min": 2, "max": 5, "pattern": "^[a-z]+$" },
            { "name": "number", "type": "number", "min": 1, "max": 10, "onlyInt": true },
            { "name": "bool", "type": "bool" },
            { "name": "email", "type": "email", "onlyDomains": ["example.com"] },
            { "name": "url", "type": "url" },
            { "name": "date", "type": "date", "min": "2020-01-01 00:00:00.000Z" },
            { "name": "one", "type": "select", "values": ["a", "b"] },
            { "name": "many", "type": "select", "values": ["a", "b", "c"], "maxSelect": 2 },
            { "name": "relation", "type": "relation", "collectionId": related["id"] },
            { "name": "relations", "type": "relation", "collectionId": related["id"],
              "maxSelect": 3, "minSelect": 2 },
            { "name": "json", "type": "json", "maxSize": 20 },
            { "name": "editor", "type": "editor", "maxSize": 10 },
            { "name": "point", "type": "geoPoint" },
            { "name": "file", "type": "file" },
            { "name": "secret", "type": "password", "min": 4 },
            { "name": "created", "type": "autodate", "onCreate": true },
        ],
    });
    superuser.post("/api/collections", &definition).expect(200);
    records("everything")
}

#[test]
fn every_field_kind_says_what_is_wrong_with_a_value() {
    let server = Server::start();
    let path = everything(&server.superuser());
    let guest = server.guest();
    for (field, value, code) in [
        ("id", json!("short"), "validation_min_text_constraint"),
        ("id", json!("UPPERCASE_ID_15"), "validation_invalid_format"),
        ("text", json!("a"), "validation_min_text_constraint"),
        ("text", json!("abcdef"), "validation_max_text_constraint"),
        ("text", json!("ab1"), "validation_invalid_format"),
        ("number", json!(0.5), "validation_only_int_constraint"),
        ("number", json!(-3), "validation_min_number_constraint"),
        ("number", json!(11), "validation_max_number_constraint"),
        ("number", json!("NaN"), "validation_not_a_number"),
        ("email", json!("nobody"), "validation_is_email"),
        ("email", json!("a@other.com"), "validation_email_domain_not_allowed"),
        ("url", json!("not a url"), "validation_invalid_url"),
        ("date", json!("2019-12-31"), "validation_min_greater_equal_than_required"),
        ("one", json!("c"), "validation_invalid_value"),
        ("many", json!(["a", "b", "c"]), "validation_too_many_values"),
        ("relation", json!("missing00000000"), "validation_missing_rel_records"),
        ("relations", json!(["missing00000000"]), "validation_not_enough_values"),
        ("json", json!({ "long": "long enough to be refused" }), "validation_json_size_limit"),
        ("editor", json!("more than ten bytes"), "validation_content_size_limit"),
        ("point", json!({ "lon": 181, "lat": 0 }), "validation_invalid_longitude"),
        ("point", json!({ "lon": 0, "lat": -91 }), "validation_invalid_latitude"),
        ("file", json!("unknown.png"), "validation_invalid_file"),
        ("secret", json!("abc"), "validation_min_text_constraint"),
    ] {
        guest.post(&path, &json!({ field: value })).expect_code(field, code);
    }
    assert_eq!(guest.get(&path).expect(200)["totalItems"], 0);
}

#[test]
fn wrong_types_become_zero_values_and_unknown_fields_are_ignored() {
    let server = Server::start();
    let path = everything(&server.superuser());
    let garbage = json!({
        "text": { "a": 1 }, "number": "abc", "bool": "yes", "email": [], "url": {}, "date": 12345,
        "one": { "a": 1 }, "many": [[1]], "relation": null, "relations": {}, "editor": [1],
        "point": "nowhere", "file": null, "unknown": { "deep": [1, 2] }, "collectionId": "x",
        "created": "2001-01-01 00:00:00.000Z", "expand": { "a": 1 },
    });
    let made = server.guest().post(&path, &garbage).expect(200);
    for (field, zero) in [
        ("text", json!("")),
        ("number", json!(0)),
        ("bool", json!(false)),
        ("email", json!("")),
        ("url", json!("")),
        ("date", json!("")),
        ("one", json!("")),
        ("many", json!([])),
        ("relation", json!("")),
        ("relations", json!([])),
        ("json", Json::Null),
        ("editor", json!("")),
        ("point", json!({ "lon": 0, "lat": 0 })),
        ("file", json!("")),
    ] {
        assert_eq!(made[field], zero, "{field}");
    }
    assert!(made.get("unknown").is_none());
    assert!(!made["created"].as_str().unwrap().starts_with("2001"));
}

#[test]
fn bodies_that_cannot_be_read_are_refused() {
    let server = Server::start();
    let path = everything(&server.superuser());
    let guest = server.guest();
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let as_json = "application/json";
    for (kind, body) in [
        (as_json, &b"{"[..]),
        (as_json, b"[1]"),
        (as_json, b"\"text\""),
        (as_json, b"{\"text\":\"\xff\xfe\"}"),
        (as_json, b"{\"text\":nope}"),
        (as_json, deep.as_bytes()),
        ("text/plain", b"text=abc"),
        ("application/octet-stream", b"\x00\x01"),
    ] {
        guest.send("POST", &path, &[("content-type", kind)], Some(body)).expect_error(400);
    }
    let mut large = br#"{"text":""#.to_vec();
    large.resize(48 << 20, b'a');
    large.extend_from_slice(b"\"}");
    guest.send("POST", &path, &[("content-type", as_json)], Some(&large)).expect_error(413);
    // Ten megabytes are within the limit of the body and beyond that of every field.
    let megabytes = json!({ "text": "a".repeat(10 << 20) });
    guest.post(&path, &megabytes).expect_code("text", "validation_max_text_constraint");
    assert_eq!(guest.get(&path).expect(200)["totalItems"], 0);
}

#[test]
fn filters_and_paging_that_make_no_sense_are_refused() {
    let server = Server::start();
    let path = everything(&server.superuser());
    let guest = server.guest();
    let nested = format!("{}text='a'{}", "(".repeat(1000), ")".repeat(1000));
    let many = vec!["text='a'"; 201].join("||");
    let long = format!("text='{}'", "a".repeat(4000));
    for filter in [
        "text",
        "text=",
        "=1",
        "text='a' &&",
        "text='a' text='b'",
        "unknown='a'",
        "text.deep='a'",
        "relation.unknown='a'",
        "text='unclosed",
        "unknown_fn(text)=1",
        "geoDistance(1,2)=1",
        "text~~'a'",
        "// nothing",
        " ",
        "()",
        "text='a'\u{0}",
        "text=\u{e4}",
        &nested,
        &many,
        &long,
        "relation.relation.relation.relation.relation.relation.relation.title='a'",
    ] {
        let answer = guest.get(&format!("{path}?filter={}", encode(filter)));
        assert_eq!(answer.status, 400, "{filter:.80}: {}", answer.json);
    }
    for query in [
        "page=a",
        "perPage=1.5",
        "skipTotal=maybe",
        "sort=unknown",
        "sort=text,",
        "sort=text,text,text,text,text,text,text,text,text",
        "sort=strftime('%25Y',created)",
    ] {
        let answer = guest.get(&format!("{path}?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.json);
    }
    for filter in ["@collection.related.title='a'", "@request.auth.id=''", "text='@request.x'"] {
        guest.get(&format!("{path}?filter={}", encode(filter))).expect_error(403);
    }
    guest.get(&format!("{path}?filter=%ff%fe")).expect_error(400);
    guest.get(&format!("{path}?page=99999999&perPage=-5")).expect(200);
}

#[test]
fn paths_that_are_tricks_are_just_unknown() {
    let server = Server::start();
    everything(&server.superuser());
    let guest = server.guest();
    for path in [
        "/api/collections/everything/records/",
        "/api/collections/everything/records/%2e%2e",
        "/api/collections/everything/records/..%2f..%2fdata.redb",
        "/api/collections/everything/records/%00",
        "/api/collections/everything/records/a%ff",
        "/api/collections/nothing/records",
        "/api/collections/everything%00/records",
        "/api/nothing",
        "/_/../data.redb",
        "/_/%2e%2e/data.redb",
    ] {
        let answer = guest.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.json);
    }
    for method in ["POST", "PATCH", "DELETE", "PUT", "TRACE", "NONSENSE"] {
        let answer = guest.send(method, "/api/health", &[], Some(b""));
        assert_eq!(answer.status, 404, "{method}");
    }
}

#[test]
fn definitions_that_make_no_sense_are_refused() {
    let server = Server::start();
    let superuser = server.superuser();
    let path = "/api/collections";
    for (body, field, code) in [
        (json!({}), "name", "validation_required"),
        (json!({ "name": "a b" }), "name", "validation_match_invalid"),
        (json!({ "name": "USERS" }), "name", "validation_collection_name_exists"),
        (json!({ "name": "a_via_b" }), "name", "validation_found_via"),
        (json!({ "name": "a", "type": "table" }), "type", "validation_in_invalid"),
        (json!({ "name": "a", "listRule": "nope = 1" }), "listRule", "validation_invalid_rule"),
    ] {
        superuser.post(path, &body).expect_code(field, code);
    }
    let field = json!({ "name": "a", "fields": [{ "name": "x", "type": "vector" }] });
    superuser.post(path, &field).expect_error(400);
    let twice = json!({ "name": "a", "fields": [
        { "name": "x", "type": "text" }, { "id": "other", "name": "X", "type": "text" },
    ] });
    superuser.post(path, &twice).expect_error(400);
    server.guest().post(path, &json!({ "name": "a" })).expect_error(401);
    superuser.get("/api/collections/a").expect_error(404);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let server = Server::start();
    let superuser = server.superuser();
    let path = everything(&superuser);
    let made = superuser.post(&path, &json!({ "text": "abc", "number": 3 })).expect(200);
    let own = record("everything", &made["id"]);
    superuser
        .patch(&own, &json!({ "text": "xyz", "number": 1.5 }))
        .expect_code("number", "validation_only_int_constraint");
    let now = superuser.get(&own).expect(200);
    assert_eq!(now, made);
}
