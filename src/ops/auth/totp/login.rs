//! Completing a login with a code.

use std::time::Instant;

use crate::model::Timestamp;
use crate::ops::Backend;
use crate::ops::records::belongings;
use crate::query::Rows;

use super::super::admission::Admission;
use super::super::form::{Form, TEXT_BYTES_MAX};
use super::super::second_factor::{is_over, seconds};
use super::super::{Attempt, Error, Login, Method, auth_collection};
use super::{CODE_BYTES_MAX, accept, check_enabled};

/// What a client sends after a first login was answered with the id of a second factor.
#[derive(Clone)]
pub struct TotpLogin {
    /// A code of the app, or a recovery code.
    pub code: String,
    /// Who tries, and where from; it names the second factor.
    pub attempt: Attempt,
}

impl std::fmt::Debug for TotpLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TotpLogin").finish_non_exhaustive()
    }
}

impl TotpLogin {
    /// Uses up the code and the second factor, and makes a token. Blocks for a commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<Login, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        check_enabled(&collection)?;
        let mfa_id = self.attempt.mfa_id();
        let mut form = Form::default();
        form.required("mfaId", mfa_id, 1, TEXT_BYTES_MAX);
        form.required("code", &self.code, 1, CODE_BYTES_MAX);
        form.check()?;
        let invalid = || Error::Refused("Invalid or expired MFA session.".to_owned());
        let found = belongings::find(&*snapshot, belongings::MFAS, mfa_id)?;
        let (.., mfa) = found.ok_or_else(invalid)?;
        if mfa.text("collectionRef") != collection.id.as_str()
            || is_over(&mfa, seconds(&collection), Timestamp::now())
        {
            return Err(invalid());
        }
        drop(snapshot);
        let id = mfa.text("recordRef").to_owned();
        if !backend.throttles().take_guess(&id, self.attempt.address, Instant::now()) {
            return Err(Error::TooManyGuesses);
        }
        let admission = Admission::new(backend, self.attempt.clone(), Method::Totp);
        let (login, code, collection) =
            (admission.clone(), self.code.clone(), collection.id.clone());
        let ended = backend.write(move |tx| {
            let collection = auth_collection(tx, collection.as_str())?;
            let rowid = tx.find(&collection, &id)?.ok_or_else(invalid)?;
            let row = tx.row(&collection, rowid)?.ok_or_else(invalid)?;
            accept(tx, &collection, &id, &code)?;
            login.run(tx, &collection, &row)
        })?;
        admission.answer(backend, ended)
    }
}
