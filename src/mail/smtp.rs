//! The talk with an SMTP server.

use std::net::IpAddr;
use std::time::Duration;

use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Transport};

use super::{Delivery, Mail, Security, Smtp, plain_text};

/// How long the server may take for each step.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Why a mail did not leave.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The mail itself cannot be sent: an address is malformed, for example.
    #[error("the mail cannot be sent: {0}")]
    Unsendable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server refused it for good.
    #[error("the mail server refused: {0}")]
    Refused(#[source] lettre::transport::smtp::Error),
    /// Nobody answered, or with an excuse that may not hold next time.
    #[error("cannot reach the mail server: {0}")]
    Unreachable(#[source] lettre::transport::smtp::Error),
}

impl SendError {
    /// Whether it is worth trying again.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

/// Sends `mail` over `smtp` in the name of the sender of `delivery`. Blocks until the server has
/// taken it, up to some 15 seconds for each step of the talk.
pub fn send(delivery: &Delivery, smtp: &Smtp, mail: &Mail) -> Result<(), SendError> {
    let message = message(delivery, mail).map_err(SendError::Unsendable)?;
    let transport = transport(smtp).map_err(SendError::Unreachable)?;
    match transport.send(&message) {
        Ok(_) => Ok(()),
        Err(error) if error.is_permanent() => Err(SendError::Refused(error)),
        Err(error) => Err(SendError::Unreachable(error)),
    }
}

fn message(
    delivery: &Delivery,
    mail: &Mail,
) -> Result<Message, Box<dyn std::error::Error + Send + Sync>> {
    let address: Address = delivery.sender.address.parse()?;
    let name = delivery.sender.name.trim();
    let id = format!("<{:032x}@{}>", rand::random::<u128>(), address.domain());
    let name = (!name.is_empty()).then(|| name.to_owned());
    let message = Message::builder()
        .message_id(Some(id))
        .from(Mailbox::new(name, address))
        .to(Mailbox::new(None, mail.to.parse()?))
        .subject(mail.subject.clone())
        .multipart(MultiPart::alternative_plain_html(plain_text(&mail.html), mail.html.clone()))?;
    Ok(message)
}

fn transport(smtp: &Smtp) -> Result<SmtpTransport, lettre::transport::smtp::Error> {
    let host = smtp.host.trim_start_matches('[').trim_end_matches(']');
    let is_local = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let mut tls = TlsParameters::builder(host.to_owned());
    if !smtp.authorities.as_pem().is_empty() {
        tls = tls.add_root_certificate(Certificate::from_pem(smtp.authorities.as_pem())?);
    }
    let tls = tls.build()?;
    let tls = match smtp.security {
        Security::Tls => Tls::Wrapper(tls),
        // A password never goes over an open line, except within this machine.
        Security::StartTls if smtp.login.is_some() && !is_local => Tls::Required(tls),
        Security::StartTls => Tls::Opportunistic(tls),
    };
    let local_name = if smtp.local_name.is_empty() { "localhost" } else { &smtp.local_name };
    let mut builder = SmtpTransport::builder_dangerous(host)
        .port(smtp.port)
        .tls(tls)
        .hello_name(ClientId::Domain(local_name.to_owned()))
        .timeout(Some(TIMEOUT));
    if let Some(login) = &smtp.login {
        let mechanism =
            if login.uses_login_mechanism { Mechanism::Login } else { Mechanism::Plain };
        builder = builder
            .credentials(Credentials::new(login.username.clone(), login.password.clone()))
            .authentication(vec![mechanism]);
    }
    Ok(builder.build())
}
