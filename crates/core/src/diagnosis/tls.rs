//! Certificates and TLS: the connection is there and cannot be trusted, or cannot be spoken over.

use super::action::{Action, Step};
use super::card::{Card, Cause, Fact, Situation};
use super::evidence::{Evidence, Problem};
use super::message_fact;
use super::telling::Told;
use crate::attempt::Code;

/// The fault that was found in the certificate or the handshake is the fact.
pub(super) fn card(problem: &Problem, _: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let code = problem.code.unwrap_or(Code::TlsError);
    let plain = latest.message.as_deref().is_some_and(|message| message.contains("not TLS"));
    let (cause, step) = told(code, host, plain);
    let fact = message_fact(latest);
    let before = problem
        .last_good
        .as_deref()
        .and_then(|good| Some((good, good.network.certificate_expires_at.as_deref()?)));
    let mut also = Vec::new();
    if let Some((good, expiry)) = before {
        let words = format!("The certificate of the last success was good until {expiry}.");
        also.push(Fact::read_in(good, words).with("good until", expiry));
    }
    let mut steps = vec![step];
    if !plain {
        let words = "To send meanwhile without knowing who listens, switch the check of the certificate off; switch it on again.";
        steps.push(Step::click(words, Action::put("rejectUnauthorized", "false")));
    }
    steps.push(problem.replay_one());
    steps.extend(problem.recover());
    problem.card(
        Situation::Tls,
        Told {
            title: format!("{code}: no trusted connection to {host}"),
            happened: format!(
                "{host} was reached, and no trusted connection came about, so nothing was sent."
            ),
            cause: Cause::new(cause, fact),
            also,
            steps,
        },
    )
}

fn told(code: Code, host: &str, plain: bool) -> (String, Step) {
    let by_owner = |words: &str| Step::by_hand(words.to_owned());
    match code {
        Code::CertHasExpired => (
            format!("The certificate of {host} has run out."),
            by_owner("Have the endpoint's owner renew it, and see why it was not renewed by itself."),
        ),
        Code::SelfSignedCert => (
            format!("{host} vouches for itself: nobody this server trusts signed its certificate."),
            by_owner(
                "Give the endpoint a certificate from a known authority, or have its root added to those this server trusts.",
            ),
        ),
        Code::CertAltname => (
            format!("The certificate is for another name than {host}."),
            Step::click(
                "Use the name that the certificate is for, or get one for this name.",
                Action::edit("url"),
            ),
        ),
        Code::CertUnknownCa => (
            format!(
                "The authority that signed the certificate of {host} is not known here, or an intermediate certificate is missing."
            ),
            by_owner(
                "Have the endpoint send its whole chain, or have its root added to those this server trusts.",
            ),
        ),
        _ if plain => (
            format!("The URL says https, and {host} speaks plain http on that port."),
            Step::click("Begin the URL with http://, or name the port of https.", Action::edit("url")),
        ),
        _ => (
            format!("{host} and this server found no way to speak TLS with each other."),
            by_owner(
                "Have the endpoint offer TLS 1.2 or 1.3; if it asks for a client certificate, that cannot be given.",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Story, answered, only_card, unanswered};
    use super::*;
    use crate::attempt::Phase;

    fn untrusted(story: Story, code: Code, message: &'static str) -> Card {
        only_card(&story.attempt("1", unanswered(code, Phase::Tls, message, 30)).told())
    }

    #[test]
    fn each_fault_of_a_certificate_has_its_own_cause() {
        for (code, message, cause) in [
            (Code::CertHasExpired, "the certificate expired at 2026-01-01", "has run out"),
            (Code::SelfSignedCert, "the certificate is signed by itself", "vouches for itself"),
            (Code::CertAltname, "the certificate is not for api.example.com", "another name"),
            (Code::CertUnknownCa, "the certificate's issuer is unknown here", "not known here"),
            (Code::TlsError, "what came back is not TLS", "speaks plain http"),
            (Code::TlsError, "the server refused with the TLS alert HandshakeFailure", "no way to speak TLS"),
        ] {
            let card = untrusted(Story::of(json!({})), code, message);
            assert!(card.cause.words.contains(cause), "{code}: {}", card.cause.words);
            assert!(card.cause.fact.words.contains(message));
        }
    }

    #[test]
    fn until_when_the_former_certificate_was_good_is_told_beside() {
        let story = Story::of(json!({})).attempt("1", |attempt| {
            answered(200, &[], "")(attempt);
            attempt.network.certificate_expires_at = Some("2026-01-02T03:00:00Z".to_owned());
        });
        let card = untrusted(story, Code::CertHasExpired, "the certificate expired");
        assert!(card.also[0].words.contains("good until 2026-01-02T03:00:00Z"));
    }
}
