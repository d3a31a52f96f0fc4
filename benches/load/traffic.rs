//! From a workload to the requests of one server, and what their replies must be.

use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;
use crate::client::{call, compose};
use crate::measure::{Accept, Compose};
use crate::records::{self, pick};
use crate::site::{Ids, Site, auth_path, records_path};
use crate::workload::{Kind, Workload};

/// The requests of a workload to one server.
pub(crate) struct Traffic {
    pub(crate) compose: Compose,
    pub(crate) accept: Accept,
}

/// Of a list's first answer, what must be the same on all servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) total: i64,
    items: usize,
    keys: Vec<String>,
}

/// Composes what a workload sends to `site`. `total` is what lists must say.
pub(crate) async fn traffic(
    site: &Site,
    workload: &Workload,
    total: Option<i64>,
) -> Outcome<Traffic> {
    let nothing: Accept = Rc::new(|_, _| Ok(()));
    let same = |request: Vec<u8>| -> Compose { Rc::new(move |_| request.clone()) };
    let (compose, accept): (Compose, Accept) = match &workload.kind {
        Kind::Create { collection, from } => create(site, collection, *from).await?,
        Kind::Login => {
            let body = json!({ "identity": records::email(0), "password": records::PASSWORD });
            let path = auth_path("users", "auth-with-password");
            (same(compose("POST", &path, "", &body.to_string())), token_in_reply())
        }
        Kind::Refresh => {
            let path = auth_path("users", "auth-refresh");
            (same(compose("POST", &path, &site.user_token().await?, "")), token_in_reply())
        }
        Kind::ViewUser => {
            let path = format!("{}/{}", records_path("users"), site.ids("users").borrow()[0]);
            (same(compose("GET", &path, "", "")), nothing)
        }
        Kind::View { collection } => (views(site, collection), nothing),
        Kind::List { .. } | Kind::Newest { .. } => {
            let request = list_request(site, &workload.kind).await?;
            (same(request.unwrap_or_default()), total_in_reply(total))
        }
        Kind::Mixed { collection } => {
            let list = compose("GET", &format!("{}?perPage=20", records_path(collection)), "", "");
            let update = updates(site, collection);
            // Three of thirteen, spread out.
            let is_update = |n: usize| matches!(n % 13, 0 | 4 | 8);
            let check = total_in_reply(total);
            (
                Rc::new(move |n| if is_update(n) { update(n) } else { list.clone() }),
                Rc::new(move |n, body| if is_update(n) { Ok(()) } else { check(n, body) }),
            )
        }
        Kind::Update { collection } => (updates(site, collection), nothing),
        Kind::Delete { collection } => {
            let token = match collection {
                &"users" | &"organizations" => String::new(),
                _ => site.user_token().await?,
            };
            let ids = site.ids(collection);
            let path = records_path(collection);
            let compose: Compose = Rc::new(move |_| {
                let id = ids.borrow_mut().pop().unwrap_or_default();
                compose("DELETE", &format!("{path}/{id}"), &token, "")
            });
            (compose, nothing)
        }
        Kind::Message => {
            let token = site.login("people", "writer@example.com").await?;
            let (person, room) = site.chat.clone();
            let path = records_path("messages");
            let compose: Compose = Rc::new(move |n| {
                let body =
                    json!({ "_owner": person, "room": room, "data": format!("a message {n}") });
                compose("POST", &path, &token, &body.to_string())
            });
            (compose, note_ids(site.ids("messages"), 0))
        }
        Kind::ReadMessage => (views(site, "messages"), nothing),
    };
    Ok(Traffic { compose, accept })
}

/// Asks for a list once, and answers what came and how long it took; `None` for other workloads.
pub(crate) async fn first_answer(
    site: &Site,
    workload: &Workload,
) -> Outcome<Option<(Shape, Duration)>> {
    let Some(request) = list_request(site, &workload.kind).await? else {
        return Ok(None);
    };
    let asked = Instant::now();
    let list = call(site.server.address(), &request).await?;
    let took = asked.elapsed();
    let items = list["items"].as_array().ok_or("a list without items")?;
    let mut keys: Vec<String> = items
        .first()
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|item| keys_of("", item))
        .collect();
    keys.sort();
    let total = list["totalItems"].as_i64().ok_or("a list without a total")?;
    Ok(Some((Shape { total, items: items.len(), keys }, took)))
}

/// The names in a record, those of expanded records with the path to them.
fn keys_of(prefix: &str, item: &serde_json::Map<String, Value>) -> Vec<String> {
    item.iter()
        .flat_map(|(key, value)| {
            let key = format!("{prefix}{key}");
            match value.as_object() {
                Some(inner) => keys_of(&format!("{key}."), inner),
                None => vec![key],
            }
        })
        .collect()
}

/// The one request of a workload that lists, if it does.
async fn list_request(site: &Site, kind: &Kind) -> Outcome<Option<Vec<u8>>> {
    let (collection, query, token) = match kind {
        Kind::List { collection, query, signed_in: true } => {
            (collection, *query, site.user_token().await?)
        }
        Kind::List { collection, query, .. } => (collection, *query, String::new()),
        Kind::Mixed { collection } => (collection, "perPage=20", String::new()),
        Kind::Newest { collection } => {
            let query = "perPage=20&skipTotal=1&sort=-created&filter=title!=''";
            (collection, query, site.superuser_token().to_owned())
        }
        _ => return Ok(None),
    };
    let path = format!("{}?{query}", records_path(collection)).replace('\'', "%27");
    Ok(Some(compose("GET", &path, &token, "")))
}

async fn create(site: &Site, collection: &'static str, from: usize) -> Outcome<(Compose, Accept)> {
    let path = records_path(collection);
    let ids = note_ids(site.ids(collection), from);
    let compose: Compose = match collection {
        "organizations" => {
            Rc::new(move |n| compose("POST", &path, "", &records::organization(from + n)))
        }
        "permissions" => {
            Rc::new(move |n| compose("POST", &path, "", &records::permission(from + n)))
        }
        "users" => {
            let (organizations, permissions) = (site.ids("organizations"), site.ids("permissions"));
            Rc::new(move |n| {
                let (organizations, permissions) = (organizations.borrow(), permissions.borrow());
                compose("POST", &path, "", &records::user(from + n, &organizations, &permissions))
            })
        }
        _ => {
            let users = site.ids("users");
            let token = if from == 0 { String::new() } else { site.user_token().await? };
            let description = records::description();
            Rc::new(move |n| {
                let post = records::post(from + n, collection, &description, &users.borrow());
                compose("POST", &path, &token, &post)
            })
        }
    };
    Ok((compose, ids))
}

/// Reads records all over a collection.
fn views(site: &Site, collection: &'static str) -> Compose {
    let (ids, path) = (site.ids(collection), records_path(collection));
    Rc::new(move |n| {
        let ids = ids.borrow();
        compose("GET", &format!("{path}/{}", ids[pick(n, 7, ids.len())]), "", "")
    })
}

/// Changes the titles of posts all over a collection.
fn updates(site: &Site, collection: &'static str) -> Compose {
    let (ids, path) = (site.ids(collection), records_path(collection));
    Rc::new(move |n| {
        let ids = ids.borrow();
        let id = &ids[pick(n, 8, ids.len())];
        compose("PATCH", &format!("{path}/{id}"), "", &format!(r#"{{"title":"update{id}"}}"#))
    })
}

/// Keeps the ids of the records that replies tell of.
fn note_ids(ids: Ids, from: usize) -> Accept {
    Rc::new(move |n, body| {
        let id = value_of(body, b"\"id\":\"").ok_or("a reply without an id")?;
        let mut ids = ids.borrow_mut();
        if ids.len() <= from + n {
            ids.resize(from + n + 1, String::new());
        }
        ids[from + n] = String::from_utf8_lossy(id).into_owned();
        Ok(())
    })
}

fn token_in_reply() -> Accept {
    Rc::new(|_, body| match value_of(body, b"\"token\":\"") {
        Some(_) => Ok(()),
        None => Err("a reply without a token".to_owned()),
    })
}

fn total_in_reply(total: Option<i64>) -> Accept {
    let wanted = total.map(|total| format!("\"totalItems\":{total},"));
    Rc::new(move |_, body| match &wanted {
        Some(wanted) if !ends_hold(body, wanted.as_bytes()) => Err(format!(
            "the reply has not {wanted} {}",
            String::from_utf8_lossy(&body[body.len().saturating_sub(80)..])
        )),
        _ => Ok(()),
    })
}

/// Whether the first or the last bytes of a list's body, where the totals stand, hold `wanted`.
fn ends_hold(body: &[u8], wanted: &[u8]) -> bool {
    let near = body.len().min(100);
    let holds = |part: &[u8]| part.windows(wanted.len()).any(|window| window == wanted);
    holds(&body[body.len() - near..]) || holds(&body[..near])
}

/// The string that follows `name` in a body.
fn value_of<'body>(body: &'body [u8], name: &[u8]) -> Option<&'body [u8]> {
    let start = body.windows(name.len()).position(|window| window == name)? + name.len();
    let length = body[start..].iter().position(|&byte| byte == b'"')?;
    Some(&body[start..start + length])
}
