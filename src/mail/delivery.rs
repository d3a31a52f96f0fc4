//! Where mail goes out, and in whose name.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

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
    /// Whose certificates are trusted besides those of the well-known authorities.
    pub authorities: Authorities,
}

/// Authorities that are trusted besides the well-known ones, such as a company's own.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Authorities(Arc<[u8]>);

/// Why certificates cannot be trusted.
#[derive(Debug, thiserror::Error)]
#[error("no certificates of authorities in the form of PEM")]
pub struct NoCertificates;

impl Authorities {
    /// Takes one or more certificates in the form of PEM, which may stand among other things.
    pub fn from_pem(pem: &[u8]) -> Result<Self, NoCertificates> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| NoCertificates)?;
            roots.add(certificate).map_err(|_| NoCertificates)?;
        }
        if roots.is_empty() { Err(NoCertificates) } else { Ok(Self(pem.into())) }
    }

    /// The certificates in the form of PEM; nothing when there are none.
    pub fn as_pem(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").field("pem_bytes", &self.0.len()).finish()
    }
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
