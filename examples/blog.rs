//! A blog: its collections in code, rules that say who may do what, and a page for readers.
//!
//! Run it with `cargo run --example blog`, then open <http://127.0.0.1:8090/blog>.

use haversack::app::{App, BuildError, Request};
use haversack::config::Config;
use haversack::hooks::{Data, Find, Rejection};
use haversack::web::{ApiError, Reply};
use http::{Method, StatusCode};
use serde_json::json;

/// The app, on the data folder that `config` names.
pub(crate) fn app(config: Config) -> Result<App, BuildError> {
    App::builder()
        .config(config)
        .migration("1_posts", make_posts, |data| data.delete_collection("posts"))
        .migration("2_first_post", write_first_post, |_| Ok(()))
        // Whoever writes is the author, whatever the body says.
        .before_create("posts", |event| {
            if let Some(author) = event.caller.auth() {
                let id = author.row.as_row().id().to_owned();
                event.record.set("author", id);
            }
            Ok(())
        })
        .route(Method::GET, "/blog", front_page)
        .build()
}

fn make_posts(data: &dyn Data) -> Result<(), Rejection> {
    let users = data.collection("users")?;
    data.save_collection(json!({
        "name": "posts",
        "type": "base",
        "fields": [
            { "name": "title", "type": "text", "required": true, "max": 200 },
            { "name": "body", "type": "editor" },
            { "name": "public", "type": "bool" },
            { "name": "author", "type": "relation", "collectionId": users.id.as_str(), "maxSelect": 1 },
            { "name": "created", "type": "autodate", "onCreate": true },
        ],
        "listRule": "public = true || author = @request.auth.id",
        "viewRule": "public = true || author = @request.auth.id",
        "createRule": "@request.auth.id != ''",
        "updateRule": "author = @request.auth.id",
        "deleteRule": "author = @request.auth.id",
    }))?;
    Ok(())
}

fn write_first_post(data: &dyn Data) -> Result<(), Rejection> {
    data.create("posts", json!({ "title": "Hello <world>", "public": true }))?;
    Ok(())
}

async fn front_page(request: Request) -> Result<Reply, ApiError> {
    // As the reader may see it: the list rule applies.
    let find = Find::filter("title ~ {:word}")
        .bind("word", request.query.get("q").unwrap_or(""))
        .sort("-created")
        .limit(20);
    let posts = request.data().list("posts", find).await?;
    let items: Vec<String> =
        posts.iter().map(|post| format!("<li>{}</li>", escaped(post.text("title")))).collect();
    let items = items.concat();
    Ok(Reply::html(StatusCode::OK, format!("<h1>Blog</h1><ul>{items}</ul>")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::default())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
    app.serve(listener, std::future::pending()).await?;
    Ok(app.close()?)
}
