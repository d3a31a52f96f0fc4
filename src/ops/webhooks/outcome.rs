//! One attempt to deliver, and what follows from it.

use std::time::{Duration, Instant};

use crate::model::Timestamp;
use crate::ops::Backend;
use crate::outbound::{Call, Reach};

use super::Error;
use super::delivery::{self, Attempt, Delivery};
use super::hook::{self, Webhook};
use super::signature::signature;

/// How long to wait after each failure, in seconds; after the last one the delivery is given up.
const WAITS: [i64; 9] = [2, 30, 120, 600, 1800, 7200, 21_600, 50_400, 86_400];
/// How long a server may take.
const TIME_MAX: Duration = Duration::from_secs(15);
/// Bytes of an answer that are kept.
const RESPONSE_BYTES_MAX: usize = 1024;
/// The status by which a server says that it will never take anything again.
const GONE: u16 = 410;

/// Sends a delivery. Blocks until there is an answer or none can be expected any more.
pub(super) fn send(backend: &Backend, hook: &Webhook, delivery: &Delivery) -> Attempt {
    let (now, begun) = (Timestamp::now(), Instant::now());
    let seconds = now.millis().div_euclid(1000);
    let mut attempt = Attempt {
        at: now.millis(),
        latency: 0,
        status: 0,
        response: String::new(),
        error: String::new(),
    };
    let Some(signed) = signature(&hook.secret, &delivery.id, seconds, &delivery.body) else {
        "the secret is damaged".clone_into(&mut attempt.error);
        return attempt;
    };
    let body = delivery.body.as_bytes();
    let mut call = Call::post(Reach::Public, &*hook.url, "application/json", body)
        .header("webhook-id", &*delivery.id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signed)
        .until(begun + TIME_MAX)
        .excerpt(RESPONSE_BYTES_MAX);
    for (name, value) in &hook.headers {
        call = call.header(name, &**value);
    }
    match backend.outbound().send(&call) {
        Ok(answer) => {
            attempt.status = answer.status;
            attempt.response = String::from_utf8_lossy(&answer.body).into_owned();
        }
        Err(error) => attempt.error = error.to_string(),
    }
    attempt.latency = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    attempt
}

/// Notes what came of an attempt to send the delivery that waits under `key`, unless it is gone.
pub(super) fn note(
    backend: &Backend,
    hook: &str,
    key: &str,
    delivery: &Delivery,
    attempt: &Attempt,
) -> Result<(), Error> {
    let (hook, key) = (hook.to_owned(), key.to_owned());
    let mut delivery = delivery.clone();
    delivery.tried(attempt.clone());
    let status = attempt.status;
    let is_done = (200..300).contains(&status);
    delivery.failures = if is_done { 0 } else { delivery.failures + 1 };
    backend.write(move |tx| {
        if !delivery::take_due(tx, &hook, &key)? {
            return Ok(());
        }
        if status == GONE
            && let Some(hook) = hook::find_in(tx, &hook)?
        {
            hook.disable(tx, "The server answered that it is gone (410).".to_owned())?;
        }
        let wait = WAITS.get(delivery.failures.saturating_sub(1)).filter(|_| status != GONE);
        if let Some(wait) = wait.filter(|_| !is_done) {
            let due = Timestamp::now().millis().saturating_add(wait.saturating_mul(1000));
            // There is room: it has just left its place.
            delivery.post(tx, &hook, Timestamp::from_millis(due))?;
            return Ok(());
        }
        delivery.file(tx, &hook, is_done)
    })
}

/// Takes a delivery away that cannot be read.
pub(super) fn discard(backend: &Backend, hook: &str, key: &str) -> Result<(), Error> {
    tracing::error!(key, "a delivery of a webhook is damaged");
    let (hook, key) = (hook.to_owned(), key.to_owned());
    backend.write(move |tx| delivery::take_due(tx, &hook, &key).map(drop))
}
