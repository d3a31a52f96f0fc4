//! Files that programs bring in a record's body, as `{"name": …, "base64": …}` in a file field.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use crate::files::{HEAD_LEN, Storage};
use crate::ops::Failure;
use crate::schema::{Collection, Violation, Violations};

use super::{Error, Upload, file_fields};

/// Takes such files out of a `body` for `collection`, and leaves the names that stand beside them.
/// Blocks.
///
/// Fails with [`Error::Rejected`] when one is neither a name nor a file.
pub(in crate::ops) fn take_brought(
    collection: &Collection,
    body: &mut Map<String, Json>,
    files: &Storage,
    failure: Failure,
) -> Result<Vec<Upload>, Error> {
    let mut uploads = Vec::new();
    for field in file_fields(collection) {
        for (key, value) in body.iter_mut().filter(|(key, _)| Upload::is_meant_for(key, field)) {
            let items = match value {
                Json::Object(_) => std::slice::from_mut(value),
                Json::Array(items) => &mut items[..],
                _ => continue,
            };
            for item in items.iter_mut().filter(|item| item.is_object()) {
                let refused = || {
                    let violations = Violations::of(&field.name, Violation::invalid_value());
                    Error::Rejected(failure, violations)
                };
                let text = |name: &str| item[name].as_str().ok_or_else(refused);
                let bytes = STANDARD.decode(text("base64")?).map_err(|_| refused())?;
                uploads.push(upload(key, text("name")?, &bytes, files)?);
                *item = Json::Null;
            }
            match value {
                Json::Array(items) => items.retain(|item| !item.is_null()),
                _ if value.is_null() => *value = Json::Array(Vec::new()),
                _ => {}
            }
        }
    }
    Ok(uploads)
}

/// A file with this content for the part `key` of a body.
fn upload(key: &str, name: &str, bytes: &[u8], files: &Storage) -> Result<Upload, Error> {
    let (scratch, mut file) = files.scratch().map_err(Error::FilesUnavailable)?;
    file.write_all(bytes).map_err(Error::FilesUnavailable)?;
    let head = &bytes[..bytes.len().min(HEAD_LEN)];
    Ok(Upload::new(key, name, scratch, bytes.len() as u64, crc32fast::hash(bytes), head))
}
