//! `$os`: files of the machine, as the server may use them.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::hooks::Rejection;
use crate::model::Timestamp;

use super::services::FILE_BYTES_MAX;

/// Names that one `$os.readDir` returns.
const ENTRIES_MAX: usize = 100_000;

/// Answers `os.<verb>`. Bytes are in base64.
///
/// # Errors
/// What the system says, with the path.
pub(super) fn ask(verb: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    let path = Path::new(text(0));
    let failed = |error: io::Error| {
        Rejection::new(500, format!("{}: {error}", path.display())).with_cause(error)
    };
    let done = match verb {
        "readFile" => {
            if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
                return Err(Rejection::new(500, format!("{} is too large", path.display())));
            }
            return Ok(Some(STANDARD.encode(fs::read(path).map_err(failed)?).into()));
        }
        "writeFile" => {
            let bytes = STANDARD.decode(text(1)).map_err(Rejection::internal)?;
            fs::write(path, bytes)
        }
        "readDir" => {
            let mut entries = Vec::new();
            for entry in fs::read_dir(path).map_err(failed)?.take(ENTRIES_MAX) {
                let entry = entry.map_err(failed)?;
                // It may be gone by now, or lead nowhere.
                let Ok(metadata) = entry.metadata() else { continue };
                entries.push(entry_json(&entry.file_name().to_string_lossy(), &metadata));
            }
            entries.sort_by(|one, other| one["name"].as_str().cmp(&other["name"].as_str()));
            return Ok(Some(entries.into()));
        }
        "stat" => {
            let metadata = fs::metadata(path).map_err(failed)?;
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            return Ok(Some(entry_json(&name, &metadata)));
        }
        "mkdir" => fs::create_dir(path),
        "mkdirAll" => fs::create_dir_all(path),
        "rename" => fs::rename(path, text(1)),
        "remove" => match fs::symlink_metadata(path).map_err(failed)?.is_dir() {
            true => fs::remove_dir(path),
            false => fs::remove_file(path),
        },
        "removeAll" => match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
        },
        "tempDir" => return Ok(Some(std::env::temp_dir().to_string_lossy().into())),
        "getwd" => {
            return Ok(Some(std::env::current_dir().map_err(failed)?.to_string_lossy().into()));
        }
        _ => return Err(Rejection::new(500, format!("$os cannot {verb}"))),
    };
    done.map_err(failed)?;
    Ok(None)
}

fn entry_json(name: &str, metadata: &fs::Metadata) -> Json {
    let since =
        metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let modified = since.map(|since| Timestamp::from_millis(since.as_millis() as i64).to_string());
    json!({
        "name": name, "size": metadata.len(), "isDir": metadata.is_dir(),
        "modified": modified.unwrap_or_default(),
    })
}
