//! The collection under load: posts like those of the published suite of the peer, and requests to it.

use serde_json::{Value, json};

use crate::Outcome;
use crate::call;
use crate::client::compose;
use crate::server::Server;

const AUTHORS: usize = 100;
const SCORES: usize = 1000;
const PER_PAGE: usize = 30;
const RANGE: usize = 20;

/// The collection as it stands on one server; requests to it are a guest's, as its rules allow.
pub(crate) struct Posts {
    authors: Vec<String>,
    description: String,
}

impl Posts {
    /// Makes the collections anew and the authors in them.
    pub(crate) async fn create(server: &Server) -> Outcome<Self> {
        let address = server.address();
        let (identity, password) = server.superuser();
        let login = json!({ "identity": identity, "password": password }).to_string();
        let path = "/api/collections/_superusers/auth-with-password";
        let login = call(address, &compose("POST", path, "", &login)).await?;
        let token = login["token"].as_str().ok_or("login answered no token")?;

        // What an earlier run left; that there is nothing is no failure.
        for name in ["bench_posts", "bench_authors"] {
            let path = format!("/api/collections/{name}");
            let _ = call(address, &compose("DELETE", &path, token, "")).await;
        }
        let define = async |collection: Value| {
            let body = collection.to_string();
            call(address, &compose("POST", "/api/collections", token, &body)).await
        };
        let authors =
            define(open_to_all("bench_authors", &json!([text("name")]), &json!([]))).await?;
        let fields = json!([
            text("title"),
            text("description"),
            { "type": "bool", "name": "public" },
            { "type": "select", "name": "type", "values": ["a", "b", "c", "d"], "maxSelect": 3 },
            { "type": "relation", "name": "author", "collectionId": authors["id"], "maxSelect": 1 },
            { "type": "number", "name": "rank" },
            { "type": "number", "name": "score" },
            { "type": "autodate", "name": "created", "onCreate": true },
            { "type": "autodate", "name": "updated", "onCreate": true, "onUpdate": true },
        ]);
        let indexes = json!(["CREATE INDEX idx_bench_posts_rank ON bench_posts (rank)"]);
        define(open_to_all("bench_posts", &fields, &indexes)).await?;

        let mut ids = Vec::with_capacity(AUTHORS);
        for n in 0..AUTHORS {
            let body = json!({ "name": format!("author {n}") }).to_string();
            let path = "/api/collections/bench_authors/records";
            let author = call(address, &compose("POST", path, "", &body)).await?;
            ids.push(author["id"].as_str().ok_or("create answered no id")?.to_owned());
        }
        let sentence =
            "A haversack holds what a day's walk needs and nothing that the shoulder minds. ";
        let description = sentence.repeat(7)[..485].to_owned();
        Ok(Self { authors: ids, description })
    }

    /// Creates post number `n`, with rank `n`, a score below 1000, and about 600 bytes of JSON.
    pub(crate) fn create_request(&self, n: usize) -> Vec<u8> {
        let body = format!(
            r#"{{"title":"post {n}","description":"{}","public":{},"type":["{}","{}"],"author":"{}","rank":{n},"score":{}}}"#,
            self.description,
            n.is_multiple_of(2),
            ["a", "b"][n % 2],
            ["c", "d"][n / 2 % 2],
            self.authors[n % self.authors.len()],
            n % SCORES,
        );
        compose("POST", "/api/collections/bench_posts/records", "", &body)
    }

    /// The ids of a thousand posts, in no order of theirs.
    pub(crate) async fn some_ids(&self, server: &Server) -> Outcome<Vec<String>> {
        let path = "/api/collections/bench_posts/records?perPage=1000&sort=@random&fields=id";
        let list = call(server.address(), &compose("GET", path, "", "")).await?;
        let items = list["items"].as_array().ok_or("list answered no items")?;
        Ok(items.iter().filter_map(|item| item["id"].as_str()).map(str::to_owned).collect())
    }
}

/// Reads one post.
pub(crate) fn view_request(id: &str) -> Vec<u8> {
    compose("GET", &format!("/api/collections/bench_posts/records/{id}"), "", "")
}

/// Lists the first posts, with the total.
pub(crate) fn list_request() -> Vec<u8> {
    list(&format!("page=1&perPage={PER_PAGE}"))
}

/// Lists the twenty posts of a range of ranks, which an index finds, somewhere below `records`.
pub(crate) fn indexed_request(n: usize, records: usize) -> Vec<u8> {
    // A stride by a large prime visits the ranks all over, the same ones on every run.
    let from = n.wrapping_mul(7919) % records.saturating_sub(RANGE).max(1);
    list(&format!("perPage={PER_PAGE}&filter=rank%3E%3D{from}%26%26rank%3C{}", from + RANGE))
}

/// Lists the posts of one score, which every post must be asked for.
pub(crate) fn unindexed_request(n: usize) -> Vec<u8> {
    list(&format!("perPage={PER_PAGE}&filter=score%3D{}", n.wrapping_mul(7919) % SCORES))
}

fn list(query: &str) -> Vec<u8> {
    compose("GET", &format!("/api/collections/bench_posts/records?{query}"), "", "")
}

fn text(name: &str) -> Value {
    json!({ "type": "text", "name": name })
}

fn open_to_all(name: &str, fields: &Value, indexes: &Value) -> Value {
    json!({
        "name": name, "type": "base", "fields": fields, "indexes": indexes,
        "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
    })
}
