//! The record that a write would leave, with every check done that the store does not do itself.
//!
//! The order of checks is part of the contract: which error a client sees first depends on it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::access::{Create, Gate, Granted, Update};
use crate::hooks::Action;
use crate::model::{RowBuf, RowId, Slot, Timestamp, Value};
use crate::ops::Failure;
use crate::ops::files::Upload;
use crate::query::{Request, Rows, Subject};
use crate::schema::values::{self, Submission, WriteAccess};
use crate::schema::{Collection, Field, FieldKind, Record, Violation, Violations};

use super::write::{Intent, WriteRecord};
use super::{Error, collection_of};
use super::{account, belongings};
use crate::ops::views::Writing;

/// Stands for a password whose hash is not known yet, so that `required` sees it is not empty.
const UNHASHED: &str = "unhashed";
/// The id of a record that has none yet, as its create rule sees it.
const NO_ID_YET: &str = "__temp_id__";

/// The record that a write would leave.
#[derive(Debug)]
pub struct Draft {
    /// Its values; passwords are set by [`Origin::set_password_hashes`].
    pub(super) record: Record,
    /// What checks of it need to know.
    pub(super) origin: Origin,
}

/// What a draft was made of.
#[derive(Debug)]
pub(super) struct Origin {
    /// What it starts from, with the proof that the caller may do this.
    pub(super) basis: Basis,
    /// The record before.
    pub(super) old: Option<Arc<Record>>,
    submission: Submission,
    has_random_password: bool,
}

/// What a draft starts from.
#[derive(Debug)]
pub(super) enum Basis {
    /// Nothing.
    New(Granted<Create>),
    /// A stored record.
    Stored { rowid: RowId, row: RowBuf, granted: Granted<Update> },
}

impl Draft {
    /// Builds the draft of `write` over `rows`, once it is sure that the caller may do this. Whether
    /// its values are good is asked by [`Origin::check`].
    pub(super) fn begin(write: &WriteRecord, rows: &dyn Rows) -> Result<Self, Error> {
        let collection = collection_of(rows, &write.collection)?;
        if collection.is_view() {
            return Err(Error::ViewIsReadOnly);
        }
        let with_views = Writing::over(rows);
        let gate = Gate::new(&with_views, &write.rules, &write.caller);
        let stored = match &write.intent {
            Intent::Create => None,
            Intent::Update { id } => {
                gate.has_rule(collection.rules.update.as_deref())?;
                let found = stored(rows, &collection, id)?;
                Some(found.ok_or(Error::NotFound)?)
            }
            Intent::Replace { id } => stored(rows, &collection, id)?,
        };
        let draft = match stored {
            None => Self::of_new(write, gate, &collection)?,
            Some((rowid, row)) => Self::of_stored(write, gate, &collection, rowid, row)?,
        };
        Ok(draft)
    }

    fn of_new(
        write: &WriteRecord,
        gate: Gate<'_>,
        collection: &Arc<Collection>,
    ) -> Result<Self, Error> {
        gate.has_rule(collection.rules.create.as_deref())?;
        let mut record = Record::new(collection.clone());
        let submission = values::apply(&mut record, &write.body, access_of(write));
        if let Intent::Replace { id } = &write.intent {
            let submitted = record.id();
            if !submitted.is_empty() && submitted != id {
                return Err(id_mismatch(Failure::CreateRecord));
            }
            record.set("id", Value::Text(id.clone()));
        }
        let ask = || (virtual_row(&record, &submission), with_body(write, &submission));
        let granted = gate.create(collection, ask).map_err(Error::from_denied_create)?;
        if !write.precondition.holds(None) {
            return Err(Error::Changed);
        }
        if collection.is_auth() {
            let (virtual_row, request) = ask();
            let subject = Subject::Virtual(virtual_row.as_row());
            // A manage rule that cannot be evaluated grants nothing.
            let manages = gate.manages(collection, &request, subject).unwrap_or(false);
            let form = account::Form::new(&write.body, &submission, &record);
            form.check_new(manages)
                .into_result()
                .map_err(|violations| Error::Rejected(Failure::CreateRecord, violations))?;
        }
        if let Some(id) = write.fixed_id() {
            record.set("id", Value::Text(id.to_owned()));
        }
        finish(&mut record, write.now)?;
        let has_random_password = write.has_random_password;
        let basis = Basis::New(granted);
        let origin = Origin { basis, old: None, submission, has_random_password };
        origin.mark_passwords(&mut record);
        Ok(Self { record, origin })
    }

    fn of_stored(
        write: &WriteRecord,
        gate: Gate<'_>,
        collection: &Arc<Collection>,
        rowid: RowId,
        row: RowBuf,
    ) -> Result<Self, Error> {
        gate.has_rule(collection.rules.update.as_deref())?;
        let old = Record::from_row(collection.clone(), row.as_row());
        let mut record = match write.intent {
            Intent::Replace { .. } => emptied(&old, write.caller.is_superuser()),
            _ => old.clone(),
        };
        let submission = values::apply(&mut record, &write.body, access_of(write));
        let ask = || with_body(write, &submission);
        let granted = gate.update(collection, row.as_row(), ask)?;
        if !write.precondition.holds(Some(&row)) {
            return Err(Error::Changed);
        }
        if record.id() != old.id() {
            return Err(id_changed());
        }
        if collection.is_auth() {
            let changes = |name: &str| record.get(name) != old.get(name);
            if !submission.plain_passwords.is_empty()
                || ["email", "verified", "tokenKey"].into_iter().any(changes)
            {
                gate.may_change_credentials()?;
            }
            let subject = Subject::Stored(row.as_row());
            let manages = gate.manages(collection, &ask(), subject).unwrap_or(false);
            let form = account::Form::new(&write.body, &submission, &record);
            form.check_changed(manages, &old, write.passwords.old_matches.as_deref())
                .into_result()
                .map_err(|violations| Error::Rejected(Failure::UpdateRecord, violations))?;
        }
        touch(&mut record, write.now);
        let (basis, old) = (Basis::Stored { rowid, row, granted }, Some(Arc::new(old)));
        let origin = Origin { basis, old, submission, has_random_password: false };
        origin.mark_passwords(&mut record);
        Ok(Self { record, origin })
    }

    /// The record's collection.
    pub fn collection(&self) -> &Arc<Collection> {
        self.record.collection()
    }

    /// Checks every field against `rows`.
    pub(super) fn check(&self, rows: &dyn Rows, uploads: &[Upload]) -> Result<(), Error> {
        self.origin.check(&Writing::over(rows), &self.record, uploads)
    }
}

impl Origin {
    /// Submitted passwords by field; empty ones clear the hash.
    pub(super) fn plain_passwords(&self) -> &[(String, String)] {
        &self.submission.plain_passwords
    }

    /// What hooks call this write.
    pub(super) fn action(&self) -> Action {
        match self.basis {
            Basis::New(_) => Action::Create,
            Basis::Stored { .. } => Action::Update,
        }
    }

    /// What to call a failure of this write.
    pub(super) fn failure(&self) -> Failure {
        match self.basis {
            Basis::New(_) => Failure::CreateRecord,
            Basis::Stored { .. } => Failure::UpdateRecord,
        }
    }

    fn mark_passwords(&self, record: &mut Record) {
        for (field, plain) in &self.submission.plain_passwords {
            let hash = if plain.is_empty() { "" } else { UNHASHED };
            record.set(field, Value::Text(hash.to_owned()));
        }
    }

    /// Takes passwords that a hook set in `record` for submitted ones, and hashes them.
    pub(super) fn adopt_passwords(
        &mut self,
        record: &mut Record,
        mut hash: impl FnMut(&str) -> Result<String, Error>,
    ) -> Result<HashMap<String, String>, Error> {
        let mut hashes = HashMap::new();
        let collection = record.collection().clone();
        for field in &collection.fields {
            let now = record.text(&field.name);
            let before = self.old.as_ref().map_or("", |old| old.text(&field.name));
            let is_new = matches!(field.kind, FieldKind::Password(_)) && now != before;
            if is_new && !now.is_empty() && now != UNHASHED {
                let plain = now.to_owned();
                if values::check_plain_password(field, &plain).is_ok() {
                    hashes.insert(field.name.clone(), hash(&plain)?);
                }
                self.submission.plain_passwords.retain(|(name, _)| *name != field.name);
                self.submission.plain_passwords.push((field.name.clone(), plain));
                record.set(&field.name, UNHASHED);
                self.has_random_password &= field.name != "password";
            }
        }
        Ok(hashes)
    }

    /// Puts the hashes of the submitted passwords in their place.
    pub(super) fn set_password_hashes(
        &self,
        record: &mut Record,
        hashes: &HashMap<String, String>,
    ) -> Result<(), Error> {
        for (field, plain) in &self.submission.plain_passwords {
            if !plain.is_empty() {
                let hash = hashes
                    .get(field)
                    .ok_or_else(|| Error::internal("a password reached the store unhashed"))?;
                record.set(field, Value::Text(hash.clone()));
            }
        }
        Ok(())
    }

    /// Checks every field, changed or not, as the contract wants it.
    pub(super) fn check(
        &self,
        rows: &dyn Rows,
        record: &Record,
        uploads: &[Upload],
    ) -> Result<(), Error> {
        let old = self.old.as_deref();
        let stays_anonymous =
            old.is_some_and(account::is_anonymous) && account::is_anonymous(record);
        let mut violations = check_fields(rows, record, old, stays_anonymous, |field, value| {
            self.check_password(field).and_then(|()| check_files(field, value, old, uploads))
        })?;
        let failure = self.failure();
        if violations.is_empty() {
            violations = belongings::check(rows, record)?;
        }
        violations.into_result().map_err(|violations| Error::Rejected(failure, violations))
    }

    fn check_password(&self, field: &Field) -> Result<(), Violation> {
        if self.has_random_password && field.name == "password" {
            return Ok(());
        }
        let submitted =
            self.submission.plain_passwords.iter().find(|(name, _)| *name == field.name);
        match submitted {
            Some((_, plain)) if !plain.is_empty() => values::check_plain_password(field, plain),
            _ => Ok(()),
        }
    }
}

/// What is wrong with the fields of `record`, each of which also has to pass `also`. An anonymous
/// account need not have what others log in with.
pub(super) fn check_fields(
    rows: &dyn Rows,
    record: &Record,
    old: Option<&Record>,
    is_anonymous: bool,
    also: impl Fn(&Field, &Value) -> Result<(), Violation>,
) -> Result<Violations, Error> {
    let mut violations = Violations::new();
    for (field, value) in record.fields() {
        if old.is_some() && field.slot == Slot::ID {
            // It cannot have changed, and may be older than the pattern.
            continue;
        }
        if is_anonymous && matches!(field.name.as_str(), "email" | "password") {
            continue;
        }
        match values::check(field, value).and_then(|()| also(field, value)) {
            Ok(()) => check_related(rows, field, value, &mut violations)?,
            Err(violation) => violations.add(&field.name, violation),
        }
    }
    let collection = record.collection();
    if old.is_none() && collection.is_auth() {
        account::check_id_is_free(rows, collection, record.id(), &mut violations)?;
    }
    Ok(violations)
}

/// Sets what the server gives a new record: id, dates, generated texts.
pub fn finish(record: &mut Record, now: Timestamp) -> Result<(), Error> {
    let collection = record.collection().clone();
    for field in &collection.fields {
        match &field.kind {
            FieldKind::Autodate(options) if options.on_create => {
                record.set(&field.name, Value::Date(Some(now)));
            }
            FieldKind::Text(_) if record.text(&field.name).is_empty() => {
                if let Some(text) = generated(field)? {
                    record.set(&field.name, Value::Text(text));
                }
            }
            _ => {}
        }
    }
    account::force_superuser(record);
    Ok(())
}

/// A text for a field that makes its own.
pub(super) fn generated(field: &Field) -> Result<Option<String>, Error> {
    let FieldKind::Text(options) = &field.kind else { return Ok(None) };
    let pattern = &options.autogenerate_pattern;
    if pattern.is_empty() {
        return Ok(None);
    }
    if options.primary_key && pattern == values::DEFAULT_ID_PATTERN {
        return Ok(Some(values::new_record_id()));
    }
    values::autogenerate::generate(pattern).map(Some).map_err(Error::internal)
}

/// Sets what the server changes in a changed record: its dates.
pub fn touch(record: &mut Record, now: Timestamp) {
    let collection = record.collection().clone();
    for field in &collection.fields {
        if let FieldKind::Autodate(options) = &field.kind
            && options.on_update
        {
            record.set(&field.name, Value::Date(Some(now)));
        }
    }
    account::force_superuser(record);
}

pub(super) fn access_of(write: &WriteRecord) -> WriteAccess {
    if write.caller.is_superuser() { WriteAccess::Superuser } else { WriteAccess::Client }
}

/// The request as rules see it: of an uploaded file its names and its size.
fn with_body(write: &WriteRecord, submission: &Submission) -> Request {
    let mut body = submission.resolved.clone();
    let shown = |value: &mut Json| {
        let name = value.as_str();
        if let Some(upload) = write.uploads.iter().find(|upload| name == Some(&upload.name)) {
            *value = json!({
                "name": upload.name, "originalName": upload.submitted_name, "size": upload.size,
            });
        }
    };
    if !write.uploads.is_empty() {
        for value in body.values_mut() {
            match value {
                Json::Array(items) => items.iter_mut().for_each(shown),
                value => shown(value),
            }
        }
    }
    Request { body, ..write.caller.request().clone() }
}

fn stored(
    rows: &dyn Rows,
    collection: &Collection,
    id: &str,
) -> Result<Option<(RowId, RowBuf)>, Error> {
    let Some(rowid) = rows.find(collection, id)? else { return Ok(None) };
    Ok(rows.row(collection, rowid)?.map(|row| (rowid, row)))
}

/// The record that a create rule is asked about: what was submitted, an id to compare with, not
/// verified whatever the body says.
fn virtual_row(record: &Record, submission: &Submission) -> RowBuf {
    let mut record = record.clone();
    if record.id().is_empty() {
        record.set("id", Value::Text(NO_ID_YET.to_owned()));
    }
    if record.collection().is_auth() {
        record.set("verified", Value::Bool(false));
    }
    for (field, plain) in &submission.plain_passwords {
        let hash = if plain.is_empty() { "" } else { UNHASHED };
        record.set(field, Value::Text(hash.to_owned()));
    }
    record.to_row()
}

/// A record to be replaced: zero wherever the caller could have written, as stored elsewhere.
fn emptied(old: &Record, is_superuser: bool) -> Record {
    let mut record = old.clone();
    let collection = old.collection().clone();
    let is_auth = collection.is_auth();
    for field in &collection.fields {
        let keeps = match field.kind {
            FieldKind::Autodate(_) | FieldKind::Password(_) => true,
            _ => {
                field.name == "id"
                    || field.hidden && !is_superuser
                    || is_auth && matches!(field.name.as_str(), "tokenKey" | "verified")
            }
        };
        if !keeps {
            record.set(&field.name, field.kind.zero());
        }
    }
    record
}

/// What changing an id answers.
pub(super) fn id_changed() -> Error {
    let violation =
        Violation::new("validation_pk_change", "The record primary key cannot be changed.");
    Error::Rejected(Failure::UpdateRecord, Violations::of("id", violation))
}

fn id_mismatch(failure: Failure) -> Error {
    let violation = Violation::new("validation_values_mismatch", "Values don't match.");
    Error::Rejected(failure, Violations::of("id", violation))
}

/// A name that the record does not hold yet comes with an upload, and never as text; what is
/// uploaded must be as the field wants it.
pub(super) fn check_files(
    field: &Field,
    value: &Value,
    old: Option<&Record>,
    uploads: &[Upload],
) -> Result<(), Violation> {
    let FieldKind::File(options) = &field.kind else { return Ok(()) };
    let kept = old.and_then(|old| old.get(&field.name)).map_or(&[][..], Value::items);
    let mut new = Vec::new();
    let mut unknown: Vec<String> = Vec::new();
    for name in value.items().iter().filter(|name| !kept.contains(name)) {
        let is_it =
            |upload: &&Upload| upload.name == *name && Upload::is_meant_for(&upload.key, field);
        match uploads.iter().find(is_it) {
            Some(upload) => new.push(upload),
            None => unknown.push(name.chars().take(250).collect()),
        }
    }
    if unknown.is_empty() {
        return new.iter().try_for_each(|upload| upload.check(options));
    }
    let message = format!("Invalid new files: [{}].", unknown.join(" "));
    Err(Violation::new("validation_invalid_file", message).with("invalidFiles", unknown))
}

fn check_related(
    rows: &dyn Rows,
    field: &Field,
    value: &Value,
    violations: &mut Violations,
) -> Result<(), Error> {
    let Some(relation) = field.relation() else { return Ok(()) };
    if value.items().is_empty() {
        return Ok(());
    }
    let Some(target) = rows.catalog().by_id(relation.collection_id.as_str()) else {
        let message = "Relation connection is missing or cannot be accessed.";
        violations.add(&field.name, Violation::new("validation_missing_rel_collection", message));
        return Ok(());
    };
    for id in value.items() {
        if rows.find(target, id)?.is_none() {
            let message = "Failed to find all relation records with the provided ids.";
            violations.add(&field.name, Violation::new("validation_missing_rel_records", message));
            break;
        }
    }
    Ok(())
}
