//! A chat: one page in `public/`, one collection made by a migration, and realtime in between.
//!
//! Run it with `cargo run --example chat` and open <http://127.0.0.1:8090/> in two windows.

use std::path::Path;

use haversack::app::{App, BuildError};
use haversack::config::Config;
use haversack::hooks::{Data, Rejection};
use serde_json::json;

/// The app, on the data folder that `config` names.
pub(crate) fn app(mut config: Config) -> Result<App, BuildError> {
    config.boot.public_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/chat/public");
    App::builder()
        .config(config)
        .migration("1_messages", make_messages, |data| data.delete_collection("messages"))
        .build()
}

/// Everybody may read and write messages, nobody may change them: the missing rules are for superusers.
fn make_messages(data: &dyn Data) -> Result<(), Rejection> {
    data.save_collection(json!({
        "name": "messages",
        "type": "base",
        "fields": [
            { "name": "author", "type": "text", "required": true, "max": 40 },
            { "name": "text", "type": "text", "required": true, "max": 500 },
            { "name": "sent", "type": "autodate", "onCreate": true },
        ],
        "listRule": "", "viewRule": "", "createRule": "",
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
