//! By what somebody is authenticated, and how far that reaches.

use std::sync::Arc;

use crate::model::{CollectionId, Timestamp};
use crate::schema::{AuthOptions, Collection};

/// By what a request is authenticated. It travels with the account, so that nobody who passes the
/// account on can forget it.
#[derive(Debug, Clone, Default)]
pub enum Credential {
    /// A token that nothing is stored about.
    #[default]
    Token,
    /// A token of a session, which is named here.
    Session(Arc<str>),
    /// An API key.
    Key(Arc<ApiKeyScope>),
}

/// What an API key may do of what its account may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyScope {
    /// The id of the key, which is no secret.
    pub id: String,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// What it is for; nothing else is allowed.
    pub grants: Vec<KeyGrant>,
}

/// Some actions on the records of one collection, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    /// The collection; `None` = every one.
    pub collection: Option<CollectionId>,
    /// What may be done there.
    pub verbs: Vec<Verb>,
}

/// What can be done with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Listing them.
    List,
    /// Viewing one.
    View,
    /// Making one.
    Create,
    /// Changing one.
    Update,
    /// Removing one.
    Delete,
}

impl Verb {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 5] = [Self::List, Self::View, Self::Create, Self::Update, Self::Delete];

    /// The name that clients know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::View => "view",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl ApiKeyScope {
    /// Whether the key is for this. System collections are out of reach of every key: they hold what
    /// accounts are let in by.
    pub fn covers(&self, collection: &Collection, verb: Verb) -> bool {
        !collection.system
            && self.grants.iter().any(|grant| {
                grant.collection.as_ref().is_none_or(|id| *id == collection.id)
                    && grant.verbs.contains(&verb)
            })
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Credential {
    /// Whether a collection with these options accepts credentials of this kind.
    pub fn suits(&self, options: &AuthOptions) -> bool {
        match self {
            Self::Token => !options.sessions.enabled,
            // Sessions count to their end, whether new ones begin or not.
            Self::Session(_) => true,
            Self::Key(_) => options.api_keys.enabled,
        }
    }

    /// The scope of an API key.
    pub fn key(&self) -> Option<&ApiKeyScope> {
        match self {
            Self::Key(scope) => Some(scope),
            Self::Token | Self::Session(_) => None,
        }
    }

    /// The id of the session.
    pub fn session(&self) -> Option<&str> {
        match self {
            Self::Session(id) => Some(id),
            Self::Token | Self::Key(_) => None,
        }
    }
}
