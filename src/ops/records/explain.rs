//! How a list would be answered, for superusers who wonder why it is slow.

use std::sync::Arc;

use crate::access::{Caller, RuleCache};
use crate::ops::views::Reading;
use crate::query::{AuthRow, Explain, Rows};

use super::list::{ListParams, Listing};
use super::{Error, collection_of};

/// How a list is answered.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The plan chosen.
    pub plan: Explain,
    /// How many records match.
    pub total: Option<u64>,
    /// What would make it quicker, a sentence.
    pub hint: Option<String>,
}

/// Plans and runs the list that `who` would get: `guest`, the `id` or name of an auth collection
/// with the id of a record behind a slash, or nothing for the caller. Only superusers may ask.
pub fn explain(
    reading: &Reading,
    rules: Arc<RuleCache>,
    caller: &Arc<Caller>,
    collection: &str,
    params: ListParams,
    who: &str,
) -> Result<Explanation, Error> {
    if !caller.is_superuser() {
        return Err(Error::Forbidden);
    }
    let caller = match who {
        "" => Arc::clone(caller),
        "guest" => with_auth(caller, None),
        named => with_auth(caller, Some(account(reading, named)?)),
    };
    let listing = match Listing::open(reading.clone(), rules, caller, collection, params) {
        Err(Error::SuperusersOnly) => {
            let message = "The collection has no list rule, so only superusers can list it.";
            return Err(Error::Refused(message.to_owned()));
        }
        listing => listing?,
    };
    let rows = reading.at_leisure();
    listing.planned(&rows, |plan| {
        let advice = plan.advice(&rows)?;
        let hint = advice.map(|advice| {
            let columns = advice.columns.join(", ");
            format!("an index on ({columns}) of {} would serve this", advice.collection)
        });
        Ok(Explanation { plan: plan.explain(), total: plan.run(&rows)?.total, hint })
    })
}

/// The same request sent by somebody else.
fn with_auth(caller: &Caller, auth: Option<AuthRow>) -> Arc<Caller> {
    let mut request = caller.request().clone();
    request.auth = auth;
    Arc::new(Caller::new(request))
}

/// The account written as `collection/id`.
fn account(rows: &dyn Rows, named: &str) -> Result<AuthRow, Error> {
    let unknown = || Error::Refused(format!("There is no account {named} to list records as."));
    let (collection, id) = named.split_once('/').ok_or_else(unknown)?;
    let collection = collection_of(rows, collection).map_err(|_| unknown())?;
    if collection.auth().is_none() {
        return Err(unknown());
    }
    let rowid = rows.find(&collection, id)?.ok_or_else(unknown)?;
    let row = rows.row(&collection, rowid)?.ok_or_else(unknown)?;
    Ok(AuthRow::new(collection, row))
}
