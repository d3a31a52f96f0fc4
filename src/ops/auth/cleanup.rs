//! Deleting what was waited for in vain.

use crate::model::{RowBuf, RowId, Timestamp};
use crate::ops::Backend;
use crate::ops::records::belongings;
use crate::query::Rows;
use crate::schema::{AuthOptions, Record};

use super::Error;
use super::second_factor::{is_over, seconds_of};

/// Rows deleted in one transaction, so that no request waits long.
const ROWS_AT_ONCE: usize = 500;

/// Deletes second factors that did not come in time, whether their collections still want them or
/// not. Returns how many. Blocks.
pub fn delete_expired_mfas(backend: &Backend, now: Timestamp) -> Result<usize, Error> {
    delete(backend, now, belongings::MFAS, seconds_of)
}

/// The same for one-time passwords.
pub fn delete_expired_otps(backend: &Backend, now: Timestamp) -> Result<usize, Error> {
    delete(backend, now, belongings::OTPS, |options| options.otp.duration)
}

fn delete(
    backend: &Backend,
    now: Timestamp,
    name: &'static str,
    seconds: impl Fn(&AuthOptions) -> i64,
) -> Result<usize, Error> {
    let mut expired: Vec<(RowId, RowBuf)> = Vec::new();
    {
        let snapshot = backend.snapshot();
        let Some(helper) = snapshot.catalog().by_name(name).cloned() else { return Ok(0) };
        for collection in snapshot.catalog().all() {
            let Some(options) = collection.auth() else { continue };
            let mut rows = belongings::rows_of(&*snapshot, name, collection, None)?;
            rows.retain(|(_, row)| {
                is_over(&Record::from_row(helper.clone(), row.as_row()), seconds(options), now)
            });
            expired.append(&mut rows);
        }
    }
    for some in expired.chunks(ROWS_AT_ONCE) {
        let some = some.to_vec();
        backend.write(move |tx| {
            let Some(helper) = tx.catalog().by_name(name).cloned() else { return Ok(()) };
            for (rowid, row) in &some {
                // It may be gone, but it cannot have become younger.
                if tx.row(&helper, *rowid)?.as_ref() == Some(row) {
                    tx.delete(&helper, *rowid, row)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(expired.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PasswordHasher;
    use crate::files::Storage;
    use crate::ops::bootstrap;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn what_was_not_used_in_time_is_deleted() {
        let store = Store::in_memory(StoreOptions::default()).unwrap();
        let files = Storage::new(&std::env::temp_dir().join("haversack-without-files"));
        let backend = Backend::new(store, PasswordHasher::new(1, 4), files);
        bootstrap(&backend).unwrap();
        backend
            .write(|tx| {
                let users = tx.catalog().by_name("users").cloned().unwrap();
                belongings::add(tx, belongings::MFAS, &users, "ann", &[("method", "otp")])?;
                belongings::add(tx, belongings::OTPS, &users, "ann", &[("password", "x")])
            })
            .unwrap();
        let now = Timestamp::now();
        let in_seconds = |seconds: i64| Timestamp::from_millis(now.millis() + seconds * 1000);
        let options = backend.snapshot().catalog().by_name("users").cloned().unwrap();
        let (otp, mfa) = options.auth().map(|auth| (auth.otp.duration, auth.mfa.duration)).unwrap();
        assert!(otp + 10 < mfa);
        let delete_expired = |now| {
            delete_expired_mfas(&backend, now).unwrap()
                + delete_expired_otps(&backend, now).unwrap()
        };
        assert_eq!(delete_expired(now), 0);
        assert_eq!(delete_expired(in_seconds(otp + 1)), 1);
        assert_eq!(delete_expired(in_seconds(mfa + 1)), 1);
        assert_eq!(delete_expired(in_seconds(mfa + 1)), 0);
    }
}
