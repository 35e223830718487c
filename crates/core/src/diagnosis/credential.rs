//! 401, 403: who we say we are is not accepted.

use super::action::{Action, Step};
use super::answer_fact;
use super::card::{Card, Fact, Situation, Source};
use super::evidence::{Edit, Evidence, Problem, SecretMark};
use super::telling::{Proof, Told, When, listed};
use super::words::{header, said_to};
use crate::attempt::{MASK, SentRequest};
use crate::integration::{is_scheme, is_secret_header};

/// What is wrong with the credential itself comes first, then what changed, then what the endpoint says.
pub(super) fn card(problem: &Problem, evidence: &Evidence) -> Card {
    let latest = &*problem.latest;
    let host = problem.host();
    let status = problem.status.unwrap_or_default();
    let recognised = status == 403;
    let proof = in_itself(problem, evidence)
        .or_else(|| another_scheme(problem, evidence))
        .or_else(|| secret_changed(problem, evidence))
        .or_else(|| edited(problem, evidence))
        .or_else(|| withdrawn(problem, evidence))
        .unwrap_or_else(|| never_accepted(problem, evidence));
    let mut also: Vec<Fact> = wanted(problem).into_iter().collect();
    if said_to(latest).is_some() && !proof.cause.fact.words.contains("and says") {
        also.push(answer_fact(latest, host));
    }
    let mut steps = proof.steps;
    steps.push(Step::click("Test it before the next event does.", Action::Test));
    steps.extend(problem.recover());
    let happened = if recognised {
        format!(
            "{host} answered 403: it read the credential, or needs none, and does not allow this request."
        )
    } else {
        format!("{host} answered {status}: it does not recognise the credential of the request.")
    };
    let title = if recognised { "403: not allowed at" } else { "401: not recognised by" };
    problem.card(
        Situation::Credential,
        Told { title: format!("{title} {host}"), happened, cause: proof.cause, also, steps },
    )
}

/// The credential of a request, as its log shows it: the secret masked, its surroundings not.
struct Sent<'a> {
    name: &'a str,
    shown: &'a str,
}

fn sent(request: &SentRequest) -> Option<Sent<'_>> {
    let find = |wanted: &dyn Fn(&str) -> bool| request.headers.iter().find(|(name, _)| wanted(name));
    let found = find(&|name| name.eq_ignore_ascii_case("authorization")).or_else(|| find(&is_secret_header));
    found.map(|(name, shown)| Sent { name, shown })
}

impl Sent<'_> {
    /// The words in front of the secret that name a scheme.
    fn schemes(&self) -> Vec<&str> {
        self.shown.split_whitespace().take_while(|word| is_scheme(word)).collect()
    }

    fn is_empty(&self) -> bool {
        let left: Vec<_> = self.shown.split_whitespace().collect();
        left.is_empty() || left.iter().all(|word| is_scheme(word))
    }

    /// The header as a fact.
    fn fact(&self, problem: &Problem, what: &str) -> Fact {
        let words = format!("The request was sent with `{}: {}`: {what}.", self.name, self.shown);
        Fact::read_in(&*problem.latest, words)
            .with("header", self.name)
            .with("as sent", format!("{:?}", self.shown))
    }
}

/// Nothing was sent, or what was sent is misshapen.
fn in_itself(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let request = problem.latest.request.as_ref()?;
    let Some(sent) = sent(request) else { return nothing_sent(problem, request) };
    let field = field_of(evidence, sent.name);
    let edit = |words: String| Step::click(words, Action::edit(&field));
    if sent.is_empty() {
        return Some(empty(problem, evidence, &sent));
    }
    if let [first, second, ..] = sent.schemes()[..] {
        let fact = sent.fact(problem, &format!("the scheme stands there twice, `{first} {second}`"));
        let cause = format!(
            "The credential begins with `{first} {second}`: the secret's value already has the scheme."
        );
        return Some(Proof::new(
            cause,
            fact,
            [edit(format!("Take one `{first}` out, of the template or of the secret."))],
        ));
    }
    if sent.shown != sent.shown.trim() || sent.shown.contains("  ") {
        let fact = sent.fact(problem, "there is a space too many");
        let cause = "There is a stray space around the credential, as copying it often leaves one.";
        return Some(Proof::new(
            cause,
            fact,
            [edit("Take the space out, of the template or of the secret.".to_owned())],
        ));
    }
    unresolved(problem, evidence, &sent)
}

fn nothing_sent(problem: &Problem, request: &SentRequest) -> Option<Proof> {
    if request.url.contains(MASK) {
        return None;
    }
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name).collect();
    let words = format!("The request has no header that carries a credential; it has {}.", listed(&names));
    let fact = Fact::read_in(&*problem.latest, words);
    let step = Step::click(
        "Add what the endpoint asks for: an `Authorization` header, its own key header, or HTTP Basic auth.",
        Action::edit("headers.Authorization"),
    );
    Some(Proof::new("No credential is sent at all.", fact, [step]))
}

/// The header is there and nothing stands behind its scheme.
fn empty(problem: &Problem, evidence: &Evidence, sent: &Sent<'_>) -> Proof {
    let fact = sent.fact(problem, "nothing stands where the secret should");
    let missing = &problem.latest.rendering.missing;
    let listed_secrets =
        evidence.subject.definition.as_ref().map_or(&[][..], |definition| &definition.secrets);
    let Some(name) =
        missing.iter().find(|name| source_of(evidence, sent.name).is_some_and(|s| s.contains(name.as_str())))
    else {
        let secrets: Vec<_> = evidence.secrets.iter().map(|mark| mark.name.clone()).collect();
        let step = match secrets.first() {
            Some(name) => {
                Step::click(format!("Set the secret `{name}`."), Action::ReplaceSecret { name: name.clone() })
            }
            None => Step::click("Enter the credential.", Action::edit(&field_of(evidence, sent.name))),
        };
        return Proof::new("The credential that is sent is empty.", fact, [step]);
    };
    let fact = fact.with("variable", name);
    let unlisted = evidence.secrets.iter().any(|mark| mark.name == *name && mark.exists)
        && !listed_secrets.contains(name);
    if unlisted {
        let cause = format!(
            "The credential is empty: there is a secret `{name}`, and this integration does not list it."
        );
        let step =
            Step::click(format!("Add `{name}` to the secrets it may use."), Action::put("secrets", name));
        return Proof::new(cause, fact, [step]);
    }
    let cause = format!(
        "The credential is empty: `{name}` is neither a secret of this scope nor a key of the event's data."
    );
    let step = Step::click(
        format!("Set the secret `{name}`, and list it under `secrets`."),
        Action::ReplaceSecret { name: name.clone() },
    );
    Proof::new(cause, fact, [step])
}

/// Braces, angle brackets or a dollar stand where something was to be filled in.
fn unresolved(problem: &Problem, evidence: &Evidence, sent: &Sent<'_>) -> Option<Proof> {
    let source = source_of(evidence, sent.name)?;
    if problem.latest.revision != evidence.subject.revision {
        return None;
    }
    let plain = without_tags(&source);
    let mark = ["{{", "{", "}", "${", "<", "YOUR_", "your-"].into_iter().find(|mark| plain.contains(mark))?;
    let words = format!(
        "The saved value of `{}` holds `{mark}` outside any tag: a placeholder, sent as it stands.",
        sent.name
    );
    let fact = Fact::read_in(evidence.subject.source(), words).and_in(&*problem.latest);
    let step = Step::click(
        "Write the secret's name in double braces, as in `Bearer {{API_KEY}}`, and list it under `secrets`.",
        Action::edit(&field_of(evidence, sent.name)),
    );
    Some(Proof::new("A placeholder was never filled in and is sent as the credential.", fact, [step]))
}

/// `WWW-Authenticate` names another scheme than the one sent.
fn another_scheme(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let sent = sent(problem.latest.request.as_ref()?)?;
    let answer = problem.latest.answer.as_ref()?;
    let asked = header(&answer.headers, "www-authenticate")?.split([' ', ',']).next()?;
    let given = sent.schemes().first().copied().unwrap_or("no scheme");
    if !sent.name.eq_ignore_ascii_case("authorization")
        || given.eq_ignore_ascii_case(asked)
        || asked.is_empty()
    {
        return None;
    }
    let fact =
        sent.fact(problem, &format!("{given}, while the endpoint's `WWW-Authenticate` asks for `{asked}`"));
    let cause = format!("The credential is of another kind than the endpoint asks for: {asked}.");
    let field =
        if asked.eq_ignore_ascii_case("basic") { "auth".to_owned() } else { field_of(evidence, sent.name) };
    let step = Step::click(format!("Send it as `{asked}`."), Action::edit(&field));
    Some(Proof::new(cause, fact.with("asked for", asked), [step]))
}

/// A secret was changed between the last success and the first failure.
fn secret_changed(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let good = problem.last_good.as_ref()?;
    let between =
        |mark: &&SecretMark| mark.changed_at.is_some_and(|at| at >= good.started_at && at <= problem.since);
    let mark = evidence.secrets.iter().filter(between).max_by_key(|mark| mark.changed_at)?;
    let at = mark.changed_at?;
    let by = mark.by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
    let words = format!(
        "The secret `{}` was set at {}{by}; the last success was at {}, the first failure at {}.",
        mark.name,
        When(at),
        When(good.started_at),
        When(problem.since)
    );
    let fact = Fact::read_in(Source::Secret { name: mark.name.clone() }, words)
        .and_in(&**good)
        .and_in(&*problem.first)
        .with("secret", &mark.name)
        .with("set at", at);
    let step = Step::click(
        format!("Replace the secret `{}`.", mark.name),
        Action::ReplaceSecret { name: mark.name.clone() },
    );
    Some(Proof::new(format!("It began when the secret `{}` was replaced.", mark.name), fact, [step]))
}

fn edited(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let edit: &Edit = problem.edit_of(&["headers", "auth", "url", "query", "secrets", "requestType"])?;
    let fact = problem.edit_fact(edit, &evidence.subject);
    let step =
        Step::click("Look at what that revision changed, and take it back if need be.", Action::Revisions);
    Some(Proof::new("It began with an edit of this integration.", fact, [step]))
}

/// It worked, nothing was changed here, and now it does not: the change is on the other side.
fn withdrawn(problem: &Problem, evidence: &Evidence) -> Option<Proof> {
    let good = problem.last_good.as_deref()?;
    let known = evidence.secrets.iter().all(|mark| mark.changed_at.is_some());
    if good.revision != problem.first.revision || !known {
        return None;
    }
    let words = format!(
        "The same revision ({}) with the same secrets was accepted at {} and refused at {}.",
        good.revision,
        When(good.started_at),
        When(problem.since)
    );
    let fact = Fact::read_in(good, words).and_in(&*problem.first).with("revision", good.revision);
    let host = problem.host();
    let cause = format!(
        "Nothing was changed here: {host} stopped accepting the credential. It expired, was withdrawn, or lost a right."
    );
    let step = match evidence.secrets.first() {
        Some(mark) => Step::click(
            format!("Make a new credential at {host}, and replace the secret `{}`.", mark.name),
            Action::ReplaceSecret { name: mark.name.clone() },
        ),
        None => {
            Step::click(format!("Make a new credential at {host}, and enter it."), Action::edit("headers"))
        }
    };
    Some(Proof::new(cause, fact, [step]))
}

fn never_accepted(problem: &Problem, evidence: &Evidence) -> Proof {
    let host = problem.host();
    let fact = answer_fact(&problem.latest, host);
    let request = problem.latest.request.as_ref();
    let fact = match request.and_then(sent) {
        Some(sent) => fact.with("header", sent.name).with("as sent", format!("{:?}", sent.shown)),
        None => fact,
    };
    let cause = if problem.status == Some(403) {
        format!(
            "{host} knows the credential and does not allow this request with it: a right, a project or an address is missing."
        )
    } else {
        format!("{host} does not know the credential: nothing sent from here has ever been accepted with it.")
    };
    let step = match evidence.secrets.first() {
        Some(mark) => Step::click(
            format!("Copy the credential again, and replace the secret `{}`.", mark.name),
            Action::ReplaceSecret { name: mark.name.clone() },
        ),
        None => Step::click("Copy the credential again, and enter it.", Action::edit("headers")),
    };
    Proof::new(cause, fact, [step])
}

/// What `WWW-Authenticate` asks for, in words.
fn wanted(problem: &Problem) -> Option<Fact> {
    let latest = &*problem.latest;
    let value = header(&latest.answer.as_ref()?.headers, "www-authenticate")?;
    let lower = value.to_ascii_lowercase();
    let meaning = if lower.contains("invalid_token") {
        "the token is not valid, or no longer"
    } else if lower.contains("insufficient_scope") {
        "the token is good and lacks a right"
    } else if lower.starts_with("basic") {
        "it asks for a user name and a password"
    } else if lower.starts_with("bearer") {
        "it asks for a token behind `Bearer`"
    } else {
        "it asks for a credential of this kind"
    };
    Some(Fact::read_in(latest, format!("The endpoint says `WWW-Authenticate: {value}`: {meaning}.")))
}

/// The template of the header that was sent under this name.
fn source_of(evidence: &Evidence, name: &str) -> Option<String> {
    let definition = evidence.subject.definition.as_ref()?;
    let pair = definition.headers.iter().find(|pair| pair.name.source().trim().eq_ignore_ascii_case(name));
    match (pair, &definition.auth) {
        (Some(pair), _) => Some(pair.value.source().to_owned()),
        (None, Some(auth)) => Some(auth.password.source().to_owned()),
        (None, None) => None,
    }
}

fn field_of(evidence: &Evidence, name: &str) -> String {
    let definition = evidence.subject.definition.as_ref();
    let pair = definition.and_then(|definition| {
        definition.headers.iter().find(|pair| pair.name.source().trim().eq_ignore_ascii_case(name))
    });
    match (pair, definition.and_then(|definition| definition.auth.as_ref())) {
        (Some(pair), _) => pair.field.clone(),
        (None, Some(_)) => "auth.password".to_owned(),
        (None, None) => format!("headers.{name}"),
    }
}

/// The text outside of tags.
fn without_tags(source: &str) -> String {
    let (mut out, mut rest) = (String::new(), source);
    while let Some((before, tag)) = rest.split_once("{{") {
        out.push_str(before);
        let Some(end) = tag.find("}}") else {
            out.push_str("{{");
            rest = tag;
            break;
        };
        rest = tag[end..].trim_start_matches('}');
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Story, answered, at, only_card};
    use super::*;

    fn with_header(value: &str) -> Value {
        json!({"headers": {"Authorization": value}, "secrets": ["KEY"]})
    }

    fn refused(value: &str, secret: &str) -> Card {
        let story = Story::of(with_header(value)).secret("KEY", secret);
        only_card(&story.attempt("1", answered(401, &[], "")).told())
    }

    #[test]
    fn what_is_wrong_with_the_credential_is_seen_without_showing_it() {
        for (value, secret, cause) in [
            ("Bearer {{{KEY}}}", "Bearer s3cr3t", "already has the scheme"),
            ("Bearer {{{KEY}}}", "s3cr3t ", "stray space"),
            ("Bearer  {{{KEY}}}", "s3cr3t", "stray space"),
            ("Bearer {{{KEY}}}", "", "is empty"),
            ("Bearer {KEY}", "s3cr3t", "never filled in"),
            ("Bearer <your token>", "s3cr3t", "never filled in"),
        ] {
            let card = refused(value, secret);
            assert!(card.cause.words.contains(cause), "{value:?} {secret:?}: {}", card.cause.words);
            assert!(!format!("{card:?}").contains("s3cr3t"), "{card:#?}");
        }
    }

    #[test]
    fn no_credential_at_all_is_the_first_thing_to_know() {
        let card = only_card(&Story::of(json!({})).attempt("1", answered(401, &[], "")).told());
        assert_eq!(card.cause.words, "No credential is sent at all.");
        assert!(card.cause.fact.words.contains("`User-Agent`"), "{}", card.cause.fact.words);
    }

    #[test]
    fn a_secret_that_is_not_listed_leaves_the_credential_empty() {
        let hook = json!({"headers": {"Authorization": "Bearer {{{KEY}}}"}});
        let mut evidence = Story::of(hook).attempt("1", answered(401, &[], "")).told();
        let mark = SecretMark { name: "KEY".to_owned(), changed_at: Some(at(0)), by: None, exists: true };
        evidence.secrets = vec![mark.clone()];
        let card = only_card(&evidence);
        assert!(card.cause.words.contains("does not list it"), "{}", card.cause.words);
        assert_eq!(card.steps[0].action, Some(Action::put("secrets", "KEY")));

        evidence.secrets = vec![SecretMark { exists: false, changed_at: None, ..mark }];
        assert!(only_card(&evidence).cause.words.contains("neither a secret"));
    }

    #[test]
    fn another_scheme_than_the_endpoint_asks_for_is_named() {
        let story = Story::of(with_header("Bearer {{{KEY}}}")).secret("KEY", "s3cr3t");
        let asks = [("WWW-Authenticate", "Basic realm=\"x\"")];
        let card = only_card(&story.attempt("1", answered(401, &asks, "")).told());
        assert!(card.cause.words.contains("asks for: Basic"), "{}", card.cause.words);
        assert!(card.also[0].words.contains("user name and a password"));
    }

    fn after_a_success(status: u16) -> Story {
        let story = Story::of(with_header("Bearer {{{KEY}}}")).secret("KEY", "s3cr3t");
        story.attempt("1", answered(200, &[], "")).attempt("2", answered(status, &[], ""))
    }

    #[test]
    fn a_secret_replaced_just_before_is_the_cause() {
        let mut evidence = after_a_success(401).told();
        let by = Some("ada".to_owned());
        evidence.secrets =
            vec![SecretMark { name: "KEY".to_owned(), changed_at: Some(at(1)), by, exists: true }];
        let card = only_card(&evidence);
        assert!(card.cause.words.contains("secret `KEY` was replaced"), "{}", card.cause.words);
        assert!(card.cause.fact.words.contains("by ada"));
        assert_eq!(card.steps[0].action, Some(Action::ReplaceSecret { name: "KEY".to_owned() }));
    }

    #[test]
    fn when_nothing_changed_here_the_other_side_did() {
        let card = only_card(&after_a_success(401).told());
        assert!(card.cause.words.contains("Nothing was changed here"), "{}", card.cause.words);
        assert_eq!(card.cause.fact.sources().len(), 2);
    }

    #[test]
    fn not_allowed_is_told_apart_from_not_recognised() {
        let forbidden = Story::of(with_header("Bearer {{{KEY}}}")).secret("KEY", "s3cr3t");
        let card =
            only_card(&forbidden.attempt("1", answered(403, &[], r#"{"message": "no scope"}"#)).told());
        assert!(card.title.starts_with("403: not allowed") && card.cause.words.contains("does not allow"));
        assert!(card.cause.fact.words.contains("“no scope”"));
        assert!(refused("Bearer {{{KEY}}}", "s3cr3t").cause.words.contains("does not know the credential"));
    }
}
