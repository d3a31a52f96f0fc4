//! Sessions: what a login leaves, what ends it, and that it ends everywhere at once.

use serde_json::{Value as Json, json};

use crate::harness::mailbox::Mailbox;
use crate::harness::stream::Stream;
use crate::harness::{Answer, Client, PASSWORD, Server, encode, record, records};

const SESSIONS: &str = "/api/collections/users/sessions";
const REFRESH: &str = "/api/collections/users/auth-refresh";
const LOGOUT: &str = "/api/collections/users/auth-logout";

/// A server whose users have sessions, and two of them.
struct Story {
    server: Server,
    superuser: Client,
    ann: Json,
}

impl Story {
    fn new() -> Self {
        let server = Server::start();
        let superuser = server.superuser();
        let add = |name: &str| {
            let body = json!({
                "email": format!("{name}@example.com"),
                "password": PASSWORD, "passwordConfirm": PASSWORD,
            });
            superuser.post(&records("users"), &body).expect(200)
        };
        let (ann, _) = (add("ann"), add("bob"));
        let story = Self { server, superuser, ann };
        story.set(&json!({ "sessions": { "enabled": true } }));
        story
    }

    fn set(&self, options: &Json) -> Json {
        self.superuser.patch("/api/collections/users", options).expect(200)
    }

    fn log_in(&self, name: &str) -> Client {
        self.server.logged_in("users", &format!("{name}@example.com"), PASSWORD)
    }

    /// A protected file of Ann's, as its path.
    fn protected_file(&self) -> String {
        let definition = json!({
            "name": "docs", "viewRule": "@request.auth.id != ''", "listRule": "",
            "fields": [{ "name": "paper", "type": "file", "protected": true, "maxSelect": 1 }],
        });
        self.superuser.post("/api/collections", &definition).expect(200);
        let body = "--b\r\nContent-Disposition: form-data; name=\"paper\"; filename=\"a.txt\"\r\n\r\nhi\r\n--b--\r\n";
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        let made = self
            .superuser
            .send("POST", &records("docs"), &headers, Some(body.as_bytes()))
            .expect(200);
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        format!("/api/files/docs/{}/{}", text("id"), text("paper"))
    }
}

fn is_guest(answer: Answer) {
    answer.expect_error(401);
}

fn items(answer: Answer) -> Vec<Json> {
    answer.expect(200)["items"].as_array().expect("items").clone()
}

fn session_of(client: &Client) -> String {
    let own = items(client.get(SESSIONS));
    let current = own.iter().find(|session| session["current"] == true).expect("a current one");
    current["id"].as_str().expect("an id").to_owned()
}

/// The claims of a token.
fn claims(client: &Client) -> Json {
    use base64::Engine as _;
    let token = client.token.as_deref().expect("a token");
    let payload = token.split('.').nth(1).expect("a payload");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn without_the_option_nothing_is_different() {
    let story = Story::new();
    let shown = story.set(&json!({ "sessions": { "enabled": false } }));
    assert!(shown.get("sessions").is_none(), "{shown}");
    let ann = story.log_in("ann");
    assert!(claims(&ann).get("sid").is_none());
    assert!(items(ann.get(SESSIONS)).is_empty());
    ann.post(LOGOUT, &json!({})).expect_error(400);
    ann.post(REFRESH, &json!({})).expect(200);
}

#[test]
fn each_login_is_listed_to_its_account_and_to_nobody_else() {
    let story = Story::new();
    let (first, second, bob) = (story.log_in("ann"), story.log_in("ann"), story.log_in("bob"));
    let own = items(second.get(SESSIONS));
    assert_eq!(own.len(), 2);
    assert_eq!((&own[0]["current"], &own[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!(own[0]["id"], claims(&second)["sid"]);
    assert_eq!(own[1]["id"], claims(&first)["sid"]);
    let session = &own[0];
    assert_eq!(
        (&session["method"], &session["address"]),
        (&json!("password"), &json!("127.0.0.1"))
    );
    assert_eq!(
        (&session["recordId"], &session["collectionName"]),
        (&story.ann["id"], &json!("users"))
    );
    assert!(session["userAgent"].as_str().is_some_and(|agent| agent.contains("ureq")), "{session}");
    assert!(session["expires"].as_str() > session["created"].as_str(), "{session}");
    let page = second.get(&format!("{SESSIONS}?page=2&perPage=1")).expect(200);
    assert_eq!((&page["totalItems"], &page["totalPages"]), (&json!(2), &json!(2)));
    assert_eq!(page["items"][0]["id"], own[1]["id"]);

    let anns = format!("{SESSIONS}?recordId={}", story.ann["id"].as_str().unwrap());
    bob.get(&anns).expect_error(404);
    bob.delete(&format!("{SESSIONS}/{}", session_of(&second))).expect_error(404);
    bob.delete(&anns).expect_error(404);
    story.server.guest().get(SESSIONS).expect_error(401);
    story.server.guest().delete(SESSIONS).expect_error(401);
    story.server.guest().post(LOGOUT, &json!({})).expect_error(401);
    let other = "/api/collections/_superusers/sessions";
    bob.get(other).expect_error(403);
    bob.get("/api/collections/nowhere/sessions").expect_error(404);
    story.superuser.get(SESSIONS).expect_code("recordId", "validation_required");
    assert_eq!(items(story.superuser.get(&anns)).len(), 2);

    story.set(&json!({ "manageRule": "@request.auth.email = 'bob@example.com'" }));
    assert_eq!(items(bob.get(&anns)).len(), 2);
    bob.delete(&format!("{SESSIONS}/{}?{}", session_of(&first), &anns[SESSIONS.len() + 1..]))
        .expect(204);
    is_guest(first.post(REFRESH, &json!({})));
    second.post(REFRESH, &json!({})).expect(200);
}

#[test]
fn a_revoked_session_ends_and_the_others_go_on() {
    let story = Story::new();
    let (first, second, third) = (story.log_in("ann"), story.log_in("ann"), story.log_in("ann"));
    first.delete(&format!("{SESSIONS}/{}", session_of(&second))).expect(204);
    is_guest(second.post(REFRESH, &json!({})));
    first.delete(&format!("{SESSIONS}/nothing")).expect_error(404);
    assert_eq!(items(third.get(SESSIONS)).len(), 2);
    third.delete(SESSIONS).expect(204);
    is_guest(first.post(REFRESH, &json!({})));
    assert_eq!(items(third.get(SESSIONS)).len(), 1);
    third.post(LOGOUT, &json!({})).expect(204);
    is_guest(third.get(SESSIONS));
    is_guest(third.post(LOGOUT, &json!({})));
}

#[test]
fn a_refresh_keeps_the_session_and_prolongs_it() {
    let story = Story::new();
    story.set(&json!({ "authToken": { "duration": 3600 } }));
    let ann = story.log_in("ann");
    let before = items(ann.get(SESSIONS))[0].clone();
    story.set(&json!({ "authToken": { "duration": 7200 } }));
    let token = ann.post(REFRESH, &json!({})).expect(200)["token"].clone();
    let refreshed = story.server.with_token(&token);
    assert_eq!(claims(&refreshed)["sid"], claims(&ann)["sid"]);
    let own = items(refreshed.get(SESSIONS));
    assert_eq!(own.len(), 1);
    assert!(own[0]["expires"].as_str() > before["expires"].as_str(), "{own:?} {before}");
    // The older token is of the same session, and ends with it.
    refreshed.post(LOGOUT, &json!({})).expect(204);
    is_guest(ann.post(REFRESH, &json!({})));
}

#[test]
fn tokens_of_no_session_are_refused_once_sessions_are_kept_and_sessions_end_for_good() {
    let story = Story::new();
    story.set(&json!({ "sessions": { "enabled": false } }));
    let old = story.log_in("ann");
    let mut stream = Stream::subscribed(&story.server, &old, &["users/*"]);
    story.set(&json!({ "sessions": { "enabled": true } }));
    is_guest(old.post(REFRESH, &json!({})));
    story.superuser.patch(&record("users", &story.ann["id"]), &json!({ "name": "x" })).expect(200);
    stream.expect_nothing();
    let (ended, kept) = (story.log_in("ann"), story.log_in("ann"));
    ended.post(LOGOUT, &json!({})).expect(204);
    story.set(&json!({ "sessions": { "enabled": false } }));
    is_guest(ended.post(REFRESH, &json!({})));
    kept.post(REFRESH, &json!({})).expect(200);
    // It can be ended as before.
    kept.post(LOGOUT, &json!({})).expect(204);
    is_guest(kept.post(REFRESH, &json!({})));
}

#[test]
fn the_session_used_least_recently_makes_room() {
    let story = Story::new();
    story
        .superuser
        .patch("/api/collections/users", &json!({ "sessions": { "maxPerUser": -1 } }))
        .expect_error(400);
    story
        .superuser
        .patch("/api/collections/users", &json!({ "sessions": { "maxPerUser": 1001 } }))
        .expect_error(400);
    let shown = story.set(&json!({ "sessions": { "enabled": true, "maxPerUser": 2 } }));
    assert_eq!(shown["sessions"], json!({ "enabled": true, "maxPerUser": 2 }));
    let [first, second] = [story.log_in("ann"), story.log_in("ann")];
    first.post(REFRESH, &json!({})).expect(200);
    let third = story.log_in("ann");
    is_guest(second.post(REFRESH, &json!({})));
    for client in [first, third] {
        client.post(REFRESH, &json!({})).expect(200);
    }
}

#[test]
fn a_superuser_who_acts_as_somebody_shows_among_the_sessions() {
    let story = Story::new();
    let path = format!("/api/collections/users/impersonate/{}", story.ann["id"].as_str().unwrap());
    let token =
        story.superuser.post(&path, &json!({ "duration": 600 })).expect(200)["token"].clone();
    let acting = story.server.with_token(&token);
    let own = items(acting.get(SESSIONS));
    assert_eq!((own.len(), &own[0]["method"]), (1, &json!("impersonate")));
    // It cannot be refreshed, and comes back as it was.
    assert_eq!(acting.post(REFRESH, &json!({})).expect(200)["token"], token);
    let ann = story.log_in("ann");
    ann.delete(&format!("{SESSIONS}/{}", own[0]["id"].as_str().unwrap())).expect(204);
    is_guest(acting.post(REFRESH, &json!({})));
}

#[test]
fn superusers_can_have_sessions_too() {
    let server = Server::start();
    let before = server.superuser();
    let enable = json!({ "sessions": { "enabled": true } });
    before.patch("/api/collections/_superusers", &enable).expect(200);
    before.get("/api/settings").expect_error(401);
    let (root, other) = (server.superuser(), server.superuser());
    root.get("/api/settings").expect(200);
    root.delete("/api/collections/_superusers/sessions").expect(204);
    other.get("/api/settings").expect_error(401);
    root.post("/api/collections/_superusers/auth-logout", &json!({})).expect(204);
    root.get("/api/settings").expect_error(401);
}

#[test]
fn sessions_survive_a_restart() {
    let story = Story::new();
    let (kept, ended) = (story.log_in("ann"), story.log_in("ann"));
    ended.post(LOGOUT, &json!({})).expect(204);
    let (kept, ended) = (kept.token, ended.token);
    let server = Server::start_on(story.server.kill());
    let with = |token: &Option<String>| server.with_token(&json!(token));
    with(&kept).post(REFRESH, &json!({})).expect(200);
    is_guest(with(&ended).post(REFRESH, &json!({})));
}

/// Everything that speaks for an account, so that it can be seen to end at one stroke.
struct Powers<'a> {
    story: &'a Story,
    account: Json,
    email: String,
    client: Client,
    file: String,
    file_token: String,
    reset_token: String,
    stream: Stream,
}

impl<'a> Powers<'a> {
    /// All of a new account.
    fn new(story: &'a Story, mailbox: &Mailbox, name: &str, file: &str) -> Self {
        let email = format!("{name}@example.com");
        let body = json!({
            "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD,
        });
        let account = story.superuser.post(&records("users"), &body).expect(200);
        let client = story.log_in(name);
        let token = client.post("/api/files/token", &json!({})).expect(200)["token"].clone();
        let ask = "/api/collections/users/request-password-reset";
        client.post(ask, &json!({ "email": email })).expect(204);
        let powers = Self {
            story,
            account,
            file: file.to_owned(),
            file_token: token.as_str().expect("a token").to_owned(),
            reset_token: mailbox.next().token("confirm-password-reset"),
            stream: Stream::subscribed(&story.server, &client, &["secrets/*"]),
            email,
            client,
        };
        assert_eq!((powers.download(), powers.can_reset()), (200, true));
        powers
    }

    fn path(&self) -> String {
        record("users", &self.account["id"])
    }

    fn set(&self, body: &Json) {
        self.story.superuser.patch(&self.path(), body).expect(200);
    }

    fn log_in_again(&self) -> Client {
        self.story.server.logged_in("users", &self.email, PASSWORD)
    }

    fn download(&self) -> u16 {
        let mut guest = self.client.clone();
        guest.token = None;
        guest.fetch(&format!("{}?token={}", self.file, encode(&self.file_token)), &[]).0
    }

    /// Whether the mailed link would work, found out with a form that has another mistake.
    fn can_reset(&self) -> bool {
        let confirm = "/api/collections/users/confirm-password-reset";
        let body =
            json!({ "token": self.reset_token, "password": "1234567890", "passwordConfirm": "x" });
        self.story.server.guest().post(confirm, &body).expect_error(400).get("token").is_none()
    }

    #[track_caller]
    fn expect_ended(mut self, what: &str, can_reset: bool) {
        is_guest(self.client.post(REFRESH, &json!({})));
        is_guest(self.client.post("/api/files/token", &json!({})));
        assert_eq!(self.client.get(&records("secrets")).expect(200)["totalItems"], 0, "{what}");
        assert_eq!((self.download(), self.can_reset()), (404, can_reset), "{what}");
        self.story.superuser.post(&records("secrets"), &json!({ "text": what })).expect(200);
        self.stream.expect_nothing();
    }

    #[track_caller]
    fn expect_alive(&mut self, what: &str) {
        self.client.post(REFRESH, &json!({})).expect(200);
        assert_eq!((self.download(), self.can_reset()), (200, true), "{what}");
        let text = format!("{what}, seen");
        self.story.superuser.post(&records("secrets"), &json!({ "text": text })).expect(200);
        while self.stream.change().1["text"] != text.as_str() {}
    }
}

/// Ends something of an account.
type End = fn(&Powers<'_>);

/// What ends the sessions of an account and nothing else.
const SIGN_OUTS: [(&str, End); 4] = [
    ("sign-out", |powers| {
        powers.client.post(LOGOUT, &json!({})).expect(204);
    }),
    ("revoked by its owner", |powers| {
        let id = session_of(&powers.client);
        powers.log_in_again().delete(&format!("{SESSIONS}/{id}")).expect(204);
    }),
    ("revoked with all others", |powers| {
        powers.log_in_again().delete(SESSIONS).expect(204);
    }),
    ("revoked by a superuser", |powers| {
        let id = powers.account["id"].as_str().expect("an id");
        powers.story.superuser.delete(&format!("{SESSIONS}?recordId={id}")).expect(204);
    }),
];

/// What ends every token of an account, whether there are sessions or not.
const CHANGES: [(&str, End); 5] = [
    ("another password", |powers| {
        powers.set(&json!({ "password": "0987654321", "passwordConfirm": "0987654321" }));
    }),
    ("another password, by mail", |powers| {
        let confirm = "/api/collections/users/confirm-password-reset";
        let body = json!({
            "token": powers.reset_token, "password": "0987654321", "passwordConfirm": "0987654321",
        });
        powers.story.server.guest().post(confirm, &body).expect(204);
    }),
    ("another address", |powers| {
        powers.set(&json!({ "email": format!("new-{}", powers.email) }));
    }),
    ("another token key", |powers| powers.set(&json!({ "tokenKey:autogenerate": "" }))),
    ("deleted", |powers| {
        powers.story.superuser.delete(&powers.path()).expect(204);
    }),
];

#[test]
fn whatever_ends_an_account_ends_all_that_speaks_for_it() {
    for with_sessions in [true, false] {
        let story = Story::new();
        let mailbox = Mailbox::of(&story.server);
        story.set(&json!({ "sessions": { "enabled": with_sessions } }));
        let secrets = json!({
            "name": "secrets", "listRule": "@request.auth.id != ''",
            "fields": [{ "name": "text", "type": "text" }],
        });
        story.superuser.post("/api/collections", &secrets).expect(200);
        let file = story.protected_file();
        let mut bystander = Powers::new(&story, &mailbox, "bystander", &file);
        let sign_outs = if with_sessions { &SIGN_OUTS[..] } else { &[] };
        let all =
            sign_outs.iter().map(|end| (end, true)).chain(CHANGES.iter().map(|end| (end, false)));
        for (number, ((what, end), can_reset)) in all.enumerate() {
            let powers = Powers::new(&story, &mailbox, &format!("user{number}"), &file);
            end(&powers);
            bystander.expect_alive(what);
            powers.expect_ended(what, can_reset);
        }
        bystander.expect_alive("nothing");
        let secret = |text: &str| json!({ "secret": text.repeat(40) });
        story.set(&json!({ "authToken": secret("a"), "fileToken": secret("b") }));
        bystander.expect_ended("other secrets", true);
    }
}
