//! The rules for answers: what may be asked for, and which rule a request falls under.

use fieldhook_core::wire::tester::{Answer, AnswerSettings, Drip, Rule, When};
use http::{HeaderName, HeaderValue};

use super::Arrival;

/// Most rules of one endpoint.
pub(super) const MOST_RULES: usize = 20;
/// Most headers of one answer.
const MOST_HEADERS: usize = 50;
/// Most bytes of all headers of one answer.
const HEADER_BYTES: usize = 32 * 1024;
/// The longest an answer may be held back, or two pieces of it kept apart, in milliseconds.
const LONGEST_WAIT_MS: u32 = 30_000;
/// Most bytes of filler.
const MOST_FILLER: u64 = 1024 * 1024 * 1024;
/// What the connection itself depends on; the faults are there to get these wrong.
const NOT_OURS_TO_SET: [&str; 4] = ["connection", "content-length", "transfer-encoding", "upgrade"];

/// What is wrong with one setting of an answer. Shown, as it is, to whoever set it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnswer {
    /// A status that cannot end a request.
    #[error("`{field}` is {status}, but it must be 200 to 599")]
    Status {
        /// The setting.
        field: String,
        /// The status given.
        status: u16,
    },
    /// A number outside of its bounds.
    #[error("`{field}` is {given}, but it must be {least} to {most}")]
    Bounds {
        /// The setting.
        field: String,
        /// The number given.
        given: u64,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// Too much of something.
    #[error("`{field}` has {given} {what}, over the limit of {limit}: take some away")]
    TooMany {
        /// The setting.
        field: String,
        /// How many were given.
        given: usize,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A header that HTTP does not allow.
    #[error("`{field}` has the header `{name}`, which cannot be sent: {why}")]
    Header {
        /// The setting.
        field: String,
        /// The header's name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// Both a body and filler.
    #[error("`{field}.body` and `{field}.body_bytes` exclude each other: give one of them")]
    TwoBodies {
        /// The answer.
        field: String,
    },
    /// A rule that says nothing about the requests it is for.
    #[error("`{field}` has no condition: give `every`, `method`, `path`, `header` or `body`")]
    NoCondition {
        /// The rule.
        field: String,
    },
}

impl InvalidAnswer {
    /// The setting at fault.
    pub fn field(&self) -> &str {
        match self {
            Self::Status { field, .. }
            | Self::Bounds { field, .. }
            | Self::TooMany { field, .. }
            | Self::Header { field, .. }
            | Self::TwoBodies { field }
            | Self::NoCondition { field } => field,
        }
    }
}

/// Checks settings before they are kept, so that answering never meets ones that cannot be followed.
pub fn check(settings: &AnswerSettings) -> Result<(), InvalidAnswer> {
    check_answer("answer", &settings.answer)?;
    limit("rules", settings.rules.len(), "rules", MOST_RULES)?;
    for (at, rule) in settings.rules.iter().enumerate() {
        check_when(&format!("rules.{at}.when"), &rule.when)?;
        check_answer(&format!("rules.{at}.answer"), &rule.answer)?;
    }
    Ok(())
}

/// The first rule that the endpoint's request of this number falls under.
pub(super) fn pick(rules: &[Rule], number: u64, arrival: &Arrival) -> Option<usize> {
    rules.iter().position(|rule| fits(&rule.when, number, arrival))
}

fn fits(when: &When, number: u64, arrival: &Arrival) -> bool {
    when.every.is_none_or(|every| every > 0 && number.is_multiple_of(every))
        && when.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(&arrival.method))
        && when.path.as_ref().is_none_or(|part| target(arrival).contains(part.as_str()))
        && when.body.as_ref().is_none_or(|part| arrival.body.text.contains(part.as_str()))
        && when.header.as_ref().is_none_or(|wanted| {
            arrival.headers.iter().any(|(name, value)| {
                name.eq_ignore_ascii_case(&wanted.name)
                    && wanted.contains.as_ref().is_none_or(|part| value.contains(part.as_str()))
            })
        })
}

fn target(arrival: &Arrival) -> String {
    match &arrival.query {
        Some(query) => format!("{}?{query}", arrival.path),
        None => arrival.path.clone(),
    }
}

fn check_when(field: &str, when: &When) -> Result<(), InvalidAnswer> {
    if *when == When::default() {
        return Err(InvalidAnswer::NoCondition { field: field.to_owned() });
    }
    when.every.map_or(Ok(()), |every| bounds(format!("{field}.every"), every, 1, u64::from(u32::MAX)))
}

fn check_answer(field: &str, answer: &Answer) -> Result<(), InvalidAnswer> {
    if !(200..600).contains(&answer.status) {
        let field = format!("{field}.status");
        return Err(InvalidAnswer::Status { field, status: answer.status });
    }
    if answer.body.is_some() && answer.body_bytes.is_some() {
        return Err(InvalidAnswer::TwoBodies { field: field.to_owned() });
    }
    bounds(format!("{field}.body_bytes"), answer.body_bytes.unwrap_or(0), 0, MOST_FILLER)?;
    bounds(format!("{field}.delay_ms"), answer.delay_ms.into(), 0, LONGEST_WAIT_MS.into())?;
    answer.drip.map_or(Ok(()), |drip| check_drip(field, drip))?;
    check_headers(&format!("{field}.headers"), &answer.headers)
}

fn check_drip(field: &str, drip: Drip) -> Result<(), InvalidAnswer> {
    bounds(format!("{field}.drip.bytes"), drip.bytes.into(), 1, u32::MAX.into())?;
    bounds(format!("{field}.drip.every_ms"), drip.every_ms.into(), 1, LONGEST_WAIT_MS.into())
}

fn check_headers(field: &str, headers: &[(String, String)]) -> Result<(), InvalidAnswer> {
    limit(field, headers.len(), "headers", MOST_HEADERS)?;
    limit(field, headers.iter().map(|(name, value)| name.len() + value.len()).sum(), "bytes", HEADER_BYTES)?;
    for (name, value) in headers {
        let refused = |why| InvalidAnswer::Header {
            field: field.to_owned(),
            name: name.chars().take(64).collect(),
            why,
        };
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(refused("its name has a character that HTTP does not allow"));
        }
        if HeaderValue::from_str(value).is_err() {
            return Err(refused("its value has a line break or another control character"));
        }
        if NOT_OURS_TO_SET.iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
            return Err(refused("the connection depends on it; use a fault to get it wrong"));
        }
    }
    Ok(())
}

fn bounds(field: String, given: u64, least: u64, most: u64) -> Result<(), InvalidAnswer> {
    if (least..=most).contains(&given) {
        Ok(())
    } else {
        Err(InvalidAnswer::Bounds { field, given, least, most })
    }
}

fn limit(field: &str, given: usize, what: &'static str, limit: usize) -> Result<(), InvalidAnswer> {
    if given <= limit {
        Ok(())
    } else {
        Err(InvalidAnswer::TooMany { field: field.to_owned(), given, what, limit })
    }
}

#[cfg(test)]
mod tests {
    use fieldhook_core::attempt::KeptBody;
    use serde_json::{Value, json};

    use super::*;

    fn settings(value: Value) -> AnswerSettings {
        serde_json::from_value(value).unwrap()
    }

    fn field_at_fault(value: Value) -> String {
        check(&settings(value)).unwrap_err().field().to_owned()
    }

    fn arrival() -> Arrival {
        Arrival {
            method: "POST".to_owned(),
            path: "/in/1".to_owned(),
            query: Some("k=v".to_owned()),
            http: "HTTP/1.1".to_owned(),
            headers: vec![("X-Kind".to_owned(), "alpha".to_owned())],
            body: KeptBody { text: "temp=21".to_owned(), bytes: 7, ..KeptBody::default() },
        }
    }

    fn rule_for(when: Value, number: u64) -> bool {
        let rules = settings(json!({"rules": [{"when": when, "answer": {}}]})).rules;
        pick(&rules, number, &arrival()).is_some()
    }

    #[test]
    fn each_setting_out_of_bounds_is_named() {
        assert_eq!(field_at_fault(json!({"status": 199})), "answer.status");
        assert_eq!(field_at_fault(json!({"status": 600})), "answer.status");
        assert_eq!(field_at_fault(json!({"delay_ms": 30_001})), "answer.delay_ms");
        assert_eq!(field_at_fault(json!({"body_bytes": MOST_FILLER + 1})), "answer.body_bytes");
        assert_eq!(field_at_fault(json!({"body": "", "body_bytes": 1})), "answer");
        assert_eq!(field_at_fault(json!({"drip": 0})), "answer.drip.bytes");
        assert_eq!(field_at_fault(json!({"drip": {"bytes": 1, "every_ms": 0}})), "answer.drip.every_ms");
        for headers in [json!({"a b": "1"}), json!({"a": "1\r\n2"}), json!({"Content-Length": "5"})] {
            assert_eq!(field_at_fault(json!({"headers": headers})), "answer.headers");
        }
        let bad_rule = json!({"rules": [{"when": {}, "answer": {}}]});
        assert_eq!(field_at_fault(bad_rule), "rules.0.when");
        let bad_answer = json!({"rules": [{"when": {"every": 2}, "answer": {"status": 1}}]});
        assert_eq!(field_at_fault(bad_answer), "rules.0.answer.status");
    }

    #[test]
    fn settings_at_their_bounds_pass() {
        for value in [
            json!({"status": 200}),
            json!({"status": 599, "delay_ms": 30_000, "body_bytes": MOST_FILLER, "drip": 1}),
            json!({"status": 302, "headers": {"Location": "/elsewhere"}}),
            json!({"status": 429, "headers": [["Retry-After", "30"]], "fault": "reset_after"}),
        ] {
            assert_eq!(check(&settings(value.clone())), Ok(()), "{value}");
        }
    }

    #[test]
    fn one_rule_too_many_is_refused_with_the_limit() {
        let rule = json!({"when": {"every": 2}, "answer": {}});
        assert_eq!(check(&settings(json!({"rules": vec![rule.clone(); MOST_RULES]}))), Ok(()));
        let refusal = check(&settings(json!({"rules": vec![rule; MOST_RULES + 1]}))).unwrap_err();
        assert_eq!(refusal.to_string(), "`rules` has 21 rules, over the limit of 20: take some away");
    }

    #[test]
    fn every_n_means_the_nth_the_2nth_and_so_on() {
        let hits: Vec<u64> = (1..=7).filter(|number| rule_for(json!({"every": 3}), *number)).collect();
        assert_eq!(hits, [3, 6]);
    }

    #[test]
    fn a_rule_fits_when_all_its_conditions_do() {
        assert!(rule_for(json!({"method": "post", "path": "/in", "body": "temp"}), 1));
        assert!(!rule_for(json!({"method": "post", "path": "/out"}), 1));
        assert!(rule_for(json!({"path": "?k=v"}), 1));
        assert!(rule_for(json!({"header": {"name": "x-kind"}}), 1));
        assert!(rule_for(json!({"header": {"name": "x-kind", "contains": "alp"}}), 1));
        assert!(!rule_for(json!({"header": {"name": "x-kind", "contains": "beta"}}), 1));
    }

    #[test]
    fn the_first_rule_that_fits_wins() {
        let rules = settings(json!({"rules": [
            {"when": {"every": 2}, "answer": {"status": 500}},
            {"when": {"method": "POST"}, "answer": {"status": 201}},
        ]}))
        .rules;
        assert_eq!(pick(&rules, 1, &arrival()), Some(1));
        assert_eq!(pick(&rules, 2, &arrival()), Some(0));
    }
}
