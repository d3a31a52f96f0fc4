//! Commands that an operator gives to a server, running or not.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A command for a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ControlCommand {
    /// Manages those who may do everything.
    Superuser(SuperuserCommand),
    /// Writes everything to a file.
    Export(ExportCommand),
    /// Makes a backup, or goes back to one.
    Backup(BackupCommand),
    /// Moves records between a collection and a file.
    Records(RecordsCommand),
}

/// What to move, and how. Paths are absolute; texts are as in the web API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum RecordsCommand {
    /// Writes records to a file.
    Export {
        /// The collection, by name or id.
        collection: String,
        /// The file.
        file: PathBuf,
        /// `csv` or `jsonl`.
        format: String,
        /// Which records; empty = all.
        filter: String,
        /// In which order; empty = that of insertion.
        sort: String,
        /// The names of fields, separated by commas; empty = all.
        fields: String,
        /// Whether texts are guarded against being taken for formulas.
        safe: bool,
        /// Whether it may replace a file.
        force: bool,
    },
    /// Makes records of the rows of a file.
    Import {
        /// The collection, by name or id.
        collection: String,
        /// The file.
        file: PathBuf,
        /// `csv` or `jsonl`.
        format: String,
        /// `create` or `upsert`.
        mode: String,
        /// Whether to find out only.
        dry_run: bool,
        /// Whether to write all rows or none.
        atomic: bool,
        /// Whether guards of texts are taken away.
        safe: bool,
        /// The fields of columns that are called otherwise.
        map: Vec<(String, String)>,
    },
}

/// What to do with a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum BackupCommand {
    /// Makes one.
    Create {
        /// Its name; empty for one that is made up.
        name: String,
        /// Whether it is to hold only what happened since the newest one.
        incremental: bool,
        /// The name of the one since which it is to hold what happened.
        base: Option<String>,
    },
    /// Lists them.
    List,
    /// Restores it aside and checks what came of it.
    Verify {
        /// Its name.
        key: String,
        /// A moment within its chain: a time, or the number of a change.
        until: Option<String>,
    },
    /// Puts it in the place of the data.
    Restore {
        /// Its name.
        key: String,
        /// A moment within its chain: a time, or the number of a change.
        until: Option<String>,
    },
}

impl ControlCommand {
    /// How long a client waits for the answer; `None` = until the server is gone.
    pub(super) fn answer_timeout(&self) -> Option<Duration> {
        match self {
            // It may have to hash a password on a busy machine.
            Self::Superuser(_) => Some(Duration::from_secs(30)),
            Self::Export(_) | Self::Backup(_) | Self::Records(_) => None,
        }
    }
}

/// Where to write a dump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportCommand {
    /// The absolute path of the file.
    pub output: PathBuf,
    /// Whether it may replace a file.
    pub force: bool,
}

/// What to do with a superuser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase", deny_unknown_fields)]
pub enum SuperuserCommand {
    /// Creates one, or sets the password of the one there is.
    Upsert {
        /// Whom.
        email: String,
        /// The new password.
        password: Password,
    },
    /// Creates one; fails when there is one.
    Create {
        /// Whom.
        email: String,
        /// The password.
        password: Password,
    },
    /// Sets the password; fails when there is nobody of that address.
    Update {
        /// Whom.
        email: String,
        /// The new password.
        password: Password,
    },
    /// Deletes one, but never the last.
    Delete {
        /// Whom.
        email: String,
    },
    /// Makes a one-time password for one.
    Otp {
        /// Whom.
        email: String,
    },
    /// Ends the need for codes of an app that one lost.
    #[serde(rename = "totp-reset")]
    TotpReset {
        /// Whom.
        email: String,
    },
}

/// A password in the clear, which stays out of logs.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_read_as_they_are_written() {
        let password = Password::new("secret");
        let command = ControlCommand::Superuser(SuperuserCommand::Upsert {
            email: "a@b.co".into(),
            password,
        });
        let text = r#"{"superuser":{"action":"upsert","email":"a@b.co","password":"secret"}}"#;
        assert_eq!(serde_json::to_string(&command).unwrap(), text);
        assert_eq!(serde_json::from_str::<ControlCommand>(text).unwrap(), command);
        assert!(!format!("{command:?}").contains("secret"));
    }
}
