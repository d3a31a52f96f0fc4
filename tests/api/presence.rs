//! Presence: who is in a room, and who hears of it.

use serde_json::{Value as Json, json};

use crate::harness::stream::Stream;
use crate::harness::{Client, Server, encode, record, records};

/// Rooms that their members may view, and three users of whom the first two are members.
struct House {
    server: Server,
    superuser: Client,
    room: Json,
    topic: String,
}

impl House {
    fn new(config: &str) -> Self {
        let server = Server::start_configured(config);
        let superuser = server.superuser();
        let user = |name: &str| {
            let body = json!({
                "email": format!("{name}@example.com"),
                "password": "1234567890", "passwordConfirm": "1234567890",
            });
            superuser.post(&records("users"), &body).expect(200)["id"].clone()
        };
        let members = [user("ann"), user("bob")];
        user("eve");
        let definition = json!({
            "name": "rooms", "viewRule": "members ~ @request.auth.id && @request.auth.id != ''",
            "fields": [{
                "name": "members", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 9,
            }],
        });
        superuser.post("/api/collections", &definition).expect(200);
        let room = superuser.post(&records("rooms"), &json!({ "members": members })).expect(200);
        let topic = format!("presence/rooms/{}", room["id"].as_str().expect("an id"));
        Self { server, superuser, room, topic }
    }

    fn open() -> Self {
        Self::new("realtime.presence = [\"rooms\"]")
    }

    fn user(&self, name: &str) -> Client {
        self.server.logged_in("users", &format!("{name}@example.com"), "1234567890")
    }

    fn enter(&self, name: &str) -> Stream {
        Stream::subscribed(&self.server, &self.user(name), &[&self.topic])
    }
}

/// The action of the next message and the email-less accounts that it is about.
fn heard(stream: &mut Stream) -> (String, Json) {
    let data = stream.next().expect("a message").data;
    let action = data["action"].as_str().expect("an action").to_owned();
    let about = match action.as_str() {
        "present" => data["members"].clone(),
        _ => data["member"].clone(),
    };
    (action, about)
}

#[test]
fn members_hear_who_is_there_who_comes_and_who_goes() {
    let house = House::open();
    let shown = json!({ "presence": { "typing": true } });
    let topic = format!("{}?options={}", house.topic, encode(&shown.to_string()));
    let mut ann = Stream::subscribed(&house.server, &house.user("ann"), &[&topic]);
    let first = ann.next().expect("a message");
    assert_eq!((first.name.as_str(), &first.data["action"]), (topic.as_str(), &json!("present")));
    assert_eq!(first.data["members"], json!([]));
    let mut bob = house.enter("bob");
    let (action, members) = heard(&mut bob);
    assert_eq!(action, "present");
    assert_eq!(members, json!([first.data["self"]]));
    assert_eq!(members[0]["state"], shown["presence"]);
    assert_eq!(members[0]["account"]["id"], house.room["members"][0]);
    let (action, joined) = heard(&mut ann);
    assert_eq!((action.as_str(), &joined["account"]["id"]), ("join", &house.room["members"][1]));
    drop(bob);
    assert_eq!(heard(&mut ann), ("leave".to_owned(), joined));
    // Whoever unsubscribes leaves, and may come back.
    let user = house.user("bob");
    let mut bob = Stream::subscribed(&house.server, &user, &[&house.topic]);
    assert_eq!(heard(&mut ann).0, "join");
    assert_eq!(heard(&mut bob).0, "present");
    bob.subscribe(&user, &[]);
    assert_eq!(heard(&mut ann).0, "leave");
    bob.expect_nothing();
}

#[test]
fn nobody_is_present_where_the_owner_did_not_allow_it() {
    let house = House::new("");
    let (mut ann, mut bob) = (house.enter("ann"), house.enter("bob"));
    ann.expect_nothing();
    bob.expect_nothing();
}

#[test]
fn whoever_may_not_view_the_room_hears_nothing_and_is_not_seen() {
    let house = House::open();
    let mut ann = house.enter("ann");
    assert_eq!(heard(&mut ann).0, "present");
    let mut eve = house.enter("eve");
    let mut guest = Stream::subscribed(&house.server, &house.server.guest(), &[&house.topic]);
    for topic in ["presence/rooms/nope", "presence/users/x", "presence/rooms", "presence/"] {
        Stream::subscribed(&house.server, &house.superuser, &[topic]).expect_nothing();
    }
    eve.expect_nothing();
    guest.expect_nothing();
    ann.expect_nothing();
}

#[test]
fn a_member_that_may_not_view_the_room_any_more_is_put_out() {
    let house = House::open();
    let mut ann = house.enter("ann");
    let mut bob = house.enter("bob");
    assert_eq!([heard(&mut ann).0, heard(&mut ann).0], ["present", "join"]);
    assert_eq!(heard(&mut bob).0, "present");
    let members = json!({ "members": [house.room["members"][0]] });
    house.superuser.patch(&record("rooms", &house.room["id"]), &members).expect(200);
    let mut root = Stream::subscribed(&house.server, &house.superuser, &[&house.topic]);
    assert_eq!(heard(&mut root).0, "present");
    let mut heard_by_ann = [heard(&mut ann).0, heard(&mut ann).0];
    heard_by_ann.sort();
    assert_eq!(heard_by_ann, ["join", "leave"]);
    bob.expect_nothing();
    // The account that was present goes: nobody is there in its name.
    house.superuser.delete(&record("users", &house.room["members"][0])).expect(204);
    assert_eq!(heard(&mut root).0, "leave");
    assert_eq!(heard(&mut root).0, "leave");
    ann.expect_nothing();
    root.expect_nothing();
}

#[test]
fn what_a_member_shows_is_bounded() {
    let house = House::open();
    let mut ann = house.enter("ann");
    assert_eq!(heard(&mut ann).0, "present");
    let shown = json!({ "presence": { "a": "x".repeat(600) } });
    let topic = format!("{}?options={}", house.topic, encode(&shown.to_string()));
    let _bob = Stream::subscribed(&house.server, &house.user("bob"), &[&topic]);
    assert_eq!(heard(&mut ann).1["state"], json!({}));
}
