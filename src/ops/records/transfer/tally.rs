//! What came of an import.

use serde_json::{Value as Json, json};

use crate::ops::Error;

/// Faults that are told one by one; of more only the number.
const FAULTS_MAX: usize = 100;
/// Bytes of a fault's message.
const MESSAGE_MAX: usize = 500;

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line in the file that the row begins on, from 1.
    pub line: u64,
    /// The field; empty when it is the row as a whole.
    pub field: String,
    /// The stable machine code.
    pub code: String,
    /// A sentence.
    pub message: String,
}

/// How many records an import made and changed, and what was wrong with the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records that are new.
    pub created: u64,
    /// Records that were there.
    pub updated: u64,
    /// Rows that came to nothing.
    pub failed: u64,
    /// The first faults, in the order of the file; a row may have several.
    pub faults: Vec<Fault>,
}

impl Tally {
    /// Counts a row that failed for a reason of its own.
    pub(super) fn add_fault(&mut self, fault: Fault) {
        self.failed += 1;
        self.tell(fault);
    }

    /// Counts a row that could not be written because of `error`.
    pub(super) fn add_error(&mut self, line: u64, error: &Error) {
        self.failed += 1;
        let told = |field: &str, code: &str, message: &str| Fault {
            line,
            field: field.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
        };
        let Error::Rejected(_, violations) = error else {
            self.tell(told("", "failed", &error.to_string()));
            return;
        };
        let json = violations.to_json();
        let mut named = json.as_object().into_iter().flatten().peekable();
        if named.peek().is_none() {
            self.tell(told("", "failed", "The row was refused."));
        }
        for (field, violation) in named {
            let text = |member: &str| violation[member].as_str().unwrap_or_default();
            self.tell(told(field, text("code"), text("message")));
        }
    }

    fn tell(&mut self, mut fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            fault.message = fault.message.chars().take(MESSAGE_MAX).collect();
            self.faults.push(fault);
        }
    }

    /// Adds what came of the next rows.
    pub(super) fn merge(&mut self, next: Self) {
        self.created += next.created;
        self.updated += next.updated;
        self.failed += next.failed;
        next.faults.into_iter().for_each(|fault| self.tell(fault));
    }

    /// The same as a JSON object.
    pub fn to_json(&self) -> Json {
        let error = |fault: &Fault| {
            json!({
                "line": fault.line,
                "field": fault.field,
                "code": fault.code,
                "message": fault.message,
            })
        };
        json!({
            "created": self.created,
            "updated": self.updated,
            "failed": self.failed,
            "errors": self.faults.iter().map(error).collect::<Vec<_>>(),
        })
    }
}
