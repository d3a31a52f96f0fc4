//! Migrations.

use serde_json::json;

use crate::harness::Server;

#[test]
fn migrations_are_made_once_in_order_of_their_names() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let folder = data.path().join("migrations");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(
        folder.join("1_notes.js"),
        r#"
        migrate((app) => {
            const notes = new Collection({ type: "base", name: "notes", listRule: "", fields: [] })
            notes.fields.add(new TextField({ name: "text", required: true }))
            app.save(notes)
        }, (app) => {
            app.delete(app.findCollectionByNameOrId("notes"))
        })
        "#,
    )
    .expect("a file");
    std::fs::write(
        folder.join("2_more.js"),
        r#"
        migrate((app) => {
            const notes = app.findCollectionByNameOrId("notes")
            notes.fields.addAt(1, new Field({ type: "number", name: "size" }))
            notes.addIndex("idx_notes_size", false, "size", "")
            unmarshal({ viewRule: "" }, notes)
            app.save(notes)
            app.save(new Record(app.findCollectionByNameOrId("notes"), { text: "first", size: 3 }))
        }, (app) => {
            const notes = app.findCollectionByNameOrId("notes")
            notes.removeIndex("idx_notes_size")
            notes.fields.removeByName("size")
            app.save(notes)
        })
        "#,
    )
    .expect("a file");
    let server = Server::start_in(data);
    let list = || server.guest().get("/api/collections/notes/records").expect(200);
    assert_eq!(list()["items"][0]["size"], 3);
    let notes = server.superuser().get("/api/collections/notes").expect(200);
    assert_eq!(notes["viewRule"], json!(""));
    let data = server.kill();
    let server = Server::start_on(data);
    let page = server.guest().get("/api/collections/notes/records").expect(200);
    assert_eq!(page["totalItems"], 1);
}

#[test]
fn the_command_line_makes_changes_and_takes_them_back() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let run = |arguments: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"));
        let ran = program.args(arguments).current_dir(data.path()).output().expect("it runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    };
    let file = run(&["migrate", "create", "first"]);
    let text = "migrate((app) => app.save(new Collection({ name: 'made' })),\n\
        (app) => app.delete(app.findCollectionByNameOrId('made')))";
    std::fs::write(data.path().join(&file), text).expect("a file");
    run(&["migrate", "up"]);
    let reverted = run(&["migrate", "down"]);
    assert!(reverted.starts_with("taken back: ") && reverted.ends_with("_first.js"), "{reverted}");
    assert_eq!(run(&["migrate", "down"]).lines().count(), 1);
}

#[test]
fn a_migration_that_fails_leaves_nothing_and_stops_the_start() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let folder = data.path().join("migrations");
    std::fs::create_dir(&folder).expect("a folder");
    let file = folder.join("1_bad.js");
    let bad = "migrate((app) => {\n  app.save(new Collection({ name: 'half' }))\n  oops()\n})";
    std::fs::write(&file, bad).expect("a file");
    let start = || {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"));
        program.args(["superuser", "upsert", "a@example.com", "1234567890"]);
        let ran = program.current_dir(data.path()).output().expect("it runs");
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let (is_up, said) = start();
    assert!(!is_up && said.contains("1_bad.js:3"), "{said}");
    let good = "migrate((app) => app.save(new Collection({ name: 'half' })))";
    std::fs::write(&file, good).expect("a file");
    let (is_up, said) = start();
    assert!(is_up, "{said}");
}
