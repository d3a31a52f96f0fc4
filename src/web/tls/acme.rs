//! Certificates from an ACME server (RFC 8555), which asks at our own port (RFC 8737).

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount,
    NewOrder, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use tokio::time::sleep;

use super::certificate::{Certificates, Files, provider};
use crate::config;
use crate::web::BoxError;

/// How old a certificate may get. They are good for 90 days with most servers; some give less.
const AGE_MAX: Duration = Duration::from_hours(24 * 60);

/// Pauses after a failure, doubling between these: servers lock out those who hurry.
const PAUSES: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(12));

/// How often the age is looked at.
const LOOK_INTERVAL: Duration = Duration::from_hours(1);

/// What is asked of whom, and where the answers are kept.
#[derive(Debug)]
pub(super) struct Acme {
    domains: Vec<String>,
    email: String,
    directory: String,
    directory_ca: Option<PathBuf>,
    folder: PathBuf,
}

impl Acme {
    /// Keeps everything in `folder`, which is made when something has to be kept.
    pub(super) fn new(options: &config::Tls, folder: &Path) -> Self {
        Self {
            domains: options.domains.as_slice().to_vec(),
            email: options.email.clone(),
            directory: options.directory.clone(),
            directory_ca: options.directory_ca.clone(),
            folder: folder.to_owned(),
        }
    }

    /// The files of the certificate for just these domains.
    pub(super) fn kept(&self) -> Files {
        let name = self.domains.join(",");
        // Many domains make a long name; it only has to differ from that of others.
        let name = if name.len() > 100 {
            let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
            URL_SAFE_NO_PAD.encode(digest)
        } else {
            name
        };
        Files {
            certificate: self.folder.join(format!("{name}.crt.pem")),
            key: self.folder.join(format!("{name}.key.pem")),
        }
    }

    /// Gets a certificate when there is none or it gets old, for ever.
    pub(super) async fn keep_fresh(&self, certificates: &Certificates) {
        let mut pause = PAUSES.0;
        loop {
            if self.is_fresh() {
                sleep(LOOK_INTERVAL).await;
                continue;
            }
            let ordered = self.order(certificates).await;
            certificates.clear_answers();
            match ordered {
                Ok(()) => {
                    tracing::info!(domains = ?self.domains, "a new certificate");
                    pause = PAUSES.0;
                }
                Err(error) => {
                    tracing::error!(error, domains = ?self.domains, "no new certificate");
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    fn is_fresh(&self) -> bool {
        let files = self.kept();
        let made = files.certificate.metadata().and_then(|metadata| metadata.modified());
        let age = made.map(|made| SystemTime::now().duration_since(made).unwrap_or_default());
        age.is_ok_and(|age| age < AGE_MAX) && files.read().is_ok()
    }

    /// Gets a certificate, keeps it and shows it.
    async fn order(&self, certificates: &Certificates) -> Result<(), BoxError> {
        let account = self.account().await?;
        let names: Vec<_> = self.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let domain = authorization.identifier().to_string();
            let mut challenge = authorization
                .challenge(ChallengeType::TlsAlpn01)
                .ok_or("the server does not ask in handshakes (tls-alpn-01)")?;
            let digest = challenge.key_authorization();
            certificates.answer(&domain, answer(&domain, digest.digest().as_ref())?);
            challenge.set_ready().await?;
        }
        let patience = RetryPolicy::default();
        let status = order.poll_ready(&patience).await?;
        if status != OrderStatus::Ready {
            return Err(format!("the order is {status:?}: {:?}", order.state().error).into());
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let request = CertificateParams::new(self.domains.clone())?.serialize_request(&key)?;
        order.finalize_csr(request.der()).await?;
        let chain = order.poll_certificate(&patience).await?;
        let files = self.kept();
        // The key first: a certificate without it would be of no use after a crash.
        keep(&files.key, &key.serialize_pem())?;
        keep(&files.certificate, &chain)?;
        certificates.show(files.read()?);
        Ok(())
    }

    /// The account at the server, made when there is none.
    async fn account(&self) -> Result<Account, BoxError> {
        let path = self.folder.join("account.json");
        let builder = || match &self.directory_ca {
            Some(ca) => Account::builder_with_root(ca),
            None => Account::builder(),
        };
        if let Ok(text) = fs::read(&path) {
            #[derive(serde::Deserialize)]
            struct Kept {
                directory: String,
                credentials: AccountCredentials,
            }
            let kept: Kept = serde_json::from_slice(&text)?;
            if kept.directory == self.directory {
                return Ok(builder()?.from_credentials(kept.credentials).await?);
            }
        }
        let contact = format!("mailto:{}", self.email);
        let contact: &[&str] = if self.email.is_empty() { &[] } else { &[&contact] };
        let wanted =
            NewAccount { contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) =
            builder()?.create(&wanted, self.directory.clone(), None).await?;
        let kept = serde_json::json!({ "directory": self.directory, "credentials": credentials });
        keep(&path, &kept.to_string())?;
        Ok(account)
    }
}

/// The certificate that answers the question about `domain` (RFC 8737, section 3).
fn answer(domain: &str, digest: &[u8]) -> Result<CertifiedKey, BoxError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([domain.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    // Not checked against each other: the check does not know the critical extension.
    let key = provider().key_provider.load_private_key(key)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}

/// Writes a file that only its owner reads, whole or not at all.
fn keep(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let part = path.with_extension("part");
    let mut file = options.open(&part)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(part, path)
}
