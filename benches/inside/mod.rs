//! The whole server inside this process, asked without a socket.

use std::error::Error;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use haversack::app::{App, ControlCommand, Password, RecordsCommand, SuperuserCommand};
use haversack::config::Config;
use haversack::web::{Payload, Service};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a step answers.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

const EMAIL: &str = "root@example.com";
const PASSWORD: &str = "correct horse battery";

/// An app on a temporary folder, with a collection of posts: `rank` is unique and has an index,
/// `score` lies below 1000 and has none.
pub(crate) struct Inside {
    pub(crate) app: App,
    /// A superuser's.
    pub(crate) token: String,
    service: Service,
    folder: TempDir,
}

impl Inside {
    /// Makes all of it, without posts.
    pub(crate) async fn open() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut config = Config::default();
        config.boot.data = folder.path().join("data");
        config.boot.hashing_threads = 1;
        let app = App::builder().config(config).build()?;
        let upsert =
            SuperuserCommand::Upsert { email: EMAIL.to_owned(), password: Password::new(PASSWORD) };
        app.command(ControlCommand::Superuser(upsert))?;
        let service = app.service(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let mut inside = Self { app, token: String::new(), service, folder };
        inside.token = inside.login("_superusers", EMAIL, PASSWORD).await?;
        let settings = json!({ "logs": { "maxDays": 0 },
            "batch": { "enabled": true, "maxRequests": 50, "timeout": 60 } });
        inside.as_superuser("PATCH", "/api/settings", &settings).await?;
        inside.add_posts("posts").await?;
        Ok(inside)
    }

    /// Makes a collection like `posts`, open to all.
    pub(crate) async fn add_posts(&self, name: &str) -> Outcome<()> {
        let definition = json!({
            "name": name, "type": "base",
            "fields": [
                { "name": "title", "type": "text" },
                { "name": "description", "type": "editor" },
                { "name": "public", "type": "bool" },
                { "name": "type", "type": "select", "values": ["a", "b", "c", "d"], "maxSelect": 3 },
                { "name": "rank", "type": "number" },
                { "name": "score", "type": "number" },
                { "name": "created", "type": "autodate", "onCreate": true },
                { "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true },
            ],
            "indexes": [format!("CREATE INDEX idx_{name}_rank ON {name} (rank)")],
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        });
        self.as_superuser("POST", "/api/collections", &definition).await.map(drop)
    }

    /// Adds the posts with the numbers from `from` up to `to`, with the ids of [`post_id`].
    pub(crate) fn import(&self, from: usize, to: usize) -> Outcome<()> {
        let path = self.folder.path().join("posts.jsonl");
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
        for n in from..to {
            writeln!(file, "{}", post(n, Some(&post_id(n))))?;
        }
        file.into_inner()?.sync_all()?;
        self.app.command(ControlCommand::Records(RecordsCommand::Import {
            collection: "posts".to_owned(),
            file: path.clone(),
            format: "jsonl".to_owned(),
            mode: "create".to_owned(),
            dry_run: false,
            atomic: false,
            safe: false,
            map: Vec::new(),
        }))?;
        Ok(std::fs::remove_file(path)?)
    }

    /// Logs an account in and answers its token.
    pub(crate) async fn login(
        &self,
        collection: &str,
        email: &str,
        password: &str,
    ) -> Outcome<String> {
        let body = json!({ "identity": email, "password": password }).to_string();
        let path = format!("/api/collections/{collection}/auth-with-password");
        let answer = self.call("POST", &path, "", body).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        Ok(answer["token"].as_str().ok_or("a login without a token")?.to_owned())
    }

    /// Asks as the superuser.
    pub(crate) async fn as_superuser(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Outcome<Value> {
        let answer = self.call(method, path, &self.token, body.to_string()).await?;
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }

    /// Sends a request, checks that its answer is a good one, and answers the body.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: String,
    ) -> Outcome<Bytes> {
        let response = self.send(method, path, token, body).await?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|failure| failure.to_string())?;
        let body = body.to_bytes();
        if !status.is_success() {
            let said = String::from_utf8_lossy(&body);
            return Err(format!("{method} {path}: {status}: {said}").into());
        }
        Ok(body)
    }

    /// Sends a request and answers what comes, whose body may have no end.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: String,
    ) -> Outcome<Response<Payload>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        if !token.is_empty() {
            request = request.header("authorization", token);
        }
        Ok(self.service.answer(request.body(Full::new(Bytes::from(body)))?).await)
    }
}

/// The id of post `n`, in the order in which they come, as ids that the server makes are.
pub(crate) fn post_id(n: usize) -> String {
    format!("post{n:011}")
}

/// The body of post `n`, about 600 bytes.
pub(crate) fn post(n: usize, id: Option<&str>) -> String {
    let sentence =
        "A haversack holds what a day's walk needs and nothing that the shoulder minds. ";
    let types = [["a", "b"][n % 2], ["c", "d"][n / 2 % 2]];
    let mut post = json!({
        "title": format!("post {n}"), "description": sentence.repeat(6), "public": n % 2 == 0,
        "type": types, "rank": n, "score": n % 1000,
    });
    if let Some(id) = id {
        post["id"] = id.into();
    }
    post.to_string()
}
