use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use serde_json::json;

use super::*;
use crate::access::Gate;
use crate::auth::PasswordHasher;
use crate::model::Value;
use crate::ops::collections::CreateCollection;
use crate::ops::{Backend, Error};
use crate::query::Rows;
use crate::realtime::{
    Client, Connect, Delivery, Ending, Event, Render, SharedTexts, Subscription,
};
use crate::schema::Record;
use crate::store::{Store, StoreOptions};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Shows the action and the id.
struct Plain;

impl Render for Plain {
    fn render(
        &self,
        _: Gate<'_>,
        event: &Event,
        _: &Subscription,
        _: &mut SharedTexts,
    ) -> Option<Arc<[u8]>> {
        let text = format!("{} {}", event.action.as_str(), event.row.as_row().id());
        Some(text.into_bytes().into())
    }
}

/// Parents, which anybody may list, and children, which one may list whose parent is `open`.
fn feed(options: StoreOptions) -> Feed {
    // No file is touched here, so the folder is never made.
    let files = crate::files::Storage::new(&std::env::temp_dir().join("haversack-without-files"));
    let store = Store::in_memory(options).unwrap();
    let backend = Backend::new(store, PasswordHasher::new(1, 1), files);
    let parents = json!({
        "id": "pbc_parents", "name": "parents", "type": "base", "listRule": "",
        "fields": [{ "name": "state", "type": "text" }],
    });
    let children = json!({
        "id": "pbc_children", "name": "children", "type": "base",
        "listRule": "parent.state = 'open'",
        "fields": [{ "name": "parent", "type": "relation", "collectionId": "pbc_parents" }],
    });
    for definition in [parents, children] {
        let command = CreateCollection::new(definition.as_object().unwrap().clone());
        backend.write(move |tx| command.run(tx)).unwrap();
    }
    Feed::new(Arc::new(backend), Arc::default(), Plain)
}

fn insert(feed: &Feed, collection: &'static str, id: &str, field: &'static str, value: &Value) {
    let (id, value) = (id.to_owned(), value.clone());
    feed.backend()
        .write(move |tx| {
            let collection = tx.catalog().by_name(collection).unwrap().clone();
            let mut record = Record::new(collection.clone());
            record.set("id", Value::Text(id.clone()));
            record.set(field, value.clone());
            tx.insert(&collection, &record.to_row()).map_err(Error::from)
        })
        .unwrap();
}

fn parent(feed: &Feed, id: &str) {
    insert(feed, "parents", id, "state", &Value::Text("open".to_owned()));
}

fn delete(feed: &Feed, records: &[(&'static str, &'static str)]) {
    let records = records.to_vec();
    feed.backend()
        .write(move |tx| {
            for (collection, id) in &records {
                let collection = tx.catalog().by_name(collection).unwrap().clone();
                let rowid = tx.find(&collection, id)?.unwrap();
                let row = tx.row(&collection, rowid)?.unwrap();
                tx.delete(&collection, rowid, &row)?;
            }
            Ok::<_, Error>(())
        })
        .unwrap();
}

fn client(feed: &Feed, connect: Connect<'_>, topics: &[&str]) -> Arc<Client> {
    let (client, _) = feed.hub().connect(HERE, connect).unwrap();
    let topics: Vec<Box<str>> = topics.iter().map(|topic| (*topic).into()).collect();
    let now = feed.backend().snapshot().last_change();
    feed.hub().subscribe(client.id(), HERE, None, &topics, now).unwrap();
    client
}

/// Everything that waits for a client; it reads from the log where it has to.
fn drain(feed: &Feed, client: &Client) -> (Vec<String>, Option<Ending>) {
    let mut texts = Vec::new();
    loop {
        match client.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Delivery::Messages(messages)) => {
                texts.extend(messages.iter().map(|m| String::from_utf8(m.data.to_vec()).unwrap()));
            }
            Poll::Ready(Delivery::CatchUp(after)) => feed.catch_up(client, after).unwrap(),
            Poll::Ready(Delivery::End(ending)) => return (texts, Some(ending)),
            Poll::Pending => return (texts, None),
        }
    }
}

#[test]
fn what_came_and_went_between_two_looks_is_seen_with_what_it_was() {
    let feed = feed(StoreOptions::default());
    let client = client(&feed, Connect::default(), &["parents/*", "children/*"]);
    let mut progress = feed.start();
    parent(&feed, "p1");
    insert(&feed, "children", "c1", "parent", &Value::Text("p1".into()));
    delete(&feed, &[("parents", "p1"), ("children", "c1")]);
    feed.advance(&mut progress).unwrap();
    let expected = ["create p1", "create c1", "delete p1", "delete c1"];
    assert_eq!(drain(&feed, &client), (expected.map(String::from).to_vec(), None));
}

#[test]
fn a_delete_is_judged_by_relations_that_went_with_it() {
    let feed = feed(StoreOptions::default());
    parent(&feed, "p1");
    insert(&feed, "children", "c1", "parent", &Value::Text("p1".into()));
    insert(&feed, "children", "c2", "parent", &Value::Text("p2".into()));
    let seen = feed.backend().snapshot().last_change();
    let live = client(&feed, Connect::default(), &["children/*"]);
    let mut progress = feed.start();
    delete(&feed, &[("parents", "p1"), ("children", "c1"), ("children", "c2")]);
    feed.advance(&mut progress).unwrap();
    let expected = (vec!["delete c1".to_owned()], None);
    assert_eq!(drain(&feed, &live), expected);
    // Nor does it matter when the log is read.
    let resume = Connect { resume: Some(seen), ..Connect::default() };
    assert_eq!(drain(&feed, &client(&feed, resume, &["children/*"])), expected);
}

#[test]
fn a_client_that_comes_back_after_its_place_was_pruned_has_a_gap() {
    let feed = feed(StoreOptions { change_count_max: 10, ..StoreOptions::default() });
    let mut progress = feed.start();
    for number in 0..30 {
        parent(&feed, &format!("p{number}"));
    }
    feed.advance(&mut progress).unwrap();
    let last = feed.backend().snapshot().last_change();
    let resume = |after| Connect { resume: Some(after), ..Connect::default() };
    let complete = client(&feed, resume(last - 5), &["parents/*"]);
    assert_eq!(drain(&feed, &complete).0.len(), 5);
    let missing = client(&feed, resume(last - 20), &["parents/*"]);
    let gap = format!("{{\"after\":{},\"until\":{last}}}", last - 20);
    assert_eq!(drain(&feed, &missing).0, [gap]);
    // It goes on from there.
    parent(&feed, "new");
    feed.advance(&mut progress).unwrap();
    assert_eq!(drain(&feed, &missing).0, ["create new"]);
}

#[test]
fn nothing_is_lost_or_doubled_between_the_log_and_the_hub() {
    let feed = feed(StoreOptions::default());
    let mut progress = feed.start();
    let start = feed.backend().snapshot().last_change();
    let mut expected = Vec::new();
    for number in 0..40 {
        parent(&feed, &format!("p{number}"));
        expected.push(format!("create p{number}"));
        if number % 3 == 0 {
            feed.advance(&mut progress).unwrap();
        }
        // It comes back at every stage: before, between and after what the hub sends.
        let resume = Connect { resume: Some(start), ..Connect::default() };
        let client = client(&feed, resume, &["parents/*"]);
        let mut got = drain(&feed, &client).0;
        feed.advance(&mut progress).unwrap();
        got.extend(drain(&feed, &client).0);
        assert_eq!(got, expected);
        feed.hub().disconnect(&client);
    }
}

#[test]
fn a_client_whose_queue_is_full_ends_and_finds_the_rest_in_the_log() {
    let feed = feed(StoreOptions::default());
    let mut progress = feed.start();
    let slow = client(&feed, Connect::default(), &["parents/*"]);
    for number in 0..1100 {
        parent(&feed, &format!("p{number}"));
    }
    feed.advance(&mut progress).unwrap();
    let (mut got, ending) = drain(&feed, &slow);
    assert_eq!((got.len(), ending), (1024, Some(Ending::TooSlow)));
    feed.hub().disconnect(&slow);
    let back = Connect { last_id: Some(slow.id()), ..Connect::default() };
    let (back, after) = feed.hub().connect(HERE, back).unwrap();
    assert!(after.is_some());
    got.extend(drain(&feed, &back).0);
    assert_eq!(got.len(), 1100);
    assert_eq!(got.last().unwrap(), "create p1099");
}

#[test]
fn messages_of_ones_own_reach_who_subscribed_and_close_ends_all() {
    let feed = feed(StoreOptions::default());
    let one = client(&feed, Connect::default(), &["news", "news?options=%7B%7D", "other"]);
    let other = client(&feed, Connect::default(), &["other"]);
    assert_eq!(feed.hub().send("news", "{\"a\":\n1}"), 1);
    assert_eq!(feed.hub().send("nobody", "{}"), 0);
    assert_eq!(drain(&feed, &one).0, ["{\"a\": 1}", "{\"a\": 1}"]);
    assert_eq!(drain(&feed, &other).0, [""; 0]);
    assert!(feed.hub().send_once(one.id(), HERE, "other", "{}"));
    assert!(!feed.hub().send_once(one.id(), HERE, "other", "{}"));
    assert_eq!(drain(&feed, &one).0, ["{}"]);
    // Who asks from elsewhere gets nothing through, and ends the wait.
    assert!(!feed.hub().send_once(other.id(), "10.0.0.1".parse().unwrap(), "other", "{}"));
    assert!(!feed.hub().send_once(other.id(), HERE, "other", "{}"));
    assert_eq!(drain(&feed, &other).0, [""; 0]);
    feed.hub().close();
    assert_eq!(drain(&feed, &one).1, Some(Ending::Closing));
    assert!(feed.hub().connect(HERE, Connect::default()).is_none());
}
