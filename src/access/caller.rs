//! Who asks.

use crate::model::Timestamp;
use crate::query::{ApiKeyScope, AuthRow, Context, Request, Verb};
use crate::schema::Collection;

/// Who asks and what `@request.*` shows of it. Built once at the edge of the server.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    request: Request,
    is_superuser: bool,
}

impl Caller {
    /// The caller that `request` describes. Records of `_superusers` are superusers.
    pub fn new(request: Request) -> Self {
        let is_superuser =
            request.auth.as_ref().is_some_and(|auth| auth.collection.is_superusers());
        Self { request, is_superuser }
    }

    /// The process itself: the command line and the server's own jobs.
    pub fn system() -> Self {
        Self { request: Request::default(), is_superuser: true }
    }

    /// The same caller, to whom rules are asked about in another context.
    #[must_use]
    pub fn within(&self, context: Context) -> Self {
        let request = Request { context, ..self.request.clone() };
        Self { request, ..self.clone() }
    }

    /// What rules see.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Whether rules do not apply.
    pub fn is_superuser(&self) -> bool {
        self.is_superuser
    }

    /// The record that asks; `None` for guests and for the process itself.
    pub fn auth(&self) -> Option<&AuthRow> {
        self.request.auth.as_ref()
    }

    /// The scope of the API key that the caller came with.
    pub fn key(&self) -> Option<&ApiKeyScope> {
        self.auth()?.credential.key()
    }

    /// Whether nothing holds the caller back: a superuser without an API key, or the process itself.
    pub fn is_unrestricted(&self) -> bool {
        self.is_superuser && self.key().is_none()
    }

    /// Whether the caller's API key is for this, if there is one.
    pub(super) fn reaches(&self, collection: &Collection, verb: Verb) -> bool {
        self.key().is_none_or(|key| !key.is_over(Timestamp::now()) && key.covers(collection, verb))
    }

    /// Whether the caller is the record `id` of the collection with id `collection_id`.
    pub fn is_record(&self, collection_id: &str, id: &str) -> bool {
        self.auth().is_some_and(|auth| {
            auth.collection.id.as_str() == collection_id && auth.row.as_row().id() == id
        })
    }
}
