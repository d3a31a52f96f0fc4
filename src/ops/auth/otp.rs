//! One-time passwords: asking for one, and logging in with it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::auth::{PasswordHasher, Verdict};
use crate::mail::Delivery;
use crate::model::{RowBuf, Timestamp, Value};
use crate::ops::Backend;
use crate::ops::mail::post_nothing;
use crate::ops::records::{account, belongings, touch};
use crate::query::Rows;
use crate::schema::{Collection, Record};
use crate::store::Tx;

use super::admission::{Admission, Ended};
use super::form::{Form, TEXT_BYTES_MAX, check_email};
use super::letters;
use super::second_factor::is_over;
use super::throttle::Trial;
use super::{Attempt, Error, Login, Method, auth_collection, find_by_identity};

/// Passwords of one account that may be good at a time; beyond that no new ones are made.
const ACTIVE_MAX: usize = 10;
/// Longest password that can be sent, in bytes.
const CODE_BYTES_MAX: usize = 71;

/// Makes a one-time password for the account with this email and posts it. Returns the id to log in
/// with; one that leads nowhere when there is no such account. Blocks for a hash and a commit,
/// whether there is an account or not.
pub fn request_otp(
    backend: &Backend,
    collection: &str,
    email: &str,
    address: IpAddr,
) -> Result<String, Error> {
    let collection = auth_collection(&*backend.snapshot(), collection)?;
    let options = &collection.auth().ok_or(Error::NotAuthCollection)?.otp;
    if !options.enabled {
        return Err(Error::OtpDisabled);
    }
    check_email("email", email)?;
    backend.throttles().ask_for_mail(collection.id.as_str(), email, address)?;
    let new = NewOtp::make(backend.hasher(), options.length)?;
    let delivery = backend.delivery();
    let (subject, life) = (format!("{}/{email}", collection.id.as_str()), options.duration);
    let (collection, email) = (collection.id.clone(), email.to_owned());
    let made = backend.write(move |tx| {
        let collection = auth_collection(tx, collection.as_str())?;
        let Some((_, row)) = find_by_identity(tx, &collection, "email", &email)? else {
            post_nothing(tx)?;
            return Ok(None);
        };
        if let Some(id) = newest_of_too_many(tx, &collection, row.as_row().id())? {
            post_nothing(tx)?;
            return Ok(Some(id));
        }
        new.add_and_post(tx, &collection, &row, &delivery).map(Some)
    })?;
    backend.bell().ring();
    let life = Duration::from_secs(u64::try_from(life).unwrap_or(0));
    let decoy = || backend.throttles().decoys().id_for(&subject, life, ACTIVE_MAX, Instant::now());
    Ok(made.unwrap_or_else(decoy))
}

/// The newest password of an account that has too many good ones.
fn newest_of_too_many(
    tx: &Tx<'_>,
    collection: &Collection,
    id: &str,
) -> Result<Option<String>, Error> {
    let (now, seconds) = (Timestamp::now(), collection.auth().map_or(0, |auth| auth.otp.duration));
    let Some(otps) = tx.catalog().by_name(belongings::OTPS).cloned() else { return Ok(None) };
    let rows = belongings::rows_of(tx, belongings::OTPS, collection, Some(id))?;
    let mut active: Vec<Record> = rows
        .iter()
        .map(|(_, row)| Record::from_row(otps.clone(), row.as_row()))
        .filter(|otp| !is_over(otp, seconds, now))
        .collect();
    if active.len() < ACTIVE_MAX {
        return Ok(None);
    }
    active.sort_by_key(|otp| match otp.get("created") {
        Some(Value::Date(created)) => created.map(Timestamp::millis),
        _ => None,
    });
    Ok(active.last().map(|otp| otp.id().to_owned()))
}

/// A password that is not anybody's yet.
struct NewOtp {
    code: String,
    hash: String,
}

impl NewOtp {
    /// A random one of this many digits. Blocks for a hash.
    fn make(hasher: &PasswordHasher, digits: i64) -> Result<Self, Error> {
        let digits = usize::try_from(digits).unwrap_or(0).clamp(1, CODE_BYTES_MAX);
        let code: String =
            (0..digits).map(|_| char::from(b'0' + rand::random_range(0..10_u8))).collect();
        let hash = hasher.hash(&code)?;
        Ok(Self { code, hash })
    }

    fn add(&self, tx: &mut Tx<'_>, collection: &Collection, id: &str) -> Result<String, Error> {
        belongings::add(tx, belongings::OTPS, collection, id, &[("password", &self.hash)])
    }

    fn add_and_post(
        &self,
        tx: &mut Tx<'_>,
        collection: &std::sync::Arc<Collection>,
        row: &RowBuf,
        delivery: &Delivery,
    ) -> Result<String, Error> {
        let account = Record::from_row(collection.clone(), row.as_row());
        let id = self.add(tx, collection, account.id())?;
        letters::otp(delivery, &account, &id, &self.code)?.post(tx)?;
        Ok(id)
    }
}

/// A one-time password made for somebody who cannot be mailed.
#[derive(Debug)]
pub(super) struct MadeOtp {
    pub(super) id: String,
    pub(super) code: String,
    /// Seconds.
    pub(super) duration: i64,
}

/// Makes a one-time password for the account with this email, to be handed over some other way.
/// Blocks.
pub(super) fn make_otp(backend: &Backend, collection: &str, email: &str) -> Result<MadeOtp, Error> {
    let collection = auth_collection(&*backend.snapshot(), collection)?;
    let options = &collection.auth().ok_or(Error::NotAuthCollection)?.otp;
    if !options.enabled {
        return Err(Error::Refused(format!(
            "One-time passwords are not enabled for the collection {}.",
            collection.name
        )));
    }
    let duration = options.duration;
    let new = NewOtp::make(backend.hasher(), options.length)?;
    let code = new.code.clone();
    let (collection, email) = (collection.id.clone(), email.to_owned());
    let id = backend.write(move |tx| {
        let collection = auth_collection(tx, collection.as_str())?;
        let found = find_by_identity(tx, &collection, "email", &email)?;
        let (_, row) =
            found.ok_or_else(|| Error::Refused(format!("There is no account {email}.")))?;
        new.add(tx, &collection, row.as_row().id())
    })?;
    Ok(MadeOtp { id, code, duration })
}

/// What a client sends to log in with a one-time password.
#[derive(Clone)]
pub struct OtpLogin {
    /// The id that came with asking for it.
    pub otp_id: String,
    /// The password.
    pub password: String,
    /// Who tries, and where from.
    pub attempt: Attempt,
}

impl std::fmt::Debug for OtpLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OtpLogin").field("otp_id", &self.otp_id).finish_non_exhaustive()
    }
}

impl OtpLogin {
    /// Uses up the password and makes a token, or asks for a second factor. Blocks for a hash and a
    /// commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<Login, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        let options = collection.auth().ok_or(Error::NotAuthCollection)?;
        if !options.otp.enabled {
            return Err(Error::OtpDisabled);
        }
        let mut form = Form::default();
        form.required("otpId", &self.otp_id, 1, TEXT_BYTES_MAX);
        form.required("password", &self.password, 1, CODE_BYTES_MAX);
        form.check()?;
        let hasher = backend.hasher();
        let found = self.find(&*snapshot, &collection)?;
        drop(snapshot);
        let (throttles, address) = (backend.throttles(), self.attempt.address);
        let subject = match &found {
            Some((_, account)) => Some(account.id().to_owned()),
            None => throttles.decoys().subject_of(&self.otp_id),
        };
        if let Some(subject) = subject
            && !throttles.take(Trial::Code, &subject, address, Instant::now())
        {
            return Err(Error::TooManyAttempts);
        }
        let Some((otp, account)) = found else {
            hasher.verify_nobody(&self.password)?;
            return Err(Error::InvalidOtp);
        };
        if hasher.verify(&self.password, otp.text("password"))? == Verdict::NoMatch {
            return Err(Error::InvalidOtp);
        }
        // Whoever set a password for an address that was not theirs must not get in with it later.
        let random_password = if account.is_true("verified") {
            None
        } else {
            Some(hasher.hash(&account::random_password()?)?)
        };
        let admission = Admission::new(backend, self.attempt.clone(), Method::Otp);
        let ended = {
            let (admission, login) = (admission.clone(), self.clone());
            let (id, hash) = (collection.id.clone(), otp.text("password").to_owned());
            backend.write(move |tx| {
                let collection = auth_collection(tx, id.as_str())?;
                login.use_up(tx, &collection, &hash, random_password.as_deref(), &admission)
            })?
        };
        admission.answer(backend, ended)
    }

    /// The password and the account it is for, both as they are stored.
    fn find(
        &self,
        rows: &dyn Rows,
        collection: &std::sync::Arc<Collection>,
    ) -> Result<Option<(Record, Record)>, Error> {
        let Some((.., otp)) = belongings::find(rows, belongings::OTPS, &self.otp_id)? else {
            return Ok(None);
        };
        let seconds = collection.auth().map_or(0, |auth| auth.otp.duration);
        if otp.text("collectionRef") != collection.id.as_str()
            || is_over(&otp, seconds, Timestamp::now())
        {
            return Ok(None);
        }
        let Some(rowid) = rows.find(collection, otp.text("recordRef"))? else { return Ok(None) };
        let Some(row) = rows.row(collection, rowid)? else { return Ok(None) };
        let account = Record::from_row(collection.clone(), row.as_row());
        Ok(Some((otp, account)))
    }

    /// Deletes the password, which must still be the one with this hash, and lets its account in.
    fn use_up(
        &self,
        tx: &mut Tx<'_>,
        collection: &std::sync::Arc<Collection>,
        hash: &str,
        random_password: Option<&str>,
        admission: &Admission,
    ) -> Result<Ended, Error> {
        let found = belongings::find(tx, belongings::OTPS, &self.otp_id)?;
        let (otp_rowid, _, otp) = found.ok_or(Error::InvalidOtp)?;
        if otp.text("password") != hash {
            return Err(Error::InvalidOtp);
        }
        let rowid = tx.find(collection, otp.text("recordRef"))?.ok_or(Error::InvalidOtp)?;
        let mut row = tx.row(collection, rowid)?.ok_or(Error::InvalidOtp)?;
        belongings::delete_one(tx, belongings::OTPS, otp_rowid)?;
        let mut account = Record::from_row(collection.clone(), row.as_row());
        let sent_to = otp.text("sentTo");
        let is_proven = !sent_to.is_empty() && account.text("email") == sent_to;
        if is_proven && !account.is_true("verified") {
            account.set("verified", Value::Bool(true));
            if collection.auth().is_some_and(|auth| !auth.mfa.enabled) {
                let hash = random_password.ok_or(Error::InvalidOtp)?;
                account.set("password", Value::Text(hash.to_owned()));
            }
            touch(&mut account, Timestamp::now());
            row = account::replace(tx, rowid, &row, account)?;
        }
        admission.run(tx, collection, &row)
    }
}
