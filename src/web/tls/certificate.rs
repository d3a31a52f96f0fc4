//! The certificate that clients see, and the files it may come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::sleep;

use super::TlsError;

/// What an ACME server calls its question in a handshake (RFC 8737, section 6.2).
pub(super) const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// How often files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// The one implementation of cryptography for all connections.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What clients and ACME servers get to see at this moment.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    shown: ArcSwapOption<CertifiedKey>,
    /// Answers to an ACME server, by domain.
    answers: Mutex<Vec<(String, Arc<CertifiedKey>)>>,
}

impl Certificates {
    /// Shows `certificate` to clients from now on.
    pub(super) fn show(&self, certificate: CertifiedKey) {
        self.shown.store(Some(Arc::new(certificate)));
    }

    /// Answers the question about `domain` with `answer` from now on.
    pub(super) fn answer(&self, domain: &str, answer: CertifiedKey) {
        self.answers().push((domain.to_owned(), Arc::new(answer)));
    }

    /// Forgets all answers.
    pub(super) fn clear_answers(&self) {
        self.answers().clear();
    }

    fn answers(&self) -> std::sync::MutexGuard<'_, Vec<(String, Arc<CertifiedKey>)>> {
        self.answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks = hello.alpn().is_some_and(|mut all| all.any(|one| one == CHALLENGE_PROTOCOL));
        if !asks {
            return self.shown.load_full();
        }
        let domain = hello.server_name()?;
        // The latest answer: an earlier one belongs to an order that failed.
        let answers = self.answers();
        let answer = answers.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(domain));
        answer.map(|(_, answer)| Arc::clone(answer))
    }
}

/// When two files last changed.
pub(super) type Versions = [Option<SystemTime>; 2];

/// Two files in PEM: a certificate with those that vouch for it, and its key.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Files {
    /// Reads both, and checks that they belong together.
    pub(super) fn read(&self) -> Result<CertifiedKey, TlsError> {
        let unusable = |path: &Path, reason: &dyn ToString| TlsError::Certificate {
            path: path.display().to_string(),
            reason: reason.to_string(),
        };
        let chain: Vec<_> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(unusable(&self.certificate, &"there is none"));
        }
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unusable(&self.key, &error))?;
        CertifiedKey::from_der(chain, key, &provider()).map_err(|error| unusable(&self.key, &error))
    }

    /// When they last changed.
    pub(super) fn versions(&self) -> Versions {
        [&self.certificate, &self.key].map(|path| path.metadata().and_then(|m| m.modified()).ok())
    }

    /// Shows what is in the files whenever it is no longer what was `seen`; what cannot be used
    /// changes nothing.
    pub(super) async fn follow(&self, mut seen: Versions, certificates: &Certificates) {
        loop {
            sleep(LOOK_INTERVAL).await;
            let now = self.versions();
            if now == seen {
                continue;
            }
            match self.read() {
                Ok(certificate) => {
                    tracing::info!("the certificate was read again");
                    certificates.show(certificate);
                    seen = now;
                }
                // Perhaps only one of the two is there yet.
                Err(error) => tracing::warn!(%error, "the old certificate stays"),
            }
        }
    }
}
