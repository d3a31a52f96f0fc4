//! An app in this process, and clients that talk to it.

use haversack::app::{App, AppBuilder};
use haversack::config::Config;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// The configuration of an app on this folder.
pub(crate) fn config(folder: &tempfile::TempDir) -> Config {
    let mut config = Config::default();
    config.boot.data = folder.path().join("data");
    config.boot.hashing_threads = 1;
    config
}

/// A server in this process.
pub(crate) struct Server {
    pub(crate) app: App,
    address: String,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Serves what `make` makes.
    pub(crate) fn of(make: impl FnOnce(Config) -> App) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = make(config(&folder));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = app.clone();
        runtime.spawn(async move {
            served
                .serve(listener, async {
                    let _ = stopped.await;
                })
                .await
        });
        Self { app, address, stop: Some(stop), runtime: Some(runtime), _folder: folder }
    }

    /// Serves what `set_up` adds to an app with collections `posts` and `comments`.
    pub(crate) fn with(set_up: impl FnOnce(AppBuilder) -> AppBuilder) -> Self {
        Self::of(|config| {
            let builder = App::builder().config(config).migration("posts", posts, |_| Ok(()));
            set_up(builder).build().unwrap()
        })
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    /// Sends a request; returns status and body.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Json) -> (u16, Json) {
        self.send_as("", method, path, body)
    }

    pub(crate) fn send_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Json,
    ) -> (u16, Json) {
        let (status, text) = self.text_as(token, method, path, body);
        (status, serde_json::from_str(&text).unwrap_or(Json::Null))
    }

    pub(crate) fn text_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Json,
    ) -> (u16, String) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build();
        let agent = ureq::Agent::new_with_config(agent);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("authorization", token)
            .header("x-key", "open sesame")
            .header("content-type", "application/json");
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let mut answer = agent.run(request.body(text).unwrap()).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// The texts of a field in all records of a collection, in order.
    pub(crate) fn texts(&self, collection: &str, field: &str) -> Vec<String> {
        let records = self.block_on(self.app.data().list(collection, "")).unwrap();
        records.iter().map(|record| record.text(field).to_owned()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.app.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn posts(data: &dyn haversack::hooks::Data) -> Result<(), haversack::hooks::Rejection> {
    let rules = json!({ "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "deleteRule": "" });
    let make = |mut definition: Json| {
        let rules = rules.as_object().unwrap().clone();
        definition.as_object_mut().unwrap().extend(rules);
        data.save_collection(definition)
    };
    let posts = make(json!({ "name": "posts", "type": "base", "fields": [
        { "name": "title", "type": "text", "required": true, "max": 20 },
        { "name": "views", "type": "number" },
        { "name": "secret", "type": "text", "hidden": true },
    ] }))?;
    make(json!({ "name": "comments", "type": "base", "fields": [
        { "name": "text", "type": "text" },
        { "name": "post", "type": "relation", "collectionId": posts.id.as_str(),
          "maxSelect": 1, "cascadeDelete": true },
    ] }))?;
    Ok(())
}
