//! What all factors beyond passwords and mail have in common: whose they are, and what goes with an
//! account.

use std::sync::Arc;

use crate::access::Caller;
use crate::model::CollectionId;
use crate::query::{AuthRow, Rows};
use crate::schema::Collection;
use crate::store::Tx;

use super::fresh::FreshLogins;
use super::passkeys::Challenges;
use super::{Error, auth_collection, passkeys, totp};

/// Keys read in one go.
const KEYS_AT_ONCE: usize = 1000;

/// What is kept in memory about logins.
#[derive(Debug, Default)]
pub(crate) struct Factors {
    pub(super) fresh: FreshLogins,
    pub(super) challenges: Challenges,
}

/// The collection called so and the account that asks, which must be one of it.
pub(super) fn own_account(
    rows: &dyn Rows,
    caller: &Caller,
    collection: &str,
) -> Result<(Arc<Collection>, AuthRow), Error> {
    let collection = auth_collection(rows, collection)?;
    let auth = caller.auth().ok_or(Error::Unauthenticated)?;
    if auth.collection.id != collection.id {
        return Err(Error::OtherCollection(auth.collection.name.clone()));
    }
    Ok((collection, auth.clone()))
}

/// The collection called so, for a superuser who asks about its account `id`.
pub(super) fn account_of(
    rows: &dyn Rows,
    caller: &Caller,
    collection: &str,
    id: &str,
) -> Result<Arc<Collection>, Error> {
    if caller.auth().is_none() {
        return Err(Error::Unauthenticated);
    }
    if !caller.is_superuser() {
        return Err(Error::Forbidden);
    }
    let collection = auth_collection(rows, collection)?;
    rows.find(&collection, id)?.ok_or(Error::NotFound)?;
    Ok(collection)
}

/// Forgets every factor of an account that is gone, or whose owner may be another now; false when
/// there is none.
pub(in crate::ops) fn forget(
    tx: &mut Tx<'_>,
    collection: &CollectionId,
    id: &str,
) -> Result<bool, Error> {
    let (code, keys) = (totp::forget(tx, collection, id)?, passkeys::forget(tx, collection, id)?);
    Ok(code || keys)
}

/// Forgets every factor of all accounts of a collection that is gone.
pub(in crate::ops) fn forget_collection(
    tx: &mut Tx<'_>,
    collection: &CollectionId,
) -> Result<(), Error> {
    for kind in [totp::PREFIX, passkeys::PREFIX, passkeys::ID_PREFIX] {
        let prefix = format!("{kind}{}/", collection.as_str());
        loop {
            let keys = tx.setting_keys(&prefix, KEYS_AT_ONCE)?;
            for key in &keys {
                tx.delete_setting(key)?;
            }
            if keys.len() < KEYS_AT_ONCE {
                break;
            }
        }
    }
    Ok(())
}
