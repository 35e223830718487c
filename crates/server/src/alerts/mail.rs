//! Mails alerts, by the mail server that the operator named.

use std::time::Duration;

use fieldhook_core::alert::Mail;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::Url;

use crate::config::MailConfig;

/// How long the mail server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why nothing can be mailed.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The address of the mail server is not one. It may hold a password, so it is not shown.
    #[error(
        "the address of the mail server cannot be used ({0}): it must be like \
         smtps://user:password@smtp.example.com, with special characters in the password percent-encoded"
    )]
    Url(smtp::Error),
    /// The sender is not one.
    #[error("`{0}` cannot be who mails are from: give an address, or `Name <address>`")]
    From(String),
    /// There is no sender.
    #[error("mails need a sender: set `from` in `[mail]`, or --mail-from")]
    NoSender,
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum MailError {
    /// An address that the mail format does not allow.
    #[error("`{0}` is no address that mail can be sent to: change it in the alert settings")]
    Address(String),
    /// The mail cannot be written.
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    /// The mail server refused it, or cannot be reached.
    #[error("the mail server did not take it: {0}")]
    Server(#[from] smtp::Error),
}

/// Sends mails.
pub struct Mailer {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mailer {
    /// The mailer that the operator set up; none without a mail server. `roots` are authorities in DER that are believed
    /// beside the system's.
    pub fn new(config: &MailConfig, roots: &[Vec<u8>]) -> Result<Option<Self>, MailSetupError> {
        let Some(url) = &config.url else { return Ok(None) };
        let from = config.from.as_ref().ok_or(MailSetupError::NoSender)?;
        let from = from.parse().map_err(|_| MailSetupError::From(from.clone()))?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(MailSetupError::Url)?;
        if let Some(tls) = tls(url, roots).map_err(MailSetupError::Url)? {
            builder = builder.tls(tls);
        }
        let transport = builder.timeout(Some(PATIENCE)).build();
        Ok(Some(Self { from, transport }))
    }

    /// Sends a mail to everybody at once.
    pub(super) async fn send(&self, mail: &Mail, recipients: &[String]) -> Result<(), MailError> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(mail.subject.clone())
            // RFC 3834: nobody's out-of-office notice is to answer.
            .raw_header(lettre::message::header::HeaderValue::new(
                lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        for recipient in recipients {
            let mailbox = recipient.parse().map_err(|_| MailError::Address(recipient.clone()))?;
            message = message.to(mailbox);
        }
        self.transport.send(message.body(mail.text.clone())?).await?;
        Ok(())
    }
}

/// How the URL asks for TLS, with these roots; none when it does not.
fn tls(url: &str, roots: &[Vec<u8>]) -> Result<Option<Tls>, smtp::Error> {
    let Ok(url) = Url::parse(url) else { return Ok(None) };
    let asked = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
    let make: fn(TlsParameters) -> Tls = match (url.scheme(), asked.as_deref()) {
        ("smtps", _) => Tls::Wrapper,
        (_, Some("required")) => Tls::Required,
        (_, Some("opportunistic")) => Tls::Opportunistic,
        _ => return Ok(None),
    };
    let mut parameters = TlsParameters::builder(url.host_str().unwrap_or_default().to_owned());
    for root in roots {
        parameters = parameters.add_root_certificate(Certificate::from_der(root.clone())?);
    }
    Ok(Some(make(parameters.build_rustls()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_up(url: Option<&str>, from: Option<&str>) -> Result<bool, MailSetupError> {
        let config = MailConfig { url: url.map(str::to_owned), from: from.map(str::to_owned) };
        Mailer::new(&config, &[]).map(|mailer| mailer.is_some())
    }

    #[test]
    fn without_a_mail_server_there_is_no_mailer() {
        assert!(!set_up(None, None).unwrap());
        assert!(set_up(Some("smtp://localhost:25"), Some("Fieldhook <alerts@example.com>")).unwrap());
    }

    #[test]
    fn a_wrong_set_up_is_told_without_the_password() {
        let told = |url, from| set_up(Some(url), from).unwrap_err().to_string();
        let wrong = told("smtpx://user:geheim@example.com", Some("a@example.com"));
        assert!(wrong.contains("smtps://user:password@") && !wrong.contains("geheim"), "{wrong}");
        assert!(told("smtp://localhost", Some("nobody")).contains("`nobody`"));
        assert!(told("smtp://localhost", None).contains("--mail-from"));
    }
}
