//! Emptying the outbox.

use std::sync::Arc;

use crate::access::Caller;
use crate::hooks::{Event, MailAbout, MailSend};
use crate::mail::{Mail, SendError, plain_text, send};
use crate::model::{Timestamp, Value};
use crate::ops::hooked::LiveData;
use crate::ops::{Backend, Error};
use crate::query::Rows;
use crate::schema::Record;
use crate::store::{OutboxKey, Tx};

use super::{About, Letter, NEVER, millis};

/// How long to wait after each attempt, in seconds. After the last one the letter is given up.
const WAITS: [i64; 8] = [2, 20, 120, 600, 1800, 7200, 21_600, 43_200];
/// How long a server that is away is left alone, in seconds, whatever else is due.
const PAUSE_SECONDS: i64 = 2;
/// Letters read from the outbox at once.
const LETTERS_AT_ONCE: usize = 50;
/// How long letters that were given up are kept, in milliseconds.
const FAILURES_KEPT: i64 = 7 * 24 * 60 * 60 * 1000;
/// Failures removed in one transaction.
const FAILURES_AT_ONCE: usize = 500;

/// What became of a letter.
enum Outcome {
    Sent,
    /// What it says was void before anybody took it.
    Void,
    Later(String),
    Failed(String),
}

/// Sends what is due, one letter after the other, and returns when the next one will be; `None`
/// when none is left. Blocks for as long as the mail server takes.
///
/// A server that is away is asked once; the other letters wait for a later call, and so does one
/// whose sending could not be noted, which then may arrive twice.
pub fn deliver_due(backend: &Backend) -> Result<Option<Timestamp>, Error> {
    loop {
        let now = Timestamp::now();
        let letters = backend.snapshot().outbox(0, LETTERS_AT_ONCE)?;
        let is_last = letters.len() < LETTERS_AT_ONCE;
        for (key, bytes) in letters {
            if key.due >= NEVER {
                return Ok(None);
            }
            if key.due > millis(now) {
                let due = i64::try_from(key.due).unwrap_or(i64::MAX);
                return Ok(Some(Timestamp::from_millis(due)));
            }
            let Ok(letter) = serde_json::from_slice::<Letter>(&bytes) else {
                tracing::error!(sequence = key.sequence, "a letter in the outbox is damaged");
                backend.write(move |tx| Ok(tx.take_outbox(key).map(drop)?))?;
                continue;
            };
            let outcome = deliver(backend, &letter, now);
            let is_away = matches!(outcome, Outcome::Later(_));
            note(backend, key, letter, outcome)?;
            if is_away {
                let pause = PAUSE_SECONDS.saturating_mul(1000);
                return Ok(Some(Timestamp::from_millis(now.millis().saturating_add(pause))));
            }
        }
        if is_last {
            return Ok(None);
        }
    }
}

fn deliver(backend: &Backend, letter: &Letter, now: Timestamp) -> Outcome {
    if letter.expires.is_some_and(|expires| expires <= now.millis()) {
        return Outcome::Void;
    }
    let mail = match heeded(backend, letter) {
        Ok(Some(mail)) => mail,
        Ok(None) => return Outcome::Void,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let delivery = backend.delivery();
    let Some(smtp) = &delivery.smtp else {
        tracing::info!(
            to = mail.to,
            subject = mail.subject,
            "mail, not sent because no mail server is set:\n{}",
            plain_text(&mail.html),
        );
        return Outcome::Sent;
    };
    match send(&delivery, smtp, &mail) {
        Ok(()) => Outcome::Sent,
        Err(error) => after_failure(&error, letter.attempts),
    }
}

/// The mail as hooks want it; `None` when they do not want it sent.
fn heeded(backend: &Backend, letter: &Letter) -> Result<Option<Mail>, Error> {
    let (hooks, mail) = (backend.hooks(), letter.mail.clone());
    if hooks.is_empty() {
        return Ok(Some(mail));
    }
    let about = letter.about.as_ref().map(|about| known(backend, about)).transpose()?.flatten();
    let Mail { to, subject, html } = mail;
    let data = LiveData::new(backend, Arc::new(Caller::system()));
    let mut event = Event::new(MailSend { to, subject, html, about }, &data);
    let mut is_sent = false;
    let mut in_general = |event: &mut Event<'_, MailSend>| {
        is_sent = hooks.mail.ask(event)?;
        Ok(())
    };
    match event.about.as_ref().map(|about| about.kind) {
        Some(kind) => hooks.account_mail(kind).run(&mut event, &mut in_general)?,
        None => in_general(&mut event)?,
    }
    let MailSend { to, subject, html, .. } = event.payload;
    Ok(is_sent.then_some(Mail { to, subject, html }))
}

/// The account that a letter is about, as it is now; `None` when it is gone.
fn known(backend: &Backend, about: &About) -> Result<Option<MailAbout>, Error> {
    let snapshot = backend.snapshot();
    let Some(collection) = snapshot.catalog().by_id(&about.collection).cloned() else {
        return Ok(None);
    };
    let Some(rowid) = snapshot.find(&collection, &about.record)? else { return Ok(None) };
    let Some(row) = snapshot.row(&collection, rowid)? else { return Ok(None) };
    let record = Record::from_row(collection, row.as_row());
    Ok(Some(MailAbout { kind: about.kind, record, meta: about.meta.clone() }))
}

fn after_failure(error: &SendError, attempts: u32) -> Outcome {
    let reason = error.to_string();
    if error.may_pass() && wait_after(attempts).is_some() {
        Outcome::Later(reason)
    } else {
        Outcome::Failed(reason)
    }
}

fn wait_after(attempts: u32) -> Option<i64> {
    WAITS.get(attempts as usize).copied()
}

/// Notes what became of a letter, in one transaction with what follows from it.
fn note(
    backend: &Backend,
    key: OutboxKey,
    mut letter: Letter,
    outcome: Outcome,
) -> Result<(), Error> {
    let to = letter.mail.to.clone();
    match &outcome {
        Outcome::Sent => tracing::debug!(to, "mail sent"),
        Outcome::Void => tracing::warn!(to, "mail not sent in time"),
        Outcome::Later(reason) => {
            tracing::warn!(to, attempts = letter.attempts + 1, reason, "mail not sent yet");
        }
        Outcome::Failed(reason) => tracing::error!(to, reason, "mail given up"),
    }
    let now = Timestamp::now();
    letter.attempts += 1;
    backend.write(move |tx| {
        if !tx.take_outbox(key)? {
            return Ok(());
        }
        match &outcome {
            Outcome::Sent => {
                if let Some(id) = &letter.otp {
                    otp_was_sent(tx, id, &letter.mail.to)?;
                }
            }
            Outcome::Void => {}
            Outcome::Later(_) => {
                let wait = wait_after(letter.attempts - 1).unwrap_or(0).saturating_mul(1000);
                letter
                    .put(tx, millis(Timestamp::from_millis(now.millis().saturating_add(wait))))?;
            }
            Outcome::Failed(reason) => {
                if let Some(id) = &letter.otp {
                    delete_otp(tx, id)?;
                }
                let mut failed = letter.clone();
                // Whoever reads the failures later needs no codes and no links.
                failed.mail.html.clear();
                failed.about = None;
                failed.failed = Some((now.millis(), reason.clone()));
                failed.put(tx, NEVER + millis(now))?;
            }
        }
        Ok(())
    })
}

/// Remembers where a code went, which proves whose address that is once the code comes back.
fn otp_was_sent(tx: &mut Tx<'_>, id: &str, to: &str) -> Result<(), Error> {
    let Some(otps) = tx.catalog().by_name("_otps").cloned() else { return Ok(()) };
    let Some(rowid) = tx.find(&otps, id)? else { return Ok(()) };
    let Some(row) = tx.row(&otps, rowid)? else { return Ok(()) };
    let mut otp = Record::from_row(otps.clone(), row.as_row());
    if otp.text("sentTo").is_empty() {
        otp.set("sentTo", Value::Text(to.to_owned()));
        crate::ops::records::touch(&mut otp, Timestamp::now());
        tx.update(&otps, rowid, &row, &otp.to_row())?;
    }
    Ok(())
}

fn delete_otp(tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
    let Some(otps) = tx.catalog().by_name("_otps").cloned() else { return Ok(()) };
    let Some(rowid) = tx.find(&otps, id)? else { return Ok(()) };
    let Some(row) = tx.row(&otps, rowid)? else { return Ok(()) };
    Ok(tx.delete(&otps, rowid, &row)?)
}

/// Removes letters that were given up a week ago.
pub fn delete_old_failures(backend: &Backend, now: Timestamp) -> Result<(), Error> {
    let until = NEVER + millis(Timestamp::from_millis(now.millis() - FAILURES_KEPT));
    loop {
        let failures = backend.snapshot().outbox(NEVER, FAILURES_AT_ONCE)?;
        let old: Vec<OutboxKey> =
            failures.into_iter().map(|(key, _)| key).filter(|key| key.due < until).collect();
        if old.is_empty() {
            return Ok(());
        }
        backend.write(move |tx| {
            for key in &old {
                tx.take_outbox(*key)?;
            }
            Ok(())
        })?;
    }
}
