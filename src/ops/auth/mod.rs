//! Accounts: who a token belongs to, logins of all kinds, mailed tokens, superusers, the first start.
//!
//! Owns: how identities are looked up, how tokens are bound to accounts, what a login needs besides
//! its credentials, and how long what was mailed is good.
//! Invariant: a token is good only while its account's token key and its collection's secret are
//! what they were when it was made; what may be used once is used up in the transaction that
//! accepts it; unknown identities cost as much time as wrong passwords; what ended is refused at its
//! next use, asked about in one place (`principal::bearer`).
//! Start reading at [`principal`], then `admission`, the tail of every login.

mod admission;
mod anonymous;
mod api_key_form;
mod api_keys;
pub(in crate::ops) mod by_program;
mod cleanup;
mod decoys;
mod email_change;
mod factors;
mod form;
mod fresh;
mod last_use;
mod ledger;
pub(in crate::ops) mod letters;
mod login;
mod oauth2;
mod origins;
mod otp;
mod owner;
mod passkeys;
mod password_reset;
mod principal;
mod principals;
mod second_factor;
mod sessions;
mod superusers;
mod test_mail;
#[cfg(test)]
mod tests;
mod throttle;
mod totp;
mod verification;

pub use admission::{Attempt, LoggedIn, Login, Method};
pub use anonymous::{Promotion, delete_unused_anonymous, note_use, sign_in_anonymously};
pub use api_key_form::ApiKeyForm;
pub use api_keys::{ApiKey, CreateApiKey, EndApiKey, list_api_keys};
pub use cleanup::{delete_expired_mfas, delete_expired_otps};
pub use email_change::{ConfirmEmailChange, request_email_change};
pub(crate) use factors::Factors;
pub(in crate::ops) use factors::{forget, forget_collection};
pub use fresh::Proof;
pub(crate) use last_use::LastUses;
pub use last_use::write_last_uses;
pub use ledger::Ledger;
pub(in crate::ops) use ledger::{end_of_account, end_of_collection, endings};
pub use login::{PasswordLogin, impersonate, refresh};
pub use oauth2::{OAuth2Login, apple_client_secret, oauth2_offers};
pub use otp::{OtpLogin, request_otp};
pub use passkeys::{
    FinishPasskey, PasskeyLogin, PasskeyOffer, ShownPasskey, begin_passkey, begin_passkey_login,
    list_passkeys, list_passkeys_of, remove_passkey, remove_passkey_of, rename_passkey,
};
pub use password_reset::{ConfirmPasswordReset, request_password_reset};
pub use principal::principal;
pub(in crate::ops) use principal::{file_token_holder, issue_file_token, stands};
pub(crate) use principals::Principals;
pub use sessions::{
    EndSessions, Impersonation, Session, delete_expired as delete_expired_sessions, list_sessions,
    log_out, prolong,
};
pub use superusers::{SuperuserCommand, setup_token};
pub use test_mail::TestMail;
pub(crate) use throttle::Throttles;
pub use totp::{
    ConfirmTotp, Enrolment, TotpLogin, TotpState, begin_totp, disable_totp, renew_recovery_codes,
    reset_totp, totp_state, totp_state_of,
};
pub use verification::{confirm_verification, request_verification};

use std::sync::Arc;

use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{RowBuf, RowId, Scalar};
use crate::query::entry::collated;
use crate::query::{Direction, IndexTree, Rows};
use crate::schema::Collection;

use super::Error;

/// The record whose `field` is `identity`, found through the unique index over that field alone and
/// compared as that index compares; `None` when there is no such index or no such record.
pub(crate) fn find_by_identity(
    rows: &dyn Rows,
    collection: &Collection,
    field: &str,
    identity: &str,
) -> Result<Option<(RowId, RowBuf)>, Error> {
    let Some(field) = collection.field(field) else { return Ok(None) };
    let Some(index) = collection.single_unique_index(field) else { return Ok(None) };
    let wanted = collated(index.columns[0].collate, Scalar::text(identity));
    let mut writer = KeyWriter::new();
    writer.push(&wanted);
    let mut candidates = Vec::new();
    rows.scan_index(
        collection,
        IndexTree::Declared(index.number),
        &KeyRange::prefix(writer.finish()),
        Direction::Forward,
        &mut |_, rowid| {
            candidates.push(rowid);
            Ok(std::ops::ControlFlow::Continue(()))
        },
    )?;
    for rowid in candidates {
        let Some(row) = rows.row(collection, rowid)? else { continue };
        let stored = row.as_row().value(field.slot, field.kind.zero());
        let stored =
            collated(index.columns[0].collate, Scalar::text(stored.as_text().unwrap_or("")));
        if stored == wanted {
            drop(stored);
            return Ok(Some((rowid, row)));
        }
    }
    Ok(None)
}

/// The auth collection called `id_or_name`.
fn auth_collection(rows: &dyn Rows, id_or_name: &str) -> Result<Arc<Collection>, Error> {
    let collection = rows.catalog().find(id_or_name).ok_or(Error::NoCollection)?;
    if collection.is_auth() { Ok(collection.clone()) } else { Err(Error::NotAuthCollection) }
}
