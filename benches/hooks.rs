//! What a hook that does nothing costs each create: `cargo bench --bench hooks`.

use std::time::{Duration, Instant};

use haversack::app::App;
use haversack::config::Config;
use haversack::hooks::{Data, Rejection};
use serde_json::json;

/// Creates in one transaction.
const CREATES: u32 = 2000;
/// Transactions of each kind; the fastest counts.
const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut config = Config::default();
    config.boot.data = folder.path().join("data");
    let make = |data: &dyn Data| {
        data.save_collection(json!({ "name": "posts", "type": "base", "fields": [
            { "name": "title", "type": "text" },
            { "name": "views", "type": "number" },
        ] }))?;
        Ok(())
    };
    let app = App::builder().config(config).migration("1", make, |_| Ok(())).build()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut without, mut with) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        without = without.min(runtime.block_on(creates(&app))?);
        let id = app.hooks().records.create.before("posts", |_| Ok(()));
        with = with.min(runtime.block_on(creates(&app))?);
        app.hooks().records.create.remove(id);
    }
    let (with_script, reading) = scripted()?;
    let each = |time: Duration| time.as_nanos() / u128::from(CREATES);
    let (without, with) = (each(without), each(with));
    eprintln!("create without hooks: {without} ns");
    eprintln!("create with a hook that does nothing: {with} ns");
    eprintln!("create with a script that does nothing: {} ns", each(with_script));
    eprintln!("create with a script that sets a field: {} ns", each(reading));
    Ok(app.close()?)
}

/// The same with hooks in JavaScript: one that does nothing, and one that reads and sets a field.
fn scripted() -> Result<(Duration, Duration), Box<dyn std::error::Error>> {
    let time = |script: &str| -> Result<Duration, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let mut config = Config::default();
        config.boot.data = folder.path().join("data");
        config.boot.hooks.folder = folder.path().join("hooks");
        std::fs::create_dir(&config.boot.hooks.folder)?;
        std::fs::write(config.boot.hooks.folder.join("a.pb.js"), script)?;
        let make = |data: &dyn Data| {
            data.save_collection(json!({ "name": "posts", "type": "base", "fields": [
                { "name": "title", "type": "text" },
                { "name": "views", "type": "number" },
            ] }))?;
            Ok(())
        };
        let app = App::builder().config(config).migration("1", make, |_| Ok(())).build()?;
        let runtime = tokio::runtime::Runtime::new()?;
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            best = best.min(runtime.block_on(creates(&app))?);
        }
        app.close()?;
        Ok(best)
    };
    let nothing = time("onRecordCreate((e) => e.next(), 'posts')")?;
    let set = "e.record.set('views', e.record.getString('title').length)";
    Ok((nothing, time(&format!("onRecordCreate((e) => {{ {set}; e.next() }}, 'posts')"))?))
}

/// How long the creates take inside one transaction, without its commit.
async fn creates(app: &App) -> Result<Duration, Rejection> {
    let job = |data: &dyn Data| {
        let began = Instant::now();
        for number in 0..CREATES {
            data.create("posts", json!({ "title": "some title", "views": number }))?;
        }
        let took = began.elapsed();
        // Taken back, so that each round begins with the same tree.
        Err::<(), _>(Rejection::bad_request(took.as_nanos().to_string()))
    };
    match app.data().transaction(job).await {
        Ok(()) => Ok(Duration::MAX),
        Err(error) => match error.message().parse() {
            Ok(nanos) => Ok(Duration::from_nanos(nanos)),
            Err(_) => Err(error),
        },
    }
}
