//! Encrypted connections: whose certificate is shown, and where it comes from.

mod acme;
mod certificate;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::acme::Acme;
use self::certificate::{CHALLENGE_PROTOCOL, Certificates, Files, Versions};
use crate::config;

/// How long a client may take to agree on keys.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// What makes connections encrypted. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    source: Arc<Source>,
}

/// Where certificates come from.
enum Source {
    /// Files, as they were when they were read.
    Files(Files, Versions, Arc<Certificates>),
    Acme(Acme, Arc<Certificates>),
}

/// Why connections cannot be encrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Neither files nor domains, or only one of two files.
    #[error("tls.address needs tls.certificate and tls.key, or tls.domains")]
    Incomplete,
    /// The certificate or its key cannot be used.
    #[error("the certificate in {path}: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Tls {
    /// What `options` describe. A certificate from an ACME server of an earlier time is taken from
    /// `folder`; a missing one comes while [`Self::keep_fresh`] runs, and until then handshakes fail.
    pub(crate) fn new(options: &config::Tls, folder: &Path) -> Result<Self, TlsError> {
        let certificates = Arc::new(Certificates::default());
        let source = match (&options.certificate, &options.key) {
            (Some(certificate), Some(key)) => {
                let files = Files { certificate: certificate.clone(), key: key.clone() };
                let versions = files.versions();
                certificates.show(files.read()?);
                Source::Files(files, versions, Arc::clone(&certificates))
            }
            (None, None) if !options.domains.as_slice().is_empty() => {
                let acme = Acme::new(options, folder);
                if let Ok(kept) = acme.kept().read() {
                    certificates.show(kept);
                }
                Source::Acme(acme, Arc::clone(&certificates))
            }
            _ => return Err(TlsError::Incomplete),
        };
        let mut server = ServerConfig::builder_with_provider(certificate::provider())
            .with_safe_default_protocol_versions()
            .expect("ring has what every version needs")
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        server.alpn_protocols = [&b"h2"[..], b"http/1.1", CHALLENGE_PROTOCOL].map(Vec::from).into();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(server)), source: Arc::new(source) })
    }

    /// Agrees on keys with a client. `None` when the connection was only an ACME server's question,
    /// which is answered by the handshake itself.
    pub(super) async fn accept<S>(&self, stream: S) -> io::Result<Option<TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let accepted = timeout(HANDSHAKE_TIME_MAX, self.acceptor.accept(stream)).await;
        let stream = accepted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let is_question = stream.get_ref().1.alpn_protocol() == Some(CHALLENGE_PROTOCOL);
        Ok((!is_question).then_some(stream))
    }

    /// Renews the certificate in time, or reads its files again when they change, for ever.
    pub(super) async fn keep_fresh(&self) {
        match &*self.source {
            Source::Files(files, versions, certificates) => {
                files.follow(*versions, certificates).await;
            }
            Source::Acme(acme, certificates) => acme.keep_fresh(certificates).await,
        }
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
