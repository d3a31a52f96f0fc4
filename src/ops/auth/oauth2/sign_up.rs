//! A new account for a user of a provider.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::access::Gate;
use crate::files::HEAD_LEN;
use crate::model::Value;
use crate::ops::Backend;
use crate::ops::auth::{Error, find_by_identity};
use crate::ops::files::Upload;
use crate::ops::records::{Intent, WriteRecord};
use crate::outbound::{Call, OutboundError, Reach};
use crate::query::{Context, Rows};
use crate::schema::{Collection, Field, FieldKind, FileOptions, OAuth2Options, values};

use super::linking::Linking;

/// How long a picture may take to arrive.
const PICTURE_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes of a picture, whatever its field takes.
const PICTURE_BYTES_MAX: u64 = 32 << 20;
const PICTURE_REDIRECTS_MAX: usize = 5;

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
enum PictureError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("status {0}")]
    Status(u16),
    #[error(transparent)]
    Disk(#[from] io::Error),
    #[error("the field does not take it: {0}")]
    Unfit(&'static str),
}

impl Linking {
    /// The write that makes the account, prepared up to the transaction. Blocks, also for a picture.
    pub(super) fn sign_up(
        &self,
        backend: &Backend,
        collection: &Arc<Collection>,
    ) -> Result<WriteRecord, Error> {
        if collection.is_superusers() {
            return Err(Error::WrongCredentials);
        }
        let snapshot = backend.snapshot();
        let caller = Arc::new(self.caller.within(Context::OAuth2));
        Gate::new(&*snapshot, backend.rules(), &caller)
            .has_rule(collection.rules.create.as_deref())?;
        let options = &collection.auth().ok_or(Error::NotAuthCollection)?.oauth2;
        let body = self.values(&*snapshot, collection, options)?;
        drop(snapshot);
        let mut body = body;
        let mut uploads = Vec::new();
        let avatar = &options.mapped_avatar_url;
        let url = &self.user.avatar_url;
        if let Some(field) = collection.field(avatar)
            && !url.is_empty()
            && !body.contains_key(avatar)
        {
            if let FieldKind::File(file) = &field.kind {
                match picture(backend, field, file, url) {
                    Ok(upload) => uploads.push(upload),
                    Err(error) => {
                        tracing::warn!(provider = self.provider, %error, "no picture for an account");
                    }
                }
            } else {
                body.insert(avatar.clone(), url.as_str().into());
            }
        }
        let has_password = body.contains_key("password");
        let rules = Arc::clone(backend.rules());
        let id = collection.id.as_str();
        let mut write =
            WriteRecord::new(caller, rules, id, Intent::Create, body).with_uploads(uploads);
        if !has_password {
            write = write.with_random_password()?;
        }
        let snapshot = backend.snapshot();
        write.prepare(&*snapshot, backend.hasher())?;
        write.place_files(&*snapshot, backend)?;
        Ok(write)
    }

    /// The values of the account: those of the client before those of the provider. The client's
    /// cannot name the account, and its address is compared with the provider's when it is made.
    fn values(
        &self,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        options: &OAuth2Options,
    ) -> Result<serde_json::Map<String, Json>, Error> {
        let mut body = self.create_data.clone();
        if !self.caller.is_superuser() {
            body.retain(|name, _| name != "id" && !name.starts_with("id:"));
        }
        if body.get("email").and_then(Json::as_str).unwrap_or_default().is_empty() {
            body.insert("email".to_owned(), self.user.email.as_str().into());
        }
        for (field, text) in
            [(&options.mapped_id, &self.user.id), (&options.mapped_name, &self.user.name)]
        {
            if !field.is_empty() && !body.contains_key(field) {
                body.insert(field.clone(), text.as_str().into());
            }
        }
        let (field, username) = (&options.mapped_username, &self.user.username);
        if !body.contains_key(field) && is_free(rows, collection, field, username)? {
            body.insert(field.clone(), username.as_str().into());
        }
        Ok(body)
    }
}

/// Whether the field takes this name, and nobody has it yet.
fn is_free(
    rows: &dyn Rows,
    collection: &Collection,
    field: &str,
    username: &str,
) -> Result<bool, Error> {
    let Some(known) = collection.field(field) else { return Ok(false) };
    if matches!(known.kind, FieldKind::Text(_))
        && values::check(known, &Value::Text(username.to_owned())).is_err()
    {
        return Ok(false);
    }
    Ok(find_by_identity(rows, collection, field, username)?.is_none())
}

/// Fetches a picture for `field`. Where it is comes from the provider, and some of them let their
/// users say it; so it has to be in the public internet.
fn picture(
    backend: &Backend,
    field: &Field,
    options: &FileOptions,
    url: &str,
) -> Result<Upload, PictureError> {
    let size_max = Upload::total_size_max(options).min(PICTURE_BYTES_MAX);
    let call = Call::get(Reach::Public, url)
        .redirects(PICTURE_REDIRECTS_MAX)
        .size_max(usize::try_from(size_max).unwrap_or(usize::MAX))
        .until(Instant::now() + PICTURE_TIME_MAX);
    let answer = backend.outbound().send(&call)?;
    if !(200..300).contains(&answer.status) {
        return Err(PictureError::Status(answer.status));
    }
    let (scratch, mut file) = backend.files().scratch()?;
    file.write_all(&answer.body)?;
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let head = &answer.body[..answer.body.len().min(HEAD_LEN)];
    let checksum = crc32fast::hash(&answer.body);
    let upload = Upload::new(&*field.name, name, scratch, answer.body.len() as u64, checksum, head);
    // What the field refuses must not keep anybody out.
    upload.check(options).map_err(|violation| PictureError::Unfit(violation.code))?;
    Ok(upload)
}
