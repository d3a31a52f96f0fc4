//! TypeScript and modules.

use serde_json::json;

use crate::{POSTS, server, wait_for, write};

/// What a start with these files in `folder` says, which must fail.
fn refused(folder: &str, files: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = data.path().join(folder).join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"))
        .args(["serve", "--http", "127.0.0.1:0"])
        .current_dir(data.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(!ran.status.success(), "{files:?} was accepted: {said}");
    said
}

#[test]
fn hooks_may_be_typescript_and_declarations_are_not_run() {
    let server = server(&[
        ("types.d.ts", "declare const $app: any; this is not even a program"),
        (
            "a.pb.ts",
            r#"
            /// <reference path="./types.d.ts" />
            type Title = { title: string }
            interface Shown extends Title { views?: number }
            onRecordCreate((e: any): void => {
                const shown: Shown = { title: e.record!.getString("title") as string }
                e.record.set("title", twice<string>(shown.title).join("+") satisfies string)
                e.next()
                function twice<T>(one: T): T[] { return [one, one] }
            }, "posts")
            "#,
        ),
        (
            "b.hs.ts",
            "routerAdd('GET', '/b', (e: unknown) => (e as any).json(200, require('./lib').name))",
        ),
        ("lib.ts", "const name: string = 'lib'\nmodule.exports = { name }"),
    ]);
    let guest = server.guest();
    let made = guest.post(POSTS, &json!({ "title": "a" })).expect(200);
    assert_eq!(made["title"], "a+a");
    assert_eq!(guest.get("/b").expect(200), "lib");
}

#[test]
fn imports_are_there_inside_of_handlers() {
    let words = "let calls = 0\nexport const word: string = 'hello'\n\
        export default function count(): number { return ++calls }\n";
    let server = server(&[
        ("lib/words.ts", words),
        (
            "a.pb.ts",
            "import count, { word as said } from \"./lib/words\"\n\
             import * as all from './lib/words.ts'\n\
             import data from './data.json'\n\
             import old, { two } from './old.js'\n\
             import type { Nothing } from './nowhere'\n\
             const outside = 1\n\
             export const also = said\n\
             routerAdd('GET', '/a', (e) => e.json(200, {\n\
                 said, count: count(), all: Object.keys(all), data, two, old: old.two,\n\
                 outside: typeof outside, at: new Error('x').stack.split('\\n')[0].trim(),\n\
             }))\n",
        ),
        (
            "b.mjs",
            "import { word } from './words.mjs'\nrouterAdd('GET', '/b', (e) => e.json(200, word))",
        ),
        ("words.mjs", "export const word = 'mjs'"),
        (
            "c.js",
            r#"routerAdd("GET", "/c", async (e) => {
                const { word } = require("./lib/words.ts")
                const later = await import("./lib/words.ts")
                return e.json(200, { word, same: word === later.word, default: typeof later.default })
            })"#,
        ),
        ("data.json", r#"{ "a": [1] }"#),
        ("old.js", "module.exports = { two: 2 }"),
    ]);
    let lib = server.folder().parent().expect("it has one").join("hooks/lib");
    let guest = server.guest();
    let shown = guest.get("/a").expect(200);
    assert_eq!((&shown["said"], &shown["data"]), (&json!("hello"), &json!({ "a": [1] })));
    assert_eq!((&shown["two"], &shown["old"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&shown["outside"], &shown["all"]),
        (&json!("undefined"), &json!(["default", "word"]))
    );
    assert!(shown["at"].as_str().expect("a text").contains("a.pb.ts:10:"), "{shown}");
    assert_eq!(guest.get("/b").expect(200), "mjs");
    let shown = guest.get("/c").expect(200);
    assert_eq!(shown, json!({ "word": "hello", "same": true, "default": "function" }));
    // What an import leads to is read again when it changes.
    std::fs::write(lib.join("words.ts"), words.replace("hello", "bye")).expect("a file");
    wait_for(|| guest.get("/a").expect(200)["said"] == "bye");
}

#[test]
fn modules_may_need_each_other() {
    let server = server(&[
        (
            "a.pb.js",
            "import { even } from './even.mjs'\nrouterAdd('GET', '/a', (e) => e.json(200, [even(10), require('./one').two()]))",
        ),
        (
            "even.mjs",
            "import { odd } from './odd.mjs'\nexport const even = (n) => n === 0 || odd(n - 1)",
        ),
        (
            "odd.mjs",
            "import { even } from './even.mjs'\nexport const odd = (n) => n !== 0 && even(n - 1)",
        ),
        (
            "one.js",
            "exports.one = () => 1; const other = require('./two'); exports.two = () => other.two()",
        ),
        ("two.js", "const other = require('./one'); exports.two = () => other.one() + 1"),
    ]);
    assert_eq!(server.guest().get("/a").expect(200), json!([true, 2]));
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    for (text, expected) in [
        ("const a: number = 1\nlet b: = 2", "bad.pb.ts:2:8: SyntaxError"),
        ("\n  enum Kind { A }", "bad.pb.ts:2:3: SyntaxError"),
        ("type A = {\n  b: string\n}\n\nonRecordCreated(() => {})", "bad.pb.ts:5: ReferenceError"),
        ("import { a } from './none'\nonServe(() => {})", "there is no module ./none"),
        ("import '../outside.js'", "outside of the folder"),
        ("import 'https://example.com/a.js'", "no file of the folder"),
        ("import './lib/broken.mjs'\n", "lib/broken.mjs:2:"),
        ("import { absent } from './lib/fine.mjs'\n", "absent"),
        ("import './lib/late.mjs'\n", "lib/late.mjs:2: Error: late"),
        ("require('../outside.js')", "outside of the folder"),
        ("require('./lib/syntax.js')", "lib/syntax.js:3:"),
    ] {
        let files = [
            ("bad.pb.ts", text),
            ("lib/broken.mjs", "const a = 1\nconst b = ;\n"),
            ("lib/fine.mjs", "export const there = 1"),
            ("lib/late.mjs", "\nthrow new Error('late')"),
            ("lib/syntax.js", "\n\nconst = 1"),
            ("../outside.js", ""),
        ];
        let said = refused("hooks", &files);
        assert!(said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn a_failure_of_a_handler_is_told_where_it_is() {
    let server = server(&[
        (
            "a.pb.ts",
            "import { fail } from './lib.mjs'\n\
             interface A {\n  b: string\n}\n\
             routerAdd('GET', '/inner', (e: any) => { const at: A = fail(); return at })\n\
             routerAdd('GET', '/here', (e: any) => {\n\
               const a: A | null = null\n\
               return place(() => a!.b)\n\
               function place(run: () => string) { try { run() } catch (error) { return e.json(200, error.stack) } }\n\
             })\n\
             routerAdd('GET', '/later', async (e: any) => {\n\
               await null\n\
               try { oops() } catch (error) { return e.json(200, error.stack) }\n\
             })\n",
        ),
        ("lib.mjs", "export function fail() {\n  return undefinedThing\n}\n"),
    ]);
    let guest = server.guest();
    let stack = |path: &str| guest.get(path).expect(200).as_str().expect("a text").to_owned();
    assert!(stack("/here").contains("a.pb.ts:8:20"), "{}", stack("/here"));
    assert!(stack("/later").contains("a.pb.ts:13:7"), "{}", stack("/later"));
    guest.get("/inner").expect(400);
    // A module of the folder that gets a mistake later changes nothing.
    write(&server, "lib.mjs", "export function fail() {");
    std::thread::sleep(std::time::Duration::from_millis(500));
    guest.get("/inner").expect(400);
}

#[test]
fn migrations_may_be_typescript_and_wait() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let folder = data.path().join("migrations");
    std::fs::create_dir(&folder).expect("a folder");
    let made = "migrate(async (app: any): Promise<void> => {\n\
        const name: string = await Promise.resolve('typed')\n\
        app.save(new Collection({ name, listRule: '' }))\n})";
    std::fs::write(folder.join("1_typed.ts"), made).expect("a file");
    let server = crate::harness::Server::start_in(data);
    server.guest().get("/api/collections/typed/records").expect(200);
    let bad = "const a: number = 1\nmigrate(async (app: any) => {\n  await null\n  oops()\n})";
    let said = refused("migrations", &[("1_bad.ts", bad)]);
    assert!(said.contains("1_bad.ts:4"), "{said}");
}
