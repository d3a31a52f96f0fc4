//! That nobody finds out by the clock who has an account: what is asked for on behalf of somebody
//! costs as many hashes and commits as on behalf of nobody.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::access::Caller;
use crate::auth::PasswordHasher;
use crate::files::Storage;
use crate::model::{Timestamp, Value};
use crate::ops::{Backend, bootstrap};
use crate::query::Request;
use crate::schema::{CollectionKind, Record};
use crate::store::{Store, StoreOptions};

const ANN: &str = "ann@example.com";
const NOBODY: &str = "nobody@example.com";
const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A backend among whose users is Ann, and how many commits it has made.
struct Server {
    backend: Backend,
    commits: Arc<AtomicU64>,
}

fn start() -> Server {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    let files = Storage::new(&std::env::temp_dir().join("haversack-without-files"));
    let backend = Backend::new(store, PasswordHasher::new(2, 8), files);
    bootstrap(&backend).unwrap();
    let hash = backend.hasher().hash("1234567890").unwrap();
    backend
        .write(move |tx| {
            let mut users = (**tx.catalog().by_name("users").unwrap()).clone();
            if let CollectionKind::Auth(auth) = &mut users.kind {
                auth.otp.enabled = true;
            }
            let users = tx.update_collection(users)?;
            let mut ann = Record::new(users);
            ann.set("email", Value::Text(ANN.to_owned()));
            ann.set("password", Value::Text(hash.clone()));
            crate::ops::records::finish_draft(&mut ann, Timestamp::now())?;
            crate::ops::records::account::add(tx, &ann)?;
            Ok(())
        })
        .unwrap();
    let commits = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&commits);
    backend.on_commit(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    Server { backend, commits }
}

/// The hashes and commits that a call costs.
fn cost<T>(server: &Server, call: impl FnOnce() -> T) -> (u64, u64) {
    let seen = || (server.backend.hasher().jobs(), server.commits.load(Ordering::SeqCst));
    let before = seen();
    call();
    let after = seen();
    (after.0 - before.0, after.1 - before.1)
}

fn attempt() -> Attempt {
    Attempt {
        caller: Arc::new(Caller::new(Request::default())),
        address: ADDRESS,
        may_be_superuser: true,
        user_agent: String::new(),
        body: serde_json::Map::new(),
        expand: String::new(),
    }
}

#[test]
fn asking_for_mail_costs_the_same_for_somebody_and_nobody() {
    let server = start();
    let backend = &server.backend;
    let otp = |email| cost(&server, || request_otp(backend, "users", email, ADDRESS).unwrap());
    assert_eq!(otp(ANN), otp(NOBODY));
    assert_eq!(otp(NOBODY).0, 1);
    let reset =
        |email| cost(&server, || request_password_reset(backend, "users", email, ADDRESS).unwrap());
    assert_eq!(reset(ANN), reset(NOBODY));
    // Also when the mail has to wait.
    assert_eq!(reset(ANN), reset(NOBODY));
    let verify =
        |email| cost(&server, || request_verification(backend, "users", email, ADDRESS).unwrap());
    assert_eq!(verify(ANN), verify(NOBODY));
}

#[test]
fn a_wrong_login_costs_the_same_for_somebody_and_nobody() {
    let server = start();
    let backend = &server.backend;
    let password = |identity: &str| {
        let login = PasswordLogin {
            identity: identity.to_owned(),
            password: "wrong".to_owned(),
            identity_field: String::new(),
            attempt: attempt(),
        };
        cost(&server, || login.run(backend, "users").unwrap_err())
    };
    assert_eq!(password(ANN), (1, 0));
    assert_eq!(password(NOBODY), (1, 0));
    let code = |email: &str| {
        let otp_id = request_otp(backend, "users", email, ADDRESS).unwrap();
        let login = OtpLogin { otp_id, password: "0".to_owned(), attempt: attempt() };
        cost(&server, || login.run(backend, "users").unwrap_err())
    };
    assert_eq!(code(ANN), (1, 0));
    assert_eq!(code(NOBODY), (1, 0));
}

#[test]
fn visitors_that_stay_away_are_forgotten_where_the_collection_says_so() {
    let server = start();
    let backend = &server.backend;
    let set = |keep_days: i64| {
        backend
            .write(move |tx| {
                let mut users = (**tx.catalog().by_name("users").unwrap()).clone();
                if let CollectionKind::Auth(auth) = &mut users.kind {
                    auth.anonymous.enabled = true;
                    auth.anonymous.keep_days = keep_days;
                }
                tx.update_collection(users)?;
                Ok(())
            })
            .unwrap();
    };
    set(0);
    sign_in_anonymously(backend, attempt(), "users").unwrap();
    let now = Timestamp::now();
    let in_days = |days: i64| Timestamp::from_millis(now.millis() + days * 86_400_000 + 60_000);
    assert_eq!(delete_unused_anonymous(backend, in_days(4000)).unwrap(), 0);
    set(30);
    assert_eq!(delete_unused_anonymous(backend, in_days(29)).unwrap(), 0);
    assert_eq!(delete_unused_anonymous(backend, in_days(30)).unwrap(), 1);
    // Whoever has an email stays.
    let users = backend.snapshot().catalog().by_name("users").cloned().unwrap();
    assert_eq!(backend.snapshot().count(&users).unwrap(), 1);
}
