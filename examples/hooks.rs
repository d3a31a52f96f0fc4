//! Hooks: one that tidies up, one that refuses, one that runs after the commit, one that hides.
//!
//! Run it with `cargo run --example hooks` and make records of `posts` in the dashboard.

use haversack::app::{App, BuildError};
use haversack::config::Config;
use haversack::hooks::Rejection;
use serde_json::json;

/// The app, on the data folder that `config` names.
pub(crate) fn app(config: Config) -> Result<App, BuildError> {
    App::builder()
        .config(config)
        .migration("1_posts_and_log", make_collections, |data| {
            data.delete_collection("log")?;
            data.delete_collection("posts")
        })
        // Inside the transaction: it may change the record or refuse, and must be repeatable.
        .before_create("posts", |event| {
            let title = event.record.text("title").trim().to_owned();
            if title.to_lowercase().contains("spam") {
                return Err(Rejection::bad_request("We do not want this post.").with_field(
                    "title",
                    "validation_spam",
                    "Looks like spam.",
                ));
            }
            event.record.set("title", title);
            // What it writes through the event is kept or lost together with the post.
            let count = event.data().count("posts", &"".into())?;
            let line = format!("post number {}", count + 1);
            event.data().create("log", json!({ "line": line }))?;
            Ok(())
        })
        // After the commit, on no writer's time: the place for whatever takes long.
        .after_create("posts", async |event| {
            let line = format!("committed {}", event.record.text("title"));
            event.app().data().create("log", json!({ "line": line })).await?;
            Ok(())
        })
        .on_enrich("posts", |event| {
            let length = event.record.text("title").chars().count();
            event.add("titleLength", length);
            event.hide("secret");
            Ok(())
        })
        .build()
}

fn make_collections(data: &dyn haversack::hooks::Data) -> Result<(), Rejection> {
    data.save_collection(json!({
        "name": "posts",
        "type": "base",
        "fields": [
            { "name": "title", "type": "text", "required": true },
            { "name": "secret", "type": "text" },
        ],
        "listRule": "", "viewRule": "", "createRule": "",
    }))?;
    data.save_collection(json!({
        "name": "log",
        "type": "base",
        "fields": [{ "name": "line", "type": "text" }],
        "listRule": "",
    }))?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::default())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    app.serve(listener, interrupted()).await?;
    Ok(app.close()?)
}

async fn interrupted() {
    // Without the signal there is no way to stop, which is better than stopping at once.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
