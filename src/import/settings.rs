//! The settings of the source.

use rusqlite::OptionalExtension;
use serde_json::Value as Json;

use super::column;
use super::error::ImportError;
use super::source::Source;

/// The settings as the source keeps them.
#[derive(Debug)]
pub(super) enum Settings {
    /// There are none: the defaults were in force.
    None,
    /// A JSON object, as it was spelled.
    Plain {
        /// The text.
        json: String,
        /// Whether uploads are kept in a bucket.
        has_bucket: bool,
    },
    /// No JSON, hence most likely encrypted.
    Unreadable,
}

impl Settings {
    /// Whether uploads are known to be in a bucket rather than in the folder.
    pub(super) fn has_bucket(&self) -> bool {
        matches!(self, Self::Plain { has_bucket: true, .. })
    }
}

/// Reads the settings.
pub(super) fn read(source: &Source) -> Result<Settings, ImportError> {
    if !source.has_table("_params")? {
        return Ok(Settings::None);
    }
    let text = source
        .connection()
        .query_row("SELECT value FROM _params WHERE id = 'settings'", (), |row| {
            Ok(column::text(row.get_ref(0)?).map(|(text, _)| text.into_owned()))
        })
        .optional()?
        .flatten();
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(Settings::None);
    };
    Ok(match serde_json::from_str::<Json>(&text) {
        Ok(json @ Json::Object(_)) => {
            Settings::Plain { has_bucket: json["s3"]["enabled"] == true, json: text }
        }
        _ => Settings::Unreadable,
    })
}
