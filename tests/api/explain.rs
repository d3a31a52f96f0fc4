//! What superusers learn about lists, and how far the lists of others may go.

use serde_json::{Value as Json, json};

use crate::harness::{Client, PASSWORD, Server, encode, records};

/// Forty posts by two authors, and a comment on the last of them.
fn blog(superuser: &Client) -> Vec<Json> {
    let definition = json!({
        "name": "posts", "listRule": "@request.auth.id != '' && author = @request.auth.id",
        "fields": [
            { "name": "title", "type": "text" },
            { "name": "rank", "type": "number" },
            { "name": "author", "type": "text" },
        ],
        "indexes": ["CREATE INDEX `idx_title` ON `posts` (`title`)"],
    });
    let posts = superuser.post("/api/collections", &definition).expect(200);
    let definition = json!({
        "name": "comments",
        "fields": [
            { "name": "text", "type": "text" },
            { "name": "post", "type": "relation", "collectionId": posts["id"], "maxSelect": 1 },
        ],
        "indexes": ["CREATE INDEX `idx_text` ON `comments` (`text`)"],
    });
    superuser.post("/api/collections", &definition).expect(200);
    let made: Vec<Json> = (0..40)
        .map(|at| {
            let body = json!({ "title": format!("t{at}"), "rank": at, "author": "x" });
            superuser.post(&records("posts"), &body).expect(200)
        })
        .collect();
    let comment = json!({ "text": "last", "post": made[39]["id"] });
    superuser.post(&records("comments"), &comment).expect(200);
    made
}

fn explained(client: &Client, filter: &str, more: &str) -> Json {
    let path = format!("/api/collections/posts/explain?filter={}{more}", encode(filter));
    client.get(&path).expect(200)
}

#[test]
fn plans_are_explained_to_superusers_as_anybody() {
    let server = Server::start();
    let superuser = server.superuser();
    let made = blog(&superuser);

    let one = explained(&superuser, "title = 't3'", "");
    assert_eq!(one["plan"]["access"], "index");
    assert_eq!(one["plan"]["index"], "idx_title");
    assert_eq!((&one["total"], &one["hint"]), (&json!(1), &Json::Null));
    let either = explained(&superuser, "title = 't3' || title = 't4'", "");
    assert_eq!(either["plan"]["access"], "lookup");
    assert_eq!(either["total"], 2);
    let ids = format!("id = '{}' || id = '{}'", made[3]["id"].as_str().unwrap(), "gone");
    let by_ids = explained(&superuser, &ids, "&sort=-title");
    assert_eq!((&by_ids["plan"]["index"], &by_ids["total"]), (&json!("id"), &json!(1)));
    let back = explained(&superuser, "comments_via_post.text ?= 'last'", "");
    assert_eq!(back["plan"]["index"], "comments.post > (idx_text)");
    assert_eq!(back["total"], 1);

    let body =
        json!({ "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD });
    let ann = superuser.post(&records("users"), &body).expect(200);
    let as_ann = format!("&as=users/{}", ann["id"].as_str().unwrap());
    assert_eq!(explained(&superuser, "", &as_ann)["total"], 0);
    assert_eq!(explained(&superuser, "", "&as=guest")["plan"]["access"], "nothing");
    assert_eq!(explained(&superuser, "", "")["total"], 40);

    let path = "/api/collections/posts/explain";
    superuser.get(&format!("{path}?as=users/nobody")).expect_error(400);
    superuser.get(&format!("{path}?filter=title%20%3D")).expect_error(400);
    superuser.get("/api/collections/comments/explain?as=guest").expect_error(400);
    superuser.get("/api/collections/nothing/explain").expect_error(404);
    server.guest().get(path).expect_error(401);
    server.logged_in("users", "ann@example.com", PASSWORD).get(path).expect_error(403);
}

#[test]
fn lists_of_all_but_superusers_end_at_the_row_limit() {
    let server = Server::start();
    let superuser = server.superuser();
    blog(&superuser);
    let body = json!({ "listRule": "" });
    superuser.patch("/api/collections/posts", &body).expect(200);
    let folder = server.kill();
    std::fs::write(folder.path().join("config.toml"), "limits.scan_rows = 20").unwrap();
    let server = Server::start_on(folder);

    let list = |filter: &str| format!("{}?filter={}", records("posts"), encode(filter));
    let refused = server.guest().get(&list("rank > 30")).expect(400);
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("more than 20 records"), "{message}");
    assert_eq!(server.guest().get(&list("title = 't3'")).expect(200)["totalItems"], 1);
    assert_eq!(
        server.guest().get(&list("title = 't3' || title = 't5'")).expect(200)["totalItems"],
        2
    );
    assert_eq!(server.guest().get(&list("")).expect(200)["totalItems"], 40);
    assert_eq!(server.superuser().get(&list("rank > 30")).expect(200)["totalItems"], 9);
}
