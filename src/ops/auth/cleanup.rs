//! Deleting what was waited for in vain.

use crate::model::{RowBuf, RowId, Timestamp};
use crate::ops::Backend;
use crate::ops::records::belongings;
use crate::query::Rows;
use crate::schema::{AuthOptions, Record};

use super::Error;
use super::second_factor::is_over;

/// Rows deleted in one transaction, so that no request waits long.
const ROWS_AT_ONCE: usize = 500;

/// Deletes second factors and one-time passwords that were not used in time, whether their
/// collections still want them or not. Returns how many. Blocks.
pub fn delete_expired(backend: &Backend, now: Timestamp) -> Result<usize, Error> {
    let of_mfas = |options: &AuthOptions| options.mfa.duration;
    let of_otps = |options: &AuthOptions| options.otp.duration;
    Ok(delete(backend, now, belongings::MFAS, of_mfas)?
        + delete(backend, now, belongings::OTPS, of_otps)?)
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
