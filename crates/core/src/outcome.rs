//! Outcomes: whether an answer is a success, and what an attempt's end says about its destination.

use std::time::Duration;

use serde_json::Value;

use crate::attempt::{Code, Outcome, Trigger};
use crate::integration::SuccessRule;
use crate::throttle::Ended;
use crate::time::Timestamp;

/// An attempt that has ended, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// How it ended.
    pub outcome: Outcome,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub code: Option<Code>,
    /// 1 for a delivery's first attempt; refusals by the gate are counted too.
    pub number: u32,
    /// When that first attempt began.
    pub first_tried_at: Timestamp,
    /// When this one ended.
    pub ended_at: Timestamp,
    /// The wait the endpoint asked for, or what is left of it when the closed gate refused.
    pub retry_after: Option<Duration>,
}

impl Tried {
    /// Whether a failure like this one may be over by the next try: 408, 425, 429, 5xx and no answer. A
    /// request that could not be made or was not allowed out will fare no better the next time.
    pub fn failure_may_pass(&self) -> bool {
        match (self.code, self.status) {
            (Some(code), _) => !never_left(code),
            (None, Some(status)) => matches!(status, 408 | 425 | 429 | 500..=599),
            (None, None) => true,
        }
    }

    /// When the delivery's first attempt began; never after this one ended, whatever the clock did.
    pub(crate) fn began(&self) -> Timestamp {
        self.first_tried_at.min(self.ended_at)
    }
}

/// Whether the code says that we did not let the request out; it then says nothing about the destination.
fn never_left(code: Code) -> bool {
    matches!(code, Code::Blocked | Code::Render | Code::TooLarge)
}

/// Judges an answer: a 2xx, or a status the rule lists, that fulfils the rest of the rule.
///
/// `body` is the answer's body as far as it was read. A value that is not there counts as null, and so does
/// an `equals` that is not given.
pub fn judge(status: u16, body: &[u8], rule: Option<&SuccessRule>) -> Outcome {
    let succeeded = match rule {
        None => is_2xx(status),
        Some(rule) => (is_2xx(status) || rule.statuses.contains(&status)) && rule.body_fits(body),
    };
    if succeeded { Outcome::Success } else { Outcome::Error }
}

/// What the gate of the destination learns from an attempt.
///
/// 4xx, 5xx and no answer count against it, a 2xx for it, even one the success rule takes for a no: whoever
/// answers 200 is up and coping, and slowing down would not change its mind. A 3xx, a status the success
/// rule accepts, a request that never left and a test say nothing about its health. A `Retry-After` is
/// heard with 429 and 503 only.
pub fn for_gate(trigger: &Trigger, tried: &Tried) -> Ended {
    if matches!(trigger, Trigger::Test { .. }) || tried.outcome == Outcome::Skipped {
        return Ended::Ignored;
    }
    match (tried.code, tried.status) {
        (Some(code), _) if never_left(code) => Ended::Ignored,
        (None, Some(status)) if is_2xx(status) => Ended::Accepted,
        (None, Some(_)) if tried.outcome == Outcome::Success => Ended::Ignored,
        (None, Some(429 | 503)) => Ended::Failed { retry_after: tried.retry_after },
        (Some(_), _) | (None, None | Some(400..=599)) => Ended::Failed { retry_after: None },
        (None, Some(_)) => Ended::Ignored,
    }
}

fn is_2xx(status: u16) -> bool {
    (200..300).contains(&status)
}

impl SuccessRule {
    fn body_fits(&self, body: &[u8]) -> bool {
        let contains = |text: &String| String::from_utf8_lossy(body).contains(text.as_str());
        let equals = |path: &String| {
            let Ok(json) = serde_json::from_slice::<Value>(body) else { return false };
            same(at(&json, path).unwrap_or(&Value::Null), self.equals.as_ref().unwrap_or(&Value::Null))
        };
        self.contains.as_ref().is_none_or(contains) && self.path.as_ref().is_none_or(equals)
    }
}

/// The value at a dotted path; a number is an index where an array stands.
pub(crate) fn at<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(json, |value, key| match value {
        Value::Object(object) => object.get(key),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Whether two values are equal; 1 and 1.0 are the same number.
fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => found == wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::UserId;

    fn rule(json: Value) -> SuccessRule {
        serde_json::from_value(json).unwrap()
    }

    fn succeeds(status: u16, body: &str, rule_json: Value) -> bool {
        judge(status, body.as_bytes(), Some(&rule(rule_json))) == Outcome::Success
    }

    #[test]
    fn without_a_rule_any_2xx_is_a_success_and_nothing_else() {
        for status in [200, 201, 204, 299] {
            assert_eq!(judge(status, b"", None), Outcome::Success, "{status}");
        }
        for status in [199, 300, 304, 400, 404, 500] {
            assert_eq!(judge(status, b"", None), Outcome::Error, "{status}");
        }
    }

    #[test]
    fn a_rule_may_ask_for_a_text_in_the_body() {
        assert!(succeeds(200, "all OK here", json!({ "contains": "OK" })));
        assert!(!succeeds(200, "all ok here", json!({ "contains": "OK" })));
        assert_eq!(judge(200, b"\xff OK", Some(&rule(json!({ "contains": "OK" })))), Outcome::Success);
    }

    #[test]
    fn a_rule_may_ask_for_a_value_in_a_json_body() {
        let wanted = json!({ "path": "result.0.ok", "equals": true });
        assert!(succeeds(200, r#"{"result":[{"ok":true}]}"#, wanted.clone()));
        for body in
            [r#"{"result":[{"ok":false}]}"#, r#"{"result":[{"ok":"true"}]}"#, r#"{"result":{}}"#, "OK", ""]
        {
            assert!(!succeeds(200, body, wanted.clone()), "{body}");
        }
        assert!(succeeds(200, r#"{"code":1.0}"#, json!({ "path": "code", "equals": 1 })));
    }

    #[test]
    fn a_value_that_is_not_there_counts_as_null() {
        let no_error = json!({ "path": "error", "equals": null });
        assert!(succeeds(200, r#"{"error":null}"#, no_error.clone()));
        assert!(succeeds(200, "{}", no_error.clone()));
        assert!(!succeeds(200, r#"{"error":"full"}"#, no_error));
    }

    #[test]
    fn a_listed_status_counts_beside_2xx_and_every_part_of_the_rule_must_hold() {
        let both = json!({ "statuses": [409], "contains": "exists" });
        assert!(succeeds(409, "it exists", both.clone()));
        assert!(succeeds(200, "it exists", both.clone()));
        assert!(!succeeds(409, "conflict", both.clone()));
        assert!(!succeeds(404, "it exists", both));
    }

    fn tried(outcome: Outcome, status: Option<u16>, code: Option<Code>) -> Tried {
        let now = Timestamp::from_millis(0);
        let retry_after = Some(Duration::from_secs(5));
        Tried { outcome, status, code, number: 1, first_tried_at: now, ended_at: now, retry_after }
    }

    fn learned(outcome: Outcome, status: Option<u16>, code: Option<Code>) -> Ended {
        for_gate(&Trigger::Event, &tried(outcome, status, code))
    }

    #[test]
    fn a_4xx_a_5xx_and_no_answer_count_against_the_destination() {
        for status in [400, 404, 408, 422, 500, 502, 504] {
            let ended = learned(Outcome::Error, Some(status), None);
            assert_eq!(ended, Ended::Failed { retry_after: None }, "{status}");
        }
        for status in [429, 503] {
            let ended = learned(Outcome::Error, Some(status), None);
            assert_eq!(ended, Ended::Failed { retry_after: Some(Duration::from_secs(5)) }, "{status}");
        }
        for code in Code::ALL.into_iter().filter(|code| !never_left(*code)) {
            assert_eq!(
                learned(Outcome::Error, None, Some(code)),
                Ended::Failed { retry_after: None },
                "{code}"
            );
        }
    }

    #[test]
    fn a_2xx_counts_for_the_destination_even_when_the_rule_takes_it_for_a_no() {
        assert_eq!(learned(Outcome::Success, Some(204), None), Ended::Accepted);
        assert_eq!(learned(Outcome::Error, Some(200), None), Ended::Accepted);
    }

    #[test]
    fn what_says_nothing_about_the_destination_does_not_count() {
        assert_eq!(learned(Outcome::Error, Some(302), None), Ended::Ignored);
        assert_eq!(learned(Outcome::Success, Some(404), None), Ended::Ignored);
        assert_eq!(learned(Outcome::Success, Some(503), None), Ended::Ignored);
        assert_eq!(learned(Outcome::Skipped, None, None), Ended::Ignored);
        for code in [Code::Render, Code::Blocked, Code::TooLarge] {
            assert_eq!(learned(Outcome::Error, None, Some(code)), Ended::Ignored, "{code}");
        }
    }

    #[test]
    fn a_test_is_not_held_for_or_against_the_destination() {
        let test = Trigger::Test { by: UserId([1; 12]) };
        for status in [200, 429, 500] {
            assert_eq!(for_gate(&test, &tried(Outcome::Error, Some(status), None)), Ended::Ignored);
        }
    }
}
