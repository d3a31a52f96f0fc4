//! Many clients at once.

use serde_json::json;

use crate::harness::{Server, record, records};

#[test]
fn no_increment_is_lost_among_many_clients() {
    const CLIENTS: usize = 20;
    const EACH: usize = 25;
    let server = Server::start();
    let superuser = server.superuser();
    let definition = json!({
        "name": "counters", "viewRule": "", "updateRule": "",
        "fields": [{ "name": "count", "type": "number" }],
    });
    superuser.post("/api/collections", &definition).expect(200);
    let made = superuser.post(&records("counters"), &json!({})).expect(200);
    let own = record("counters", &made["id"]);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (guest, own) = (server.guest(), &own);
            scope.spawn(move || {
                for _ in 0..EACH {
                    guest.patch(own, &json!({ "count+": 1 })).expect(200);
                }
            });
        }
    });
    assert_eq!(server.guest().get(&own).expect(200)["count"], CLIENTS * EACH);
}

#[test]
fn one_of_many_takes_a_unique_value() {
    const CLIENTS: usize = 16;
    let server = Server::start();
    let superuser = server.superuser();
    let definition = json!({
        "name": "seats", "createRule": "", "listRule": "",
        "fields": [{ "name": "number", "type": "number" }],
        "indexes": ["CREATE UNIQUE INDEX idx_seat ON seats (number)"],
    });
    superuser.post("/api/collections", &definition).expect(200);
    let outcomes: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let guest = server.guest();
                scope.spawn(move || guest.post(&records("seats"), &json!({ "number": 7 })).status)
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    assert_eq!(outcomes.iter().filter(|status| **status == 200).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|status| **status == 400).count(), CLIENTS - 1);
    assert_eq!(server.guest().get(&records("seats")).expect(200)["totalItems"], 1);
}
