//! What `@request.*` can see.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::model::RowBuf;
use crate::schema::Collection;

use super::{Credential, Texts};

/// The request as rules see it. Built once at the edge; nothing changes it afterwards.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper-case HTTP method.
    pub method: String,
    /// Why the rule is evaluated.
    pub context: Context,
    /// First value of each query parameter.
    pub query: Texts,
    /// First value of each header, names in lower snake case.
    pub headers: Texts,
    /// The body after modifiers were folded in: plain field names and normalised values.
    pub body: Map<String, Json>,
    /// Who asks; `None` for guests.
    pub auth: Option<AuthRow>,
    /// The path as it came; empty where there is no request.
    pub path: String,
    /// Where it comes from, proxies that are trusted seen through.
    pub address: Option<IpAddr>,
    /// The other end of the connection.
    pub remote: Option<IpAddr>,
}

/// The record that a request is authenticated as.
#[derive(Debug, Clone)]
pub struct AuthRow {
    /// Its collection.
    pub collection: Arc<Collection>,
    /// Its row when the request began.
    pub row: RowBuf,
    /// By what it is authenticated.
    pub credential: Credential,
}

impl AuthRow {
    /// The record in `row` by itself: nothing restricts what it may do.
    pub fn new(collection: Arc<Collection>, row: RowBuf) -> Self {
        Self { collection, row, credential: Credential::Token }
    }
}

/// Why a rule is evaluated: `@request.context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Context {
    /// An ordinary call of the records API.
    #[default]
    Default,
    /// A related record is about to be expanded.
    Expand,
    /// An event is about to be sent.
    Realtime,
    /// A protected file is about to be served.
    ProtectedFile,
    /// One step of a batch.
    Batch,
    /// A login through `OAuth2`.
    OAuth2,
    /// A login with a one-time password.
    Otp,
    /// A login with a password.
    Password,
    /// A login of a visitor who has not said who they are.
    Anonymous,
    /// A login completed with a code of an authenticator app.
    Totp,
    /// A login with a passkey.
    Passkey,
}

impl Context {
    /// The name that rules compare with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Expand => "expand",
            Self::Realtime => "realtime",
            Self::ProtectedFile => "protectedFile",
            Self::Batch => "batch",
            Self::OAuth2 => "oauth2",
            Self::Otp => "otp",
            Self::Password => "password",
            Self::Anonymous => "anonymous",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
        }
    }
}
