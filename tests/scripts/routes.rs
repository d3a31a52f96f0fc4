//! Routes and jobs.

use serde_json::json;

use crate::{POSTS, server, titles, wait_for, write};

#[test]
fn a_route_answers_with_what_it_is_told_and_what_it_finds() {
    let server = server(&[(
        "routes.pb.js",
        r#"
        routerUse((e) => {
            e.response.header().set("x-by", "script")
            return e.next()
        })
        routerAdd("GET", "/hello/{name}", (e) => {
            const name = e.request.pathValue("name")
            const word = e.request.url.query().get("word")
            return e.json(200, { name, word, agent: e.request.header.get("User-Agent") !== "" })
        })
        routerAdd("POST", "/posts/many", (e) => {
            const data = new DynamicModel({ titles: [] })
            e.bindBody(data)
            $app.runInTransaction((txApp) => {
                const posts = txApp.findCollectionByNameOrId("posts")
                for (const title of data.titles) {
                    if (title === "bad") throw new BadRequestError("one is bad")
                    const post = new Record(posts)
                    post.set("title", title)
                    txApp.save(post)
                }
            })
            return e.json(200, { count: $app.countRecords("posts") })
        })
        routerAdd("GET", "/secret", (e) => e.string(200, e.auth.email()), $apis.requireAuth("_superusers"))
        routerAdd("GET", "/gone", (e) => e.redirect(301, "/hello/you"))
        routerAdd("GET", "/fail", (e) => { throw new ForbiddenError("no") })
        routerAdd("GET", "/files/{path...}", (e) => e.html(200, `<b>${e.request.pathValue("path")}</b>`))
        "#,
    )]);
    let (guest, root) = (server.guest(), server.superuser());
    let hello = guest.get("/hello/J%C3%B6rg?word=x").expect(200);
    assert_eq!((&hello["name"], &hello["word"]), (&json!("Jörg"), &json!("x")));
    assert_eq!(guest.post("/posts/many", &json!({ "titles": ["a", "b"] })).expect(200)["count"], 2);
    let refused = guest.post("/posts/many", &json!({ "titles": ["c", "bad"] })).expect(400);
    assert_eq!(refused["message"], "One is bad.");
    assert_eq!(titles(&guest), [json!("a"), json!("b")]);
    guest.get("/secret").expect_error(401);
    assert_eq!(root.get("/secret").status, 200);
    assert_eq!(guest.get("/fail").expect(403)["message"], "No.");
    guest.get("/none").expect(404);
}

#[test]
fn routes_and_jobs_come_and_go_with_their_files() {
    let server = server(&[("a.pb.js", "routerAdd('GET', '/a', (e) => e.json(200, 1))")]);
    let (guest, root) = (server.guest(), server.superuser());
    guest.get("/a").expect(200);
    write(
        &server,
        "a.pb.js",
        r#"
        routerAdd("GET", "/b", (e) => e.json(200, require(`${__hooks}/lib/two.js`).two()))
        cronAdd("hello", "0 0 1 1 *", () => {
            const post = new Record($app.findCollectionByNameOrId("posts"), { title: "by cron" })
            $app.save(post)
        })
        "#,
    );
    let lib = server.folder().parent().expect("it has one").join("hooks/lib");
    std::fs::create_dir(&lib).expect("a folder");
    std::fs::write(lib.join("two.js"), "module.exports = { two: () => 2 }").expect("a file");
    wait_for(|| guest.get("/b").status == 200);
    guest.get("/a").expect(404);
    root.post("/api/crons/hello", &json!({})).expect(204);
    wait_for(|| titles(&guest) == [json!("by cron")]);
    write(&server, "a.pb.js", "");
    wait_for(|| guest.get("/b").status == 404);
    root.post("/api/crons/hello", &json!({})).expect(404);
    guest.post(POSTS, &json!({})).expect(200);
}
