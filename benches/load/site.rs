//! One server with the suite's collections, and what a generator has to know of its records.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::Outcome;
use crate::client::{call, compose};
use crate::options::Sizes;
use crate::records::PASSWORD;
use crate::server::Server;
use crate::workload::Setup;

/// Ids of a collection's records, by their number.
pub(crate) type Ids = Rc<RefCell<Vec<String>>>;

/// A server, and its side of the data that all servers have alike.
pub(crate) struct Site {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    superuser_token: String,
    user_token: RefCell<Option<String>>,
    ids: RefCell<HashMap<&'static str, Ids>>,
    setups: RefCell<HashMap<&'static str, Setup>>,
    /// The member and the room of the chat.
    pub(crate) chat: (String, String),
}

/// The path of a collection's records. The collections have names that nobody else uses, because
/// what is there under them is dropped.
pub(crate) fn records_path(collection: &str) -> String {
    format!("/api/collections/{}/records", full_name(collection))
}

/// The path that logs somebody in or renews a token.
pub(crate) fn auth_path(collection: &str, action: &str) -> String {
    format!("/api/collections/{}/{action}", full_name(collection))
}

fn full_name(collection: &str) -> String {
    format!("bench_{collection}")
}

impl Site {
    /// Logs in, turns request logs off as the published runs do, and makes the collections anew.
    pub(crate) async fn define(name: &'static str, server: Server, sizes: &Sizes) -> Outcome<Self> {
        let (identity, password) = server.superuser();
        let path = "/api/collections/_superusers/auth-with-password";
        let login = json!({ "identity": identity, "password": password }).to_string();
        let login = call(server.address(), &compose("POST", path, "", &login)).await?;
        let superuser_token = text(&login, "token")?;
        let mut site = Self {
            name,
            server,
            superuser_token,
            user_token: RefCell::default(),
            ids: RefCell::default(),
            setups: RefCell::default(),
            chat: Default::default(),
        };
        let settings = json!({ "logs": { "maxDays": 0 }, "rateLimits": { "enabled": false } });
        site.as_superuser("PATCH", "/api/settings", &settings).await?;

        let posts = sizes.posts.iter().map(|(name, _)| *name);
        let others = ["messages", "members", "rooms", "people", "users"];
        let all = posts.chain(others).chain(["permissions", "organizations"]);
        for collection in all {
            // What an earlier run left; that there is nothing is no failure.
            let path = format!("/api/collections/{}", full_name(collection));
            let _ = site.as_superuser("DELETE", &path, &Value::Null).await;
        }
        site.define_suite(sizes).await?;
        site.chat = site.define_chat().await?;
        Ok(site)
    }

    /// Has the server log requests from now on, or no longer.
    pub(crate) async fn keep_log(&self, is_on: bool) -> Outcome<()> {
        let settings = json!({ "logs": { "maxDays": if is_on { 5 } else { 0 } } });
        self.as_superuser("PATCH", "/api/settings", &settings).await.map(drop)
    }

    async fn define_suite(&self, sizes: &Sizes) -> Outcome<()> {
        let name = json!({ "name": "name", "type": "text" });
        let organizations =
            self.add_collection("organizations", "base", vec![name.clone()]).await?;
        let active = json!({ "name": "active", "type": "bool" });
        let permissions = self.add_collection("permissions", "base", vec![name, active]).await?;
        let users = vec![
            json!({ "name": "username", "type": "text", "required": true, "min": 3, "max": 150,
                "pattern": r"^[\w][\w\.\-]*$" }),
            json!({ "name": "organization", "type": "relation", "collectionId": organizations,
                "required": true, "maxSelect": 1, "cascadeDelete": true }),
            json!({ "name": "permissions", "type": "relation", "collectionId": permissions,
                "maxSelect": 999, "cascadeDelete": true }),
        ];
        let users = self.add_collection("users", "auth", users).await?;
        for &(collection, _) in &sizes.posts {
            let fields = vec![
                json!({ "name": "title", "type": "text" }),
                json!({ "name": "description", "type": "editor" }),
                json!({ "name": "public", "type": "bool" }),
                json!({ "name": "type", "type": "select", "values": ["a", "b", "c", "d"],
                    "maxSelect": 3 }),
                json!({ "name": "author", "type": "relation", "collectionId": users,
                    "maxSelect": 1, "cascadeDelete": true }),
            ];
            self.add_collection(collection, "base", fields).await?;
        }
        Ok(())
    }

    /// Makes the collections of the chat, a member and a room; answers their ids.
    async fn define_chat(&self) -> Outcome<(String, String)> {
        let relation = |name: &str, to: &str| {
            json!({ "name": name, "type": "relation", "collectionId": to, "required": true,
                "maxSelect": 1 })
        };
        let text_field = |name: &str| json!({ "name": name, "type": "text" });
        let people = self.add_collection("people", "auth", vec![text_field("username")]).await?;
        let rooms = self.add_collection("rooms", "base", vec![text_field("name")]).await?;
        let members = vec![relation("user", &people), relation("room", &rooms)];
        self.add_collection("members", "base", members).await?;
        let messages =
            vec![relation("_owner", &people), relation("room", &rooms), text_field("data")];
        self.add_collection("messages", "base", messages).await?;

        let person = json!({ "username": "writer", "email": "writer@example.com",
            "password": PASSWORD, "passwordConfirm": PASSWORD });
        let person =
            text(&self.as_superuser("POST", &records_path("people"), &person).await?, "id")?;
        let room = json!({ "name": "room 0" });
        let room = text(&self.as_superuser("POST", &records_path("rooms"), &room).await?, "id")?;
        let member = json!({ "user": person, "room": room });
        self.as_superuser("POST", &records_path("members"), &member).await?;
        let members = full_name("members");
        let rule = format!(
            "@request.auth.id != '' && @request.auth.id = @collection.{members}.user && \
             room = @collection.{members}.room"
        );
        let path = format!("/api/collections/{}", full_name("messages"));
        self.as_superuser("PATCH", &path, &json!({ "createRule": rule })).await?;
        Ok((person, room))
    }

    /// Makes a collection that is open to all, with dates, and answers its id.
    async fn add_collection(
        &self,
        name: &'static str,
        kind: &str,
        mut fields: Vec<Value>,
    ) -> Outcome<String> {
        fields.push(json!({ "name": "created", "type": "autodate", "onCreate": true }));
        fields.push(
            json!({ "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true }),
        );
        let full = full_name(name);
        let mut definition = json!({
            "name": full, "type": kind, "fields": fields,
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
        });
        if kind == "auth" {
            let unique = "CREATE UNIQUE INDEX";
            definition["indexes"] =
                json!([format!("{unique} idx_{full}_name ON {full} (username COLLATE NOCASE)")]);
            definition["authAlert"] = json!({ "enabled": false });
        }
        text(&self.as_superuser("POST", "/api/collections", &definition).await?, "id")
    }

    /// Makes rules and indexes what `setup` says.
    pub(crate) async fn prepare(&self, setup: &Setup) -> Outcome<()> {
        if self.setups.borrow().get(setup.collection) == Some(setup) {
            return Ok(());
        }
        let name = full_name(setup.collection);
        let mut change = json!({
            "listRule": setup.list_rule, "createRule": setup.create_rule,
            "deleteRule": setup.delete_rule,
        });
        // Those of accounts are fixed.
        if setup.collection != "users" {
            change["indexes"] = match setup.index {
                "" => json!([]),
                field => json!([format!("CREATE INDEX idx_{name}_{field} ON {name} ({field})")]),
            };
        }
        self.as_superuser("PATCH", &format!("/api/collections/{name}"), &change).await?;
        self.setups.borrow_mut().insert(setup.collection, setup.clone());
        Ok(())
    }

    /// Deletes all records of a collection.
    pub(crate) async fn empty(&self, collection: &'static str) -> Outcome<()> {
        let path = format!("/api/collections/{}/truncate", full_name(collection));
        self.as_superuser("DELETE", &path, &Value::Null).await?;
        self.ids(collection).borrow_mut().clear();
        if collection == "users" {
            self.user_token.replace(None);
        }
        Ok(())
    }

    /// How many records a collection has.
    pub(crate) async fn count(&self, collection: &str) -> Outcome<i64> {
        let path = format!("{}?perPage=1", records_path(collection));
        let list = self.as_superuser("GET", &path, &Value::Null).await?;
        list["totalItems"].as_i64().ok_or_else(|| "a list without a total".into())
    }

    /// The ids of the records of a collection that the generator has made.
    pub(crate) fn ids(&self, collection: &'static str) -> Ids {
        Rc::clone(self.ids.borrow_mut().entry(collection).or_default())
    }

    /// The superuser's token.
    pub(crate) fn superuser_token(&self) -> &str {
        &self.superuser_token
    }

    /// A token of the first user.
    pub(crate) async fn user_token(&self) -> Outcome<String> {
        if let Some(token) = self.user_token.borrow().clone() {
            return Ok(token);
        }
        let token = self.login("users", &crate::records::email(0)).await?;
        self.user_token.replace(Some(token.clone()));
        Ok(token)
    }

    /// A new token of an account.
    pub(crate) async fn login(&self, collection: &str, email: &str) -> Outcome<String> {
        let body = json!({ "identity": email, "password": PASSWORD }).to_string();
        let request = compose("POST", &auth_path(collection, "auth-with-password"), "", &body);
        text(&call(self.server.address(), &request).await?, "token")
    }

    async fn as_superuser(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = compose(method, path, &self.superuser_token, &body);
        call(self.server.address(), &request)
            .await
            .map_err(|failure| format!("{}: {method} {path}: {failure}", self.name).into())
    }
}

fn text(answer: &Value, key: &str) -> Outcome<String> {
    answer[key].as_str().map(str::to_owned).ok_or_else(|| format!("an answer without {key}").into())
}
