//! `$app.newFilesystem()`: the files of records by their keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::hooks::Rejection;
use crate::ops::Backend;
use crate::ops::files::RecordFile;

use super::services::FILE_BYTES_MAX;

/// Answers `files.<verb>`. Bytes are in base64. Blocks.
///
/// # Errors
/// 404 when there is no such file, 400 for a key that is none, and what the storage says.
pub(super) fn ask(
    backend: &Backend,
    verb: &str,
    values: &[Json],
) -> Result<Option<Json>, Rejection> {
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    let file = RecordFile::at(text(0))
        .ok_or_else(|| Rejection::bad_request(format!("{} is no key of a file", text(0))))?;
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Rejection::not_found(format!("there is no {}", text(0))),
        _ => Rejection::new(500, format!("{}: {error}", text(0))).with_cause(error),
    };
    match verb {
        "exists" => Ok(Some(file.exists(backend).map_err(failed)?.into())),
        "read" => {
            let is_short = values.get(1) == Some(&Json::Bool(true));
            let found =
                file.read(backend, if is_short { 0 } else { FILE_BYTES_MAX }).map_err(failed)?;
            Ok(Some(json!({
                "content": STANDARD.encode(&found.content), "type": found.content_type,
                "size": found.size,
            })))
        }
        "write" => {
            let bytes = STANDARD.decode(text(1)).map_err(Rejection::internal)?;
            file.write(backend, &bytes).map_err(failed)?;
            Ok(None)
        }
        "remove" => {
            file.remove(backend).map_err(failed)?;
            Ok(None)
        }
        _ => Err(Rejection::new(500, format!("a file system cannot {verb}"))),
    }
}
