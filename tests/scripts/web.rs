//! What scripts have of the web: `fetch` and what belongs to it, and `$http.send`.

use serde_json::json;

use crate::harness::Server;

const WEB: &str = r#"
routerAdd("POST", "/echo", (e) => {
    const info = e.requestInfo()
    e.response.header().set("x-echo", info.headers["x_word"] ?? "")
    return e.json(201, { method: info.method, body: info.body, type: info.headers["content_type"] })
})
routerAdd("GET", "/slow", (e) => { sleep(300); return e.string(200, "slow ö") })
// Each of two waits for the other, so one after the other they would never meet.
routerAdd("GET", "/meet/{me}", (e) => {
    const me = e.request.pathValue("me")
    $app.store().set(me, true)
    const other = me === "a" ? "b" : "a"
    for (let left = 60; left > 0 && !$app.store().has(other); left--) sleep(50)
    return e.string(200, $app.store().has(other) ? "met ö" : "alone")
})
routerAdd("GET", "/bytes", (e) => e.blob(200, "application/octet-stream", new Uint8Array([0, 255, 128])))
routerAdd("GET", "/moved", (e) => e.redirect(302, "/bytes"))
routerAdd("POST", "/run", async (e) => {
    const { base } = e.requestInfo().body
    const out = {}
    const made = await fetch(`${base}/echo`, {
        method: "post", headers: { "X-Word": "hi", "content-type": "application/json" }, body: JSON.stringify({ a: "ö" }),
    })
    out.made = [made.status, made.ok, made.headers.get("X-Echo"), made.headers.get("Content-Type"), await made.json()]
    out.again = await made.text().catch((error) => error.name)
    const both = await Promise.all([fetch(base + "/meet/a"), fetch(new Request(base + "/meet/b"))])
    out.both = await Promise.all(both.map((one) => one.text()))
    const bytes = await fetch(new URL("/moved", base))
    out.bytes = [...new Uint8Array(await bytes.arrayBuffer()), bytes.redirected, bytes.url.endsWith("/bytes")]
    out.manual = (await fetch(base + "/moved", { redirect: "manual" })).status
    out.missing = (await fetch(base + "/none")).ok
    const form = await fetch(base + "/echo", { method: "POST", body: new URLSearchParams({ b: "x y" }) })
    out.form = (await form.json()).body
    const data = new FormData()
    data.append("c", "1")
    data.append("c", "2")
    data.append("d", "ö \" \r\n")
    out.data = (await (await fetch(base + "/echo", { method: "POST", body: data })).json()).body
    out.sent = $http.send({ url: base + "/echo", method: "POST", body: data }).json.body
    out.refused = await fetch("http://127.0.0.1:1/").catch((error) => [error.name, error.message.startsWith("fetch failed")])
    out.odd = await fetch("file:///etc/passwd").catch((error) => error.name)
    out.late = await fetch(base + "/slow", { signal: AbortSignal.timeout(50) }).catch((error) => error.name)
    const control = new AbortController()
    setTimeout(() => control.abort(), 20)
    out.stopped = await fetch(base + "/slow", { signal: control.signal }).catch((error) => error.name)
    const answer = $http.send({ url: base + "/bytes" })
    out.http = [answer.statusCode, answer.headers["Content-Type"], answer.body]
    return e.json(200, out)
})
routerAdd("GET", "/pieces", (e) => {
    const url = new URL("../b?x=1&y=%20#end", "https://u:p@example.com:8080/a/c/d")
    url.searchParams.append("z", "a b")
    url.pathname = "/new path"
    const query = new URLSearchParams("?a=1&a=2&b=3")
    query.set("a", "4")
    const headers = new Headers({ B: "2", a: "1" })
    headers.append("a", "3")
    return e.json(200, {
        url: [url.href, url.host, url.username, url.searchParams.get("x"), url.hash],
        bad: [URL.canParse("nothing"), (() => { try { new URL("nothing") } catch (error) { return error.name } })()],
        query: [query.toString(), [...query.keys()].join(), query.getAll("a")],
        headers: [...headers],
        text: [[...new TextEncoder().encode("ö\ud800")], new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xb6, 0xff]))],
        strict: (() => { try { new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])) } catch (error) { return error.name } })(),
        old: [toString([104, 105]), toBytes("hi"), toString({ a: 1 }), toString("x")],
        base64: [btoa("hi"), atob("aGk=")],
    })
})
"#;

#[test]
fn scripts_talk_with_other_servers() {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(data.path().join("hooks")).expect("a folder");
    std::fs::write(data.path().join("hooks/web.pb.js"), WEB).expect("a file");
    std::fs::write(data.path().join("config.toml"), "[outbound]\nallow_private = true\n")
        .expect("a file");
    let server = Server::start_in(data);
    let guest = server.guest();
    let base = format!("http://{}", server.address);
    let out = guest.post("/run", &json!({ "base": base })).expect(200);
    let echoed = json!({ "method": "POST", "body": { "a": "ö" }, "type": "application/json" });
    assert_eq!(out["made"], json!([201, true, "hi", "application/json", echoed]));
    assert_eq!(out["again"], "TypeError");
    assert_eq!(out["both"], json!(["met ö", "met ö"]));
    assert_eq!(out["bytes"], json!([0, 255, 128, true, true]));
    assert_eq!((&out["manual"], &out["missing"]), (&json!(302), &json!(false)));
    assert_eq!(out["form"], json!({ "b": "x y" }));
    assert_eq!(out["data"], json!({ "c": [1, 2], "d": "ö \" \r\n" }));
    assert_eq!(out["sent"], out["data"]);
    assert_eq!(out["refused"], json!(["TypeError", true]));
    assert_eq!((&out["odd"], &out["late"]), (&json!("TypeError"), &json!("TimeoutError")));
    assert_eq!(out["stopped"], "AbortError");
    assert_eq!(out["http"], json!([200, ["application/octet-stream"], [0, 255, 128]]));

    let pieces = guest.get("/pieces").expect(200);
    let url = "https://u:p@example.com:8080/new%20path?x=1&y=+&z=a+b#end";
    assert_eq!(pieces["url"], json!([url, "example.com:8080", "u", "1", "#end"]));
    assert_eq!(pieces["bad"], json!([false, "TypeError"]));
    assert_eq!(pieces["query"], json!(["a=4&b=3", "a,b", ["4"]]));
    assert_eq!(pieces["headers"], json!([["a", "1, 3"], ["b", "2"]]));
    assert_eq!(pieces["text"], json!([[195, 182, 239, 191, 189], "ö\u{fffd}"]));
    assert_eq!(pieces["strict"], "TypeError");
    assert_eq!(pieces["old"], json!(["hi", [104, 105], "{\"a\":1}", "x"]));
    assert_eq!(pieces["base64"], json!(["aGk=", "hi"]));
}
