//! Where mail goes out, and in whose name.

use std::fmt;

/// Where mail goes out, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The server that takes it; `None` while developing, when mail is shown instead of sent.
    pub smtp: Option<Smtp>,
    /// Who it comes from.
    pub sender: Sender,
    /// `{APP_NAME}`
    pub app_name: String,
    /// `{APP_URL}`
    pub app_url: String,
}

/// Who mail comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The name shown.
    pub name: String,
    /// The address.
    pub address: String,
}

/// A server that takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    /// A name, or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// What to log in with, unless the server takes mail from everybody.
    pub login: Option<SmtpLogin>,
    /// What to call ourselves; empty = `localhost`.
    pub local_name: String,
}

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS if the server offers it.
    StartTls,
}

/// What to log in to a mail server with.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpLogin {
    /// The account.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Whether to use the mechanism LOGIN; PLAIN otherwise.
    pub uses_login_mechanism: bool,
}

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpLogin").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            smtp: None,
            sender: Sender {
                name: "Support".to_owned(),
                address: "support@example.com".to_owned(),
            },
            app_name: "Acme".to_owned(),
            app_url: "http://localhost:8090".to_owned(),
        }
    }
}
