//! `$template`.

use serde_json::json;

use crate::{server, text};

const ROUTES: &str = r#"
routerAdd("POST", "/string", (e) => {
    const { text, data } = e.requestInfo().body
    try {
        return e.html(200, $template.loadString(text).render(data))
    } catch (error) {
        return e.string(200, `${error.name}: ${error.message}`)
    }
})
routerAdd("GET", "/page/{name}", (e) => {
    const posts = $app.findCollectionByNameOrId("posts")
    const html = $template
        .addFuncs({ shout: (text) => text.toUpperCase() })
        .loadFiles(`${__hooks}/views/layout.html`, `${__hooks}/views/page.html`)
        .render({ name: e.request.pathValue("name"), record: new Record(posts, { title: "<T>" }), items: [{ n: 1 }, { n: 2 }] })
    return e.html(200, html)
})
"#;

#[test]
fn templates_of_go_render_as_they_are() {
    let layout = "<title>{{block \"title\" .}}Default{{end}}</title>\n<a href=\"/p?q={{.name}}\">\n\
        {{template \"body\" .}}";
    let page = "{{define \"title\"}}{{shout .name}}{{end}}\n{{define \"body\"}}\n{{- range $i, $e := .items}}\n\
        <li>{{$i}}:{{$e.n}}{{if eq $e.n 2}} last{{else}},{{end}}</li>\n{{- end}}\n\
        {{.record.GetString \"title\"}} {{.record.id}}{{end}}";
    let server =
        server(&[("a.pb.js", ROUTES), ("views/layout.html", layout), ("views/page.html", page)]);
    let guest = server.guest();
    assert_eq!(
        text(guest.get("/page/a%20b")),
        "<title>A B</title>\n<a href=\"/p?q=a%20b\">\n\n<li>0:1,</li>\n<li>1:2 last</li>\n&lt;T&gt; "
    );
    let html = |text: &str, data: serde_json::Value| {
        crate::text(guest.post("/string", &json!({ "text": text, "data": data })))
    };
    let evil = json!({ "x": "<b a='\"'>+" });
    for (text, expected) in [
        ("{{.x}}", "&lt;b a=&#39;&#34;&#39;&gt;&#43;"),
        ("{{.x|raw}}", "<b a='\"'>+"),
        (
            "<script>a = {{.x}}; b = '{{.x}}'</script>",
            "<script>a = \"\\u003cb a='\\\"'\\u003e+\"; b = '\\u003cb a=\\u0027\\u0022\\u0027\\u003e\\u002b'</script>",
        ),
        (
            "{{with .none}}{{.}}{{else}}none{{end}} {{len .x}} {{printf \"%03d|%q\" 7 \"a\"}}",
            "none 10 007|&#34;a&#34;",
        ),
        ("{{if and .x (not .none)}}yes{{end}}{{/* gone */}}{{- \" x\" -}} y", "yes xy"),
    ] {
        assert_eq!(html(text, evil.clone()), expected, "{text}");
    }
    let link = html("<a href=\"{{.u}}\">", json!({ "u": "javascript:alert(1)" }));
    assert_eq!(link, "<a href=\"#ZgotmplZ\">");
    for (text, expected) in [
        ("\n{{if .a}}", "template: text:2: an action is not closed"),
        ("{{.a", "unclosed action"),
        ("{{nope 1}}", "function \"nope\" not defined"),
        ("{{shout \"a\"}}", "function \"shout\" not defined"),
        ("a\n\n{{index .a 1}}", "template: text:3: index of nil"),
        ("{{template \"none\"}}", "no template \"none\""),
        ("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}", "template: text:1: "),
    ] {
        let said = html(text, json!({}));
        assert!(said.starts_with("TemplateError: ") && said.contains(expected), "{text}: {said}");
    }
}
