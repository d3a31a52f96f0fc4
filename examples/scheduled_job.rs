//! A job that runs every minute, and the same work as a command.
//!
//! Run it with `cargo run --example scheduled_job`, or `… --example scheduled_job -- prune 30` to
//! delete what is older than thirty days now.

use haversack::app::{App, BuildError};
use haversack::config::Config;
use haversack::hooks::{Data, Find, Rejection};
use serde_json::json;

/// The app, on the data folder that `config` names.
pub(crate) fn app(config: Config) -> Result<App, BuildError> {
    App::builder()
        .config(config)
        .migration("1_notes", make_notes, |data| data.delete_collection("notes"))
        .cron("prune", "* * * * *", |_, data| {
            prune(data, 7)?;
            Ok(())
        })
        .command("prune", "Deletes notes that are older than so many days", |app, arguments| {
            let days = arguments.first().map_or(Ok(7), |text| text.parse())?;
            let count = prune(&app.data().blocking(), days)?;
            Ok(format!("{count} deleted"))
        })
        .build()
}

fn make_notes(data: &dyn Data) -> Result<(), Rejection> {
    data.save_collection(json!({
        "name": "notes",
        "type": "base",
        "fields": [
            { "name": "text", "type": "text" },
            { "name": "written", "type": "date" },
        ],
    }))?;
    Ok(())
}

fn prune(data: &dyn Data, days: i64) -> Result<usize, Rejection> {
    let now = haversack::model::Timestamp::now();
    let limit = haversack::model::Timestamp::from_millis(now.millis() - days * 24 * 3600 * 1000);
    let old = Find::filter("written != '' && written < {:limit}").bind("limit", limit.to_string());
    let old = data.list("notes", &old)?;
    for note in &old {
        data.delete("notes", note.id())?;
    }
    Ok(old.len())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = app(Config::default())?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, arguments @ ..] = &arguments[..] {
        let (app, name, arguments) = (app.clone(), name.clone(), arguments.to_vec());
        let command = move || app.run_command(&name, &arguments).map_err(|e| e.to_string());
        eprintln!("{}", tokio::task::spawn_blocking(command).await??);
    } else {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
        app.serve(listener, std::future::pending()).await?;
    }
    Ok(app.close()?)
}
