//! Diagnosis: from evidence to cards, each with the fact that proves it.
//!
//! One file per situation, each a pure function from evidence to a card or nothing. A failure always gets a
//! card, for what was answered is a fact; what else is said must be proven. A healthy integration gets none.

mod action;
mod card;
mod contrast;
mod evidence;
mod fate;
mod funnel;
mod pace;
mod telling;
#[cfg(test)]
pub(crate) mod testing;
mod words;

mod bad_request;
mod blocked;
mod broken_template;
mod credential;
mod dns;
mod duplicates;
mod not_found;
mod nothing_fires;
mod operations;
mod protocol;
mod redirect;
mod refusal;
mod reset;
mod says_no;
mod server_error;
mod silent;
mod skipped;
mod timed_out;
mod tls;
mod too_many;
mod unreachable;

pub use action::{Action, Step};
pub use card::{Card, Cause, Extent, Fact, Named, Situation, Source};
pub use evidence::{Edit, Evidence, GateNow, Line, Neighbour, Problem, Recent, SecretMark, Subject, Twin};
pub use fate::{Fate, FateCounts};
pub use funnel::{Funnel, Leak, Missed, Reached};

use crate::attempt::{Attempt, Code};

/// Everything that is wrong with an integration, the most urgent first.
pub fn diagnose(evidence: &Evidence) -> Vec<Card> {
    let whole = [nothing_fires::card, skipped::card];
    let mut cards: Vec<_> = whole.iter().filter_map(|rule| rule(evidence)).collect();
    cards.extend(evidence.problems.iter().map(|problem| explain(problem, evidence)));
    let quiet = [operations::card, duplicates::card];
    cards.extend(quiet.iter().filter_map(|rule| rule(evidence)));
    cards
}

/// The card of one problem: which rule it falls under, its status or code says.
fn explain(problem: &Problem, evidence: &Evidence) -> Card {
    let rule: fn(&Problem, &Evidence) -> Card = match (problem.code, problem.status) {
        (Some(Code::Render | Code::TooLarge), _) => broken_template::card,
        (Some(Code::NotFound | Code::ResolverSilent), _) => dns::card,
        (Some(Code::Refused | Code::Unreachable), _) => unreachable::card,
        (Some(Code::TimedOut), _) => timed_out::card,
        (Some(Code::Silent), _) => silent::card,
        (Some(Code::Reset), _) => reset::card,
        (
            Some(
                Code::CertHasExpired
                | Code::SelfSignedCert
                | Code::CertAltname
                | Code::CertUnknownCa
                | Code::TlsError,
            ),
            _,
        ) => tls::card,
        (Some(Code::Protocol), _) => protocol::card,
        (Some(Code::Blocked), _) => blocked::card,
        (None, Some(200..=299)) => says_no::card,
        (None, Some(300..=399)) => redirect::card,
        (None, Some(400 | 415 | 422)) => bad_request::card,
        (None, Some(401 | 403 | 407)) => credential::card,
        (None, Some(404 | 405 | 410)) => not_found::card,
        (None, Some(429)) => too_many::card,
        (None, Some(500..=599)) => server_error::card,
        (None, _) => refusal::card,
    };
    rule(problem, evidence)
}

/// What the endpoint answered, as a fact: its own words where it has some.
fn answer_fact(attempt: &Attempt, host: &str) -> Fact {
    let status = attempt.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
    let words = match words::said_to(attempt) {
        Some(said) => format!("{host} answered {status} and says: “{said}”"),
        None => format!("{host} answered {status} and gave no reason: its answer has no readable body."),
    };
    Fact::read_in(attempt, words).with("status", status)
}

/// The recorded message of an attempt that got no answer, as a fact.
fn message_fact(attempt: &Attempt) -> Fact {
    let code = attempt.code.map_or("", Code::as_str);
    let message = attempt.message.as_deref().unwrap_or("no message was recorded");
    Fact::read_in(attempt, format!("{code} while {message}.")).with("code", code)
}
