//! Records as files: CSV and JSON lines, out of a collection and into it.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, Client, Server, encode, records};

fn goods(superuser: &Client, name: &str) {
    let definition = json!({
        "name": name,
        "fields": [
            { "name": "title", "type": "text", "required": true },
            { "name": "price", "type": "number" },
            { "name": "sold", "type": "bool" },
            { "name": "since", "type": "date" },
            { "name": "tags", "type": "select", "maxSelect": 3, "values": ["a", "b", "c, d"] },
            { "name": "extra", "type": "json" },
            { "name": "place", "type": "geoPoint" },
        ],
        "indexes": [format!("CREATE UNIQUE INDEX `idx_{name}` ON `{name}` (`title`)")],
    });
    superuser.post("/api/collections", &definition).expect(200);
}

fn import(client: &Client, query: &str, file: &str) -> Answer {
    let path = format!("/api/collections/goods/import?{query}");
    client.send("POST", &path, &[("content-type", "text/csv")], Some(file.as_bytes()))
}

fn export(client: &Client, collection: &str, query: &str) -> String {
    let path = format!("/api/collections/{collection}/export?{query}");
    let (status, headers, bytes) = client.fetch(&path, &[]);
    let text = String::from_utf8(bytes).expect("text");
    assert_eq!(status, 200, "{text}");
    let disposition = headers["content-disposition"].to_str().expect("text");
    assert!(disposition.starts_with(&format!("attachment; filename={collection}.")));
    text
}

fn counts(tally: &Json) -> [u64; 3] {
    ["created", "updated", "failed"].map(|name| tally[name].as_u64().expect("a count"))
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let server = Server::start();
    let superuser = server.superuser();
    goods(&superuser, "goods");
    for (title, rest) in [
        ("plain", json!({})),
        ("=SUM(A1)", json!({ "price": -5, "sold": true, "tags": ["a", "c, d"] })),
        ("a \"quoted\",\r\nlong one", json!({ "since": "2024-01-02 03:04:05.006Z", "price": 0.1 })),
        ("'-x", json!({ "extra": { "a": [1, "b"] }, "place": { "lon": 1.5, "lat": -2 } })),
        ("text", json!({ "extra": "just text" })),
    ] {
        let mut body = rest;
        body["title"] = title.into();
        superuser.post(&records("goods"), &body).expect(200);
    }
    let all = |name: &str| superuser.get(&records(name)).expect(200)["items"].clone();
    let before = all("goods");
    for query in ["format=csv", "format=csv&safe=1", "format=jsonl"] {
        let file = export(&superuser, "goods", query);
        superuser.delete("/api/collections/goods/truncate").expect(204);
        let tally = import(&superuser, query, &file).expect(200);
        assert_eq!(tally, json!({ "created": 5, "updated": 0, "failed": 0, "errors": [] }));
        assert_eq!(all("goods"), before, "{query}: {file}");
    }
    let csv = export(&superuser, "goods", "fields=title,price&sort=-price&safe=1&filter=price!=0");
    assert_eq!(csv, "title,price\r\n\"a \"\"quoted\"\",\r\nlong one\",0.1\r\n'=SUM(A1),-5\r\n");
    let lines = export(&superuser, "goods", "format=jsonl&fields=title&sort=title");
    assert_eq!(lines.lines().next(), Some(r#"{"title":"'-x"}"#));
    assert_eq!(export(&superuser, "goods", "format=jsonl&filter=price=99"), "");

    let path = "/api/collections/goods/export";
    superuser.get(&format!("{path}?format=xml")).expect_code("format", "validation_invalid_value");
    superuser.get(&format!("{path}?fields=no")).expect_code("fields", "validation_unknown_field");
    superuser.get(&format!("{path}?safe=perhaps")).expect_code("safe", "validation_invalid_value");
    superuser.get(&format!("{path}?filter=no%20%3D%201")).expect_error(400);
    superuser.get("/api/collections/nothing/export").expect_error(404);
    server.guest().get(path).expect_error(401);
    let hidden = export(&superuser, "_superusers", "");
    assert!(!hidden.contains("password") && !hidden.contains("tokenKey"), "{hidden}");
}

#[test]
fn every_bad_row_is_named_and_the_others_come_in() {
    let server = Server::start();
    let superuser = server.superuser();
    goods(&superuser, "goods");
    let file = "name,price,sold,since,extra,junk\n\
                ok,1.5,yes,2024-01-02,\"{\"\"a\"\":1}\",x\n\
                a,abc,,,,x\n\
                b,,maybe,,,x\n\
                c,,,soon,,x\n\
                d,,,,{,x\n\
                ,1,,,,x\n\
                short,1\n\
                ok,2,,,,x\n\
                \"multi\nline\",2,,,,x\n\
                e,1,,,,\"never closed\n";
    let tally = import(&superuser, "map[name]=title&map[junk]=", file).expect(200);
    assert_eq!(counts(&tally), [2, 0, 8]);
    let errors: Vec<(u64, &str, &str)> = tally["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap();
            (error["line"].as_u64().unwrap(), text("field"), text("code"))
        })
        .collect();
    let invalid = "validation_invalid_value";
    assert_eq!(
        errors,
        [
            (3, "price", invalid),
            (4, "sold", invalid),
            (5, "since", invalid),
            (6, "extra", invalid),
            (7, "title", "validation_required"),
            (8, "", "validation_invalid_csv"),
            (9, "title", "validation_not_unique"),
            (12, "", "validation_invalid_csv"),
        ]
    );
    let made = superuser.get(&records("goods")).expect(200);
    assert_eq!(made["totalItems"], 2);
    assert_eq!(
        (&made["items"][0]["price"], &made["items"][0]["sold"]),
        (&json!(1.5), &json!(true))
    );

    let refused = |query: &str, file: &str, field: &str, code: &str| {
        import(&superuser, query, file).expect_code(field, code);
    };
    refused("", "title,nonsense\na,b\n", "nonsense", "validation_unknown_field");
    refused("", "title,title\na,b\n", "title", "validation_duplicated_column");
    refused("map[x]=nothing", "title\na\n", "map[x]", "validation_unknown_field");
    refused("mode=replace", "title\na\n", "mode", invalid);
    import(&superuser, "", "").expect_error(400);
    import(&server.guest(), "", "title\na\n").expect_error(401);

    let lines =
        "{\"title\":\"x\"}\n\nnonsense\n[1]\n{\"title\":\"y\",\"price\":[1]}\n{\"zzz\":1}\n";
    let tally = import(&superuser, "format=jsonl", lines).expect(200);
    assert_eq!(counts(&tally), [1, 0, 4]);
    let lines: Vec<_> =
        tally["errors"].as_array().unwrap().iter().map(|e| e["line"].clone()).collect();
    assert_eq!(lines, [3, 4, 5, 6]);
}

#[test]
fn upserts_dry_runs_and_all_or_nothing() {
    let server = Server::start();
    let superuser = server.superuser();
    goods(&superuser, "goods");
    let total = || superuser.get(&records("goods")).expect(200)["totalItems"].clone();
    let first = "id,title,price\nabcdefghijklmn1,one,1\nabcdefghijklmn2,two,2\n";
    let tally = import(&superuser, "dryRun=1", first).expect(200);
    assert_eq!((counts(&tally), total()), ([2, 0, 0], json!(0)));
    assert_eq!(counts(&import(&superuser, "atomic=1", first).expect(200)), [2, 0, 0]);
    assert_eq!(counts(&import(&superuser, "", first).expect(200)), [0, 0, 2]);
    let second = "\u{feff}id,price\nabcdefghijklmn1,10\n,5\n";
    let tally = import(&superuser, "mode=upsert", second).expect(200);
    assert_eq!(counts(&tally), [0, 1, 1]);
    let one = superuser.get(&format!("{}/abcdefghijklmn1", records("goods"))).expect(200);
    assert_eq!((&one["title"], &one["price"]), (&json!("one"), &json!(10)));
    let data = import(&superuser, "mode=upsert&atomic=1", "title\nthree\n\"\"\n").expect_error(400);
    assert_eq!((counts(&data), total()), ([0, 0, 1], json!(2)));
    assert_eq!(data["errors"][0]["line"], 3);

    let accounts = "email,password\nann@example.com,1234567890\nbob@example.com,short\n";
    let path = "/api/collections/users/import";
    let tally = superuser.send("POST", path, &[], Some(accounts.as_bytes())).expect(200);
    assert_eq!(counts(&tally), [1, 0, 1]);
    server.logged_in("users", "ann@example.com", "1234567890");
}

#[test]
fn many_records_go_round_within_little_memory_and_through_the_program() {
    let server = Server::start();
    let superuser = server.superuser();
    goods(&superuser, "goods");
    goods(&superuser, "copies");
    let filler = "lorem ipsum ".repeat(60);
    let row = |at: u32| format!("t{at},{at},\"\"\"{filler}\"\"\"");
    let rows: Vec<String> = (0..20_000).map(row).collect();
    let file = format!("title,price,extra\n{}\n", rows.join("\n"));
    let before = server.memory_peak();
    let tally = import(&superuser, "", &file).expect(200);
    assert_eq!(counts(&tally), [20_000, 0, 0], "{}", tally["errors"]);
    let csv = export(&superuser, "goods", "");
    assert_eq!(csv.lines().count(), 20_001);
    if let (Some(before), Some(after)) = (before, server.memory_peak()) {
        assert!(after - before < 200 << 20, "{} MiB", (after - before) >> 20);
    }
    let file = server.folder().join("../goods.jsonl");
    let file = file.to_str().unwrap();
    let filter = "price < 1000";
    server.command(&["records", "export", "goods", file, "--filter", filter]).unwrap();
    let again = server.command(&["records", "export", "goods", file]).unwrap_err();
    assert!(again.contains("--force"), "{again}");
    let said = server.command(&["records", "import", "copies", file]).unwrap();
    assert!(said.contains("1000 created, 0 updated, 0 failed"), "{said}");
    let twice = server.command(&["records", "import", "copies", file]).unwrap_err();
    assert!(twice.contains("1000 failed") && twice.contains("line 1: id: "), "{twice}");
    let path = format!("{}?filter={}", records("copies"), encode("price = 999"));
    assert_eq!(superuser.get(&path).expect(200)["totalItems"], 1);
}
