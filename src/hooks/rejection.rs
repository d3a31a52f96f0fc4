//! How a hook, or what a hook asked for, says no.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value as Json, json};

/// Why something is refused, as the client will see it: `{"data":{…},"message":"…","status":…}`.
#[derive(Debug)]
pub struct Rejection {
    status: u16,
    message: String,
    /// What is wrong, by field: `{"code":"…","message":"…"}` each.
    fields: Map<String, Json>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    is_summary: bool,
}

impl Rejection {
    /// A refusal with a status of 400 to 599 (anything else counts as 500) and a sentence; without
    /// one, the client sees what is usual for the status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        let status = if (400..600).contains(&status) { status } else { 500 };
        Self { status, message: message.into(), fields: Map::new(), cause: None, is_summary: false }
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, message)
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    /// 500, with a cause that only the log shows.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(500, "") }
    }

    /// 400 because of one field: a code such as `validation_title_taken`, and a sentence.
    pub fn field(name: &str, code: &str, message: &str) -> Self {
        Self::bad_request("").with_field(name, code, message)
    }

    /// Says what is wrong with one more field.
    #[must_use]
    pub fn with_field(mut self, name: &str, code: &str, message: &str) -> Self {
        self.fields.insert(name.to_owned(), json!({ "code": code, "message": message }));
        self
    }

    /// Sets what is wrong by field, as the `data` member of the answer.
    #[must_use]
    pub fn with_fields(mut self, fields: Map<String, Json>) -> Self {
        self.fields = fields;
        self
    }

    /// Adds what the log should say.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The message; may be empty.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong by field.
    pub fn fields(&self) -> &Map<String, Json> {
        &self.fields
    }

    /// What the log should say, or what failed below.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// Takes the cause out when it is an `E`.
    ///
    /// # Errors
    /// Gives the rejection back when it has another cause, or none.
    pub fn into_cause<E: Error + 'static>(mut self) -> Result<E, Self> {
        match self.cause.take().map(<dyn Error + Send + Sync>::downcast::<E>) {
            Some(Ok(cause)) => Ok(*cause),
            Some(Err(cause)) => Err(Self { cause: Some(cause), ..self }),
            None => Err(self),
        }
    }

    /// What hooks see of a failure, whose cause is kept by whoever runs them.
    pub(crate) fn summary(&self) -> Self {
        let Self { status, message, fields, .. } = self;
        let (message, fields) = (message.clone(), fields.clone());
        Self { status: *status, message, fields, cause: None, is_summary: true }
    }

    pub(super) fn is_summary(&self) -> bool {
        self.is_summary
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.message)?;
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
