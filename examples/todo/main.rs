//! A list of things to do for everybody who registers: a page without a build step that uses the official
//! JavaScript SDK.
//!
//! Run `npm install` in `examples/todo`, then `cargo run --example todo`, and open
//! <http://127.0.0.1:8090/>.

use std::path::{Path, PathBuf};

use haversack::app::{App, BuildError};
use haversack::config::Config;
use haversack::hooks::{Data, Rejection};
use haversack::web::{ApiError, Reply};
use http::header::HeaderValue;
use http::{Method, StatusCode};
use serde_json::json;

/// The app, on the data folder that `config` names.
pub(crate) fn app(mut config: Config) -> Result<App, BuildError> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/todo");
    config.boot.public_folder = here.join("public");
    let sdk = here.join("node_modules/pocketbase/dist/pocketbase.es.mjs");
    App::builder()
        .config(config)
        .migration("1_todos", make_todos, |data| data.delete_collection("todos"))
        .route(Method::GET, "/sdk.mjs", move |_| module(sdk.clone()))
        .build()
}

/// The SDK from where npm puts it.
async fn module(path: PathBuf) -> Result<Reply, ApiError> {
    let javascript = HeaderValue::from_static("text/javascript; charset=utf-8");
    match tokio::fs::read(path).await {
        Ok(bytes) => Ok(Reply::bytes(StatusCode::OK, javascript, bytes)),
        Err(_) => Err(ApiError::not_found("Run npm install in examples/todo.")),
    }
}

/// Each account sees and changes its own todos only.
fn make_todos(data: &dyn Data) -> Result<(), Rejection> {
    let users = data.collection("users")?;
    let own = "owner = @request.auth.id";
    data.save_collection(json!({
        "name": "todos",
        "type": "base",
        "fields": [
            { "name": "text", "type": "text", "required": true, "max": 200 },
            { "name": "done", "type": "bool" },
            { "name": "owner", "type": "relation", "collectionId": users.id.as_str(),
              "maxSelect": 1, "required": true, "cascadeDelete": true },
        ],
        "listRule": own, "viewRule": own, "createRule": own, "updateRule": own, "deleteRule": own,
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
