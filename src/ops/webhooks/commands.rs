//! What superusers do with webhooks.

use crate::model::Timestamp;
use crate::query::Rows;
use crate::schema::{Catalog, values};
use crate::store::{Snapshot, Tx};

use super::Error;
use super::delivery::{self, Delivery, DeliveryState, WAITING_MAX};
use super::emit::envelope;
use super::form::WebhookForm;
use super::hook::{self, HOOKS_MAX, Secret, Webhook};
use super::signature::new_secret;

/// All hooks, the oldest first, each with how many deliveries wait for it.
pub fn list(snapshot: &Snapshot) -> Result<Vec<(Webhook, u64)>, Error> {
    let with_count = |hook: Webhook| {
        let waiting = delivery::waiting_at(snapshot, &hook.id)?;
        Ok((hook, waiting))
    };
    hook::all(snapshot)?.into_iter().map(with_count).collect()
}

/// The hook with this id, and how many deliveries wait for it.
pub fn webhook(snapshot: &Snapshot, id: &str) -> Result<(Webhook, u64), Error> {
    list(snapshot)?.into_iter().find(|(hook, _)| hook.id == id).ok_or(Error::NotFound)
}

/// Makes a hook. Its secret is told now and never again.
pub fn create(tx: &mut Tx<'_>, form: &WebhookForm) -> Result<Webhook, Error> {
    let now = Timestamp::now().millis();
    let mut hook = Webhook {
        id: values::new_record_id(),
        name: String::new(),
        collection: String::new(),
        events: Vec::new(),
        url: String::new(),
        secret: new_secret(),
        filter: String::new(),
        headers: std::collections::BTreeMap::new(),
        enabled: true,
        disabled_reason: String::new(),
        created: now,
        updated: now,
    };
    form.fill(&mut hook, tx.catalog(), true)?;
    if hook::all_in(tx)?.len() >= HOOKS_MAX {
        return Err(Error::Refused(format!("There can be {HOOKS_MAX} webhooks at most.")));
    }
    hook.put(tx)?;
    Ok(hook)
}

/// Changes a hook; returns it with how many deliveries wait for it.
pub fn update(tx: &mut Tx<'_>, id: &str, form: &WebhookForm) -> Result<(Webhook, u64), Error> {
    let mut hook = hook::find_in(tx, id)?.ok_or(Error::NotFound)?;
    form.fill(&mut hook, tx.catalog(), false)?;
    hook.updated = Timestamp::now().millis();
    hook.put(tx)?;
    let waiting = delivery::waiting(tx, id)?;
    Ok((hook, waiting))
}

/// Removes a hook with all its deliveries.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
    hook::find_in(tx, id)?.ok_or(Error::NotFound)?.remove(tx)
}

/// Gives a hook a new secret, which signs everything from now on, and returns it.
pub fn rotate_secret(tx: &mut Tx<'_>, id: &str) -> Result<Secret, Error> {
    let mut hook = hook::find_in(tx, id)?.ok_or(Error::NotFound)?;
    hook.secret = new_secret();
    hook.updated = Timestamp::now().millis();
    hook.put(tx)?;
    Ok(hook.secret)
}

/// What is known of the deliveries of a hook, the newest first: some that wait, and those that are
/// over as far as they are kept.
pub fn list_deliveries(
    snapshot: &Snapshot,
    id: &str,
) -> Result<Vec<(Delivery, DeliveryState)>, Error> {
    webhook(snapshot, id)?;
    delivery::all(snapshot, id)
}

/// Posts a delivery that tells of nothing, to see whether it arrives.
pub fn send_test(tx: &mut Tx<'_>, id: &str) -> Result<(Delivery, DeliveryState), Error> {
    let hook = enabled(tx, id)?;
    let now = Timestamp::now();
    let mut delivery = Delivery::new("webhook.test", "", now);
    let name = collection_name(tx.catalog(), &hook).to_owned();
    let data = serde_json::json!({ "webhook": hook.id, "name": hook.name, "collection": name });
    delivery.body = envelope("webhook.test", now, &data);
    post(tx, id, delivery, now)
}

/// Has a delivery sent again, at once, whatever has become of it.
pub fn replay(
    tx: &mut Tx<'_>,
    id: &str,
    delivery: &str,
) -> Result<(Delivery, DeliveryState), Error> {
    enabled(tx, id)?;
    let mut delivery = delivery::take(tx, id, delivery)?.ok_or(Error::NotFound)?;
    delivery.failures = 0;
    post(tx, id, delivery, Timestamp::now())
}

fn enabled(tx: &Tx<'_>, id: &str) -> Result<Webhook, Error> {
    let hook = hook::find_in(tx, id)?.ok_or(Error::NotFound)?;
    if hook.enabled {
        return Ok(hook);
    }
    Err(Error::Refused("The webhook is not enabled.".to_owned()))
}

fn post(
    tx: &mut Tx<'_>,
    id: &str,
    delivery: Delivery,
    due: Timestamp,
) -> Result<(Delivery, DeliveryState), Error> {
    if delivery.post(tx, id, due)? {
        Ok((delivery, DeliveryState::Waiting(due)))
    } else {
        Err(Error::Refused(format!("More than {WAITING_MAX} deliveries are waiting.")))
    }
}

fn collection_name<'a>(catalog: &'a Catalog, hook: &Webhook) -> &'a str {
    catalog.by_id(&hook.collection).map_or("", |collection| &collection.name)
}
