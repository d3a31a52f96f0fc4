//! The outbox, with mail servers that say no.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use crate::auth::PasswordHasher;
use crate::files::Storage;
use crate::mail::Mail;
use crate::model::Timestamp;
use crate::ops::records::belongings;
use crate::ops::{Backend, bootstrap};
use crate::query::Rows;
use crate::schema::Record;
use crate::settings;
use crate::store::{OutboxKey, Store, StoreOptions};

use super::*;

const TO: &str = "ann@example.com";

fn backend(smtp: &serde_json::Value) -> Backend {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    let files = Storage::new(&std::env::temp_dir().join("haversack-without-files"));
    let backend = Backend::new(store, PasswordHasher::new(1, 4), files);
    bootstrap(&backend).unwrap();
    let settings = serde_json::json!({ "smtp": smtp }).to_string();
    backend.write(move |tx| Ok(tx.put_setting(settings::KEY, settings.as_bytes())?)).unwrap();
    backend.reload_settings().unwrap();
    backend
}

/// A mail server that answers RCPT with this line, and the settings that lead to it.
fn server(rcpt: &'static str) -> serde_json::Value {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut out = &stream;
            let _ = out.write_all(b"220 here\r\n");
            for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                let answer = match line.get(..4) {
                    Some("RCPT") => rcpt,
                    Some("DATA") => "354 go on",
                    Some("QUIT") => break,
                    _ => "250 ok",
                };
                let _ = out.write_all(format!("{answer}\r\n").as_bytes());
            }
        }
    });
    serde_json::json!({ "enabled": true, "host": "127.0.0.1", "port": port })
}

/// Makes a one-time password and posts a letter that carries it.
fn post(backend: &Backend, seconds: i64) -> String {
    backend
        .write(move |tx| {
            let users = tx.catalog().by_name("users").cloned().unwrap();
            let texts = [("password", "hash")];
            let id = belongings::add(tx, belongings::OTPS, &users, "ann", &texts)?;
            let (subject, html) = ("Code".to_owned(), "<p>1234</p>".to_owned());
            let mail = Mail { to: TO.to_owned(), subject, html };
            Letter::new(mail).expires_in(seconds).carries_otp(&id).post(tx)?;
            Ok(id)
        })
        .unwrap()
}

fn otp(backend: &Backend, id: &str) -> Option<Record> {
    belongings::find(&*backend.snapshot(), belongings::OTPS, id).unwrap().map(|(.., otp)| otp)
}

fn letters(backend: &Backend) -> Vec<(OutboxKey, Letter)> {
    let letters = backend.snapshot().outbox(0, 100).unwrap();
    letters.into_iter().map(|(key, it)| (key, serde_json::from_slice(&it).unwrap())).collect()
}

#[test]
fn without_a_mail_server_mail_counts_as_sent() {
    let backend = backend(&serde_json::json!({}));
    let id = post(&backend, 60);
    assert_eq!(deliver_due(&backend).unwrap(), None);
    assert_eq!(otp(&backend, &id).unwrap().text("sentTo"), TO);
    assert!(letters(&backend).is_empty());
}

#[test]
fn a_letter_that_is_refused_for_good_is_given_up_and_kept_without_its_body() {
    let backend = backend(&server("550 nobody here"));
    let id = post(&backend, 60);
    assert_eq!(deliver_due(&backend).unwrap(), None);
    assert!(otp(&backend, &id).is_none());
    let letters = letters(&backend);
    assert_eq!((letters.len(), letters[0].1.mail.html.as_str()), (1, ""));
    assert!(letters[0].1.failed.is_some());
    // It is not looked at again.
    assert_eq!(deliver_due(&backend).unwrap(), None);

    let now = Timestamp::now();
    delete_old_failures(&backend, now).unwrap();
    assert_eq!(backend.snapshot().outbox(0, 100).unwrap().len(), 1);
    let next_week = Timestamp::from_millis(now.millis() + 8 * 24 * 60 * 60 * 1000);
    delete_old_failures(&backend, next_week).unwrap();
    assert!(backend.snapshot().outbox(0, 100).unwrap().is_empty());
}

#[test]
fn a_letter_that_is_put_off_waits_and_so_do_those_behind_it() {
    let backend = backend(&server("450 later"));
    let (first, second) = (post(&backend, 60), post(&backend, 60));
    let next = deliver_due(&backend).unwrap().unwrap();
    assert!(next > Timestamp::now());
    let letters = letters(&backend);
    let attempts: Vec<_> =
        letters.iter().map(|(_, it)| (it.otp.clone().unwrap(), it.attempts)).collect();
    assert_eq!(attempts, [(second.clone(), 0), (first.clone(), 1)]);
    assert!(letters[1].0.due > millis(Timestamp::now()));
    assert!(otp(&backend, &first).unwrap().text("sentTo").is_empty());
    assert!(otp(&backend, &second).is_some());
}

#[test]
fn a_letter_whose_time_is_over_is_thrown_away() {
    let backend = backend(&server("250 ok"));
    let id = post(&backend, -1);
    assert_eq!(deliver_due(&backend).unwrap(), None);
    assert!(letters(&backend).is_empty());
    assert!(otp(&backend, &id).unwrap().text("sentTo").is_empty());
}

#[test]
fn a_damaged_letter_holds_up_no_other() {
    let backend = backend(&serde_json::json!({}));
    backend.write(|tx| Ok(tx.put_outbox(0, b"{").map(drop)?)).unwrap();
    let id = post(&backend, 60);
    assert_eq!(deliver_due(&backend).unwrap(), None);
    assert_eq!(otp(&backend, &id).unwrap().text("sentTo"), TO);
    assert!(letters(&backend).is_empty());
}

#[test]
fn posting_nothing_leaves_nothing() {
    let backend = backend(&serde_json::json!({}));
    backend.write(post_nothing).unwrap();
    assert!(backend.snapshot().outbox(0, 1).unwrap().is_empty());
}
